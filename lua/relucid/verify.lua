--- Verification of a network against a VNN-LIB file: can its assertions all hold?
---
--- One search for each distinct input set of the file.  They take turns, each turn twice as long as the one before,
--- so that an easy refutation is not kept waiting by a hard proof; with one thread and no time limit the course is
--- the same on every run.
local core = require "relucid.core"
local job = require "relucid.job"
local vnnlib = require "relucid.io.vnnlib"

local FIRST_TURN = 1000 -- nodes

---@class relucid.VerifyOptions
---@field timeout? number   seconds in all
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
---@field stats table  of the searches, summed up; seconds; cases

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

function Run:seconds()
  return core.now() - self.started
end

function Run:new_search(k)
  local fields = { domain = self.problem:domain(k), target = self.problem:target(k), mode = "find",
                   threads = self.options.threads, seed = self.options.seed }
  if self.options.timeout then fields.seconds = math.max(self.options.timeout - self:seconds(), 1e-3) end
  for name, value in pairs(self.options.search or {}) do fields[name] = value end
  return self.net:search(fields)
end

-- The searches' statistics, summed up.
function Run:stats()
  local sum = { seconds = 0 }
  for k = 1, #self.problem.cases do
    local search = self.searches[k]
    for name, value in pairs(search and search:stats() or self.finished[k] or {}) do
      sum[name] = (sum[name] or 0) + value
    end
  end
  sum.seconds, sum.cases = self:seconds(), #self.problem.cases
  return sum
end

-- Between two slices of work: is it over?  Sets self.reason when it is.
function Run:over(open)
  local options = self.options
  if options.timeout and self:seconds() >= options.timeout then
    self.reason = "seconds"
  elseif options.stop and options.stop() then
    self.reason = "stopped"
  elseif options.progress then
    local stats = self:stats()
    options.progress { seconds = stats.seconds, nodes = stats.nodes or 0, open = open, cases = #self.problem.cases }
  end
  return self.reason ~= nil
end

-- Give a search `nodes` more nodes.  Returns its verdict; "running" where the turn or all the work is over.
function Run:turn(k, nodes, open)
  self.searches[k] = self.searches[k] or self:new_search(k)
  local search = self.searches[k]
  local limit = search:stats().nodes + nodes
  job.drive(function(step) return search:step(step) ~= "running" end, function()
    return self:over(open) or search:stats().nodes >= limit
  end)
  return search:verdict()
end

-- A search that is over keeps its statistics only.
function Run:finish(k)
  local search = self.searches[k]
  self.finished[k], self.searches[k] = search:stats(), nil
  search:close()
end

function Run:settle(k, verdict)
  local search = self.searches[k]
  if verdict == "counterexample" then
    local x = search:witness()
    self.counterexample = { x = x, y = self.net:eval(x) }
  elseif verdict == "unknown" then
    self.undecided = self.undecided or search:reason()
  end
  self:finish(k)
end

-- Searches in turns until one finds a counterexample, all are over, or the work is.
function Run:rounds()
  local queue, nodes = {}, FIRST_TURN
  for k = 1, #self.problem.cases do queue[k] = k end
  if self:over(#queue) then return end
  while #queue > 0 do
    local rest = {}
    for i, k in ipairs(queue) do
      local verdict = self:turn(k, nodes, #rest + #queue - i + 1)
      if self.reason then return end
      if verdict == "running" then rest[#rest + 1] = k else self:settle(k, verdict) end
      if self.counterexample then return end
    end
    queue, nodes = rest, 2 * nodes
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
  options = options or {}
  check_options(options)
  local started = core.now()
  if type(problem) ~= "table" then problem = vnnlib.read(problem) end
  problem:check(net)
  local run = setmetatable({ net = net, problem = problem, options = options, started = started, searches = {},
                             finished = {} }, Run)
  local ok, message = pcall(run.rounds, run)
  if not ok and not job.is_interrupt(message) then error(message, 0) end
  if not ok then run.reason = "interrupted" end
  local stats = run:stats()
  for k in pairs(run.searches) do run.searches[k]:close() end
  return { verdict = run:verdict(), reason = run.reason, counterexample = run.counterexample, stats = stats }
end
