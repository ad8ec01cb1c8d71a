--- The decision procedure against brute force: verdicts and maxima of small
--- random problems.  A failure names the problem's seed: generate.problem(seed) makes it again.
---
--- Environment: RELUCID_LONG=1 checks 150,000 problems (some minutes) instead of 3,600; RELUCID_PROBLEMS, that
--- many; RELUCID_SEED, a whole number: other problems.
local brute = require "brute"
local generate = require "spec.brute.generate"
local luaunit = require "luaunit"
local relucid = require "relucid"

local PASSES = 9 -- calls of for_each_problem below
local PROBLEMS = math.tointeger(tonumber(os.getenv "RELUCID_PROBLEMS")) or (os.getenv "RELUCID_LONG" and 150000 or 3600)
local COUNT = (PROBLEMS + PASSES - 1) // PASSES
-- Seeds of a pass follow each other: leave room for more than it needs.
local BAND = 20 * math.max(COUNT, 5000)
local OFFSET = (math.tointeger(tonumber(os.getenv "RELUCID_SEED")) or 0) * PASSES * BAND
local GAP = 1e-9
local REGIMES = { 0, 2 } -- see the option `regime`: as the search chooses; refinement first

local regime = 0 -- of the searches to come

--- The brute-force answer to an or of ands.
---@class Reference
---@field empty boolean no input obeys domain and pattern
---@field numerator? integer the maximum, exactly
---@field denominator? integer
---@field value? number
---@field solid boolean see spec/brute/brute.c
---@field solid_at_least boolean
---@field solid_above boolean

---@return Reference? answer nil where the oracle's integers are too small
local function reference_of(problem)
  local best
  for _, clause in ipairs(problem.clauses) do
    problem.target = clause
    local answer = brute.maximum(problem)
    if not answer or answer.empty then return answer end
    if not best then
      best = answer
    else
      answer.solid_at_least = answer.solid_at_least or best.solid_at_least
      answer.solid_above = answer.solid_above or best.solid_above
      best.solid_at_least, best.solid_above = answer.solid_at_least, answer.solid_above
      if answer.value > best.value then best = answer end
    end
  end
  return best
end

local function scaled(list, factor)
  local result = {}
  for i, value in ipairs(list) do
    result[i] = value * factor
  end
  return result
end

local function scaled_clause(clause, factor)
  local rows = {}
  for i, row in ipairs(clause) do
    rows[i] = { a = row.a and scaled(row.a, factor), c = scaled(row.c, factor), d = row.d * factor }
  end
  return rows
end

local function marks_of(linear)
  if not linear then return nil end
  local marks = {}
  for i, mark in ipairs(linear) do
    marks[i] = mark == 1
  end
  return marks
end

--- The problem as net:search wants it, without a mode; rows in units of problem.unit.
local function arguments_of(problem)
  local layers, hidden, at = {}, {}, 0
  for k, layer in ipairs(problem.layers) do
    layers[k] = { W = layer.weights, b = layer.biases, linear = marks_of(layer.linear) }
    if problem.pattern and k < #problem.layers then
      hidden[k] = {}
      for i = 1, #layer.biases do
        at = at + 1
        local sign = problem.pattern[at]
        hidden[k][i] = sign < 0 and relucid.null or sign
      end
    end
  end
  local net = relucid.network(layers)
  local clauses = {}
  for k, clause in ipairs(problem.clauses) do
    clauses[k] = relucid.property.linear(net, scaled_clause(clause, problem.unit or 1))
  end
  return net, {
    domain = relucid.domain {
      lo = scaled(problem.lo, 1 / problem.scale),
      hi = scaled(problem.hi, 1 / problem.scale),
      A = problem.A,
      b = problem.b and scaled(problem.b, 1 / problem.scale),
    },
    pattern = problem.pattern and relucid.pattern(net, hidden),
    target = relucid.property.any(clauses),
    gap = GAP,
    regime = regime,
    seconds = 60, -- far more than any of these needs
  }
end

local function run(problem, mode)
  local net, arguments = arguments_of(problem)
  arguments.mode = mode
  local search = net:search(arguments)
  return search, search:run()
end

local function why(search)
  return search:reason() and (" (%s)"):format(search:reason()) or ""
end

--- Whether a witness obeys domain and pattern, and some clause's rows are >= 0
--- (strict: > 0) there; in exact arithmetic wherever that is short enough.
local function is_witness(problem, x, strict)
  for _, clause in ipairs(problem.clauses) do
    problem.target = clause
    local sign, message = brute.sign(problem, x)
    if message == "outside" then return false end
    if message == "overflow" then
      if not generate.inside(problem, x, 1e-12) then return false end
      local value = generate.value(problem, clause, x)
      sign = value > 1e-9 and 1 or value < -1e-9 and -1 or strict and 1 or 0
    end
    if sign > 0 or (sign == 0 and not strict) then return true end
  end
  return false
end

--- One decision.  Returns true where it was left open for numerics, which is
--- allowed only where the inputs asked for exist but are few: without an interior
--- (none of them need be of doubles) or, with a `unit`, next to a touching point.
local function check_verdict(problem, reference, mode)
  local where = ("seed %d, %s, regime %d"):format(problem.seed, mode, regime)
  local strict = mode == "find_strict"
  local exists = not reference.empty
    and (reference.numerator > 0 or (reference.numerator == 0 and not strict))
  local solid = strict and reference.solid_above or not strict and reference.solid_at_least
  local search, verdict = run(problem, mode)
  if verdict == "unknown" and exists and (problem.unit or not solid) then
    luaunit.assertEquals(search:reason(), "numerics", where)
    return true
  end
  luaunit.assertEquals(verdict, exists and "counterexample" or "proved", where .. why(search))
  if exists then luaunit.assertTrue(is_witness(problem, search:witness(), strict), where .. ": not a witness") end
  return false
end

local function check_maximum(problem, reference)
  local where = ("seed %d, maximize, regime %d"):format(problem.seed, regime)
  local search, verdict = run(problem, "maximize")
  local lower, upper = search:lower(), search:upper()
  if reference.empty then
    luaunit.assertEquals({ verdict, lower, upper }, { "proved", -math.huge, -math.huge }, where)
    return false
  end
  local value = reference.value
  local rounding, slack = 1e-15 * math.abs(value), 1.001 * GAP * math.max(1, math.abs(value))
  luaunit.assertTrue(upper >= value - rounding, ("%s: upper is %.17g, the maximum %.17g"):format(where, upper, value))
  luaunit.assertTrue(lower <= value + rounding, ("%s: lower is %.17g, the maximum %.17g"):format(where, lower, value))
  if verdict == "unknown" and not reference.solid then
    luaunit.assertEquals(search:reason(), "numerics", where)
    return true
  end
  luaunit.assertEquals(verdict, "proved", where .. why(search))
  luaunit.assertAlmostEquals(upper, value, slack, where .. ": upper")
  luaunit.assertAlmostEquals(lower, value, slack, where .. ": lower")
  local x = search:witness()
  luaunit.assertTrue(generate.inside(problem, x, 1e-12), where .. ": witness outside")
  local reached = -math.huge
  for _, clause in ipairs(problem.clauses) do
    reached = math.max(reached, generate.value(problem, clause, x))
  end
  luaunit.assertAlmostEquals(reached, lower, slack, where .. ": value at the witness")
  return false
end

--- Check a problem in each regime; nil: it does not count.
local function check_regimes(problem, reference, check)
  local left_open
  for _, value in ipairs(REGIMES) do
    regime = value
    local open = check(problem, reference)
    if open == nil then return nil end
    left_open = left_open or open
  end
  return left_open
end

--- Check COUNT problems, of the seeds of pass 0 to PASSES-1.  check(problem, reference) returns whether the problem
--- was left open, nil: it does not count; at most the given share may be left open.  linear: with linear neurons.
local function for_each_problem(pass, most_open, check, linear)
  local open, checked, seed = 0, 0, OFFSET + pass * BAND
  while checked < COUNT do
    seed = seed + 1
    luaunit.assertTrue(seed <= OFFSET + (pass + 1) * BAND, "too few problems that count")
    local problem = generate.problem(seed, linear)
    local reference = reference_of(problem)
    local left_open
    if reference then left_open = check_regimes(problem, reference, check) end
    if left_open ~= nil then checked = checked + 1 end
    if left_open then open = open + 1 end
  end
  luaunit.assertTrue(open <= most_open * COUNT, ("%d of %d problems were left open"):format(open, COUNT))
end

local suite = {}

function suite.test_find()
  for_each_problem(0, 0.02, function(problem, reference)
    return check_verdict(problem, reference, "find")
  end)
end

function suite.test_find_strict()
  for_each_problem(1, 0.02, function(problem, reference)
    return check_verdict(problem, reference, "find_strict")
  end)
end

function suite.test_maximize()
  for_each_problem(2, 0.02, check_maximum)
end

--- The same with neurons that pass their values on: they are never split, and in no pattern.
function suite.test_linear_neurons()
  for_each_problem(6, 0.02, function(problem, reference)
    return check_verdict(problem, reference, "find")
  end, true)
  for_each_problem(7, 0.02, function(problem, reference)
    return check_verdict(problem, reference, "find_strict")
  end, true)
  for_each_problem(8, 0.02, check_maximum, true)
end

--- Call check(shifted, reference) with random problems whose maximum is exactly `value`.
local function for_each_with_maximum(pass, most_open, value, check)
  for_each_problem(pass, most_open, function(problem, reference)
    if reference.empty or reference.denominator > 1000 or math.abs(reference.numerator) > 100000 then return nil end
    local shifted = generate.with_maximum(problem, reference, value)
    local exact = reference_of(shifted)
    if not exact then return nil end
    luaunit.assertEquals(exact.numerator, value)
    return check(shifted, exact)
  end)
end

--- With a maximum of exactly zero, `find` must find and `find_strict` must
--- prove.  Often a single point reaches it, which need not be of doubles.
function suite.test_touching()
  for_each_with_maximum(3, 0.25, 0, function(problem, reference)
    check_verdict(problem, reference, "find_strict")
    return check_verdict(problem, reference, "find")
  end)
end

--- A maximum just below or above zero must not be taken for zero.
function suite.test_nearly_touching()
  local tiny = 2.0 ^ -20
  for_each_with_maximum(4, 0, -1, function(problem, reference)
    problem.unit = tiny
    return check_verdict(problem, reference, "find")
  end)
  for_each_with_maximum(5, 0.02, 1, function(problem, reference)
    problem.unit = tiny
    return check_verdict(problem, reference, "find_strict")
  end)
end

return suite
