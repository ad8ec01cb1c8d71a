local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"
local raises, property = support.raises, relucid.property

local T = {}

function T.test_argmax_and_argmin()
  local net = support.small()
  local largest, smallest = property.argmax(net, 2), property.argmin(net, 2)
  lu.assertEquals(largest:value(nil, { 1, 3 }), 2)
  lu.assertEquals(smallest:value(nil, { 1, 3 }), -2)
  lu.assertEquals(largest:margins(), { { c = { -1, 1 }, d = 0 } })
  lu.assertEquals(tostring(largest), "property (clauses 1, rows 1)")
  lu.assertNil(largest.n)
  lu.assertEquals(largest.m, 2)
end

function T.test_linear_with_inputs()
  local p = property.linear { { c = { 1, 0 }, d = -1 }, { c = { 0, 1 }, a = { 2, 0 } } }
  lu.assertEquals({ p.n, p.m }, { 2, 2 })
  lu.assertEquals(p:value({ 1, 0 }, { 5, -1 }), 1)
  lu.assertEquals(p:margins()[1], { c = { 1, 0 }, d = -1, a = { 0, 0 } })
end

function T.test_any_is_or_of_ands()
  local net = support.small()
  local p = property.any { property.argmax(net, 1), { { c = { 0, 1 }, d = -5 }, { c = { 1, 0 } } } }
  lu.assertEquals(#p:clauses(), 2)
  lu.assertEquals(p:value(nil, { 1, 7 }), 1)
  lu.assertEquals(p:value(nil, { -1, 2 }), -3)
end

function T.test_negate_changes_the_sign()
  support.random("negate", function(rng)
    for _ = 1, 50 do
      local parts = {}
      for k = 1, rng(1, 3) do
        parts[k] = {}
        for r = 1, rng(1, 3) do parts[k][r] = { c = { rng(-5, 5), rng(-5, 5) }, d = rng(-5, 5) } end
      end
      local p, y = property.any(parts), { rng(-9, 9), rng(-9, 9) }
      lu.assertEquals(p:negate():value(nil, y), -p:value(nil, y))
    end
  end)
end

function T.test_without_inputs_fits_every_network()
  local net = support.small()
  local p = property.linear { { c = { 0, 1 }, d = 0 } }
  lu.assertEquals(net:search { domain = support.square(), target = p }:verdict(), "running")
end

function T.test_refuses()
  local net = support.small()
  raises("network: relucid.network expected, got no value", property.argmax)
  raises("output is 3, expected an integer from 1 to 2", property.argmax, net, 3)
  raises("output is 0, expected an integer from 1 to 2", property.argmin, net, 0)
  raises("rows: list expected, got number", property.linear, 3)
  raises("rows: list is empty, expected rows {c = ..., d = ...}", property.linear, {})
  raises("row 1 is 4, expected {c = ..., d = ...}", property.linear, { 4 })
  raises("row 1: c is missing or empty, expected one number for each output", property.linear, { { d = 1 } })
  raises("row 2: c has 1 numbers, expected 2", property.linear, { { c = { 1, 2 } }, { c = { 1 } } })
  raises("row 1: c[1] is 'x', expected a finite number", property.linear, { { c = { "x" } } })
  raises("row 1: d is inf, expected a finite number", property.linear, { { c = { 1 }, d = math.huge } })
  raises("row 1: a: list expected, got number", property.linear, { { c = { 1 }, a = 3 } })
  raises("row 2: a has 1 numbers, expected 2", property.linear,
         { { c = { 1 }, a = { 1, 2 } }, { c = { 1 }, a = { 1 } } })
  raises("row 1: c has 1 numbers, expected 2", property.linear, net, { { c = { 1 } } })
  raises("row 1: a has 3 numbers, expected 2", property.linear, net, { { c = { 1, 1 }, a = { 1, 2, 3 } } })
  raises("any: list is empty, expected properties", property.any, {})
  raises("any: relucid.property expected, got number", property.any, { 3 })
  raises("any: property 2 is about 1 outputs, expected 2", property.any, { { { c = { 1, 2 } } }, { { c = { 1 } } } })
  raises("any: property 2 is about 1 inputs, expected 2", property.any,
         { { { c = { 1 }, a = { 1, 2 } } }, { { c = { 1 }, a = { 1 } } } })
  raises("property: margins are those of a conjunction, this is an or of 2", function()
    return property.any { property.argmax(net, 1), property.argmax(net, 2) }:margins()
  end)
  local three = property.linear { { c = { 1, 2, 3 } } }
  raises("target: is about 3 outputs, the network has 2", net.search, net,
         { domain = support.square(), target = three })
  local inputs = property.linear { { c = { 1, 2 }, a = { 1, 2, 3 } } }
  raises("target: is about 3 inputs, the network has 2", net.search, net,
         { domain = support.square(), target = inputs })
  raises("y has 1 numbers, expected 3", three.value, three, nil, { 1 })
  raises("x: list expected, got nil", inputs.value, inputs, nil, { 1, 2 })
  three:close()
  lu.assertEquals(tostring(three), "property (closed)")
  raises("property: attempt to use a closed property", three.margins, three)
end

-- What is read from the file is tested with relucid.io.vnnlib.
function T.test_vnnlib_excludes_what_the_file_asserts()
  local text = "(declare-const X_0 Real) (declare-const X_1 Real) (declare-const Y_0 Real) (declare-const Y_1 Real)"
    .. "(assert (<= 0 X_0 1)) (assert (<= 0 X_1 1)) (assert (or (>= Y_0 Y_1) (>= Y_0 3)))"
  support.with_file(text, function(path)
    local p, domain = property.vnnlib(path, support.small())
    lu.assertEquals(p:margins(), { { c = { -1, 1 }, d = 0 }, { c = { -1, 0 }, d = 3 } })
    lu.assertEquals(domain.hi, { 1, 1 })
  end)
  raises("p.vnnlib: cannot open: No such file or directory", property.vnnlib, "p.vnnlib")
end

return T
