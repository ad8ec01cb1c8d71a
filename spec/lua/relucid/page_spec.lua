-- Pages of HTML: self-contained, readable in a browser at any width, and the command in them gives the result again.
local lu = require "luaunit"
local relucid = require "relucid"
local again = require "relucid.page.again"
local html = require "relucid.page.html"
local page = require "relucid.page"
local runs = require "relucid.page.runs"
local support = require "spec.support"

local T = {}

local function climb() return relucid.load("examples/demo/climb.nnet", { raw = true }) end

local function result_of(name, options)
  return relucid.strategy.run(name, climb(), { -250, -20, 0, 10.5 }, nil, options)
end

function T.test_base64()
  for text, expected in pairs { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foobar = "Zm9vYmFy",
    ["\0\255\128"] = "AP+A" } do
    lu.assertEquals(html.base64(text), expected)
  end
end

-- Names come from files: no markup of theirs reaches the page.
function T.test_escapes()
  lu.assertEquals(html.text [[<b> & "c" 'd']], "&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;")
  local net = relucid.load("examples/demo/climb.nnet", { raw = true, inputs = { "<script>", "b", "c", "d" } })
  local text = page.result(relucid.strategy.box(net, { 500, 0, 0, 15 }, nil, {}))
  lu.assertNil(text:find "<script")
  lu.assertStrContains(text, "&lt;script&gt;")
end

-- Everything is inside: no address but data: and none that is fetched.
function T.test_self_contained()
  for _, text in ipairs { page.result(result_of("tight")), page.result(result_of("union", { regions = 3 })) } do
    for _, address in text:gmatch "(%w+)=\"([^\"]*)\"" do
      lu.assertNil(address:match "^https?:", address:sub(1, 60))
    end
    for address in text:gmatch 'src="([^"]*)"' do lu.assertStrMatches(address:sub(1, 11), "data:image/") end
    lu.assertNil(text:find("@import", 1, true))
    lu.assertNil(text:find("<script", 1, true))
  end
end

-- Run what the page says; the regions are the same.
local function same_again(result)
  local text, language = again.text(result)
  local record = relucid.json.decode(result:json())
  support.with_file(nil, function(json)
    if language == "sh" then
      local build = os.getenv "RELUCID_BUILD" or "build"
      lu.assertTrue(os.execute(("%s/%s --json '%s' >/dev/null"):format(build, text, json)), text)
    else
      local status, _, errors = support.lua(text .. ("\nresult:save(%q)"):format(json))
      lu.assertEquals({ status, errors }, { 0, "" })
    end
    local other = relucid.json.decode(support.read(json))
    lu.assertEquals(relucid.json.encode(other.regions), relucid.json.encode(record.regions))
  end)
  return language
end

function T.test_again()
  lu.assertEquals(same_again(result_of("nninfer", { epsilon = 0.25 })), "sh")
  lu.assertEquals(same_again(result_of("tight", { epsilon = { 0.1, 0.01 }, anchor = false })), "sh")
  local small = relucid.domain { lo = { -400, -40, -1, 9 }, hi = { 0, 0, 1, 12 }, A = { { 1, 1, 0, 0 } }, b = { 0 } }
  lu.assertEquals(same_again(result_of("prophecy", { domain = small, seed = 7 })), "sh")
  local net = climb()
  local goal = relucid.property.linear { { c = { 0, 1, -1 }, d = -0.5 } }
  lu.assertEquals(same_again(relucid.strategy.guarded(net, { -250, -20, 0, 10.5 }, goal, {})), "lua")
end

function T.test_runs()
  local function record(strategy, seed, volume)
    return { key = strategy .. seed, network = { file = "a/b.nnet", sha256 = "0" }, strategy = strategy,
             label = strategy, seed = seed, status = volume and "proved" or "failed",
             error = not volume and "no <good>" or nil, log_volume = volume, seconds = 0.5, goal = "argmax",
             point = { 1 }, host = "here", version = "0.2.0", stats = { queries = 1 } }
  end
  local text = runs.page { record("box", 1, 2.5), record("box", 2, 3.5), record("tight", 1, 1.5), record("tight", 2) }
  lu.assertStrContains(text, "4 runs")
  lu.assertStrContains(text, "no &lt;good&gt;")
  lu.assertStrContains(text, ">3 [2.75, 3.25]<")
end

function T.test_command()
  support.with_file(nil, function(path)
    result_of("box"):save(path)
    support.with_file(nil, function(target)
      local status, output, errors = support.command("report", path, "-o", target, "--data",
        "examples/demo/encounters.csv", "--inputs", "4,1")
      lu.assertEquals({ status, output, errors }, { 0, target .. "\n", "" })
      lu.assertStrContains(support.read(target), "of 3000 rows of the data (examples/demo/encounters.csv) lie in it.")
    end, ".html")
    local status, _, errors = support.command("report", path, "--inputs", "4,7")
    lu.assertEquals({ status, errors },
      { 2, "relucid: --inputs: '7' is no input, expected a name or an integer from 1 to 4\n" })
  end, ".json")
end

-- In headless Chromium, in a frame of 400 and of 1400 pixels: nothing is wider than the frame, nothing complains.
function T.test_browser()
  if not os.execute "command -v chromium >/dev/null" then lu.skip "chromium is not installed" end
  if os.getenv "LD_PRELOAD" then lu.skip "chromium is not for the sanitizers" end
  local data = relucid.data "examples/demo/encounters.csv"
  local pages = { page.result(result_of("tight"), { data = data }), page.result(result_of("union", { regions = 3 })) }
  local wrapper, frames = { "<!DOCTYPE html><meta charset=utf-8><body>" }, 0
  for _, text in ipairs(pages) do
    for _, width in ipairs { 400, 1400 } do
      wrapper[#wrapper + 1] = ('<iframe width="%d" height="900" srcdoc="%s"></iframe>'):format(width, html.text(text))
      frames = frames + 1
    end
  end
  wrapper[#wrapper + 1] = [[<pre id="out"></pre><script>onload = function () {
    var out = document.getElementById("out");
    for (var f of document.querySelectorAll("iframe")) {
      var d = f.contentDocument, e = d.documentElement, broken = 0;
      for (var i of d.images) if (!i.complete || !i.naturalWidth) broken++;
      out.textContent += e.scrollWidth + " of " + f.clientWidth + ", broken " + broken + ";";
    } }</script>]]
  support.with_file(table.concat(wrapper), function(path)
    local pipe = assert(io.popen("timeout 60 chromium --headless --no-sandbox --disable-gpu --enable-logging=stderr "
      .. "--virtual-time-budget=5000 --dump-dom 'file://" .. path .. "' 2>&1"))
    local output = pipe:read "a"
    pipe:close()
    lu.assertNil(output:match "CONSOLE[^\n]*", output:match "CONSOLE[^\n]*")
    local seen = 0
    for width, frame, broken in output:match('<pre id="out">(.-)</pre>'):gmatch "(%d+) of (%d+), broken (%d+);" do
      seen = seen + 1
      lu.assertTrue(tonumber(width) <= tonumber(frame), width .. " of " .. frame)
      lu.assertEquals(broken, "0")
    end
    lu.assertEquals(seen, frames)
  end, ".html")
end

return T
