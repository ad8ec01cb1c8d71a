local lu = require "luaunit"
local relucid = require "relucid"
local measure = require "relucid.measure"
local sampling = require "spec.sampling"
local support = require "spec.support"
local raises, strategy = support.raises, relucid.strategy

local T = {}

local EPSILONS = { 1e-5, 1e-3, 0.1, 1 }

T.test_sound = sampling.each(6, function(rng, net, domain, point, goal)
  local result = strategy.tight(net, point, goal, { domain = domain })
  lu.assertEquals({ result.status, result.implied }, { "proved", true })
  lu.assertTrue(sampling.check(rng, net, goal, result) >= 1000)
  sampling.check_json(rng, result)
end)

T.test_each_region_contains_the_papers = sampling.each(8, function(_, net, domain, point, goal)
  for _, epsilon in ipairs(EPSILONS) do
    local paper = strategy.nninfer(net, point, goal, { domain = domain, epsilon = epsilon })
    local tight = strategy.tight(net, point, goal, { domain = domain, epsilon = epsilon })
    lu.assertTrue(tight:region():includes(paper:region()))
  end
end)

-- The regions together contain those of all four epsilons, and the first is at least as good as the best of them.
T.test_contains_the_best_of_the_four = sampling.each(8, function(_, net, domain, point, goal)
  local tight = strategy.tight(net, point, goal, { domain = domain })
  for _, epsilon in ipairs(EPSILONS) do
    local paper = strategy.nninfer(net, point, goal, { domain = domain, epsilon = epsilon })
    local inside = false
    for i = 1, #tight do inside = inside or tight:region(i):includes(paper:region()) == true end
    lu.assertTrue(inside)
    local best, theirs = measure.box("volume", tight:box "volume"), measure.of.volume(paper)
    if #theirs > 0 then lu.assertTrue(best[1] > theirs[1] or best[2] >= theirs[2] - 1e-6) end
  end
end)

function T.test_thresholds_are_what_the_pattern_needs()
  -- The point's piece is x1 > 0 > x2: outputs (x1, 0).  Without x1's sign, output 1 is relu(x1) and never below x1.
  local net = support.small()
  local result = strategy.tight(net, { 0.5, -0.5 }, nil, { domain = support.square(), epsilon = 0.25 })
  lu.assertEquals(tostring(result:pattern()), "-0")
  local rows = result:region():rows()
  lu.assertAlmostEquals(rows.b[#rows.b], 0, 1e-9)
end

function T.test_refuses()
  local function run(options)
    options.domain = support.square()
    return function() return strategy.tight(support.small(), { 0.5, -0.5 }, nil, options) end
  end
  raises("option epsilon: is 0, expected a number > 0 or a list of them", run { epsilon = 0 })
  support.raises_with("expected a number > 0 or a list of them", run { epsilon = {} })
  support.raises_with("expected a number > 0 or a list of them", run { epsilon = { 1, -1 } })
  raises("option measure: is height, expected one of: volume, width", run { measure = "height" })
end

return T
