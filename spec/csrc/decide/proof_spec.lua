--- What a search records (search:proof) is checked by spec/proof.lua, which computes every bound again in exact
--- arithmetic: on problems made to hurt (spec/brute), random deeper networks, the demo network and ACAS Xu; and what is
--- damaged is refused.
---
--- RELUCID_LONG=1 checks many more; RELUCID_SEED, a whole number: others.
local cases = require "spec.brute.hard_case"
local checker = require "spec.proof"
local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"

local LONG = os.getenv "RELUCID_LONG"
local COUNT = LONG and 200 or 16 -- random networks
local OFFSET = (math.tointeger(tonumber(os.getenv "RELUCID_SEED")) or 0) * 10000000 + 5000000
-- Exact arithmetic in Lua is slow: longer proofs are passed over.  On hard problems, in all:
local MOST_WORK, ALL_WORK = LONG and 30000 or 2000, LONG and 1000000 or 12000

local RECORD = { record = 1, nodes = 200, lps = 400 }

local MODES = { "find", "find_strict", "maximize" }

local T = {}

-- Roughly what checking costs: steps times weights of the first layer.
local function work_of(problem, proof)
  local steps = 0
  for _, node in proof:nodes() do steps = steps + #node.steps end
  return steps * #problem.lo * #problem.layers[1].b
end

local function check(problem, proof, where)
  local ok, why = checker.check(problem, proof)
  lu.assertTrue(ok, ("%s: %s"):format(where, why))
end

-- The plain problem of a search, as the checker wants it.
local function problem_of(net, fields)
  local domain, target = fields.domain, fields.target
  local problem = { layers = {}, lo = domain.lo, hi = domain.hi, A = domain.A or {}, b = domain.b or {},
                    clauses = target:clauses(), mode = fields.mode }
  for k = 1, #net.sizes - 1 do
    problem.layers[k] = net:layer(k)
  end
  if fields.pattern then
    problem.pattern = {}
    for _, layer in ipairs(fields.pattern:layers()) do
      for _, sign in ipairs(layer) do problem.pattern[#problem.pattern + 1] = sign == relucid.null and -1 or sign end
    end
  end
  return problem
end

--- Every proof of a hard problem holds, with one thread and with two; where it is told that there is an input, there
--- is no proof.
function T.test_hard_problems()
  local seed, done, kinds = OFFSET, 0, {}
  while done < ALL_WORK do
    seed = seed + 1
    local case, mode = cases.of(seed), MODES[seed % 3 + 1]
    if case then
      local threads = 1 + seed // 3 % 2
      local search, verdict = cases.run(case.plain, mode, threads, RECORD)
      local proof, where = search:proof(), ("%s, %s"):format(case.name, mode)
      if verdict == "proved" then lu.assertNotNil(proof, where) end
      if verdict == "counterexample" then lu.assertNil(proof, where) end
      case.plain.mode = mode
      local work = proof and work_of(case.plain, proof)
      if proof and work <= MOST_WORK then
        check(case.plain, proof, where)
        done = done + work + MOST_WORK / 100
        for _, node in proof:nodes() do
          for _, step in ipairs(node.steps) do kinds[step.kind] = (kinds[step.kind] or 0) + 1 end
        end
      end
    end
  end
  for _, kind in ipairs { "range", "bound", "cut", "empty", "leaf" } do
    lu.assertTrue((kinds[kind] or 0) > 0, "no step of kind " .. kind)
  end
end

-- A random property of `clauses` ands of two rows, some of them over inputs too.
local function random_target(rng, net, clauses)
  local list = {}
  local function numbers(count)
    local values = {}
    for i = 1, count do values[i] = rng(-64, 64) / 64 end
    return values
  end
  for c = 1, clauses do
    local rows = {}
    for r = 1, 2 do
      rows[r] = { c = numbers(net.m), a = rng(1, 2) == 1 and numbers(net.n) or nil, d = rng(-64, 64) / 32 }
    end
    list[c] = relucid.property.linear(net, rows)
  end
  return relucid.property.any(list)
end

-- The target lowered by `by`.
local function lowered(net, target, by)
  local clauses = {}
  for c, clause in ipairs(target:clauses()) do
    for _, row in ipairs(clause) do row.d = row.d - by end
    clauses[c] = relucid.property.linear(net, clause)
  end
  return relucid.property.any(clauses)
end

-- The i-th random search: every other one with a half-space, every other pair with literals.
local function random_fields(rng, net, i)
  local box, x = { lo = {}, hi = {} }, {}
  for j = 1, net.n do box.lo[j], box.hi[j], x[j] = -1, 1, rng(-32, 32) / 64 end
  if i % 2 == 0 then
    box.A, box.b = { {} }, { 0.25 }
    for j = 1, net.n do
      box.A[1][j] = rng(-64, 64) / 64
      box.b[1] = box.b[1] + box.A[1][j] * x[j]
    end
  end
  local fields = { domain = relucid.domain(box), target = random_target(rng, net, 1 + i // 2 % 2), mode = "maximize",
                   nodes = 3000 }
  if i % 4 < 2 then
    fields.pattern = net:pattern(x):prefix(1)
    for k = 1, net.sizes[2] do
      if rng(1, 2) == 1 then fields.pattern = fields.pattern:with(1, k, nil) end
    end
  end
  return fields
end

--- f(net, fields, proof, name) for `count` proofs that random networks (changed by change(rng, net)) keep properties,
--- if only just.
local function each_random_proof(count, sizes, f, change)
  local most = 3 * MOST_WORK * math.max(1, sizes[2] // 8) ^ 2
  support.random("proof", function(rng)
    local done = 0
    for i = 1, 50 * count do
      local net = support.random_network(rng, sizes)
      if change then net = change(rng, net) end
      local fields = random_fields(rng, net, i)
      local search = net:search(fields)
      search:run()
      fields.mode, fields.record = MODES[i % 3 + 1], 1
      fields.target = lowered(net, fields.target, search:upper() + 0x1p-10)
      search = net:search(fields)
      lu.assertEquals(search:run(), "proved")
      local proof = search:proof()
      if proof.count > 2 and work_of(problem_of(net, fields), proof) <= most then
        f(net, fields, proof, ("network %d, %s"):format(i, fields.mode))
        done = done + 1
        if done == count then return end
      end
    end
    lu.fail "too few proofs"
  end)
end

--- Deeper networks; and where the property is asked for a little more, so that it does not hold, the same proof of it
--- is refused.
function T.test_random_networks()
  for _, sizes in ipairs { { 3, 5, 5, 2 }, { 2, 4, 4, 4, 2 }, { 6, 4, 4, 2 }, { 2, 24, 2 } } do
    each_random_proof(sizes[2] < 24 and COUNT // 2 or COUNT // 8, sizes, function(net, fields, proof, name)
      check(problem_of(net, fields), proof, name)
      fields.target = lowered(net, fields.target, -0x1p-8)
      fields.record = 0
      local search = net:search(fields)
      local verdict = search:run()
      local upper = fields.mode == "maximize" and proof.upper
      if upper and search:lower() > upper or verdict == "counterexample" then
        lu.assertFalse(checker.check(problem_of(net, fields), proof), name)
      end
    end)
  end
end

--- Networks some of whose neurons pass their values on.
function T.test_linear_neurons()
  for _, sizes in ipairs { { 3, 5, 5, 2 }, { 6, 4, 4, 2 } } do
    each_random_proof(COUNT // 4, sizes, function(net, fields, proof, name)
      check(problem_of(net, fields), proof, name)
    end, support.some_linear)
  end
end

-- ---- damage ---------------------------------------------------------------------------------------------------

-- Ways to damage a step; nil: not this one.  Every one of them takes away what the claim rests on.
local damages = {}

function damages.range_value(step)
  if step.kind ~= "range" then return nil end
  local far = 1e-3 * (1 + math.abs(step.value))
  step.value = step.value + (step["end"] == "upper" and -far or far)
  return true
end

function damages.bound_value(step)
  if step.kind ~= "bound" then return nil end
  step.value = step.value - 1e-3 * (1 + math.abs(step.value))
  return true
end

function damages.alpha(step)
  local k = step.alpha and next(step.alpha)
  if not k then return nil end
  step.alpha[k] = 1.5
  return true
end

function damages.mu(step)
  local r = step.mu and next(step.mu)
  if not r then return nil end
  step.mu[r] = -step.mu[r]
  return true
end

function damages.lambda(step)
  local r = step.lambda and next(step.lambda)
  if not r then return nil end
  step.lambda[r] = -step.lambda[r]
  return true
end

function damages.empty_multipliers(step)
  if step.kind ~= "empty" then return nil end
  step.tau, step.mu = {}, {}
  return true
end

function damages.leaf_value(step)
  if step.kind ~= "leaf" or not step.clause then return nil end
  step.value = step.value - 1e-3 * (1 + math.abs(step.value))
  return true
end

function damages.leaf_constraint(step)
  if step.kind ~= "leaf" then return nil end
  table.remove(step.tight, 1)
  return true
end

function damages.cut_value(step)
  if step.kind ~= "cut" then return nil end
  step.value = step.value + (step["end"] == "upper" and -1 or 1) * 0.05
  return true
end

function damages.tau(step)
  if not step.tau or next(step.tau) == nil or step.kind == "empty" then return nil end
  for k, tau in pairs(step.tau) do step.tau[k] = -tau end
  return true
end

function damages.split_neuron(_, node)
  if not node.neuron then return nil end
  node.neuron = node.neuron > 1 and node.neuron - 1 or 2
  return true
end

function damages.missing_child(_, node)
  if not node.below then return nil end
  node.below = nil
  return true
end

function damages.same_child(_, node)
  if not node.below then return nil end
  node.above = node.below
  return true
end

-- Of these some do no harm: the claim has room, or another step makes up for it.
local MAY_DO_NO_HARM = { cut_value = true, tau = true, split_neuron = true }

-- All (node, step) of a proof that a damage applies to, but for steps on which nothing rests, since a bound proved
-- above closes their node; at most `most`, spread out.
local function places_of(damage, proof, applied, most)
  local places = {}
  for i, node in proof:nodes() do
    for s = 0, #node.steps do
      local copy = proof:node(i)
      local of_node = damage({}, copy)
      local rests = s > 0 and applied[i .. ":" .. s]
      if (s == 0 and of_node) or (rests and not of_node and damage(copy.steps[s], {})) then
        places[#places + 1] = { i, s }
      end
    end
  end
  local some = {}
  for k = 1, math.min(most, #places) do some[k] = places[1 + (k - 1) * #places // math.min(most, #places)] end
  return some
end

function T.test_damage_is_refused()
  local tried, refused = {}, {}
  local function damage_all(problem, proof, name, kinds)
    local sound, applied = checker.check(problem, proof)
    lu.assertTrue(sound, name)
    for kind, damage in pairs(kinds) do
      for _, place in ipairs(places_of(damage, proof, applied, 3)) do
        local plain = checker.copy(proof)
        local node = plain.list[place[1]]
        damage(node.steps[place[2]] or {}, node)
        local ok = checker.check(problem, plain)
        tried[kind] = (tried[kind] or 0) + 1
        if not ok then refused[kind] = (refused[kind] or 0) + 1 end
        lu.assertTrue(not ok or MAY_DO_NO_HARM[kind],
          ("%s: %s in node %d, step %d is not seen"):format(name, kind, place[1], place[2]))
      end
    end
  end
  each_random_proof(4, { 3, 5, 5, 2 }, function(net, fields, proof, name)
    damage_all(problem_of(net, fields), proof, name, damages)
  end)
  local seed, rare = OFFSET, {}
  for _, kind in ipairs { "empty_multipliers", "leaf_value", "leaf_constraint", "mu" } do rare[kind] = damages[kind] end
  while (tried.leaf_value or 0) < 4 or (tried.empty_multipliers or 0) < 4 or not tried.mu do -- hard problems have them
    seed = seed + 1
    local case = cases.of(seed)
    if case then
      local proof = cases.run(case.plain, "find_strict", 1, RECORD):proof()
      case.plain.mode = "find_strict"
      if proof and work_of(case.plain, proof) < MOST_WORK / 4 then
        damage_all(case.plain, proof, case.name, rare)
      end
    end
  end
  for kind in pairs(damages) do
    lu.assertTrue((refused[kind] or 0) > 0, "no damage refused: " .. kind)
  end
end

--- The demo network near a point, where inputs are split; a proof split elsewhere is refused.
function T.test_demo()
  local net = relucid.load "examples/demo/climb.nnet"
  local fields = { domain = relucid.domain { lo = { -0.1, -0.1, -0.1, 0.1 }, hi = { 0.1, 0.1, 0.1, 0.3 } },
                   mode = "maximize", target = relucid.property.argmax(net, 2), gap = 0.5, record = 1 }
  local search, splits = net:search(fields), 0
  lu.assertEquals(search:run(), "proved")
  local proof, problem = search:proof(), problem_of(net, fields)
  check(problem, proof, "demo")
  for i, node in proof:nodes() do
    if node.input then
      local plain = checker.copy(proof)
      plain.list[i].at = node.at + 0.01
      splits = splits + 1
      lu.assertFalse(checker.check(problem, plain))
    end
  end
  lu.assertTrue(splits > 0)
end

--- A small proof of ACAS Xu: some 20 seconds.
function T.test_acas()
  local data = os.getenv "RELUCID_DATA"
  if not LONG or not data then lu.skip "needs RELUCID_LONG and RELUCID_DATA" end
  local net = relucid.load(data .. "/acasxu/nnet/ACASXU_experimental_v2a_4_2.nnet")
  local question = relucid.vnnlib(data .. "/acasxu/vnnlib/prop_4.vnnlib", net)
  local fields = { domain = question:domain(1), target = question:target(1), mode = "find", record = 1 }
  local search = net:search(fields)
  lu.assertEquals(search:run(), "proved")
  check(problem_of(net, fields), search:proof(), "ACAS Xu")
end

-- ---- the search ---------------------------------------------------------------------------------------------------

function T.test_no_proof()
  local net, domain = support.small(), support.square()
  local goal = relucid.property.linear(net, { { c = { 1, 0 }, d = 2 } })
  local function proof_of(fields)
    fields.domain = domain
    local search = net:search(fields)
    lu.assertNil(search:proof())
    search:run()
    return search:proof()
  end
  lu.assertNil(proof_of { target = goal:negate(), mode = "find_strict" })
  lu.assertNil(proof_of { target = goal, mode = "find", record = 1 })
  lu.assertEquals(proof_of { target = goal:negate(), mode = "find_strict", record = 1 }.count, 1)
  support.raises_with("node is 2", function()
    proof_of({ target = goal:negate(), mode = "find_strict", record = 1 }):node(2)
  end)
  support.raises("there is no proof", function()
    net:search { domain = domain, target = goal, mode = "find" }:proof_node(1)
  end)
end

--- What is on record counts as memory.
function T.test_memory()
  local net = relucid.load "examples/demo/climb.nnet"
  local domain = relucid.domain { lo = { -0.5, -0.5, -0.5, 0 }, hi = { 0.5, 0.5, 0.5, 1 } }
  local function run(record)
    local search = net:search { domain = domain, target = relucid.property.argmax(net, 2), mode = "maximize", gap = 0.5,
                                megabytes = 0.2, record = record }
    return search:run(), search:reason(), search
  end
  lu.assertEquals((run(0)), "proved")
  local verdict, reason, search = run(1)
  lu.assertEquals({ verdict, reason }, { "unknown", "memory" })
  -- unfinished, but what it says of the maximum is proved
  local open = 0
  for _, node in search:proof():nodes() do open = open + (node.below and 0 or 1) end
  lu.assertTrue(open > 1)
  lu.assertEquals(search:proof().upper, search:upper())
end

return T
