--- Lines of functions of the plane, found on a grid: for what has no exact description.
local grid = {}

local STEPS = 200

local function place(window, steps, c, r)
  return { window.lo[1] + (window.hi[1] - window.lo[1]) * c / steps,
           window.lo[2] + (window.hi[2] - window.lo[2]) * r / steps }
end

-- Two finite numbers.
local function is_pair(list)
  if type(list) ~= "table" then return false end
  for k = 1, 2 do
    if not (math.type(list[k]) and math.abs(list[k]) < math.huge) then return false end
  end
  return true
end

local function check(window, steps, value)
  if type(value) ~= "function" then error(("a function of x and y expected, got %s"):format(type(value)), 0) end
  if type(window) ~= "table" or not is_pair(window.lo) or not is_pair(window.hi) then
    error("window: {lo, hi} of two numbers each expected", 0)
  end
  if not (math.tointeger(steps) and steps >= 1) then
    error(("steps is %s, expected an integer >= 1"):format(tostring(steps)), 0)
  end
end

local function values_of(window, steps, value)
  check(window, steps, value)
  local values = {}
  for r = 0, steps do
    values[r] = {}
    for c = 0, steps do
      local point = place(window, steps, c, r)
      values[r][c] = value(point[1], point[2])
    end
  end
  return values
end

--- Borders between areas of different labels: such as tostring(net:pattern{x, y}).
---@param label fun(x: number, y: number): any
---@param window relucid.Window
---@param steps? integer  default 200
---@return number[][][] segments
function grid.partition(label, window, steps)
  steps = steps or STEPS
  local labels, segments = values_of(window, steps, label), {}
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

--- Where a function is zero, by linear interpolation: such as property:value.
---@param value fun(x: number, y: number): number
---@param window relucid.Window
---@param steps? integer  default 200
---@return number[][][] segments
function grid.zero(value, window, steps)
  steps = steps or STEPS
  local values, segments = values_of(window, steps, value), {}
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

--- The cells of a grid: f(x, y) is called with the centre of each.
---@param window relucid.Window
---@param steps integer  in each direction
---@param f fun(point: number[])
function grid.cells(window, steps, f)
  for r = 1, steps do
    for c = 1, steps do f(place(window, steps, c - 0.5, r - 0.5)) end
  end
end

return grid
