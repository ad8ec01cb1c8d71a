--- Which strategies there are: the library's and the user's own, all defined in the same way.
---
---     local mine = relucid.strategy.define("mine", {
---       summary = "Drop signs while the goal is implied, then cut.",
---       options = { width = { default = 3, type = "number", help = "how far to look" } },
---       run = function(task)
---         local outcome = task:minimize(task.goal, { mode = "divide" })
---         return task:claim { pattern = outcome.pattern, proof = outcome.proof }
---       end,
---     })
---     local result = mine(net, point, goal, { domain = domain, width = 5 })
local claims = require "relucid.strategy.claims"
local file = require "relucid.io.file"
local options = require "relucid.strategy.options"
local tasks = require "relucid.strategy.task"

local registry = {}

---@class relucid.Definition
---@field run? fun(task: relucid.Task): relucid.Result|nil  returns what task:claim gave; nil: the last claim
---@field steps? fun(task: relucid.Task): table  in place of run: an object to be called for each step, with the methods
---                                              run() and result()
---@field options? table<string, relucid.Option>  its own; task.own has their values
---@field unused? table<string, boolean>  shared options that it has no use for
---@field needs? table<string, string>  shared options that have to be given, and why: {data = "learns from data"}
---@field summary? string  a line that says what it does

---@class relucid.Strategy: relucid.Definition  call it: (net, point, goal, options) -> relucid.Result
---@field name string
---@field own boolean      the user's
---@field file string|nil  that it was read from
local Strategy = { __name = "relucid.Strategy" }
Strategy.__index = Strategy

function Strategy:__tostring() return "strategy " .. self.name end

local defined = {}   -- name -> relucid.Strategy
local order = {}     -- names, in the order of their definitions
local sealed = false -- those defined from now on are the user's

-- ---- running --------------------------------------------------------------------------------------------

local function new_task(strategy, net, point, goal, given)
  local task = tasks.new(strategy.name, net, point, goal, given, strategy.options, strategy.unused)
  for name, why in pairs(strategy.needs) do
    if task.hooks[name] == nil then error(("option %s: strategy %s %s"):format(name, strategy.name, why), 0) end
  end
  return task
end

-- What run returned has to be what the library proved.
local function check_result(strategy, result)
  local status = claims.status(result)
  if not status then
    error(("strategy %s: run returned %s, expected what task:claim returns"):format(strategy.name, type(result)), 0)
  end
  if result.status == "proved" and status ~= "proved" then
    error(("strategy %s: the status was changed from %s to proved"):format(strategy.name, status), 0)
  end
  return result
end

-- A strategy that is ended while its own code runs comes to its last claim.
local function run(strategy, task)
  local result
  task:guard(function() result = strategy.run(task) end)
  if result ~= nil then return check_result(strategy, result) end
  if task.ended and task.claimed then return claims.result(task, claims.parts(task.claimed)) end
  if not task.ended and not task.claimed then task:note("strategy %s made no claim", strategy.name) end
  return task.claimed or claims.result(task, {})
end

--- Run the strategy.
---@param net table  relucid.network
---@param point number[]|nil  nil where the strategy takes none
---@param goal? table  relucid.property, one conjunction; default: the class that the network answers at the point
---@param given? relucid.StrategyOptions
---@return relucid.Result|table  the steps, for one that is defined by steps
function Strategy:__call(net, point, goal, given)
  local task = new_task(self, net, point, goal, given)
  if self.steps then return self.steps(task) end
  return run(self, task)
end

-- ---- defining --------------------------------------------------------------------------------------------

local FIELDS = { run = "function", steps = "function", options = "table", unused = "table", needs = "table",
                 summary = "string" }
local OPTION_FIELDS = { default = true, type = true, check = true, help = true }

local function fail(name, format, ...)
  error(("strategy %s: "):format(name) .. format:format(...), 0)
end

local function check_name(name)
  if type(name) ~= "string" or not name:match "^[%w_%-]+$" then
    error(("strategy: name is %s, expected letters, digits, - and _"):format(tostring(name)), 0)
  end
  if defined[name] and not defined[name].own then fail(name, "is one of the library's; choose another name") end
end

local function check_option(name, option_name, option)
  if options.SHARED[option_name] then fail(name, "option %s: is a shared option already", option_name) end
  if type(option) ~= "table" then fail(name, "option %s: is %s, expected a table", option_name, type(option)) end
  for field in pairs(option) do
    if not OPTION_FIELDS[field] then
      fail(name, "option %s: unknown field '%s', expected %s", option_name, tostring(field),
           options.names(OPTION_FIELDS))
    end
  end
  options.value(option_name, option.default, option)
end

local function check_definition(name, definition)
  if type(definition) ~= "table" then fail(name, "table expected, got %s", type(definition)) end
  for field, value in pairs(definition) do
    if not FIELDS[field] then fail(name, "unknown field '%s', expected %s", tostring(field), options.names(FIELDS)) end
    if type(value) ~= FIELDS[field] then fail(name, "%s is %s, expected a %s", field, type(value), FIELDS[field]) end
  end
  if (definition.run == nil) == (definition.steps == nil) then
    fail(name, "expected one of the functions run and steps")
  end
  for option_name, option in pairs(definition.options or {}) do check_option(name, option_name, option) end
end

--- Define a strategy.  It can be called, named in `portfolio`, `union` and experiments, and returned by a file for the
--- command line.  A second definition of a name replaces the first.
---@param name string
---@param definition relucid.Definition
---@return relucid.Strategy
function registry.define(name, definition)
  check_name(name)
  check_definition(name, definition)
  local strategy = setmetatable({ name = name, run = definition.run, steps = definition.steps, own = sealed,
    options = definition.options or {}, unused = definition.unused, needs = definition.needs or {},
    summary = definition.summary }, Strategy)
  if not defined[name] then order[#order + 1] = name end
  defined[name] = strategy
  return strategy
end

--- From now on strategies that are defined are the user's.
function registry.seal()
  sealed = true
end

-- ---- finding ----------------------------------------------------------------------------------------------

--- Is this a strategy?
---@param value any
---@return boolean
function registry.is_strategy(value)
  return getmetatable(value) == Strategy
end

--- All strategies, in the order of their definitions.
---@return {name: string, summary: string?, options: table<string, relucid.Option>, own: boolean}[]
function registry.list()
  local list = {}
  for i, name in ipairs(order) do
    local strategy = defined[name]
    list[i] = { name = name, summary = strategy.summary, options = strategy.options, own = strategy.own }
  end
  return list
end

-- The strategies that a file's value gives, in order.
local function strategies_in(value)
  if registry.is_strategy(value) then return { value } end
  local list = {}
  for _, entry in pairs(type(value) == "table" and value or {}) do
    if registry.is_strategy(entry) then list[#list + 1] = entry end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

local function names_of(list)
  local names = {}
  for i, strategy in ipairs(list) do names[i] = strategy.name end
  return table.concat(names, " ")
end

--- The strategy of a Lua file, which returns what `define` returns, or a table of several.
---@param path string
---@param name? string  which of several
---@return relucid.Strategy
function registry.load(path, name)
  local chunk, message = load(file.read(path), "@" .. path, "t")
  if not chunk then error(message, 0) end
  local list = strategies_in(chunk())
  if #list == 0 then
    error(("%s: returns no strategy: expected what relucid.strategy.define returns"):format(path), 0)
  end
  for _, strategy in ipairs(list) do
    strategy.file = path
    if strategy.name == name or not name and #list == 1 then return strategy end
  end
  if not name then error(("%s: has several strategies: use %s:NAME, of %s"):format(path, path, names_of(list)), 0) end
  error(("%s: no strategy '%s'; it has %s"):format(path, name, names_of(list)), 0)
end

--- The strategy that is meant, or nil: a strategy, a name, or FILE.lua[:NAME].
---@param what any
---@return relucid.Strategy|nil
function registry.find(what)
  if registry.is_strategy(what) then return what end
  if type(what) ~= "string" then return nil end
  local path, name = what:match "^(.*%.lua):([%w_%-]+)$"
  if not path then path = what:match "^.*%.lua$" end
  if path then return registry.load(path, name) end
  return defined[what]
end

--- The same; raises where there is none.
---@param what any
---@param place string  for the message
---@return relucid.Strategy
function registry.get(what, place)
  local strategy = registry.find(what)
  if strategy then return strategy end
  error(("%s: no strategy '%s'; known are: %s"):format(place, tostring(what), table.concat(order, " ")), 0)
end

return registry
