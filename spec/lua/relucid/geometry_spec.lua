-- Regions' linear programs, vertices, facets, projections, distances and samples, against other ways to the same.
local lu = require "luaunit"
local relucid = require "relucid"
local inputs = require "relucid.inputs"
local sampling = require "spec.sampling"
local support = require "spec.support"
local raises = support.raises

local T = {}

-- f(rng, region, lists): random polytopes around 0 in n inputs; the rows in lists, bounds apart.
local function each(count, n, f)
  return function()
    support.random("geometry", function(rng)
      for _ = 1, count do
        local dimension, A, b = n or rng(1, 4), {}, {}
        local lo, hi = {}, {}
        for i = 1, dimension do lo[i], hi[i] = -rng(1, 8) / 4, rng(1, 8) / 4 end
        for r = 1, rng(0, 6) do
          A[r] = {}
          for i = 1, dimension do A[r][i] = rng(-8, 8) / 4 end
          b[r] = rng(1, 12) / 4
        end
        local domain = relucid.domain { lo = lo, hi = hi, A = A, b = b }
        f(rng, relucid.region(inputs.network(dimension), domain), { A = A, b = b, lo = lo, hi = hi, n = dimension })
      end
    end)
  end
end

local function dot(a, x)
  local sum = 0
  for i = 1, #x do sum = sum + a[i] * x[i] end
  return sum
end

local function random_direction(rng, n)
  local a = {}
  for i = 1, n do a[i] = rng(-8, 8) / 8 end
  return a
end

-- The vertices tell the maximum of every linear function, and are inside up to rounding.
T.test_maxima_are_at_vertices = each(12, nil, function(rng, region, set)
  local vertices = region:vertices()
  lu.assertTrue(#vertices > set.n)
  for _ = 1, 5 do
    local a, best = random_direction(rng, set.n), -math.huge
    for _, x in ipairs(vertices) do best = math.max(best, dot(a, x)) end
    local found = region:maximize(a)
    lu.assertAlmostEquals(found.upper, best, 1e-7)
    lu.assertTrue(found.lower <= found.upper and region:contains(found.x))
    lu.assertAlmostEquals(dot(a, found.x), found.lower, 1e-7)
  end
  local lo, hi = region:bounds()
  for i = 1, set.n do
    local least, most = math.huge, -math.huge
    for _, x in ipairs(vertices) do least, most = math.min(least, x[i]), math.max(most, x[i]) end
    lu.assertAlmostEquals(lo[i], least, 1e-7)
    lu.assertAlmostEquals(hi[i], most, 1e-7)
  end
end)

T.test_facets_are_all_that_is_needed = each(12, nil, function(rng, region, set)
  local rows = region:rows()
  local kept, smaller = region:facets()
  local count = {}
  for _, r in ipairs(kept) do count[r] = true end
  for _ = 1, 300 do
    local x = sampling.in_box(rng, set.lo, set.hi)
    lu.assertEquals(smaller:contains(x), region:contains(x))
  end
  -- A row that is kept touches the set in a vertex; one that touches it in `n` of them or more may not be left out.
  for r, a in ipairs(rows.A) do
    local touching = 0
    for _, x in ipairs(region:vertices()) do touching = touching + (dot(a, x) >= rows.b[r] - 1e-9 and 1 or 0) end
    if count[r] then lu.assertTrue(touching >= 1) end
    if touching == 0 then lu.assertNil(count[r]) end
  end
  local twice = relucid.region(inputs.network(set.n), relucid.domain { lo = set.lo, hi = set.hi }, nil,
                               { A = { set.lo, set.lo }, b = { -0.25, -0.25 } })
  lu.assertEquals(#(twice:facets()), 1)
end)

T.test_the_largest_ball = each(12, nil, function(rng, region, set)
  local x, radius = region:centre()
  lu.assertTrue(region:contains(x))
  for _ = 1, 50 do
    local d, y = random_direction(rng, set.n), {}
    local length = math.sqrt(dot(d, d))
    for i = 1, set.n do y[i] = x[i] + (length > 0 and 0.999999 * radius * d[i] / length or 0) end
    lu.assertTrue(region:contains(y))
  end
  -- Around no sampled point of the region there is a larger one.
  for _, y in ipairs(region:sample(100, { seed = rng(1, 99), from = x })) do
    local room = math.huge
    for i = 1, set.n do room = math.min(room, y[i] - set.lo[i], set.hi[i] - y[i]) end
    for r, a in ipairs(set.A) do
      local length = math.sqrt(dot(a, a))
      if length > 0 then room = math.min(room, (set.b[r] - dot(a, y)) / length) end
    end
    lu.assertTrue(room <= radius * (1 + 1e-6) + 1e-9)
  end
end)

T.test_distance = each(12, nil, function(rng, region, set)
  local x = {}
  for i = 1, set.n do x[i] = rng(-16, 16) / 4 end
  local distance, nearest = region:distance(x)
  lu.assertTrue(region:contains(nearest))
  local apart = 0
  for i = 1, set.n do apart = math.max(apart, math.abs(nearest[i] - x[i])) end
  lu.assertAlmostEquals(apart, distance, 1e-7)
  lu.assertEquals(distance == 0, region:contains(x))
  for _, y in ipairs(region:sample(100)) do
    local other = 0
    for i = 1, set.n do other = math.max(other, math.abs(y[i] - x[i])) end
    lu.assertTrue(other >= distance)
  end
end)

T.test_intersection_and_emptiness = each(12, 2, function(rng, region)
  local lo = { rng(-8, 4) / 4, rng(-8, 4) / 4 }
  local other = relucid.region(inputs.network(2), relucid.domain { lo = lo, hi = { lo[1] + 1, lo[2] + 1 },
                                                                    A = { { 1, 1 } }, b = { rng(-4, 8) / 4 } })
  local both, empty, x = region:intersect(other), true, nil
  if both then empty, x = both:is_empty() end
  local hits = 0
  for _ = 1, 500 do
    local y = sampling.in_box(rng, lo, { lo[1] + 1, lo[2] + 1 })
    local inside = region:contains(y) and other:contains(y)
    hits = hits + (inside and 1 or 0)
    if both then lu.assertEquals(both:contains(y), inside) end
  end
  if hits > 0 then lu.assertFalse(empty) end
  if not empty then lu.assertTrue(region:contains(x) and other:contains(x)) end
  if empty and both then
    lu.assertNil(both:bounds())
    lu.assertNil(both:centre())
    lu.assertNil(both:maximize { 1, 0 })
    lu.assertNil(both:distance { 0, 0 })
    lu.assertEquals({ both:vertices(), both:project(1, 2) }, { {}, {} })
    support.raises_with("sample: no point of the region is known", both.sample, both, 1)
  end
end)

-- Every corner is the shadow of a vertex, and the polygon holds all of them.
T.test_projection = each(8, 3, function(_, region)
  local corners, vertices = region:project(1, 3), region:vertices()
  lu.assertTrue(#corners >= 3)
  for _, corner in ipairs(corners) do
    local nearest = math.huge
    for _, x in ipairs(vertices) do
      nearest = math.min(nearest, math.max(math.abs(x[1] - corner[1]), math.abs(x[3] - corner[2])))
    end
    lu.assertTrue(nearest < 1e-6)
  end
  for k, p in ipairs(corners) do
    local q = corners[k % #corners + 1]
    for _, x in ipairs(vertices) do -- all on the left of each edge
      lu.assertTrue((q[1] - p[1]) * (x[3] - p[2]) - (q[2] - p[2]) * (x[1] - p[1]) >= -1e-6)
    end
  end
end)

-- In a triangle: the mean of a uniform sample is the centroid, and half the points lie in the half near the corner.
function T.test_samples_are_uniform()
  local triangle = relucid.region(inputs.network(2), relucid.domain { lo = { 0, 0 }, hi = { 1, 1 }, A = { { 1, 1 } },
                                                                       b = { 1 } })
  local count, sum, near = 4000, { 0, 0 }, 0
  local points = triangle:sample(count, { seed = 7 })
  lu.assertEquals(points, triangle:sample(count, { seed = 7 }))
  lu.assertNotEquals(points[1], triangle:sample(1, { seed = 8 })[1])
  for _, x in ipairs(points) do
    lu.assertTrue(triangle:contains(x))
    sum[1], sum[2] = sum[1] + x[1], sum[2] + x[2]
    near = near + (x[1] + x[2] <= math.sqrt(0.5) and 1 or 0)
  end
  lu.assertAlmostEquals(sum[1] / count, 1 / 3, 0.025)
  lu.assertAlmostEquals(sum[2] / count, 1 / 3, 0.025)
  lu.assertAlmostEquals(near / count, 0.5, 0.05)
end

-- Where a pattern is no polytope: |x| >= 1/2 as one sign of the second layer.
function T.test_samples_of_a_pattern()
  local net = relucid.network { { W = { { 1, 0 }, { -1, 0 } }, b = { 0, 0 } }, { W = { { 1, 1 } }, b = { -0.5 } },
                                { W = { { 1 } }, b = { 0 } } }
  local region = relucid.region(net, support.square(), relucid.pattern(net):with(2, 1, 1))
  lu.assertFalse(region:is_polytope())
  local left = 0
  for _, x in ipairs(region:sample(1000, { from = { 0.75, 0 } })) do
    lu.assertTrue(math.abs(x[1]) >= 0.5)
    left = left + (x[1] < 0 and 1 or 0)
  end
  lu.assertTrue(left > 300 and left < 700)
  raises("sample: the option from is needed: the region is no polytope", region.sample, region, 1)
  for _, name in ipairs { "domain", "is_empty", "bounds", "facets", "vertices", "centre" } do
    raises(name .. ": the region is no polytope: its pattern is no decision prefix", region[name], region)
  end
end

function T.test_fixed_inputs()
  local region = relucid.region(inputs.network(3), relucid.domain { lo = { 0, 2, 0 }, hi = { 1, 2, 1 },
                                                                     A = { { 1, 1, 1 } }, b = { 3 } })
  local x, radius = region:centre()
  lu.assertAlmostEquals(radius, 1 / (2 + math.sqrt(2)), 1e-9)
  lu.assertEquals(x[2], 2)
  lu.assertEquals(#region:vertices(), 3)
  for _, y in ipairs(region:sample(20)) do lu.assertEquals(y[2], 2) end
  local point = relucid.region(inputs.network(2), relucid.domain { lo = { 1, 2 }, hi = { 1, 2 } })
  lu.assertEquals({ point:centre() }, { { 1, 2 }, math.huge })
end

function T.test_refuses()
  local region = relucid.region(inputs.network(2), support.square())
  raises("sample: unknown option 'seeds', expected from, seed, thin", region.sample, region, 1, { seeds = 1 })
  raises("the point to start from is not in the region", region.sample, region, 1, { from = { 2, 2 } })
  support.raises_with("x", region.distance, region, { 1 })
  raises("sample: seed is a, expected an integer", region.sample, region, 1, { seed = "a" })
  raises("sample: options: table expected, got number", region.sample, region, 1, 2)
  raises("project: input 3, expected 1 to 2", region.project, region, 1, 3)
  raises("project: the two inputs are the same", region.project, region, 1, 1)
  raises("intersect: has 1 inputs, expected 2", region.intersect, region,
         relucid.region(inputs.network(1), relucid.domain { lo = { 0 }, hi = { 1 } }))
end

return T
