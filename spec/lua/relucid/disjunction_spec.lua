-- Files whose ors are too many to be multiplied out.
local lu = require "luaunit"
local relucid = require "relucid"
local formula = require "relucid.io.formula"
local support = require "spec.support"

local T = {}

local DECLARATIONS = "(declare-const X_0 Real) (declare-const X_1 Real) (declare-const Y_0 Real) "
  .. "(declare-const Y_1 Real)\n"
local BOX = "(assert (<= -1 X_0 1)) (assert (<= -1 X_1 1)) "

local function with_problem(text, f)
  support.with_file(DECLARATIONS .. text, f, ".vnnlib")
end

local function verdict(net, text, options)
  local result
  with_problem(text, function(path) result = relucid.verify(net, path, options) end)
  return result
end

-- `count` ors of two alternatives; the text of each is made by f(k).
local function ors(count, f)
  local lines = {}
  for k = 1, count do lines[k] = ("(assert (or %s %s))"):format(f(k)) end
  return table.concat(lines, "\n")
end

-- The outputs are (relu x1 - relu x2, relu x2): at most 1 and at least 0.
function T.test_a_product_of_many_ors()
  local text = BOX .. ors(60, function(k) return ("(>= Y_0 0.%02d)"):format(k + 10), "(<= Y_1 -1)" end)
  local result = verdict(support.small(), text)
  lu.assertEquals(result.verdict, "sat")
  lu.assertTrue(result.counterexample.y[1] >= 0.7)
  lu.assertTrue(result.stats.cases < 200)
  lu.assertTrue(result.problem:is_large())
end

function T.test_pruned_by_bounds()
  local text = BOX .. ors(60, function(k) return ("(>= Y_0 1.%02d)"):format(k + 10), "(<= Y_1 -1)" end)
  local result = verdict(support.small(), text)
  lu.assertEquals(result.verdict, "unsat")
  lu.assertTrue(result.stats.cases < 10)
  -- Boxes that exclude each other: bounds alone settle the ors.
  result = verdict(support.small(), BOX .. ors(60, function(k)
    return ("(and (<= X_0 -0.%02d) (>= Y_0 0.1))"):format(k + 10), "(and (>= X_0 0.5) (<= Y_0 -1.5))"
  end))
  lu.assertEquals(result.verdict, "unsat")
  lu.assertTrue(result.stats.cases < 10)
end

-- Points of a grid on X_0, or none of them: only one choice of the alternatives is left, in the last or.
function T.test_one_choice_is_right()
  local text = BOX .. ors(40, function(k)
    local at = (k - 20) / 32
    return ("(<= X_0 %.17g)"):format(at - 1 / 128), ("(>= X_0 %.17g)"):format(at + 1 / 128)
  end) .. ("(assert (>= Y_0 0.25)) (assert (<= Y_0 %.17g)) (assert (<= X_1 -0.5))")
  local function within(width) return text:format(0.25 + width) end
  lu.assertEquals(verdict(support.small(), within(1 / 256)).verdict, "unsat")
  local result = verdict(support.small(), within(1 / 64))
  lu.assertEquals(result.verdict, "sat")
  local steps = result.counterexample.x[1] * 32
  lu.assertTrue(steps - math.floor(steps) >= 0.25 and steps - math.floor(steps) <= 0.75)
end

-- ---- random formulas ------------------------------------------------------------------------------------

local function atom(rng)
  local name = ({ "X_0", "X_1", "Y_0", "Y_1", "Y_0", "Y_1" })[rng(1, 6)]
  local bound, below = rng(-24, 24) / 16, rng(1, 2) == 1
  return ("(%s %s %g)"):format(below and "<=" or ">=", name, bound), function(x, y)
    local value = (name:sub(1, 1) == "X" and x or y)[tonumber(name:sub(3)) + 1]
    return below and value <= bound or not below and value >= bound
  end
end

local function either(rng, depth)
  local texts, parts = {}, {}
  for k = 1, rng(2, 3) do
    if depth > 0 and rng(1, 4) == 1 then
      local a, f = either(rng, depth - 1)
      local b, g = atom(rng)
      texts[k], parts[k] = ("(and %s %s)"):format(a, b), function(x, y) return f(x, y) and g(x, y) end
    else
      texts[k], parts[k] = atom(rng)
    end
  end
  return ("(or %s)"):format(table.concat(texts, " ")), function(x, y)
    for _, part in ipairs(parts) do
      if part(x, y) then return true end
    end
    return false
  end
end

local function conjunction(rng, count)
  local lines, parts = {}, {}
  for k = 1, count do
    local text, f = either(rng, 2)
    lines[k], parts[k] = "(assert " .. text .. ")", f
  end
  return table.concat(lines, "\n"), function(x, y)
    for _, part in ipairs(parts) do
      if not part(x, y) then return false end
    end
    return true
  end
end

-- The same answer as with all ors multiplied out, and as the points say.
function T.test_random_formulas()
  support.random("disjunction", function(rng)
    local seen, large = { sat = 0, unsat = 0, unknown = 0 }, 0
    for _ = 1, 40 do
      local net = support.random_network(rng, { 2, 5, 2 })
      local text, holds = conjunction(rng, rng(7, 10))
      with_problem(BOX .. text, function(path)
        local result = relucid.verify(net, path, { search = { nodes = 20000 } })
        if result.problem:is_large() then large = large + 1 end
        seen[result.verdict] = seen[result.verdict] + 1
        if result.verdict == "sat" then
          lu.assertTrue(holds(result.counterexample.x, result.counterexample.y), text)
        elseif result.verdict == "unsat" then
          for _ = 1, 300 do
            local x = { 2 * rng() - 1, 2 * rng() - 1 }
            lu.assertFalse(holds(x, net:eval(x)), text)
          end
        end
        local problem = relucid.vnnlib(path)
        if formula.count(problem) > 3000 then return end
        lu.assertTrue(#problem.cases >= 0) -- multiplied out
        lu.assertFalse(problem:is_large())
        lu.assertEquals(relucid.verify(net, problem, { search = { nodes = 20000 } }).verdict, result.verdict, text)
      end)
    end
    lu.assertTrue(large > 10 and seen.sat > 5 and seen.unsat > 5 and seen.unknown < 3)
  end)
end

-- ---- limits ----------------------------------------------------------------------------------------------

-- All choices of alternatives are equally good, none is impossible by bounds, and none holds.
local function hopeless(rng)
  local net = support.random_network(rng, { 2, 30, 30, 2 })
  local domain = relucid.domain { lo = { -1, -1 }, hi = { 1, 1 } }
  local best = net:maximize(domain, nil, relucid.property.linear { { c = { 1, 0 } } }, { nodes = 20 })
  local bound = best.lower + 0.9 * (best.upper - best.lower)
  return net, BOX .. ors(40, function(k)
    return ("(and (<= X_0 %g) (>= Y_0 %.17g))"):format(k / 64, bound - k / 4096),
           ("(and (>= X_0 %g) (>= Y_0 %.17g))"):format(k / 64 - 0.9, bound - k / 4096)
  end)
end

function T.test_time_ends_it()
  support.random("hopeless", function(rng)
    local net, text = hopeless(rng)
    local started = relucid.now()
    local result = verdict(net, text, { timeout = 0.5 })
    lu.assertTrue(relucid.now() - started < 3)
    lu.assertEquals(result.verdict == "timeout", result.reason == "seconds")
    result = verdict(net, text, { timeout = 1e-9 })
    lu.assertEquals({ result.verdict, result.reason }, { "timeout", "seconds" })
    result = verdict(net, text, { stop = function() return true end })
    lu.assertEquals({ result.verdict, result.reason }, { "unknown", "stopped" })
    local calls = 0
    result = verdict(net, text, { progress = function(state)
      lu.assertTrue(state.open >= 1 and state.cases >= 1)
      calls = calls + 1
      if calls == 2 then error "interrupted!" end
    end })
    if calls == 2 then lu.assertEquals({ result.verdict, result.reason }, { "unknown", "interrupted" }) end
  end)
end

-- Reading is under the limits too.
function T.test_time_ends_the_reading()
  local text = BOX .. ("(assert (or (>= Y_0 0.5) (<= Y_1 0.25) (and (<= X_0 0.5) (>= (+ Y_0 Y_1) 0))))\n"):rep(20000)
  local started = relucid.now()
  local result = verdict(support.small(), text, { timeout = 0.2 })
  lu.assertEquals({ result.verdict, result.reason, result.problem }, { "timeout", "seconds" })
  lu.assertTrue(relucid.now() - started < 2)
  result = verdict(support.small(), text, { progress = function() error "interrupted!" end })
  lu.assertEquals({ result.verdict, result.reason, result.problem }, { "unknown", "interrupted" })
  support.raises("mine", verdict, support.small(), text, { progress = function() error("mine", 0) end })
end

-- An input without a bound is told where no or bounds it, and where some case does not.
function T.test_unbounded_inputs()
  local many = ors(10, function(k) return ("(>= Y_0 0.%02d)"):format(k), ("(<= Y_1 0.%02d)"):format(k) end)
  local function refused(message, text)
    with_problem(text .. many, function(path) support.raises(path .. message, relucid.vnnlib, path) end)
  end
  refused(": input X_1 has no lower bound in some case", "(assert (<= -1 X_0 1)) (assert (<= X_1 1))")
  refused(": input X_1 has no upper bound in some case",
          "(assert (<= -1 X_0 1)) (assert (or (<= 0 X_1 1) (and (<= -1 X_1) (>= Y_0 2))))")
  local bounded = "(assert (<= -1 X_0 1)) (assert (or (<= 0 X_1 1) (<= -1 X_1 -0.5)))"
  lu.assertEquals(verdict(support.small(), bounded .. many).verdict, "sat")
end

return T
