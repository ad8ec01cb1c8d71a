-- The command as a whole.  Ctrl-C at any time, from the first millisecond on: status 3, and the result where there is
-- one, or none.
local lu = require "luaunit"
local relucid = require "relucid"
local Result = require "relucid.result"
local support = require "spec.support"

local T = {}

-- A network of 8-30-30-30-2 whose questions take long.
local function hard_network()
  local state = 5
  local function rng(a, b)
    state = (state * 1103515245 + 12345) % 2147483648
    return a + (state >> 12) % (b - a + 1)
  end
  local lines = { "4,8,2,30,", "8,30,30,30,2,", "0,", ("-1.0,"):rep(8), ("1.0,"):rep(8), ("0.0,"):rep(9),
                  ("1.0,"):rep(9) }
  local sizes = { 8, 30, 30, 30, 2 }
  for k = 1, 4 do
    for _ = 1, sizes[k + 1] do
      local row = {}
      for c = 1, sizes[k] do row[c] = rng(-64, 64) / 64 end
      lines[#lines + 1] = table.concat(row, ",") .. ","
    end
    for _ = 1, sizes[k + 1] do lines[#lines + 1] = rng(-32, 32) / 64 .. "," end
  end
  return table.concat(lines, "\n") .. "\n"
end

local function declarations()
  local lines = {}
  for i = 0, 7 do
    lines[#lines + 1] = ("(declare-const X_%d Real)(assert (<= X_%d 1))(assert (>= X_%d -1))"):format(i, i, i)
  end
  return table.concat(lines) .. "(declare-const Y_0 Real)(declare-const Y_1 Real)"
end

-- Run the command, interrupted after so many seconds: what it printed; its exit status is the last line.  In the
-- foreground `timeout` sends one signal, else a second one to the group, which ends stock Lua outright.
local function interrupted(seconds, ...)
  local words = {}
  for i, word in ipairs { ... } do words[i] = "'" .. word .. "'" end
  local build = os.getenv "RELUCID_BUILD" or "build"
  local pipe = assert(io.popen(("timeout --foreground --preserve-status -s INT -k 20 %g '%s/relucid' %s 2>&1; echo $?")
    :format(seconds, build, table.concat(words, " "))))
  local output = pipe:read "a"
  pipe:close()
  return output
end

-- The same, later and later, until the command has got so far that it has something to keep: its first output that
-- matches the pattern.
local function interrupted_with(pattern, ...)
  local output
  for _, seconds in ipairs { 0.5, 1.5, 5 } do
    output = interrupted(seconds, ...)
    if output:match(pattern) then return output end
    lu.assertEquals(output, "relucid: interrupted\n3\n")
  end
  lu.fail(output)
end

local function with_hard(f)
  if not os.execute "command -v timeout >/dev/null" then lu.skip "timeout is not installed" end
  support.with_file(hard_network(), function(net)
    support.with_file(declarations() .. "(assert (<= Y_0 Y_1))", function(property)
      support.with_file(declarations() .. "(assert (>= Y_0 125))", function(question)
        support.with_file(nil, function(json) f(net, property, question, json) end)
      end, ".vnnlib")
    end, ".vnnlib")
  end, ".nnet")
end

function T.test_keeps_what_it_had()
  with_hard(function(net, property, question, json)
    local point = ("0.125,"):rep(7) .. "-0.25"
    interrupted_with("\nverdict    interrupted: .*\n3\n$", "characterize", net, "--point", point, "--json", json)
    local result = Result.read(json)
    lu.assertEquals(result.status, "interrupted")
    lu.assertStrContains(result.note, "interrupted: the region is proved")
    lu.assertTrue(result:region():contains(result.point))
    os.remove(json)

    interrupted_with("\nverdict    interrupted: what was found so far\n.*\n3\n$", "preimage", net, property,
                     "--coverage", "1", "--json", json)
    lu.assertEquals(Result.read(json).status, "interrupted")
    os.remove(json)

    interrupted_with("^unknown\nrelucid: interrupted\n3\n$", "verify", net, question, "--json", json)
    local record = relucid.json.decode(support.read(json))
    lu.assertEquals({ record.verdict, record.reason }, { "unknown", "interrupted" })
  end)
end

-- Within a second of the signal, of which the processor may give us half.
function T.test_is_fast()
  with_hard(function(net, _, question)
    local started = relucid.now()
    interrupted(0.5, "verify", net, question)
    lu.assertTrue(relucid.now() - started < 0.5 + 2)
  end)
end

function T.test_early()
  with_hard(function(net, property, _, json)
    for _, seconds in ipairs { 0.005, 0.01, 0.015, 0.02, 0.03, 0.05 } do
      local output = interrupted(seconds, "preimage", net, property, "--coverage", "1", "--json", json)
      local status = output:match "(%d+)\n$"
      -- 130: the shell or Lua's own start was hit.
      lu.assertTrue(status == "3" or status == "130", output)
      lu.assertNil(output:find "traceback", output)
      if support.read(json) then lu.assertEquals(Result.read(json).status, "interrupted") end
      lu.assertNil(support.read(json .. ".part"))
    end
  end)
end

return T
