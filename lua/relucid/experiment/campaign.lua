--- A campaign: the grid of an experiment file, as a list of runs.
---
---     return {
---       networks   = { "a.nnet", { "b.onnx", raw = false } },
---       points     = { data = "points.csv", rows = { 1, 60 }, raw = true },
---       goals      = { "argmax" },
---       strategies = { "prophecy", { "nninfer", epsilon = 0.1 }, { "mine.lua", width = 3 } },
---       seeds      = { 1 },
---       limits     = { seconds = 60 },
---       filter     = function(run, net) return true end,
---     }
---
--- A run is a table of plain values that says all that is needed to repeat it, and travels as a line of JSON.
local core = require "relucid.core"
local file = require "relucid.io.file"
local hooks = require "relucid.strategy.hooks"
local goals = require "relucid.io.goal"
local registry = require "relucid.strategy.registry"
require "relucid.strategy" -- the library's strategies
local options = require "relucid.strategy.options"

local json = core.json

local campaign = {}

---@class relucid.Campaign  what an experiment file returns; paths are relative to the file
---@field networks (string|table)[]    paths, or {path, raw = boolean}
---@field points table  list of points, or {data = path, rows = {first, last}, raw = boolean}; raw: the
---                                    .nnet networks are loaded with raw = true where they do not say
---@field goals? string[]              "argmax" (default), "argmin", or paths of VNN-LIB files
---@field strategies (string|relucid.Strategy|table)[]  names, paths of FILE.lua[:NAME], or {name, option = value, ...}
---@field seeds? integer[]             default {1}
---@field limits? {seconds: number?, query_seconds: number?}  of each run
---@field domain? table|string         {lo, hi [, A, b]} or a path; default: the box that the network's file gives
---@field data? string                 path of the data whose points in a region are counted, and to learn from
---@field anchor? boolean              boxes contain the point; default true
---@field record? boolean              each line has the whole result as well
---@field filter? fun(run: relucid.Run, net: table): boolean  which runs are wanted

---@class relucid.Run  one run: what is asked
---@field relucid_run integer   version of the format
---@field key string            tells it from others: a hash of all that the outcome depends on
---@field index integer         its place among the runs
---@field of integer            how many there are
---@field network {file: string, sha256: string, raw: boolean}
---@field point number[]
---@field row integer|nil       of the data that the point is from
---@field goal string
---@field strategy string       its name, or FILE.lua[:NAME]
---@field label string          strategy and options in words
---@field options table         the strategy's own
---@field seed integer
---@field limits table
---@field domain table|nil
---@field data string|nil
---@field anchor boolean|nil
---@field record boolean|nil
---@field experiment {file: string, entry: integer}|nil  where strategy and options are, when they have functions

campaign.VERSION = 1

-- ---- checks -------------------------------------------------------------------------------------------

local FIELDS = { networks = "table", points = "table", goals = "table", strategies = "table", seeds = "table",
                 limits = "table", data = "string", anchor = "boolean", record = "boolean", filter = "function",
                 domain = true }
local LIMITS = { seconds = true, query_seconds = true }

local function check_fields(given, known, name)
  for field, value in pairs(given) do
    local expected = known[field]
    if not expected then
      error(("%sunknown field '%s', expected %s"):format(name, tostring(field), options.names(known)), 0)
    end
    if expected ~= true and type(value) ~= expected then
      error(("%s%s: %s expected, got %s"):format(name, field, expected, type(value)), 0)
    end
  end
end

local function check(given)
  check_fields(given, FIELDS, "")
  for _, field in ipairs { "networks", "points", "strategies" } do
    if given[field] == nil then error(("%s: is missing"):format(field), 0) end
  end
  check_fields(given.limits or {}, LIMITS, "limits: ")
  for name, value in pairs(given.limits or {}) do
    if not (math.type(value) and value > 0) then
      error(("limits: %s is %s, expected a number > 0"):format(name, tostring(value)), 0)
    end
  end
  for _, field in ipairs { "networks", "strategies", "goals", "seeds" } do
    if given[field] and #given[field] == 0 then error(("%s: is empty"):format(field), 0) end
  end
  for i, seed in ipairs(given.seeds or {}) do
    if not math.tointeger(seed) then error(("seeds[%d]: is %s, expected an integer"):format(i, tostring(seed)), 0) end
  end
end

-- ---- the axes of the grid ---------------------------------------------------------------------------------

-- A path relative to the experiment's directory.
local function located(directory, path)
  if path:sub(1, 1) == "/" or directory == "" then return path end
  return directory .. path
end

local function networks_of(given, directory)
  local list, points_raw = {}, given.points.raw
  for i, entry in ipairs(given.networks) do
    if type(entry) == "string" then entry = { entry } end
    if type(entry) ~= "table" or type(entry[1]) ~= "string" then
      error(("networks[%d]: expected a path or {path, raw = boolean}"):format(i), 0)
    end
    local path, raw = located(directory, entry[1]), entry.raw
    if raw == nil then raw = points_raw and path:gsub("%.gz$", ""):match "%.nnet$" ~= nil or false end
    local net = require("relucid").load(path, { raw = raw })
    list[i] = { file = path, raw = raw, net = net, sha256 = net.sha256 }
  end
  return list
end

local function rows_of(given, data)
  local rows = given.rows or { 1, #data }
  local first, last = math.tointeger(rows[1]), math.tointeger(rows[2] or rows[1])
  if not (first and last and first >= 1 and first <= last and last <= #data) then
    error(("points: rows: is {%s, %s}, expected first and last of 1 to %d"):format(tostring(rows[1]),
      tostring(rows[2]), #data), 0)
  end
  return first, last
end

local function points_of(given, directory)
  local list = {}
  if given.data then
    check_fields(given, { data = "string", rows = "table", raw = "boolean", scale = "number" }, "points: ")
    local data = core.data(located(directory, given.data), given.scale and { scale = given.scale } or nil)
    local first, last = rows_of(given, data)
    for row = first, last do list[#list + 1] = { x = data:row(row), row = row } end
    return list
  end
  for i, x in ipairs(given) do
    if type(x) ~= "table" then error(("points[%d]: is %s, expected a list of numbers"):format(i, type(x)), 0) end
    list[i] = { x = x }
  end
  if #list == 0 then error("points: expected a list of points or {data = path, rows = {first, last}}", 0) end
  return list
end

local function has_functions(values)
  for _, value in pairs(values) do
    if type(value) == "function" or type(value) == "userdata" then return true end
    if type(value) == "table" and (registry.is_strategy(value) or has_functions(value)) then return true end
  end
  return false
end

-- "nninfer epsilon=0.1"
local function label_of(name, values)
  local words = {}
  for option, value in pairs(options.recorded(values)) do
    words[#words + 1] = ("%s=%s"):format(option, type(value) == "table" and json.encode(value) or tostring(value))
  end
  table.sort(words)
  return table.concat({ name, table.unpack(words) }, " ")
end

-- What entry i of the strategies is: {strategy, name, options, label, functions}.
local function strategy_of(entry, i, directory)
  local place, values = ("strategies[%d]"):format(i), {}
  if type(entry) == "table" and not registry.is_strategy(entry) then
    for name, value in pairs(entry) do
      if name ~= 1 then values[name] = value end
    end
    entry = entry[1]
  end
  local is_object = registry.is_strategy(entry)
  local name = is_object and entry.name or entry
  if type(entry) == "string" and entry:match "%.lua" then name = located(directory, entry) end
  local strategy = registry.get(is_object and entry or name, place)
  for option in pairs(values) do
    if not strategy.options[option] and not options.SHARED[option] then
      error(("%s: %s: unknown option '%s'; known are: %s"):format(place, strategy.name, tostring(option),
        options.names(strategy.options, options.SHARED)), 0)
    end
  end
  return { strategy = strategy, name = name, options = values, label = label_of(strategy.name, values),
           functions = is_object and strategy.own or has_functions(values) }
end

local function strategies_of(given, directory)
  local list = {}
  for i, entry in ipairs(given.strategies) do list[i] = strategy_of(entry, i, directory) end
  return list
end

local function domain_of(given, directory)
  local domain = given.domain
  if type(domain) == "string" then domain = json.decode(file.read(located(directory, domain)), domain) end
  if domain ~= nil and (type(domain) ~= "table" or not domain.lo or not domain.hi) then
    error("domain: expected {lo = list, hi = list} or the path of such a JSON file", 0)
  end
  return domain
end

-- ---- runs ------------------------------------------------------------------------------------------------

-- A function of a path that gives the SHA-256 of the file, which it reads once.
local function hasher()
  local known = {}
  return function(path)
    if not known[path] then known[path] = select(2, core.read_file(path)) end
    return known[path]
  end
end

-- A hash of all that the outcome depends on; files count by their contents.
local function key_of(run, entry, hash)
  local own_file = entry.functions and run.experiment and run.experiment.file or entry.strategy.file
  local content = json.object {
    network = run.network.sha256, raw = run.network.raw, point = run.point, seed = run.seed, anchor = run.anchor,
    goal = goals.is_file(run.goal) and hash(run.goal) or run.goal, strategy = entry.strategy.name,
    file = own_file and hash(own_file), options = json.object(run.options), limits = json.object(run.limits),
    domain = run.domain and json.object(run.domain), data = run.data and hash(run.data),
  }
  return core.sha256(json.encode(content)):sub(1, 20)
end

-- The nested loops: f(network, goal, point, strategy entry, its number, seed).
local function each_combination(axes, f)
  for _, network in ipairs(axes.networks) do
    for _, goal in ipairs(axes.goals) do
      for _, point in ipairs(axes.points) do
        for number, entry in ipairs(axes.strategies) do
          for _, seed in ipairs(axes.seeds) do f(network, goal, point, entry, number, seed) end
        end
      end
    end
  end
end

local function check_point(point, network, i)
  if #point.x ~= network.net.n then
    error(("points: point %d has %d numbers, %s has %d inputs"):format(i, #point.x, network.file, network.net.n), 0)
  end
end

local function axes_of(given, directory)
  local axes = { networks = networks_of(given, directory), points = points_of(given.points, directory), goals = {},
                 strategies = strategies_of(given, directory), seeds = given.seeds or { 1 } }
  for i, goal in ipairs(given.goals or { "argmax" }) do
    if type(goal) ~= "string" then error(("goals[%d]: is %s, expected a string"):format(i, type(goal)), 0) end
    axes.goals[i] = goals.is_file(goal) and located(directory, goal) or goal
  end
  for _, network in ipairs(axes.networks) do
    for i, point in ipairs(axes.points) do check_point(point, network, i) end
  end
  return axes
end

local function run_of(given, shared, network, goal, point, entry, number, seed)
  return {
    relucid_run = campaign.VERSION, network = { file = network.file, sha256 = network.sha256, raw = network.raw },
    point = point.x, row = point.row, goal = goal, strategy = entry.name, label = entry.label,
    options = options.recorded(entry.options), seed = seed, limits = given.limits or {}, domain = shared.domain,
    data = shared.data, anchor = given.anchor, record = given.record,
    experiment = entry.functions and { file = shared.file, entry = number } or nil,
  }
end

-- Equal runs, such as those of a point that stands twice in the data, are told apart by a number.
local function numbered(key, seen)
  seen[key] = (seen[key] or 0) + 1
  return seen[key] == 1 and key or ("%s-%d"):format(key, seen[key])
end

--- The runs of a campaign.
---@param given relucid.Campaign
---@param path? string  of the experiment file; paths in it are relative to its directory
---@return relucid.Run[]
function campaign.runs(given, path)
  if type(given) ~= "table" then error(("experiment: table expected, got %s"):format(type(given)), 0) end
  check(given)
  local directory = path and path:match "^(.*/)" or ""
  local axes = axes_of(given, directory)
  local shared = { file = path, domain = domain_of(given, directory),
                   data = given.data and located(directory, given.data) }
  local list, seen, hash = {}, {}, hasher()
  each_combination(axes, function(network, goal, point, entry, number, seed)
    local run = run_of(given, shared, network, goal, point, entry, number, seed)
    if given.filter and not hooks.call("filter", given.filter, run, network.net) then return end
    run.key = numbered(key_of(run, entry, hash), seen)
    list[#list + 1] = run
  end)
  for i, run in ipairs(list) do run.index, run.of = i, #list end
  return list
end

--- What an experiment file returns.
---@param path string
---@return relucid.Campaign
function campaign.read(path)
  local chunk, message = load(file.read(path), "@" .. path, "t")
  if not chunk then error(message, 0) end
  local given = chunk()
  if type(given) ~= "table" then error(("%s: returns %s, expected a table"):format(path, type(given)), 0) end
  return given
end

--- The strategy and the options of an entry of a campaign's strategies.
---@param given relucid.Campaign
---@param number integer
---@param path string  of the experiment file
---@return relucid.Strategy strategy
---@return table values
function campaign.entry(given, number, path)
  local entry = strategy_of(given.strategies[number], number, path:match "^(.*/)" or "")
  return entry.strategy, entry.options
end

local KEYS = { "relucid_run", "key", "index", "of", "network", "row", "goal", "strategy", "label", "options", "seed",
               "limits" }

--- A run, or its record, as a line of JSON.
---@param run table
---@return string
function campaign.line(run)
  local plain = {}
  for name, value in pairs(run) do plain[name] = value end
  for _, name in ipairs { "options", "limits", "network" } do
    if type(plain[name]) == "table" then plain[name] = json.object(plain[name]) end
  end
  return json.encode(json.object(plain, KEYS))
end

return campaign
