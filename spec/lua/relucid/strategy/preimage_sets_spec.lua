-- Preimages of VNN-LIB files with several input sets.
local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"

local T = {}

local DECLARATIONS = "(declare-const X_0 Real) (declare-const X_1 Real) (declare-const Y_0 Real) "
  .. "(declare-const Y_1 Real)\n"

local function with_problem(text, f)
  support.with_file(DECLARATIONS .. text, function(path) f(relucid.vnnlib(path)) end, ".vnnlib")
end

-- Sets with their own goals: does (x, y) satisfy the file?
local function holds(sets, x, y)
  for _, set in ipairs(sets) do
    local inside = true
    for i = 1, 2 do inside = inside and set.lo[i] <= x[i] and x[i] <= set.hi[i] end
    if inside and (set.sign * (y[1] - y[2]) >= set.d) and (not set.sum or x[1] + x[2] <= set.sum) then return true end
  end
  return false
end

local function text_of(sets)
  local lines = {}
  for k, set in ipairs(sets) do
    lines[k] = ("(and (<= %.17g X_0 %.17g) (<= %.17g X_1 %.17g) (>= (* %d (- Y_0 Y_1)) %.17g)%s)"):format(set.lo[1],
      set.hi[1], set.lo[2], set.hi[2], set.sign, set.d,
      set.sum and (" (<= (+ X_0 X_1) %.17g)"):format(set.sum) or "")
  end
  return "(assert (or " .. table.concat(lines, "\n") .. "))"
end

-- Every point of the polytopes satisfies the file ("under"), every point that does is in them ("over"), and the share
-- is within the coverage's interval, but for this sample's own error.
local function check(net, sets, result, mode, rng)
  local lo, hi, points = { -4, -4 }, { 4, 4 }, {}
  for i = 1, 8000 do
    local set = i % 2 == 0 and sets[i % #sets + 1] or { lo = lo, hi = hi }
    points[i] = {}
    for j = 1, 2 do points[i][j] = set.lo[j] + rng() * (set.hi[j] - set.lo[j]) end
  end
  local y, member = net:eval(points), {}
  for _, i in ipairs(result:members(relucid.data(points))) do member[i] = true end
  local both, total = 0, 0
  for i, x in ipairs(points) do
    local wanted = holds(sets, x, y[i])
    if mode == "under" and member[i] then lu.assertTrue(wanted) end
    if mode == "over" and wanted then lu.assertTrue(member[i]) end
    if i % 2 == 1 then
      if mode == "under" and wanted or mode == "over" and member[i] then
        total = total + 1
        if wanted and member[i] then both = both + 1 end
      end
    end
  end
  if total < 50 then return end
  local margin = 5 * math.sqrt(0.25 / total)
  lu.assertTrue(both / total > result.coverage.lo - margin and both / total < result.coverage.hi + margin)
end

local function random_sets(rng, disjoint)
  local sets = {}
  for k = 1, rng(2, 3) do
    local lo = { disjoint and -4 + 2.5 * (k - 1) or rng(-32, 8) / 8, rng(-32, 8) / 8 }
    sets[k] = { lo = lo, hi = { lo[1] + rng(8, 16) / 8, lo[2] + rng(8, 24) / 8 }, sign = rng(1, 2) == 1 and 1 or -1,
                d = rng(-8, 8) / 8, sum = rng(1, 3) == 1 and rng(-8, 16) / 8 or nil }
  end
  return sets
end

function T.test_random_sets()
  support.random("sets", function(rng)
    for _ = 1, 4 do
      local net = support.random_network(rng, { 2, 6, 2 })
      for _, disjoint in ipairs { true, false } do
        local sets = random_sets(rng, disjoint)
        with_problem(text_of(sets), function(problem)
          for _, mode in ipairs { "under", "over" } do
            local result = relucid.strategy.preimage(net, problem, { coverage = 0.9, mode = mode, timeout = 20 })
            lu.assertTrue(result.coverage.lo <= result.coverage.value and result.coverage.value <= result.coverage.hi)
            check(net, sets, result, mode, rng)
            -- The record has all of it.
            local read = relucid.result.decode(result:json())
            lu.assertEquals(#read, #result)
            check(net, sets, read, mode, rng)
          end
        end)
      end
    end
  end)
end

-- Larger networks are split, their coverage is measured over samples.
function T.test_measured()
  support.random("measured", function(rng)
    local net = support.random_network(rng, { 2, 40, 40, 2 })
    local sets = { { lo = { -2, -1 }, hi = { -1.5, 0 }, sign = 1, d = 0.1 },
                   { lo = { 1, 0 }, hi = { 2, 0.5 }, sign = -1, d = 0.1 } }
    with_problem(text_of(sets), function(problem)
      local result = relucid.strategy.preimage(net, problem, { method = "split", coverage = 0.9, timeout = 20 })
      check(net, sets, result, "under", rng)
      if result.status == "proved" and #result > 0 then
        lu.assertTrue(result.coverage.lo >= 0.9)
        lu.assertEquals(result.note, "2 input sets of " .. problem.file)
      end
      lu.assertEquals(result.domain.lo, { -2, -1 })
      lu.assertEquals(result.domain.hi, { 2, 0.5 })
    end)
  end)
end

-- What ends one set ends all.
function T.test_limits()
  local sets = { { lo = { -2, -1 }, hi = { -1.5, 0 }, sign = 1, d = 0 },
                 { lo = { 1, 0 }, hi = { 2, 0.5 }, sign = -1, d = 0 } }
  support.random("limits", function(rng)
    local net = support.random_network(rng, { 2, 30, 30, 2 })
    with_problem(text_of(sets), function(problem)
      for _, mode in ipairs { "under", "over" } do
        local started = relucid.now()
        local result = relucid.strategy.preimage(net, problem, { method = "split", coverage = 1, mode = mode,
                                                                 timeout = 0.3 })
        lu.assertTrue(relucid.now() - started < 3)
        lu.assertTrue(result.status == "timeout" or result.status == "proved")
        check(net, sets, result, mode, rng)
        local calls = 0
        result = relucid.strategy.preimage(net, problem, { method = "split", coverage = 1, mode = mode,
                                                           stop = function()
          calls = calls + 1
          return true
        end })
        lu.assertTrue(calls <= 1)
        lu.assertTrue(calls == 0 or result.status == "stopped")
        check(net, sets, result, mode, rng)
        result = relucid.strategy.preimage(net, problem, { method = "split", coverage = 1, mode = mode, polytopes = 4 })
        lu.assertTrue(#result <= 4)
        result = relucid.strategy.preimage(net, problem, { method = "split", coverage = 1, mode = mode,
                                                           progress = function() error("interrupted!", 0) end })
        lu.assertTrue(result.status == "interrupted" or result.status == "proved")
        check(net, sets, result, mode, rng)
      end
    end)
  end)
end

function T.test_refuses()
  local net = support.small()
  with_problem("(assert (<= 0 X_0 1)) (assert (<= 0 X_1 1)) (assert (<= 1 0))", function(problem)
    support.raises_with(problem.file .. ": no input satisfies the assertions (", relucid.strategy.preimage, net,
                        problem)
  end)
  with_problem("(assert (<= 0 X_0 1)) (assert (<= 0 X_1 1)) (assert (>= (+ X_0 X_1) 3))", function(problem)
    support.raises(problem.file .. ": no input satisfies the assertions", relucid.strategy.preimage, net, problem)
  end)
  with_problem("(assert (<= 0 X_0 1)) (assert (<= 0 X_1 1)) (assert (>= Y_0 0))", function(problem)
    support.raises("option domain: the file has its own input sets", relucid.strategy.preimage, net, problem,
                   { domain = support.square() })
    lu.assertEquals(relucid.strategy.preimage(net, problem).domain.hi, { 1, 1 })
    support.raises("goal: relucid.property expected, got table", relucid.strategy.preimage, net, {})
    support.raises_with("inputs, the network has", relucid.strategy.preimage,
                        relucid.network { { W = { { 1 } }, b = { 0 } } }, problem)
  end)
end

return T
