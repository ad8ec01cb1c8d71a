--- Checks the brute-force oracle against dense sampling:
---     lua5.4 spec/brute/selftest.lua [COUNT [FIRST_SEED]]
--- brute.so is looked for in build/.
local here = arg[0]:match "^(.*/)" or "./"
package.path = here .. "?.lua;" .. package.path
package.cpath = here .. "../../build/?.so;" .. package.cpath

local brute = require "brute"
local generate = require "generate"

local count, first = tonumber(arg[1]) or 2000, tonumber(arg[2]) or 1
local STEPS = { 240, 24, 10 } -- per input, by number of inputs

local function dot(a, b)
  local sum = 0
  for i = 1, #a do
    sum = sum + a[i] * b[i]
  end
  return sum
end

--- Whether x obeys half-spaces and pattern, and the least of the rows there.
local function at(problem, x, tolerance)
  for i, row in ipairs(problem.A or {}) do
    if dot(row, x) > problem.b[i] / problem.scale + tolerance then return false end
  end
  local y, z = generate.eval(problem.layers, x)
  for i, sign in ipairs(problem.pattern or {}) do
    if (sign == 1 and z[i] < -tolerance) or (sign == 0 and z[i] > tolerance) then return false end
  end
  local value = math.huge
  for _, row in ipairs(problem.target) do
    value = math.min(value, dot(row.c, y) + row.d + (row.a and dot(row.a, x) or 0))
  end
  return true, value
end

--- All points of a regular grid over the box, corners included.
local function each_sample(problem, visit)
  local n = #problem.lo
  local steps, x = STEPS[n], {}
  local function fill(i)
    if i > n then
      visit(x)
      return
    end
    local lo, hi = problem.lo[i] / problem.scale, problem.hi[i] / problem.scale
    for k = 0, lo < hi and steps or 0 do
      x[i] = lo + (hi - lo) * k / steps
      fill(i + 1)
    end
  end
  fill(1)
end

local empty, overflows, far, cells, seconds = 0, 0, 0, 0, 0
for seed = first, first + count - 1 do
  local problem = generate.problem(seed)
  problem.target = problem.clauses[1]
  local started = os.clock()
  local result, message = brute.maximum(problem)
  seconds = seconds + os.clock() - started
  if not result then
    assert(message == "overflow")
    overflows = overflows + 1
  else
    cells = cells + result.cells
    local best = -math.huge
    each_sample(problem, function(x)
      local inside, value = at(problem, x, 0)
      if inside and value > best then best = value end
    end)
    local where = "seed " .. seed
    if result.empty then
      empty = empty + 1
      assert(best == -math.huge, where .. ": said to be empty, a sample lies inside")
    else
      local slack = 1e-9 * math.max(1, math.abs(result.value))
      assert(best <= result.value + slack, where .. ": a sample is better than the maximum")
      local inside, value = at(problem, result.point, 1e-9)
      assert(inside and math.abs(value - result.value) <= slack, where .. ": the maximum is not the value at its point")
      if best < result.value - 0.1 * math.abs(result.value) - 1 then far = far + 1 end
    end
  end
end
print(string.format("%d problems as sampled: %d empty, %d overflows, %d with no sample near the maximum", count, empty,
  overflows, far))
print(string.format("%.1f cells each, %.0f problems a second", cells / count, count / seconds))
