--- The preimage of a VNN-LIB file with several input sets: each set's own preimage, put together.
---
--- The result's domain is the least box around all sets; its goal is an or of the sets' goals, each with its set as
--- rows over inputs.  Where boxes overlap in their interiors that goal is searched as it is, so that nothing is counted
--- twice.  Else the sets are searched one after the other, each with its share of the time.  A mean of shares lies
--- between the least and the largest one, whatever the weights: so do the ends of the coverage's interval, and the
--- sets' intervals hold together with the confidence of one (the option `together`).  The coverage's value weighs them
--- by the estimated volume of their goals.
local arguments = require "relucid.strategy.arguments"
local core = require "relucid.core"
local Result = require "relucid.result"
local job = require "relucid.job"
local sample = require "relucid.sample"

local sets = {}

local POINTS = 20000 -- of the estimate of the goals' shares of all sets

local function hull(cases)
  local lo, hi = {}, {}
  for i = 1, #cases[1].lo do
    lo[i], hi[i] = math.huge, -math.huge
    for _, case in ipairs(cases) do lo[i], hi[i] = math.min(lo[i], case.lo[i]), math.max(hi[i], case.hi[i]) end
  end
  return core.domain { lo = lo, hi = hi }
end

-- Have the boxes inner points in common, counting inputs that are the same number in both as inner?
local function overlap(a, b)
  for i = 1, #a.lo do
    local lo, hi = math.max(a.lo[i], b.lo[i]), math.min(a.hi[i], b.hi[i])
    if lo > hi or (lo == hi and (a.lo[i] < a.hi[i] or b.lo[i] < b.hi[i])) then return false end
  end
  return true
end

local function some_overlap(cases)
  for k, case in ipairs(cases) do
    for other = 1, k - 1 do
      if overlap(case, cases[other]) then return true end
    end
  end
  return false
end

local function unit(n, i, value)
  local a = {}
  for k = 1, n do a[k] = k == i and value or 0.0 end
  return a
end

-- What keeps an input of the hull inside the set, as rows a.x + d >= 0 over inputs.
local function rows_of_set(case, domain, m)
  local rows, n, zero = {}, #case.lo, unit(m, 0, 0.0)
  local lo, hi = domain.lo, domain.hi
  for i = 1, n do
    if case.lo[i] > lo[i] then rows[#rows + 1] = { a = unit(n, i, 1.0), c = zero, d = -case.lo[i] } end
    if case.hi[i] < hi[i] then rows[#rows + 1] = { a = unit(n, i, -1.0), c = zero, d = case.hi[i] } end
  end
  for r, row in ipairs(case.A) do
    local a = {}
    for i, value in ipairs(row) do a[i] = -value end
    rows[#rows + 1] = { a = a, c = zero, d = case.b[r] }
  end
  return rows
end

-- The goal on the hull.
local function whole_goal(problem, domain)
  local clauses = {}
  for _, case in ipairs(problem.cases) do
    local set = rows_of_set(case, domain, problem.m)
    for _, clause in ipairs(case.clauses) do
      clauses[#clauses + 1] = table.move(clause, 1, #clause, #set + 1, table.move(set, 1, #set, 1, {}))
    end
  end
  return core.property.any(clauses)
end

-- The estimated volume of the goal in a case's box, in the inputs that vary somewhere in the hull; logarithm, -inf for
-- none.
local function log_volume(net, case, whole, goal, points)
  local log, outer_lo, outer_hi = 0.0, whole.lo, whole.hi
  for i, lo in ipairs(case.lo) do
    if outer_lo[i] < outer_hi[i] then log = log + math.log(case.hi[i] - lo) end
  end
  if log == -math.huge then return log end
  local hits, random, box = 0, sample.random(1), { lo = case.lo, hi = case.hi, A = {}, b = {} }
  for _ = 1, points do
    local x = sample.input(random, box)
    if goal:value(x, net:eval(x)) >= 0 then hits = hits + 1 end
  end
  return hits > 0 and log + math.log(hits / points) or -math.huge
end

-- The mean of the coverages' values, weighed by exp(logs[k]).
local function mean(coverages, logs)
  local top = math.max(table.unpack(logs))
  local sum, total = 0.0, 0.0
  for k, coverage in ipairs(coverages) do
    local weight = top > -math.huge and math.exp(logs[k] - top) or 1
    sum, total = sum + weight * coverage.value, total + weight
  end
  return sum / total
end

local function join_coverage(results, logs)
  local coverages, weights, joined = {}, {}, { lo = 1.0, hi = 0.0, samples = 0 }
  for k, result in ipairs(results) do
    local coverage = result.coverage
    if #result > 0 or result.status ~= "proved" then -- else there is nothing to cover
      coverages[#coverages + 1], weights[#weights + 1] = coverage, logs[k]
      joined.lo, joined.hi = math.min(joined.lo, coverage.lo), math.max(joined.hi, coverage.hi)
      joined.samples = joined.samples + coverage.samples
    end
  end
  if #coverages == 0 then return results[1].coverage end
  joined.value = math.min(math.max(mean(coverages, weights), joined.lo), joined.hi)
  return joined
end

-- The status of all: the first that is not "proved".
local function join_status(results)
  for _, result in ipairs(results) do
    if result.status ~= "proved" then return result.status, result.note end
  end
  return "proved"
end

local function join(problem, net, domain, goal, results, logs)
  local regions, stats = {}, {}
  for _, result in ipairs(results) do
    for i = 1, #result do regions[#regions + 1] = { region = result:region(i), pattern = result:pattern(i) } end
    for name, value in pairs(result.stats) do stats[name] = (stats[name] or 0) + value end
  end
  local status, note = join_status(results)
  local first = results[1]
  return Result.new { net = net, domain = domain, goal = goal, strategy = "preimage", status = status,
    note = note or ("%d input sets of %s"):format(#results, problem.file), regions = regions, stats = stats,
    coverage = join_coverage(results, logs), options = first.options }
end

-- The options for set k: its share of the time and of the polytopes; what stops one set stops all.
local function options_for(options, k, count, state)
  local own = {}
  for name, value in pairs(options) do own[name] = value end
  own.search = { together = count }
  for name, value in pairs(options.search or {}) do own.search[name] = value end
  local left = count - k + 1
  if options.timeout then own.timeout = math.max(options.timeout - (core.now() - state.started), 0) / left end
  if options.polytopes then own.polytopes = math.max((options.polytopes - state.polytopes) // left, 1) end
  own.stop = function(now)
    if not state.ended and options.stop then state.ended = options.stop(now) end
    return state.ended
  end
  return own
end

-- The preimage of case k on its set, and the logarithm of its goal's volume.
local function one_set(alone, problem, k, state, options)
  local result = alone(problem:target(k), problem:domain(k), options_for(options, k, #problem.cases, state))
  state.polytopes = state.polytopes + #result
  state.ended = state.ended or result.status == "interrupted"
  local ok, log = pcall(log_volume, state.net, problem.cases[k], state.whole, state.goal, POINTS // #problem.cases + 1)
  if not ok and not job.is_interrupt(log) then error(log, 0) end
  state.ended = state.ended or not ok
  return result, ok and log or -math.huge
end

--- The problem without the cases whose rows over inputs exclude every input.
---@param problem relucid.Vnnlib
---@return relucid.Vnnlib
function sets.drop_empty(problem)
  local left = {}
  for k, case in ipairs(problem.cases) do
    if not arguments.is_empty(problem:domain(k)) then left[#left + 1] = case end
  end
  return setmetatable({ cases = left }, { __index = problem })
end

--- The preimage of what a file with several input sets describes.
---@param preimage fun(net: table, goal: table, options: table): relucid.Result
---@param net table    relucid.network
---@param problem relucid.Vnnlib
---@param options relucid.PreimageOptions  without `domain`
---@return relucid.Result
function sets.preimage(preimage, net, problem, options)
  local function alone(goal, domain, own)
    local fields = {}
    for name, value in pairs(own) do fields[name] = value end
    fields.domain = domain
    return preimage(net, goal, fields)
  end
  problem:check(net)
  problem = sets.drop_empty(problem)
  problem:check_satisfiable()
  if options.domain then error("option domain: the file has its own input sets", 0) end
  local count = #problem.cases
  if count == 1 then return alone(problem:target(1), problem:domain(1), options) end
  local whole = hull(problem.cases)
  local goal = whole_goal(problem, whole)
  if some_overlap(problem.cases) then return alone(goal, whole, options) end
  local state = { started = core.now(), polytopes = 0, net = net, whole = whole, goal = goal }
  local results, logs = {}, {}
  for k = 1, count do results[k], logs[k] = one_set(alone, problem, k, state, options) end
  return join(problem, net, whole, goal, results, logs)
end

return sets
