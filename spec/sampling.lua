-- What the specs of strategies share: random tasks, and sampling regions against the real network.
local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"

local sampling = {}

function sampling.cube(n, half)
  local lo, hi = {}, {}
  for i = 1, n do lo[i], hi[i] = -(half or 1), half or 1 end
  return relucid.domain { lo = lo, hi = hi }
end

function sampling.in_box(rng, lo, hi)
  local x = {}
  for i = 1, #lo do x[i] = math.min(lo[i] + rng() * (hi[i] - lo[i]), hi[i]) end
  return x
end

function sampling.answer(y)
  local best = 1
  for k = 2, #y do
    if y[k] > y[best] then best = k end
  end
  return best
end

--- A test: f(rng, net, domain, point, goal) for `count` random networks; the goal is the network's answer.
function sampling.each(count, f, sizes)
  return function()
    support.random("strategy", function(rng)
      for _ = 1, count do
        local net = support.random_network(rng, sizes or { 3, 5, 4, 3 })
        local domain = sampling.cube(net.n)
        local point = sampling.in_box(rng, domain.lo, domain.hi)
        f(rng, net, domain, point, relucid.property.argmax(net, sampling.answer(net:eval(point))))
      end
    end)
  end
end

-- A step of hit-and-run in the region's rows and bounds from x.
local function hit_and_run(rng, region, rows, x)
  local d, low, high = {}, -math.huge, math.huge
  local lo, hi = region.lo, region.hi
  for i = 1, #x do d[i] = rng() - 0.5 end
  local function limit(slope, slack)
    if slope > 1e-12 then high = math.min(high, slack / slope) end
    if slope < -1e-12 then low = math.max(low, slack / slope) end
  end
  for i = 1, #x do
    limit(d[i], hi[i] - x[i])
    limit(-d[i], x[i] - lo[i])
  end
  for r, a in ipairs(rows.A) do
    local slope, slack = 0, rows.b[r]
    for i = 1, #x do slope, slack = slope + a[i] * d[i], slack - a[i] * x[i] end
    limit(slope, slack)
  end
  if low > high then return x end
  local t, y = low + rng() * (high - low), {}
  for i = 1, #x do y[i] = math.min(math.max(x[i] + t * d[i], lo[i]), hi[i]) end
  return y
end

--- Points of a region: at least 1,000 where it can be entered at all.
function sampling.points(rng, region, start)
  local points, rows, x = {}, region:rows(), start
  local box = region:is_polytope() and region:box "volume" or nil
  if not (x and region:contains(x)) then x = box and sampling.in_box(rng, box.lo, box.hi) end
  for _ = 1, 20000 do
    if #points >= 1000 then break end
    local y
    if x and rng(1, 3) > 1 then
      y = hit_and_run(rng, region, rows, x)
    elseif box then
      y = sampling.in_box(rng, box.lo, box.hi)
    else
      y = sampling.in_box(rng, region.lo, region.hi)
    end
    if region:contains(y) then points[#points + 1], x = y, y end
  end
  return points
end

--- Assert that the goal holds at points of every region and that the boxes lie inside; returns how many were looked at.
function sampling.check(rng, net, goal, result)
  local total = 0
  for i = 1, #result do
    local region = result:region(i)
    for _, x in ipairs(sampling.points(rng, region, result.point)) do
      total = total + 1
      local value = goal:value(x, net:eval(x))
      lu.assertTrue(value >= -1e-11, ("%s: the goal has value %.17g in the region"):format(result.strategy, value))
    end
    for _, kind in ipairs { "width", "volume" } do
      local box = result:box(kind, i)
      for _ = 1, box and 100 or 0 do
        local x = sampling.in_box(rng, box.lo, box.hi)
        lu.assertTrue(region:contains(x), "a point of a box lies outside the region")
        local value = goal:value(x, net:eval(x))
        lu.assertTrue(value >= -1e-11, ("the goal has value %.17g in a box"):format(value))
      end
    end
  end
  return total
end

--- Assert that the result reads back from its JSON as it is.
function sampling.check_json(rng, result)
  local text = result:json()
  local back = relucid.result.decode(text)
  lu.assertEquals(back:json(), text)
  lu.assertEquals(#back, #result)
  back.net = result.net -- it has no file
  for i = 1, #result do
    lu.assertEquals(back:kind(i), result:kind(i))
    local region, again = result:region(i), back:region(i)
    lu.assertEquals(again:is_polytope(), region:is_polytope())
    for _ = 1, 200 do
      local x = sampling.in_box(rng, result.domain.lo, result.domain.hi)
      lu.assertEquals(again:contains(x), region:contains(x))
    end
  end
end

return sampling
