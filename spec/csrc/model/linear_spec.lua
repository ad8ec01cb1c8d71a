--- Networks with linear neurons, which pass their values on: their own semantics, and everything that works on networks
--- against brute force or sampling.  (The decision procedure: spec/csrc/decide/brute_spec.lua; proofs: proof_spec.lua.)
local brute = require "brute"
local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"
local raises, strategy = support.raises, relucid.strategy

local T = {}

-- |x1 + x2| = 2 relu(x1 + x2) - (x1 + x2), the sum carried by a linear neuron.
local function absolute()
  return relucid.network {
    { W = { { 1, 1 }, { 1, 1 } }, b = { 0, 0 }, linear = { false, true } },
    { W = { { 2, -1 } }, b = { 0 } },
  }
end

function T.test_values_and_patterns()
  local net = absolute()
  lu.assertEquals(net:eval { 1, -3 }, { 2 })
  lu.assertEquals(net:eval { { 1, -3 }, { 0.5, 0.25 } }, { { 2 }, { 0.75 } })
  local lo, hi = net:eval_bounds { 1, -3 }
  lu.assertEquals({ lo, hi }, { { 2 }, { 2 } })
  local pattern = net:pattern { 1, -3 }
  lu.assertEquals(tostring(pattern), "0-")
  lu.assertEquals(#pattern, 1)
  lu.assertTrue(pattern:is_prefix())
  local map = net:affine(pattern)
  lu.assertEquals(map.W[1][1], -1)
  lu.assertEquals(map.W[1][2], -1)
  lu.assertEquals(net:layer(1).linear, { false, true })
  lu.assertNil(net:layer(2).linear)
  lu.assertNil(support.small():layer(1).linear)
end

function T.test_linear_neurons_are_part_of_the_hash()
  local layers = { { W = { { 1, 1 }, { 1, 1 } }, b = { 0, 0 } }, { W = { { 2, -1 } }, b = { 0 } } }
  lu.assertNotEquals(relucid.network(layers).sha256, absolute().sha256)
  layers[1].linear = false
  lu.assertEquals(relucid.network(layers).sha256, relucid.network { layers[1], layers[2] }.sha256)
end

function T.test_errors()
  local function with(linear, last)
    return relucid.network { { W = { { 1, 1 }, { 1, 1 } }, b = { 0, 0 }, linear = linear },
                             { W = { { 2, -1 } }, b = { 0 }, linear = last } }
  end
  raises("network: layer 1: linear is 1, expected a boolean or a list of them", with, 1)
  raises("network: layer 1: linear[2] is 1, expected a boolean", with, { true, 1 })
  raises("network: layer 2: linear is for hidden layers, the last layer has no ReLU", with, true, true)
  local net = absolute()
  raises("pattern[1][2] is 1, but that neuron passes its value on and has no sign: expected null (free)",
         relucid.pattern, net, { { 1, 1 } })
  local pattern = net:pattern { 0, 0 }
  raises("value is 0, but that neuron passes its value on and has no sign: expected null (free)", pattern.with, pattern,
         1, 2, 0)
  local foreign = relucid.pattern(relucid.network { { W = { { 1, 1 }, { 1, 1 } }, b = { 0, 0 } },
                                                    { W = { { 2, -1 } }, b = { 0 } } }, { { 1, 1 } })
  raises("pattern: neuron 1 passes its value on and has no sign, expected -1 (free), got 1", net.implies, net,
         support.square(), foreign, relucid.property.linear { { c = { 1 } } })
end

-- ---- against brute force ------------------------------------------------------------------------------

-- A random network of integers with linear neurons, for both: see enumerate_spec.lua.
local function integer_network(rng, sizes)
  local layers, net_layers = {}, {}
  for k = 1, #sizes - 1 do
    local layer, marks = { weights = {}, biases = {} }, {}
    for r = 1, sizes[k + 1] do
      layer.weights[r] = {}
      for c = 1, sizes[k] do layer.weights[r][c] = rng(-2, 2) * 2 end
      layer.biases[r] = 2 * rng(-2, 1) + 1
      marks[r] = rng(1, 3) == 1
    end
    net_layers[k] = { W = layer.weights, b = layer.biases }
    if k < #sizes - 1 then
      layer.linear, net_layers[k].linear = {}, marks
      for r = 1, sizes[k + 1] do layer.linear[r] = marks[r] and 1 or 0 end
    end
    layers[k] = layer
  end
  return relucid.network(net_layers), layers
end

-- All patterns (as their ReLU neurons' signs) with an interior; nil where the oracle's integers are too small.
local function solid_patterns(layers, lo, hi)
  local neurons, found, count, zeros = {}, {}, 0, {}
  for k = 1, #layers - 1 do
    for _, mark in ipairs(layers[k].linear) do neurons[#neurons + 1] = mark == 0 end
  end
  local relus = {}
  for i, is_relu in ipairs(neurons) do
    if is_relu then relus[#relus + 1] = i end
  end
  for i = 1, #layers[#layers].biases do zeros[i] = 0 end
  for code = 0, (1 << #relus) - 1 do
    local pattern, text = {}, {}
    for i = 1, #neurons do pattern[i] = -1 end
    for i, k in ipairs(relus) do pattern[k], text[i] = code >> (i - 1) & 1, code >> (i - 1) & 1 end
    local answer = brute.maximum { layers = layers, lo = lo, hi = hi, pattern = pattern,
                                   target = { { c = zeros, d = 1 } } }
    if not answer then return nil end
    if answer.solid then found[table.concat(text)], count = true, count + 1 end
  end
  return found, count
end

function T.test_linear_regions_are_those_of_brute_force()
  support.random("regions", function(rng)
    local checked = 0
    for _ = 1, 30 do
      local n = rng(1, 3)
      local sizes = rng(1, 2) == 1 and { n, rng(3, 7), 2 } or { n, rng(2, 4), rng(3, 4), 2 }
      local net, layers = integer_network(rng, sizes)
      local lo, hi, volume = {}, {}, 1
      for i = 1, n do
        lo[i], hi[i] = -rng(1, 3), rng(1, 3)
        volume = volume * (hi[i] - lo[i])
      end
      local expected, count = solid_patterns(layers, lo, hi)
      if expected then
        checked = checked + 1
        local found = net:enumerate { domain = relucid.domain { lo = lo, hi = hi } }
        while not found:step() do end
        lu.assertEquals(found:count(), count)
        for i = 1, found:count() do
          local text = tostring(found:pattern(i)):gsub("[^01]", "")
          lu.assertTrue(expected[text], text .. " is no region, or is given twice")
          expected[text] = nil
        end
        local low, high = found:volume()
        lu.assertTrue(low <= volume and volume <= high)
      end
    end
    lu.assertTrue(checked >= 10)
  end)
end

-- ---- what is promised of regions, by sampling -----------------------------------------------------------------

local function random_point(rng, lo, hi)
  local x = {}
  for i = 1, #lo do x[i] = math.min(lo[i] + rng() * (hi[i] - lo[i]), hi[i]) end
  return x
end

local function cube(n)
  local lo, hi = {}, {}
  for i = 1, n do lo[i], hi[i] = -1, 1 end
  return relucid.domain { lo = lo, hi = hi }
end

local function answer(y)
  local best = 1
  for k = 2, #y do
    if y[k] > y[best] then best = k end
  end
  return best
end

local function sample_rows(rng, n, count)
  local rows = {}
  for r = 1, count do
    rows[r] = {}
    for i = 1, n do rows[r][i] = 2 * rng() - 1 end
  end
  return relucid.data(rows)
end

function T.test_strategies()
  support.random("strategies", function(rng)
    local names = { "nninfer", "prophecy", "tight", "guarded", "free", "wide", "box", "union", "rules", "portfolio" }
    for _ = 1, 3 do
      local net = support.some_linear(rng, support.random_network(rng, { 3, 5, 4, 3 }))
      local domain, point = cube(3), random_point(rng, { -1, -1, -1 }, { 1, 1, 1 })
      local goal = relucid.property.argmax(net, answer(net:eval(point)))
      for _, name in ipairs(names) do
        local options = { domain = domain }
        if name == "wide" or name == "rules" then options.data = sample_rows(rng, 3, 200) end
        if name == "union" then options.timeout = 2 end
        local result = strategy.run(name, net, point, goal, options)
        for part = 1, #result do
          local region = result:region(part)
          for _ = 1, 100 do
            local x = random_point(rng, domain.lo, domain.hi)
            if region:contains(x) then lu.assertTrue(goal:value(x, net:eval(x)) >= -1e-12, name) end
          end
          local pattern = result:pattern(part)
          for _, literal in ipairs(pattern and pattern:list() or {}) do
            local linear = net:layer(literal[1]).linear
            lu.assertFalse(linear and linear[literal[2]] or false, name .. ": a literal of a linear neuron")
          end
        end
      end
    end
  end)
end

function T.test_preimages()
  support.random("preimages", function(rng)
    for _ = 1, 4 do
      local net = support.some_linear(rng, support.random_network(rng, { 2, 8, 6, 2 }))
      local goal, domain = relucid.property.linear { { c = { 1, -1 } } }, support.square()
      local hits = 0
      local points = {}
      for s = 1, 2000 do
        points[s] = random_point(rng, domain.lo, domain.hi)
        local y = net:eval(points[s])
        if y[1] >= y[2] then hits = hits + 1 end
      end
      if hits > 100 then
        for _, method in ipairs { "exact", "split" } do
          local result = strategy.preimage(net, goal, { domain = domain, method = method, coverage = 0.9 })
          local covered = 0
          for _, x in ipairs(points) do
            local inside, y = false, net:eval(x)
            for part = 1, #result do inside = inside or result:region(part):contains(x) end
            if inside then
              lu.assertTrue(y[1] - y[2] >= -1e-12, method)
              covered = covered + 1
            end
          end
          lu.assertTrue(covered >= 0.8 * hits, ("%s: %d of %d covered"):format(method, covered, hits))
        end
      end
    end
  end)
end

function T.test_boxes_by_gradient()
  support.random("inflated", function(rng)
    local found = 0
    for _ = 1, 15 do
      local net = support.some_linear(rng, support.random_network(rng, { 3, 6, 5, 4, 3 }))
      local domain, point = cube(3), random_point(rng, { -1, -1, -1 }, { 1, 1, 1 })
      local goal = relucid.property.argmax(net, answer(net:eval(point)))
      local inflate <close> = net:inflate { domain = domain, goal = goal, point = point, steps = 300 }
      while not inflate:step(500) do end
      local box = inflate:box()
      if box then
        found = found + 1
        lu.assertEquals((net:implies(relucid.domain(box), nil, goal)), "proved")
      end
    end
    lu.assertTrue(found > 0)
  end)
end

-- A linear neuron computes what a pair of ReLU neurons does: the two networks are the same function.
function T.test_same_function_with_relus_alone()
  support.random("pairs", function(rng)
    for _ = 1, 20 do
      local net = support.some_linear(rng, support.random_network(rng, { 3, 6, 5, 2 }))
      local layers, columns = {}, nil
      for k = 1, #net.sizes - 1 do
        local layer, plain, next_columns = net:layer(k), { W = {}, b = {} }, {}
        for i, row in ipairs(layer.W) do
          local spread = row
          if columns then
            spread = {}
            for j, places in ipairs(columns) do
              for _, place in ipairs(places) do spread[place[1]] = place[2] * row[j] end
            end
          end
          local function add(sign)
            local changed = {}
            for j, w in ipairs(spread) do changed[j] = sign * w end
            plain.W[#plain.W + 1], plain.b[#plain.b + 1] = changed, sign * layer.b[i]
            return { #plain.W, sign }
          end
          next_columns[i] = { add(1) }
          if layer.linear and layer.linear[i] then next_columns[i][2] = add(-1) end
        end
        layers[k], columns = plain, next_columns
      end
      local same = relucid.network(layers)
      local target = relucid.property.linear { { c = { 1, -1 } } }
      local fields = { domain = cube(3), target = target, mode = "maximize" }
      local a, b = net:search(fields), same:search(fields)
      a:run()
      b:run()
      lu.assertTrue(a:lower() <= b:upper() and b:lower() <= a:upper())
      lu.assertAlmostEquals(a:upper(), b:upper(), 1e-6)
    end
  end)
end

return T
