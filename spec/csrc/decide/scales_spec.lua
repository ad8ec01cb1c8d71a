--- The decision procedure on weights, biases and inputs of any size: from 1e-320 to 1e308, mixed, so that products
--- underflow and sums overflow on the way.  Random problems along one input (spec/brute/line.lua knows the exact
--- answer), with few inputs and with many, with patterns and half-spaces: what is claimed has to be so, and most of it
--- is to be claimed.
---
--- A failure names the problem's seed.  RELUCID_LONG=1 tries 20,000 instead of 400; RELUCID_PROBLEMS, that many;
--- RELUCID_SEED, a whole number: others; RELUCID_VERBOSE=1 prints how many were left open.
local cases = require "spec.brute.hard_case"
local exact = require "spec.exact"
local line = require "spec.brute.line"
local lu = require "luaunit"
local scales = require "spec.brute.scales"

local COUNT = math.tointeger(tonumber(os.getenv "RELUCID_PROBLEMS")) or (os.getenv "RELUCID_LONG" and 20000 or 400)
local OFFSET = (math.tointeger(tonumber(os.getenv "RELUCID_SEED")) or 0) * 10000000

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
    local problem = scales.problem(seed)
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
