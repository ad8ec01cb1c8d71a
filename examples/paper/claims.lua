--- What the strategies are to show against the paper's two modes, checked on what was run.
local common = require "examples.paper.common"
local measure = require "relucid.measure"

local claims = {}

--- The median of a field over the rows that have it.
---@param rows table[]
---@param field string
---@return number?
function claims.median(rows, field)
  local values = {}
  for _, row in ipairs(rows) do values[#values + 1] = row[field] end
  if #values == 0 then return nil end
  table.sort(values)
  local middle = (#values + 1) // 2
  if #values % 2 == 1 then return values[middle] end
  return (values[middle] + values[middle + 1]) / 2
end

-- ---- inclusion ---------------------------------------------------------------------------------

-- Does some region of `outer` include that of `inner`?  "yes", "no", or "open": not decided, or `inner` has none.
local function includes(outer, inner)
  if #inner == 0 then return "open" end
  local answer = "no"
  for i = 1, #outer do
    local included = outer:region(i):includes(inner:region(), { nodes = 1000 })
    if included then return "yes" end
    if included == nil then answer = "open" end
  end
  return answer
end

local function of_mode(runs, mode)
  local list = {}
  for _, run in ipairs(runs) do
    if run.case.mode == mode then list[#list + 1] = run end
  end
  return list
end

local function best_by_volume(runs)
  local best, value = nil, nil
  for _, run in ipairs(runs) do
    local found = measure.best_box(run.result, "volume")
    if not best or measure.better(found, value) then best, value = run, found end
  end
  return best
end

--- Of one input's runs: does `tight` include NNInfer's regions, does `guarded` NNInfer's at the same epsilon?
---@param runs {case: paper.Case, row: paper.Row, result: relucid.Result}[]
---@return {best: string, tight: table<string, string>, guarded: table<string, string>}
function claims.inclusions(runs)
  local nninfer, tight = of_mode(runs, "nninfer"), of_mode(runs, "tight")[1]
  local guarded, answers = {}, { tight = {}, guarded = {} }
  for _, run in ipairs(of_mode(runs, "guarded")) do guarded[run.case.eps] = run end
  for _, run in ipairs(nninfer) do
    local key = ("%g"):format(run.case.eps)
    answers.tight[key] = includes(tight.result, run.result)
    answers.guarded[key] = includes(guarded[run.case.eps].result, run.result)
  end
  answers.best = ("%g"):format(best_by_volume(nninfer).case.eps)
  return answers
end

-- ---- text -------------------------------------------------------------------------------------------

local function tally() return { yes = 0, no = 0, open = 0, failing = {} } end

local function count(t, answer, name)
  t[answer] = t[answer] + 1
  if answer ~= "yes" then t.failing[#t.failing + 1] = name end
end

local function tally_text(what, t)
  local line = ("- %s: %d of %d"):format(what, t.yes, t.yes + t.no + t.open)
  if #t.failing > 0 then line = line .. " (not: " .. table.concat(t.failing, ", ") .. ")" end
  return line
end

local function row_of(record, mode)
  for _, row in ipairs(record.rows) do
    if row.mode == mode then return row end
  end
end

-- The best value of a field among the rows of the paper's modes, or of all modes but those.
local function best(record, field, is_wanted)
  local value
  for _, row in ipairs(record.rows) do
    if is_wanted(row.mode) and row[field] and (not value or row[field] > value) then value = row[field] end
  end
  return value
end

local function is_paper(mode) return mode == "prophecy" or mode == "nninfer" end

-- The strategies' rows, by name, of the inputs on which `mode` was run; the names; how many inputs these are.
local function supports(records, mode)
  local rows, inputs = {}, 0
  for _, record in ipairs(records) do
    if row_of(record, mode) then
      inputs = inputs + 1
      table.move(record.rows, 1, #record.rows, #rows + 1, rows)
    end
  end
  local names, groups = common.grouped(rows, common.strategy_name)
  return groups, names, inputs
end

-- The median support of a strategy against that of the better of the paper's modes, on the same inputs.
local function support_text(records, mode)
  local groups, names, inputs = supports(records, mode)
  local ours = groups[mode] and claims.median(groups[mode], "support")
  local theirs, name
  for _, each in ipairs(names) do
    local value = is_paper(groups[each][1].mode) and claims.median(groups[each], "support")
    if value and (not theirs or value > theirs) then theirs, name = value, each end
  end
  if not ours or not theirs then return nil end
  return ("- Median support on %d inputs: %g of `%s`, %g of `%s` among the paper's: %.1f times"):format(inputs, ours,
    mode, theirs, name, ours / theirs)
end

-- How the claims about single inputs do, for those inputs of which the strategies were run.
local function tallies(records)
  local t = { best = tally(), every = tally(), guarded = tally(), free = tally(), box = tally() }
  for _, record in ipairs(records) do
    local inclusions, id = record.inclusions, tostring(record.id)
    if inclusions then
      count(t.best, inclusions.tight[inclusions.best], id)
      for eps, answer in pairs(inclusions.tight) do count(t.every, answer, id .. " at " .. eps) end
      for eps, answer in pairs(inclusions.guarded) do count(t.guarded, answer, id .. " at " .. eps) end
    end
    local free, prophecy, box = row_of(record, "free"), row_of(record, "prophecy"), row_of(record, "box")
    if free and prophecy then count(t.free, free.literals <= prophecy.literals and "yes" or "no", id) end
    local given = best(record, "log_volume", is_paper)
    if box and given then
      count(t.box, box.log_volume and box.log_volume > given and "yes" or "no",
            ("%s: %s against %s"):format(id, common.number(box.log_volume), common.number(given)))
    end
  end
  return t
end

--- The claims on a family's records, with the inputs that fail.
---@param records table[]
---@return string text
---@return boolean refuted  some inclusion is known not to hold
function claims.text(records)
  if #records == 0 then return "No input was run.\n", false end
  local t = tallies(records)
  local lines = {
    tally_text("`tight` includes NNInfer's region for the epsilon with the largest box", t.best),
    tally_text("`tight` includes NNInfer's region, every epsilon", t.every),
    tally_text("`guarded` includes NNInfer's region at the same epsilon", t.guarded),
    tally_text("`free` has at most as many literals as `prophecy`", t.free),
    tally_text("`box` has a larger log-volume than the largest box of the paper's regions", t.box),
  }
  for _, mode in ipairs { "free", "wide", "union" } do lines[#lines + 1] = support_text(records, mode) end
  return table.concat(lines, "\n") .. "\n", t.best.no + t.guarded.no + t.free.no > 0
end

return claims
