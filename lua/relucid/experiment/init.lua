--- Experiments: campaigns of many runs, on all cores, that survive any end of the process.
---
---     relucid.experiment("night.lua", { out = "night.jsonl", jobs = 4 })
---
--- Each finished run is a line of JSON in the file `out`; runs that stand there are not repeated.
local core = require "relucid.core"
local campaign = require "relucid.experiment.campaign"
local lines = require "relucid.experiment.lines"
local pool = require "relucid.experiment.pool"
local run = require "relucid.experiment.run"

---@class relucid.ExperimentOptions
---@field out? string      file of the records; default: the experiment's with .jsonl in place of .lua
---@field jobs? integer    processes; default: one for each core; 0: none but this one
---@field retry? boolean   do runs again that have failed
---@field progress? fun(state: relucid.ExperimentState)  called several times a second

---@class relucid.ExperimentState
---@field total integer    runs of the campaign
---@field before integer   that were done already
---@field done integer     now
---@field failed integer   of those that are done now
---@field seconds number   so far
---@field left number|nil  seconds: an estimate of what is left

---@class relucid.ExperimentSummary: relucid.ExperimentState
---@field out string
---@field status table<string, integer>  how many runs of the campaign have each status

local experiment = { runs = campaign.runs, read = campaign.read, line = campaign.line, execute = run.execute }

--- The runs of a campaign that have no record yet.
---@param all relucid.Run[]
---@param records relucid.RunRecord[]
---@param retry? boolean  failed ones count as not done
---@return relucid.Run[] open
function experiment.open_runs(all, records, retry)
  local done, open = {}, {}
  for _, record in ipairs(records) do
    if not (retry and record.status == "failed") then done[record.key] = true end
  end
  for _, asked in ipairs(all) do
    if not done[asked.key] then open[#open + 1] = asked end
  end
  return open
end

local function progress_of(state, started, progress)
  return function()
    state.seconds = core.now() - started
    local now = state.done - state.before
    state.left = now > 0 and state.seconds / now * (state.total - state.done) or nil
    if progress then progress(state) end
  end
end

-- In this process, one after the other.
local function do_here(open, options)
  for _, asked in ipairs(open) do
    options.done(run.execute(asked))
    options.idle()
  end
end

-- How many runs have each status; the last record of a run counts.
local function count(all, status)
  local counts = {}
  for _, asked in ipairs(all) do
    local word = status[asked.key]
    if word then counts[word] = (counts[word] or 0) + 1 end
  end
  return counts
end

local function check(options)
  local known = { out = "string", jobs = "number", retry = "boolean", progress = "function" }
  for name, value in pairs(options) do
    if not known[name] then
      error(("unknown option '%s'; known are: jobs out progress retry"):format(tostring(name)), 0)
    end
    if type(value) ~= known[name] then
      error(("option %s: %s expected, got %s"):format(name, known[name], type(value)), 0)
    end
  end
  if options.jobs and not (math.tointeger(options.jobs) and options.jobs >= 0) then
    error(("option jobs: is %s, expected an integer >= 0"):format(options.jobs), 0)
  end
end

--- Where the records go without the option `out`.
---@param path string  of the experiment file
---@return string
function experiment.default_out(path)
  return (path:gsub("%.lua$", "")) .. ".jsonl"
end

--- Run a campaign, or what is left of it.
---@param what string|relucid.Campaign  an experiment file, or the table that one returns (needs `out`; in this process)
---@param options? relucid.ExperimentOptions
---@return relucid.ExperimentSummary
function experiment.run(what, options)
  options = options or {}
  check(options)
  local path = type(what) == "string" and what or nil
  local all = campaign.runs(path and campaign.read(path) or what, path)
  local out = options.out or path and experiment.default_out(path)
  if not out then error("option out: is needed: the campaign has no file", 0) end
  local file <close> = lines.open(out, "key")
  local open = experiment.open_runs(all, file.records, options.retry)
  local status = {}
  for _, record in ipairs(file.records) do status[record.key] = record.status end
  local state = { total = #all, before = #all - #open, done = #all - #open, failed = 0 }
  local idle = progress_of(state, core.now(), options.progress)
  local jobs = path and (options.jobs or core.machine().cores) or 0
  local doing = jobs == 0 and do_here or pool.run
  doing(open, { jobs = jobs, line = campaign.line, idle = idle, done = function(record, line)
    file:add(line or campaign.line(record))
    status[record.key] = record.status
    state.done = state.done + 1
    if record.status == "failed" then state.failed = state.failed + 1 end
  end })
  idle()
  state.out, state.status = out, count(all, status)
  return state
end

return setmetatable(experiment, { __call = function(_, ...) return experiment.run(...) end })
