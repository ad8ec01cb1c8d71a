--- Worker processes: each gets a run as a line, answers with its record, and gets the next.  A worker that dies takes
--- one run with it, which is recorded as failed.
local core = require "relucid.core"
local run = require "relucid.experiment.run"

local json = core.json

local pool = {}

---@class relucid.PoolOptions
---@field jobs integer
---@field line fun(run: table): string         a run as a line
---@field done fun(record: table, line: string|nil)  called with each record; line: as the worker wrote it
---@field idle fun()                           called several times a second

local POLL = 0.2           -- seconds
local PATIENCE, GRACE = 2, 30 -- a worker has its run's limit so many times, and so many seconds, before it is ended
local MOST_STILLBORN = 3   -- workers in a row that die before they have a run done

-- The command of a worker: this interpreter with the modules of this process.
local function command()
  local first = 0
  while arg and arg[first - 1] do first = first - 1 end
  local interpreter = first < 0 and arg[first] or "lua5.4"
  local code = ("package.path, package.cpath = %q, %q; os.exit(require('relucid.cli').main{'worker'}, true)")
    :format(package.path, package.cpath)
  return { interpreter, "-e", code }
end

local Pool = {}
Pool.__index = Pool
Pool.__close = function(self)
  for _, worker in ipairs(self.workers) do worker.process:close() end
end

local function start(self, i)
  self.workers[i] = { process = core.process(self.command), buffer = "" }
end

local function give(self, worker)
  local asked = self.runs[self.next]
  if not asked then return end
  self.next = self.next + 1
  worker.run, worker.since = asked, core.now()
  -- One that has died is noticed when it is read from.
  pcall(worker.process.send, worker.process, self.line(asked) .. "\n")
end

-- A line that is no record of the run is the worker's last.
local function answered(self, worker, line)
  local ok, record = pcall(json.decode, line, "worker")
  if not ok or type(record) ~= "table" or record.key ~= worker.run.key then
    worker.wrong = ("the worker wrote no record but '%s'"):format(line:sub(1, 60))
    return worker.process:kill()
  end
  self.stillborn, worker.run = 0, nil
  self.done(record, line)
end

-- How a worker that is gone ended, in words.
local function ending(worker)
  local how, number = worker.process:wait()
  if worker.wrong then return worker.wrong end
  if worker.late then return ("no answer in %.0f s"):format(core.now() - worker.since) end
  return how == "signal" and ("the worker was ended by signal %d"):format(number)
    or ("the worker ended with status %d"):format(number)
end

local function lost(self, i)
  local worker = self.workers[i]
  local why = ending(worker)
  worker.process:close()
  self.stillborn = self.stillborn + 1
  if not worker.run or self.stillborn >= MOST_STILLBORN and not self.any then
    error(("no worker can be started: %s"):format(why), 0)
  end
  self.done(run.failed(worker.run, why, core.now() - worker.since))
  start(self, i)
end

local function receive(self, i)
  local worker = self.workers[i]
  local text = worker.process:receive()
  if not text then return lost(self, i) end
  worker.buffer = worker.buffer .. text
  local line, rest = worker.buffer:match "^([^\n]*)\n(.*)$"
  if not line then return end
  worker.buffer, self.any = rest, true
  answered(self, worker, line)
end

-- End workers that are far beyond their run's limit.
local function end_late(self)
  for _, worker in ipairs(self.workers) do
    local limit = worker.run and worker.run.limits and worker.run.limits.seconds
    if limit and core.now() - worker.since > PATIENCE * limit + GRACE and not worker.late then
      worker.late = true
      worker.process:kill()
    end
  end
end

local function step(self)
  local busy, places = {}, {}
  for i, worker in ipairs(self.workers) do
    if not worker.run then give(self, worker) end
    if worker.run then busy[#busy + 1], places[#places + 1] = worker.process, i end
  end
  if #busy == 0 then return false end
  for _, k in ipairs(core.poll(busy, POLL)) do receive(self, places[k]) end
  end_late(self)
  self.idle()
  return true
end

--- Do runs in processes; returns when all are done.  What Ctrl-C raises ends the workers.
---@param runs table[]
---@param options relucid.PoolOptions
function pool.run(runs, options)
  local self <close> = setmetatable({ runs = runs, next = 1, workers = {}, stillborn = 0, command = command(),
                                      line = options.line, done = options.done, idle = options.idle }, Pool)
  for i = 1, math.min(options.jobs, #runs) do start(self, i) end
  while step(self) do end
end

return pool
