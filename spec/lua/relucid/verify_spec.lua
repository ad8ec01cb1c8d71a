local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"

local T = {}

local DECLARATIONS = "(declare-const X_0 Real) (declare-const X_1 Real) (declare-const Y_0 Real) "
  .. "(declare-const Y_1 Real)\n"
local BOX = "(assert (<= -1 X_0 1)) (assert (<= -1 X_1 1)) "

local function with_problem(text, f)
  support.with_file(DECLARATIONS .. text, f, ".vnnlib")
end

-- The outputs are (relu x1 - relu x2, relu x2).
local function verdict(text, options)
  local result
  with_problem(text, function(path) result = relucid.verify(support.small(), path, options) end)
  return result
end

function T.test_unsat()
  local result = verdict(BOX .. "(assert (<= Y_1 -0.25))")
  lu.assertEquals({ result.verdict, result.reason, result.counterexample }, { "unsat" })
  lu.assertEquals(result.stats.cases, 1)
  lu.assertTrue(result.stats.seconds >= 0 and result.stats.nodes >= 0)
end

function T.test_sat()
  local result = verdict(BOX .. "(assert (>= Y_0 0.5)) (assert (>= Y_1 0.25))")
  lu.assertEquals(result.verdict, "sat")
  local x, y = result.counterexample.x, result.counterexample.y
  lu.assertEquals(y, support.small():eval(x))
  lu.assertTrue(y[1] >= 0.5 and y[2] >= 0.25 and x[1] <= 1 and x[2] <= 1)
end

-- The set is closed: its border counts, for < too.
function T.test_border_counts()
  lu.assertEquals(verdict(BOX .. "(assert (>= Y_1 1))").verdict, "sat")
  lu.assertEquals(verdict(BOX .. "(assert (> Y_1 1))").verdict, "sat")
  lu.assertEquals(verdict(BOX .. "(assert (>= Y_1 1.0000001))").verdict, "unsat")
end

function T.test_rows_over_inputs_and_both()
  local result = verdict(BOX .. "(assert (<= (+ X_0 X_1) 0)) (assert (>= (+ Y_0 Y_1) 0.9)) (assert (>= Y_1 0.2))")
  lu.assertEquals(result.verdict, "unsat")
  result = verdict(BOX .. "(assert (<= (+ X_0 X_1) 0)) (assert (>= Y_0 0.9))")
  lu.assertEquals(result.verdict, "sat")
  lu.assertTrue(result.counterexample.x[1] + result.counterexample.x[2] <= 0)
  lu.assertEquals(verdict(BOX .. "(assert (>= Y_1 (+ X_1 0.5))) (assert (>= X_1 0.1))").verdict, "unsat")
  lu.assertEquals(verdict(BOX .. "(assert (>= Y_1 (+ X_1 0.5)))").verdict, "sat")
end

function T.test_no_row_over_outputs()
  lu.assertEquals(verdict(BOX).verdict, "sat")
  lu.assertEquals(verdict(BOX .. "(assert (>= (+ X_0 X_1) 2.5))").verdict, "unsat")
end

function T.test_several_input_sets()
  local result = verdict "(assert (or (and (<= -1 X_0 0) (<= -1 X_1 0)) (and (<= 0.5 X_0 1) (<= 0 X_1 0.25))))"
  lu.assertEquals({ result.verdict, result.stats.cases }, { "sat", 2 })
  result = verdict [[(assert (or (and (<= -1 X_0 0) (<= -1 X_1 0)) (and (<= 0.5 X_0 1) (<= 0 X_1 0.25))))
    (assert (>= Y_1 0.3))]]
  lu.assertEquals({ result.verdict, result.stats.cases }, { "unsat", 2 })
  result = verdict [[(assert (or (and (<= -1 X_0 0) (<= -1 X_1 0)) (and (<= 0.5 X_0 1) (<= 0 X_1 0.25))))
    (assert (>= Y_1 0.2))]]
  lu.assertEquals(result.verdict, "sat")
  lu.assertTrue(result.counterexample.x[2] >= 0.2)
end

-- Cases take turns: an easy refutation in the last one is found although the first is beyond reach.
function T.test_cases_take_turns()
  support.random("turns", function(rng)
    local net = support.random_network(rng, { 8, 40, 40, 40, 2 })
    local names, hard, easy = {}, {}, {}
    for i = 0, 7 do
      names[#names + 1] = ("(declare-const X_%d Real)"):format(i)
      hard[#hard + 1] = ("(<= -1 X_%d 1)"):format(i)
      easy[#easy + 1] = ("(<= 1.5 X_%d 2)"):format(i)
    end
    local x = {}
    for i = 1, 8 do x[i] = 1.75 end
    -- The first case asks for more than any point that a short search finds, and for far less than can be excluded.
    local domain = relucid.domain { lo = { -1, -1, -1, -1, -1, -1, -1, -1 }, hi = { 1, 1, 1, 1, 1, 1, 1, 1 } }
    local best = net:maximize(domain, nil, relucid.property.linear { { c = { 1, 0 } } }, { nodes = 2000 })
    local text = table.concat(names) .. "(declare-const Y_0 Real) (declare-const Y_1 Real)\n"
      .. ("(assert (or (and %s (>= Y_0 %.17g)) (and %s (>= Y_0 %.17g))))"):format(table.concat(hard, " "),
        best.lower + 0.05 * (best.upper - best.lower), table.concat(easy, " "), net:eval(x)[1] - 0.5)
    support.with_file(text, function(path)
      local result = relucid.verify(net, path, { timeout = 60 })
      lu.assertEquals(result.verdict, "sat")
      lu.assertTrue(result.stats.nodes < 3000)
    end, ".vnnlib")
  end)
end

-- Against sampling: unsat is never contradicted, and a counterexample satisfies what the file says.
function T.test_random_networks()
  support.random("verify", function(rng)
    local seen = { sat = 0, unsat = 0 }
    for _ = 1, 30 do
      local net = support.random_network(rng, { 2, 6, 6, 2 })
      local a, b = net:eval { 0.3, -0.4 }, rng(-32, 32) / 16
      local bound = a[1] + b
      with_problem(BOX .. ("(assert (or (and (>= Y_0 %.17g) (>= Y_0 Y_1)) (<= (+ Y_0 (* 2 Y_1)) %.17g)))")
        :format(bound, -bound - 20), function(path)
        local function asserted(x, y)
          return math.abs(x[1]) <= 1 and math.abs(x[2]) <= 1
            and (y[1] >= bound and y[1] >= y[2] or y[1] + 2 * y[2] <= -bound - 20)
        end
        local result = relucid.verify(net, path)
        seen[result.verdict] = seen[result.verdict] + 1
        if result.verdict == "sat" then
          lu.assertTrue(asserted(result.counterexample.x, result.counterexample.y))
        else
          for _ = 1, 2000 do
            local x = { 2 * rng() - 1, 2 * rng() - 1 }
            lu.assertFalse(asserted(x, net:eval(x)))
          end
        end
      end)
    end
    lu.assertTrue(seen.sat > 0 and seen.unsat > 0)
  end)
end

function T.test_limits_and_hooks()
  local result = verdict(BOX .. "(assert (>= Y_1 0.5))", { timeout = 0 })
  lu.assertEquals({ result.verdict, result.reason, result.stats.cases }, { "timeout", "seconds", 1 })
  result = verdict(BOX .. "(assert (>= Y_1 0.5))", { stop = function() return true end })
  lu.assertEquals({ result.verdict, result.reason }, { "unknown", "stopped" })
  local state
  result = verdict(BOX .. "(assert (>= Y_1 0.5))", { progress = function(now) state = now end, threads = 1, seed = 2 })
  lu.assertEquals(result.verdict, "sat")
  lu.assertEquals({ state.nodes, state.open, state.cases }, { 0, 1, 1 })
  local unknown = 0
  for _ = 1, 10 do support.random("unknown", function(rng)
    local net = support.random_network(rng, { 2, 30, 30, 2 })
    local domain = relucid.domain { lo = { -1, -1 }, hi = { 1, 1 } }
    local best = net:maximize(domain, nil, relucid.property.linear { { c = { 1, 0 } } }, { nodes = 1 })
    with_problem(BOX .. ("(assert (>= Y_0 %.17g))"):format((best.lower + best.upper) / 2), function(path)
      local limited = relucid.verify(net, path, { search = { nodes = 1 } })
      if limited.verdict == "unknown" then
        unknown = unknown + 1
        lu.assertEquals(limited.reason, "nodes")
      end
    end)
  end) end
  lu.assertTrue(unknown > 0, "no search met its limit")
end

-- Ctrl-C raises in a hook: what is known so far is returned.
function T.test_interrupt()
  local result = verdict(BOX .. "(assert (>= Y_1 0.5))", { progress = function() error "interrupted!" end })
  lu.assertEquals({ result.verdict, result.reason }, { "unknown", "interrupted" })
  support.raises("mine", verdict, BOX .. "(assert (>= Y_1 0.5))", { progress = function() error("mine", 0) end })
end

function T.test_refuses()
  local net = support.small()
  support.raises("unknown option 'second'; known are: progress search seed stop threads timeout", relucid.verify, net,
                 "p.vnnlib", { second = 1 })
  support.raises("option timeout: number expected, got string", relucid.verify, net, "p.vnnlib", { timeout = "1" })
  support.raises("property: the name of a file or what relucid.vnnlib read expected, got nil", relucid.verify, net)
  support.raises("property: the name of a file or what relucid.vnnlib read expected, got table", relucid.verify, net,
                 {})
  support.raises("network: relucid.network expected, got table", relucid.verify, {}, "p.vnnlib")
  support.raises("network: relucid.network expected, got number", relucid.vnnlib, "p.vnnlib", 1)
  support.raises("options: table expected, got number", relucid.verify, net, "p.vnnlib", 1)
  with_problem(BOX, function(path)
    local other = relucid.network { { W = { { 1 } }, b = { 0 } } }
    support.raises(path .. ": declares 2 inputs, the network has 1", relucid.verify, other, path)
  end)
end

return T
