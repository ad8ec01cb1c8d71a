local lu = require "luaunit"
local relucid = require "relucid"
local sampling = require "spec.sampling"
local support = require "spec.support"
local raises, strategy = support.raises, relucid.strategy

local T = {}

T.test_sound = sampling.each(6, function(rng, net, domain, point, goal)
  for _, start in ipairs { "nninfer", "point" } do
    local result = strategy.guarded(net, point, goal, { domain = domain, epsilon = 0.05, start = start })
    lu.assertEquals({ result.status, result.implied }, { "proved", true })
    sampling.check(rng, net, goal, result)
    sampling.check_json(rng, result)
  end
end)

T.test_contains_nninfers_region = sampling.each(8, function(_, net, domain, point, goal)
  for _, epsilon in ipairs { 1e-3, 0.1, 1 } do
    local paper = strategy.nninfer(net, point, goal, { domain = domain, epsilon = epsilon })
    local guarded = strategy.guarded(net, point, goal, { domain = domain, epsilon = epsilon })
    lu.assertTrue(guarded:region():includes(paper:region()))
    lu.assertTrue(guarded:pattern():literals() <= paper:pattern():literals())
  end
end)

T.test_no_literal_of_the_last_layer_can_go = sampling.each(6, function(_, net, domain, point, goal)
  local result = strategy.guarded(net, point, goal, { domain = domain })
  local rows = result:region():rows()
  local list, pattern = result:pattern():list(), result:pattern()
  if #rows.b ~= #list + 2 then return end -- a row that says nothing is left out
  local guard = relucid.domain { lo = domain.lo, hi = domain.hi,
    A = table.move(rows.A, #rows.A - 1, #rows.A, 1, {}), b = table.move(rows.b, #rows.b - 1, #rows.b, 1, {}) }
  lu.assertEquals((net:implies(guard, pattern, goal)), "proved")
  for i = #list, 1, -1 do
    if list[i][1] ~= list[#list][1] then break end
    lu.assertEquals((net:implies(guard, pattern:with(list[i][1], list[i][2], nil), goal)), "counterexample")
  end
end)

T.test_thresholds_of_each_margin = sampling.each(4, function(rng, net, domain, point, goal)
  local result = strategy.guarded(net, point, goal, { domain = domain, epsilon = { 0.01, 0.3 } })
  lu.assertEquals(result.options.epsilon, { 0.01, 0.3 })
  sampling.check(rng, net, goal, result)
end)

-- At 0 the guard is the goal's own affine form: the point's piece at least.
T.test_zero = sampling.each(4, function(rng, net, domain, point, goal)
  local result = strategy.guarded(net, point, goal, { domain = domain, epsilon = 0 })
  lu.assertEquals(result.status, "proved")
  lu.assertTrue(sampling.check(rng, net, goal, result) >= 0)
end)

function T.test_refuses()
  local function run(options)
    options.domain = support.square()
    return function() return strategy.guarded(support.small(), { 0.5, -0.5 }, nil, options) end
  end
  raises("option epsilon: is -1, expected a number >= 0 or a list of one for each margin", run { epsilon = -1 })
  raises("option epsilon: has 2 numbers, the goal has 1 margins", run { epsilon = { 1, 2 } })
  raises("option start: is end, expected one of: nninfer, point", run { start = "end" })
end

return T
