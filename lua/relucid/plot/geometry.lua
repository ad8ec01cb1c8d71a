--- Plane geometry of pictures: convex polygons and their parts, polytopes' slices.
local geometry = {}

--- The part of a convex polygon with a1 x + a2 y <= b (Sutherland and Hodgman, 1974).
---@param points number[][]  corners in order
---@param a1 number
---@param a2 number
---@param b number
---@return number[][]
function geometry.clip(points, a1, a2, b)
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

--- The corners of a box of the plane, in order.
---@param lo number[]
---@param hi number[]
---@return number[][]
function geometry.corners(lo, hi)
  return { { lo[1], lo[2] }, { hi[1], lo[2] }, { hi[1], hi[2] }, { lo[1], hi[2] } }
end

--- The part of a convex polygon in a window.
---@param points number[][]
---@param window relucid.Window
---@return number[][]
function geometry.inside(points, window)
  for k = 1, 2 do
    local x, y = k == 1 and 1 or 0, k == 2 and 1 or 0
    points = geometry.clip(points, x, y, window.hi[k])
    points = geometry.clip(points, -x, -y, -window.lo[k])
  end
  return points
end

--- The part of a convex polygon of inputs i and j that obeys rows A x <= b, the other inputs as in `at`.
---@param points number[][]
---@param rows {A: number[][], b: number[]}
---@param i integer
---@param j integer
---@param at number[]
---@return number[][]
function geometry.cut(points, rows, i, j, at)
  for r, row in ipairs(rows.A) do
    local b = rows.b[r]
    for k, x in ipairs(at) do
      if k ~= i and k ~= j then b = b - row[k] * x end
    end
    points = geometry.clip(points, row[i], row[j], b)
    if #points == 0 then break end
  end
  return points
end

--- The corners of a region's slice through inputs i and j, the others as in `at`.  Empty when the slice misses it.
---@param region table  relucid.region, a polytope
---@param i integer
---@param j integer
---@param at number[]
---@return number[][]
function geometry.polygon(region, i, j, at)
  local lo, hi = region.lo, region.hi
  for k, x in ipairs(at) do
    if k ~= i and k ~= j and (x < lo[k] or x > hi[k]) then return {} end
  end
  return geometry.cut(geometry.corners({ lo[i], lo[j] }, { hi[i], hi[j] }), region:rows(), i, j, at)
end

--- The corners of a convex polygon, given in any order, in order around their centre.
---@param points number[][]
---@return number[][]
function geometry.ordered(points)
  local x, y = 0, 0
  for _, point in ipairs(points) do x, y = x + point[1] / #points, y + point[2] / #points end
  local width, height = 0, 0 -- of equal weight, whatever the units
  for _, point in ipairs(points) do
    width, height = math.max(width, math.abs(point[1] - x)), math.max(height, math.abs(point[2] - y))
  end
  local angle = {}
  for _, point in ipairs(points) do angle[point] = math.atan((point[2] - y) / height, (point[1] - x) / width) end
  local list = table.move(points, 1, #points, 1, {})
  if width > 0 and height > 0 then table.sort(list, function(p, q) return angle[p] < angle[q] end) end
  return list
end

return geometry
