local lu = require "luaunit"
local relucid = require "relucid"
local measure = require "relucid.measure"
local sampling = require "spec.sampling"
local support = require "spec.support"
local raises, strategy = support.raises, relucid.strategy

local T = {}

T.test_is_the_best_of_its_strategies = sampling.each(5, function(rng, net, domain, point, goal)
  local result = strategy.portfolio(net, point, goal, { domain = domain, measure = "width",
    strategies = { "prophecy", { "nninfer", epsilon = 0.01 }, "guarded" } })
  sampling.check(rng, net, goal, result)
  local others = { strategy.prophecy(net, point, goal, { domain = domain }),
                   strategy.nninfer(net, point, goal, { domain = domain, epsilon = 0.01 }),
                   strategy.guarded(net, point, goal, { domain = domain }) }
  local best = {}
  for i, other in ipairs(others) do
    local value = measure.of.width(other)
    lu.assertEquals(#result.portfolio[i].measure, #value)
    if measure.better(value, best) then best = value end
  end
  lu.assertAlmostEquals(measure.of.width(result)[1], best[1], 1e-9)
  lu.assertStrContains(result.note, "the best of 3 by width")
  sampling.check_json(rng, result)
  lu.assertEquals(#relucid.result.decode(result:json()):record().portfolio, 3)
end)

function T.test_measures_of_the_user()
  local net, options = support.small(), { domain = support.square(), strategies = { "prophecy", "box" } }
  local seen = {}
  options.measure = function(result)
    seen[#seen + 1] = result.strategy
    return result.strategy == "prophecy" and 1 or 0
  end
  lu.assertEquals(strategy.portfolio(net, { 0.5, -0.5 }, nil, options).strategy, "prophecy")
  lu.assertEquals(seen, { "prophecy", "box" })
  options.measure = "literals"
  lu.assertEquals(strategy.portfolio(net, { 0.5, -0.5 }, nil, options).strategy, "prophecy")
  options.measure, options.data = "support", relucid.data { { 1, 1 }, { -1, -1 } }
  lu.assertEquals(strategy.portfolio(net, { 0.5, -0.5 }, nil, options).status, "proved")
end

function T.test_ends_where_the_user_stops_it()
  local result = strategy.portfolio(support.small(), { 0.5, -0.5 }, nil, { domain = support.square(),
    stop = function() return true end })
  lu.assertTrue(#result.portfolio <= 4)
end

function T.test_refuses()
  local function run(options)
    options.domain = support.square()
    return function() return strategy.portfolio(support.small(), { 0.5, -0.5 }, nil, options) end
  end
  raises("option strategies: expected a list of names", run { strategies = {} })
  raises("option strategies: entry 1 is magic, expected a strategy of one point", run { strategies = { "magic" } })
  raises("option strategies: entry 1 is portfolio, expected a strategy of one point",
         run { strategies = { "portfolio" } })
  raises("option measure: is height, expected a function or one of: volume, width, support, literals",
         run { measure = "height" })
  raises("option measure: support needs the option data", run { measure = "support" })
  raises("option measure: returned nil, expected a number", run { measure = function() end })
  support.raises_with("unknown option 'epsilon'; known are: anchor data domain measure", run { epsilon = 1 })
end

return T
