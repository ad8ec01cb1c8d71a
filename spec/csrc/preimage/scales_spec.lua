--- Preimages and regions of patterns on weights, biases and inputs of any size (spec/brute/scales.lua): an input in a
--- region has the property, and the pattern, exactly; one with the property lies in the outer approximation.
local Prng = require "examples.prng"
local exact = require "spec.exact"
local lu = require "luaunit"
local relucid = require "relucid"
local scales = require "spec.brute.scales"

local COUNT = os.getenv "RELUCID_LONG" and 2000 or 40

local function inputs_of(problem, prng, count)
  local list = {}
  for t = 1, count do
    local x = {}
    for j, lo in ipairs(problem.lo) do
      local hi, u = problem.hi[j], prng:chance(0.2) and 0 or prng:uniform()
      x[j] = math.min(math.max(lo * (1 - u) + hi * u, lo), hi)
    end
    list[t] = x
  end
  return list
end

-- The problem without half-spaces, with or without its pattern.
local function plain(problem, pattern)
  return { layers = problem.layers, lo = problem.lo, hi = problem.hi, A = {}, b = {}, clauses = problem.clauses,
           pattern = pattern }
end

-- Nothing is asked of numbers that overflow but that it is said.
local function attempt(where, f, ...)
  local ok, result = pcall(f, ...)
  if ok then return result end
  local text = tostring(result)
  local said = text:find "coefficient" or text:find "overflow" or text:find "objective" or text:find "vary"
  lu.assertTrue(said ~= nil, where .. ": " .. text)
  return nil
end

local T = {}

function T.test_preimages()
  local checked = 0
  for seed = 1, COUNT do
    local problem, prng, clauses = scales.problem(seed), Prng.new(~seed), {}
    local net = relucid.network(problem.layers)
    for k, clause in ipairs(problem.clauses) do clauses[k] = relucid.property.linear(net, clause) end
    for _, mode in ipairs(#problem.lo < 25 and { "under", "over" } or {}) do
      local where = ("seed %d, %s"):format(seed, mode)
      local result = attempt(where, relucid.strategy.preimage, net, relucid.property.any(clauses),
        { domain = relucid.domain { lo = problem.lo, hi = problem.hi }, mode = mode, method = "split", coverage = 0.9,
          samples = 100, polytopes = 5 })
      for _, x in ipairs(result and inputs_of(problem, prng, 10) or {}) do
        local inside, sign = false, exact.sign_at(plain(problem), x)
        for i = 1, #result do inside = inside or result:region(i):contains(x) end
        checked = checked + (inside and 1 or 0)
        if mode == "under" then lu.assertTrue(not inside or sign >= 0, where)
        elseif result.status == "proved" then lu.assertTrue(inside or sign <= 0, where) end
      end
    end
  end
  lu.assertTrue(checked > COUNT)
end

function T.test_patterns()
  for seed = 1, 5 * COUNT do
    local problem, prng, at = scales.problem(seed), Prng.new(~seed), 0
    local net, hidden = relucid.network(problem.layers), {}
    for k = 1, problem.pattern and #problem.layers - 1 or 0 do
      hidden[k] = {}
      for i = 1, #problem.layers[k].b do
        at = at + 1
        hidden[k][i] = problem.pattern[at] < 0 and relucid.null or problem.pattern[at]
      end
    end
    local region = at > 0 and attempt("seed " .. seed, relucid.region, net,
      relucid.domain { lo = problem.lo, hi = problem.hi }, relucid.pattern(net, hidden))
    for _, x in ipairs(region and inputs_of(problem, prng, 10) or {}) do
      local obeys = exact.sign_at(plain(problem, problem.pattern), x) ~= nil
      lu.assertTrue(obeys or not region:contains(x), "seed " .. seed)
    end
  end
end

return T
