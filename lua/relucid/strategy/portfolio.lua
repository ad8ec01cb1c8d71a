--- The best of several strategies by a measure that the user names.
local core = require "relucid.core"
local hooks = require "relucid.strategy.hooks"
local job = require "relucid.job"
local measure = require "relucid.measure"
local registry = require "relucid.strategy.registry"

---@class relucid.PortfolioOptions: relucid.StrategyOptions
---@field strategies? (string|table)[]  names, FILE.lua[:NAME] or strategies, also {name, option = value, ...}; default
---                                     prophecy, tight, guarded, box
---@field measure? string|fun(result: relucid.Result): number  "volume" (default), "width", "support" (of the data),
---                                     "literals" (fewest), or a function: more is better

local DEFAULT = { "prophecy", "tight", "guarded", "box" }
local SHARED = { "data", "anchor", "raw", "query_timeout", "seed", "threads", "search", "memo", "stop",
                 "progress" }

---@type table<string, relucid.Option>
local OWN = {
  strategies = { help = "names, FILE.lua[:NAME] or strategies, also {name, option = value, ...}" },
  measure = { help = "what to compare them by, more is better: volume, width, support, literals, or a function" },
}

local function measure_of(options)
  local given = options.measure or "volume"
  if type(given) == "function" then
    return function(result)
      local value = hooks.call("measure", given, result)
      if type(value) ~= "number" then
        error(("option measure: returned %s, expected a number"):format(type(value)), 0)
      end
      return { value }
    end
  end
  local of = measure.of[given]
  if not of then
    error(("option measure: is %s, expected a function or one of: %s"):format(tostring(given),
      table.concat(measure.names, ", ")), 0)
  end
  if given == "support" and not options.data then error("option measure: support needs the option data", 0) end
  return function(result) return of(result, options.data) end
end

-- {strategy, own options} of each entry.
local function entries_of(list)
  if type(list) ~= "table" or #list == 0 then error("option strategies: expected a list of names", 0) end
  local entries = {}
  for i, entry in ipairs(list) do
    local own, name = {}, entry
    if type(entry) == "table" and not registry.is_strategy(entry) then
      for option_name, value in pairs(entry) do own[option_name] = value end
      own[1], name = nil, entry[1]
    end
    local strategy = registry.find(name)
    if not strategy or strategy.steps or strategy.name == "portfolio" then
      error(("option strategies: entry %d is %s, expected a strategy of one point"):format(i, tostring(name)), 0)
    end
    entries[i] = { strategy = strategy, own = own }
  end
  return entries
end

local function options_of(task, own, timeout)
  local merged = { timeout = timeout, domain = task.domain }
  for _, name in ipairs(SHARED) do merged[name] = task.hooks[name] end
  for name, value in pairs(own) do merged[name] = value end
  return merged
end

-- The measure of a result that counts: it has a region.  Ctrl-C while measuring: none, and true.
local function value_of(of, result)
  if #result == 0 then return {}, false end
  local ok, value = pcall(of, result)
  if not ok and not job.is_interrupt(value) then error(value, 0) end
  return ok and value or {}, not ok
end

-- What one entry came to, for the record.
local function row_of(entry, result, value)
  return core.json.object({ strategy = entry.strategy.name, status = result.status, measure = core.json.array(value),
    queries = result.stats.queries, seconds = result.stats.seconds },
    { "strategy", "status", "measure", "queries", "seconds" })
end

---@param task relucid.Task
---@return relucid.Result result  the best one's; result.portfolio tells what each came to
local function run(task)
  local options = task.hooks
  local of, entries = measure_of(options), entries_of(options.strategies or DEFAULT)
  local best, best_value, rows, ended = nil, nil, core.json.array {}, nil
  for i, entry in ipairs(entries) do
    local left = options.timeout and math.max(options.timeout - task:seconds(), 0) / (#entries - i + 1)
    if best and left == 0 then
      ended = "timeout"
      break
    end
    local result = entry.strategy(task.net, task.point, task.goal, options_of(task, entry.own, left))
    local value, interrupted = value_of(of, result)
    rows[i] = row_of(entry, result, value)
    if not best or measure.better(value, best_value) then best, best_value = result, value end
    ended = interrupted and "interrupted"
      or (result.status == "interrupted" or result.status == "stopped") and result.status or nil
    if ended then break end
  end
  best.portfolio = rows
  local note = ("the best of %d by %s"):format(#rows, type(options.measure) == "function" and "the user's measure"
    or options.measure or "volume")
  best.note = best.note and note .. "; " .. best.note or note
  if ended == "timeout" then best.note = best.note .. "; the time limit was reached before the others were tried" end
  if ended then best.status = ended end
  return best
end

return registry.define("portfolio", { run = run, options = OWN, unused = { order = true },
                                      summary = "the best of several strategies by a measure" })
