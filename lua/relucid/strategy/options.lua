--- Options of strategies: which there are, of what type, and how their values are checked.
local core = require "relucid.core"

local options = {}

---@class relucid.Option  how one option is read
---@field default? any
---@field type? string                          what type() gives; nil: any
---@field check? fun(value: any): string|nil    what was expected, when the value will not do
---@field help? string                          what it means, its unit

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

-- ---- checks -----------------------------------------------------------------------------------

--- A check: a finite number above 0.
---@param value any
---@return string|nil expected  nil: the value is fine
function options.positive(value)
  if not (math.type(value) and value > 0 and value < math.huge) then return "a number > 0" end
end

--- A check: a number from 0 on.
---@param value any
---@return string|nil expected
function options.not_negative(value)
  if not (math.type(value) and value >= 0) then return "a number >= 0" end
end

--- A check: an integer.
---@param value any
---@return string|nil expected
function options.integer(value)
  if not math.tointeger(value) then return "an integer" end
end

--- A check: an integer from 1 on.
---@param value any
---@return string|nil expected
function options.count(value)
  if not (math.tointeger(value) and value >= 1) then return "an integer >= 1" end
end

--- A check: a table whose keys are all options of the core's.
---@param what string                   in messages: what they are options of
---@param list fun(): {name: string}[]  core.search_options or core.preimage_options
---@return fun(value: table): string|nil
function options.core_options(what, list)
  return function(value)
    local known = {}
    for _, option in ipairs(list()) do known[option.name] = true end
    for name in pairs(value) do
      if not known[name] then return ("names of %s options: %s"):format(what, options.names(known)) end
    end
  end
end

--- A check: one of some words.
---@param ... string
---@return fun(value: any): string|nil
function options.one_of(...)
  local words = { ... }
  return function(value)
    for _, word in ipairs(words) do
      if word == value then return nil end
    end
    return "one of: " .. table.concat(words, ", ")
  end
end

-- ---- the options of every strategy of a point ----------------------------------------------------

---@type table<string, relucid.Option>
options.SHARED = {
  domain = { help = "relucid.domain or {lo, hi [, A, b]}; default: the box that the network's file gives" },
  data = { help = "relucid.data, whose points in the region are counted (the support)" },
  anchor = { type = "boolean", help = "boxes contain the point; default true" },
  raw = { help = "true: the network must be one that was loaded with raw = true" },
  timeout = { type = "number", check = options.not_negative, help = "seconds in all" },
  query_timeout = { type = "number", check = options.not_negative,
                    help = "seconds for each query; an unanswered one keeps its literal" },
  seed = { check = options.integer, help = "of the counterexample sampler" },
  threads = { help = "POSIX threads of each query" },
  search = { type = "table", check = options.core_options("search", core.search_options),
             help = "further search options, for each query" },
  memo = { type = "table", help = "the caller's: settled minimisations are kept there for later calls" },
  order = { type = "function", help = "order(pattern, context): neurons in the order in which to try to drop them" },
  stop = { type = "function", help = "stop(state), called several times a second: true ends the strategy" },
  progress = { type = "function", help = "progress(state), called several times a second" },
}

-- ---- reading -------------------------------------------------------------------------------------

--- The names of some sets, in order, with blanks between.
---@param ... table<string, any>
---@return string
function options.names(...)
  local names = {}
  for _, set in ipairs { ... } do
    for name in pairs(set) do names[#names + 1] = tostring(name) end
  end
  table.sort(names)
  return table.concat(names, " ")
end

--- Raise unless every option given is known.
---@param strategy string  its name, for messages
---@param given table
---@param known table<string, any>[]        sets of names
---@param unused? table<string, boolean>  names that other strategies know
function options.check_known(strategy, given, known, unused)
  for name in pairs(given) do
    if unused and unused[name] then error(("option %s: not for strategy %s"):format(name, strategy), 0) end
    local found = false
    for _, set in ipairs(known) do found = found or set[name] ~= nil end
    if not found then
      error(("unknown option '%s'; known are: %s"):format(tostring(name), options.names(table.unpack(known))), 0)
    end
  end
end

--- One value, or the default, checked.
---@param name string
---@param value any
---@param option relucid.Option
---@return any
function options.value(name, value, option)
  if value == nil then
    value = option.default
  elseif option.type and type(value) ~= option.type then
    error(("option %s: %s expected, got %s"):format(name, option.type, type(value)), 0)
  end
  local expected = value ~= nil and option.check and option.check(value)
  if expected then error(("option %s: is %s, expected %s"):format(name, tostring(value), expected), 0) end
  return value
end

--- The values of all options of a table.
---@param given table
---@param known table<string, relucid.Option>
---@return table<string, any>
function options.values(given, known)
  local values = {}
  for name, option in pairs(known) do values[name] = options.value(name, given[name], option) end
  return values
end

--- The options argument of a strategy: a table, {} for nil.
---@param given table|nil
---@return table
function options.table(given)
  if given == nil then return {} end
  if type(given) ~= "table" then error(("options: table expected, got %s"):format(type(given)), 0) end
  return given
end

local RECORDED = { ["function"] = function() return "function" end, userdata = tostring }

--- Values for a JSON record: functions and objects have no place there, their type or text stands for them.
---@param values table<string, any>
---@return table<string, any>
function options.recorded(values)
  local record = {}
  for name, value in pairs(values) do
    local put = RECORDED[type(value)]
    record[name] = put and put(value) or value
  end
  return record
end

--- The option raw may say so of a network that was loaded with raw = true only.
---@param net table  relucid.network
---@param given table
function options.check_raw(net, given)
  if given.raw and not net.raw then error("option raw: is true; the network was not loaded with raw = true", 0) end
end

return options
