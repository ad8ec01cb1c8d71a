--- Growing a union of regions: from each region step across its facets to points just outside; where the goal holds
--- there and no region covers the point, characterise it too.  Points of a sample that are not covered are starts as
--- well, so that parts which touch no region found so far are reached.
---
---     for step in relucid.strategy.union(net, point, goal, {coverage = 0.9}) do print(step.coverage) end
---
--- Coverage is the share of the domain's inputs with the goal that some region covers, estimated from a seeded uniform
--- sample (never the one that gives starts), with its 95 % interval.  That is nominal: the same sample tells when to
--- stop, so that the share is somewhat more often below it than one time in forty.
local core = require "relucid.core"
local claims = require "relucid.strategy.claims"
local inputs = require "relucid.inputs"
local hooks = require "relucid.strategy.hooks"
local option = require "relucid.strategy.options"
local registry = require "relucid.strategy.registry"
local sample = require "relucid.sample"

---@class relucid.UnionOptions: relucid.StrategyOptions
---@field base? string|relucid.Strategy|fun(net: table, point: number[], goal: table, options: table): relucid.Result
---                         the strategy for each point: a name, FILE.lua[:NAME], a strategy, or a function that returns
---                         a strategy's result; default "guarded"
---@field with? table       options for it, such as {epsilon = 0.05}
---@field coverage? number  stop there; default 0.95
---@field regions? integer  stop at so many regions; default 1000
---@field samples? integer  inputs of the sample; default 2000
---@field starts? "sample"|"data"  starts that touch no region: the sample's inputs (default); or "data": all starts are
---                         rows of the option data, in order, and the coverage is the share of these
---@field choose? fun(frontier: table[], state: table): integer  which of the points {x, from, kind} comes next;
---                         default: facets and sampled starts in turn

---@class relucid.UnionStep
---@field coverage number           share of the inputs with the goal that is covered
---@field interval {lo: number, hi: number}  nominal
---@field regions integer           how many there are
---@field result relucid.Result     of the point just characterised
---@field point number[]
---@field queries integer           so far
---@field seconds number            so far

local function share_check(value)
  if not (math.type(value) and value > 0 and value <= 1) then return "a number above 0, at most 1" end
end

local OWN = {
  base = { default = "guarded", help = "the strategy for each point: a name, FILE.lua[:NAME], or a function" },
  with = { default = {}, type = "table", help = "options for it" },
  coverage = { default = 0.95, check = share_check, help = "stop there: share of the inputs with the goal, 0 to 1" },
  regions = { default = 1000, check = option.count, help = "stop at so many regions" },
  samples = { default = 2000, check = option.count, help = "inputs of the sample that measures the coverage" },
  starts = { default = "sample", check = option.one_of("sample", "data"),
             help = "starts that touch no region: inputs of a sample, or all starts are rows of the data" },
  choose = { type = "function", help = "choose(frontier, state): which of the points comes next" },
}

local STEPS = { 1e-4, 1e-2 } -- across a facet, in widths of the domain
local STARTS_SEED = 1 << 40  -- apart from the seeds of the estimate

local Union = {}
Union.__index = Union

-- ---- facets ----------------------------------------------------------------------------------

-- The input where row r of the region is exceeded most while its other rows hold, or nil: the row is redundant.
local function beyond(union, region, rows, r)
  local A, b = {}, {}
  for k, row in ipairs(rows.A) do
    if k ~= r then A[#A + 1], b[#b + 1] = row, rows.b[k] end
  end
  local domain = core.domain { lo = region.lo, hi = region.hi, A = A, b = b }
  local target = core.property.linear { { a = rows.A[r], c = { 0 }, d = -rows.b[r] } }
  local search <close> = union.trivial:search { domain = domain, target = target, mode = "maximize", nodes = 10 }
  search:run()
  local x = search:witness()
  return search:lower() > 0 and x or nil
end

-- Where the way from x inside to y outside leaves the row, a little further: by `step` widths of the domain.
local function across(domain, a, b, x, y, step)
  local inside, outside, longest = -b, -b, 0
  for i, value in ipairs(a) do
    inside, outside = inside + value * x[i], outside + value * y[i]
  end
  local lo, hi, point = domain.lo, domain.hi, {}
  for i = 1, #x do
    if hi[i] > lo[i] then longest = math.max(longest, math.abs(y[i] - x[i]) / (hi[i] - lo[i])) end
  end
  if longest == 0 or inside >= 0 then return nil end
  local t = math.min(inside / (inside - outside) + step / longest, 1)
  for i = 1, #x do point[i] = math.min(math.max(x[i] + t * (y[i] - x[i]), lo[i]), hi[i]) end
  return point
end

local function polytope_neighbours(union, region)
  local box = region:box "volume"
  if not box then return end
  local middle, rows = {}, region:rows()
  for i = 1, region.n do middle[i] = 0.5 * box.lo[i] + 0.5 * box.hi[i] end
  for r in ipairs(rows.b) do
    local y = beyond(union, region, rows, r)
    for _, step in ipairs(y and STEPS or {}) do
      union:offer(across(union.task.domain, rows.A[r], rows.b[r], middle, y, step), "facet")
    end
    if union.task:poll() then return end
  end
end

local function box_neighbours(union, region)
  local lo, hi, domain = region.lo, region.hi, union.task.domain
  for i = 1, region.n do
    for side = -1, 1, 2 do
      for _, step in ipairs(STEPS) do
        local x, d = {}, step * (domain.hi[i] - domain.lo[i])
        for k = 1, region.n do x[k] = 0.5 * lo[k] + 0.5 * hi[k] end
        x[i] = side < 0 and math.max(lo[i] - d, domain.lo[i]) or math.min(hi[i] + d, domain.hi[i])
        union:offer(x, "facet")
      end
    end
  end
end

-- ---- the frontier ----------------------------------------------------------------------------

function Union:covers(x)
  for k = #self.parts, 1, -1 do
    if self.parts[k].region:contains(x) then return true end
  end
  return false
end

function Union:has_goal(x)
  return self.task.goal:value(nil, self.task.net:eval(x)) >= 0
end

-- Take x into the frontier if it is a possible start.
function Union:offer(x, kind)
  if x and self.whole:contains(x) and self:has_goal(x) and not self:covers(x) then
    self.frontier[#self.frontier + 1] = { x = x, kind = kind, from = #self.parts }
  end
end

-- The first row of the data that is not covered and was no start yet.
function Union:recorded_start()
  for _, x in ipairs(self.uncovered) do
    if not self.tried[x] then
      self.tried[x] = true
      return { x = x, kind = "data", from = 0 }
    end
  end
  return nil
end

-- A start of the sample; after many tries in vain there is none.
function Union:sampled_start()
  if self.task.own.starts == "data" then return self:recorded_start() end
  for _ = 1, self.task.own.samples do
    local x = sample.input(self.starts, self.task.domain)
    if not x then return nil end
    if self:has_goal(x) and not self:covers(x) then return { x = x, kind = "sample", from = 0 } end
  end
  return nil
end

-- By turns the oldest facet point and a sampled start; the user's choice is among the facet points and one start.
function Union:next_start()
  local frontier, kept = self.frontier, {}
  for _, entry in ipairs(frontier) do
    if not self:covers(entry.x) then kept[#kept + 1] = entry end
  end
  self.frontier = kept
  local choose = self.task.own.choose
  if choose then
    kept[#kept + 1] = self:sampled_start()
    if #kept == 0 then return nil end
    local place = hooks.call("choose", choose, kept, self:measure())
    if not (math.tointeger(place) and kept[place]) then
      error(("option choose: returned %s, expected an integer from 1 to %d"):format(tostring(place), #kept), 0)
    end
    return table.remove(kept, place)
  end
  self.turn = not self.turn
  local start = self.turn and self:sampled_start() or nil
  return start or table.remove(kept, 1) or self:sampled_start()
end

-- ---- coverage ----------------------------------------------------------------------------------

-- The rows of the data in the domain that have the goal.
local function recorded(union)
  local data, list = union.task.hooks.data, {}
  for _, row in ipairs(union.whole:members(data)) do
    local x = data:row(row)
    if union:has_goal(x) then list[#list + 1] = x end
  end
  return list
end

-- Draw the inputs of the estimate that have the goal; fewer when the task ends before.  This comes after the first
-- region, so that a small budget finds one.
local function draw(union)
  local task = union.task
  local random = sample.random(task.hooks.seed or 0)
  union.total = 0
  for k = 1, task.own.samples do
    local x = sample.input(random, task.domain)
    if not x or k % 256 == 0 and task:poll() then break end
    if union:has_goal(x) then
      union.total = union.total + 1
      if not union:covers(x) then union.uncovered[#union.uncovered + 1] = x end
    end
  end
end

function Union:measure()
  local total = self.total
  if not total then return { value = 0, lo = 0, hi = 1, samples = 0, seed = self.task.hooks.seed or 0 } end
  if total == 0 then return { value = 1, lo = 0, hi = 1, samples = 0, seed = self.task.hooks.seed or 0 } end
  local value, lo, hi = sample.share(total - #self.uncovered, total)
  return { value = value, lo = lo, hi = hi, samples = total, seed = self.task.hooks.seed or 0 }
end

local function take(union, result)
  for i, part in ipairs(claims.parts(result)) do
    local region = part.region
    union.parts[#union.parts + 1] = part
    local left = {}
    for _, x in ipairs(union.uncovered) do
      if not region:contains(x) then left[#left + 1] = x end
    end
    union.uncovered = left
    local kind = not union.task.ended and union.task.own.starts == "sample" and result:kind(i)
    if kind == "polytope" then polytope_neighbours(union, region)
    elseif kind == "box" then box_neighbours(union, region) end
  end
end

-- ---- stepping ------------------------------------------------------------------------------------

local PASSED = { "domain", "anchor", "raw", "query_timeout", "seed", "threads", "search" }

local function base_options(union)
  local task = union.task
  local options = {
    timeout = task.hooks.timeout and math.max(task.hooks.timeout - task:seconds(), 0),
    stop = function() return task:poll() end,
  }
  for _, name in ipairs(PASSED) do options[name] = task.hooks[name] end
  options.domain = task.domain
  for name, value in pairs(task.own.with) do options[name] = value end
  return options
end

local function characterise(union, start)
  local task = union.task
  local result = hooks.call("base", union.base, task.net, start.x, task.goal, base_options(union))
  if not claims.status(result) then
    error(("option base: returned %s, expected a strategy's result"):format(type(result)), 0)
  end
  local seconds = task.stats.seconds
  task:add_stats(result.stats)
  task.stats.seconds = seconds
  if result.status == "interrupted" then task.ended = "interrupted" end
  take(union, result)
  if not union.total and not task.ended then draw(union) end
  return result
end

local function is_done(union)
  local own = union.task.own
  return union.task.ended or #union.parts >= own.regions or union:measure().value >= own.coverage
end

--- One more region; nil at the end: the coverage asked for, so many regions, nothing left to start from, or the budget.
---@return relucid.UnionStep|nil
function Union:step()
  local task = self.task
  local start, result
  task:guard(function()
    if is_done(self) or task:poll() then return end
    start = self.first or self:next_start()
    self.first = nil
    if not start then return end
    task.text = ("%d regions, coverage %.3f"):format(#self.parts, self:measure().value)
    result = characterise(self, start)
  end)
  if not result then return nil end
  local coverage = self:measure()
  self.trace[#self.trace + 1] = { seconds = task:seconds(), coverage = coverage.value, regions = #self.parts }
  return { coverage = coverage.value, interval = { lo = coverage.lo, hi = coverage.hi }, regions = #self.parts,
           result = result, point = start.x, queries = task.stats.queries, seconds = task:seconds() }
end

--- Make all steps that are left; the result of the whole.
---@return relucid.Result
function Union:run()
  while self:step() do end
  return self:result()
end

--- The regions so far as one result, with their coverage.
---@return relucid.Result
function Union:result()
  local result = claims.result(self.task, self.parts)
  result.coverage, result.trace = self:measure(), self.trace
  return result
end

Union.__call = Union.step

local function base_of(task)
  local base = task.own.base
  if type(base) == "function" then return base end
  local strategy = registry.find(base)
  if not strategy or strategy.steps or strategy.name == "rules" then
    error(("option base: is %s, expected a function or a strategy of one point"):format(tostring(base)), 0)
  end
  return strategy
end

---@param task relucid.Task
---@return fun(): relucid.UnionStep|nil steps  for a generic for; also steps:run(), steps:result()
local function steps(task)
  local union = setmetatable({ task = task, parts = {}, trace = {}, frontier = {}, tried = {}, uncovered = {},
                               whole = task:region {},
                               trivial = inputs.network(task.net.n),
                               first = { x = task.point, kind = "point", from = 0 },
                               starts = sample.random(STARTS_SEED + (task.hooks.seed or 0)) }, Union)
  local from_data = task.own.starts == "data"
  if from_data and not task.hooks.data then error("option data: starts = data needs it", 0) end
  union.base = base_of(task)
  if from_data then
    union.uncovered = recorded(union)
    union.total = #union.uncovered
  end
  return union
end

return registry.define("union", { steps = steps, options = OWN, unused = { order = true },
                                  summary = "many regions, each begun just outside of those found so far" })
