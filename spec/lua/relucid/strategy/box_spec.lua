local lu = require "luaunit"
local relucid = require "relucid"
local measure = require "relucid.measure"
local sampling = require "spec.sampling"
local support = require "spec.support"
local raises, strategy = support.raises, relucid.strategy

local T = {}

-- Every face is at the domain's edge or has its counterexample: within delta outside, inside in the other inputs.
local function check_faces(net, domain, goal, result, delta)
  local region = result:region()
  local lo, hi = region.lo, region.hi
  lu.assertEquals(#result.faces, 2 * net.n)
  for _, face in ipairs(result.faces) do
    local i = face.input
    if face.ending == "edge" then
      lu.assertEquals(region[face.side][i], domain[face.side][i])
    else
      lu.assertEquals(face.ending, "counterexample")
      local x = face.witness
      lu.assertTrue(goal:value(x, net:eval(x)) < 0)
      local outside = face.side == "lo" and lo[i] - x[i] or x[i] - hi[i]
      lu.assertTrue(outside > 0 and outside <= delta * (domain.hi[i] - domain.lo[i]) * (1 + 1e-12))
      for k = 1, net.n do lu.assertTrue(k == i or (x[k] >= lo[k] and x[k] <= hi[k])) end
    end
  end
end

T.test_sound_and_maximal = sampling.each(10, function(rng, net, domain, point, goal)
  local result = strategy.box(net, point, goal, { domain = domain, delta = 0.01 })
  lu.assertEquals({ result.status, result.maximal, result:kind() }, { "proved", true, "box" })
  lu.assertTrue(result:region():contains(point))
  lu.assertTrue(sampling.check(rng, net, goal, result) >= 1000)
  sampling.check_json(rng, result)
  check_faces(net, domain, goal, result, 0.01)
  local record = result:record().regions[1]
  lu.assertEquals({ record.A, record.b, record.lo, record.hi }, { {}, {}, result:region().lo, result:region().hi })
end)

T.test_no_smaller_than_the_papers_boxes = sampling.each(10, function(_, net, domain, point, goal)
  local ours = measure.of.volume(strategy.box(net, point, goal, { domain = domain }))
  local papers = { strategy.prophecy(net, point, goal, { domain = domain }) }
  for _, epsilon in ipairs { 1e-5, 1e-3, 0.1, 1 } do
    papers[#papers + 1] = strategy.nninfer(net, point, goal, { domain = domain, epsilon = epsilon })
  end
  for _, paper in ipairs(papers) do
    local theirs = measure.of.volume(paper)
    if #theirs > 0 then lu.assertTrue(ours[1] > theirs[1] or ours[2] >= theirs[2] - 1e-9) end
  end
end)

T.test_in_a_cut_domain = sampling.each(6, function(rng, net, domain, point, goal)
  local row, value = { rng() - 0.5, rng() - 0.5, rng() - 0.5 }, 0
  for i = 1, 3 do value = value + row[i] * point[i] end
  local cut = relucid.domain { lo = domain.lo, hi = domain.hi, A = { row }, b = { value + 0.05 } }
  local result = strategy.box(net, point, goal, { domain = cut, start = "piece" })
  sampling.check(rng, net, goal, result)
  sampling.check_json(rng, result)
  for _, face in ipairs(result.faces) do
    if face.witness then lu.assertTrue(relucid.region(net, cut):contains(face.witness)) end
  end
end)

-- The second input does not matter to output 1 being at least -1.
function T.test_irrelevant_inputs()
  local net = relucid.network { { W = { { 1, 0 } }, b = { 0 } }, { W = { { -1 } }, b = { 0 } } }
  local goal = relucid.property.linear { { c = { 1 }, d = 0.5 } }
  local result = strategy.box(net, { 0.25, 0.5 }, goal, { domain = support.square(), delta = 1e-4 })
  local region, extra = result:region(), result:record().regions[1]
  lu.assertEquals({ region.lo, region.hi[2], extra.irrelevant }, { { -1, -1 }, 1, { 2 } })
  lu.assertAlmostEquals(region.hi[1], 0.5, 2e-4)
  lu.assertTrue(region.hi[1] <= 0.5)
  lu.assertEquals({ extra.faces.lo, extra.faces.hi, #extra.witnesses }, { { 0, 0 }, { 1, 0 }, 1 })
end

function T.test_starting_boxes()
  local net, options = support.small(), { domain = support.square() }
  options.start = { lo = { 0.25, -0.5 }, hi = { 0.5, -0.25 } }
  lu.assertEquals(strategy.box(net, { 0.5, -0.5 }, nil, options).status, "proved")
  local function run(start)
    options.start = start
    return function() return strategy.box(net, { 0.5, -0.5 }, nil, options) end
  end
  raises("option start: the goal does not hold on the box", run { lo = { -1, -1 }, hi = { 1, 1 } })
  raises("option start: the box does not contain the point: input 1", run { lo = { 0, -1 }, hi = { 0.25, 0 } })
  raises("option start: input 2 is -2 to 0, expected numbers inside the domain",
         run { lo = { 0, -2 }, hi = { 0.5, 0 } })
  local function with(more)
    return strategy.box(net, { 0.5, -0.5 }, nil, { domain = support.square(), [next(more)] = select(2, next(more)) })
  end
  raises("option within: is 0, expected a number > 0 or a box {lo, hi}", with, { within = 0 })
  raises("option within: input 2 is 0 to 1, expected numbers around the point's -0.5", with,
         { within = { lo = { 0, 0 }, hi = { 1, 1 } } })
  raises("option measure: is area, expected one of: volume, width, least", with, { measure = "area" })
  raises("option effort: is 0, expected a number > 0", with, { effort = 0 })
  raises("option start: is corner, expected ascent, paper, piece or a box {lo, hi}", run "corner")
end

-- The box stays where it may be, and its faces end there or at counterexamples.
T.test_within = sampling.each(6, function(rng, net, domain, point, goal)
  local lo, hi = {}, {}
  for i, x in ipairs(point) do lo[i], hi[i] = math.max(x - 0.25, domain.lo[i]), math.min(x + 0.25, domain.hi[i]) end
  for _, start in ipairs { "ascent", "piece" } do
    for _, within in ipairs { 0.25, { lo = lo, hi = hi } } do
      local result = strategy.box(net, point, goal, { domain = domain, within = within, start = start, delta = 0.01 })
      lu.assertEquals({ result.status, result.maximal }, { "proved", true })
      local region = result:region()
      for i = 1, net.n do lu.assertTrue(region.lo[i] >= lo[i] and region.hi[i] <= hi[i]) end
      for _, face in ipairs(result.faces) do
        local limit = face.side == "lo" and lo or hi
        if face.ending == "edge" then lu.assertEquals(region[face.side][face.input], limit[face.input]) end
      end
      sampling.check(rng, net, goal, result)
    end
  end
end)

-- On the edge of the goal only the point is left: that is said.
function T.test_the_point_alone()
  local net = relucid.network { { W = { { 1, 1 }, { -1, -1 } }, b = { 0, 0 } } }
  local goal = relucid.property.linear { { c = { 1, 0 }, d = 0 }, { c = { 0, 1 }, d = 0 } } -- x1 + x2 = 0
  local result = strategy.box(net, { 0.5, -0.5 }, goal, { domain = support.square() })
  lu.assertEquals({ result.status, result:region().lo, result:region().hi }, { "proved", { 0.5, -0.5 }, { 0.5, -0.5 } })
  lu.assertStrContains(result.note, "the region is the point alone")
end

function T.test_measures_and_weights()
  local net = relucid.network { { W = { { 1, 1 } }, b = { 0 } } }
  local goal = relucid.property.linear { { c = { -1 }, d = 1 } } -- x1 + x2 <= 1
  local function widths(options)
    options.domain, options.patience = support.square(0, 1), 1
    local region = strategy.box(net, { 0, 0 }, goal, options):region()
    return region.hi[1], region.hi[2]
  end
  local first, second = widths { start = "ascent", weights = { 9, 1 }, delta = 1e-3 }
  lu.assertTrue(first > 0.85 and second < 0.15)
  first, second = widths { start = "ascent", measure = "least", delta = 1e-3 }
  lu.assertTrue(math.min(first, second) > 0.45)
end

function T.test_the_order_is_the_users()
  local seen
  local result = strategy.box(support.small(), { 0.5, -0.5 }, nil, { domain = support.square(), order = function(box)
    seen = box
    return { 2, 1 }
  end })
  lu.assertEquals({ result.status, #seen.lo }, { "proved", 2 })
  local function ordered(order)
    return strategy.box, support.small(), { 0.5, -0.5 }, nil, { domain = support.square(), order = order }
  end
  raises("option order: returned nil, expected a list", ordered(function() end))
  raises("option order: returned [1] = 101, expected an input from 1 to 2", ordered(function() return { 101 } end))
  raises("option order: returned [2] = 'x', expected an input from 1 to 2", ordered(function() return { 1, "x" } end))
  raises("option order: returned input 2 twice", ordered(function() return { 2, 2 } end))
end

-- The hook is about inputs: the patterns of the starting regions are minimised without it.
function T.test_the_order_is_of_inputs_alone()
  local net = support.random_network(support.generator(5), { 3, 8, 8, 2 })
  local point, calls = { 0.25, -0.5, 0.125 }, 0
  local result = strategy.box(net, point, nil, {
    domain = relucid.domain { lo = { -1, -1, -1 }, hi = { 1, 1, 1 } }, anchor = false,
    order = function(box)
      calls = calls + 1
      lu.assertEquals({ type(box.lo), #box.lo }, { "table", 3 })
      return { 3, 1 }
    end })
  lu.assertEquals({ result.status, calls, result.options.anchor }, { "proved", 1, false })
end

-- Without answers, the box is what was proved, and it is said that it may not be maximal.
T.test_without_answers = sampling.each(4, function(rng, net, domain, point, goal)
  local result = strategy.box(net, point, goal, { domain = domain, start = "piece", patience = 2,
                                                  search = { nodes = 1, slope_steps = 0, lp_columns = 0 } })
  sampling.check(rng, net, goal, result)
  if not result.maximal then lu.assertStrContains(result.note, "may not be maximal") end
end, { 3, 8, 8, 3 })

function T.test_stopped_and_interrupted()
  local net = relucid.load("examples/demo/climb.nnet", { raw = true })
  local point = relucid.data("examples/demo/encounters.csv"):row(2)
  local result = strategy.box(net, point, nil, { stop = function(state) return state.queries > 20 end })
  lu.assertEquals({ result.status, #result }, { "stopped", 1 })
  result = strategy.box(net, point, nil, { progress = function(state)
    if state.queries > 20 then error "interrupted!" end
  end })
  lu.assertEquals({ result.status, #result }, { "interrupted", 1 })
  lu.assertTrue(result:region():contains(point))
end

function T.test_refuses()
  local function run(options)
    options.domain = support.square()
    return function() return strategy.box(support.small(), { 0.5, -0.5 }, nil, options) end
  end
  raises("option delta: is 0, expected a number > 0", run { delta = 0 })
  raises("option patience: is 1.5, expected an integer >= 1", run { patience = 1.5 })
end

-- With many inputs the counterexamples nearest to the point are kept, and the faces say which.
function T.test_few_witnesses_of_many_inputs()
  local lo, hi, point = {}, {}, {}
  for i = 1, 70 do lo[i], hi[i], point[i] = i <= 6 and -1 or 0, i <= 6 and 1 or 0, 0 end
  local function unit(n, k)
    local row = {}
    for i = 1, n do row[i] = i == k and 1 or 0 end
    return row
  end
  local first, second, margins = { W = {}, b = {} }, { W = {}, b = {} }, {}
  for k = 1, 6 do -- x_k <= k / 8
    first.W[k], first.b[k], second.W[k], second.b[k] = unit(70, k), 0, unit(6, k), 0
    local c = unit(6, k)
    c[k] = -1
    margins[k] = { c = c, d = k / 8 }
  end
  local net, goal = relucid.network { first, second }, relucid.property.linear(margins)
  local result = relucid.strategy.box(net, point, goal, { domain = relucid.domain { lo = lo, hi = hi } })
  local region = result:record().regions[1]
  lu.assertEquals(#region.witnesses, 4)
  local seen, farthest = {}, 0
  for _, x in ipairs(region.witnesses) do
    lu.assertTrue(goal:value(x, net:eval(x)) < 0)
    local sum = 0
    for i = 1, 70 do sum = sum + x[i] ^ 2 end
    farthest = math.max(farthest, sum)
  end
  for _, face in ipairs(result.faces) do
    local number = region.faces[face.side][face.input]
    if face.witness then
      local sum = 0
      for i = 1, 70 do sum = sum + face.witness[i] ^ 2 end
      if number == -1 then lu.assertTrue(sum >= farthest) else seen[number] = true end
    end
  end
  lu.assertEquals(#seen, 4)
end

return T
