-- The manual has every public name, function, method, field and option; its links lead somewhere; the man page renders,
-- completion completes; the stubs of the C module are its live functions.
local lu = require "luaunit"
local lfs = require "lfs"
local relucid = require "relucid"
local core = require "relucid.core"
local Result = require "relucid.result"
local known = require "relucid.strategy.options"
local command_line = require "spec.doc.command_line"
local markdown = require "spec.doc.markdown"
local reference = require "spec.doc.reference"
local source = require "spec.doc.source"
local support = require "spec.support"

local T = {}

local modules = source.modules()
local text = reference.public(modules)

local function assert_heading(name)
  lu.assertNotNil(text:find("\n### " .. name .. "(", 1, true) or text:find("\n### class " .. name .. "\n", 1, true),
    name .. " is not in the reference")
end

-- ---- names -----------------------------------------------------------------------------------------

function T.test_methods_of_objects()
  local count = 0
  for kind, methods in pairs(core.methods) do
    for name in pairs(methods) do
      if name ~= "close" then
        count = count + 1
        assert_heading(kind .. ":" .. name)
      end
    end
  end
  lu.assertTrue(count > 50)
end

-- The facade's modules, those that are loaded at their first use among them.
local function parts()
  local list = {}
  local _, lazy = debug.getupvalue(getmetatable(relucid).__index, 1)
  for name in pairs(lazy) do lu.assertNotNil(relucid[name], name) end
  for name, value in pairs(relucid) do
    if type(value) == "table" and name ~= "strategy" and name ~= "result" then list[#list + 1] = name end
  end
  lu.assertTrue(#list >= 3)
  return list
end

-- A function of Lua by the place where it is written; one of C by its name.
local function assert_documented(name, f)
  local info = debug.getinfo(f, "S")
  if info.what == "C" then return assert_heading(name) end
  for _, module in ipairs(modules) do
    for _, entry in ipairs(module.entries) do
      if entry.line == info.linedefined and info.source:sub(-#module.path) == module.path then
        lu.assertTrue(#entry.text > 0 or #entry.tags > 0, name .. " has no comment")
        return lu.assertStrContains(text, "\n### " .. entry.signature .. "\n")
      end
    end
  end
  lu.fail(name .. " is not in the reference")
end

function T.test_functions()
  for _, part in ipairs(parts()) do
    for name, value in pairs(relucid[part]) do
      if type(value) == "function" then assert_documented("relucid." .. part .. "." .. name, value) end
    end
  end
  for name, value in pairs(relucid) do
    if type(value) == "function" then assert_documented("relucid." .. name, value) end
  end
  for name, value in pairs(Result) do
    if type(value) == "function" and not name:match "^__" then
      lu.assertNotNil(text:find("\n### Result[.:]" .. name .. "%("), "Result:" .. name .. " is not in the reference")
    end
  end
end

function T.test_strategies()
  for name, value in pairs(relucid.strategy) do
    local is_strategy = name == "preimage" or relucid.strategy.find(name) ~= nil
    if type(value) == "function" and not is_strategy then
      lu.assertNotNil(text:find("\n### [%w.]-" .. name .. "%("), "strategy." .. name .. " is not in the reference")
    end
  end
end

-- ---- options ---------------------------------------------------------------------------------------

local function assert_options(title, options)
  local section = text:match("\n### " .. title .. "\n(.-)\n##")
  lu.assertNotNil(section, title)
  for name, option in pairs(options) do
    lu.assertStrContains(section, "| `" .. name .. "` |")
    lu.assertTrue((option.help or "") ~= "", title .. ": " .. name .. " has no help")
  end
end

function T.test_options()
  assert_options("Options of every strategy of a point", known.SHARED)
  for _, name in ipairs(relucid.strategy.names) do
    assert_options("Options of " .. name, relucid.strategy.find(name).options)
  end
  local function by_name(list)
    local map = {}
    for _, option in ipairs(list) do map[option.name] = option end
    return map
  end
  assert_options("Options of searches", by_name(relucid.search_options()))
  assert_options("Options of network:preimage", by_name(relucid.preimage_options()))
  assert_options("Options of network:inflate", by_name(relucid.inflate_options()))
end

function T.test_command_line()
  local commands = command_line.commands()
  lu.assertTrue(#commands >= 6)
  for _, command in ipairs(commands) do
    local section = (text .. "\n###"):match("\n### relucid " .. command.name .. "\n(.-)\n###")
    for _, flag in ipairs(command.flags) do
      lu.assertStrContains(section, flag.aliases[#flag.aliases])
      lu.assertTrue(flag.help ~= "", flag.aliases[1])
    end
  end
end

-- ---- stubs -----------------------------------------------------------------------------------------

local stubs
for _, module in ipairs(modules) do
  if module.name == "relucid.meta" then stubs = module end
end

local function written_in_c(value) return type(value) == "function" and debug.getinfo(value, "S").what == "C" end

-- Methods: those of the module that are written in C, no more and no less; box is wrapped.
function T.test_stubs_are_the_methods()
  local live, stubbed = {}, {}
  for kind, methods in pairs(core.methods) do
    for name, value in pairs(methods) do
      if name ~= "close" and written_in_c(value) then live[kind .. ":" .. name] = true end
    end
  end
  for _, entry in ipairs(stubs.entries) do
    if entry.name:match "^%w+:" then stubbed[entry.name] = true end
  end
  lu.assertEquals(stubbed, live)
end

function T.test_stubs_are_the_functions()
  for _, entry in ipairs(stubs.entries) do
    if entry.name:match "^relucid%.[%w_.]+$" and entry.kind == "function" then
      local value = core
      for word in entry.name:gsub("^relucid%.", ""):gmatch "[%w_]+" do value = value[word] end
      lu.assertEquals(type(value), "function", entry.name)
    end
  end
end

-- Fields: those that the objects compute.
function T.test_stubs_are_the_fields()
  local net = support.small()
  local domain = support.square()
  local objects = { network = net, domain = domain, data = relucid.data { { 1, 2 } },
                    region = relucid.region(net, domain), property = relucid.property.argmax(net, 1),
                    pattern = net:pattern { 0, 0 } }
  for kind, object in pairs(objects) do
    local _, getters = debug.getupvalue(getmetatable(object).__index, 2)
    local live, stubbed = {}, {}
    for name in pairs(getters) do live[name] = true end
    for _, entry in ipairs(stubs.entries) do
      if entry.name == "relucid." .. kind then
        for _, tag in ipairs(entry.tags) do
          if tag[1] == "field" then stubbed[tag[2]:match "^[%w_]+"] = true end
        end
      end
    end
    lu.assertEquals(stubbed, live, kind)
  end
end

-- ---- pages -----------------------------------------------------------------------------------------

local function in_directory(f)
  local directory = os.tmpname()
  os.remove(directory)
  local ok, message = pcall(function()
    local status, _, errors = support.lua(("arg = { %q } dofile 'spec/doc.lua'"):format(directory))
    lu.assertEquals({ status, errors }, { 0, "" })
    f(directory)
  end)
  os.execute("rm -rf '" .. directory .. "'")
  if not ok then error(message, 0) end
end

function T.test_pages()
  in_directory(function(directory)
    local anchors, pages = {}, source.files(directory, ".html")
    lu.assertTrue(#pages > 10)
    for _, path in ipairs(pages) do
      anchors[path] = {}
      for id in support.read(path):gmatch ' id="([^"]*)"' do anchors[path][id] = true end
    end
    for _, path in ipairs(pages) do
      local targets = {}
      for target in support.read(path):gmatch '<a href="([^"]*)"' do targets[#targets + 1] = target end
      for target in support.read(path):gmatch '<img src="([^"]*)"' do targets[#targets + 1] = target end
      for _, target in ipairs(targets) do
        local page, anchor = target:match "^([^#]*)#?(.*)$"
        local checkout = page:match "^%.%./%.%./(.*)$"
        if checkout then
          lu.assertNotNil(lfs.attributes(checkout), path .. ": " .. target)
        elseif not page:match "^%a+:" then
          local place = page == "" and path or directory .. "/" .. page
          lu.assertNotNil(anchors[place], path .. ": " .. target)
          lu.assertTrue(anchor == "" or anchors[place][anchor], path .. ": " .. target)
        end
      end
    end
    if not os.execute "command -v man >/dev/null" then return end
    local pipe = assert(io.popen(("MANWIDTH=100 man --warnings -l '%s/relucid.1' 2>&1"):format(directory)))
    local manual = pipe:read "a"
    pipe:close()
    lu.assertNil(manual:find "warning", manual:match "[^\n]*warning[^\n]*")
    lu.assertStrContains(manual:gsub(".\b", ""), "relucid characterize NET [options]")
  end)
end

function T.test_completion()
  if not os.execute "command -v bash >/dev/null" then lu.skip "bash is not installed" end
  local function complete(...)
    local words = { ... }
    for k, word in ipairs(words) do words[k] = "'" .. word .. "'" end
    local script = command_line.completion() .. ([[
COMP_WORDS=(%s); COMP_CWORD=%d; _relucid; printf '%%s ' "${COMPREPLY[@]}"]]):format(table.concat(words, " "),
      #words - 1)
    local output
    support.with_file(script, function(path)
      local pipe = assert(io.popen("bash '" .. path .. "' 2>&1"))
      output = pipe:read "a"
      pipe:close()
    end)
    return output
  end
  lu.assertEquals(complete("relucid", "cha"), "characterize ")
  lu.assertEquals(complete("relucid", "plot", "--kind", "cl"), "classes ")
  lu.assertEquals(complete("relucid", "characterize", "x.nnet", "--query"), "--query-timeout ")
  lu.assertEquals(complete("relucid", "characterize", "x.nnet", "--strategy", "pro"), "prophecy ")
end

function T.test_markdown()
  local function html(given) return (markdown.html(given)) end
  lu.assertEquals(html "A *b* **c** `d*e*` [f](g.md) <h>",
    "<p>A <em>b</em> <strong>c</strong> <code>d*e*</code> <a href=\"g.md\">f</a> &lt;h&gt;</p>")
  lu.assertEquals(html "## A `b` c!\n\n- one\n  more\n- two", '<h2 id="a-b-c">A <code>b</code> c!</h2>\n'
    .. "<ul><li>one more</li>\n<li>two</li></ul>")
  lu.assertStrContains(html "| a | b |\n|---|---|\n| `x\\|y` | 2 |", "<tr><td><code>x|y</code></td><td>2</td></tr>")
  lu.assertEquals(html "```lua\na < b\n```\n", "<pre>a &lt; b</pre>")
end

return T
