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

return T
