--- Bounds by compact rows (csrc/encode/compact.h) against bounds through the layers, which a recording search uses, and
--- against sampled inputs: on networks of many shapes, with and without imposed signs.
local lu = require "luaunit"
local sampling = require "spec.sampling"
local support = require "spec.support"
local relucid = require "relucid"

local GAP = 1e-6

local T = {}

-- Shapes: inputs, hidden layers, outputs.  One hidden layer or none, outputs more than neurons, layers that are no
-- multiple of a vector, more inputs than the first layer has neurons.
local SHAPES = { { 2, 3 }, { 3, 9, 2 }, { 1, 17, 3 }, { 5, 8, 8, 11 }, { 2, 12, 3, 10, 2 }, { 9, 4, 13, 1 },
                 { 4, 15, 16, 9, 3 }, { 24, 6, 5, 2 } }

local function random_pattern(rng, net, x)
  local pattern = net:pattern(x)
  for _, literal in ipairs(pattern:list()) do
    if rng() < 0.7 then pattern = pattern:with(literal[1], literal[2], nil) end
  end
  return pattern
end

local function obeys(net, pattern, x)
  local whole = net:pattern(x)
  for _, literal in ipairs(pattern:list()) do
    if whole:get(literal[1], literal[2]) ~= literal[3] then return false end
  end
  return true
end

-- The bounds of max goal over a part of the domain, by a search of so many nodes.
local function bounds(net, fields, record)
  local search <close> = net:search { domain = fields.domain, pattern = fields.pattern, target = fields.target,
                                      mode = "maximize", gap = GAP, nodes = fields.nodes, record = record }
  local verdict = search:run()
  return search:lower(), search:upper(), verdict
end

local function random_goal(rng, net)
  local rows = {}
  for r = 1, rng() < 0.5 and 1 or 2 do
    local c = {}
    for j = 1, net.m do c[j] = 2 * rng() - 1 end
    rows[r] = { c = c, d = rng() - 0.5 }
  end
  return relucid.property.linear(net, rows)
end

-- Adds up in finished[nodes] how many searches of so many nodes end with a proof.
local function check(rng, sizes, with_pattern, finished)
  local net = support.random_network(rng, sizes)
  local domain, goal = sampling.cube(net.n, rng() < 0.5 and 0.3 or 1), random_goal(rng, net)
  local fields = { domain = domain, target = goal }
  if with_pattern then
    fields.pattern = random_pattern(rng, net, sampling.in_box(rng, domain.lo, domain.hi))
  end
  local best = -math.huge
  for _ = 1, 300 do
    local x = sampling.in_box(rng, domain.lo, domain.hi)
    if not with_pattern or obeys(net, fields.pattern, x) then best = math.max(best, goal:value(x, net:eval(x))) end
  end
  for _, nodes in ipairs { 1, 20, 2000 } do
    fields.nodes = nodes
    local lower, upper, verdict = bounds(net, fields)
    local layered_lower, layered_upper, layered = bounds(net, fields, 1)
    finished[nodes] = (finished[nodes] or 0) + (verdict == "proved" and 1 or 0)
    local where = ("%s, %d nodes"):format(table.concat(sizes, "-"), nodes)
    local slack = 1e-9 * math.max(1, math.abs(best))
    lu.assertTrue(upper >= best - slack, where .. ": a sampled value is above the bound")
    lu.assertTrue(upper >= layered_lower, where .. ": the value of a witness is above the bound")
    lu.assertTrue(layered_upper >= lower, where .. ": the value of a witness is above the layers' bound")
    if verdict == "proved" and layered == "proved" and best > -math.huge then
      lu.assertAlmostEquals(upper, layered_upper, 2 * GAP * math.max(1, math.abs(upper)), where)
    end
    if nodes == 1 and not with_pattern then -- bounds as such are no worse than a few times those through the layers
      lu.assertTrue(upper - best <= 2 * (layered_upper - best) + GAP, where .. ": a loose bound")
    end
  end
end

function T.test_against_layers_and_samples()
  support.random("compact", function(rng)
    local finished, count = {}, 0
    for _, sizes in ipairs(SHAPES) do
      for _ = 1, 3 do
        check(rng, sizes, false, finished)
        count = count + 1
        if #sizes > 2 then
          check(rng, sizes, true, finished)
          count = count + 1
        end
      end
    end
    lu.assertTrue(finished[2000] > 0.8 * count, ("%d of %d finished"):format(finished[2000], count))
  end)
end

return T
