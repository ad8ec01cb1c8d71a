--- For which encounters does the demo network provably say "climb"?
---
---     make demo          or: lua5.4 examples/demo/run.lua [DIRECTORY], with relucid installed
---
--- Around each encounter of points.lua the strategies look for a region on which
--- "climb" is proved.  Their boxes are printed, every region is sampled against
--- the network, and the regions around many encounters are put together.
--- Pictures and results go to DIRECTORY (default: build/demo).  All numbers are
--- in physical units: --raw, that is, of the network whose file's means and
--- ranges are folded into its weights.
local here = arg[0]:match "^(.*/)" or "./"
package.path = here .. "?.lua;" .. here .. "../?.lua;" .. package.path

local relucid = require "relucid"
local Prng = require "prng"

local DIRECTORY = arg[1] or "build/demo"
local SAMPLES = 1000 -- of each region
local STARTS = 60 -- encounters around which the union looks
-- A query that takes more search nodes stays without an answer, and its literal is kept.
local SEARCH = { nodes = 20000 }

local INPUTS = { { name = "altitude", unit = "ft", format = "%.0f" },
                 { name = "own rate", unit = "ft/s", format = "%.1f" },
                 { name = "intruder's rate", head = "intruder", unit = "ft/s", format = "%.1f" },
                 { name = "tau", unit = "s", format = "%.2f" } }
local CLEAR, CLIMB, DESCEND = 1, 2, 3
local TRIES = {
  { name = "prophecy", strategy = "prophecy" },
  { name = "nninfer 0.1", strategy = "nninfer", epsilon = 0.1 },
  { name = "nninfer 1", strategy = "nninfer", epsilon = 1 },
}

local started = relucid.now()
local net = relucid.load(here .. "climb.nnet", { raw = true })
local goal = relucid.property.argmax(net, CLIMB)
local encounters = relucid.data(here .. "encounters.csv")

-- ---- asking the network --------------------------------------------------------------------

local function advisory(x)
  local y = net:eval(x)
  if y[CLIMB] >= y[CLEAR] and y[CLIMB] >= y[DESCEND] then return CLIMB end
  return y[CLEAR] >= y[DESCEND] and CLEAR or DESCEND
end

local function characterize(try, x)
  return relucid.strategy[try.strategy](net, x, goal, { epsilon = try.epsilon, raw = true, search = SEARCH })
end

-- The part of the line x + t*direction that lies in the region: t from low to high.
local function chord(region, rows, x, direction)
  local low, high = -math.huge, math.huge
  local function cut(slope, room) -- slope * t <= room
    if slope > 0 then high = math.min(high, room / slope) elseif slope < 0 then low = math.max(low, room / slope) end
  end
  for i = 1, net.n do
    cut(direction[i], region.hi[i] - x[i])
    cut(-direction[i], x[i] - region.lo[i])
  end
  for r, row in ipairs(rows.A) do
    local slope, room = 0, rows.b[r]
    for i = 1, net.n do
      slope, room = slope + row[i] * direction[i], room - row[i] * x[i]
    end
    cut(slope, room)
  end
  return math.min(low, 0), math.max(high, 0)
end

--- Walk through the region by hit-and-run from a point in it; how many of the samples are "climb".
local function sample(region, x, prng)
  local rows, climbs, taken = region:rows(), 0, 0
  for _ = 1, SAMPLES do
    local direction, next_x = {}, {}
    for i = 1, net.n do direction[i] = prng:uniform(-1, 1) * (region.hi[i] - region.lo[i]) end
    local low, high = chord(region, rows, x, direction)
    local t = prng:uniform(low, high)
    for i = 1, net.n do next_x[i] = x[i] + t * direction[i] end
    if region:contains(next_x) then -- not when rounding has put it just outside
      x, taken = next_x, taken + 1
      if advisory(x) == CLIMB then climbs = climbs + 1 end
    end
  end
  return climbs, taken
end

-- ---- one region around each point -------------------------------------------------------------

local WIDTHS = { 12, 8, 6, 13, 15, 15, 14, 7 }

local function print_row(...)
  local words = { ... }
  for k, width in ipairs(WIDTHS) do
    words[k] = (k == 1 and "%-" .. width .. "s" or "%" .. width .. "s"):format(words[k] or "")
  end
  print((table.concat(words, " "):gsub("%s+$", "")))
end

local function ranges(box)
  local words = {}
  for i, input in ipairs(INPUTS) do
    -- No "-0.0".
    local function number(v) return (input.format:format(v):gsub("^%-(0%.?0*)$", "%1")) end
    words[i] = box and number(box.lo[i]) .. " to " .. number(box.hi[i]) or "none"
  end
  return table.unpack(words)
end

local function file_name(number, try)
  return ("%s/%d-%s.json"):format(DIRECTORY, number, try.name:gsub(" ", "-"))
end

local function print_point(number, point)
  local values = {}
  for i, input in ipairs(INPUTS) do values[i] = ("%s %g %s"):format(input.name, point.raw[i], input.unit) end
  print(("\nEncounter %d: %s\n  %s"):format(number, point.name, table.concat(values, ", ")))
  local heads = {}
  for i, input in ipairs(INPUTS) do heads[i] = ("%s [%s]"):format(input.head or input.name, input.unit) end
  print_row("strategy", "literals", "box by", heads[1], heads[2], heads[3], heads[4], "support")
end

--- Print a region's two boxes and write its JSON; sample it.
---@return integer climbs
---@return integer samples
local function print_try(number, try, result, prng)
  local support = result:support(encounters)
  result:save(file_name(number, try))
  if #result == 0 then
    print_row(try.name, result.status)
    return 0, 0
  end
  local literals = ("%d of %d"):format(result:pattern():literals(), net.neurons)
  local h, vo, vi, tau = ranges(result:box "width")
  print_row(try.name, literals, "width", h, vo, vi, tau, support)
  print_row("", "", "volume", ranges(result:box "volume"))
  return sample(result:region(), result.point, prng)
end

-- ---- many encounters ----------------------------------------------------------------------------

local function climbs_of(data)
  local list = {}
  for i = 1, #data do
    local x = data:row(i)
    if advisory(x) == CLIMB then list[#list + 1] = x end
  end
  return list
end

--- Take a region around each point that none covers yet, for so many points; visit(result) sees each.
---@param points number[][]
---@param starts integer
---@param try table
---@param visit? fun(result: relucid.Result)
---@return integer covered  points
---@return integer regions
local function cover(points, starts, try, visit)
  local data, seen, covered, regions = relucid.data(points), {}, 0, 0
  for i, x in ipairs(points) do
    if regions == starts then break end
    if not seen[i] then
      local result = characterize(try, x)
      regions = regions + 1
      for _, row in ipairs(result:members(data)) do
        if not seen[row] then
          seen[row], covered = true, covered + 1
        end
      end
      if visit then visit(result) end
    end
  end
  return covered, regions
end

-- ---- pictures -------------------------------------------------------------------------------------

local H, TAU = 1, 4
local AREAS = { { title = "clear", color = "#f7f7f7" }, { title = "climb", color = "#c7e3c0" },
                { title = "descend", color = "#f3d5d0" } }

local BOX_COLORS = { width = "#d95f02", volume = "#3b4cc0" }
local REGION_COLOR = "#1b6e20"

-- A slice through tau and altitude; the rates are the point's.
local function slice(point, window)
  local function at(tau, h)
    local x = table.move(point, 1, net.n, 1, {})
    x[H], x[TAU] = h, tau
    return x
  end
  local picture = {
    window = window, size = { 1000, 750 },
    xlabel = "tau: time until horizontal separation is lost [s]",
    ylabel = "altitude of the intruder above the own aircraft [ft]",
    { kind = "map", areas = AREAS, steps = 250, label = function(tau, h) return advisory(at(tau, h)) end },
  }
  return picture, at
end

local function rates(point)
  return ("own rate %g ft/s, intruder's rate %g ft/s"):format(point[2], point[3])
end

local function draw_region(path, result, title, window)
  local point = result.point
  local picture = slice(point, window)
  picture.title = ("%s (%s)"):format(title, rates(point))
  local function add(layer) picture[#picture + 1] = layer end
  add { kind = "polygon", title = "proved region", color = REGION_COLOR,
        points = relucid.plot.polygon(result:region(), TAU, H, point) }
  for _, kind in ipairs { "width", "volume" } do
    local box = result:box(kind)
    if box then
      add { kind = "box", title = "box by " .. kind, fill = false, color = BOX_COLORS[kind],
            lo = { box.lo[TAU], box.lo[H] }, hi = { box.hi[TAU], box.hi[H] } }
    end
  end
  add { kind = "point", title = "the encounter", points = { { point[TAU], point[H] } } }
  relucid.plot.write(path, picture)
end

-- The slice's places where the network says climb, in an order without order.
local function climbs_on_slice(at, window, prng)
  local list, steps = {}, 40
  for r = 1, steps do
    for c = 1, steps do
      local x = at(window.lo[1] + (window.hi[1] - window.lo[1]) * (c - 0.5) / steps,
        window.lo[2] + (window.hi[2] - window.lo[2]) * (r - 0.5) / steps)
      if advisory(x) == CLIMB then list[#list + 1] = x end
    end
  end
  return prng:shuffle(list)
end

---@return integer covered  of the places on a grid where the network says climb
---@return integer places
---@return integer regions
local function draw_cover(path, point, try, window)
  local picture, at = slice(point, window)
  local places = climbs_on_slice(at, window, Prng.new(1))
  local covered, regions = cover(places, STARTS, try, function(result)
    picture[#picture + 1] = { kind = "polygon", color = REGION_COLOR,
                              points = relucid.plot.polygon(result:region(), TAU, H, point) }
  end)
  picture[#picture].title = "proved regions"
  picture.title = ("Climb is proved in %d regions (%s)"):format(regions, rates(point))
  relucid.plot.write(path, picture)
  return covered, #places, regions
end

-- ---- the demo ----------------------------------------------------------------------------------------

assert(os.execute(("mkdir -p '%s'"):format(DIRECTORY:gsub("'", "'\\''"))))
local points, prng = dofile(here .. "points.lua"), Prng.new(2020)

print "For which encounters does the network provably advise to climb?"
local climbs, samples = 0, 0
local results = {}
for number, point in ipairs(points) do
  print_point(number, point)
  results[number] = {}
  for k, try in ipairs(TRIES) do
    local result = characterize(try, point.raw)
    results[number][k] = result
    local new_climbs, new_samples = print_try(number, try, result, prng)
    climbs, samples = climbs + new_climbs, samples + new_samples
    if result.note then print(("%13s %s"):format("", result.note)) end
  end
end
print(("\nsampled: the network says climb at %d of %d places in these regions"):format(climbs, samples))

local climbing = climbs_of(encounters)
local covered, regions = cover(climbing, STARTS, TRIES[2])
print(("together: %d regions (%s) around encounters.csv cover %d of its %d encounters with climb (%d %%)"):format(
  regions, TRIES[2].name, covered, #climbing, 100 * covered // #climbing))

local WHOLE = { lo = { 1, -300 }, hi = { 20, 300 } }
local places
covered, places, regions = draw_cover(DIRECTORY .. "/cover.png", points[1].raw, TRIES[1], WHOLE)
print(("picture:  %s/cover.png, level flight: %d regions (%s) cover %d of the grid's %d places with climb"):format(
  DIRECTORY, regions, TRIES[1].name, covered, places))
draw_region(DIRECTORY .. "/region.png", results[2][2], "Encounter 2, " .. TRIES[2].name,
  { lo = { 5, -500 }, hi = { 20, 0 } })
print(("picture:  %s/region.png, encounter 2: the region of %s and its boxes"):format(DIRECTORY, TRIES[2].name))
print(("results:  %s/*.json; %.1f s in all"):format(DIRECTORY, relucid.now() - started))
if climbs < samples or samples == 0 then error("a proved region contains a place without climb", 0) end
