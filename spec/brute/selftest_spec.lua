--- The brute-force oracle against dense sampling.
local brute = require "brute"
local generate = require "spec.brute.generate"
local luaunit = require "luaunit"

local COUNT = os.getenv "RELUCID_LONG" and 20000 or 400
local STEPS = { 240, 24, 10 } -- per input, by number of inputs

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

local function sampled_maximum(problem)
  local best = -math.huge
  each_sample(problem, function(x)
    if generate.inside(problem, x, 0) then best = math.max(best, generate.value(problem, problem.target, x)) end
  end)
  return best
end

local suite = {}

function suite.test_maximum_against_sampling()
  for seed = 1, COUNT do
    local where = "seed " .. seed
    local problem = generate.problem(seed, seed % 3 == 0)
    problem.target = problem.clauses[1]
    local result = brute.maximum(problem)
    luaunit.assertTable(result, where)
    local best = sampled_maximum(problem)
    if result.empty then
      luaunit.assertEquals(best, -math.huge, where .. ": said to be empty, a sample lies inside")
    else
      local slack = 1e-9 * math.max(1, math.abs(result.value))
      luaunit.assertTrue(best <= result.value + slack, where .. ": a sample is better than the maximum")
      luaunit.assertTrue(generate.inside(problem, result.point, 1e-9), where .. ": the maximum's point is outside")
      local value = generate.value(problem, problem.target, result.point)
      luaunit.assertAlmostEquals(value, result.value, slack, where .. ": the maximum is not the value at its point")
    end
  end
end

function suite.test_sign_against_sampling()
  for seed = 1, COUNT // 10 do
    local problem = generate.problem(seed, seed % 3 == 0)
    problem.target = problem.clauses[1]
    each_sample(problem, function(x)
      local sign, message = brute.sign(problem, x)
      local value = generate.value(problem, problem.target, x)
      if message == "outside" then
        luaunit.assertFalse(generate.inside(problem, x, -1e-9), "seed " .. seed)
      elseif sign then
        luaunit.assertTrue(generate.inside(problem, x, 1e-9), "seed " .. seed)
        luaunit.assertTrue(math.abs(value) < 1e-9 or sign * value > 0, "seed " .. seed)
      end
    end)
  end
end

--- A network made by hand: y = |x1| - |x2| on [-3, 2] x [-1, 2].
function suite.test_known_maximum()
  local problem = {
    layers = {
      { weights = { { 1, 0 }, { -1, 0 }, { 0, 1 }, { 0, -1 } }, biases = { 0, 0, 0, 0 } },
      { weights = { { 1, 1, -1, -1 } }, biases = { 0 } },
    },
    lo = { -3, -1 },
    hi = { 2, 2 },
    clauses = { { { c = { 3 }, d = 1 }, { c = { -3 }, a = { -1, 0 }, d = 0 } } },
  }
  problem.target = problem.clauses[1]
  -- min(3 y + 1, -3 y - x1): equal where y = -(1 + x1) / 6, with the value (1 - x1) / 2; for x1 < 0 such
  -- a y >= -x1 - 2 exists from x1 = -11/5 on.
  local result = brute.maximum(problem)
  luaunit.assertEquals({ result.numerator, result.denominator }, { 8, 5 })
  luaunit.assertEquals({ result.solid, result.solid_at_least, result.solid_above }, { true, true, true })
  luaunit.assertEquals(brute.sign(problem, { -3, 2 }), 0)
  luaunit.assertEquals(brute.sign(problem, { -3, 1.75 }), -1)
  luaunit.assertEquals({ brute.sign(problem, { -3, 2.25 }) }, { nil, "outside" })
  problem.pattern = { 1, -1, -1, -1 } -- x1 >= 0
  result = brute.maximum(problem)
  luaunit.assertEquals({ result.numerator, result.denominator }, { 1, 2 })
  local shifted = generate.with_maximum(problem, result, 0)
  luaunit.assertEquals(shifted.clauses, { { { c = { 6 }, d = 1 }, { c = { -6 }, a = { -2, 0 }, d = -1 } } })
  problem.target = shifted.clauses[1]
  result = brute.maximum(problem)
  luaunit.assertEquals(result.numerator, 0)
  luaunit.assertEquals({ result.solid, result.solid_at_least, result.solid_above }, { true, false, false })
  problem.A, problem.b = { { -1, 0 } }, { -2 } -- x1 >= 2
  luaunit.assertFalse(brute.maximum(problem).solid)
  problem.A, problem.b = { { -1, 0 } }, { -3 } -- x1 >= 3
  luaunit.assertTrue(brute.maximum(problem).empty)
end

function suite.test_overflow_is_reported()
  local big = { { 1000000, 999999 }, { 999999, -1000000 } }
  local layers = {}
  for k = 1, 3 do
    layers[k] = { weights = big, biases = { 1, -1 } }
  end
  local problem = { layers = layers, lo = { -9, -9 }, hi = { 9, 9 }, target = { { c = { 1, 1 }, d = 0 } } }
  local _, message = brute.maximum(problem)
  luaunit.assertEquals(message, "overflow")
end

return suite
