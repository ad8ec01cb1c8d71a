--- Layers of few weights, which are kept as compressed rows: everything as with dense ones.
local checker = require "spec.proof"
local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"

local T = {}

local WIDTH = 70 -- 70 x 70 weights are enough to be compressed

-- inputs - 70 - 70 - 2, each neuron of the second hidden layer with three weights; linear: some without ReLU.
local function sparse_network(rng, inputs, linear)
  local function layer(rows, columns, few)
    local l = { W = {}, b = {}, linear = {} }
    for i = 1, rows do
      l.W[i], l.b[i], l.linear[i] = {}, rng(-64, 64) / 256, linear and rng(1, 4) == 1 or false
      for j = 1, columns do l.W[i][j] = few and 0 or rng(-64, 64) / 256 end
      for _ = 1, few or 0 do l.W[i][rng(1, columns)] = rng(-64, 64) / 64 end
    end
    return l
  end
  local last = layer(2, WIDTH, 6)
  last.linear = nil
  return relucid.network { layer(WIDTH, inputs), layer(WIDTH, WIDTH, 3), last }
end

-- Plain evaluation of net:layer's tables.
local function evaluated(net, x)
  for k = 1, #net.sizes - 1 do
    local layer, y = net:layer(k), {}
    for i, row in ipairs(layer.W) do
      local sum = layer.b[i]
      for j, w in ipairs(row) do sum = sum + w * x[j] end
      local passes = k == #net.sizes - 1 or (layer.linear and layer.linear[i])
      y[i] = passes and sum or math.max(sum, 0)
    end
    x = y
  end
  return x
end

local function random_point(rng, n)
  local x = {}
  for i = 1, n do x[i] = 2 * rng() - 1 end
  return x
end

function T.test_evaluation()
  support.random("sparse", function(rng)
    for _ = 1, 6 do
      local net = sparse_network(rng, 3, rng(1, 2) == 1)
      local points = {}
      for s = 1, 11 do points[s] = random_point(rng, 3) end
      local batch = net:eval(points)
      for s, x in ipairs(points) do
        local y, one, lo, hi = evaluated(net, x), net:eval(x), net:eval_bounds(x)
        for k = 1, 2 do
          lu.assertAlmostEquals(one[k], y[k], 1e-12)
          lu.assertEquals(batch[s][k], one[k])
          lu.assertTrue(lo[k] <= one[k] + 1e-12 and hi[k] >= one[k] - 1e-12 and hi[k] - lo[k] < 1e-10)
        end
      end
    end
  end)
end

-- Maxima against samples, with few inputs (bounds in small cells) and with more than there are columns for.
function T.test_maxima()
  support.random("sparse maxima", function(rng)
    for _, inputs in ipairs { 2, 30 } do
      for _ = 1, 4 do
        local net = sparse_network(rng, inputs, rng(1, 2) == 1)
        local box = { lo = {}, hi = {} }
        for i = 1, inputs do box.lo[i], box.hi[i] = -0.5, 0.5 end
        local target = relucid.property.linear { { c = { 1, -1 } } }
        local search = net:search { domain = relucid.domain(box), target = target, mode = "maximize", nodes = 40 }
        search:run()
        local upper, lower, x = search:upper(), search:lower(), search:witness()
        lu.assertTrue(lower <= upper)
        lu.assertAlmostEquals(target:value(nil, evaluated(net, x)), lower, 1e-9)
        for _ = 1, 200 do
          local p = random_point(rng, inputs)
          for i = 1, inputs do p[i] = 0.5 * p[i] end
          lu.assertTrue(target:value(nil, evaluated(net, p)) <= upper + 1e-9)
        end
      end
    end
  end)
end

-- A proof's bounds again in exact arithmetic.
function T.test_proofs()
  support.random("sparse proofs", function(rng)
    local net = sparse_network(rng, 2, true)
    local domain = relucid.domain { lo = { -0.125, -0.125 }, hi = { 0.125, 0.125 } }
    local target = relucid.property.linear { { c = { 1, -1 } } }
    local search = net:search { domain = domain, target = target, mode = "maximize", nodes = 200 }
    search:run()
    local row = { c = { 1, -1 }, d = -search:upper() - 0x1p-10 }
    search = net:search { domain = domain, target = relucid.property.linear { row }, mode = "find", record = 1 }
    lu.assertEquals(search:run(), "proved")
    local problem = { layers = {}, lo = domain.lo, hi = domain.hi, A = {}, b = {}, clauses = { { row } },
                      mode = "find" }
    for k = 1, 3 do problem.layers[k] = net:layer(k) end
    local ok, why = checker.check(problem, search:proof())
    lu.assertTrue(ok, why)
  end)
end

return T
