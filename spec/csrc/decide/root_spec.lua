--- What is done with the whole set first, where inputs are many: bounds, from the cheapest up, and hunts only for what
--- these leave open.  Networks are random; a failure prints its seed.
local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"

local T = {}

local INPUTS = 40

local function largest(y)
  local best = 1
  for i in ipairs(y) do
    if y[i] > y[best] then best = i end
  end
  return best
end

-- A random network, a point, and the search for an input within `radius` of it with another answer.
local function question(rng, sizes)
  local net, x = support.random_network(rng, sizes), {}
  for j = 1, sizes[1] do x[j] = 2 * rng() - 1 end
  local class = largest(net:eval(x))
  local function ask(radius, options)
    local lo, hi = {}, {}
    for j = 1, #x do lo[j], hi[j] = x[j] - radius, x[j] + radius end
    local fields = { domain = relucid.domain { lo = lo, hi = hi }, mode = "find",
                     target = relucid.property.argmax(net, class):negate() }
    for name, value in pairs(options or {}) do fields[name] = value end
    local search = net:search(fields)
    return search:run(), search, lo, hi
  end
  return net, ask, class
end

--- A box in which no neuron changes its sign costs one node and no linear program.
function T.test_trivial_questions_take_no_lp()
  support.random("trivial", function(rng)
    for _, sizes in ipairs { { INPUTS, 10, 10, 3 }, { INPUTS, 60, 50, 4 }, { INPUTS, 30, 30, 30, 2 }, { INPUTS, 3 } } do
      local _, ask = question(rng, sizes)
      local verdict, search = ask(1e-9)
      local stats = search:stats()
      lu.assertEquals({ verdict, stats.nodes, stats.lps }, { "proved", 1, 0 })
    end
  end)
end

-- Do interval bounds, computed here, show that the class keeps its lead?
local function intervals_prove(net, class, lo, hi)
  for k = 1, #net.sizes - 1 do
    local layer, low, up = net:layer(k), {}, {}
    for i, row in ipairs(layer.W) do
      low[i], up[i] = layer.b[i], layer.b[i]
      for j, w in ipairs(row) do
        low[i] = low[i] + w * (w > 0 and lo[j] or hi[j])
        up[i] = up[i] + w * (w > 0 and hi[j] or lo[j])
      end
      if k < #net.sizes - 1 then low[i], up[i] = math.max(low[i], 0), math.max(up[i], 0) end
    end
    lo, hi = low, up
  end
  for i in ipairs(hi) do
    if i ~= class and hi[i] >= lo[class] then return false end
  end
  return true
end

--- Bounds come before hunts: between what intervals prove and what takes a linear program there are questions that
--- better bounds settle alone.
function T.test_bounds_come_before_hunts()
  support.random("bounds first", function(rng)
    local net, ask, class = question(rng, { INPUTS, 50, 50, 5 })
    local by_bounds, radius = 0, 1
    while radius > 1e-6 do
      local verdict, search, lo, hi = ask(radius, { nodes = 1 })
      local proved = verdict == "proved" and search:stats().lps == 0
      if proved and intervals_prove(net, class, lo, hi) then break end
      if proved then by_bounds = by_bounds + 1 end
      radius = 0.7 * radius
    end
    lu.assertTrue(by_bounds > 0)
  end)
end

-- A point of the box: each coordinate an end of its interval, or anywhere.
local function point_in(rng, lo, hi)
  local x, corner = {}, rng() < 0.5
  for j = 1, #lo do
    local t = rng()
    if corner then t = t < 0.5 and 0 or 1 end
    x[j] = math.min(math.max(lo[j] + t * (hi[j] - lo[j]), lo[j]), hi[j])
  end
  return x
end

--- What is proved holds at sample points, and a counterexample is one, whatever the scale of the weights.
function T.test_answers_hold()
  support.random("root", function(rng)
    for _ = 1, 30 do
      local net, ask, class = question(rng, { INPUTS, rng(8, 40), rng(8, 30), 3 })
      local verdict, search, lo, hi = ask(10 ^ (-4 * rng()), { nodes = 20 })
      if verdict == "counterexample" then
        local y = net:eval(search:witness())
        lu.assertTrue(largest(y) ~= class or math.abs(y[class] - math.max(table.unpack(y))) < 1e-12)
      end
      for _ = 1, verdict == "proved" and 200 or 0 do
        lu.assertEquals(largest(net:eval(point_in(rng, lo, hi))), class)
      end
    end
  end)
end

--- The course of a search does not depend on the clock, only on the seed.
function T.test_the_same_course_every_time()
  support.random("course", function(rng)
    local _, ask = question(rng, { INPUTS, 20, 20, 4 })
    local verdict, search = ask(0.2, { nodes = 60 })
    local first = search:stats()
    for _ = 1, 2 do
      local again, other = ask(0.2, { nodes = 60 })
      local stats = other:stats()
      stats.seconds = first.seconds
      lu.assertEquals(again, verdict)
      lu.assertEquals(stats, first)
    end
  end)
end

return T
