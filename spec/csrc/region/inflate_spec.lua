-- Boxes by gradient ascent: proved by the decision procedure, optimal where the optimum is known otherwise.
local lu = require "luaunit"
local relucid = require "relucid"
local sampling = require "spec.sampling"
local support = require "spec.support"
local raises = support.raises

local T = {}

local function inflated(net, fields)
  local inflate <close> = net:inflate(fields)
  while not inflate:step(500) do end
  local value, steps, leaves = inflate:value()
  return inflate:box(), value, steps, leaves
end

local function log_volume(box)
  local sum = 0
  for i, lo in ipairs(box.lo) do sum = sum + math.log(box.hi[i] - lo) end
  return sum
end

T.test_boxes_are_proved = sampling.each(30, function(rng, net, domain, point, goal)
  if rng(1, 2) == 1 then
    net = support.some_linear(rng, net)
    goal = relucid.property.argmax(net, sampling.answer(net:eval(point)))
  end
  local box, value = inflated(net, { domain = domain, goal = goal, point = point, steps = 300, stage_steps = 100,
                                     leaves = rng(1, 2) == 1 and 6 or 1 })
  if not box then return end
  for i, x in ipairs(point) do
    lu.assertTrue(box.lo[i] <= x and x <= box.hi[i] and box.lo[i] >= domain.lo[i] and box.hi[i] <= domain.hi[i])
  end
  lu.assertAlmostEquals(log_volume(box), value, 1e-6)
  lu.assertEquals((net:implies(relucid.domain(box), nil, goal)), "proved")
  for _ = 1, 200 do
    local x = sampling.in_box(rng, box.lo, box.hi)
    lu.assertTrue(goal:value(x, net:eval(x)) >= -1e-9)
  end
end, { 3, 6, 5, 4, 3 })

-- Divided by signs the bounds are tighter: never a smaller box, mostly a larger one.
function T.test_more_leaves_larger_boxes()
  support.random("inflate", function(rng)
    local larger = 0
    for _ = 1, 12 do
      local net = support.random_network(rng, { 3, 8, 6, 3 })
      local domain = sampling.cube(3)
      local point = sampling.in_box(rng, domain.lo, domain.hi)
      local goal = relucid.property.argmax(net, sampling.answer(net:eval(point)))
      local fields = { domain = domain, goal = goal, point = point, steps = 400, stage_steps = 200 }
      local _, whole, _, one = inflated(net, fields)
      fields.leaves = 8
      local box, divided, steps, leaves = inflated(net, fields)
      lu.assertTrue(divided >= whole - 1e-6)
      lu.assertEquals(one, 1)
      if leaves > 1 then lu.assertTrue(steps > 400 and leaves <= 8) end
      if divided > whole + 0.01 then
        larger = larger + 1
        lu.assertEquals((net:implies(relucid.domain(box), nil, goal)), "proved")
      end
    end
    lu.assertTrue(larger > 0)
  end)
end

-- Without hidden layers the bounds are exact and the problem is concave: the region's own program has the optimum.
function T.test_optimal_for_an_affine_network()
  support.random("inflate", function(rng)
    for _ = 1, 10 do
      local net = support.random_network(rng, { 4, 3 })
      local domain = sampling.cube(4)
      local point = sampling.in_box(rng, domain.lo, domain.hi)
      local best = sampling.answer(net:eval(point))
      local goal, affine = relucid.property.argmax(net, best), net:affine(net:pattern(point))
      local A, b = {}, {}
      for k = 1, 3 do
        if k ~= best then
          local row = {}
          for i = 1, 4 do row[i] = affine.W[k][i] - affine.W[best][i] end
          A[#A + 1], b[#b + 1] = row, affine.b[best] - affine.b[k]
        end
      end
      local optimum = relucid.region(net, domain, nil, { A = A, b = b }):box("volume", point)
      local box, value = inflated(net, { domain = domain, goal = goal, point = point, steps = 4000,
                                         barrier_end = 1e-3 })
      lu.assertTrue(log_volume(box) <= optimum.log_volume + 1e-9)
      lu.assertTrue(value >= optimum.log_volume - 0.05)
    end
  end)
end

-- One input: the largest interval around the point is where a bisection finds the margin's zeros, as long as the bounds
-- are exact there, which for one hidden layer they are when no kink lies inside.
function T.test_one_input()
  local net = relucid.network { { W = { { 1 }, { -1 } }, b = { 1, 2 } }, { W = { { 1, 0 }, { 0, 1 } }, b = { 0, 0 } } }
  local goal = relucid.property.linear { { c = { 1, 0 }, d = -0.5 } } -- relu(x + 1) >= 0.5: x >= -0.5
  local box = inflated(net, { domain = relucid.domain { lo = { -4 }, hi = { 4 } }, goal = goal, point = { 1 },
                              steps = 3000, barrier_end = 1e-4 })
  lu.assertTrue(box.lo[1] >= -0.5 and box.lo[1] <= -0.49)
  lu.assertAlmostEquals(box.hi[1], 4, 1e-6)
end

-- Weights and measures: what counts for nothing is not grown for; the least width is larger than by volume.
function T.test_measures()
  support.random("inflate", function(rng)
    local wider = 0
    for _ = 1, 10 do
      local net = support.random_network(rng, { 4, 3 })
      local domain = sampling.cube(4)
      local point = { 0.1, -0.2, 0.3, 0.05 }
      local goal = relucid.property.argmax(net, sampling.answer(net:eval(point)))
      local least = {}
      for _, measure in ipairs { "volume", "least" } do
        local box = inflated(net, { domain = domain, goal = goal, point = point, steps = 2000, measure = measure,
                                    barrier_end = 0.01 })
        local width = math.huge
        for i = 1, 4 do width = math.min(width, box.hi[i] - box.lo[i]) end
        least[measure] = width
      end
      lu.assertTrue(least.least >= 0.9 * least.volume)
      if least.least > 1.1 * least.volume then wider = wider + 1 end
    end
    lu.assertTrue(wider > 0)
  end)
  local net = relucid.network { { W = { { 1, 1 } }, b = { 0 } } }
  local goal = relucid.property.linear { { c = { -1 }, d = 1 } } -- x1 + x2 <= 1
  local box = inflated(net, { domain = support.square(0, 1), goal = goal, point = { 0, 0 }, weights = { 3, 1 },
                              steps = 4000, barrier_end = 1e-3 })
  lu.assertAlmostEquals(box.hi[1], 0.75, 0.02) -- maximises 3 log w1 + log w2 on w1 + w2 = 1
  lu.assertAlmostEquals(box.hi[2], 0.25, 0.02)
end

function T.test_a_goal_about_inputs()
  local net = relucid.network { { W = { { 1, 1 } }, b = { 0 } } }
  local goal = relucid.property.linear { { a = { -1, 0 }, c = { 0 }, d = 0.5 } } -- x1 <= 0.5
  local box = inflated(net, { domain = support.square(0, 1), goal = goal, point = { 0, 0 }, steps = 3000,
                              barrier_end = 1e-4 })
  lu.assertTrue(box.hi[1] <= 0.5 and box.hi[1] > 0.49)
end

function T.test_no_box_where_the_margin_is_zero()
  local net = relucid.network { { W = { { 1, 1 } }, b = { 0 } } }
  local goal = relucid.property.linear { { c = { 1 }, d = 0 } }
  local box, value, steps = inflated(net, { domain = support.square(), goal = goal, point = { -0.5, -0.5 } })
  lu.assertEquals({ box, value, steps }, { nil, -math.huge, 0 })
end

function T.test_refuses()
  local net = support.small()
  local goal = relucid.property.argmax(net, 1)
  local function with(fields)
    local all = { domain = support.square(), goal = goal, point = { 0.5, 0 } }
    for name, value in pairs(fields) do all[name] = value end
    return net:inflate(all)
  end
  raises("inflate: unknown option 'step'", with, { step = 3 })
  raises("measure is 'area', expected one of: volume, width, least", with, { measure = "area" })
  raises("point[1] is 2, the domain has -1 to 1", with, { point = { 2, 0 } })
  raises("weights[2] is -1, expected a number >= 0", with, { weights = { 1, -1 } })
  raises("steps is 0, expected a number from 1 to 1e9", with, { steps = 0 })
  raises("leaves is 0, expected a number from 1 to 4096", with, { leaves = 0 })
  raises("stage_steps is 0, expected a number from 1 to 1e9", with, { stage_steps = 0 })
  raises("rate is 2, expected above 0, at most 1", with, { rate = 2 })
  raises("the goal is an or of 2 conjunctions, expected one conjunction", with, {
    goal = relucid.property.any { { { c = { 1, 0 }, d = 0 } }, { { c = { 0, 1 }, d = 0 } } } })
  local inflate = with {}
  raises("steps is 0, expected a positive integer", inflate.step, inflate, 0)
  inflate:close()
  support.raises_with("closed", inflate.step, inflate)
end

return T
