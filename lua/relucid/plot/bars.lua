--- Boxes as bars, one row for each input: the domain, the largest boxes inside a region, the data's histogram behind.
local words = require "relucid.words"

local bars = {}

local MOST = 24 -- inputs; of more those that the box restricts most
local BINS = 40
local VOLUME, WIDTH, HISTOGRAM = "#0072b2", "#e69f00", "#d0d0d0"

local function rectangle(x1, y1, x2, y2) return { { x1, y1 }, { x2, y1 }, { x2, y2 }, { x1, y2 } } end

-- The inputs to show, in their order.
local function chosen(domain, box)
  local list, share = {}, {}
  for i = 1, domain.n do
    local range = domain.hi[i] - domain.lo[i]
    share[i] = range > 0 and (box.hi[i] - box.lo[i]) / range or 2
    list[i] = i
  end
  if #list > MOST then
    table.sort(list, function(a, b) return share[a] < share[b] or (share[a] == share[b] and a < b) end)
    list = table.move(list, 1, MOST, 1, {})
    table.sort(list)
  end
  return list
end

-- Shares of the data in bins of an input's range; the largest is 1.
local function histogram(data, i, lo, hi)
  local counts, most = {}, 0
  for bin = 1, BINS do counts[bin] = 0 end
  for row = 1, #data do
    local x = data:row(row)[i]
    if x >= lo and x <= hi then
      local bin = math.min(math.floor((x - lo) / (hi - lo) * BINS) + 1, BINS)
      counts[bin] = counts[bin] + 1
      most = math.max(most, counts[bin])
    end
  end
  for bin = 1, BINS do counts[bin] = most > 0 and counts[bin] / most or 0 end
  return counts
end

local function histogram_polygons(polygons, data, i, y, domain)
  local lo, hi = domain.lo[i], domain.hi[i]
  if lo >= hi then return end
  for bin, share in ipairs(histogram(data, i, lo, hi)) do
    if share > 0 then
      polygons[#polygons + 1] = rectangle((bin - 1) / BINS, y - 0.42, bin / BINS, y - 0.42 + 0.84 * share)
    end
  end
end

local function title_of(names, result, shown)
  local n, goal = result.domain.n, result.goal and words.goal(names, result.goal) or ""
  return shown < n and ("%s (the %d inputs of %d that the box restricts most)"):format(goal, shown, n) or goal
end

--- The picture of a region's boxes, for plot.write.
---@param result relucid.Result
---@param options {region: integer?, data: table?, title: string?, size: integer[]?}
---@return relucid.Picture
function bars.picture(result, options)
  local domain, k = result.domain, options.region or 1
  local boxes = { volume = result:box("volume", k), width = result:box("width", k) }
  local main = boxes.volume or boxes.width
  if not main then error("the region has no box inside that is known: there are no bars to draw", 0) end
  local names, inputs = words.names_of(result), chosen(domain, main)
  local frame, behind, points = {}, {}, {}
  local rows, ytics, texts = { volume = {}, width = {} }, {}, {}
  local function place(i, x)
    local range = domain.hi[i] - domain.lo[i]
    return range > 0 and (x - domain.lo[i]) / range or 0.5
  end
  for row, i in ipairs(inputs) do
    local y = #inputs - row + 1
    frame[row] = rectangle(0, y - 0.42, 1, y + 0.42)
    if options.data then histogram_polygons(behind, options.data, i, y, domain) end
    for kind, box in pairs(boxes) do
      local from, to = place(i, box.lo[i]), place(i, box.hi[i])
      local least = math.max(0.003 - (to - from), 0) / 2 -- a fixed input is a line
      local low, high = kind == "volume" and 0.02 or -0.3, kind == "volume" and 0.3 or -0.02
      rows[kind][row] = rectangle(from - least, y + low, to + least, y + high)
    end
    if result.point then points[row] = { place(i, result.point[i]), y } end
    ytics[row] = { y, names.inputs[i] }
    local lo, hi = words.interval(main.lo[i], main.hi[i], domain.hi[i] - domain.lo[i])
    texts[row] = { 1.02, y, lo == hi and lo or ("%s to %s"):format(lo, hi) }
  end
  local picture = {
    window = { lo = { 0, 0.4 }, hi = { 1.4, #inputs + 0.6 } }, ytics = ytics, bare = true, margins = { 0.2, 0.02 },
    xtics = { { 0, "lower end" }, { 0.5, "of the domain" }, { 1, "upper end" } },
    size = options.size or { 900, 190 + 38 * #inputs },
    title = options.title or title_of(names, result, #inputs),
    { kind = "polygons", polygons = behind, color = HISTOGRAM, width = 0, alpha = 1, title = options.data and "data" },
    { kind = "polygons", polygons = frame, color = "#808080", fill = false, width = 0.7, title = "domain" },
    { kind = "polygons", polygons = rows.volume, color = VOLUME, alpha = 0.9, width = 0,
      title = boxes.volume and "largest box by volume" },
    { kind = "polygons", polygons = rows.width, color = WIDTH, alpha = 0.9, width = 0,
      title = boxes.width and "largest box by width" },
    { kind = "point", points = points, title = #points > 0 and "the point" },
    { kind = "labels", texts = texts },
  }
  for _, layer in ipairs(picture) do layer.title = layer.title or nil end
  return picture
end

return bars
