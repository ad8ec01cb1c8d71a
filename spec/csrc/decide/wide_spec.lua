--- The regime that refines neurons' ranges first (the option `regime`): it agrees with the other one, its cores are
--- enough, and it does not depend on how it is cut into steps.
local Prng = require "examples.prng"
local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"

local SEED = math.tointeger(tonumber(os.getenv "RELUCID_SEED")) or 1

local function box_around(point, radius)
  local lo, hi = {}, {}
  for i, value in ipairs(point) do lo[i], hi[i] = value - radius, value + radius end
  return lo, hi
end

local function random_point(prng, n)
  local point = {}
  for i = 1, n do point[i] = 2 * prng:uniform() - 1 end
  return point
end

local function largest(y)
  local best = 1
  for i = 2, #y do
    if y[i] > y[best] then best = i end
  end
  return best
end

-- Does the point's class keep a share of its lead over each other one?
local function lead(net, y, share)
  local class, rows = largest(y), {}
  for j = 1, #y do
    local c = {}
    for i = 1, #y do c[i] = (i == class and 1 or 0) - (i == j and 1 or 0) end
    if j ~= class then rows[#rows + 1] = { c = c, d = -share * (y[class] - y[j]) } end
  end
  return relucid.property.linear(net, rows)
end

-- A network, a box around a point, and the question whether the lead is lost in it.
local function problem_of(seed, sizes, radius, share)
  local prng = Prng.new(seed)
  local net = support.random_network(function(first, last) return prng:integer(first, last) end, sizes)
  local point = random_point(prng, sizes[1])
  local lo, hi = box_around(point, radius)
  local goal = lead(net, net:eval(point), share or 0)
  return { net = net, prng = prng, point = point, lo = lo, hi = hi, goal = goal, target = goal:negate(),
           domain = relucid.domain { lo = lo, hi = hi } }
end

local function search_of(problem, regime, more)
  local fields = { domain = problem.domain, target = problem.target, mode = "find_strict", regime = regime,
                   nodes = 3000 }
  for name, value in pairs(more or {}) do fields[name] = value end
  return problem.net:search(fields)
end

local T = {}

function T.test_agrees()
  local proved, refuted = 0, 0
  for k = 1, 40 do
    local seed = 1000 * SEED + k
    local problem = problem_of(seed, { 30, 16, 12, 12, 4 }, 0.01 + 0.01 * (k % 8), k % 2 * 0.5)
    local first, second = search_of(problem, 1):run(), search_of(problem, 2):run()
    lu.assertNotEquals(second, "unknown", "seed " .. seed)
    if first ~= "unknown" then lu.assertEquals(second, first, "seed " .. seed) end
    if second == "proved" then proved = proved + 1 else refuted = refuted + 1 end
  end
  lu.assertTrue(proved >= 5 and refuted >= 5, ("%d proved, %d refuted"):format(proved, refuted))
end

-- The literals that a proof used are enough, by the other regime too.
function T.test_core()
  local proved = 0
  for k = 1, 30 do
    local seed = 2000 * SEED + k
    local problem = problem_of(seed, { 30, 14, 12, 3 }, 0.1)
    local pattern = problem.net:pattern(problem.point):prefix(1)
    local search = search_of(problem, 2, { pattern = pattern })
    if search:run() == "proved" then
      proved = proved + 1
      local core = search:core()
      lu.assertEquals(search_of(problem, 1, { pattern = core, nodes = 20000 }):run(), "proved", "seed " .. seed)
    end
  end
  lu.assertTrue(proved >= 3, proved .. " proved")
end

function T.test_steps_do_not_matter()
  for k = 1, 6 do
    local problem = problem_of(3000 * SEED + k, { 40, 24, 24, 4 }, 0.05)
    local whole, sliced = search_of(problem, 2), search_of(problem, 2)
    whole:run()
    while sliced:step(1) == "running" do end
    local a, b = whole:stats(), sliced:stats()
    a.seconds, b.seconds = nil, nil
    lu.assertEquals({ sliced:verdict(), b }, { whole:verdict(), a }, "seed " .. 3000 * SEED + k)
  end
end

function T.test_ends_in_time()
  local problem, most = problem_of(7, { 200, 150, 150, 150, 2 }, 1), 0
  for _, y in ipairs(problem.net:eval(problem.point)) do most = math.max(most, math.abs(y)) end
  problem.target = relucid.property.linear(problem.net, { { c = { 1, -1 }, d = -50 * most } }) -- far out of reach
  local search = search_of(problem, 2, { seconds = 0.3, nodes = 0 })
  local started = os.clock()
  lu.assertEquals(search:run(), "unknown")
  lu.assertEquals(search:reason(), "seconds")
  lu.assertTrue(os.clock() - started < 3)
end

-- Nothing but first bounds: no linear programs, one node.
function T.test_small_boxes_need_no_programs()
  local problem = problem_of(11, { 400, 20, 20, 10 }, 1e-7)
  local search = search_of(problem, 0)
  lu.assertEquals(search:run(), "proved")
  lu.assertEquals({ search:stats().lps, search:stats().nodes }, { 0, 1 })
end

return T
