local lu = require "luaunit"
local relucid = require "relucid"
local measure = require "relucid.measure"
local support = require "spec.support"

local T = {}

function T.test_order()
  lu.assertTrue(measure.better({ 2 }, { 1 }))
  lu.assertFalse(measure.better({ 1 }, { 1 }))
  lu.assertTrue(measure.better({ 0, 2 }, { 0, 1 }))
  lu.assertTrue(measure.better({ 0, -100 }, { -1, 100 })) -- an input without width counts first
  lu.assertTrue(measure.better({ -1000 }, {}))
  lu.assertFalse(measure.better({}, {}))
end

function T.test_boxes()
  lu.assertEquals(measure.box("width", { sum = 3 }), { 3 })
  lu.assertEquals(measure.box("volume", { fixed = 1, log_volume = 2 }), { -1, 2 })
  lu.assertEquals(measure.box("volume", nil), {})
end

function T.test_results()
  local data = relucid.data { { 0.5, -0.5 }, { 0.5, 0.5 } }
  local result = relucid.strategy.prophecy(support.small(), { 0.5, -0.5 }, nil, { domain = support.square() })
  lu.assertAlmostEquals(measure.of.width(result)[1], 3, 1e-6)
  lu.assertAlmostEquals(measure.of.volume(result)[2], math.log(2), 1e-6)
  lu.assertEquals(measure.of.literals(result), { -1 })
  lu.assertEquals(measure.of.support(result, data), { 1 })
end

return T
