--- Weights so large that bounds overflow: nothing may be claimed of what is not a number.
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
    local search = net:search { domain = relucid.domain { lo = lo, hi = hi }, target = target, mode = "find",
                                record = record, nodes = 2000 }
    lu.assertNotEquals(search:run(), "proved", ("record %d"):format(record))
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

return T
