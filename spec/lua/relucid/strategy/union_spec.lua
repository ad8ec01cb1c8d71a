local lu = require "luaunit"
local relucid = require "relucid"
local sample = require "relucid.sample"
local sampling = require "spec.sampling"
local support = require "spec.support"
local raises, strategy = support.raises, relucid.strategy

local T = {}

-- Could hits of total and more of many be of one share?  their intervals at five standard deviations meet.
local function agree(hits, total, more, many)
  local _, low, high = sample.share(hits, total, 5)
  local _, least, most = sample.share(more, many, 5)
  return low <= most and least <= high
end

T.test_sound_and_coverage_grows = sampling.each(4, function(rng, net, domain, point, goal)
  local last, steps = 0, 0
  local union = strategy.union(net, point, goal, { domain = domain, coverage = 0.9, regions = 60, samples = 500 })
  for step in union do
    steps = steps + 1
    lu.assertTrue(step.coverage >= last)
    lu.assertTrue(step.interval.lo <= step.coverage and step.coverage <= step.interval.hi)
    last = step.coverage
  end
  local result = union:result()
  lu.assertEquals(result.coverage.value, last)
  lu.assertTrue(steps >= 1 and #result >= 1)
  lu.assertTrue(last >= 0.9 or #result >= 60)
  -- The estimate against another sample.
  local hits, total = 0, 0
  for _ = 1, 1000 do
    local x = sampling.in_box(rng, domain.lo, domain.hi)
    if goal:value(nil, net:eval(x)) >= 0 then
      total = total + 1
      for i = 1, #result do
        if result:region(i):contains(x) then
          hits = hits + 1
          break
        end
      end
    end
  end
  local counted = result.coverage.samples
  lu.assertTrue(total == 0 or counted == 0 or agree(hits, total, last * counted, counted))
  for i = 1, math.min(#result, 3) do
    for _, x in ipairs(sampling.points(rng, result:region(i))) do
      lu.assertTrue(goal:value(x, net:eval(x)) >= -1e-11)
    end
  end
  sampling.check_json(rng, result)
end)

-- Before the first step nothing is known; a budget that is spent at once still gives the first region.
T.test_small_budgets = sampling.each(2, function(_, net, domain, point, goal)
  local union = strategy.union(net, point, goal, { domain = domain })
  local result = union:result()
  lu.assertEquals({ result.status, #result }, { "unknown", 0 })
  lu.assertEquals({ result.coverage.value, result.coverage.lo, result.coverage.hi, result.coverage.samples },
                  { 0, 0, 1, 0 })
  local polls = 0
  result = strategy.union(net, point, goal, { domain = domain, base = "prophecy", stop = function()
    polls = polls + 1
    return polls > 1
  end }):run()
  lu.assertEquals({ result.status, #result }, { "stopped", 1 })
end)

T.test_bases = sampling.each(2, function(_, net, domain, point, goal)
  for _, base in ipairs { "prophecy", "free", "box" } do
    local result = strategy.run("union", net, point, goal, { domain = domain, base = base, regions = 5, samples = 100 })
    lu.assertTrue(#result >= 1)
    lu.assertEquals(result.options.base, base)
  end
end)

function T.test_the_same_seed_gives_the_same_run()
  local net = relucid.load("examples/demo/climb.nnet", { raw = true })
  local function run(seed)
    local result = strategy.run("union", net, { 500, 0, 0, 15 }, nil, { seed = seed, regions = 4, samples = 300 })
    return { result.coverage.value, #result, tostring(result:pattern(2)) }
  end
  lu.assertEquals(run(1), run(1))
end

-- A base and a choice of the user's own.
function T.test_functions_of_the_user()
  local net, seen, offered = support.small(), 0, 0
  local result = strategy.run("union", net, { 0.5, -0.5 }, nil, { domain = support.square(), samples = 200,
    base = function(n, point, goal, options)
      seen = seen + 1
      return strategy.prophecy(n, point, goal, options)
    end,
    choose = function(frontier, state)
      offered = offered + #frontier
      lu.assertTrue(state.value < 1)
      return #frontier
    end })
  lu.assertTrue(seen >= 2 and offered >= 1)
  lu.assertTrue(result.coverage.value >= 0.95)
end

function T.test_ended_early_keeps_what_there_is()
  local net = relucid.load("examples/demo/climb.nnet", { raw = true })
  local result = strategy.run("union", net, { 500, 0, 0, 15 }, nil, { timeout = 0.3, samples = 200 })
  lu.assertEquals(result.status, "timeout")
  lu.assertTrue(#result >= 1)
  result = strategy.run("union", net, { 500, 0, 0, 15 }, nil, { samples = 200,
    stop = function(state) return state.queries > 60 end })
  lu.assertEquals(result.status, "stopped")
  local count = 0
  result = strategy.run("union", net, { 500, 0, 0, 15 }, nil, { samples = 200, progress = function()
    count = count + 1
    if count > 5 then error "interrupted!" end
  end })
  lu.assertEquals(result.status, "interrupted")
end

-- From rows of data alone: each region is that of a row which no earlier one covers, and rows are what is counted.
function T.test_starts_from_data()
  local net = relucid.load("examples/demo/climb.nnet", { raw = true })
  local data = relucid.data "examples/demo/encounters.csv"
  local goal, point = relucid.property.argmax(net, 1), { 500, 0, 0, 15 }
  local union = strategy.union(net, point, goal, { data = data, starts = "data", base = "prophecy", regions = 4 })
  local covered, steps, outputs = {}, 0, net:eval(data)
  for step in union do
    steps = steps + 1
    if steps > 1 then
      local first
      for row = 1, #data do
        if not covered[row] and goal:value(nil, outputs[row]) >= 0 then
          first = first or row
        end
      end
      lu.assertEquals(step.point, data:row(first))
    end
    for _, row in ipairs(step.result:members(data)) do covered[row] = true end
  end
  local result, total, hits = union:result(), 0, 0
  for row = 1, #data do
    if goal:value(nil, outputs[row]) >= 0 then total = total + 1 end
    if covered[row] then hits = hits + 1 end
  end
  lu.assertEquals(result:support(data), hits)
  lu.assertEquals(result.coverage.samples, total)
  lu.assertAlmostEquals(result.coverage.value, hits / total, 1e-12)
end

function T.test_refuses()
  local function run(options)
    options.domain = support.square()
    return function() return strategy.run("union", support.small(), { 0.5, -0.5 }, nil, options) end
  end
  raises("option coverage: is 2, expected a number above 0, at most 1", run { coverage = 2 })
  raises("option base: is rules, expected a function or a strategy of one point", run { base = "rules" })
  raises("option starts: is here, expected one of: sample, data", run { starts = "here" })
  raises("option data: starts = data needs it", run { starts = "data" })
  raises("option regions: is 0, expected an integer >= 1", run { regions = 0 })
  raises("option choose: returned nil, expected an integer from 1 to 1", run { samples = 5, coverage = 1,
    choose = function(frontier)
      for i = #frontier, 2, -1 do frontier[i] = nil end
    end })
  raises("option choose: function expected, got number", run { choose = 1 })
  raises("option order: not for strategy union", run { order = function() end })
end

return T
