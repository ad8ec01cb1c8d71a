--- One run of a campaign: what it says is done, and what comes of it becomes its record.
local core = require "relucid.core"
local campaign = require "relucid.experiment.campaign"
local goals = require "relucid.io.goal"
local input = require "relucid.io.input"
local job = require "relucid.job"
local measure = require "relucid.measure"
local strategies = require "relucid.strategy"

local run = {}

---@class relucid.RunRecord: relucid.Run  a run with what came of it
---@field status string       of the result ("proved", "unknown", "timeout" ...), or "failed"
---@field error string|nil    why it failed
---@field note string|nil
---@field kind string|nil     of the first region
---@field regions integer|nil how many
---@field contains boolean|nil  does a region contain the point?
---@field implied boolean|nil
---@field minimal boolean|nil
---@field literals integer|nil  of the region with the fewest
---@field neurons integer|nil   of the network
---@field width number|nil      sum of widths of the largest box by that, in any region
---@field log_volume number|nil of the largest box by volume, over the inputs that it does not fix
---@field fixed integer|nil     inputs without width in that box
---@field support integer|nil   rows of the data in some region
---@field coverage number|nil   of union
---@field stats table|nil
---@field result table|nil      the whole result, where the campaign asks for it
---@field seconds number        wall-clock, boxes included
---@field cpu_seconds number
---@field version string        of relucid
---@field host string
---@field started string        UTC

-- ---- what a run is about --------------------------------------------------------------------------------

local MOST_KEPT = 8

-- A function of a key that makes its value once, and keeps a few.
local function kept(make)
  local values, order = {}, {}
  return function(key, ...)
    if values[key] == nil then
      if #order >= MOST_KEPT then values[table.remove(order, 1)] = nil end
      values[key] = make(key, ...)
      order[#order + 1] = key
    end
    return values[key]
  end
end

local network_of = kept(function(_, network)
  local net = require("relucid").load(network.file, { raw = network.raw == true })
  if network.sha256 and net.sha256 ~= network.sha256 then
    error(("%s: SHA-256 is %s, the run's network has %s"):format(network.file, net.sha256, network.sha256), 0)
  end
  return net
end)
local data_of = kept(function(path) return core.data(path) end)
local campaign_of = kept(campaign.read)

local function strategy_of(asked)
  local from = asked.experiment
  if from then return campaign.entry(campaign_of(from.file), from.entry, from.file) end
  local found = strategies.find(asked.strategy)
  if not found then error(("strategy: no strategy '%s'"):format(tostring(asked.strategy)), 0) end
  return found, asked.options
end

local function options_of(asked, net, values)
  local all = { anchor = asked.anchor, seed = asked.seed, timeout = asked.limits.seconds,
                query_timeout = asked.limits.query_seconds, raw = asked.network.raw or nil }
  for name, value in pairs(values) do all[name] = value end
  if asked.data then
    all.data = data_of(asked.data)
    if all.data.columns ~= net.n then
      error(("%s: has %d columns, the network has %d inputs"):format(asked.data, all.data.columns, net.n), 0)
    end
  end
  return all
end

-- ---- what comes of it -------------------------------------------------------------------------------------

local function contains(result)
  for i = 1, #result do
    if result:region(i):contains(result.point) then return true end
  end
  return false
end

local function add_measures(record, result)
  if #result == 0 then return end
  record.kind, record.contains = result:kind(), contains(result)
  local literals = measure.of.literals(result)[1]
  record.literals = literals and math.tointeger(-literals)
  record.width = measure.of.width(result)[1]
  local volume = measure.of.volume(result)
  if #volume > 0 then record.fixed, record.log_volume = math.tointeger(-volume[1]), volume[2] end
end

local function outcome_of(asked, net, result, data)
  local record = { status = result.status, note = result.note, regions = #result, implied = result.implied,
                   minimal = result.minimal, neurons = net.neurons, stats = result.stats,
                   coverage = result.coverage and result.coverage.value }
  add_measures(record, result)
  record.support = data and #result > 0 and result:support(data) or nil
  record.result = asked.record and result:record() or nil
  return record
end

local function perform(asked)
  local net = network_of(("%s %s"):format(asked.network.file, asked.network.raw), asked.network)
  local strategy, values = strategy_of(asked)
  local options = options_of(asked, net, values)
  local domain = asked.domain and input.domain(core.json.encode(asked.domain), net.n)
  local goal
  goal, options.domain = goals.of(net, asked.goal, asked.point, { domain = domain, raw = asked.network.raw })
  local result = strategies.run(strategy, net, asked.point, goal, options)
  if result.status == "interrupted" then error("interrupted!", 0) end
  return outcome_of(asked, net, result, options.data)
end

-- What must be there, whoever wrote the run.
local NEEDED = { key = "string", network = "table", point = "table", goal = "string", strategy = "string",
                 options = "table", limits = "table" }

local function check(asked)
  if type(asked) ~= "table" or asked.relucid_run == nil then error("not a run: no field 'relucid_run'", 0) end
  if asked.relucid_run ~= campaign.VERSION then
    error(("run: version %s, expected %d"):format(tostring(asked.relucid_run), campaign.VERSION), 0)
  end
  for name, expected in pairs(NEEDED) do
    if type(asked[name]) ~= expected then
      error(("run: %s: %s expected, got %s"):format(name, expected, type(asked[name])), 0)
    end
  end
end

--- Do what is asked by perform(asked), which gives the fields of the record or raises.
---@param asked table
---@param perform_ fun(asked: table): table
---@return table record  with the status "failed" where it raises; what Ctrl-C raises passes
function run.recorded(asked, perform_)
  local record = {}
  for name, value in pairs(asked) do record[name] = value end
  record.version, record.host = core.version, core.machine().host
  record.started = os.date "!%Y-%m-%dT%H:%M:%SZ"
  local started, cpu = core.now(), os.clock()
  local ok, outcome = pcall(perform_, asked)
  if not ok and job.is_interrupt(outcome) then error(outcome, 0) end
  if not ok then outcome = { status = "failed", error = tostring(outcome) } end
  for name, value in pairs(outcome) do record[name] = value end
  record.seconds, record.cpu_seconds = core.now() - started, os.clock() - cpu
  return record
end

--- Do a run.  Errors become a record with the status "failed"; what Ctrl-C raises passes.
---@param asked relucid.Run
---@return relucid.RunRecord
function run.execute(asked)
  check(asked)
  return run.recorded(asked, perform)
end

--- The record of a run that no worker could finish.
---@param asked relucid.Run
---@param why string
---@param seconds number
---@return relucid.RunRecord
function run.failed(asked, why, seconds)
  local record = {}
  for name, value in pairs(asked) do record[name] = value end
  record.status, record.error, record.version, record.host = "failed", why, core.version, core.machine().host
  record.seconds = seconds
  return record
end

return run
