local lu = require "luaunit"
local relucid = require "relucid"
local Result = require "relucid.result"
local sampling = require "spec.sampling"
local support = require "spec.support"
local raises, strategy = support.raises, relucid.strategy

local T = {}

local function demo()
  return relucid.load("examples/demo/climb.nnet", { raw = true }), relucid.data "examples/demo/encounters.csv"
end

function T.test_demo()
  local net, data = demo()
  local goal = relucid.property.argmax(net, 1)
  local result = strategy.rules(net, data:row(2), goal, { data = data, support = 20, layers = { 1 }, raw = true })
  lu.assertEquals(result.status, "proved")
  lu.assertTrue(#result >= 1)
  local outputs, total = net:eval(data), 0
  for i = 1, #result do
    local pattern, members = result:pattern(i), result:region(i):members(data)
    lu.assertTrue(#members >= 20)
    for _, literal in ipairs(pattern:list()) do lu.assertEquals(literal[1], 1) end
    for _, row in ipairs(members) do
      total = total + 1
      lu.assertTrue(goal:value(nil, outputs[row]) >= 0)
      for _, literal in ipairs(pattern:list()) do
        lu.assertEquals(net:pattern(data:row(row)):get(literal[1], literal[2]), literal[3])
      end
    end
  end
  lu.assertTrue(total > 0)
  support.random("rules", function(rng) sampling.check(rng, net, goal, result) end)
  -- As a monitor, from its file.
  support.with_file(nil, function(path)
    result:save(path)
    lu.assertEquals(Result.read(path):members(data), result:members(data))
  end)
end

T.test_rules_are_proved = sampling.each(5, function(rng, net, domain, point, goal)
  local rows = {}
  for i = 1, 300 do rows[i] = sampling.in_box(rng, domain.lo, domain.hi) end
  local data = relucid.data(rows)
  local result = strategy.rules(net, point, goal, { domain = domain, data = data, support = 3 })
  for i = 1, #result do
    local pattern = result:pattern(i)
    lu.assertEquals((net:implies(domain, pattern, goal)), "proved")
    for _, literal in ipairs(pattern:list()) do
      lu.assertEquals((net:implies(domain, pattern:with(literal[1], literal[2], nil), goal)), "counterexample")
    end
  end
  sampling.check(rng, net, goal, result)
  sampling.check_json(rng, result)
end)

function T.test_none()
  local result = strategy.rules(support.small(), { 0.5, -0.5 }, nil, { domain = support.square(),
    data = relucid.data { { 0.5, -0.5 } }, support = 10 })
  lu.assertEquals({ result.status, #result, result.note }, { "unknown", 0, "no rule was proved" })
end

-- A property on a small domain in two parts, the second of which holds on a larger one.
function T.test_decomposition()
  local net, outer = support.small(), support.square()
  local goal, pattern = relucid.property.argmax(net, 1), relucid.pattern(net):with(1, 2, 0)
  local inner = relucid.domain { lo = { -1, -1 }, hi = { 1, -0.25 } }
  local answer = strategy.decompose(net, inner, pattern, goal, { outer = outer })
  lu.assertEquals({ answer.verdict, answer.obeys, answer.implies }, { "proved", "proved", "proved" })
  local wide = relucid.domain { lo = { -1, -1 }, hi = { 1, 0.25 } }
  answer = strategy.decompose(net, wide, pattern, goal)
  lu.assertEquals({ answer.verdict, answer.obeys }, { "unknown", "counterexample" })
  lu.assertTrue(answer.x[2] > 0)
  answer = strategy.decompose(net, inner, relucid.pattern(net), relucid.property.argmax(net, 2))
  lu.assertEquals({ answer.verdict, answer.obeys, answer.implies }, { "unknown", "proved", "counterexample" })
end

T.test_literals_on_domains = sampling.each(10, function(rng, net, domain, point)
  local lo, hi = {}, {}
  for i = 1, net.n do lo[i], hi[i] = math.max(point[i] - 0.05, -1), math.min(point[i] + 0.05, 1) end
  local inner, full = relucid.domain { lo = lo, hi = hi }, net:pattern(point)
  local verdict, x = require("relucid.strategy.literals").hold(net, inner, full)
  local region = relucid.region(net, domain, full)
  if verdict == "counterexample" then
    lu.assertFalse(region:contains(x))
  else
    lu.assertEquals(verdict, "proved")
    for _ = 1, 300 do
      local there = net:pattern(sampling.in_box(rng, lo, hi))
      lu.assertTrue(there == full)
    end
  end
end)

function T.test_refuses()
  local function run(options)
    options.domain = support.square()
    return function() return strategy.rules(support.small(), { 0.5, -0.5 }, nil, options) end
  end
  local data = relucid.data { { 0, 0 } }
  raises("option data: strategy rules learns from data", run {})
  raises("option layers: entry 1 is 2, expected an integer from 1 to 1", run { data = data, layers = { 2 } })
  raises("option support: is 0, expected an integer >= 1", run { data = data, support = 0 })
  raises("option order: not for strategy rules", run { data = data, order = function() end })
  raises("data: has 1 columns, expected 2", run { data = relucid.data { { 1 } } })
end

return T
