--- The best of several strategies by a measure that the user names.
local core = require "relucid.core"
local hooks = require "relucid.strategy.hooks"
local job = require "relucid.job"
local measure = require "relucid.measure"
local option = require "relucid.strategy.options"

---@class relucid.PortfolioOptions: relucid.StrategyOptions
---@field strategies? (string|table)[]  names, or {name, option = value, ...}; default prophecy, tight, guarded, box
---@field measure? string|fun(result: relucid.Result): number  "volume" (default), "width", "support" (of the data),
---                                     "literals" (fewest), or a function: more is better

local DEFAULT = { "prophecy", "tight", "guarded", "box" }
local SHARED = { "domain", "data", "anchor", "raw", "query_timeout", "seed", "threads", "search", "stop", "progress" }

---@type table<string, relucid.Option>
local OPTIONS = {
  strategies = { help = "names, or {name, option = value, ...}" },
  measure = { help = "what to compare them by: more is better" },
  timeout = option.SHARED.timeout,
}
for _, name in ipairs(SHARED) do OPTIONS[name] = option.SHARED[name] end

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

-- {name, function, own options} of each entry.
local function entries_of(strategies, list)
  if type(list) ~= "table" or #list == 0 then error("option strategies: expected a list of names", 0) end
  local entries = {}
  for i, entry in ipairs(list) do
    local own = {}
    if type(entry) == "table" then
      for name, value in pairs(entry) do own[name] = value end
      own[1] = nil
      entry = entry[1]
    end
    if entry == "portfolio" or entry == "union" or type(entry) ~= "string" or not strategies.is_name[entry] then
      error(("option strategies: entry %d is %s, expected a strategy of one point"):format(i, tostring(entry)), 0)
    end
    entries[i] = { name = entry, run = strategies[entry], own = own }
  end
  return entries
end

local function options_of(options, own, timeout)
  local merged = { timeout = timeout }
  for _, name in ipairs(SHARED) do merged[name] = options[name] end
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

---@param net table  relucid.network
---@param point number[]
---@param goal? table  relucid.property, one conjunction; default: the class that the network answers at the point
---@param options? relucid.PortfolioOptions
---@return relucid.Result result  the best one's; result.portfolio tells what each came to
return function(net, point, goal, options)
  options = option.table(options)
  option.check_known("portfolio", options, { OPTIONS })
  option.values(options, OPTIONS)
  local started, of = core.now(), measure_of(options)
  local entries = entries_of(require "relucid.strategy", options.strategies or DEFAULT)
  local best, best_value, table_ = nil, nil, core.json.array {}
  local ended
  for i, entry in ipairs(entries) do
    local left = options.timeout and math.max(options.timeout - (core.now() - started), 0) / (#entries - i + 1)
    if best and left == 0 then
      ended = "timeout"
      break
    end
    local result = entry.run(net, point, goal, options_of(options, entry.own, left))
    local value, interrupted = value_of(of, result)
    table_[i] = core.json.object({ strategy = entry.name, status = result.status, measure = core.json.array(value),
      queries = result.stats.queries, seconds = result.stats.seconds },
      { "strategy", "status", "measure", "queries", "seconds" })
    if not best or measure.better(value, best_value) then best, best_value = result, value end
    ended = interrupted and "interrupted"
      or (result.status == "interrupted" or result.status == "stopped") and result.status or nil
    if ended then break end
  end
  best.portfolio = table_
  local note = ("the best of %d by %s"):format(#table_, type(options.measure) == "function" and "the user's measure"
    or options.measure or "volume")
  best.note = best.note and note .. "; " .. best.note or note
  if ended == "timeout" then best.note = best.note .. "; the time limit was reached before the others were tried" end
  if ended then best.status = ended end
  return best
end
