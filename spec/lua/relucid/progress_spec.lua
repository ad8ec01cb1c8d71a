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

return T
