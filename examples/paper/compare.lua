--- relucid against the recorded runs of the paper's own code: verdicts, literals, boxes and seconds.
---
---     RELUCID_DATA=DIR lua5.4 examples/paper/compare.lua [--families rand,mnist,acas]
---
--- All settled records are run in this process.  Each one where relucid differs is listed with evidence that does not
--- rest on relucid's proofs: an input that was evaluated, or how far the recorded box leaves the region.
local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"
package.path = here .. "../../?.lua;" .. package.path

local common = require "examples.paper.common"
local baseline = require "examples.paper.baseline"
local relucid = require "relucid"

local compare = {}

compare.TOLERANCE = 1e-6 -- relative, of perimeter and log-volume

-- ---- evidence --------------------------------------------------------------------------------

local function free_of(value) return value ~= 0 and value ~= 1 end

-- The literals {layer, neuron} of the first pattern (1 on, 0 off, else free) that the second does not have.
local function extra_literals(a, b)
  local list = {}
  for k, layer in ipairs(a) do
    for i, value in ipairs(layer) do
      if not free_of(value) and (not b[k] or free_of(b[k][i])) then list[#list + 1] = { k, i } end
    end
  end
  return list
end

-- What the case asks a pattern to imply.
local function asked_of(case)
  if case.mode == "prophecy" then return case.goal end
  local affine, rows = case.net:affine(case.net:pattern(case.point)), {}
  for r, margin in ipairs(case.goal:margins()) do
    local a, d = {}, case.eps
    for i = 1, case.net.n do a[i] = 0.0 end
    for k, c in ipairs(margin.c) do
      d = d - c * affine.b[k]
      for i, w in ipairs(affine.W[k]) do a[i] = a[i] - c * w end
    end
    rows[r] = { a = a, c = margin.c, d = d }
  end
  return relucid.property.linear(case.net, rows)
end

-- An input that obeys the pattern and breaks what was asked, in words; or what else the search says.
local function refutation(case, pattern)
  local asked = asked_of(case)
  local verdict, x = case.net:implies(case.domain, pattern, asked, { seconds = 20 })
  if verdict ~= "counterexample" then return verdict end
  return ("at an input that obeys it the value is %.6g"):format(asked:value(x, case.net:eval(x)))
end

local function name_literal(literal) return ("(%d,%d)"):format(literal[1], literal[2]) end

local function verdict_evidence(case, record, row)
  if row.implied == nil then return "not decided" end
  return ("recorded: %s; the whole pattern: %s"):format(record.implied and "implied" or "not implied",
                                                     refutation(case, case.net:pattern(case.point)))
end

-- More literals: what happens without those that the record dropped.
local function more_evidence(case, record, pattern)
  local words = {}
  for _, literal in ipairs(extra_literals(pattern:layers(), record.pattern)) do
    words[#words + 1] = ("without %s: %s"):format(name_literal(literal),
      refutation(case, pattern:with(literal[1], literal[2], nil)))
  end
  return table.concat(words, "; ")
end

local function fewer_evidence(record, pattern)
  local words = {}
  for _, literal in ipairs(extra_literals(record.pattern, pattern:layers())) do
    words[#words + 1] = name_literal(literal)
  end
  return ("proved without %s, which the record keeps"):format(table.concat(words, " "))
end

-- How far a box reaches over the region's rows and bounds.
local function excess(region, box)
  local rows, most = region:rows(), -math.huge
  for r, row in ipairs(rows.A) do
    local sum = -rows.b[r]
    for i, a in ipairs(row) do sum = sum + a * box[i][a > 0 and 2 or 1] end
    most = math.max(most, sum)
  end
  for i, side in ipairs(box) do most = math.max(most, region.lo[i] - side[1], side[2] - region.hi[i]) end
  return most
end

local function box_evidence(region, box)
  if not box then return "no box is recorded" end
  return ("the recorded box leaves relucid's region by %.3g"):format(math.max(0, excess(region, box)))
end

-- ---- one record ------------------------------------------------------------------------------

local function relative(value, reference)
  if not value or not reference then return nil end
  return (value - reference) / math.max(1, math.abs(reference))
end

---@class paper.Comparison
---@field record paper.Record
---@field row paper.Row
---@field perimeter? number    relative difference; positive: relucid's is larger
---@field log_volume? number
---@field differences string[]  with evidence
---@field worse boolean         another verdict, more literals or a smaller box

local function compare_literals(add, case, record, row, result)
  if row.literals > record.fixed then
    add(("%d literals more: %s"):format(row.literals - record.fixed, more_evidence(case, record, result:pattern())),
        true)
  elseif row.literals < record.fixed then
    add(("%d literals fewer: %s"):format(record.fixed - row.literals, fewer_evidence(record, result:pattern())), false)
  end
end

local function compare_boxes(add, comparison, record, result)
  for _, measure in ipairs { "perimeter", "log_volume" } do
    local difference = comparison[measure]
    if difference and math.abs(difference) > compare.TOLERANCE then
      local box = measure == "perimeter" and record.box_sum or record.box_vol
      add(("%s %+.3g: %s"):format(measure, difference, box_evidence(result:region(), box)), difference < 0)
    end
  end
end

--- Compare a finished case with its record.
---@param case paper.Case
---@param record paper.Record
---@param row paper.Row
---@param result relucid.Result
---@return paper.Comparison
function compare.one(case, record, row, result)
  local volume = #result > 0 and result:box "volume" or nil
  local comparison = { record = record, row = row, differences = {}, worse = false,
                       perimeter = relative(row.perimeter, record.perimeter),
                       log_volume = relative(baseline.log_volume(volume), record.log_volume) }
  local function add(text, worse)
    table.insert(comparison.differences, text)
    comparison.worse = comparison.worse or worse
  end
  if row.implied ~= record.implied then add(verdict_evidence(case, record, row), true) end
  if row.status ~= "proved" then add("relucid ended early: " .. row.status, true) end
  if #result > 0 and row.status == "proved" then
    compare_literals(add, case, record, row, result)
    compare_boxes(add, comparison, record, result)
  end
  return comparison
end

-- ---- all of them -----------------------------------------------------------------------------

local function difference_text(value)
  return value and ("%+.1e"):format(value) or "-"
end

local function comparison_table(comparisons)
  local lines = {}
  for i, c in ipairs(comparisons) do
    lines[i] = { c.row.family, tostring(c.row.id), common.mode_name(c.row), tostring(c.record.implied),
                 tostring(c.row.implied), tostring(c.record.fixed), tostring(c.row.literals),
                 difference_text(c.perimeter), difference_text(c.log_volume), tostring(c.record.marabou_calls),
                 tostring(c.row.queries), common.number(c.record.secs), common.number(c.row.seconds, 4) }
  end
  return common.table({ "family", "case", "mode", "implied: record", "relucid", "literals: record", "relucid",
                        "perimeter", "log-volume", "queries: record", "relucid", "seconds: record", "relucid" }, lines)
end

local function difference_list(comparisons)
  local lines = {}
  for _, c in ipairs(comparisons) do
    for _, text in ipairs(c.differences) do
      lines[#lines + 1] = ("- %s %d, %s: %s"):format(c.row.family, c.row.id, common.mode_name(c.row), text)
    end
  end
  if #lines == 0 then return "No difference beyond the tolerance.\n" end
  return table.concat(lines, "\n") .. "\n"
end

-- Total seconds of a family: the record's, relucid's.
local function totals_text(comparisons)
  local record, own, families = {}, {}, {}
  for _, c in ipairs(comparisons) do
    local family = c.row.family
    if not record[family] then
      families[#families + 1] = family
      record[family], own[family] = 0, 0
    end
    record[family], own[family] = record[family] + c.record.secs, own[family] + c.row.seconds
  end
  local lines = {}
  for i, family in ipairs(families) do
    lines[i] = ("- %s: %.2f s recorded, %.3f s relucid, ratio %.0f"):format(family, record[family], own[family],
      record[family] / own[family])
  end
  return "Total seconds, strategy and boxes:\n\n" .. table.concat(lines, "\n") .. "\n"
end

local function families_of(text)
  local families = {}
  for word in text:gmatch "%a+" do families[word] = true end
  return families
end

local function settled_cases(directory, families)
  local cases, records = baseline.cases(directory, families)
  local kept_cases, kept_records = {}, {}
  for i, record in ipairs(records) do
    if record.settled then
      kept_cases[#kept_cases + 1], kept_records[#kept_records + 1] = cases[i], record
    end
  end
  return kept_cases, kept_records
end

--- Run the comparison.
---@param options table  families (text), and paper.Options
---@return boolean sound  no sampled violation, and nowhere worse than the record
---@return paper.Comparison[] comparisons
function compare.run(options)
  local directory, message = common.data()
  if not directory then error(message .. ": the records are in its folder nninfer", 0) end
  local cases, records = settled_cases(directory, families_of(options.families))
  local comparisons, as_good = {}, true
  local rows = common.run_all("compare", cases, options, function(row, result, case)
    local comparison = compare.one(case, records[#comparisons + 1], row, result)
    comparisons[#comparisons + 1] = comparison
    as_good = as_good and not comparison.worse
  end)
  local checked, sound = common.check_text(rows)
  if not options.quiet then
    common.report("compare", "relucid and the paper's own code", {
      totals_text(comparisons), ("Differences beyond %g, with evidence:\n"):format(compare.TOLERANCE),
      difference_list(comparisons),
      "Perimeter and log-volume: relative differences, positive where relucid's is larger.\n",
      comparison_table(comparisons), checked }, options)
  end
  return sound and as_good, comparisons
end

if common.is_main "compare" then
  local parser = common.parser("compare", "relucid against the recorded runs of the paper's own code.")
  parser:option("--families", "Which records.", "rand,mnist,acas"):argname "F,..."
  common.main("compare", parser, compare.run)
end

return compare
