local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"
local raises = support.raises

local T = {}

local function make(fields) return function() return relucid.domain(fields) end end

function T.test_fields()
  local d = relucid.domain { lo = { 0, -1 }, hi = { 0.5, 2 }, A = { { 1, 1 } }, b = { 2 } }
  lu.assertEquals({ d.n, d.lo, d.hi, d.A, d.b }, { 2, { 0, -1 }, { 0.5, 2 }, { { 1, 1 } }, { 2 } })
  lu.assertEquals(tostring(d), "domain (inputs 2, rows 1)")
  lu.assertEquals(support.square().A, {})
end

function T.test_refuses()
  raises("domain: list expected, got nil", make(nil))
  raises("lo: list expected, got nil", make {})
  raises("hi: list expected, got nil", make { lo = { 1 } })
  raises("lo has 0 numbers, expected one for each input", make { lo = {}, hi = {} })
  raises("hi has 1 numbers, expected 2", make { lo = { 1, 2 }, hi = { 1 } })
  raises("domain is contradictory: lo[2] is 3.0, hi[2] is 2.5", make { lo = { 1, 3 }, hi = { 1, 2.5 } })
  raises("lo[1] is -inf, expected a finite number", make { lo = { -math.huge }, hi = { 1 } })
  raises("A and b: give both or none", make { lo = { 0 }, hi = { 1 }, A = { { 1 } } })
  raises("A[1] has 2 numbers, expected 1", make { lo = { 0 }, hi = { 1 }, A = { { 1, 2 } }, b = { 1 } })
  raises("A[1] is 1, expected a list of 1 numbers", make { lo = { 0 }, hi = { 1 }, A = { 1 }, b = { 1 } })
  raises("b has 2 numbers, expected 1", make { lo = { 0 }, hi = { 1 }, A = { { 1 } }, b = { 1, 2 } })
  local d = support.square()
  d:close()
  lu.assertEquals(tostring(d), "domain (closed)")
end

-- A field that is not known is a slip of the pen, wherever a table is read.
function T.test_unknown_fields()
  local net, domain = support.small(), support.square()
  raises("domain: unknown option 'low'; known are: lo hi A b", relucid.domain, { lo = { 0 }, hi = { 1 }, low = 1 })
  raises("data: unknown option 'scael'; known are: scale", relucid.data, { { 1 } }, { scael = 2 })
  raises("scale is 'nan', expected a finite number other than 0", relucid.data, { { 1 } }, { scale = "nan" })
  raises("rows: unknown option 'c'; known are: A b", relucid.region, net, domain, nil, { A = {}, b = {}, c = {} })
  raises("row 1: unknown option 'D'; known are: c d a", relucid.property.linear, net, { { c = { 1, 0 }, D = 1 } })
  local preimage = net:preimage { domain = domain, property = relucid.property.argmax(net, 1) }
  raises("split: unknown option 'neurons'; known are: neuron input at", preimage.split, preimage, 1,
         { neurons = { 1, 1 } })
end

return T
