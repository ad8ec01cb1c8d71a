local lu = require "luaunit"
local job = require "relucid.job"
local support = require "spec.support"

local T = {}

function T.test_slices_grow_while_they_are_short()
  local asked = {}
  lu.assertTrue(job.drive(function(nodes)
    asked[#asked + 1] = nodes
    return #asked == 5
  end))
  lu.assertEquals(asked, { 4, 8, 16, 32, 64 })
end

function T.test_slices_shrink_when_they_are_long()
  local core = require "relucid.core"
  local real, clock = core.now, 0
  local asked = {}
  core.now = function() return clock end
  job.drive(function(nodes)
    asked[#asked + 1] = nodes
    clock = clock + 1
    return #asked == 5
  end)
  core.now = real
  lu.assertEquals(asked, { 4, 2, 1, 1, 1 })
end

function T.test_callback_stops()
  local calls = 0
  lu.assertFalse(job.drive(function() return false end, function()
    calls = calls + 1
    return calls == 3
  end))
  lu.assertEquals(calls, 3)
end

function T.test_errors_pass()
  support.raises("mine", job.drive, function() error("mine", 0) end)
  local object = {}
  local ok, message = pcall(job.drive, function() return false end, function() error(object) end)
  lu.assertFalse(ok)
  lu.assertIs(message, object)
end

return T
