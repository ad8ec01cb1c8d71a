--- Pictures of two input dimensions, drawn by gnuplot.
---
---     local plot = require "relucid.plot"
---     plot.write("region.png", {
---       window = {lo = {0, 0}, hi = {1, 1}},
---       {kind = "border", segments = plot.partition(label_of, window, 100), title = "linear regions"},
---       {kind = "polygon", points = plot.polygon(result:region(), 1, 2, point), title = "region"},
---       {kind = "box", lo = {0.2, 0.3}, hi = {0.4, 0.5}},
---       {kind = "point", points = {{0.3, 0.4}}}})
local Result = require "relucid.result"
local file = require "relucid.io.file"

local plot = {}

---@alias relucid.Window {lo: number[], hi: number[]}  two numbers each

---@class relucid.Layer
---@field kind "polygon"|"box"|"point"|"border"|"map"
---@field points? number[][]       polygon: corners in order; point: the points
---@field lo? number[]             box
---@field hi? number[]             box
---@field segments? number[][][]   border: pairs of points
---@field label? fun(x: number, y: number): integer  map: which area a place belongs to, 1, 2, ...
---@field areas? {title: string, color: string}[]    map: colours as #rrggbb
---@field steps? integer           map: cells in each direction, default 200
---@field title? string
---@field color? string            as gnuplot names colours
---@field fill? boolean            polygon, box: default true

-- ---- geometry ------------------------------------------------------------------------------

-- The part of a convex polygon with a.p <= b (Sutherland and Hodgman).
local function clip(points, a1, a2, b)
  local result = {}
  local previous = points[#points]
  for _, point in ipairs(points) do
    local u = a1 * previous[1] + a2 * previous[2] - b
    local v = a1 * point[1] + a2 * point[2] - b
    if (u < 0 and v > 0) or (u > 0 and v < 0) then
      local t = u / (u - v)
      result[#result + 1] = { previous[1] + t * (point[1] - previous[1]), previous[2] + t * (point[2] - previous[2]) }
    end
    if v <= 0 then result[#result + 1] = point end
    previous = point
  end
  return result
end

local function corners(lo, hi)
  return { { lo[1], lo[2] }, { hi[1], lo[2] }, { hi[1], hi[2] }, { lo[1], hi[2] } }
end

--- The corners of a region's slice through inputs i and j, the others as in `at`.  Empty when the slice misses it.
---@param region table  relucid.region, a polytope
---@param i integer
---@param j integer
---@param at number[]
---@return number[][]
function plot.polygon(region, i, j, at)
  local lo, hi, rows = region.lo, region.hi, region:rows()
  local points = corners({ lo[i], lo[j] }, { hi[i], hi[j] })
  for r, row in ipairs(rows.A) do
    local b = rows.b[r]
    for k, x in ipairs(at) do
      if k ~= i and k ~= j then b = b - row[k] * x end
    end
    points = clip(points, row[i], row[j], b)
    if #points == 0 then break end
  end
  return points
end

local function grid(window, steps, value)
  local values = {}
  for r = 0, steps do
    values[r] = {}
    local y = window.lo[2] + (window.hi[2] - window.lo[2]) * r / steps
    for c = 0, steps do
      values[r][c] = value(window.lo[1] + (window.hi[1] - window.lo[1]) * c / steps, y)
    end
  end
  return values
end

local function place(window, steps, c, r)
  return { window.lo[1] + (window.hi[1] - window.lo[1]) * c / steps,
           window.lo[2] + (window.hi[2] - window.lo[2]) * r / steps }
end

--- Borders between areas of different labels, found on a grid: such as tostring(net:pattern{x, y}).
---@param label fun(x: number, y: number): any
---@param window relucid.Window
---@param steps? integer  default 200
---@return number[][][] segments
function plot.partition(label, window, steps)
  steps = steps or 200
  local labels, segments = grid(window, steps, label), {}
  local function add(c1, r1, c2, r2)
    segments[#segments + 1] = { place(window, steps, c1, r1), place(window, steps, c2, r2) }
  end
  for r = 0, steps do
    for c = 0, steps do
      if c < steps and labels[r][c] ~= labels[r][c + 1] then add(c + 0.5, r - 0.5, c + 0.5, r + 0.5) end
      if r < steps and labels[r][c] ~= labels[r + 1][c] then add(c - 0.5, r + 0.5, c + 0.5, r + 0.5) end
    end
  end
  return segments
end

--- Where a function is zero, found on a grid by linear interpolation: such as property:value.
---@param value fun(x: number, y: number): number
---@param window relucid.Window
---@param steps? integer  default 200
---@return number[][][] segments
function plot.zero(value, window, steps)
  steps = steps or 200
  local values, segments = grid(window, steps, value), {}
  -- Crossings of the triangle's sides make at most one segment.
  local function triangle(...)
    local nodes, crossings = { ... }, {}
    for k = 1, 3 do
      local p, q = nodes[k], nodes[k % 3 + 1]
      local u, v = values[p[2]][p[1]], values[q[2]][q[1]]
      if (u >= 0) ~= (v >= 0) then
        local t = u / (u - v)
        crossings[#crossings + 1] = place(window, steps, p[1] + t * (q[1] - p[1]), p[2] + t * (q[2] - p[2]))
      end
    end
    if #crossings == 2 then segments[#segments + 1] = crossings end
  end
  for r = 0, steps - 1 do
    for c = 0, steps - 1 do
      triangle({ c, r }, { c + 1, r }, { c, r + 1 })
      triangle({ c + 1, r }, { c + 1, r + 1 }, { c, r + 1 })
    end
  end
  return segments
end

-- ---- gnuplot ----------------------------------------------------------------------------------

local function quote(text)
  return "'" .. tostring(text):gsub("'", "''"):gsub("[\r\n]", " ") .. "'"
end

local function shell_quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local COLORS = { polygon = "#4c78a8", box = "#f58518", point = "#000000", border = "#999999" }

local function point_line(point) return ("%.17g %.17g"):format(point[1], point[2]) end

local function closed(points)
  local lines = {}
  for i, point in ipairs(points) do lines[i] = point_line(point) end
  if points[1] then lines[#lines + 1] = point_line(points[1]) end
  return lines
end

-- The data lines of a layer and how gnuplot is to draw them.
local DRAW = {
  -- Cut to the window: gnuplot fills polygons wrongly that reach beyond it.
  polygon = function(layer, color, window)
    local points, rgb = layer.points, "rgb " .. quote(color)
    for k = 1, 2 do
      points = clip(points, k == 1 and 1 or 0, k == 2 and 1 or 0, window.hi[k])
      points = clip(points, k == 1 and -1 or 0, k == 2 and -1 or 0, -window.lo[k])
    end
    if layer.fill == false then return closed(points), "using 1:2 with lines lw 2 lc " .. rgb end
    return closed(points),
      ("using 1:2 with filledcurves closed fc %s fs transparent solid 0.3 border lc %s"):format(rgb, rgb)
  end,
  point = function(layer, color)
    local lines = {}
    for i, point in ipairs(layer.points) do lines[i] = point_line(point) end
    return lines, "using 1:2 with points pt 7 ps 1 lc rgb " .. quote(color)
  end,
  border = function(layer, color)
    local lines = {}
    for _, segment in ipairs(layer.segments) do
      lines[#lines + 1] = point_line(segment[1])
      lines[#lines + 1] = point_line(segment[2])
      lines[#lines + 1] = ""
    end
    return lines, "using 1:2 with lines lw 1 lc rgb " .. quote(color)
  end,
}
DRAW.box = function(layer, color, window)
  return DRAW.polygon({ points = corners(layer.lo, layer.hi), fill = layer.fill }, color, window)
end


local function rgb(color)
  local r, g, b = color:match "^#(%x%x)(%x%x)(%x%x)$"
  if not r then error(("map: colour '%s', expected #rrggbb"):format(color), 0) end
  return ("%d %d %d"):format(tonumber(r, 16), tonumber(g, 16), tonumber(b, 16))
end

-- A cell is drawn around its centre; the areas' titles need entries of their own.
DRAW.map = function(layer, _, window)
  local steps, lines, entries, colors = layer.steps or 200, {}, {}, {}
  for k, area in ipairs(layer.areas) do
    colors[k] = rgb(area.color)
    entries[k] = ("keyentry with boxes fs solid border lc 'gray' fc rgb %s title %s"):format(quote(area.color),
      quote(area.title))
  end
  for r = 1, steps do
    for c = 1, steps do
      local center = place(window, steps, c - 0.5, r - 0.5)
      lines[#lines + 1] = point_line(center) .. " " .. colors[layer.label(center[1], center[2])]
    end
  end
  return lines, "using 1:2:3:4:5 with rgbimage", entries
end

--- The gnuplot script of a picture.
---@param path string  the PNG file it is to write
---@param picture table  window, title, xlabel, ylabel, size = {width, height}, and the layers as a list
---@return string
function plot.script(path, picture)
  local window, size = picture.window, picture.size or { 800, 700 }
  local out = {
    ("set terminal pngcairo size %d,%d"):format(size[1], size[2]),
    "set output " .. quote(path),
    ("set xrange [%.17g:%.17g]"):format(window.lo[1], window.hi[1]),
    ("set yrange [%.17g:%.17g]"):format(window.lo[2], window.hi[2]),
    "set title " .. quote(picture.title or "") .. " noenhanced",
    "set xlabel " .. quote(picture.xlabel or "") .. " noenhanced",
    "set ylabel " .. quote(picture.ylabel or "") .. " noenhanced",
    "set bmargin at screen 0.16",
    "set key at screen 0.5,0.01 center bottom horizontal noenhanced",
  }
  local curves = {}
  for i, layer in ipairs(picture) do
    local draw = DRAW[layer.kind]
    if not draw then
      error(("layer %d: kind '%s', expected polygon, box, point, border or map"):format(i, tostring(layer.kind)), 0)
    end
    local lines, style, entries = draw(layer, layer.color or COLORS[layer.kind], window)
    if #lines > 0 then
      out[#out + 1] = ("$layer%d << END"):format(i)
      out[#out + 1] = table.concat(lines, "\n")
      out[#out + 1] = "END"
      curves[#curves + 1] = ("$layer%d %s %s"):format(i, style,
        layer.title and "title " .. quote(layer.title) or "notitle")
      table.move(entries or {}, 1, #(entries or {}), #curves + 1, curves)
    end
  end
  if #curves == 0 then error("the picture has nothing to draw", 0) end
  out[#out + 1] = "plot " .. table.concat(curves, ", ")
  return table.concat(out, "\n") .. "\n"
end

-- The program, which $GNUPLOT may name.
local function gnuplot()
  local program = os.getenv("GNUPLOT") or "gnuplot"
  if not os.execute(("command -v %s >/dev/null 2>&1"):format(shell_quote(program))) then
    error("pictures need gnuplot: install the package gnuplot-nox", 0)
  end
  return shell_quote(program)
end

--- Write a picture as PNG.
---@param path string
---@param picture table  see plot.script
function plot.write(path, picture)
  local program = gnuplot()
  file.replace(path, function(temporary)
    local script = plot.script(temporary, picture)
    local name = os.tmpname()
    file.write(name, script)
    local pipe = assert(io.popen(program .. " " .. shell_quote(name) .. " 2>&1"))
    local message = pipe:read("a")
    local ok = pipe:close()
    os.remove(name)
    if not ok then error(("gnuplot: %s"):format(message:match("[^\r\n]+") or "failed"), 0) end
  end)
end

-- The two inputs of the slice.
local function inputs_of(result, inputs)
  inputs = inputs or { 1, 2 }
  if type(inputs) ~= "table" then error(("option inputs: table expected, got %s"):format(type(inputs)), 0) end
  for k = 1, 2 do
    local i = inputs[k]
    if math.type(i) ~= "integer" or i < 1 or i > result.domain.n then
      error(("option inputs: [%d] is %s, expected an integer from 1 to %d"):format(k, tostring(i), result.domain.n), 0)
    end
  end
  if not result.point then error("the result has no point: there is no slice through it", 0) end
  return inputs[1], inputs[2]
end

--- A slice of a result through inputs i and j at its point: linear regions, the goal's border, region, boxes, point.
---@param result relucid.Result
---@param path string
---@param options? {inputs: integer[]?, window: relucid.Window?, steps: integer?, title: string?}
function plot.result(result, path, options)
  if getmetatable(result) ~= Result then
    error(("result: a result of a strategy expected, got %s"):format(type(result)), 0)
  end
  if type(path) ~= "string" then error(("path: string expected, got %s"):format(type(path)), 0) end
  options = options or {}
  if type(options) ~= "table" then error(("options: table expected, got %s"):format(type(options)), 0) end
  local i, j = inputs_of(result, options.inputs)
  local net, domain = result:network(), result.domain
  local window = options.window or { lo = { domain.lo[i], domain.lo[j] }, hi = { domain.hi[i], domain.hi[j] } }
  local function at(x, y)
    local point = table.move(result.point, 1, #result.point, 1, {})
    point[i], point[j] = x, y
    return point
  end
  local picture = { window = window, title = options.title, xlabel = "x" .. i, ylabel = "x" .. j }
  local function add(layer) picture[#picture + 1] = layer end
  add { kind = "border", title = "linear regions",
        segments = plot.partition(function(x, y) return tostring(net:pattern(at(x, y))) end, window, options.steps) }
  if result.goal then
    add { kind = "border", title = "goal", color = "#e45756", segments = plot.zero(function(x, y)
      local point = at(x, y)
      return result.goal:value(point, net:eval(point))
    end, window, options.steps) }
  end
  for k = 1, #result do
    local region = result:region(k)
    if region:is_polytope() then
      add { kind = "polygon", title = "region", points = plot.polygon(region, i, j, result.point) }
    else -- not convex: its border, by membership
      add { kind = "border", title = "region", color = "#4c78a8", segments = plot.partition(function(x, y)
        return tostring(region:contains(at(x, y)))
      end, window, options.steps) }
    end
    for _, kind in ipairs { "width", "volume" } do
      local box = result:box(kind, k)
      if box then
        add { kind = "box", title = kind .. " box", fill = false, color = kind == "width" and "#f58518" or "#54a24b",
              lo = { box.lo[i], box.lo[j] }, hi = { box.hi[i], box.hi[j] } }
      end
    end
  end
  add { kind = "point", title = "point", points = { { result.point[i], result.point[j] } } }
  plot.write(path, picture)
end

return plot
