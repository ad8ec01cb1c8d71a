--- Enumeration of linear regions against brute force over all patterns, exact preimages against sampling.
local brute = require "brute"
local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"

local T = {}

local function run(found)
  while not found:step() do end
  return found
end

--- A random network of integers: weights few and small, so that hyperplanes often meet in degenerate ways; biases odd
--- and weights of deeper layers even, so that no pre-activation is 0 all over a region.
local function integer_network(rng, sizes)
  local layers, net_layers = {}, {}
  for k = 1, #sizes - 1 do
    local weights, biases = {}, {}
    for r = 1, sizes[k + 1] do
      weights[r] = {}
      for c = 1, sizes[k] do weights[r][c] = rng(-2, 2) * 2 end
      biases[r] = 2 * rng(-2, 1) + 1
    end
    layers[k] = { weights = weights, biases = biases }
    net_layers[k] = { W = weights, b = biases }
  end
  return relucid.network(net_layers), layers
end

local function neurons_of(sizes)
  local count = 0
  for k = 2, #sizes - 1 do count = count + sizes[k] end
  return count
end

-- All patterns whose region has an interior, by brute force; nil where its integers are too small.
local function solid_patterns(layers, sizes, lo, hi, A, b)
  local neurons, found, count = neurons_of(sizes), {}, 0
  local zeros = {}
  for i = 1, sizes[#sizes] do zeros[i] = 0 end
  for code = 0, (1 << neurons) - 1 do
    local pattern = {}
    for i = 1, neurons do pattern[i] = code >> (i - 1) & 1 end
    local answer = brute.maximum { layers = layers, lo = lo, hi = hi, A = A, b = b, pattern = pattern,
                                   target = { { c = zeros, d = 1 } } }
    if not answer then return nil end
    if answer.solid then
      found[table.concat(pattern)] = true
      count = count + 1
    end
  end
  return found, count
end

local function text_of(pattern)
  return (tostring(pattern):gsub("[^01]", ""))
end

function T.test_regions_are_those_of_brute_force()
  support.random("regions", function(rng)
    local checked, exact = 0, 0
    for _ = 1, os.getenv "RELUCID_LONG" and 200 or 25 do
      local n = rng(1, 3)
      local sizes = rng(1, 2) == 1 and { n, rng(2, 7), 2 } or { n, rng(2, 4), rng(2, 4), 2 }
      local net, layers = integer_network(rng, sizes)
      local lo, hi, volume = {}, {}, 1
      for i = 1, n do
        lo[i], hi[i] = -rng(1, 3), rng(1, 3)
        volume = volume * (hi[i] - lo[i])
      end
      local A, b
      if rng(1, 3) == 1 then
        A, b = { {} }, { rng(0, 2) }
        for i = 1, n do A[1][i] = rng(-1, 1) end
      end
      local expected, count = solid_patterns(layers, sizes, lo, hi, A, b)
      if expected then
        checked = checked + 1
        local found = run(net:enumerate { domain = relucid.domain { lo = lo, hi = hi, A = A, b = b } })
        exact = exact + found:stats().exact
        lu.assertEquals(found:count(), count)
        for i = 1, found:count() do
          local text = text_of(found:pattern(i))
          lu.assertTrue(expected[text], text .. " is no region, or is given twice")
          expected[text] = nil
          local low, high = found:volume(i)
          lu.assertTrue(low <= high and high > 0)
        end
        if not A then
          local low, high = found:volume()
          lu.assertTrue(low <= volume and volume <= high)
          lu.assertTrue(high - low < 1e-6 * volume)
        end
      end
    end
    lu.assertTrue(checked >= 10)
    lu.assertTrue(exact > 0, "no sign was settled in rational arithmetic")
  end)
end

function T.test_a_region_is_its_pattern()
  support.random("membership", function(rng)
    for _ = 1, 5 do
      local net = support.random_network(rng, { 3, 8, 6, 2 })
      local lo, hi = { -1, -1, -1 }, { 1, 1, 1 }
      local found = run(net:enumerate { domain = relucid.domain { lo = lo, hi = hi } })
      local points, inside = {}, 0
      for s = 1, 300 do points[s] = { 2 * rng() - 1, 2 * rng() - 1, 2 * rng() - 1 } end
      local data = relucid.data(points)
      for i = 1, found:count() do
        local pattern, region = found:pattern(i), found:region(i)
        for _, s in ipairs(region:members(data)) do
          inside = inside + 1
          lu.assertTrue(net:pattern(points[s]) == pattern)
        end
        -- Vertices lie in the region up to rounding; their mean lies well inside.
        local mean, vertices = { 0, 0, 0 }, found:vertices(i)
        for _, v in ipairs(vertices) do
          for j = 1, 3 do mean[j] = mean[j] + v[j] / #vertices end
        end
        local low, high = found:volume(i)
        if low > 1e-9 then lu.assertTrue(net:pattern(mean) == pattern) end
        local region_low, region_high = region:volume()
        lu.assertTrue(region_low <= high and low <= region_high + 1e-9)
      end
      lu.assertEquals(inside, 300)
    end
  end)
end

-- relu(x) + relu(-x) and a neuron that is 0 everywhere: two regions, the dead neuron counts as on.
function T.test_conventions()
  local net = relucid.network { { W = { { 1 }, { -1 }, { 0 } }, b = { 0, 0, 0 } }, { W = { { 1, 1, 1 } }, b = { 0 } } }
  local found = run(net:enumerate { domain = relucid.domain { lo = { -1 }, hi = { 2 } } })
  lu.assertEquals(found:count(), 2)
  local texts = { text_of(found:pattern(1)), text_of(found:pattern(2)) }
  table.sort(texts)
  lu.assertEquals(texts, { "011", "101" })
  -- On [0, 2] the left region has no interior.
  found = run(net:enumerate { domain = relucid.domain { lo = { 0 }, hi = { 2 } } })
  lu.assertEquals(found:count(), 1)
  -- An empty domain, and one without interior, have no regions.
  found = run(net:enumerate { domain = relucid.domain { lo = { 0 }, hi = { 2 }, A = { { 1 } }, b = { -1 } } })
  lu.assertEquals(found:count(), 0)
  found = run(net:enumerate { domain = relucid.domain { lo = { 0 }, hi = { 2 }, A = { { 1 } }, b = { 0 } } })
  lu.assertEquals(found:count(), 0)
end

function T.test_inputs_that_are_fixed()
  local net = support.small()
  local found = run(net:enumerate { domain = relucid.domain { lo = { -1, 0.5 }, hi = { 1, 0.5 } } })
  lu.assertEquals(found:count(), 2)
  local low, high = found:volume()
  lu.assertTrue(low <= 2 and 2 <= high)
  lu.assertTrue(found:region(1):contains { found:vertices(1)[1][1], 0.5 })
end

-- The network and box with input i measured in units of 1 / scale[i]: weights divided, bounds multiplied.
local function rescaled(layers, lo, hi, scale)
  local first, low, high = {}, {}, {}
  for r, row in ipairs(layers[1].W) do
    first[r] = {}
    for i, w in ipairs(row) do first[r][i] = w / scale[i] end
  end
  for i, s in ipairs(scale) do low[i], high[i] = lo[i] * s, hi[i] * s end
  return relucid.network { { W = first, b = layers[1].b }, table.unpack(layers, 2) },
         relucid.domain { lo = low, hi = high }
end

function T.test_units_of_inputs_do_not_matter()
  support.random("units", function(rng)
    local function row(n)
      local list = {}
      for i = 1, n do list[i] = 2 * rng() - 1 end
      return list
    end
    for _ = 1, 4 do
      local layers = { { W = {}, b = row(6) }, { W = {}, b = row(6) }, { W = { row(6), row(6) }, b = row(2) } }
      for i = 1, 6 do layers[1].W[i], layers[2].W[i] = row(3), row(6) end
      local lo, hi, counts = { -1, -0.75, 0.25 }, { 1, 0.5, 0.75 }, {}
      for _, scale in ipairs { { 1, 1, 1 }, { 60760, 1e-5, 3 }, { 1e-9, 1e9, 7e3 } } do
        local net, domain = rescaled(layers, lo, hi, scale)
        local goal = relucid.property.linear(net, { { c = { 1, -1 } } })
        local whole, part = run(net:enumerate { domain = domain }), run(net:enumerate { domain = domain,
                                                                                         property = goal })
        local volume = 2 * 1.25 * 0.5 * scale[1] * scale[2] * scale[3]
        local low, high = whole:volume()
        lu.assertTrue(low <= volume * (1 + 1e-15) and volume * (1 - 1e-15) <= high)
        lu.assertTrue(high - low < 1e-7 * volume, (high - low) / volume)
        local part_low, part_high = part:volume()
        lu.assertTrue(part_high - part_low < 1e-7 * volume)
        local sum = 0
        for i = 1, part:count() do
          local least, most = part:region(i):volume()
          lu.assertTrue(most - least < 1e-7 * volume)
          sum = sum + most
        end
        lu.assertTrue(math.abs(sum - part_high) < 1e-7 * volume)
        counts[#counts + 1] = { whole:count(), part:count() }
      end
      lu.assertEquals(counts[2], counts[1])
      lu.assertEquals(counts[3], counts[1])
    end
  end)
end

-- Points of the domain as data, with the property's value at each.
local function sample(net, goal, lo, hi, count, rng)
  local points, good = {}, {}
  for s = 1, count do
    points[s] = {}
    for j = 1, net.n do points[s][j] = lo[j] + rng() * (hi[j] - lo[j]) end
  end
  local data = relucid.data(points)
  local y = net:eval(data)
  for s = 1, count do good[s] = goal:value(points[s], y[s]) end
  return data, good
end

-- Every point with the property (but for rounding) lies in exactly one region, every other point in none.
local function check_cover(found, data, good)
  local seen = {}
  for i = 1, found:count() do
    for _, s in ipairs(found:region(i):members(data)) do
      lu.assertNil(seen[s], "regions overlap")
      lu.assertTrue(good[s] >= -1e-9)
      seen[s] = true
    end
  end
  for s, value in ipairs(good) do
    if value > 1e-9 then lu.assertTrue(seen[s] ~= nil) end
  end
end

local GOALS = {
  { { { c = { 1, -1 } } } },
  { { { c = { 1, 0 }, d = 0.5 }, { c = { 0, 1 }, d = 0.25 }, { a = { 1, 0, 0 }, c = { 0, 0 }, d = 0.5 } } },
  { { { c = { 1, -1 } } }, { { c = { 0, 1 }, d = -1 }, { c = { -1, 0 }, d = 0.5 } } },
}

function T.test_preimages_cover_what_has_the_property()
  support.random("preimages", function(rng)
    local merged, pruned = 0, 0
    for round = 1, 8 do
      local net = support.random_network(rng, round % 2 == 0 and { 3, 7, 5, 2 } or { 3, 5, 4, 4, 2 })
      local lo, hi = { -1, -1, -1 }, { 1, 0.5, 1 }
      for _, clauses in ipairs(GOALS) do
        local goal = relucid.property.any(clauses)
        local found = run(net:enumerate { domain = relucid.domain { lo = lo, hi = hi }, property = goal })
        local data, good = sample(net, goal, lo, hi, 2000, rng)
        check_cover(found, data, good)
        pruned = pruned + found:stats().pruned
        local inside, low, high = 0, found:volume()
        for s = 1, #good do
          if good[s] >= 0 then inside = inside + 1 end
        end
        local share, estimate = (low + high) / 2 / 6, inside / #good
        lu.assertTrue(math.abs(share - estimate) < 5 * math.sqrt(0.25 / #good), "volume " .. share .. " " .. estimate)
        if #clauses == 1 then
          local before = found:count()
          found:merge()
          found:merge() -- a second time changes nothing
          merged = merged + before - found:count()
          check_cover(found, data, good)
          local after_low, after_high = found:volume()
          lu.assertEquals({ after_low, after_high }, { low, high })
          local sum_low, sum_high = 0, 0
          for i = 1, found:count() do
            local part_low, part_high = found:volume(i)
            local region_low, region_high = found:region(i):volume()
            sum_low, sum_high = sum_low + part_low, sum_high + part_high
            lu.assertTrue(part_low <= region_high + 1e-9 and region_low <= part_high + 1e-9, "round " .. round)
          end
          lu.assertAlmostEquals(sum_low, low, 1e-9)
          lu.assertAlmostEquals(sum_high, high, 1e-9)
        end
      end
    end
    lu.assertTrue(merged > 0 and pruned > 0)
  end)
end

-- The figures of RPM (Neural-Network-Reach): affine regions, and pieces of k-step preimages.
local function data_problem(name)
  local directory = os.getenv "RELUCID_DATA"
  if not directory or directory == "" then lu.skip "RELUCID_DATA is not set" end
  local record = relucid.json.decode(support.read(("%s/rpm/%s.json"):format(directory, name)), name)
  local net = relucid.load(("%s/rpm/%s.nnet"):format(directory, name))
  local rows = {}
  for k, c in ipairs(record.output_A or {}) do rows[k] = { c = c, d = -record.output_b[k] } end
  return net, record, rows[1] and relucid.property.linear(net, rows)
end

function T.test_regions_of_rpm()
  for name, volume in pairs { vanderpol = 30, quadratic = 4, pendulum_controlled = (2 * math.pi) ^ 2 * 10 } do
    local net, record = data_problem(name)
    local found = run(net:enumerate { domain = relucid.domain { lo = record.input_lo, hi = record.input_hi } })
    lu.assertEquals(found:count(), record.rpm_regions)
    local low, high = found:volume()
    lu.assertTrue(low <= volume * (1 + 1e-15) and volume * (1 - 1e-15) <= high)
  end
end

function T.test_preimages_of_rpm()
  data_problem "vanderpol_roa_k1" -- skips where there is no data
  support.random("rpm", function(rng)
    for k = 1, 3, 2 do
      local net, record, goal = data_problem("vanderpol_roa_k" .. k)
      local found = run(net:enumerate { domain = relucid.domain { lo = record.input_lo, hi = record.input_hi },
                                        property = goal })
      lu.assertEquals(found:count(), record.rpm_polyhedra)
      found:merge()
      lu.assertTrue(found:count() < record.rpm_polyhedra)
      check_cover(found, sample(net, goal, record.input_lo, record.input_hi, 5000, rng))
      local low, high = found:volume()
      local share = record.mc_fraction_of_domain_satisfying
      local sigma = math.sqrt(share / record.mc_samples)
      lu.assertTrue(math.abs((low + high) / 2 / 30 - share) < 5 * sigma)
      lu.assertTrue(high - low < 1e-6)
    end
  end)
end

return T
