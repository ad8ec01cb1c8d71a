--- A task: one strategy at work on one point.  Its checked arguments, clock, statistics and notes; its methods ask the
--- decision procedure (query, minimising), prove what is claimed and make the result (claims).
local core = require "relucid.core"
local arguments = require "relucid.strategy.arguments"
local claims = require "relucid.strategy.claims"
local hooks = require "relucid.strategy.hooks"
local job = require "relucid.job"
local minimising = require "relucid.strategy.minimising"
local options = require "relucid.strategy.options"
local query = require "relucid.strategy.query"

---@class relucid.Task
---@field strategy string
---@field net table           relucid.network
---@field point number[]
---@field goal table          relucid.property, one conjunction
---@field margins table[]     its rows
---@field domain table        relucid.domain
---@field output number[]     the network's at the point
---@field full table          relucid.pattern: the point's whole pattern
---@field anchored boolean    boxes contain the point
---@field hooks table         the options as given
---@field own table           the values of the strategy's own options
---@field options table       what a record says of the options
---@field stats table
---@field notes string[]
---@field query_seconds number|nil  for each query, where the options say nothing
---@field ended string|nil    "interrupted", "timeout", "stopped"
---@field verdict string      of the first query of the minimisation at hand
---@field pattern table|nil   the smallest one so far
---@field text string|nil     where the strategy is
---@field claimed relucid.Result|nil  the last claim's
---@field counterexample number[]|nil  of the last claim, where it was refuted
local Task = {
  decide = query.decide, upper = query.upper, minimize = minimising.minimize,
  region = claims.region, prove = claims.prove, claim = claims.claim,
}
Task.__index = Task

local task = {}

--- Check the arguments of a strategy and start its clock.
---@param strategy string  its name
---@param net table  relucid.network
---@param point number[]
---@param goal table|nil  relucid.property, one conjunction; default: the class that the network answers at the point
---@param given relucid.StrategyOptions|nil
---@param own table<string, relucid.Option>  the strategy's own options; their values are recorded in the result
---@param unused? table<string, boolean>  shared options that this strategy has no use for
---@return relucid.Task
function task.new(strategy, net, point, goal, given, own, unused)
  core.check(net, "network")
  if goal ~= nil then core.check(goal, "property", "goal") end
  given = options.table(given)
  options.check_known(strategy, given, { options.SHARED, own }, unused)
  options.check_raw(net, given)
  options.values(given, options.SHARED)
  arguments.check_point(net, point)
  point = table.move(point, 1, #point, 1, {})
  local y = net:eval(point)
  goal = goal or core.property.argmax(net, arguments.answer(y))
  local self = setmetatable({
    strategy = strategy, net = net, point = point, goal = goal, hooks = given, started = core.now(), notes = {},
    domain = arguments.domain(net, given.domain), margins = arguments.margins(goal), output = y,
    anchored = given.anchor ~= false,
    stats = { queries = 0, nodes = 0, lps = 0, unknowns = 0 }, verdict = "running",
  }, Task)
  self.own = options.values(given, own)
  self.options = options.recorded(self.own)
  self.options.anchor = self.anchored
  for _, name in ipairs { "seed", "threads", "timeout", "query_timeout" } do self.options[name] = given[name] end
  arguments.check_inside(self.domain, point)
  arguments.check_goal(self.margins, y)
  self.full = net:pattern(point)
  return self
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
  local given = self.hooks
  if given.timeout and self:seconds() >= given.timeout then
    self.ended = "timeout"
  elseif given.progress or given.stop then
    local now = state and state() or self:state()
    if given.progress then hooks.call("progress", given.progress, now) end
    if given.stop and hooks.asks("stop", given.stop, now) then self.ended = "stopped" end
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
  if self.ended then return 0.3 end
  return self.hooks.timeout and math.max(self.hooks.timeout - self:seconds(), 0) + 0.1
end

function Task:search_options(base)
  base.seed, base.threads = self.hooks.seed, self.hooks.threads
  base.seconds = self.hooks.query_timeout or self.query_seconds
  local left = self:left()
  if left then base.seconds = math.min(base.seconds and base.seconds > 0 and base.seconds or left, left) end
  for name, value in pairs(self.hooks.search or {}) do base[name] = value end
  return base
end

return task
