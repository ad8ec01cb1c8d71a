--- What all strategies share: the task (checked arguments, clock, statistics), queries, the loop that minimises a
--- pattern, and the result.  The local affine form of the margins is in relucid.strategy.forms.
local core = require "relucid.core"
local job = require "relucid.job"
local Result = require "relucid.result"
local minimising = require "relucid.strategy.minimising"

local common = {}

---@class relucid.StrategyOptions
---@field domain? table             relucid.domain or {lo, hi [, A, b]}; default: the box that the network's file gives
---@field data? table               relucid.data, for the support
---@field anchor? boolean           boxes contain the point (default true)
---@field raw? boolean              true: the network must be one that was loaded with raw = true
---@field timeout? number           seconds in all
---@field query_timeout? number     seconds for each query; an unanswered one keeps its literal
---@field seed? integer             of the counterexample sampler
---@field threads? integer
---@field search? table             further search options, for each query
---@field memo? table               the caller's: settled minimisations are kept there and used by later calls that are
---                                 given the same table and domain; stats.reused_seconds: what CPU time they took
---@field order? fun(pattern: table, stats: table): table  order in which to drop neurons: numbers or {layer, neuron}
---@field stop? fun(state: relucid.State): boolean?  called several times a second; true ends the strategy
---@field progress? fun(state: relucid.State)

---@class relucid.State  what the hooks stop and progress are told
---@field strategy string
---@field seconds number
---@field queries integer   of the whole strategy so far; also nodes, lps, ...
---@field verdict string    of the first query of the minimisation at hand, "running" before
---@field pattern table|nil relucid.pattern: the smallest one so far
---@field text string|nil   where the strategy is

local KNOWN = { domain = true, data = true, anchor = true, raw = true, timeout = true, query_timeout = true,
                seed = true, threads = true, search = true, memo = true, order = true, stop = true, progress = true }

---@class relucid.Task
local Task = {}
Task.__index = Task

-- ---- arguments ---------------------------------------------------------------------------

local function sorted_names(...)
  local names = {}
  for _, set in ipairs { ... } do
    for name in pairs(set) do names[#names + 1] = name end
  end
  table.sort(names)
  return table.concat(names, " ")
end

local function check_options(strategy, options, own, unused)
  for name in pairs(options) do
    if unused[name] then error(("option %s: not for strategy %s"):format(name, strategy), 0) end
    if not KNOWN[name] and own[name] == nil then
      error(("unknown option '%s'; known are: %s"):format(tostring(name), sorted_names(KNOWN, own)), 0)
    end
  end
end

local function check_type(name, value, expected)
  if value ~= nil and type(value) ~= expected then
    error(("option %s: %s expected, got %s"):format(name, expected, type(value)), 0)
  end
end

--- The domain given, as relucid.domain or a table for it; nil: the box that the network's file gives.
---@param net table        relucid.network
---@param given table|nil
---@return table domain    relucid.domain with the network's number of inputs
function common.domain(net, given)
  local domain = given
  if domain == nil then domain = net:box() end
  if not domain then error("the network's file gives no input box: a domain is needed", 0) end
  if type(domain) == "table" then domain = core.domain(domain) end
  core.check(domain, "domain")
  if domain.n ~= net.n then
    error(("domain: has %d inputs, the network has %d"):format(domain.n, net.n), 0)
  end
  return domain
end

-- Raises when no input obeys the domain's rows; an input that does is not needed, nor is an answer.
local function check_not_empty(domain)
  local row = {}
  for i = 1, domain.n do row[i] = 0 end
  local trivial = core.network { { W = { row }, b = { 0 } } }
  local anything = core.property.linear { { c = { 0 }, d = 1 } }
  local search <close> = trivial:search { domain = domain, target = anything, mode = "find", seconds = 10 }
  if search:run() == "proved" then error("the domain is empty: no input obeys its rows A x <= b", 0) end
end

--- Raise an error when the domain is empty.
---@param domain table  relucid.domain
function common.check_domain(domain)
  if #domain.b > 0 then check_not_empty(domain) end
end

local function check_inside(domain, point)
  local lo, hi = domain.lo, domain.hi
  for i, x in ipairs(point) do
    if x < lo[i] or x > hi[i] then
      error(("point[%d] is %.17g, the domain has %.17g to %.17g"):format(i, x, lo[i], hi[i]), 0)
    end
  end
  local A, b = domain.A, domain.b
  for r, row in ipairs(A) do
    local sum = 0
    for i, x in ipairs(point) do sum = sum + row[i] * x end
    if sum > b[r] then
      common.check_domain(domain)
      error(("the point is outside the domain: row %d is %.17g > %.17g"):format(r, sum, b[r]), 0)
    end
  end
end

local function margins_of(goal)
  local clauses = goal:clauses()
  if #clauses ~= 1 then
    error(("the goal is an or of %d conjunctions; this strategy takes a single conjunction"):format(#clauses), 0)
  end
  for j, margin in ipairs(clauses[1]) do
    for _, a in ipairs(margin.a or {}) do
      if a ~= 0 then error(("margin %d of the goal is about inputs; this strategy takes outputs only"):format(j), 0) end
    end
  end
  return clauses[1]
end

local function dot(c, y)
  local sum = 0
  for k, value in ipairs(c) do sum = sum + value * y[k] end
  return sum
end

local function check_goal(margins, y)
  for j, margin in ipairs(margins) do
    local value = dot(margin.c, y) + margin.d
    if value < 0 then
      error(("the goal does not hold at the point: margin %d is %.17g, expected >= 0"):format(j, value), 0)
    end
  end
end

--- The number of the largest (smallest) element.
---@param y number[]
---@param sign? number  -1: the smallest
---@return integer
function common.answer(y, sign)
  sign = sign or 1
  local best = 1
  for k = 2, #y do
    if sign * y[k] > sign * y[best] then best = k end
  end
  return best
end

local function read_own(options, own)
  local values = {}
  for name, spec in pairs(own) do
    local value = options[name]
    if value == nil then
      value = spec.default
    elseif spec.type then
      check_type(name, value, spec.type)
    end
    if spec.check and value ~= nil then
      local expected = spec.check(value)
      if expected then error(("option %s: is %s, expected %s"):format(name, tostring(value), expected), 0) end
    end
    values[name] = value
  end
  return values
end

-- Functions have no place in a JSON record: their name stands for them.
local function recorded(values)
  local record = {}
  for name, value in pairs(values) do record[name] = type(value) == "function" and "function" or value end
  return record
end

--- A check for own options: a finite number above 0.
---@param value any
---@return string|nil expected  nil: the value is fine
function common.positive(value)
  if not (math.type(value) and value > 0 and value < math.huge) then return "a number > 0" end
end

--- A check for own options: an integer from 1 on.
---@param value any
---@return string|nil expected
function common.count(value)
  if not (math.tointeger(value) and value >= 1) then return "an integer >= 1" end
end

--- A check for own options: one of some words.
---@param ... string
---@return fun(value: any): string|nil
function common.one_of(...)
  local words = { ... }
  return function(value)
    for _, word in ipairs(words) do
      if word == value then return nil end
    end
    return "one of: " .. table.concat(words, ", ")
  end
end

---@class relucid.OwnOption
---@field default any
---@field type? string                          what type() gives
---@field check? fun(value: any): string|nil    what was expected, when the value will not do

--- The option raw may say so of a network that was loaded with raw = true only.
---@param net table  relucid.network
---@param options table
function common.check_raw(net, options)
  if options.raw and not net.raw then error("option raw: is true; the network was not loaded with raw = true", 0) end
end

--- Check the arguments of a strategy and start its clock.
---@param strategy string  its name
---@param net table  relucid.network
---@param point number[]
---@param goal table|nil  relucid.property, one conjunction; default: the class that the network answers at the point
---@param options relucid.StrategyOptions|nil
---@param own table<string, relucid.OwnOption>  the strategy's own options; their values are recorded in the result
---@param unused? table<string, boolean>  common options that this strategy has no use for
---@return relucid.Task
function common.task(strategy, net, point, goal, options, own, unused)
  core.check(net, "network")
  if goal ~= nil then core.check(goal, "property", "goal") end
  if options == nil then options = {} end
  if type(options) ~= "table" then error(("options: table expected, got %s"):format(type(options)), 0) end
  check_options(strategy, options, own, unused or {})
  common.check_raw(net, options)
  for _, name in ipairs { "order", "stop", "progress" } do check_type(name, options[name], "function") end
  for _, name in ipairs { "search", "memo" } do check_type(name, options[name], "table") end
  if options.seed ~= nil and not math.tointeger(options.seed) then
    error(("option seed: is %s, expected an integer"):format(tostring(options.seed)), 0)
  end
  for _, name in ipairs { "timeout", "query_timeout" } do
    local value = options[name]
    check_type(name, value, "number")
    if value and (value < 0 or value ~= value) then
      error(("option %s: is %s, expected a number >= 0"):format(name, value), 0)
    end
  end
  if type(point) ~= "table" then error(("point: list expected, got %s"):format(type(point)), 0) end
  if #point ~= net.n then error(("point has %d numbers, expected %d"):format(#point, net.n), 0) end
  if type(point[1]) == "table" then error("point[1] is a table, expected a finite number", 0) end
  local y = net:eval(point)
  goal = goal or core.property.argmax(net, common.answer(y))
  local task = setmetatable({
    strategy = strategy, net = net, point = point, goal = goal, hooks = options, started = core.now(), notes = {},
    domain = common.domain(net, options.domain), margins = margins_of(goal), output = y,
    anchored = options.anchor ~= false,
    stats = { queries = 0, nodes = 0, lps = 0, unknowns = 0 }, verdict = "running",
  }, Task)
  task.own = read_own(options, own)
  task.options = recorded(task.own)
  task.options.anchor = task.anchored
  for _, name in ipairs { "seed", "threads", "timeout", "query_timeout" } do task.options[name] = options[name] end
  check_inside(task.domain, point)
  check_goal(task.margins, y)
  task.full = net:pattern(point)
  return task
end

-- ---- time, interrupts and hooks --------------------------------------------------------------

function Task:seconds()
  return core.now() - self.started
end

function Task:note(format, ...)
  self.notes[#self.notes + 1] = format:format(...)
end

function Task:add_stats(stats)
  for name, value in pairs(stats) do
    if name ~= "seconds" then self.stats[name] = (self.stats[name] or 0) + value end
  end
end

--- Call a function of the user's; its errors say whose they are.  What Ctrl-C raises, and errors that are no texts,
--- pass as they are.
---@param option string  its name
---@param f function
---@return any
function common.call(option, f, ...)
  local answers = table.pack(pcall(f, ...))
  if answers[1] then return table.unpack(answers, 2, answers.n) end
  local message = answers[2]
  if type(message) ~= "string" or job.is_interrupt(message) then error(message, 0) end
  error(("option %s raised: %s"):format(option, message), 0)
end

--- What the hooks are told: the statistics so far, those of the running job added.
---@param job_stats? table
---@return relucid.State
function Task:state(job_stats)
  local state = {}
  for name, value in pairs(self.stats) do state[name] = value end
  for name, value in pairs(job_stats or {}) do state[name] = (state[name] or 0) + value end
  state.strategy, state.seconds, state.verdict = self.strategy, self:seconds(), self.verdict
  state.pattern, state.text = self.pattern, self.text
  return state
end

--- Ask the hooks and the clock; returns true when the strategy is to end.
---@param state? fun(): relucid.State
---@return boolean
function Task:poll(state)
  if self.ended then return true end
  local hooks = self.hooks
  if hooks.timeout and self:seconds() >= hooks.timeout then
    self.ended = "timeout"
  elseif hooks.progress or hooks.stop then
    local now = state and state() or self:state()
    if hooks.progress then common.call("progress", hooks.progress, now) end
    if hooks.stop and common.call("stop", hooks.stop, now) then self.ended = "stopped" end
  end
  return self.ended ~= nil
end

--- Run work(), which may raise what Ctrl-C raises: then the task has ended.  Other errors pass through.
---@param work fun()
---@return "done"|"interrupted"|"timeout"|"stopped"
function Task:guard(work)
  if self.ended then return self.ended end
  local ok, message = pcall(work)
  if not ok then
    if not job.is_interrupt(message) then error(message, 0) end
    self.ended = "interrupted"
  end
  return self.ended or "done"
end

--- Drive a job; returns "done", or why it ended early: "interrupted" (Ctrl-C), "timeout", "stopped" (options.stop).
---@param step fun(nodes: integer): boolean
---@param state? fun(): relucid.State  for the hooks
---@return "done"|"interrupted"|"timeout"|"stopped"
function Task:drive(step, state)
  return self:guard(function()
    job.drive(step, function() return self:poll(state) end)
  end)
end

--- The seconds that are left, at least a tenth of one; nil: any number.  For what cannot look at the clock as `poll`
--- does; a little more than is left, so that the task's own end comes first.
---@return number?
function Task:left()
  return self.hooks.timeout and math.max(self.hooks.timeout - self:seconds(), 0) + 0.1
end

function Task:search_options(base)
  base.seed, base.threads, base.seconds = self.hooks.seed, self.hooks.threads, self.hooks.query_timeout
  local left = self:left()
  if left then base.seconds = math.min(base.seconds and base.seconds > 0 and base.seconds or left, left) end
  for name, value in pairs(self.hooks.search or {}) do base[name] = value end
  return base
end

-- ---- queries --------------------------------------------------------------------------------

-- Run net:search(fields) to its end or the task's; the caller closes it.
local function run_search(self, net, fields)
  local search = net:search(self:search_options(fields))
  local ok, message = pcall(self.drive, self, function(nodes) return search:step(nodes) ~= "running" end,
                            function() return self:state(search:stats()) end)
  self:add_stats(search:stats())
  self.stats.queries = self.stats.queries + 1
  if ok then return search end
  search:close()
  error(message, 0)
end

--- Does every input of the domain that obeys the pattern have the property?
---@param domain table        relucid.domain
---@param pattern table|nil   relucid.pattern
---@param property table      relucid.property
---@param net? table          relucid.network, default: the task's
---@return "proved"|"counterexample"|"unknown"|"running" verdict  running: the task has ended
---@return number[]|nil x     the counterexample
function Task:decide(domain, pattern, property, net)
  if self:poll() then return "running" end -- queries may be too short for a look at the clock while they run
  local search <close> = run_search(self, net or self.net, { domain = domain, pattern = pattern,
                                                             target = property:negate(), mode = "find_strict" })
  local verdict = search:verdict()
  if verdict == "unknown" and self:poll() then return "running" end -- it is the task's time that was up
  if verdict == "unknown" then self.stats.unknowns = self.stats.unknowns + 1 end
  return verdict, search:witness()
end

--- An upper bound of the target's value where the domain's inputs obey the pattern, valid whenever it is read.
---@param pattern table|nil  relucid.pattern
---@param target table       relucid.property
---@return number upper      +inf: none is known
function Task:upper(pattern, target)
  if self.ended then return math.huge end
  local search <close> = run_search(self, self.net, { domain = self.domain, pattern = pattern, target = target,
                                                      mode = "maximize" })
  local upper = search:upper()
  return upper == upper and upper or math.huge
end

-- ---- results ------------------------------------------------------------------------------------

local ENDED_NOTE = {
  interrupted = "interrupted", timeout = "the time limit was reached", stopped = "stopped by the user's function",
}

--- The region of a part.
---@param part relucid.Part
---@return table region  relucid.region
function Task:region(part)
  if part.lo then
    local box = core.domain { lo = part.lo, hi = part.hi, A = self.domain.A, b = self.domain.b }
    return core.region(self.net, box)
  end
  local halfspaces = { A = {}, b = {} }
  for j, row in ipairs(part.rows or {}) do halfspaces.A[j], halfspaces.b[j] = row.a, row.b end
  return core.region(self.net, self.domain, part.pattern, halfspaces)
end

---@class relucid.Part  a proved region: a pattern cut by rows, or a box
---@field pattern? table                    relucid.pattern
---@field rows? {a: number[], b: number}[]
---@field lo? number[]                      a box
---@field hi? number[]
---@field boxes? table                      {width = box, volume = box} where they are known already

--- The result of the task.
---@param parts relucid.Part[]  proved regions
---@param fields {status: string, implied: boolean?, minimal: boolean?}
---@return relucid.Result
function Task:result(parts, fields)
  local contained = false
  for _, part in ipairs(parts) do
    part.region = part.region or self:region(part)
    part.kind = part.lo and "box" or part.region:is_polytope() and "polytope" or "pattern"
    contained = contained or part.region:contains(self.point)
  end
  if #parts > 0 and not contained then
    self:note("the region does not contain the point%s",
              self.anchored and ": there is no box around it (use anchor = false)" or "")
  end
  local status = fields.status
  if self.ended then
    status = self.ended
    self:note("%s%s", ENDED_NOTE[self.ended],
              #parts > 0 and ": the region is proved, but may not be what a longer run would give" or "")
  end
  self.stats.seconds = self:seconds()
  local result = Result.new {
    net = self.net, domain = self.domain, goal = self.goal, point = self.point, strategy = self.strategy,
    options = self.options, status = status, implied = fields.implied, anchored = self.anchored,
    stats = self.stats, note = #self.notes > 0 and table.concat(self.notes, "; ") or nil, regions = parts,
  }
  result.minimal = fields.minimal
  if self.hooks.data and #parts > 0 then result:support(self.hooks.data) end
  return result
end

common.Task = Task
minimising.add_to(Task, common)

return common
