--- The linear regions of a network on a plane through two of its inputs, exactly: convex polygons with their decision
--- patterns, by enumeration (csrc/enumerate) over a domain in which all other inputs are fixed.
local core = require "relucid.core"
local job = require "relucid.job"
local geometry = require "relucid.plot.geometry"

local pieces = {}

local SECONDS, MOST = 5, 20000 -- more regions than these are no picture

-- The domain, with its inputs but i and j fixed as in `at`; nil where that misses it.
local function plane(domain, window, i, j, at)
  local lo, hi, own_lo, own_hi = {}, {}, domain.lo, domain.hi
  for k, x in ipairs(at) do
    if k ~= i and k ~= j and (x < own_lo[k] or x > own_hi[k]) then return nil end
    lo[k], hi[k] = x, x
  end
  for axis, k in ipairs { i, j } do
    lo[k], hi[k] = math.max(own_lo[k], window.lo[axis]), math.min(own_hi[k], window.hi[axis])
    if lo[k] >= hi[k] then return nil end
  end
  return core.domain { lo = lo, hi = hi, A = domain.A, b = domain.b }
end

local function polygon_of(found, index, i, j)
  local points = {}
  for k, x in ipairs(found:vertices(index)) do points[k] = { x[i], x[j] } end
  return geometry.ordered(points)
end

--- The pieces of a slice.
---@param net table      relucid.network
---@param domain table   relucid.domain
---@param window relucid.Window
---@param i integer      input of the first axis
---@param j integer      input of the second axis
---@param at number[]    the values of the other inputs
---@param property? table  relucid.property: only where it holds
---@return {points: number[][], pattern: table}[]|nil pieces  nil: there are too many of them
function pieces.of(net, domain, window, i, j, at, property)
  local within = plane(domain, window, i, j, at)
  if not within then return {} end
  local found = net:enumerate { domain = within, property = property }
  local started = core.now()
  local finished = job.drive(function(cells) return found:step(cells) end, function()
    return core.now() - started > SECONDS or found:count() > MOST
  end)
  if not finished then return nil end
  local list = {}
  for index = 1, found:count() do
    list[index] = { points = polygon_of(found, index, i, j), pattern = found:pattern(index) }
  end
  return list
end

--- The polygons of pieces.
---@param list {points: number[][]}[]
---@return number[][][]
function pieces.polygons(list)
  local polygons = {}
  for k, piece in ipairs(list) do polygons[k] = piece.points end
  return polygons
end

--- The pieces whose patterns obey a pattern.
---@param list {points: number[][], pattern: table}[]
---@param pattern table  relucid.pattern
---@return {points: number[][], pattern: table}[]
function pieces.obeying(list, pattern)
  local literals, kept = pattern:list(), {}
  for _, piece in ipairs(list) do
    local obeys = true
    for _, literal in ipairs(literals) do
      obeys = obeys and piece.pattern:get(literal[1], literal[2]) == literal[3]
    end
    if obeys then kept[#kept + 1] = piece end
  end
  return kept
end

return pieces
