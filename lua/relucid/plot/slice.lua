--- A slice of results through two inputs: the network's linear regions, where the goal holds, regions and boxes.
local geometry = require "relucid.plot.geometry"
local grid = require "relucid.plot.grid"
local pieces = require "relucid.plot.pieces"
local words = require "relucid.words"

local slice = {}

-- Colours that people with any kind of colour vision tell apart (Okabe and Ito, 2008), for one result each.
local COLORS = { "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000" }
local GOAL, LINES = "#f0e442", "#b0b0b0"
local OUTLINED = 12 -- so many regions have outlines of their own

---@class relucid.SliceOptions
---@field inputs? integer[]     the two inputs of the axes, from 1; default 1 and 2
---@field window? relucid.Window  default: the domain's
---@field at? number[]          values of the other inputs; default: the first result's point
---@field zoom? boolean         the window is around the regions and the point, rather than the whole domain
---@field steps? integer        of the grid, where something has no exact description; default 200
---@field title? string         default: file and goal
---@field size? integer[]

local MARGIN = 0.3 -- of a zoomed window, on each side, in widths of what is in it

-- A window around all regions and the point, in the domain: as far as the bounds of boxes and corners tell.
local function zoomed(results, i, j, at, whole)
  local lo, hi = { math.huge, math.huge }, { -math.huge, -math.huge }
  local function take(x, y)
    lo[1], hi[1], lo[2], hi[2] = math.min(lo[1], x), math.max(hi[1], x), math.min(lo[2], y), math.max(hi[2], y)
  end
  take(at[i], at[j])
  for _, result in ipairs(results) do
    for k = 1, #result do
      local region = result:region(k)
      for _, p in ipairs(region:is_polytope() and geometry.polygon(region, i, j, at) or {}) do take(p[1], p[2]) end
      local box = result:box("volume", k)
      if box then
        take(box.lo[i], box.lo[j])
        take(box.hi[i], box.hi[j])
      end
    end
  end
  for axis = 1, 2 do
    local width = hi[axis] - lo[axis]
    local margin = width > 0 and MARGIN * width or 0.1 * (whole.hi[axis] - whole.lo[axis])
    lo[axis], hi[axis] = math.max(lo[axis] - margin, whole.lo[axis]), math.min(hi[axis] + margin, whole.hi[axis])
  end
  return { lo = lo, hi = hi }
end

-- What the layers share.
local function context_of(results, options)
  local first = results[1]
  local i, j = options.inputs[1], options.inputs[2]
  local domain = first.domain
  local at = table.move(options.at, 1, #options.at, 1, {})
  local function point(x, y)
    at[i], at[j] = x, y
    return at
  end
  local window = { lo = { domain.lo[i], domain.lo[j] }, hi = { domain.hi[i], domain.hi[j] } }
  if options.zoom then window = zoomed(results, i, j, options.at, window) end
  window = options.window or window
  return { net = first:network(), domain = domain, i = i, j = j, at = options.at, point = point, window = window,
           steps = options.steps }
end

-- The network's pieces in the window, and their lines; by a grid where there are too many.
local function pieces_layer(context)
  local net = context.net
  context.pieces = pieces.of(net, context.domain, context.window, context.i, context.j, context.at)
  if context.pieces then
    return { kind = "polygons", fill = false, width = 0.7, color = LINES, polygons = pieces.polygons(context.pieces),
             title = ("%d linear regions"):format(#context.pieces) }
  end
  return { kind = "border", color = LINES, title = "linear regions", segments = grid.partition(function(x, y)
    return tostring(net:pattern(context.point(x, y)))
  end, context.window, context.steps) }
end

-- The goal's side, shaded; its border alone where there are too many pieces.
local function goal_layer(context, goal)
  local net = context.net
  local holds = context.pieces
    and pieces.of(net, context.domain, context.window, context.i, context.j, context.at, goal)
  if holds then
    return { kind = "polygons", color = GOAL, width = 0, alpha = 0.45, polygons = pieces.polygons(holds),
             title = "the goal holds" }
  end
  return { kind = "border", color = "#c0a000", width = 2, title = "the goal's border", segments = grid.zero(
    function(x, y)
      local point = context.point(x, y)
      return goal:value(point, net:eval(point))
    end, context.window, context.steps) }
end

-- The polygons of a region; nil where it has none.
local function polygons_of(context, region)
  local i, j, at = context.i, context.j, context.at
  if region:is_polytope() then
    local polygon = geometry.polygon(region, i, j, at)
    return #polygon > 0 and { polygon } or {}
  end
  if not context.pieces then return nil end
  local rows, polygons = region:rows(), {}
  for _, piece in ipairs(pieces.obeying(context.pieces, region:pattern())) do
    local polygon = geometry.cut(piece.points, rows, i, j, at)
    if #polygon > 0 then polygons[#polygons + 1] = polygon end
  end
  return polygons
end

local function region_layers(context, add, result, color)
  local polygons, segments = {}, {}
  for k = 1, #result do
    local region = result:region(k)
    local own = polygons_of(context, region)
    if own then
      table.move(own, 1, #own, #polygons + 1, polygons)
    else -- not convex, and too many pieces: its border, by membership
      local border = grid.partition(function(x, y) return tostring(region:contains(context.point(x, y))) end,
        context.window, context.steps)
      table.move(border, 1, #border, #segments + 1, segments)
    end
  end
  local title = #result == 1 and ("%s: region"):format(result.strategy)
    or ("%s: %d regions"):format(result.strategy, #result)
  if #polygons == 0 and #segments == 0 then return end
  local many = #result > OUTLINED
  add { kind = "polygons", color = color, polygons = polygons, alpha = many and 0.15 or 0.35, width = many and 0.5 or 2,
        title = #polygons > 0 and title or nil }
  add { kind = "border", color = color, segments = segments, title = #polygons == 0 and title or nil }
end

-- The boxes of a result: of each kind one layer, however many regions there are.
local function box_layers(context, add, result, color)
  local i, j = context.i, context.j
  for _, kind in ipairs { "volume", "width" } do
    local polygons = {}
    for k = 1, #result do
      local box = result:kind(k) ~= "box" and result:box(kind, k)
      if box then
        polygons[#polygons + 1] = geometry.corners({ box.lo[i], box.lo[j] }, { box.hi[i], box.hi[j] })
      end
    end
    if #result > OUTLINED then polygons = {} end
    add { kind = "polygons", fill = false, color = color, width = kind == "width" and 1.5 or 2.5, polygons = polygons,
          dash = kind == "width", title = #polygons > 0 and ("%s: largest box by %s"):format(result.strategy, kind) }
  end
end

local function counterexamples(context, add, results)
  local points = {}
  for _, result in ipairs(results) do
    local record = result:record().regions[1]
    for _, x in ipairs(record and record.witnesses or {}) do
      if #points < 50 then points[#points + 1] = { x[context.i], x[context.j] } end
    end
  end
  if #points > 0 then
    add { kind = "point", shape = 2, color = "#d00000", points = points, title = "counterexamples outside the faces" }
  end
end

--- The picture of a slice, for plot.write.
---@param results relucid.Result[]  of one network
---@param options relucid.SliceOptions  inputs and at are there
---@return relucid.Picture
function slice.picture(results, options)
  local context = context_of(results, options)
  local names, goal = words.names_of(results[1]), results[1].goal
  local picture = { window = context.window, size = options.size or { 900, 760 }, xlabel = names.inputs[context.i],
                    ylabel = names.inputs[context.j],
                    title = options.title or goal and words.goal(names, goal) or nil }
  local function add(layer)
    if layer.title == false then layer.title = nil end
    picture[#picture + 1] = layer
  end
  local lines = pieces_layer(context)
  if goal then add(goal_layer(context, goal)) end
  add(lines)
  for k, result in ipairs(results) do region_layers(context, add, result, COLORS[(k - 1) % #COLORS + 1]) end
  for k, result in ipairs(results) do box_layers(context, add, result, COLORS[(k - 1) % #COLORS + 1]) end
  counterexamples(context, add, results)
  if results[1].point then
    local point = results[1].point
    add { kind = "point", title = "the point", points = { { point[context.i], point[context.j] } } }
  end
  return picture
end

return slice
