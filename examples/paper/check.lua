--- An independent check of a region: points that lie in it are evaluated.
local Prng = require "examples.prng"

local check = {}

-- An upper bound of the goal's value at x that holds in exact arithmetic, up to the last rounding of the sums here.
local function goal_above(net, margins, x)
  local lower, upper = net:eval_bounds(x)
  local least = math.huge
  for _, margin in ipairs(margins) do
    local value, magnitude = margin.d, math.abs(margin.d)
    for k, c in ipairs(margin.c) do
      local term = c * (c > 0 and upper[k] or lower[k])
      value, magnitude = value + term, magnitude + math.abs(term)
    end
    least = math.min(least, value + 1e-14 * magnitude)
  end
  return least
end

local function middle(box)
  local x = {}
  for i, lo in ipairs(box.lo) do x[i] = lo + (box.hi[i] - lo) / 2 end
  return x
end

-- A point of a box: each coordinate at an end or, half of the time, anywhere.
local function in_box(prng, box)
  local x = {}
  for i, lo in ipairs(box.lo) do
    local hi, u = box.hi[i], prng:uniform()
    x[i] = u < 0.25 and lo or u < 0.5 and hi or math.min(hi, lo + (hi - lo) * prng:uniform())
  end
  return x
end

-- How far x + t direction stays within lo, hi and A x <= b.
local function chord(region, rows, x, direction)
  local from, to = -math.huge, math.huge
  local function cut(slope, room)
    if slope > 0 then to = math.min(to, room / slope) elseif slope < 0 then from = math.max(from, room / slope) end
  end
  for i, d in ipairs(direction) do
    cut(d, region.hi[i] - x[i])
    cut(-d, x[i] - region.lo[i])
  end
  for r, row in ipairs(rows.A) do
    local slope, value = 0, 0
    for i, a in ipairs(row) do slope, value = slope + a * direction[i], value + a * x[i] end
    cut(slope, rows.b[r] - value)
  end
  return math.max(from, -1e9), math.min(to, 1e9)
end

-- The next point of a random walk through the polytope (hit and run).
local function walk(prng, region, rows, x)
  local direction, next_x = {}, {}
  for i = 1, #x do direction[i] = prng:normal() end
  local from, to = chord(region, rows, x, direction)
  if from > to then return x end
  local t = prng:uniform(from, to)
  for i, value in ipairs(x) do
    next_x[i] = math.max(region.lo[i], math.min(region.hi[i], value + t * direction[i]))
  end
  return next_x
end

local SHORTENINGS = 8

local function between(x, y)
  local z = {}
  for i, value in ipairs(x) do z[i] = 0.5 * value + 0.5 * y[i] end
  return z
end

--- Evaluate the rows of the data that lie in a region.
---@param net table      relucid.network
---@param region table   relucid.region
---@param goal table     relucid.property, one conjunction
---@param data table     relucid.data
---@return integer inside
---@return integer violations
function check.data(net, region, goal, data)
  local members, margins, violations = region:members(data), goal:margins(), 0
  for _, row in ipairs(members) do
    if goal_above(net, margins, data:row(row)) < 0 then violations = violations + 1 end
  end
  return #members, violations
end

--- Evaluate points that lie in a region (`contains`): half from its boxes, half from a random walk through it that
--- starts in a box, or at the point where there is none.  A step that leaves a region that is no polytope is shortened.
---@param net table      relucid.network
---@param region table   relucid.region
---@param goal table     relucid.property, one conjunction
---@param boxes table[]  boxes inside the region, possibly none
---@param count integer  points to draw
---@param seed? integer
---@param point? number[]
---@return integer inside      points drawn that certainly lie in the region
---@return integer violations  those where the goal certainly fails
---@return number[]? example   one of these
function check.region(net, region, goal, boxes, count, seed, point)
  local prng, margins, inside, violations, example = Prng.new(seed or 1), goal:margins(), 0, 0, nil
  local function try(x)
    if not region:contains(x) then return end
    inside = inside + 1
    if goal_above(net, margins, x) < 0 then
      violations = violations + 1
      example = example or x
    end
  end
  local start = boxes[1] or boxes[2] or point and { lo = point, hi = point }
  if not start then return 0, 0 end
  local cell = { lo = region.lo, hi = region.hi }
  local rows, x = region:is_polytope() and region:rows() or { A = {}, b = {} }, middle(start)
  for i = 1, count do
    if i % 2 == 0 then
      try(in_box(prng, boxes[i % 4 == 0 and 2 or 1] or start))
    else
      local moved = walk(prng, cell, rows, x)
      for _ = 1, SHORTENINGS do
        if region:contains(moved) then break end
        moved = between(x, moved)
      end
      try(moved)
      if region:contains(moved) then x = moved end
    end
  end
  return inside, violations, example
end

return check
