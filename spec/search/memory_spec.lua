-- Each allocation of a search, a minimisation or a comparison of regions fails once: the error says so, nothing leaks
-- or breaks, and the job, stepped on, comes to the same end.
local lu = require "luaunit"
local core = require "relucid.core"
local relucid = require "relucid"
local support = require "spec.support"

local T = {}

local MOST = 20000

-- Make the n-th allocation fail, for n = 1, 2, 3, ... by `stride`, until create() and all of step() get by without it.
local function each_allocation_fails(stride, create, step, answer)
  local expected, n = nil, 1
  while n < MOST do
    core.memory_fail_at(n)
    local ok, job = pcall(create)
    if ok then
      local message
      repeat
        ok, message = pcall(step, job)
        if not ok then lu.assertEquals(message, "out of memory") end
        local failed = not ok
        if failed then
          core.memory_fail_at(0)
          repeat until step(job)
          break
        end
      until message
      core.memory_fail_at(0)
      local got = answer(job)
      expected = expected or got
      lu.assertEquals(got, expected)
      if ok then
        lu.assertTrue(n > 1, "no allocation failed")
        return n
      end
    else
      core.memory_fail_at(0)
      lu.assertEquals(job, "out of memory")
    end
    n = n + stride
  end
  lu.fail "never succeeds"
end

local function fixture(seed)
  local state = seed
  local net = support.random_network(function(a, b)
    state = (state * 1103515245 + 12345) % 2147483648
    return a + (state >> 12) % (b - a + 1)
  end, { 2, 3, 3, 2 })
  local y = net:eval { 0.25, -0.5 }
  return net, support.square(), net:pattern { 0.25, -0.5 }, relucid.property.argmax(net, y[1] >= y[2] and 1 or 2)
end

local function test_search(mode, property, record)
  for seed = 1, 3 do
    local net, domain, _, goal = fixture(seed)
    each_allocation_fails(1, function()
      return net:search { domain = domain, target = property(goal), mode = mode, record = record }
    end, function(search) return search:step(3) ~= "running" end, function(search)
      local proof = search:proof()
      return search:verdict() .. (proof and proof.count or "")
    end)
  end
end

function T.test_find() test_search("find", function(goal) return goal end) end
function T.test_find_strict() test_search("find_strict", function(goal) return goal:negate() end) end
function T.test_maximize() test_search("maximize", function(goal) return goal end) end
function T.test_record() test_search("maximize", function(goal) return goal end, 1) end

local function test_minimize(mode)
  for seed = 1, 3 do
    local net, domain, pattern, goal = fixture(seed)
    each_allocation_fails(1, function()
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
  each_allocation_fails(1, function() return {} end, function(job)
    job.answer = tostring((outer:includes(inner)))
    return true
  end, function(job) return job.answer end)
end

function T.test_pattern_regions()
  local net, domain, pattern = fixture(1)
  local loose = pattern:with(1, 1, nil)
  each_allocation_fails(1, function() return relucid.region(net, domain, loose) end, function(region)
    region:contains { 0.25, -0.5 }
    return true
  end, tostring)
end

return T
