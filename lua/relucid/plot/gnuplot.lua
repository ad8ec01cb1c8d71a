--- Pictures of layers, drawn by gnuplot as PNG, SVG or PDF.
local file = require "relucid.io.file"
local geometry = require "relucid.plot.geometry"
local grid = require "relucid.plot.grid"

local gnuplot = {}

---@alias relucid.Window {lo: number[], hi: number[]}  two numbers each

---@class relucid.Layer
---@field kind "polygon"|"polygons"|"box"|"point"|"border"|"lines"|"map"|"pixels"|"labels"
---@field points? number[][]       polygon: corners in order; point: the points; lines: from one to the next
---@field polygons? number[][][]   polygons: several, drawn as one
---@field lo? number[]             box
---@field hi? number[]             box
---@field segments? number[][][]   border: pairs of points
---@field label? fun(x: number, y: number): integer  map: which area a place belongs to, 1, 2, ...
---@field areas? {title: string, color: string}[]    map: colours as #rrggbb
---@field steps? integer           map: cells in each direction, default 200
---@field colors? number[][][]     pixels: rows from the top of {red, green, blue}, 0 to 255
---@field texts? {[1]: number, [2]: number, [3]: string}[]  labels: x, y, text
---@field align? "left"|"right"|"center"  labels; default left
---@field title? string            its entry in the legend; nil: none
---@field color? string            as gnuplot names colours
---@field fill? boolean            polygon, polygons, box: default true
---@field alpha? number            of a fill, 0 to 1; default 0.3
---@field width? number            of lines, default 2 (border: 1)
---@field dash? boolean            lines are dashed
---@field shape? integer           point: gnuplot's pt, default 7, a disc

---@class relucid.Picture  its layers are its list
---@field window relucid.Window
---@field title? string
---@field xlabel? string
---@field ylabel? string
---@field size? integer[]          width and height in pixels; default 800 x 700
---@field ytics? {[1]: number, [2]: string}[]  places and texts
---@field xtics? {[1]: number, [2]: string}[]
---@field margins? number[]        left and right, as shares of the width
---@field square? boolean          units of both axes are of one length
---@field bare? boolean            no frame, and no axes but where there are ytics

local COLORS = { polygon = "#4c78a8", polygons = "#4c78a8", box = "#f58518", point = "#000000", border = "#999999",
                 lines = "#4c78a8", labels = "#000000" }

local function quote(text)
  return "'" .. tostring(text):gsub("'", "''"):gsub("[\r\n]", " ") .. "'"
end

local function shell_quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function point_line(point) return ("%.17g %.17g"):format(point[1], point[2]) end

local function stroke(layer, color, width)
  return ("lw %g lc rgb %s%s"):format(layer.width or width, quote(color), layer.dash and " dt 2" or "")
end

-- ---- the data lines of a layer, and how gnuplot is to draw them ----------------------------------------

local DRAW = {}

-- Cut to the window: gnuplot fills polygons wrongly that reach beyond it.
function DRAW.polygons(layer, color, window)
  local lines = {}
  for _, points in ipairs(layer.polygons) do
    points = geometry.inside(points, window)
    for _, point in ipairs(points) do lines[#lines + 1] = point_line(point) end
    if #points > 0 then
      lines[#lines + 1] = point_line(points[1])
      lines[#lines + 1] = ""
    end
  end
  lines[#lines] = nil -- the last blank line
  if layer.fill == false then return lines, "using 1:2 with lines " .. stroke(layer, color, 2) end
  return lines, ("using 1:2 with filledcurves closed fc rgb %s fs transparent solid %g %s"):format(quote(color),
    layer.alpha or 0.3, layer.width == 0 and "noborder" or "border lc rgb " .. quote(color))
end

function DRAW.polygon(layer, color, window)
  return DRAW.polygons(setmetatable({ polygons = { layer.points } }, { __index = layer }), color, window)
end

function DRAW.box(layer, color, window)
  return DRAW.polygons(setmetatable({ polygons = { geometry.corners(layer.lo, layer.hi) } }, { __index = layer }),
    color, window)
end

function DRAW.point(layer, color)
  local lines = {}
  for i, point in ipairs(layer.points) do lines[i] = point_line(point) end
  return lines, ("using 1:2 with points pt %d ps %g lc rgb %s"):format(layer.shape or 7, layer.width or 1, quote(color))
end

function DRAW.lines(layer, color)
  local lines = {}
  for i, point in ipairs(layer.points) do lines[i] = point_line(point) end
  return lines, "using 1:2 with lines " .. stroke(layer, color, 2)
end

function DRAW.border(layer, color)
  local lines = {}
  for _, segment in ipairs(layer.segments) do
    lines[#lines + 1] = point_line(segment[1])
    lines[#lines + 1] = point_line(segment[2])
    lines[#lines + 1] = ""
  end
  return lines, "using 1:2 with lines " .. stroke(layer, color, 1)
end

function DRAW.labels(layer, color)
  local lines = {}
  for i, label in ipairs(layer.texts) do
    lines[i] = ('%s "%s"'):format(point_line(label), (label[3]:gsub('[\\"]', "\\%0"):gsub("[\r\n]", " ")))
  end
  return lines, ("using 1:2:3 with labels %s tc rgb %s noenhanced"):format(layer.align or "left", quote(color))
end

local function rgb(color)
  local r, g, b = color:match "^#(%x%x)(%x%x)(%x%x)$"
  if not r then error(("map: colour '%s', expected #rrggbb"):format(color), 0) end
  return ("%d %d %d"):format(tonumber(r, 16), tonumber(g, 16), tonumber(b, 16))
end

-- A cell is drawn around its centre; the areas' titles need entries of their own.
function DRAW.map(layer, _, window)
  local lines, entries, colors = {}, {}, {}
  for k, area in ipairs(layer.areas) do
    colors[k] = rgb(area.color)
    entries[k] = ("keyentry with boxes fs solid border lc 'gray' fc rgb %s title %s"):format(quote(area.color),
      quote(area.title))
  end
  grid.cells(window, layer.steps or 200, function(center)
    lines[#lines + 1] = point_line(center) .. " " .. colors[layer.label(center[1], center[2])]
  end)
  return lines, "using 1:2:3:4:5 with rgbimage", entries
end

-- Each pixel is several of the image's: viewers smooth what they enlarge.
local ENLARGED = 224

function DRAW.pixels(layer)
  local lines, height, width = {}, #layer.colors, #layer.colors[1]
  local times = math.max(ENLARGED // math.max(height, width), 1)
  for r = 0, height * times - 1 do
    local row = layer.colors[r // times + 1]
    for c = 0, width * times - 1 do
      local color = row[c // times + 1]
      lines[#lines + 1] = ("%g %g %d %d %d"):format((c + 0.5) / times + 0.5, height + 0.5 - (r + 0.5) / times,
        color[1], color[2], color[3])
    end
  end
  return lines, "using 1:2:3:4:5 with rgbimage"
end

-- ---- scripts ------------------------------------------------------------------------------------------

local TERMINALS = {
  png = function(size) return ("pngcairo size %d,%d"):format(size[1], size[2]) end,
  svg = function(size)
    return ("svg size %d,%d noenhanced font 'sans-serif,13' background '#ffffff'"):format(size[1], size[2])
  end,
  pdf = function(size) return ("pdfcairo size %gin,%gin font 'sans,10'"):format(size[1] / 100, size[2] / 100) end,
}

--- The format that a picture's name asks for: "png", "svg" or "pdf".
---@param path string
---@return string
function gnuplot.format(path)
  local ending = path:lower():match "%.(%w+)$"
  if not TERMINALS[ending] then
    error(("%s: no format of pictures, expected a name that ends in .png, .svg or .pdf"):format(path), 0)
  end
  return ending
end

local function tics(axis, list)
  if not list then return nil end
  local entries = {}
  for i, entry in ipairs(list) do entries[i] = ("%s %.17g"):format(quote(entry[2]), entry[1]) end
  return ("set %stics noenhanced scale 0 (%s)"):format(axis, table.concat(entries, ", "))
end

-- What stands before the curves.
local function preamble(picture)
  local window = picture.window
  local out = {
    ("set xrange [%.17g:%.17g]"):format(window.lo[1], window.hi[1]),
    ("set yrange [%.17g:%.17g]"):format(window.lo[2], window.hi[2]),
    "set title " .. quote(picture.title or "") .. " noenhanced",
    "set xlabel " .. quote(picture.xlabel or "") .. " noenhanced",
    "set ylabel " .. quote(picture.ylabel or "") .. " noenhanced",
  }
  local function add(line) out[#out + 1] = line end
  if picture.bare then add(picture.ytics and "unset border" or "unset tics\nunset border") end
  if picture.square then add "set size ratio -1" end
  add(tics("x", picture.xtics))
  add(tics("y", picture.ytics))
  if picture.margins then
    add(("set lmargin at screen %g\nset rmargin at screen %g"):format(picture.margins[1], 1 - picture.margins[2]))
  end
  return out
end

-- The lines of data blocks, and the curves that draw them; `number` makes the blocks' names unique.
local function curves_of(picture, out, number)
  local curves = {}
  for i, layer in ipairs(picture) do
    local draw = DRAW[layer.kind]
    if not draw then
      error(("layer %d: kind '%s', expected polygon, polygons, box, point, border, lines, map, pixels or labels")
        :format(i, tostring(layer.kind)), 0)
    end
    local lines, style, entries = draw(layer, layer.color or COLORS[layer.kind], picture.window)
    if #lines > 0 then
      local name = ("$layer%d"):format(number + i)
      out[#out + 1] = name .. " << END"
      out[#out + 1] = table.concat(lines, "\n")
      out[#out + 1] = "END"
      curves[#curves + 1] = ("%s %s %s"):format(name, style,
        layer.title and "title " .. quote(layer.title) or "notitle")
      table.move(entries or {}, 1, #(entries or {}), #curves + 1, curves)
    end
  end
  if #curves == 0 then error("the picture has nothing to draw", 0) end
  return curves
end

local LINE, AXIS = 19, 70 -- pixels: of a line of the legend; of the axis' numbers and label

-- Where the legend stands: below everything, in two columns.
local function legend(picture, size)
  local entries = 0
  for _, layer in ipairs(picture) do
    entries = entries + (layer.title and 1 or 0) + (layer.areas and #layer.areas or 0)
  end
  if entries == 0 then return nil end
  local rows = math.ceil(entries / 2)
  return ("set bmargin at screen %g\nset key at screen 0.5,%g center bottom horizontal noenhanced maxcols 2"):format(
    (AXIS + LINE * rows) / size[2], 6 / size[2])
end

--- The gnuplot script of a picture.
---@param path string  the file it is to write
---@param picture relucid.Picture
---@param format? "png"|"svg"|"pdf"  default png
---@return string
function gnuplot.script(path, picture, format)
  local size = picture.size or { 800, 700 }
  local out = { "set terminal " .. TERMINALS[format or "png"](size), "set output " .. quote(path) }
  table.move(preamble(picture), 1, 100, #out + 1, out)
  out[#out + 1] = legend(picture, size)
  local curves = curves_of(picture, out, 0)
  out[#out + 1] = "plot " .. table.concat(curves, ", ")
  return table.concat(out, "\n") .. "\n"
end

--- The gnuplot script of several pictures in a row.
---@param path string
---@param panels relucid.Picture[]
---@param options {size: integer[]?, title: string?, rows: integer?}
---@param format? "png"|"svg"|"pdf"
---@return string
function gnuplot.panels(path, panels, options, format)
  local rows = options.rows or 1
  local out = { "set terminal " .. TERMINALS[format or "png"](options.size or { 320 * #panels, 380 }),
                "set output " .. quote(path),
                ("set multiplot layout %d,%d title %s noenhanced"):format(rows, math.ceil(#panels / rows),
                  quote(options.title or "")) }
  for k, picture in ipairs(panels) do
    table.move(preamble(picture), 1, 100, #out + 1, out)
    out[#out + 1] = "unset key"
    local curves = curves_of(picture, out, 1000 * k)
    out[#out + 1] = "plot " .. table.concat(curves, ", ")
  end
  out[#out + 1] = "unset multiplot"
  return table.concat(out, "\n") .. "\n"
end

-- ---- running it ----------------------------------------------------------------------------------------

-- The program, which $GNUPLOT may name.
local function program()
  local name = os.getenv("GNUPLOT") or "gnuplot"
  if not os.execute(("command -v %s >/dev/null 2>&1"):format(shell_quote(name))) then
    error("pictures need gnuplot: install the package gnuplot-nox", 0)
  end
  return shell_quote(name)
end

--- Is there a gnuplot?
---@return boolean
function gnuplot.exists() return (pcall(program)) end

local function run(script)
  local name = os.tmpname()
  file.write(name, script)
  local pipe = assert(io.popen(program() .. " " .. shell_quote(name) .. " 2>&1"))
  local message = pipe:read("a")
  local ok = pipe:close()
  os.remove(name)
  if not ok then error(("gnuplot: %s"):format(message:match("[^\r\n]+") or "failed"), 0) end
end

--- Write what `script(path, format)` draws: whole or not at all.
---@param path string  ends in .png, .svg or .pdf
---@param script fun(path: string, format: string): string
function gnuplot.write(path, script)
  local format = gnuplot.format(path)
  program()
  file.replace(path, function(temporary) run(script(temporary, format)) end)
end

return gnuplot
