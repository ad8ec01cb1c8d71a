local lu = require "luaunit"
local relucid = require "relucid"
local words = require "relucid.words"
local support = require "spec.support"

local T = {}

-- What is printed lies inside, and is no farther from the ends than a unit of the sixth digit of the range.
function T.test_intervals_are_rounded_inwards()
  support.random("words interval", function(rng)
    for _ = 1, 5000 do
      local width = 10.0 ^ rng(-8, 8) * (0.1 + rng())
      local a, b = (rng() - 0.5) * width, (rng() - 0.5) * width
      local lo, hi = math.min(a, b), math.max(a, b)
      local from, to = words.interval(lo, hi, width)
      local unit = width / 1e4
      if hi - lo > unit then
        lu.assertTrue(tonumber(from) >= lo and tonumber(to) <= hi, ("%.17g %.17g: %s %s"):format(lo, hi, from, to))
        lu.assertTrue(tonumber(from) - lo <= unit and hi - tonumber(to) <= unit)
      end
    end
  end)
end

function T.test_zero_is_zero()
  lu.assertEquals({ words.interval(-3.14, 1.26e-12, 80) }, { "-3.14", "0" })
  lu.assertEquals({ words.interval(-2e-15, 0.5, 1) }, { "0", "0.5" })
  lu.assertEquals({ words.interval(10.5, 10.5, 19) }, { "10.5", "10.5" })
  lu.assertEquals({ words.interval(1 / 3, 1 / 3, 1) }, { "0.333333", "0.333333" }) -- a point has no inside
  lu.assertEquals({ words.interval(-1000, 1000, 2000) }, { "-1000", "1000" })
end

function T.test_percent()
  local texts = {}
  for k, share in ipairs { 0, 1e-5, 0.012, 0.5, 0.999, 1 } do texts[k] = words.percent(share) end
  lu.assertEquals(texts, { "0 %", "< 0.1 %", "1.2 %", "50 %", "> 99 %", "100 %" })
end

function T.test_goals()
  local net = relucid.load("examples/demo/climb.nnet", { outputs = { "clear", "climb", "descend" } })
  local names, property = words.names(net), relucid.property
  lu.assertTrue(names.given)
  lu.assertEquals(words.goal(names, property.argmax(net, 2)), "output 2 (climb) is the largest")
  lu.assertEquals(words.goal(names, property.argmin(net, 3)), "output 3 (descend) is the smallest")
  lu.assertEquals(words.goal(names, property.linear { { c = { 0, 1, -2 }, d = -0.5 } }), "climb - 2 descend >= 0.5")
  lu.assertEquals(words.goal(names, property.linear { { c = { -1, 0, 0 }, d = 0 }, { c = { 0, 0, 1 }, d = 3 } }),
    "-clear >= 0 and descend >= -3")
  lu.assertEquals(words.goal(names, property.any { { { c = { 1, 0, 0 }, d = 0 } }, { { c = { 0, 1, 0 }, d = 0 } } }),
    "clear >= 0 or climb >= 0")
  -- Not all rivals: no largest.
  lu.assertEquals(words.goal(names, property.linear { { c = { -1, 1, 0 }, d = 0 } }), "-clear + climb >= 0")
end

function T.test_rules()
  local net = support.small()
  local rule = words.rule(relucid.pattern(net, { { 1, 0 } }))
  lu.assertEquals(relucid.json.encode(rule), '[{"neuron": "1.1", "sign": "on"}, {"neuron": "1.2", "sign": "off"}]')
  lu.assertEquals(words.rule_lines(relucid.pattern(net, { { 1, 0 } })), { "layer 1: on 1, off 2" })
end

return T
