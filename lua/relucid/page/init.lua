--- A result as a page of HTML: what is proved in words, pictures, tables, limits, and how to get it again.
local again = require "relucid.page.again"
local file = require "relucid.io.file"
local html = require "relucid.page.html"
local plot = require "relucid.plot"
local report = require "relucid.report"
local words = require "relucid.words"

local page = {}

local TABLE_INPUTS, TABLE_REGIONS, TABLE_ROWS = 60, 300, 200
local OPEN_INPUTS = 20 -- a longer table is opened by the reader

---@class relucid.PageOptions
---@field data? table         relucid.data: its histogram stands behind the bars, its rows in the region are counted
---@field data_name? string
---@field inputs? integer[]   the two inputs of the slice; default: those that the region restricts, but not most
---@field image? string       such as "28x28": the inputs are an image
---@field title? string

local function paragraph(format, ...) return "<p>" .. html.text(format:format(...)) .. "</p>" end

-- ---- pictures --------------------------------------------------------------------------------------

-- What draw(path) draws, as a figure; what went wrong, else.
local function figure(caption, draw, class)
  local base = os.tmpname()
  local path = base .. ".svg"
  local ok, message = pcall(draw, path)
  local svg = ok and file.read(path)
  os.remove(base)
  os.remove(path)
  if svg then return html.figure(svg, caption, class or "drawn") end
  return '<p class="soft">' .. html.text(caption .. ": " .. tostring(message)) .. "</p>"
end

-- Two inputs worth a slice: the ones of which the box keeps most without keeping all.
local function slice_inputs(result)
  local box, domain, order, share = result:box "volume" or result:box "width", result.domain, {}, {}
  for i = 1, domain.n do
    local range = domain.hi[i] - domain.lo[i]
    share[i] = box and range > 0 and (box.hi[i] - box.lo[i]) / range or 0
    if share[i] >= 1 then share[i] = -1 end
    order[i] = i
  end
  table.sort(order, function(a, b) return share[a] > share[b] or (share[a] == share[b] and a < b) end)
  return { math.min(order[1], order[2]), math.max(order[1], order[2]) }
end

local function pictures(result, options)
  if not plot.exists() then return { '<p class="soft">Pictures need gnuplot, which was not there.</p>' } end
  local out = {}
  local function add(caption, draw, class) out[#out + 1] = figure(caption, draw, class) end
  if options.image then
    add("The input, how far each pixel may move, and which pixels decide.", function(path)
      plot.image(result, path, { image = options.image })
    end, "photo")
  end
  if not options.image and (result:box "volume" or result:box "width") then
    add("The largest boxes inside the region, input by input.", function(path)
      plot.bars(result, path, { data = options.data, title = "" })
    end)
  end
  if result.domain.n >= 2 and #result > 0 and not options.image then
    local inputs = options.inputs or slice_inputs(result)
    add("A slice through two inputs, the others as in the point.", function(path)
      plot.result(result, path, { inputs = inputs, zoom = result.point ~= nil, title = "" })
    end)
  end
  if result.trace and #result.trace > 1 then
    add("How the coverage grew.", function(path) plot.coverage(result, path, { title = "" }) end)
  end
  return out
end

-- ---- tables ----------------------------------------------------------------------------------------

local function box_table(result, names)
  local domain, rows = result.domain, {}
  local boxes = { result:box "width" or false, result:kind() ~= "box" and result:box "volume" or false }
  local header = { "input", "domain", boxes[2] and "box by width" or "the box", "kept" }
  if not boxes[1] and not boxes[2] then return paragraph "No box inside the region is known." end
  if boxes[2] then table.move({ "box by volume", "kept" }, 1, 2, #header + 1, header) end
  for i = 1, math.min(domain.n, TABLE_INPUTS) do
    local range = domain.hi[i] - domain.lo[i]
    local row = { names.inputs[i], ("%.6g to %.6g"):format(domain.lo[i], domain.hi[i]) }
    for _, box in ipairs(boxes) do
      if box then
        row[#row + 1] = ("%s to %s"):format(words.interval(box.lo[i], box.hi[i], range))
        row[#row + 1] = words.percent(range > 0 and (box.hi[i] - box.lo[i]) / range or 1)
      end
    end
    rows[i] = row
  end
  local caption = domain.n > TABLE_INPUTS and ("The first %d of %d inputs."):format(TABLE_INPUTS, domain.n) or nil
  local made = html.table(header, rows, caption)
  return domain.n <= OPEN_INPUTS and made or html.details("The boxes, input by input", made)
end

local function regions_table(result, options)
  local rows = {}
  for k = 1, math.min(#result, TABLE_REGIONS) do
    local pattern, box = result:pattern(k), result:box("volume", k)
    rows[k] = { tostring(k), result:kind(k), pattern and tostring(pattern:literals()) or "",
                result:kind(k) == "polytope" and tostring(#result:region(k):rows().b) or "",
                box and ("%.5g"):format(box.log_volume) or "",
                options.data and tostring(result:region(k):support(options.data)) or "" }
  end
  local header = { "region", "kind", "signs", "rows", "log-volume of its box", options.data and "support" or "" }
  return html.table(header, rows, #result > TABLE_REGIONS and ("The first %d of %d."):format(TABLE_REGIONS, #result)
    or nil)
end

local function rule_part(result)
  local pattern = result:pattern()
  if not pattern or pattern:literals() == 0 then return nil end
  local text = "<pre>" .. html.text(table.concat(words.rule_lines(pattern), "\n")) .. "</pre>"
  return html.details(("The signs of the first region: %d of %d hidden neurons"):format(pattern:literals(),
    result:network().neurons), text)
end

local function rows_part(result, names)
  if result:kind() == "box" then return nil end
  local rows, lines = result:region():rows(), {}
  if #rows.b == 0 then return nil end
  for r = 1, math.min(#rows.b, TABLE_ROWS) do
    local terms = {}
    for i, a in ipairs(rows.A[r]) do
      if a ~= 0 and #terms < TABLE_INPUTS then terms[#terms + 1] = ("%+.17g %s"):format(a, names.inputs[i]) end
    end
    lines[r] = ("%s <= %.17g"):format(table.concat(terms, " "), rows.b[r])
  end
  return html.details(("The rows of the first region: %d"):format(#rows.b), "<pre>"
    .. html.text(table.concat(lines, "\n")) .. "</pre>")
end

local function witness_part(result, names)
  local witnesses = (result:record().regions[1] or {}).witnesses or {}
  if #witnesses == 0 or result.domain.n > TABLE_INPUTS then return nil end
  local header, rows = { "input" }, {}
  for k = 1, math.min(#witnesses, 20) do header[k + 1] = tostring(k) end
  for i = 1, result.domain.n do
    rows[i] = { names.inputs[i] }
    for k = 1, #header - 1 do rows[i][k + 1] = ("%.6g"):format(witnesses[k][i]) end
  end
  return "<h3>Counterexamples just outside</h3>" .. html.table(header, rows)
end

-- ---- words -----------------------------------------------------------------------------------------

local function verdict(result, names)
  local goal = result.goal and words.goal(names, result.goal) or "the goal holds"
  if #result == 0 then return ("No region was proved (%s)."):format(result.status) end
  if result:is_outer() then
    return ("Outside of %s, no input of the domain has this property: %s."):format(#result == 1 and "this region"
      or ("these %d regions"):format(#result), goal)
  end
  local where = #result == 1 and "this region" or ("these %d regions"):format(#result)
  return ("For every input in %s: %s."):format(where, goal)
end

local LIMITS = {
  "The proof is about the function in real arithmetic that the network's file defines; a program that evaluates the "
    .. "network in floating point may differ from it by its own rounding.",
  "Nothing is said about inputs outside the region: there the property may hold or not.",
  "Bounds in the tables are rounded inwards; the saved result has all digits.",
}

local function limits(result)
  local list = {}
  for k, text in ipairs(LIMITS) do list[k] = "<li>" .. html.text(text) .. "</li>" end
  if result:network().raw then
    list[#list + 1] = "<li>Inputs are in physical units: the file's means and ranges are folded into the first and "
      .. "last layer, and the proof is about that network.</li>"
  end
  if result.status ~= "proved" then
    list[#list + 1] = "<li>" .. html.text(("The search ended early (%s): the region is proved, but may be smaller than "
      .. "it could be."):format(result.status)) .. "</li>"
  end
  return "<ul>" .. table.concat(list) .. "</ul>"
end

local function repeat_part(result)
  local text, _, functions = again.text(result)
  local note = functions and '<p class="soft">Options that were functions of a script are left out.</p>' or ""
  return "<h2>To get it again</h2><pre>" .. html.text(text) .. "</pre>" .. note
end

local function provenance(result)
  local net, record = result:network(), result:record()
  local rows = { { "network", record.network.file }, { "SHA-256", net.sha256 },
                 { "layers", table.concat(net.sizes, " - ") }, { "strategy", result.strategy } }
  if result.note then rows[#rows + 1] = { "note", result.note } end
  local names = {}
  for name in pairs(result.stats) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do rows[#rows + 1] = { name, ("%.6g"):format(result.stats[name]) } end
  return html.table({ "", "" }, rows)
end

--- The page of a result.
---@param result relucid.Result
---@param options? relucid.PageOptions
---@return string
function page.result(result, options)
  options = options or {}
  local names = words.names_of(result)
  local title = options.title or ("%s: %s"):format((result:record().network.file:gsub("^.*/", "")),
    result.goal and words.goal(names, result.goal) or result.strategy)
  local parts = { "<h1>" .. html.text(title) .. "</h1>",
                  '<p class="verdict">' .. html.text(verdict(result, names)) .. "</p>" }
  local function add(part) parts[#parts + 1] = part end
  if #result > 0 then
    add "<h2>What is proved</h2>"
    if options.data then
      add(paragraph("%d of %d rows of the data%s lie in it.", result:support(options.data), #options.data,
        options.data_name and " (" .. options.data_name .. ")" or ""))
    end
    add(box_table(result, names))
    if #result > 1 then add(regions_table(result, options)) end
    for _, part in ipairs(pictures(result, options)) do add(part) end
    add(rule_part(result))
    add(rows_part(result, names))
    add(witness_part(result, names))
  end
  add "<h2>In words</h2>"
  add("<pre>" .. html.text(report.describe(result, { data = options.data, data_name = options.data_name })) .. "</pre>")
  add("<h2>What this does not say</h2>" .. limits(result))
  add(repeat_part(result))
  add("<h2>Where it comes from</h2>" .. provenance(result))
  return html.page(title, parts)
end

return page
