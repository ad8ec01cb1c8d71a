local lu = require "luaunit"
local relucid = require "relucid"
local sampling = require "spec.sampling"
local support = require "spec.support"
local raises = support.raises

local T = {}

local function cut(A, b, domain, pattern)
  return relucid.region(support.small(), domain or support.square(), pattern, { A = A, b = b })
end

function T.test_inclusion()
  local half = cut({ { 1, 1 } }, { 0.5 })
  lu.assertTrue(half:includes(half))
  lu.assertTrue(half:includes(cut({ { 2, 2 } }, { 0.5 })))
  lu.assertTrue(half:includes(cut({ { 1, 0 }, { 0, 1 } }, { 0.25, 0.25 }))) -- touches at a corner
  local included, x = half:includes(cut({ { 1, 1 } }, { 0.75 }))
  lu.assertFalse(included)
  lu.assertTrue(x[1] + x[2] > 0.5 and x[1] + x[2] <= 0.75)
end

function T.test_bounds_count()
  local small = cut({}, {}, support.square(-0.5, 0.5))
  lu.assertTrue(cut({}, {}):includes(small))
  local included, x = small:includes(cut({}, {}))
  lu.assertFalse(included)
  lu.assertTrue(math.max(math.abs(x[1]), math.abs(x[2])) > 0.5)
end

function T.test_an_empty_region_is_in_every_other()
  lu.assertTrue(cut({ { 1, 0 } }, { -0.5 }):includes(cut({ { 1, 0 }, { -1, 0 } }, { 0.25, -0.5 })))
end

-- Patterns that are no decision prefix: only literals that the other one has too can be told.
function T.test_patterns()
  local net = support.random_network(function(a, b) return a and (a + b) // 2 + 1 or 0.5 end, { 2, 2, 2, 2 })
  local pattern = relucid.pattern(net):with(2, 1, 1)
  local loose, strict = relucid.region(net, support.square(), pattern),
    relucid.region(net, support.square(), pattern:with(1, 1, 1))
  lu.assertFalse(loose:is_polytope())
  lu.assertTrue(loose:includes(strict))
  lu.assertNil(strict:includes(loose))
  lu.assertTrue(relucid.region(net, support.square()):includes(loose))
  lu.assertNil(relucid.region(net, support.square(-0.5, 0.5)):includes(loose))
end

-- The farthest input outside, (1, 2/3), is not of doubles, and lies outside where it is rounded.
function T.test_a_corner_that_is_no_double()
  local inner = cut({ { 0, -0.75 }, { -1.25, 1 }, { 0.25, 1.5 } }, { -0.5, 0.75, 1.25 })
  local outer = cut({ { 1.75, -1.25 } }, { 0.75 })
  local included, x = outer:includes(inner)
  lu.assertFalse(included)
  lu.assertTrue(inner:contains(x))
  lu.assertFalse(outer:contains(x))
end

function T.test_random_against_sampling()
  support.random("includes", function(rng)
    local seen = { [true] = 0, [false] = 0, unknown = 0 }
    for _ = 1, 60 do
      local function random_region()
        local A, b = {}, {}
        for r = 1, rng(1, 4) do
          A[r], b[r] = { rng(-8, 8) / 4, rng(-8, 8) / 4 }, rng(-2, 8) / 4
        end
        return cut(A, b)
      end
      local outer, inner = random_region(), random_region()
      local included, x = outer:includes(inner)
      local answer = included
      if included == nil then answer = "unknown" end
      seen[answer] = seen[answer] + 1
      if included == nil then
        -- Only a flat region has no input near its border that is a double and tells.
        lu.assertAlmostEquals(select(2, inner:volume()), 0, 1e-12)
      elseif included then
        for _, y in ipairs(sampling.points(rng, inner)) do lu.assertTrue(outer:contains(y)) end
      else
        lu.assertTrue(inner:contains(x))
        lu.assertFalse(outer:contains(x))
      end
    end
    lu.assertTrue(seen[true] > 0 and seen[false] > 0)
  end)
end

function T.test_refuses()
  local region = cut({}, {})
  raises("inner: relucid.region expected, got table", region.includes, region, {})
  local line = relucid.network { { W = { { 1 } }, b = { 0 } } }
  local other = relucid.region(line, relucid.domain { lo = { 0 }, hi = { 1 } })
  raises("inner: has 1 inputs, expected 2", region.includes, region, other)
end

return T
