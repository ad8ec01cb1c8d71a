--- Equations between inputs and outputs: inputs of doubles that fulfil them exactly are found where there are some,
--- though no vertex and no point inside may be of doubles.
local Prng = require "examples.prng"
local exact = require "spec.exact"
local lu = require "luaunit"
local relucid = require "relucid"

local COUNT = os.getenv "RELUCID_LONG" and 2000 or 60

-- A number with few bits.
local function short(prng, most, parts) return prng:integer(-most * parts, most * parts) / parts end

local function random_layer(prng, inputs, outputs)
  local layer = { W = {}, b = {} }
  for i = 1, outputs do
    layer.W[i], layer.b[i] = {}, short(prng, 1, 4)
    for j = 1, inputs do layer.W[i][j] = short(prng, 2, 4) end
  end
  return layer
end

local function eval(layers, x)
  for k, layer in ipairs(layers) do
    local z = {}
    for i, row in ipairs(layer.W) do
      z[i] = layer.b[i]
      for j, w in ipairs(row) do z[i] = z[i] + w * x[j] end
      if k < #layers then z[i] = math.max(z[i], 0) end
    end
    x = z
  end
  return x
end

-- Rows that say a.x + c.y = its value at x.
local function equation(prng, x, y, of_outputs)
  local up, down = { a = {}, c = {}, d = 0.0 }, { a = {}, c = {}, d = 0.0 }
  local function set(list, values, used)
    for j, value in ipairs(values) do
      local factor = used and prng:integer(-3, 3) or 0
      up[list][j], down[list][j] = factor, -factor
      up.d = up.d - factor * value
    end
  end
  set("a", x, not of_outputs or prng:chance(0.5))
  set("c", y, of_outputs)
  down.d = -up.d
  return up, down
end

-- A problem with an input of doubles, x: sums stay exact, so x fulfils the equations.
local function random_problem(seed)
  local prng = Prng.new(seed)
  local inputs = prng:integer(2, 4)
  local layers = { random_layer(prng, inputs, prng:integer(2, 5)) }
  layers[2] = random_layer(prng, #layers[1].W, 2)
  local x, lo, hi, clause = {}, {}, {}, {}
  for j = 1, inputs do x[j], lo[j], hi[j] = prng:integer(-999, 999) / 1024, -1.0, 1.0 end
  local y = eval(layers, x)
  for k = 1, prng:integer(1, inputs - 1) do
    clause[2 * k - 1], clause[2 * k] = equation(prng, x, y, k == 1 and prng:chance(0.5))
  end
  clause[#clause + 1] = { c = { 1, 0 }, d = -y[1] + prng:integer(0, 1) / 8 }
  return { layers = layers, lo = lo, hi = hi, A = {}, b = {}, clauses = { clause } }
end

local function find(problem)
  local net = relucid.network(problem.layers)
  local domain = relucid.domain { lo = problem.lo, hi = problem.hi, A = #problem.A > 0 and problem.A or nil,
                                  b = #problem.A > 0 and problem.b or nil }
  local target = relucid.property.linear(net, problem.clauses[1])
  local search = net:search { domain = domain, mode = "find", target = target, nodes = 2000 }
  return search:run(), search:witness()
end

local T = {}

function T.test_random_equations()
  local found = 0
  for seed = 1, COUNT do
    local problem = random_problem(seed)
    local verdict, x = find(problem)
    lu.assertNotEquals(verdict, "proved", "seed " .. seed)
    if verdict == "counterexample" then
      found = found + 1
      lu.assertTrue(exact.sign_at(problem, x) >= 0, "seed " .. seed)
    end
  end
  if os.getenv "RELUCID_VERBOSE" then print(found, COUNT) end
  lu.assertTrue(found >= 0.95 * COUNT, ("%d of %d found"):format(found, COUNT))
end

--- Right-hand sides with all bits of a double, so that only inputs near 0 have fine enough bits; in the target, and in
--- the domain's half-spaces.
function T.test_long_constants()
  local layers = { { W = { { 1, 0 }, { -1, 0 }, { 0, 1 }, { 0, -1 } }, b = { 0, 0, 0, 0 } },
                   { W = { { 1, -1, 0, 0 }, { 0, 0, 1, -1 } }, b = { 0, 0 } } }
  local sum, less = { a = { 1, 1 }, c = { 0, 0 }, d = -0.3 }, { a = { -1, -1 }, c = { 0, 0 }, d = 0.3 }
  for _, row in ipairs { { c = { 1, 0 }, d = -0.5 }, { c = { 0, 1 }, d = 0.1 }, { c = { -1, 1 }, d = -0.01 } } do
    for _, problem in ipairs { { A = {}, b = {}, clauses = { { sum, less, row } } },
                               { A = { sum.a, less.a }, b = { 0.3, -0.3 }, clauses = { { row } } } } do
      problem.layers, problem.lo, problem.hi = layers, { -1, -1 }, { 1, 1 }
      local verdict, x = find(problem)
      lu.assertEquals(verdict, "counterexample")
      lu.assertTrue(exact.sign_at(problem, x) >= 0)
    end
  end
end

--- 3x = 1 has no solution of doubles, 3x - 6y = 1 neither; 3x - 2y = 1 has.
function T.test_divisibility()
  local net = relucid.network { { W = { { 1, 1 } }, b = { 0 } } }
  local domain = relucid.domain { lo = { -1, -1 }, hi = { 1, 1 } }
  for _, case in ipairs { { 3, 0, "unknown" }, { 3, -6, "unknown" }, { 3, -2, "counterexample" } } do
    local a, b, verdict = table.unpack(case)
    local rows = { { a = { a, b }, c = { 0 }, d = -1 }, { a = { -a, -b }, c = { 0 }, d = 1 } }
    local target = relucid.property.linear(net, rows)
    lu.assertEquals(net:search { domain = domain, target = target, mode = "find" }:run(), verdict)
  end
end

return T
