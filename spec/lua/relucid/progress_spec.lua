local lu = require "luaunit"
local support = require "spec.support"

local T = {}

function T.test_silent_without_a_terminal()
  local _, _, messages = support.lua [[
    local progress = require("relucid.progress").new()
    progress:show "half"
    progress:clear()
  ]]
  lu.assertEquals(messages, "")
end

function T.test_rewrites_its_line()
  local _, _, messages = support.lua [[
    local progress = require("relucid.progress").new(true)
    progress:show "half"
    progress:show "too soon"
    progress:clear()
  ]]
  lu.assertEquals(messages, "\rhalf\r    \r")
end

function T.test_shows_on_a_terminal()
  if not os.execute "command -v script >/dev/null" then lu.skip "script is not installed" end
  if os.getenv "LD_PRELOAD" then lu.skip "script has leaks of its own" end
  local output
  support.with_file('require("relucid.progress").new():show "half"', function(path)
    local pipe = assert(io.popen(("script -qec '%s %s' /dev/null </dev/null"):format(arg[-1] or "lua5.4", path)))
    output = pipe:read "a"
    pipe:close()
  end, ".lua")
  lu.assertStrContains(output, "\rhalf")
end

return T
