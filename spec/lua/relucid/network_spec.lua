-- Ranges, activations, local forms, gradients and attacks of networks.
local lu = require "luaunit"
local relucid = require "relucid"
local sampling = require "spec.sampling"
local support = require "spec.support"
local raises = support.raises

local T = {}

-- Pre-activations, activations and outputs, layer by layer.
local function by_hand(net, x)
  local z, a, values = {}, {}, x
  for k = 1, #net.sizes - 1 do
    local layer, out = net:layer(k), {}
    for i, row in ipairs(layer.W) do
      out[i] = layer.b[i]
      for j, w in ipairs(row) do out[i] = out[i] + w * values[j] end
    end
    if k == #net.sizes - 1 then return z, a, out end
    z[k], a[k] = out, {}
    for i, value in ipairs(out) do a[k][i] = math.max(value, 0) end
    values = a[k]
  end
end

T.test_activations = sampling.each(5, function(rng, net, domain)
  local points, all_z, all_a = {}, {}, {}
  for p = 1, 11 do
    points[p] = sampling.in_box(rng, domain.lo, domain.hi)
    local z, a = net:activations(points[p])
    local own_z, own_a = by_hand(net, points[p])
    for k in ipairs(own_z) do
      for i in ipairs(own_z[k]) do
        lu.assertAlmostEquals(z[k][i], own_z[k][i], 1e-12)
        lu.assertAlmostEquals(a[k][i], own_a[k][i], 1e-12)
      end
    end
    all_z[p], all_a[p] = z, a
  end
  lu.assertEquals({ net:activations(points) }, { all_z, all_a })
  lu.assertEquals({ net:activations(relucid.data(points)) }, { all_z, all_a })
end)

T.test_ranges_hold_every_sample = sampling.each(8, function(rng, net, domain, point)
  local cheap, tight = net:ranges { domain = domain, method = "cheap" }, net:ranges { domain = domain }
  local pattern = net:pattern(point):prefix(1)
  local under = net:ranges { domain = domain, pattern = pattern }
  local region = relucid.region(net, domain, pattern)
  for _ = 1, 200 do
    local x = sampling.in_box(rng, domain.lo, domain.hi)
    local z = net:activations(x)
    local obeys = region:contains(x)
    for k in ipairs(z) do
      for i, value in ipairs(z[k]) do
        lu.assertTrue(value >= tight.lo[k][i] - 1e-12 and value <= tight.hi[k][i] + 1e-12)
        lu.assertTrue(cheap.lo[k][i] <= tight.lo[k][i] and tight.hi[k][i] <= cheap.hi[k][i])
        if obeys then lu.assertTrue(value >= under.lo[k][i] - 1e-12 and value <= under.hi[k][i] + 1e-12) end
      end
    end
  end
  local list = pattern:list()
  for _, literal in ipairs(list) do
    if literal[3] == 1 then lu.assertTrue(under.lo[literal[1]][literal[2]] >= 0) end
    if literal[3] == 0 then lu.assertTrue(under.hi[literal[1]][literal[2]] <= 0) end
  end
  -- The first layer's are those of interval arithmetic, but for rounding.
  local layer, lo, hi = net:layer(1), domain.lo, domain.hi
  for i, row in ipairs(layer.W) do
    local least, most = layer.b[i], layer.b[i]
    for j, w in ipairs(row) do
      least, most = least + math.min(w * lo[j], w * hi[j]), most + math.max(w * lo[j], w * hi[j])
    end
    lu.assertAlmostEquals(tight.lo[1][i], least, 1e-9)
    lu.assertAlmostEquals(tight.hi[1][i], most, 1e-9)
  end
end)

function T.test_ranges_of_nothing_and_defaults()
  local net = support.small()
  local on = relucid.pattern(net):with(1, 1, 1)
  lu.assertNil(net:ranges { domain = relucid.domain { lo = { -2, 0 }, hi = { -1, 1 } }, pattern = on })
  support.with_file(support.NNET, function(path)
    local ranges = relucid.load(path):ranges()
    lu.assertTrue(ranges.lo[1][1] <= -1 and ranges.hi[1][1] >= 1)
  end, ".nnet")
  raises("method is 3, expected cheap or tight", net.ranges, net, { domain = support.square(), method = 3 })
  support.raises_with("invalid option 'slow'", net.ranges, net, { domain = support.square(), method = "slow" })
end

-- Differences of the network along each input, within its linear piece.
T.test_gradients = sampling.each(8, function(rng, net, _, point)
  local weights = { rng(-4, 4), rng(-4, 4), rng(-4, 4) }
  local gradient, form = net:gradient(point, weights), net:local_form(point)
  local y, pattern = net:eval(point), tostring(net:pattern(point))
  for k = 1, net.m do
    local value = form.b[k]
    for i, x in ipairs(point) do value = value + form.W[k][i] * x end
    lu.assertAlmostEquals(value, y[k], 1e-9)
  end
  for i = 1, net.n do
    local moved = table.move(point, 1, #point, 1, {})
    moved[i] = moved[i] + 1e-6
    if tostring(net:pattern(moved)) == pattern then
      local other, difference = net:eval(moved), 0
      for k = 1, net.m do difference = difference + weights[k] * (other[k] - y[k]) end
      lu.assertAlmostEquals(gradient[i], difference / 1e-6, 1e-3 * (1 + math.abs(gradient[i])))
    end
  end
  lu.assertEquals(net:gradient(point, 2), net:gradient(point, { 0, 1, 0 }))
end)

function T.test_attacks()
  local found, refutable = 0, 0
  sampling.each(20, function(_, net, domain, _, goal)
    local x = net:attack(goal, { domain = domain, seed = 3 })
    local verdict = net:implies(domain, nil, goal)
    refutable = refutable + (verdict == "counterexample" and 1 or 0)
    if not x then return end
    found = found + 1
    lu.assertEquals(verdict, "counterexample")
    lu.assertTrue(goal:value(nil, net:eval(x)) < 1e-9)
    for i, value in ipairs(x) do lu.assertTrue(value >= domain.lo[i] and value <= domain.hi[i]) end
  end)()
  lu.assertTrue(found >= 0.7 * refutable)
end

function T.test_refuses()
  local net = support.small()
  raises("output is 3, expected 1 to 2", net.gradient, net, { 0, 0 }, 3)
  raises("output: expected its number or a list of 2 weights", net.gradient, net, { 0, 0 }, { 1 })
  raises("attack: unknown option 'tries', expected domain, pattern, restarts, seed", net.attack, net,
         relucid.property.argmax(net, 1), { tries = 3 })
end

return T
