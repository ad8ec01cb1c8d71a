--- Preimages by splitting, against the network at sample points and against exact volumes.
local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"

local T = {}

local function run(preimage)
  while not preimage:step() do end
  return preimage
end

local function sample(net, goal, domain, count, rng)
  local points, good, lo, hi = {}, {}, domain.lo, domain.hi
  local A, b = domain.A, domain.b
  while #points < count do
    local x, inside = {}, true
    for j = 1, net.n do x[j] = lo[j] + rng() * (hi[j] - lo[j]) end
    for r, row in ipairs(A) do
      local sum = 0
      for j = 1, net.n do sum = sum + row[j] * x[j] end
      inside = inside and sum <= b[r]
    end
    if inside then points[#points + 1] = x end
  end
  local data = relucid.data(points)
  local y = net:eval(data)
  for s = 1, count do good[s] = goal:value(points[s], y[s]) end
  return data, good
end

-- How many polytopes hold each point.
local function holders(preimage, data)
  local count = {}
  for s = 1, #data do count[s] = 0 end
  for i = 1, preimage:count() do
    for _, s in ipairs(preimage:region(i):members(data)) do count[s] = count[s] + 1 end
  end
  return count
end

local GOALS = {
  relucid.property.any { { { c = { 1, -1 } } } },
  relucid.property.any { { { c = { 1, 0 }, d = 0.5 }, { c = { 0, 1 }, d = 0.25 }, { a = { 1, 0, 0 }, c = { 0, 0 },
                                                                                  d = 0.5 } } },
  relucid.property.any { { { c = { 1, -1 } } }, { { c = { 0, 1 }, d = -1 }, { c = { -1, 0 }, d = 0.5 } } },
}

local DOMAINS = {
  relucid.domain { lo = { -1, -1, -1 }, hi = { 1, 0.5, 1 } },
  relucid.domain { lo = { -1, -1, -1 }, hi = { 1, 0.5, 1 }, A = { { 1, 1, 0 }, { -1, 0, 2 } }, b = { 0.5, 1.5 } },
}

-- Under: no point without the property is held, none twice.  Over: each point with it is held.
function T.test_polytopes_are_sound()
  support.random("preimage", function(rng)
    local held = 0
    for _, sizes in ipairs { { 3, 10, 2 }, { 3, 8, 8, 2 }, { 3, 6, 5, 4, 2 } } do
      local net = support.random_network(rng, sizes)
      for g, goal in ipairs(GOALS) do
        for _, domain in ipairs(DOMAINS) do
          local data, good = sample(net, goal, domain, 2000, rng)
          for _, mode in ipairs { "under", "over" } do
            local preimage = run(net:preimage { domain = domain, property = goal, mode = mode, coverage = 0.95,
                                                samples = 1000, points = 64, polytopes = 60, seed = rng(1, 1000) })
            for s, count in ipairs(holders(preimage, data)) do
              if mode == "under" then
                lu.assertTrue(count == 0 or good[s] >= -1e-9, "a polytope holds a point without the property")
                lu.assertTrue(count <= 1, "two polytopes overlap")
              else
                lu.assertTrue(count > 0 or good[s] <= 1e-9, "a point with the property is left out")
                lu.assertTrue(count <= 1 or g == 3)
              end
              held = held + count
            end
          end
        end
      end
    end
    lu.assertTrue(held > 1000)
  end)
end

-- With coverage 1 the search ends at the exact preimage, whose volume enumeration gives.
function T.test_full_coverage_is_exact()
  support.random("exact", function(rng)
    for g = 1, 2 do
      local net, domain = support.random_network(rng, { 3, 6, 4, 2 }), DOMAINS[g]
      local found = net:enumerate { domain = domain, property = GOALS[g] }
      while not found:step() do end
      local low, high = found:volume()
      local preimage = run(net:preimage { domain = domain, property = GOALS[g], coverage = 1, samples = 1000 })
      lu.assertEquals(preimage:reason(), "exact")
      local sum_low, sum_high = 0, 0
      for i = 1, preimage:count() do
        local part_low, part_high = preimage:region(i):volume()
        sum_low, sum_high = sum_low + part_low, sum_high + part_high
      end
      lu.assertTrue(sum_low <= high + 1e-9 and low <= sum_high + 1e-9,
                    ("%.12g..%.12g, enumerated %.12g..%.12g"):format(sum_low, sum_high, low, high))
    end
  end)
end

-- P(X >= k) for X binomial(n, p), summed term by term.
local function upper_tail(n, k, p)
  local log_term, sum = 0.0, 0.0
  for i = 1, k do log_term = log_term + math.log((n - k + i) / i) end
  log_term = log_term + k * math.log(p) + (n - k) * math.log(1 - p)
  for i = k, n do
    sum = sum + math.exp(log_term)
    log_term = log_term + math.log((n - i) / (i + 1)) + math.log(p / (1 - p))
    if i == n then break end
  end
  return sum
end

function T.test_coverage_interval()
  support.random("interval", function(rng)
    local net, goal, domain = support.random_network(rng, { 3, 12, 8, 2 }), GOALS[1], DOMAINS[1]
    for _, mode in ipairs { "under", "over" } do
      local preimage = run(net:preimage { domain = domain, property = goal, mode = mode, coverage = 0.9,
                                          samples = 2000, polytopes = 20, seed = rng(1, 1000) })
      local coverage = preimage:coverage()
      lu.assertEquals(preimage:coverage(), coverage) -- the same sample
      local n, hits = coverage.samples, math.floor(coverage.value * coverage.samples + 0.5)
      if n > 0 and hits > 0 and hits < n then
        -- Clopper and Pearson: at the ends the outcome, or a more extreme one, has probability `tail`.  All the
        -- measurements together have an error of 0.001, of which the k-th has 1 / (k (k + 1)).
        local k = preimage:stats().checks
        local tail = 0.001 / (k * (k + 1)) / 2
        lu.assertAlmostEquals(upper_tail(n, hits, coverage.lo), tail, 1e-3 * tail)
        lu.assertAlmostEquals(1 - upper_tail(n, hits + 1, coverage.hi), tail, 1e-3 * tail)
      end
      -- A sample of its own, ten times as large.
      local data, good = sample(net, goal, domain, 20000, rng)
      local both, of = 0, 0
      for s, count in ipairs(holders(preimage, data)) do
        local counts = mode == "under" and good[s] >= 0 or mode == "over" and count > 0
        if counts then of = of + 1 end
        if counts and count > 0 and good[s] >= 0 then both = both + 1 end
      end
      if of > 1000 then
        local slack = 5 * math.sqrt(0.25 / of)
        lu.assertTrue(both / of >= coverage.lo - slack and both / of <= coverage.hi + slack)
      end
    end
  end)
end

-- The search ends when the lower end of the interval has reached the coverage; or the estimate, where that is asked.
function T.test_confident()
  support.random("confident", function(rng)
    local net = support.random_network(rng, { 3, 12, 8, 2 })
    for _, confident in ipairs { 0, 1 } do
      for _, mode in ipairs { "under", "over" } do
        local preimage = run(net:preimage { domain = DOMAINS[2], property = GOALS[1], mode = mode, coverage = 0.8,
                                            samples = 1000, polytopes = 100, confident = confident,
                                            seed = rng(1, 1000) })
        local coverage = preimage:coverage()
        if preimage:reason() == "coverage" then
          lu.assertTrue(coverage.value >= 0.8 and (confident == 0 or coverage.lo >= 0.8))
        end
        preimage:demand(0.9)
        run(preimage)
        coverage = preimage:coverage()
        if preimage:reason() == "coverage" then
          lu.assertTrue(coverage.value >= 0.9 and (confident == 0 or coverage.lo >= 0.9))
        end
      end
    end
  end)
end

-- With few samples too the lower end decides, or nothing is left; then no polytope that holds anything is left out.
function T.test_few_samples()
  support.random("few", function(rng)
    for _ = 1, 3 do
      local net = support.random_network(rng, { 3, 5, 3, 2 })
      local preimage = run(net:preimage { domain = DOMAINS[1], property = GOALS[1], coverage = 0.999, samples = 100,
                                          points = 64 })
      local coverage, reason = preimage:coverage(), preimage:reason()
      lu.assertTrue(reason == "coverage" and coverage.lo >= 0.999 or reason == "exact", reason)
      if reason == "exact" then
        local found, sum = net:enumerate { domain = DOMAINS[1], property = GOALS[1] }, 0
        while not found:step() do end
        for i = 1, preimage:count() do sum = sum + select(2, preimage:region(i):volume()) end
        lu.assertTrue(math.abs(sum - select(2, found:volume())) <= 1e-6)
      end
    end
  end)
end

-- The polytopes are pruned by the sample that steers the search, which thinks too well of what it keeps: what falls
-- short on a fresh sample is measured again with fewer left out, and at last with all, before the search goes on.
function T.test_accepted_by_a_sample_of_its_own()
  for seed = 1, 3 do
    local net = support.random_network(support.generator(seed), { 3, 12, 12, 2 })
    local domain = relucid.domain { lo = { -1, -1, -1 }, hi = { 1, 1, 1 } }
    local preimage = run(net:preimage { domain = domain, property = GOALS[1], coverage = 0.98, samples = 500,
                                        points = 64, polytopes = 1500, seed = seed })
    lu.assertEquals(preimage:reason(), "coverage", "seed " .. seed)
    lu.assertTrue(preimage:coverage().lo >= 0.98)
  end
end

function T.test_reproducible()
  local results = {}
  for i = 1, 2 do
    support.random("network", function() end)
    local state = 7
    local net = support.random_network(function(a, b)
      state = (state * 1103515245 + 12345) & 0x7fffffff
      return a + (state >> 8) % (b - a + 1)
    end, { 3, 10, 8, 2 })
    local preimage = run(net:preimage { domain = DOMAINS[1], property = GOALS[1], polytopes = 12, samples = 500 })
    results[i] = { preimage:count(), preimage:coverage() }
    for k = 1, preimage:count() do results[i][k + 2] = preimage:region(k):rows() end
  end
  lu.assertEquals(results[1], results[2])
end

-- y1 = relu(x1) - relu(x2), y2 = relu(x2); y1 >= 1 has no solution on [-1, 1]^2 but a corner.
function T.test_extremes()
  local net, domain = support.small(), support.square()
  local nothing = relucid.property.linear { { c = { 1, 0 }, d = -2 } }
  local all = relucid.property.linear { { c = { 0, 1 }, d = 1 } }
  for _, coverage in ipairs { 0.9, 1 } do
    local preimage = run(net:preimage { domain = domain, property = nothing, coverage = coverage, samples = 200 })
    lu.assertEquals(preimage:count(), 0)
    preimage = run(net:preimage { domain = domain, property = all, coverage = coverage, samples = 200 })
    lu.assertEquals(preimage:count(), 1)
    lu.assertEquals(preimage:coverage().value, 1)
    preimage = run(net:preimage { domain = domain, property = nothing, mode = "over", coverage = coverage,
                                  samples = 200 })
    lu.assertEquals(preimage:count(), 0)
    preimage = run(net:preimage { domain = domain, property = all, mode = "over", coverage = coverage, samples = 200 })
    lu.assertEquals(preimage:count(), 1)
  end
  -- A domain without interior, and one that holds nothing.
  local flat = relucid.domain { lo = { -1, 0.5 }, hi = { 1, 0.5 } }
  lu.assertEquals(run(net:preimage { domain = flat, property = all, samples = 200 }):count(), 1)
  local empty = relucid.domain { lo = { -1, -1 }, hi = { 1, 1 }, A = { { 1, 0 } }, b = { -2 } }
  lu.assertEquals(run(net:preimage { domain = empty, property = all, samples = 200 }):count(), 0)
end

-- Where arithmetic overflows nothing is claimed, and nothing breaks.
function T.test_overflow()
  for _, big in ipairs { 1e150, 1e300 } do
    local net = relucid.network { { W = { { big, -big }, { 1, big } }, b = { 0, big } },
                                  { W = { { big, 1 }, { -1, big } }, b = { 0, 0 } },
                                  { W = { { big, -big } }, b = { 1 } } }
    local goal, domain = relucid.property.linear { { c = { 1 } } }, support.square()
    for _, mode in ipairs { "under", "over" } do
      local preimage = run(net:preimage { domain = domain, property = goal, mode = mode, samples = 200,
                                          polytopes = 10 })
      for i = 1, preimage:count() do
        local region = preimage:region(i)
        if mode == "under" and region:contains { 0.5, -0.5 } then
          lu.assertTrue(net:eval_bounds { 0.5, -0.5 }[1] >= 0)
        end
      end
    end
    local found = net:enumerate { domain = domain, property = goal }
    while not found:step() do end
    local low, high = found:volume()
    lu.assertTrue(low >= 0 and low <= 4 and high >= low)
  end
end

return T
