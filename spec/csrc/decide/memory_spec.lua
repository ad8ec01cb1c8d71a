-- Each allocation of a search, a minimisation or a comparison of regions fails once: the error says so, nothing leaks
-- or breaks, and the job, stepped on, comes to the same end.
local lu = require "luaunit"
local core = require "relucid.core"
local relucid = require "relucid"
local support = require "spec.support"

local T = {}

local MOST = 20000

-- Make the n-th allocation fail, for n = 1, 2, 3, ... until create() and all of step() make fewer.  Some
-- failures are no error: a try at a counterexample is left out.
local function each_allocation_fails(create, step, answer)
  local expected, n = nil, 1
  while n < MOST do
    core.memory_fail_at(n)
    local ok, job = pcall(create)
    if not ok then
      lu.assertEquals(job, "out of memory")
      lu.assertEquals(core.memory_fail_at(0), 0)
    else
      local done, untouched
      repeat
        ok, done = pcall(step, job)
        if not ok then lu.assertEquals(done, "out of memory") end
      until ok and done
      untouched = core.memory_fail_at(0) > 0
      local got = answer(job)
      expected = expected or got
      lu.assertEquals(got, expected)
      if untouched then
        lu.assertTrue(n > 1, "no allocation failed")
        return n
      end
    end
    n = support.next_allocation(n)
  end
  lu.fail "never succeeds"
end

local function rng_of(seed)
  local state = seed
  return function(a, b)
    state = (state * 1103515245 + 12345) % 2147483648
    return a + (state >> 12) % (b - a + 1)
  end
end

local function fixture(seed)
  local net = support.random_network(rng_of(seed), { 2, 3, 3, 2 })
  local y = net:eval { 0.25, -0.5 }
  return net, support.square(), net:pattern { 0.25, -0.5 }, relucid.property.argmax(net, y[1] >= y[2] and 1 or 2)
end

local function test_search(mode, property, record)
  for seed = 1, 3 do
    local net, domain, _, goal = fixture(seed)
    each_allocation_fails(function()
      return net:search { domain = domain, target = property(goal), mode = mode, record = record }
    end, function(search) return search:step(3) ~= "running" end, function(search)
      local proof = search:proof() -- how many nodes it has depends on which tries at a witness came to nothing
      return search:verdict() .. (proof and proof.count > 0 and " with a proof" or "")
    end)
  end
end

-- Add the work that a search did to what searches before it did.
local function add_stats(sum, search)
  for name, value in pairs(search:stats()) do sum[name] = (sum[name] or 0) + value end
end

-- Half-spaces, a pattern, an or of two ands: for every mode and number of threads.  So that every rung is reached,
-- few and many inputs, and a margin whose maximum is 0, which only the rational leaves settle.
local function each_rung(threads, regime)
  local work = {}
  for _, sizes in ipairs(regime == 2 and { { 3, 9, 8, 2 } } or { { 2, 4, 3, 2 }, { 2, 20, 2 }, { 26, 4, 3, 2 } }) do
    local n = sizes[1]
    local net = support.random_network(rng_of(n), sizes)
    local lo, hi, row, point = {}, {}, {}, {}
    for i = 1, n do lo[i], hi[i], row[i], point[i] = -1, 1, i % 3 - 1, 0.25 - i % 2 * 0.5 end
    local domain = relucid.domain { lo = lo, hi = hi, A = { row }, b = { 0.5 } }
    local full = net:pattern(point)
    local pattern = full:prefix(0):with(1, 1, full(1, 1)):with(1, 4, full(1, 4))
    local y = net:eval(point)
    local target = relucid.property.any { { { c = { 1, -1 }, d = y[2] - y[1] - 0.125 } },
                                          { { c = { -1, 0 }, d = -4 }, { c = { 0, 1 }, d = -1 } } }
    for _, mode in ipairs { "find", "find_strict", "maximize" } do
      for _, signs in ipairs { false, pattern } do
        each_allocation_fails(function()
          return net:search { domain = domain, pattern = signs or nil, target = target, mode = mode,
                              threads = threads, nodes = 60, regime = regime }
        end, function(search) return search:step(2) ~= "running" end, function(search)
          add_stats(work, search)
          return threads == 1 and search:verdict() or ""
        end)
      end
    end
  end
  return work
end

function T.test_each_rung()
  local work = each_rung(1)
  for _, name in ipairs { "lps", "neuron_splits", "input_splits", "evaluations" } do
    lu.assertTrue(work[name] > 0, name)
  end
end

function T.test_refinement() lu.assertTrue(each_rung(1, 2).nodes > 0) end

function T.test_threads() lu.assertTrue(each_rung(3).nodes > 0) end

-- relu x1 - relu x2 <= 0 where x1 <= x2: the maximum is 0, and no bound in doubles is below it.
function T.test_rational_leaves()
  local net, work = support.small(), {}
  local domain = relucid.domain { lo = { -1, -1 }, hi = { 1, 1 }, A = { { 1, -1 } }, b = { 0 } }
  local target = relucid.property.linear { { c = { 1, 0 }, d = 0 } }
  each_allocation_fails(function()
    return net:search { domain = domain, target = target, mode = "find_strict" }
  end, function(search) return search:step(1) ~= "running" end, function(search)
    add_stats(work, search)
    return search:verdict()
  end)
  lu.assertTrue(work.exact > 0)
end

function T.test_find() test_search("find", function(goal) return goal end) end
function T.test_find_strict() test_search("find_strict", function(goal) return goal:negate() end) end
function T.test_maximize() test_search("maximize", function(goal) return goal end) end
function T.test_record() test_search("maximize", function(goal) return goal end, 1) end

local function test_minimize(mode)
  for seed = 1, mode == "divide" and 1 or 3 do
    local net, domain, pattern, goal = fixture(seed)
    each_allocation_fails(function()
      return net:minimize { domain = domain, pattern = pattern, property = goal, mode = mode,
                            order = { 6, 5, 4, 3, 2, 1 },
                            point = mode == "divide" and { 0.25, -0.5 } or nil }
    end, function(minimize) return minimize:step(3) end,
    function(minimize) return minimize:verdict() .. tostring(minimize:pattern()) end)
  end
end

function T.test_prefix() test_minimize "prefix" end
function T.test_deletion() test_minimize "deletion" end
function T.test_divide() test_minimize "divide" end

function T.test_includes()
  local net = support.small()
  local outer = relucid.region(net, support.square(), nil, { A = { { 1, 1 } }, b = { 0.5 } })
  local inner = relucid.region(net, support.square(), nil, { A = { { 1, 2 }, { 1, 0.5 } }, b = { 0.5, 0.25 } })
  each_allocation_fails(function() return {} end, function(job)
    job.answer = tostring((outer:includes(inner)))
    return true
  end, function(job) return job.answer end)
end

function T.test_pattern_regions()
  local net, domain, pattern = fixture(1)
  local loose = pattern:with(1, 1, nil)
  each_allocation_fails(function() return relucid.region(net, domain, loose) end, function(region)
    region:contains { 0.25, -0.5 }
    return true
  end, tostring)
end

return T
