--- Verification of a network against a VNN-LIB file: can its assertions all hold?
---
--- One search for each distinct input set of the file.  They take turns, each turn twice as long as the one before,
--- so that an easy refutation is not kept waiting by a hard proof; with one thread and no time limit the course is
--- the same on every run.  Where the file's ors are many, cases come from splitting them one at a time, depth first
--- (relucid.disjunction).
local core = require "relucid.core"
local disjunction = require "relucid.disjunction"
local hooks = require "relucid.strategy.hooks"
local job = require "relucid.job"
local vnnlib = require "relucid.io.vnnlib"

local FIRST_TURN = 1000 -- nodes
local KEPT = 256        -- so many searches wait for their next turn as they are; others begin anew

---@class relucid.VerifyOptions
---@field timeout? number   seconds in all, reading the file included
---@field threads? integer
---@field seed? integer     of the counterexample sampler
---@field search? table     further search options, for each search
---@field progress? fun(state: {seconds: number, nodes: number, open: integer, cases: integer})  called several times
---                         a second
---@field stop? fun(): boolean?  called several times a second; true ends the work

---@class relucid.Verdict
---@field verdict "unsat"|"sat"|"unknown"|"timeout"  unsat: proved that the assertions never all hold; sat: they do at
---                the counterexample
---@field reason string|nil  for unknown and timeout: "seconds", "nodes", "interrupted", "stopped", ...
---@field counterexample {x: number[], y: number[]}|nil  x is confirmed rigorously; y is F(x) rounded to nearest
---@field problem relucid.Vnnlib|nil  what was read; nil where the work ended before
---@field stats table  of the searches, summed up; seconds; cases: input sets (and conjunctions of assertions, where
---                ors were split one at a time) that were looked at

local KNOWN = { timeout = "number", threads = "number", seed = "number", search = "table", progress = "function",
                stop = "function" }

local function check_options(options)
  for name, value in pairs(options) do
    if not KNOWN[name] then
      error(("unknown option '%s'; known are: progress search seed stop threads timeout"):format(tostring(name)), 0)
    end
    if type(value) ~= KNOWN[name] then
      error(("option %s: %s expected, got %s"):format(name, KNOWN[name], type(value)), 0)
    end
  end
end

---@class relucid.Verification
local Run = {}
Run.__index = Run

local OVER = setmetatable({}, { __tostring = function() return "over" end }) -- raised when the work is

function Run:seconds()
  return core.now() - self.started
end

-- ---- searches -----------------------------------------------------------------------------------------

--- A new search for inputs of a case.
---@param case table
---@return table search  relucid.search
function Run:new_search(case)
  local fields = { domain = vnnlib.domain_of(case), target = vnnlib.target_of(case), mode = "find",
                   threads = self.options.threads, seed = self.options.seed }
  if self.options.timeout then fields.seconds = math.max(self.options.timeout - self:seconds(), 1e-3) end
  for name, value in pairs(self.options.search or {}) do fields[name] = value end
  local search = self.net:search(fields)
  self.searches[search] = true
  return search
end

-- A search that is over keeps its statistics only.
function Run:close(search)
  for name, value in pairs(search:stats()) do self.sum[name] = (self.sum[name] or 0) + value end
  self.searches[search] = nil
  search:close()
end

-- The searches' statistics, summed up.
function Run:stats()
  local sum = {}
  for name, value in pairs(self.sum) do sum[name] = value end
  for search in pairs(self.searches) do
    for name, value in pairs(search:stats()) do sum[name] = (sum[name] or 0) + value end
  end
  sum.seconds, sum.cases = self:seconds(), self.cases
  return sum
end

-- Between two slices of work: is it over?  Sets self.reason when it is.
function Run:over()
  local options = self.options
  if options.timeout and self:seconds() >= options.timeout then
    self.reason = "seconds"
  elseif options.stop and hooks.asks("stop", options.stop) then
    self.reason = "stopped"
  elseif options.progress then
    local stats = self:stats()
    options.progress { seconds = stats.seconds, nodes = stats.nodes or 0, open = self.open, cases = self.cases }
  end
  return self.reason ~= nil
end

-- The same where the work is in Lua: raises OVER.
function Run:between()
  local now = core.now()
  if now < self.asked + 0.1 then return end
  self.asked = now
  if self:over() then error(OVER, 0) end
end

--- Give a search `nodes` more nodes; raises OVER when all the work is.
---@param search table
---@param nodes integer
---@return string verdict  "running" where the turn is over
function Run:turn(search, nodes)
  local limit = search:stats().nodes + nodes
  job.drive(function(step) return search:step(step) ~= "running" end, function()
    return self:over() or search:stats().nodes >= limit
  end)
  if self.reason then error(OVER, 0) end
  return search:verdict()
end

--- A search from its beginning to the end of `nodes` nodes.
---@param case table
---@param nodes integer
---@return string verdict
---@return number[]|nil x
function Run:try(case, nodes)
  local search = self:new_search(case)
  local verdict = self:turn(search, nodes)
  local x = verdict == "counterexample" and search:witness() or nil
  self:close(search)
  return verdict, x
end

-- ---- tasks ----------------------------------------------------------------------------------------------

-- A task is a case with its search, or a state whose ors are to be split (relucid.disjunction).

function Run:found(x)
  self.counterexample = { x = x, y = self.net:eval(x) }
end

-- A turn for a case.  Returns true when it is to wait for the next one.
function Run:work(task, nodes)
  local search = task.search or self:new_search(task.case)
  local verdict = self:turn(search, nodes)
  if verdict == "running" then
    task.search = self.kept < KEPT and search or nil
    if task.search then self.kept = self.kept + 1 else self:close(search) end
    return true
  end
  if verdict == "counterexample" then
    self:found(search:witness())
  elseif verdict == "unknown" then
    self.undecided = self.undecided or search:reason()
  end
  self:close(search)
end

-- Split a state: what comes of it is on top of the stack, the most promising last.
function Run:split(state, stack)
  local tasks, x = disjunction.split(self, state)
  if x then return self:found(x) end
  for k = #tasks, 1, -1 do stack[#stack + 1] = tasks[k] end
  self.cases = self.cases + #tasks
end

-- All that is on the stack; returns what waits for another turn.
function Run:round(stack, nodes)
  local waiting = {}
  self.kept = 0
  while #stack > 0 and not self.counterexample do
    local task = table.remove(stack)
    self.open = #stack + #waiting + 1
    self:between()
    if task.state then
      self:split(task.state, stack)
    elseif self:work(task, nodes) then
      waiting[#waiting + 1] = task
    end
  end
  return waiting
end

local function reversed(list)
  local turned = {}
  for k = #list, 1, -1 do turned[#turned + 1] = list[k] end
  return turned
end

-- What there is to do at first.
function Run:tasks()
  local problem = self.problem
  if problem:is_large() then
    self.cases = 1
    return { { state = { set = problem.set, ors = problem.ors } } }
  end
  local tasks = {}
  for k, case in ipairs(problem.cases) do tasks[k] = { case = case } end
  self.cases = #tasks
  return tasks
end

-- Read, then search in turns until a counterexample is found, all are over, or the work is.
function Run:rounds(problem)
  local function between() self:between() end
  if type(problem) == "string" then problem = vnnlib.read(problem, nil, between) end
  problem:check(self.net)
  self.problem = problem
  local tasks, nodes = self:tasks(), FIRST_TURN
  self.open = #tasks
  if self:over() then return end
  while #tasks > 0 and not self.counterexample do
    tasks, nodes = self:round(reversed(tasks), nodes), 2 * nodes
  end
end

function Run:verdict()
  if self.counterexample then return "sat" end
  self.reason = self.reason or self.undecided
  if not self.reason then return "unsat" end
  return self.reason == "seconds" and "timeout" or "unknown"
end

--- Can the assertions of a VNN-LIB file all hold?
---@param net table  relucid.network
---@param problem string|relucid.Vnnlib  the name of a file, or what relucid.vnnlib read
---@param options? relucid.VerifyOptions
---@return relucid.Verdict
return function(net, problem, options)
  core.check(net, "network")
  options = options or {}
  if type(options) ~= "table" then error(("options: table expected, got %s"):format(type(options)), 0) end
  check_options(options)
  if type(problem) ~= "string" and not vnnlib.is_problem(problem) then
    error(("property: the name of a file or what relucid.vnnlib read expected, got %s"):format(type(problem)), 0)
  end
  local run = setmetatable({ net = net, options = options, started = core.now(), asked = core.now(), searches = {},
                             sum = {}, cases = 0, open = 0, kept = 0 }, Run)
  local ok, message = pcall(run.rounds, run, problem)
  local interrupted = not ok and job.is_interrupt(message)
  if not ok and message ~= OVER and not interrupted then error(message, 0) end
  if interrupted then run.reason = "interrupted" end
  local stats = run:stats()
  for search in pairs(run.searches) do search:close() end
  return { verdict = run:verdict(), reason = run.reason, counterexample = run.counterexample, problem = run.problem,
           stats = stats }
end
