local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"
local raises, null = support.raises, relucid.null

local T = {}

local function net_2_3_2()
  return relucid.network {
    { W = { { 1, 0 }, { 0, 1 }, { 1, 1 } }, b = { 0, 0, 0 } },
    { W = { { 1, 0, 0 }, { 0, 1, 0 } }, b = { 0, 0 } },
    { W = { { 1, 1 } }, b = { 0 } },
  }
end

function T.test_of_a_point()
  local pattern = net_2_3_2():pattern { 1, -2 }
  lu.assertEquals(tostring(pattern), "100 11")
  lu.assertEquals(pattern:layers(), { { 1, 0, 0 }, { 1, 1 } })
  lu.assertEquals({ pattern:literals(), #pattern }, { 5, 5 })
  lu.assertTrue(pattern:is_prefix())
  lu.assertEquals({ pattern:get(1, 1), pattern:get(1, 2), pattern(2, 1) }, { 1, 0, 1 })
end

function T.test_free()
  local net = net_2_3_2()
  local pattern = relucid.pattern(net)
  lu.assertEquals(tostring(pattern), "--- --")
  lu.assertEquals(pattern:layers(), { { null, null, null }, { null, null } })
  lu.assertNil(pattern:get(1, 1))
  lu.assertEquals(pattern:literals(), 0)
end

function T.test_with_prefix_list_and_equality()
  local net = net_2_3_2()
  local full = net:pattern { 1, -2 }
  local less = full:with(2, 2, nil)
  lu.assertEquals(tostring(less), "100 1-")
  lu.assertEquals(tostring(full), "100 11")
  lu.assertTrue(less:is_prefix())
  lu.assertFalse(less:with(1, 1, null):is_prefix())
  lu.assertEquals(tostring(full:prefix(1)), "100 --")
  lu.assertEquals(tostring(full:prefix(0)), "--- --")
  lu.assertEquals(tostring(full:prefix(2)), "100 11")
  lu.assertEquals(full:prefix(1):with(2, 1, false):list(), { { 1, 1, 1 }, { 1, 2, 0 }, { 1, 3, 0 }, { 2, 1, 0 } })
  lu.assertTrue(less:with(2, 2, true) == full)
  lu.assertFalse(less == full)
end

function T.test_from_layers()
  local net = net_2_3_2()
  local pattern = relucid.pattern(net, { { 1, false, null }, { true, 0 } })
  lu.assertEquals(tostring(pattern), "10- 10")
  lu.assertTrue(relucid.pattern(net, pattern:layers()) == pattern)
end

function T.test_refuses()
  local net = net_2_3_2()
  local pattern = relucid.pattern(net)
  local function make(layers) return function() return relucid.pattern(net, layers) end end
  raises("network: relucid.network expected, got table", relucid.pattern, {})
  raises("pattern: list expected, got number", make(1))
  raises("pattern has 1 layers, expected 2", make { { 1, 1, 1 } })
  raises("pattern[2]: list expected, got number", make { { 1, 1, 1 }, 5 })
  raises("pattern[1] has 2 neurons, expected 3", make { { 1, 1 }, { 1, 1 } })
  raises("pattern[1][2] is 2, expected 1 (on), 0 (off) or null (free)", make { { 1, 2, 1 }, { 1, 1 } })
  raises("layer is 3, expected an integer from 1 to 2", pattern.get, pattern, 3, 1)
  raises("layer is 1.5, expected an integer from 1 to 2", pattern.get, pattern, 1.5, 1)
  raises("layer is '1', expected an integer from 1 to 2", pattern.get, pattern, "1", 1)
  raises("neuron is 0, expected an integer from 1 to 3", pattern.get, pattern, 1, 0)
  raises("k is -1, expected an integer from 0 to 2", pattern.prefix, pattern, -1)
  raises("value is 'x', expected 1 (on), 0 (off) or null (free)", pattern.with, pattern, 1, 1, "x")
  raises("pattern: belongs to a network with other layers", net.affine, net, support.small():pattern { 1, 1 })
  pattern:close()
  lu.assertEquals(tostring(pattern), "pattern (closed)")
  raises("pattern: attempt to use a closed pattern", pattern.layers, pattern)
end

return T
