--- The decision procedure on problems made to hurt (spec/brute/hard.lua): the oracle knows the exact maximum of the
--- integer problem, then the problem is changed in ways that keep it, and shifted so that the maximum is 0 or lies
--- within 2^-10 to 2^-40 of it.  Witnesses are checked in exact arithmetic, with one thread and with two.
---
--- A failure names the problem's seed, which spec/brute/hard_case.lua shows.  RELUCID_LONG=1 tries 2,000 in each mode
--- instead of 60; RELUCID_PROBLEMS, that many; RELUCID_SEED, a whole number: others; RELUCID_VERBOSE=1 prints what was
--- left open.
local cases = require "spec.brute.hard_case"
local exact = require "spec.exact"
local lu = require "luaunit"

local COUNT = math.tointeger(tonumber(os.getenv "RELUCID_PROBLEMS")) or (os.getenv "RELUCID_LONG" and 2000 or 60)
local OFFSET = (math.tointeger(tonumber(os.getenv "RELUCID_SEED")) or 0) * 10000000
-- Of all cases, how many may be left open where a point that is asked for is hard to come by; and how many elsewhere.
local FAIR, UNFAIR = 0.1, 0.03

local regime = 0 -- of the searches to come: the option `regime`

--- One decision.  Returns "fair" where it was left open for numerics, what is asked for exists, and either there is
--- no ball of it or it lies close to the border; "unfair" where it was left open otherwise.
local function check_verdict(case, mode, threads)
  local strict = mode == "find_strict"
  local where = ("%s, %s, threads %d, regime %d"):format(case.name, mode, threads, regime)
  local exists = not case.empty and case.sign >= (strict and 1 or 0)
  local search, verdict = cases.run(case.plain, mode, threads, { regime = regime })
  if verdict == "unknown" then
    local hidden = exists and (case.near or not case.solid[mode])
    return search:reason() == "numerics" and hidden and "fair" or "unfair"
  end
  lu.assertEquals(verdict, exists and "counterexample" or "proved", where)
  if exists then
    local sign = exact.sign_at(case.plain, search:witness())
    lu.assertTrue(sign and sign >= (strict and 1 or 0), where .. ": not a witness")
  end
end

-- number <= maximum (way 1) or number >= maximum (way -1), exactly.
local function bounds(case, number, way)
  if number == math.huge or number == -math.huge then return number == -way * math.huge end
  return way * exact.compare(exact.mul(exact.of(number), case.denominator), case.maximum) <= 0
end

local function check_maximum(case, mode, threads)
  local where = ("%s, %s, threads %d, regime %d"):format(case.name, mode, threads, regime)
  local search, verdict = cases.run(case.plain, mode, threads, { regime = regime })
  local lower, upper = search:lower(), search:upper()
  if case.empty then
    lu.assertEquals(lower, -math.huge, where)
    lu.assertTrue(verdict == "unknown" or upper == -math.huge, where)
  else
    lu.assertTrue(bounds(case, lower, 1), ("%s: lower %.17g is above the maximum"):format(where, lower))
    lu.assertTrue(bounds(case, upper, -1), ("%s: upper %.17g is below the maximum"):format(where, upper))
  end
  if verdict == "unknown" then
    return search:reason() == "numerics" and not case.empty and not case.solid.maximize and "fair" or "unfair"
  end
  lu.assertEquals(verdict, "proved", where)
  lu.assertTrue(case.empty or upper - lower <= 1.001 * cases.GAP * math.max(1, math.abs(lower)), where .. ": gap")
end

--- Check a case in one regime, or both; the worse of what they left open.
local function check_regimes(case, mode, threads, check, regimes)
  local left
  for _, value in ipairs(regimes) do
    regime = value
    local open = check(case, mode, threads)
    if open and left ~= "unfair" then left = open end
  end
  return left
end

local function for_each_case(first, mode, check)
  local checked, seed, open, twice = 0, OFFSET + first, { fair = 0, unfair = 0 }, { all = 0, open = 0 }
  while checked < COUNT do
    local case = cases.of(seed)
    seed = seed + 1
    if case then
      checked = checked + 1
      local left = check_regimes(case, mode, 1, check, checked % 2 == 0 and { 0, 2 } or { 0 })
      if left then open[left] = open[left] + 1 end
      if left and os.getenv "RELUCID_VERBOSE" then print(("%s: %s, open (%s)"):format(case.name, mode, left)) end
      if checked % 3 == 0 then
        twice.all = twice.all + 1
        if check_regimes(case, mode, 2, check, checked % 2 == 0 and { 2 } or { 0 }) then twice.open = twice.open + 1 end
      end
    end
  end
  local text = ("%s: of %d cases %d and %d were left open"):format(mode, COUNT, open.fair, open.unfair)
  lu.assertTrue(checked > 0, "no cases")
  lu.assertTrue(open.fair <= FAIR * COUNT and open.unfair <= UNFAIR * COUNT, text)
  lu.assertTrue(twice.open <= (FAIR + UNFAIR) * COUNT, ("%s, 2 threads: %d of %d left open"):format(mode, twice.open,
                                                                                                    twice.all))
  if os.getenv "RELUCID_VERBOSE" then print(text) end
end

local T = {}

function T.test_find() for_each_case(1, "find", check_verdict) end

function T.test_find_strict() for_each_case(1000001, "find_strict", check_verdict) end

function T.test_maximize() for_each_case(2000001, "maximize", check_maximum) end

return T
