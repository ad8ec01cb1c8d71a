--- Weights so large that bounds overflow, or so small that they underflow: nothing may be claimed of what is not a
--- number, or is 0 only by rounding.  (scales_spec.lua tries many such.)
local exact = require "spec.exact"
local lu = require "luaunit"
local relucid = require "relucid"

local T = {}

--- The output is 2 everywhere, by the difference of two equal products beyond the range of doubles.
function T.test_overflow_proves_nothing()
  for _, big in ipairs { 1e160, 1e200, 1e300 } do
    local net = relucid.network {
      { W = { { big }, { big } }, b = { 0, 0 } },
      { W = { { big, -big }, { -big, big } }, b = { 1, 1 } },
      { W = { { 1, 1 } }, b = { 0 } },
    }
    local search = net:search {
      domain = relucid.domain { lo = { 0.1 }, hi = { 1 } },
      target = relucid.property.linear(net, { { c = { 1 }, d = -1 } }),
      mode = "find",
    }
    lu.assertEquals({ search:run(), search:reason() }, { "unknown", "numerics" })
  end
end

-- Nothing may be claimed to be proved of an output that reaches the target at x.
local function check_reached(layers, lo, hi, row, x)
  local net = relucid.network(layers)
  local target = relucid.property.linear(net, { row })
  lu.assertTrue(target:value(x, net:eval(x)) > 0)
  for record = 0, 1 do
    for _, regime in ipairs { 0, 2 } do
      local search = net:search { domain = relucid.domain { lo = lo, hi = hi }, target = target, mode = "find",
                                  record = record, regime = regime, nodes = 2000 }
      lu.assertNotEquals(search:run(), "proved", ("record %d, regime %d"):format(record, regime))
    end
  end
end

--- Constants of rows overflow although no coefficient does.
function T.test_constants_that_overflow()
  local q = 1.2e306
  check_reached({
    { W = { { -1 }, { -1 }, { -1 }, { -1 }, { 1 }, { 1 }, { 1 } },
      b = { 100.2, 100.2, 100.2, 100.2, -100.3, -100.3001, -100.3002 } },
    { W = { { -q, -q, q, q, 0, 0, 0 }, { 0, 0, 0, 0, 1e6, -2e6, 1e6 } }, b = { 1e305, 0 } },
    { W = { { 1e-305, 1 } }, b = { 0 } },
  }, { 99 }, { 101 }, { c = { 1 }, d = -2 }, { 100.3001 })
end

--- The width of a range overflows although its ends do not.
function T.test_widths_that_overflow()
  check_reached({
    { W = { { 1.6e308, 0 }, { 0, 1e4 }, { 0, 1e4 }, { 0, 1e4 } }, b = { 0, -3000, -3001, -3002 } },
    { W = { { 1e-308, 1, -2, 1 } }, b = { 0 } },
  }, { -1, -1 }, { 1, 1 }, { c = { 1 }, d = -2.4 }, { 1, 0.3001 })
end

--- Sums that overflow on the way to a finite, negative value: no counterexample.
function T.test_sums_that_overflow()
  local net = relucid.network { { W = { { 1 }, { 1 }, { 1 }, { 1 } }, b = { 0, 0, 0, 0 } } }
  local domain = relucid.domain { lo = { 1 }, hi = { 1.0001 } }
  for _, c in ipairs { { 1e308, 1e308, -1.79e308, -1e308 }, { -1.79e308, 1e308, 1e308, -1e308 } } do
    local target = relucid.property.linear(net, { { c = c, d = 0 } })
    for _, mode in ipairs { "find", "find_strict" } do
      lu.assertEquals(net:search { domain = domain, target = target, mode = mode }:run(), "proved")
    end
    local best = net:maximize(domain, nil, target)
    lu.assertAlmostEquals(best.lower / 1e307, -7.9, 1e-6)
    lu.assertAlmostEquals(best.upper / 1e307, -7.9, 1e-6)
  end
end

--- A sign decided by a product that underflows, then magnified: 3x = 1 and y <= 0 hold at x = 1/3, which is no double.
function T.test_products_that_underflow()
  for _, case in ipairs { { 1e-320, 1e-10, 1e10 }, { 1e-170, 1e-170, 1 }, { 1e-200, 1e-120, 1 } } do
    for _, n in ipairs { 1, 25 } do
      local row, lo, hi, above, below = {}, {}, {}, {}, {}
      for j = 1, n do row[j], lo[j], hi[j], above[j], below[j] = 0, 0, 1, 0, 0 end
      row[1], above[1], below[1] = case[1], 3, -3
      local net = relucid.network { { W = { row }, b = { case[1] } }, { W = { { -case[2] } }, b = { 0 } },
                                    { W = { { -case[3] } }, b = { 0 } } }
      local target = relucid.property.linear(net, { { a = above, c = { 0 }, d = -1 }, { a = below, c = { 0 }, d = 1 },
                                                    { c = { -1 }, d = 0 } })
      for record = 0, 1 do
        local search = net:search { domain = relucid.domain { lo = lo, hi = hi }, target = target, mode = "find",
                                    record = record, regime = 2 - 2 * record, nodes = 500 }
        lu.assertEquals({ search:run(), search:reason() }, { "unknown", "numerics" },
          ("%d inputs, weight %g, record %d"):format(n, case[1], record))
      end
    end
  end
end

--- The input where the maximum is reached: in the set, and worth what is said.
function T.test_input_of_the_maximum()
  local net = relucid.network { { W = { { 3 }, { -3 } }, b = { -1, 1 } }, { W = { { 1, 1e17 } }, b = { 0 } } }
  local domain, one = relucid.domain { lo = { 0 }, hi = { 1 } }, relucid.pattern(net):with(1, 1, 1) -- 3x >= 1
  local target = relucid.property.linear(net, { { c = { -1 }, d = 1 } })
  for _, gap in ipairs { 0, 1e-9 } do
    local best = net:maximize(domain, one, target, { gap = gap })
    lu.assertTrue(relucid.region(net, domain, one):contains(best.x))
    local value = exact.dot({ -3 }, { exact.of(best.x[1]) }, 2) -- 1 - y
    lu.assertTrue(exact.compare(exact.of(best.lower), value) <= 0 and best.upper >= 1)
    lu.assertAlmostEquals(best.upper, 1, gap)
    lu.assertEquals(best.verdict, gap == 0 and "unknown" or "proved")
  end
  local best = net:maximize(domain, one:with(1, 2, 1), target) -- 3x = 1: no double
  lu.assertEquals({ best.verdict, best.x, best.lower, best.upper }, { "unknown", nil, -math.huge, 1 })
end

return T
