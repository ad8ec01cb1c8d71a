local lu = require "luaunit"
local relucid = require "relucid"
local sampling = require "spec.sampling"
local support = require "spec.support"
local raises, strategy = support.raises, relucid.strategy

local T = {}

local function rows_of(rng, domain)
  local rows = {}
  for i = 1, 100 do rows[i] = sampling.in_box(rng, domain.lo, domain.hi) end
  return relucid.data(rows)
end

T.test_sound = sampling.each(10, function(rng, net, domain, point, goal)
  local data = rows_of(rng, domain)
  local result = strategy.wide(net, point, goal, { domain = domain, data = data })
  lu.assertEquals(result.status, "proved")
  lu.assertTrue(result:region():contains(point))
  lu.assertTrue(result.implied == false or (net:implies(domain, result:pattern(), goal)) == "proved")
  sampling.check(rng, net, goal, result)
  sampling.check_json(rng, result)
end)

-- Literals that a row with the goal disagrees with and that could go are gone; those that none disagrees with stay.
T.test_drops_what_rows_disagree_with = sampling.each(6, function(rng, net, domain, point, goal)
  local data = rows_of(rng, domain)
  local result = strategy.wide(net, point, goal, { domain = domain, data = data })
  if not result.implied then return end
  local own, pattern = net:pattern(point), result:pattern()
  for _, literal in ipairs(own:list()) do
    local k, i, disagree = literal[1], literal[2], false
    for row = 1, #data do
      local x = data:row(row)
      disagree = disagree or goal:value(nil, net:eval(x)) >= 0 and net:pattern(x):get(k, i) ~= literal[3]
    end
    if not disagree then
      lu.assertEquals(pattern:get(k, i), literal[3])
    elseif pattern:get(k, i) ~= nil then
      lu.assertEquals((net:implies(domain, pattern:with(k, i, nil), goal)), "counterexample")
    end
  end
end)

function T.test_more_rows_than_prophecy()
  local net = relucid.load("examples/demo/climb.nnet", { raw = true })
  local data = relucid.data "examples/demo/encounters.csv"
  local wide, prophecy = 0, 0
  for _, row in ipairs { 2, 5, 9 } do
    wide = wide + strategy.wide(net, data:row(row), nil, { data = data }):support(data)
    prophecy = prophecy + strategy.prophecy(net, data:row(row), nil, { data = data }):support(data)
  end
  lu.assertTrue(wide > prophecy, ("%d against %d"):format(wide, prophecy))
end

function T.test_refuses()
  local function run(options)
    options.domain = support.square()
    return function() return strategy.wide(support.small(), { 0.5, -0.5 }, nil, options) end
  end
  raises("option data: strategy wide learns from data", run {})
  raises("option depth: number expected, got string", run { depth = "deep", data = relucid.data { { 0, 0 } } })
end

return T
