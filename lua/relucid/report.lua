--- Results in words: what is proved of which inputs, by name, in lines for the terminal.
local words = require "relucid.words"

local report = {}

local TABLE_INPUTS = 12 -- more inputs than these are summed up
local RULE_SIGNS = 24   -- longer rules are written out with verbose only
local RANKED = 8        -- inputs that a box restricts most
local NAME_WIDTH = 10
local DETAILED = 3      -- regions with a table of their own; the others have a line each

---@class relucid.DescribeOptions
---@field data? table        relucid.data whose rows in the region are counted
---@field data_name? string  what to call it
---@field goal? string       the goal in words; default: the margins in words
---@field verbose? boolean   long rules too, and a table for every region

-- ---- lines -----------------------------------------------------------------------------------------

-- Collects lines; :add(name, format, ...), continued under the first where a text has several.
local Lines = {}
Lines.__index = Lines

function Lines:add(name, format, ...)
  local width = NAME_WIDTH
  for text in format:format(...):gmatch "[^\n]+" do
    self[#self + 1] = ("%-" .. width .. "s %s"):format(name, text)
    name = ""
  end
end

-- "12 of 300 (by layer: 10 2 0 0 0 0)": literals in all and by layer.
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

-- ---- boxes -----------------------------------------------------------------------------------------

local function share_of(box, domain, i)
  local range = domain.hi[i] - domain.lo[i]
  return range > 0 and (box.hi[i] - box.lo[i]) / range or 1
end

local function range_text(box, domain, i)
  local lo, hi = words.interval(box.lo[i], box.hi[i], domain.hi[i] - domain.lo[i])
  return ("[%11s, %11s] %6s"):format(lo, hi, words.percent(share_of(box, domain, i)))
end

-- One row an input: its range, what each box keeps of it and which share that is.
local function add_table(lines, names, domain, boxes)
  local width, heads = NAME_WIDTH, { ("%-27s"):format("domain") }
  for i = 1, domain.n do width = math.max(width, utf8.len(names.inputs[i]) or #names.inputs[i]) end
  for k, entry in ipairs(boxes) do heads[k + 1] = ("%-34s"):format(entry.title) end
  local function row(name, cells)
    local padding = (" "):rep(width - (utf8.len(name) or #name))
    lines[#lines + 1] = (name .. padding .. " " .. table.concat(cells, " ")):gsub("%s+$", "")
  end
  row("input", heads)
  for i = 1, domain.n do
    local cells = { ("[%11.6g, %11.6g]"):format(domain.lo[i], domain.hi[i]) }
    for k, entry in ipairs(boxes) do cells[k + 1] = range_text(entry.box, domain, i) end
    row(names.inputs[i], cells)
  end
end

-- How much of its range each input keeps, in a few numbers, and by name those that keep least.
local function add_summary(lines, names, domain, entry)
  local whole, fixed, order, share = 0, 0, {}, {}
  for i = 1, domain.n do
    share[i], order[i] = share_of(entry.box, domain, i), i
    if share[i] == 0 then fixed = fixed + 1 elseif share[i] >= 1 then whole = whole + 1 end
  end
  lines:add(entry.title:gsub("^box ", ""), "%d inputs keep their whole range, %d a part, %d are fixed", whole,
    domain.n - whole - fixed, fixed)
  if fixed > RANKED then return end
  table.sort(order, function(a, b) return share[a] < share[b] or (share[a] == share[b] and a < b) end)
  local texts = {}
  for k = 1, math.min(RANKED, #order) do
    local i = order[k]
    local lo, hi = words.interval(entry.box.lo[i], entry.box.hi[i], domain.hi[i] - domain.lo[i])
    texts[k] = ("%s %s to %s"):format(names.inputs[i], lo, hi)
  end
  lines:add("", "narrowest: %s", table.concat(texts, ", "))
end

local function whole_inputs(box, domain)
  local list = {}
  for i = 1, domain.n do
    if box.lo[i] <= domain.lo[i] and box.hi[i] >= domain.hi[i] then list[#list + 1] = i end
  end
  return list
end

-- The inputs that the box which leaves most of them alone leaves alone.
local function add_irrelevant(lines, names, domain, boxes)
  local most, title = {}, nil
  for _, entry in ipairs(boxes) do
    local whole = whole_inputs(entry.box, domain)
    if #whole > #most then most, title = whole, entry.title end
  end
  local where = title and title ~= "the region" and " in the " .. title or ""
  if title or boxes[1].title == "the region" then
    lines:add("irrelevant", "%d inputs keep their whole range%s: %s", #most, where, words.inputs(names, most))
  end
end

-- Two boxes, or one where both are the same; inputs that they leave alone.
local function add_boxes(lines, result, names, k)
  local width, volume = result:box("width", k), result:box("volume", k)
  local around = result.anchored and " around the point" or ""
  if not width and not volume then
    local outside = result.anchored and not result:region(k):contains(result.point)
    return lines:add("boxes", "there is none%s%s", around, outside and ": the region does not contain it" or "")
  end
  if width then lines:add("width box", "sum of widths %.6g%s", width.sum, around) end
  if volume then
    lines:add("volume box", "log-volume %.6g%s, %d inputs fixed", volume.log_volume, around, volume.fixed)
  end
  local boxes, domain = {}, result.domain
  if result:kind(k) == "box" then
    boxes[1] = { title = "the region", box = width or volume }
  else
    if width then boxes[#boxes + 1] = { title = "box by width", box = width } end
    if volume then boxes[#boxes + 1] = { title = "box by volume", box = volume } end
  end
  if domain.n <= TABLE_INPUTS then
    add_table(lines, names, domain, boxes)
  else
    for _, entry in ipairs(boxes) do add_summary(lines, names, domain, entry) end
  end
  add_irrelevant(lines, names, domain, boxes)
end

-- ---- regions ---------------------------------------------------------------------------------------

-- What keeps a box from being larger, where that is known: it was grown.
local function add_faces(lines, result)
  if not result.faces then return end
  local counts = { edge = 0, counterexample = 0, unknown = 0 }
  for _, face in ipairs(result.faces) do counts[face.ending] = counts[face.ending] + 1 end
  lines:add("faces", "%d at the domain's edge, %d with a counterexample just outside, %d not settled", counts.edge,
    counts.counterexample, counts.unknown)
end

local function add_rule(lines, pattern, verbose)
  local count = pattern:literals()
  if count == 0 then return lines:add("rule", "no sign is needed") end
  if count > RULE_SIGNS and not verbose then
    return lines:add("rule", "%d signs; -v writes them out", count)
  end
  lines:add("rule", "%s", table.concat(words.rule_lines(pattern), "\n"))
end

local function add_region(lines, result, names, k, options)
  local kind, pattern = result:kind(k), result:pattern(k)
  if pattern then
    lines:add("literals", "%s", literals(pattern))
    add_rule(lines, pattern, options.verbose)
  end
  local rows = kind ~= "box" and #result:region(k):rows().b or 0
  if kind == "polytope" then lines:add("region", "%d rows", rows) end
  if kind == "pattern" then
    lines:add("region", "all inputs of the domain that obey these literals%s",
      rows > 0 and (" and %d rows"):format(rows) or "")
  end
  if kind == "box" then add_faces(lines, result) end
  if pattern and options.verbose then lines:add("pattern", "%s", tostring(pattern)) end
  add_boxes(lines, result, names, k)
end

-- A line: what the region is, how many signs, how large, how many rows of the data.
local function region_line(result, k, options)
  local pattern, box, texts = result:pattern(k), result:box("volume", k), { result:kind(k) }
  if pattern then texts[#texts + 1] = ("%d signs"):format(pattern:literals()) end
  if result:kind(k) == "polytope" then texts[#texts + 1] = ("%d rows"):format(#result:region(k):rows().b) end
  if box then
    texts[#texts + 1] = ("log-volume %.6g%s"):format(box.log_volume,
      box.fixed > 0 and (" (%d fixed)"):format(box.fixed) or "")
  end
  if options.data then texts[#texts + 1] = ("support %d"):format(result:region(k):support(options.data)) end
  return table.concat(texts, ", ")
end

local function add_regions(lines, result, names, options)
  if #result == 1 then return add_region(lines, result, names, 1, options) end
  lines:add("regions", "%d", #result)
  for k = 1, #result do lines:add(" " .. k, "%s", region_line(result, k, options)) end
  for k = 1, options.verbose and #result or math.min(#result, DETAILED) do
    lines[#lines + 1] = ""
    lines[#lines + 1] = ("region %d"):format(k)
    add_region(lines, result, names, k, options)
  end
end

-- ---- the whole -------------------------------------------------------------------------------------

local function verdict_text(result)
  if #result == 0 then return "no region was proved" end
  local what = result:is_outer() and "the goal is refuted outside of the regions" or "the goal is proved on the region"
  if #result > 1 and not result:is_outer() then what = what .. "s" end
  if result.status == "proved" then return what end
  if result.status == "unknown" then return "undecided beyond this; " .. what end
  return "ended early; " .. what
end

local function epsilon_text(epsilon)
  if epsilon == nil then return "" end
  return (" (epsilon %s)"):format(type(epsilon) == "table" and words.numbers(epsilon) or ("%g"):format(epsilon))
end

local function coverage_text(result)
  local coverage = result.coverage
  if coverage.samples == 0 then
    return ("%.4f of the inputs with the goal, exactly (%.10g to %.10g)"):format(coverage.value, coverage.lo,
      coverage.hi)
  end
  return ("%.3f of the inputs with the goal (%s confidence: %.3f to %.3f; %d samples)"):format(coverage.value,
    result.strategy == "preimage" and "99.9 %" or "95 %", coverage.lo, coverage.hi, coverage.samples)
end

local function add_portfolio(lines, portfolio)
  for _, entry in ipairs(portfolio) do
    lines:add("tried", "%-9s %s: %s, %d queries, %.2f s", entry.strategy, entry.status,
      #entry.measure > 0 and words.numbers(entry.measure) or "no region", entry.queries, entry.seconds)
  end
end

local function add_work(lines, stats)
  local texts = {}
  for _, entry in ipairs { { "queries", "queries" }, { "splits", "splits" }, { "nodes", "nodes" }, { "lps", "LPs" } } do
    if stats[entry[1]] then texts[#texts + 1] = ("%d %s"):format(stats[entry[1]], entry[2]) end
  end
  texts[#texts + 1] = ("%.2f s"):format(stats.seconds)
  lines:add("work", "%s", table.concat(texts, ", "))
end

--- A result in words: network, goal, verdict, every region with its rule, boxes and irrelevant inputs, what was tried,
--- coverage, work.  Bounds are rounded inwards: what is printed lies inside the region.
---@param result relucid.Result
---@param options? relucid.DescribeOptions
---@return string text  lines
function report.describe(result, options)
  options = options or {}
  local net, lines = result:network(), setmetatable({}, Lines)
  local names = words.names(net)
  lines:add("network", "%s", (tostring(net):gsub("^network ", "")))
  if result.point then
    local y = net:eval(result.point)
    if #y <= TABLE_INPUTS then lines:add("answer", "%s", words.numbers(y)) end
  end
  if options.goal or result.goal then lines:add("goal", "%s", options.goal or words.goal(names, result.goal)) end
  lines:add("strategy", "%s%s", result.strategy, epsilon_text(result.options.epsilon))
  lines:add("verdict", "%s: %s", result.status, verdict_text(result))
  if result.note then lines:add("note", "%s", result.note) end
  if #result > 0 then
    add_regions(lines, result, names, options)
    if options.data then
      lines:add("support", "%d of %d points%s", result:support(options.data), #options.data,
        options.data_name and " in " .. options.data_name or "")
    end
  end
  if result.coverage then lines:add("coverage", "%s", coverage_text(result)) end
  add_portfolio(lines, result.portfolio or {})
  add_work(lines, result.stats)
  return table.concat(lines, "\n")
end

--- Print a result.
---@param result relucid.Result
---@param options relucid.DescribeOptions
function report.characterize(result, options)
  print(report.describe(result, options))
end

return report
