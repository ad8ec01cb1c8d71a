--- What is said of the records of a campaign: measures, quartiles, wins, paired differences.
local measure = require "relucid.measure"

local statistics = {}

local function stat(name)
  return function(record) return record.stats and record.stats[name] end
end

local function field(name)
  return function(record) return record[name] end
end

--- Measures of a record by name: a number, or nil where it has none.
statistics.of = {
  log_volume = field "log_volume", width = field "width", fixed = field "fixed", literals = field "literals",
  support = field "support", coverage = field "coverage", regions = field "regions", seconds = field "seconds",
  cpu_seconds = field "cpu_seconds", queries = stat "queries", nodes = stat "nodes", lps = stat "lps",
}

--- Their names, in order.
statistics.names = { "log_volume", "width", "fixed", "literals", "support", "coverage", "regions", "queries", "nodes",
                     "lps", "seconds", "cpu_seconds" }

-- Of these less is better.
local LESS = { literals = true, fixed = true, seconds = true, cpu_seconds = true, queries = true, nodes = true,
               lps = true, regions = true }

--- The measure as a list that measure.better compares: more is better.
---@param record relucid.RunRecord
---@param name string
---@return number[]  empty: it has none
function statistics.rank(record, name)
  local value = statistics.of[name](record)
  if not value then return {} end
  if name == "log_volume" then return { -(record.fixed or 0), value } end
  return { LESS[name] and -value or value }
end

--- A quantile of sorted numbers, between them linearly.
---@param sorted number[]  not empty
---@param q number         0 to 1
---@return number
function statistics.quantile(sorted, q)
  local place = 1 + q * (#sorted - 1)
  local k = math.floor(place)
  local low, high = sorted[k], sorted[math.min(k + 1, #sorted)]
  if low == high then return low end
  return low + (place - k) * (high - low)
end

--- Lower quartile, median and upper quartile; nothing for an empty list.
---@param values number[]
---@return number|nil lower
---@return number|nil median
---@return number|nil upper
function statistics.quartiles(values)
  if #values == 0 then return nil end
  local sorted = table.move(values, 1, #values, 1, {})
  table.sort(sorted)
  return statistics.quantile(sorted, 0.25), statistics.quantile(sorted, 0.5), statistics.quantile(sorted, 0.75)
end

--- What two runs must have in common to be compared: all but the strategy.
---@param record relucid.RunRecord
---@return string
function statistics.case(record)
  local words = { record.network.sha256, tostring(record.network.raw), record.goal, tostring(record.seed) }
  for _, x in ipairs(record.point) do words[#words + 1] = ("%a"):format(x) end
  return table.concat(words, " ")
end

--- One record for each run: of several with a key the last that did not fail.  They are in the order of the campaign.
---@param records relucid.RunRecord[]
---@return relucid.RunRecord[] list
---@return integer doubled  how many were left out
function statistics.distinct(records)
  local best, order = {}, {}
  for _, record in ipairs(records) do
    local known = best[record.key]
    if not known then order[#order + 1] = record.key end
    if not known or known.status == "failed" or record.status ~= "failed" then best[record.key] = record end
  end
  local list = {}
  for i, key in ipairs(order) do list[i] = best[key] end
  local place = {}
  for i, record in ipairs(list) do place[record] = i end
  table.sort(list, function(a, b)
    local left, right = a.index or 0, b.index or 0
    if left ~= right then return left < right end
    return place[a] < place[b]
  end)
  return list, #records - #list
end

--- Lists of records by a name, and the names in the order in which they first occur.
---@param records relucid.RunRecord[]
---@param name_of fun(record: relucid.RunRecord): string
---@return string[] names
---@return table<string, relucid.RunRecord[]> groups
function statistics.grouped(records, name_of)
  local names, groups = {}, {}
  for _, record in ipairs(records) do
    local name = name_of(record)
    if not groups[name] then names[#names + 1], groups[name] = name, {} end
    table.insert(groups[name], record)
  end
  return names, groups
end

--- How often each strategy is the best of its case, ties counted for each, in cases that several strategies have.
---@param records relucid.RunRecord[]
---@param name string  of the measure
---@param name_of fun(record: relucid.RunRecord): string
---@return table<string, integer> wins
function statistics.wins(records, name, name_of)
  local wins = {}
  local cases, groups = statistics.grouped(records, statistics.case)
  for _, case in ipairs(cases) do
    local best = {}
    for _, record in ipairs(groups[case]) do
      local rank = statistics.rank(record, name)
      if measure.better(rank, best) then best = rank end
    end
    for _, record in ipairs(#groups[case] > 1 and groups[case] or {}) do
      local rank = statistics.rank(record, name)
      if #rank > 0 and not measure.better(best, rank) then
        wins[name_of(record)] = (wins[name_of(record)] or 0) + 1
      end
    end
  end
  return wins
end

---@class relucid.Paired
---@field pairs integer    cases that both lists have
---@field better integer   where the second is better
---@field worse integer
---@field equal integer
---@field difference number|nil  median of second - first, over cases where both have the measure

--- Two lists of records, case by case.
---@param first relucid.RunRecord[]
---@param second relucid.RunRecord[]
---@param name string  of the measure
---@param case_of? fun(record: relucid.RunRecord): string  default: statistics.case
---@return relucid.Paired
function statistics.paired(first, second, name, case_of)
  case_of = case_of or statistics.case
  local by_case, differences = {}, {}
  local result = { pairs = 0, better = 0, worse = 0, equal = 0 }
  for _, record in ipairs(first) do by_case[case_of(record)] = record end
  for _, record in ipairs(second) do
    local other = by_case[case_of(record)]
    if other then
      local a, b = statistics.rank(other, name), statistics.rank(record, name)
      local word = measure.better(b, a) and "better" or measure.better(a, b) and "worse" or "equal"
      result.pairs, result[word] = result.pairs + 1, result[word] + 1
      if #a > 0 and #b > 0 then
        differences[#differences + 1] = statistics.of[name](record) - statistics.of[name](other)
      end
    end
  end
  local _, median = statistics.quartiles(differences)
  result.difference = median
  return result
end

return statistics
