--- Records from several files as one campaign: which runs are missing, done twice, or done twice with another outcome.
local statistics = require "relucid.experiment.statistics"

local merge = {}

---@class relucid.Merged
---@field records relucid.RunRecord[]  one for each run, by their place in the campaign
---@field doubled integer              records beyond the first of a run
---@field conflicts string[]           keys of runs whose records have different outcomes, failures apart
---@field missing (integer|string)[]   places (or keys) of runs without a record
---@field strangers integer            records that belong to no run of the campaign, left out

-- What an outcome is, times apart.
local function outcome(record)
  return ("%s %s %s %s"):format(record.status, tostring(record.regions), tostring(record.width),
                                tostring(record.log_volume))
end

local function conflicts_in(records)
  local known, list, told = {}, {}, {}
  for _, record in ipairs(records) do
    local key = record.key
    if record.status ~= "failed" then
      known[key] = known[key] or outcome(record)
      if known[key] ~= outcome(record) and not told[key] then
        told[key], list[#list + 1] = true, key
      end
    end
  end
  return list
end

-- Without the campaign's runs: the places that no record has.
local function missing_places(records)
  local seen, of, list = {}, 0, {}
  for _, record in ipairs(records) do
    if math.tointeger(record.index) then seen[record.index] = true end
    of = math.max(of, math.tointeger(record.of) or 0)
  end
  for index = 1, of do
    if not seen[index] then list[#list + 1] = index end
  end
  return list
end

local function against_runs(records, runs)
  local by_key, list, missing = {}, {}, {}
  for _, record in ipairs(records) do by_key[record.key] = record end
  for _, asked in ipairs(runs) do
    local record = by_key[asked.key]
    list[#list + 1] = record
    if not record then missing[#missing + 1] = asked.index end
  end
  return list, missing
end

--- Merge records.
---@param records relucid.RunRecord[]  of all files, in their order
---@param runs? relucid.Run[]          the campaign's, where it is at hand
---@return relucid.Merged
function merge.records(records, runs)
  local list, doubled = statistics.distinct(records)
  local merged = { doubled = doubled, conflicts = conflicts_in(records), strangers = 0 }
  if runs then
    local distinct = #list
    list, merged.missing = against_runs(list, runs)
    merged.strangers = distinct - #list
  else
    merged.missing = missing_places(list)
  end
  merged.records = list
  return merged
end

return merge
