--- The decision procedure on weights, biases and inputs of any size: from 1e-320 to 1e308, mixed, so that products
--- underflow and sums overflow on the way.  Random problems along one input (spec/brute/line.lua knows the exact
--- answer), with few inputs and with many, with patterns and half-spaces: what is claimed has to be so, and most of it
--- is to be claimed.
---
--- A failure names the problem's seed.  RELUCID_LONG=1 tries 20,000 instead of 400; RELUCID_PROBLEMS, that many;
--- RELUCID_SEED, a whole number: others; RELUCID_VERBOSE=1 prints how many were left open.
local Prng = require "examples.prng"
local cases = require "spec.brute.hard_case"
local exact = require "spec.exact"
local line = require "spec.brute.line"
local lu = require "luaunit"

local COUNT = math.tointeger(tonumber(os.getenv "RELUCID_PROBLEMS")) or (os.getenv "RELUCID_LONG" and 20000 or 400)
local OFFSET = (math.tointeger(tonumber(os.getenv "RELUCID_SEED")) or 0) * 10000000

local SIZES = { 1e-320, 1e-308, 1e-305, 1e-240, 1e-200, 1e-170, 1e-160, 1e-120, 1e-10, 1e10, 1e100, 1e120, 1e150, 1e160,
                1e200, 1e290, 1e305, 1e307, 1e308 }

-- A number of the sizes that the problem mixes.
local function number(prng, sizes)
  local factor = prng:integer(-3, 3)
  if prng:chance(0.3) then factor = prng:uniform(-1.7, 1.7) end
  local value = factor * sizes[prng:integer(1, #sizes)]
  return math.abs(value) < math.huge and value or 1.7e308
end

local function sizes_of(prng)
  local sizes = { 1 }
  for k = 1, prng:integer(1, 4) do sizes[k + 1] = SIZES[prng:integer(1, #SIZES)] end
  return sizes
end

-- A layer; some of its neurons repeat another with the sign changed, or are 0 but for one weight.
local function random_layer(prng, sizes, inputs, outputs, bias)
  local layer = { W = {}, b = {} }
  for i = 1, outputs do
    local row, from = {}, i > 1 and prng:chance(0.3) and prng:integer(1, i - 1)
    local only = prng:chance(0.3) and prng:integer(1, inputs)
    local sign = prng:chance(0.5) and 1 or -1
    for j = 1, inputs do
      row[j] = from and sign * layer.W[from][j] or (only and only ~= j) and 0.0 or number(prng, sizes)
    end
    layer.W[i], layer.b[i] = row, from and sign * layer.b[from] or prng:chance(bias) and number(prng, sizes) or 0.0
  end
  return layer
end

-- Inputs that are fixed, or of no influence.
local function pad(prng, problem, sizes, count)
  local first = problem.layers[1]
  for j = 2, count do
    local free, at = prng:chance(0.5), number(prng, sizes)
    problem.lo[j], problem.hi[j] = at, free and math.max(at, number(prng, sizes)) or at
    for _, row in ipairs(first.W) do row[j] = not free and prng:chance(0.1) and number(prng, sizes) or 0.0 end
  end
end

local function random_clause(prng, sizes, inputs, outputs)
  local clause = {}
  for r = 1, prng:integer(1, 2) do
    local row = { c = {}, d = prng:chance(0.5) and number(prng, sizes) or 0.0 }
    for i = 1, outputs do row.c[i] = prng:chance(0.7) and number(prng, sizes) or 0.0 end
    clause[r] = row
  end
  if prng:chance(0.5) then -- an equation of the first input, which no double need fulfil
    local a, d = number(prng, sizes), number(prng, sizes)
    for sign = -1, 1, 2 do
      local row = { a = { sign * a }, c = {}, d = sign * d }
      for j = 2, inputs do row.a[j] = 0.0 end
      for i = 1, outputs do row.c[i] = 0.0 end
      clause[#clause + 1] = row
    end
  end
  return clause
end

---@param seed integer
---@return PlainProblem
local function random_problem(seed)
  local prng = Prng.new(seed)
  local sizes, inputs = sizes_of(prng), prng:chance(0.5) and 25 or prng:integer(1, 3)
  local problem = { layers = {}, lo = {}, hi = {}, A = {}, b = {}, clauses = {} }
  local width, bias, neurons = 1, prng:chance(0.5) and 0.2 or 0.8, 0
  local depth = prng:integer(1, 4)
  for k = 1, depth do
    local outputs = k == depth and prng:integer(1, 2) or prng:integer(1, 3)
    problem.layers[k] = random_layer(prng, sizes, width, outputs, bias)
    width, neurons = outputs, neurons + (k < depth and outputs or 0)
  end
  local x, y = number(prng, sizes), number(prng, sizes)
  problem.lo[1], problem.hi[1] = math.min(x, y), math.max(x, y)
  pad(prng, problem, sizes, inputs)
  if prng:chance(0.3) then
    problem.pattern = {}
    for i = 1, neurons do problem.pattern[i] = prng:integer(-1, 1) end
  end
  if prng:chance(0.2) then
    problem.A[1], problem.b[1] = { number(prng, sizes) }, number(prng, sizes)
    for j = 2, inputs do problem.A[1][j] = 0.0 end
  end
  for k = 1, prng:chance(0.2) and 2 or 1 do problem.clauses[k] = random_clause(prng, sizes, inputs, width) end
  return problem
end

-- The exact sign of numerator / denominator - value; infinite values included.
local function compare(numerator, denominator, value)
  if value == math.huge or value == -math.huge then return value > 0 and -1 or 1 end
  return exact.compare(numerator, exact.mul(exact.of(value), denominator))
end

-- The same rows, less `value` each.
local function shifted(problem, value)
  local copy = {}
  for name, field in pairs(problem) do copy[name] = field end
  copy.clauses = {}
  for k, clause in ipairs(problem.clauses) do
    copy.clauses[k] = {}
    for r, row in ipairs(clause) do copy.clauses[k][r] = { a = row.a, c = row.c, d = row.d, less = value } end
  end
  return copy
end

local function check_decision(problem, mode, options, where, numerator)
  local search, verdict = cases.run(problem, mode, 1, options)
  local exists = numerator and exact.sign(numerator) >= (mode == "find_strict" and 1 or 0)
  if verdict == "proved" then lu.assertFalse(exists or false, where .. ": proved, but there is one") end
  if verdict == "counterexample" then
    local sign = exact.sign_at(problem, search:witness())
    lu.assertTrue(sign and sign >= (mode == "find_strict" and 1 or 0), where .. ": not a witness")
  end
  return verdict ~= "unknown"
end

local function check_maximum(problem, options, where, numerator, denominator)
  local search, verdict = cases.run(problem, "maximize", 1, options)
  local lower, upper, x = search:lower(), search:upper(), search:witness()
  if not numerator then
    lu.assertEquals(lower, -math.huge, where .. ": a lower bound of an empty set")
    lu.assertNil(x, where)
    return verdict ~= "unknown"
  end
  lu.assertTrue(lower <= upper, where .. ": bounds cross")
  local text = ("%s: the maximum is not between %.17g and %.17g"):format(where, lower, upper)
  lu.assertTrue(compare(numerator, denominator, lower) >= 0 and compare(numerator, denominator, upper) <= 0, text)
  lu.assertEquals(x ~= nil, lower > -math.huge, where .. ": a lower bound is that of an input")
  if x then
    local sign = exact.sign_at(shifted(problem, lower), x)
    lu.assertTrue(sign and sign >= 0, ("%s: the input does not reach %.17g"):format(where, lower))
  end
  return verdict ~= "unknown"
end

local T = {}

function T.test_scales()
  local open = {}
  for seed = OFFSET + 1, OFFSET + COUNT do
    local problem = random_problem(seed)
    local numerator, denominator = line.maximum(problem)
    for _, mode in ipairs { "find", "find_strict", "maximize" } do
      local record = seed % 4 == 0 and 1 or 0
      local regime = seed % 2 == 1 and 2 or 0 -- refinement first, or as the search chooses
      local where = ("seed %d, %s, record %d, regime %d"):format(seed, mode, record, regime)
      local options = { record = record, regime = regime, nodes = 300, lps = 600 }
      local closed = mode == "maximize" and check_maximum(problem, options, where, numerator, denominator)
        or mode ~= "maximize" and check_decision(problem, mode, options, where, numerator)
      open[mode] = (open[mode] or 0) + (closed and 0 or 1)
    end
  end
  if os.getenv "RELUCID_VERBOSE" then
    for mode, count in pairs(open) do print(("%s: %d of %d left open"):format(mode, count, COUNT)) end
  end
  for mode, count in pairs(open) do
    lu.assertTrue(count < 0.2 * COUNT, ("%s: %d of %d were left open"):format(mode, count, COUNT))
  end
end

return T
