--- The records of campaigns as tables: one campaign by strategies, or two against each other.
local statistics = require "relucid.experiment.statistics"

local tables = {}

---@class relucid.TableOptions
---@field measures? string[]  columns; default: log_volume, width, literals, support, coverage, queries, seconds, where
---                           some record has them
---@field by? string[]        columns that make a row: "strategy" (with its options), "network", "goal", "seed";
---                           default: strategy, and network and goal where there are several
---@field best? string        the measure that wins are counted by, and differences taken in; default "log_volume"
---@field against? string     the strategy that the others are compared with; default: the first
---@field plain? boolean      one number in a column, in all its digits: for programs

local DEFAULT = { "log_volume", "width", "literals", "support", "coverage", "queries", "seconds" }

local COLUMNS = {
  strategy = function(record) return record.label or record.strategy end,
  network = function(record) return (record.network.file:gsub("^.*/", "")) end,
  goal = function(record) return (record.goal:gsub("^.*/", "")) end,
  seed = function(record) return tostring(record.seed) end,
}
local COLUMN_NAMES = { "strategy", "network", "goal", "seed" }

local function check_names(list, known, names, what)
  for _, name in ipairs(list) do
    if not known[name] then
      error(("%s: '%s', expected %s"):format(what, tostring(name), table.concat(names, ", ")), 0)
    end
  end
  return list
end

--- A number in a few digits.
---@param value number|nil
---@return string
function tables.number(value)
  if not value then return "-" end
  if math.type(value) == "integer" or value == math.floor(value) and math.abs(value) < 1e6 then
    return ("%d"):format(value)
  end
  return ("%.4g"):format(value)
end

-- ---- cells: for people one for each measure, for programs one for each number ----------------------------

local function plain(value)
  return value and ("%.17g"):format(value) or ""
end

local cells = { people = {}, programs = {} }

function cells.people.quartiles_header(name) return { name } end

function cells.programs.quartiles_header(name) return { name, name .. "_q1", name .. "_q3" } end

function cells.people.quartiles(values)
  local lower, median, upper = statistics.quartiles(values)
  if not median then return { "-" } end
  return { ("%s [%s, %s]"):format(tables.number(median), tables.number(lower), tables.number(upper)) }
end

function cells.programs.quartiles(values)
  local lower, median, upper = statistics.quartiles(values)
  return { plain(median), plain(lower), plain(upper) }
end

function cells.people.paired_header(name) return { name } end

function cells.programs.paired_header(name)
  return { name .. ": better", name .. ": equal", name .. ": worse", name .. ": difference" }
end

-- "12 better, 5 equal, 3 worse; +0.1"
function cells.people.paired(paired)
  if not paired then return { "" } end
  if paired.pairs == 0 then return { "-" } end
  local difference = paired.difference and ("; %s%s"):format(paired.difference > 0 and "+" or "",
                                                              tables.number(paired.difference)) or ""
  return { ("%d better, %d equal, %d worse%s"):format(paired.better, paired.equal, paired.worse, difference) }
end

function cells.programs.paired(paired)
  if not paired then return { "", "", "", "" } end
  return { tostring(paired.better), tostring(paired.equal), tostring(paired.worse), plain(paired.difference) }
end

local function append(row, words)
  table.move(words, 1, #words, #row + 1, row)
end

-- ---- one campaign ---------------------------------------------------------------------------------------

local function has_several(records, name)
  return #(statistics.grouped(records, COLUMNS[name])) > 1
end

local function by_of(records, options)
  if options.by then return check_names(options.by, COLUMNS, COLUMN_NAMES, "by") end
  local by = { "strategy" }
  for _, name in ipairs { "network", "goal" } do
    if has_several(records, name) then by[#by + 1] = name end
  end
  return by
end

local function measures_of(records, options)
  if options.measures then return check_names(options.measures, statistics.of, statistics.names, "measures") end
  local list = {}
  for _, name in ipairs(DEFAULT) do
    for _, record in ipairs(records) do
      if statistics.of[name](record) then
        list[#list + 1] = name
        break
      end
    end
  end
  return list
end

local function values_of(records, name)
  local values = {}
  for _, record in ipairs(records) do values[#values + 1] = statistics.of[name](record) end
  return values
end

local function count(records, status)
  local number = 0
  for _, record in ipairs(records) do number = number + (record.status == status and 1 or 0) end
  return tostring(number)
end

-- The records of the strategy to compare with.
local function reference(records, options)
  local names, groups = statistics.grouped(records, COLUMNS.strategy)
  local name = options.against or names[1]
  if not groups[name] then
    error(("against: no strategy '%s', expected one of: %s"):format(name, table.concat(names, "; ")), 0)
  end
  return groups[name], name
end

local function header_of(by, measures, comparison, write)
  local header = table.move(by, 1, #by, 1, {})
  append(header, { "runs", "proved", "failed" })
  for _, name in ipairs(measures) do append(header, write.quartiles_header(name)) end
  append(header, { "wins" })
  append(header, write.paired_header(comparison))
  return header
end

--- A table with a row for each strategy: how many runs, how many proved, quartiles of measures, wins, and differences
--- to one of them case by case.
---@param records relucid.RunRecord[]
---@param options? relucid.TableOptions
---@return relucid.Table
function tables.summary(records, options)
  options = options or {}
  if #records == 0 then error("there are no runs", 0) end
  local write = options.plain and cells.programs or cells.people
  local by, measures = by_of(records, options), measures_of(records, options)
  local best = check_names({ options.best or "log_volume" }, statistics.of, statistics.names, "best")[1]
  local base, base_name = reference(records, options)
  local function name_of(record)
    local words = {}
    for i, column in ipairs(by) do words[i] = COLUMNS[column](record) end
    return table.concat(words, "\0")
  end
  local names, groups = statistics.grouped(records, name_of)
  local wins, rows = statistics.wins(records, best, name_of), {}
  for i, name in ipairs(names) do
    local group, row = groups[name], {}
    for k, column in ipairs(by) do row[k] = COLUMNS[column](group[1]) end
    append(row, { tostring(#group), count(group, "proved"), count(group, "failed") })
    for _, measure_name in ipairs(measures) do append(row, write.quartiles(values_of(group, measure_name))) end
    append(row, { tostring(wins[name] or 0) })
    local is_base = COLUMNS.strategy(group[1]) == base_name
    append(row, write.paired(not is_base and statistics.paired(base, group, best) or nil))
    rows[i] = row
  end
  return { header = header_of(by, measures, ("%s against %s"):format(best, base_name), write), rows = rows }
end

-- ---- two campaigns ----------------------------------------------------------------------------------------

-- Two campaigns may have the same strategies: these belong to the case.
local function case_with_strategy(record)
  return COLUMNS.strategy(record) .. "\0" .. statistics.case(record)
end

local function status_changes(first, second)
  local by_case, gained, lost, both = {}, 0, 0, 0
  for _, record in ipairs(first) do by_case[case_with_strategy(record)] = record end
  for _, record in ipairs(second) do
    local other = by_case[case_with_strategy(record)]
    local before, after = other and other.status == "proved", record.status == "proved"
    if other and after and not before then gained = gained + 1 end
    if other and before and not after then lost = lost + 1 end
    if other then both = both + 1 end
  end
  return both, gained, lost
end

--- Two campaigns against each other, case by case, with a row for each strategy that both have.
---@param first relucid.RunRecord[]
---@param second relucid.RunRecord[]
---@param options? relucid.TableOptions  measures, plain
---@return relucid.Table
function tables.compare(first, second, options)
  options = options or {}
  local write = options.plain and cells.programs or cells.people
  local measures = measures_of(second, options)
  local names, before = statistics.grouped(first, COLUMNS.strategy)
  local _, after = statistics.grouped(second, COLUMNS.strategy)
  local result = { header = { "strategy", "pairs", "only first", "only second", "newly proved", "no longer" },
                   rows = {} }
  for _, name in ipairs(measures) do append(result.header, write.paired_header(name)) end
  for _, name in ipairs(names) do
    local a, b = before[name], after[name]
    if b then
      local both, gained, lost = status_changes(a, b)
      local row = { name, tostring(both), tostring(#a - both), tostring(#b - both), tostring(gained), tostring(lost) }
      for _, measure_name in ipairs(measures) do
        append(row, write.paired(statistics.paired(a, b, measure_name, case_with_strategy)))
      end
      result.rows[#result.rows + 1] = row
    end
  end
  if #result.rows == 0 then error("the two have no strategy in common", 0) end
  return result
end

return tables
