local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"
local raises = support.raises

local T = {}

local function quadrant()
  local net = support.small()
  return relucid.region(net, support.square(), net:pattern { 0.5, 0.5 }), net
end

function T.test_contains_and_support()
  local region = quadrant()
  lu.assertTrue(region:contains { 0.5, 0.25 })
  lu.assertFalse(region:contains { -0.5, 0.25 })
  lu.assertFalse(region:contains { 0.5, 1.25 })
  local data = relucid.data { { 0.5, 0.5 }, { -1, 0 }, { 0.1, 0.9 } }
  lu.assertEquals(region:support(data), 2)
  lu.assertEquals(region:members(data), { 1, 3 })
end

function T.test_rows_cut()
  local net = support.small()
  local region = relucid.region(net, support.square(), nil, { A = { { 1, 1 } }, b = { 0.5 } })
  lu.assertEquals(region:rows(), { A = { { 1, 1 } }, b = { 0.5 } })
  lu.assertNil(region:pattern())
  lu.assertEquals({ region.n, region.lo, region.hi }, { 2, { -1, -1 }, { 1, 1 } })
  lu.assertEquals(tostring(region), "region (inputs 2, rows 1)")
  lu.assertFalse(region:contains { 0.5, 0.5 })
end

function T.test_pattern_comes_back()
  local region = quadrant()
  lu.assertEquals(tostring(region:pattern()), "11")
end

function T.test_boxes()
  local region = quadrant()
  local box = region:box "width"
  lu.assertAlmostEquals(box.sum, 2, 1e-6)
  box = region:box "volume"
  lu.assertAlmostEquals(box.log_volume, 0, 1e-6)
  lu.assertEquals(box.fixed, 0)
  box = region:box("volume", { 0.5, 0.5 })
  for i = 1, 2 do lu.assertTrue(box.lo[i] <= 0.5 and 0.5 <= box.hi[i]) end
end

function T.test_no_box_around_a_point_outside()
  local region = quadrant()
  lu.assertNil(region:box("width", { -0.5, 0.5 }))
  lu.assertNil(region:box("volume", { -0.5, 0.5 }))
end

--- Sums that overflow on the way: membership is exact all the same.
function T.test_rows_that_overflow()
  local domain = relucid.domain { lo = { -2, -2, -2, -2 }, hi = { 2, 2, 2, 2 } }
  local net = relucid.network { { W = { { 1, 1, 1, 1 } }, b = { 0 } } }
  local x = { 1, 1, 1, 1 }
  local region = relucid.region(net, domain, nil, { A = { { -1e308, -1e308, 1.79e308, 1e308 } }, b = { 0 } })
  lu.assertFalse(region:contains(x)) -- 0.79e308
  lu.assertFalse(region:contains { 1, 1, 2, 0 }) -- 1.58e308
  lu.assertTrue(region:contains { -1, -1, -1, -1 })
  local large = { W = { { 1e308, 1e308, -1.79e308, -1e308 } }, b = { 0 } }
  local same = { { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 } }
  local deep = relucid.network { { W = same, b = { 0, 0, 0, 0 } }, large, { W = { { 1 } }, b = { 0 } } }
  local pattern = relucid.region(deep, domain, relucid.pattern(deep):with(2, 1, 1))
  lu.assertFalse(pattern:contains(x))
  lu.assertTrue(pattern:contains { 1, 1, 1, 0 })
end

--- A half-space whose right-hand side overflows is none.
function T.test_half_space_that_overflows()
  local net = relucid.network { { W = { { 1.1e145 }, { 1.3e145 } }, b = { 1e155, 1e155 } },
                                { W = { { 1.7e145, 1.9e145 } }, b = { -1e303 } }, { W = { { 1 } }, b = { 0 } } }
  local pattern = relucid.pattern(net):with(1, 1, 1):with(1, 2, 1):with(2, 1, 1)
  lu.assertErrorMsgContains("overflows", relucid.region, net, relucid.domain { lo = { -1e5 }, hi = { 1e35 } }, pattern)
end

function T.test_refuses()
  local region, net = quadrant()
  raises("domain: relucid.domain expected, got no value", relucid.region, net)
  raises("domain: has 1 inputs, the network has 2", relucid.region, net, relucid.domain { lo = { 0 }, hi = { 1 } })
  raises("rows: list expected, got number", relucid.region, net, support.square(), nil, 3)
  raises("A[1] has 1 numbers, expected 2", relucid.region, net, support.square(), nil, { A = { { 1 } }, b = { 1 } })
  raises("x has 1 numbers, expected 2", region.contains, region, { 1 })
  raises("data: has 1 columns, expected 2", region.support, region, relucid.data { { 1 } })
  raises("data: relucid.data expected, got table", region.members, region, {})
  raises("anchor has 1 numbers, expected 2", region.box, region, "width", { 1 })
  support.raises_with("box: 'height', expected width or volume", region.box, region, "height")
  region:close()
  lu.assertEquals(tostring(region), "region (closed)")
  raises("region: attempt to use a closed region", region.rows, region)
end

return T
