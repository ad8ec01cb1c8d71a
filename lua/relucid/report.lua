--- Results for the reader at the terminal.
local arguments = require "relucid.strategy.arguments"

local report = {}

local TABLE_INPUTS = 12 -- more inputs than these are summed up
local NAME_WIDTH = 10

local function line(name, format, ...)
  print(("%-" .. NAME_WIDTH .. "s %s"):format(name, format:format(...)))
end

local function numbers(list)
  local words = {}
  for i, value in ipairs(list) do words[i] = ("%.6g"):format(value) end
  return table.concat(words, " ")
end

local function goal_text(goal, y)
  if goal == "argmin" then return ("output %d is the smallest"):format(arguments.answer(y, -1)) end
  if goal == "argmax" then return ("output %d is the largest"):format(arguments.answer(y)) end
  return goal
end

-- "12 of 300 (10+2+0+0+0+0)": literals in all and by layer.
local function literals(pattern)
  local counts, total = {}, 0
  for k, layer in ipairs(pattern:layers()) do
    counts[k] = 0
    for _, sign in ipairs(layer) do
      if sign == 0 or sign == 1 then counts[k] = counts[k] + 1 end
    end
    total = total + #layer
  end
  return ("%d of %d (by layer: %s)"):format(pattern:literals(), total, table.concat(counts, " "))
end

local function print_table(domain, width, volume)
  local function range(lo, hi) return ("[%11.6g, %11.6g]"):format(lo, hi) end
  local blank = ("%27s"):format("-")
  print(("%-" .. NAME_WIDTH .. "s %-27s %-27s %s"):format("input", "domain", "box by width", "box by volume"))
  local lo, hi = domain.lo, domain.hi
  for i = 1, domain.n do
    print(("%-" .. NAME_WIDTH .. "s %s %s %s"):format("x" .. i, range(lo[i], hi[i]),
      width and range(width.lo[i], width.hi[i]) or blank, volume and range(volume.lo[i], volume.hi[i]) or blank))
  end
end

-- How much of its range each input keeps, in a few numbers.
local function print_summary(domain, name, box)
  local lo, hi = domain.lo, domain.hi
  local whole, fixed = 0, 0
  for i = 1, domain.n do
    local width = box.hi[i] - box.lo[i]
    if width == 0 then fixed = fixed + 1 elseif width >= hi[i] - lo[i] then whole = whole + 1 end
  end
  line(name, "%d inputs keep their whole range, %d a part, %d are fixed", whole, domain.n - whole - fixed, fixed)
end

local function print_boxes(result)
  local width, volume = result:box("width"), result:box("volume")
  local around = result.anchored and " around the point" or ""
  if not width and not volume then return line("boxes", "there is none%s", around) end
  if width then line("width box", "sum of widths %.6g%s", width.sum, around) end
  if volume then
    line("volume box", "log-volume %.6g%s, %d inputs fixed", volume.log_volume, around, volume.fixed)
  end
  if result.domain.n <= TABLE_INPUTS then return print_table(result.domain, width, volume) end
  if width then print_summary(result.domain, "by width", width) end
  if volume then print_summary(result.domain, "by volume", volume) end
end

local function list_of(numbers_)
  local words = {}
  for k, i in ipairs(numbers_) do
    if k > TABLE_INPUTS then
      words[k] = "..."
      break
    end
    words[k] = "x" .. i
  end
  return #words > 0 and table.concat(words, " ") or "none"
end

-- The inputs whose range in the region is the domain's.
local function irrelevant_inputs(result)
  local region, domain, list = result:region(), result.domain, {}
  local lo, hi, outer_lo, outer_hi = region.lo, region.hi, domain.lo, domain.hi
  for i = 1, domain.n do
    if lo[i] == outer_lo[i] and hi[i] == outer_hi[i] then list[#list + 1] = i end
  end
  return list
end

-- What keeps a box from being larger, where that is known: it was grown.
local function print_faces(result)
  local counts = { edge = 0, counterexample = 0, unknown = 0 }
  for _, face in ipairs(result.faces or {}) do counts[face.ending] = counts[face.ending] + 1 end
  if result.faces then
    line("faces", "%d at the domain's edge, %d with a counterexample just outside, %d not settled", counts.edge,
         counts.counterexample, counts.unknown)
  end
  local irrelevant = irrelevant_inputs(result)
  line("irrelevant", "%d inputs keep their whole range: %s", #irrelevant, list_of(irrelevant))
end

local function print_region(result, context)
  local kind, pattern = result:kind(), result:pattern()
  if #result > 1 then line("regions", "%d; the first one:", #result) end
  if pattern then line("literals", "%s", literals(pattern)) end
  if kind == "polytope" then line("region", "%d rows", #result:region():rows().b) end
  if kind == "pattern" then line("region", "all inputs of the domain that obey these literals") end
  if kind == "box" then print_faces(result) end
  if pattern and (context.verbose or kind == "pattern") then line("pattern", "%s", tostring(pattern)) end
  print_boxes(result)
end

local function verdict_text(result)
  if #result == 0 then return "no region was proved" end
  if result.status == "proved" then return "the goal is proved on the region" end
  if result.status == "unknown" then return "undecided beyond this; the goal is proved on the region" end
  return "ended early; the goal is proved on the region"
end

local function epsilon_text(epsilon)
  if epsilon == nil then return "" end
  return (" (epsilon %s)"):format(type(epsilon) == "table" and numbers(epsilon) or ("%g"):format(epsilon))
end

local function coverage_text(coverage)
  return ("%.3f of the inputs with the goal (95 %% confidence: %.3f to %.3f; %d samples)"):format(coverage.value,
    coverage.lo, coverage.hi, coverage.samples)
end

--- Print a result: its first region, and what is known of all of them.
---@param result relucid.Result
---@param context {goal: string, data: table?, data_name: string?, verbose: boolean?}
function report.characterize(result, context)
  local net = result:network()
  local y = net:eval(result.point)
  line("network", "%s", tostring(net):gsub("^network ", ""))
  if #y <= TABLE_INPUTS then line("answer", "%s", numbers(y)) end
  line("goal", "%s", goal_text(context.goal, y))
  line("strategy", "%s%s", result.strategy, epsilon_text(result.options.epsilon))
  line("verdict", "%s: %s", result.status, verdict_text(result))
  if result.note then line("note", "%s", result.note) end
  if #result > 0 then
    print_region(result, context)
    if context.data then
      line("support", "%d of %d points in %s", result:support(context.data), #context.data, context.data_name)
    end
  end
  if result.coverage then line("coverage", "%s", coverage_text(result.coverage)) end
  for _, entry in ipairs(result.portfolio or {}) do
    line("tried", "%-9s %s: %s, %d queries, %.2f s", entry.strategy, entry.status,
         #entry.measure > 0 and numbers(entry.measure) or "no region", entry.queries, entry.seconds)
  end
  local stats = result.stats
  line("work", "%d queries, %d nodes, %d LPs, %.2f s", stats.queries, stats.nodes, stats.lps, stats.seconds)
end

return report
