local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"
local raises = support.raises
local ball = relucid.domain.ball

local T = {}

function T.test_ball()
  local found = ball({ 0.5, -0.25 }, 0.25)
  lu.assertEquals({ found.n, found.lo, found.hi, found.b }, { 2, { 0.25, -0.5 }, { 0.75, 0 }, {} })
  -- Cut by the domain, whose rows stay.
  found = ball({ 0.5, -0.25 }, 1, { lo = { 0, -1 }, hi = { 1, 0.5 }, A = { { 1, 1 } }, b = { 2 } })
  lu.assertEquals({ found.lo, found.hi, found.A, found.b }, { { 0, -1 }, { 1, 0.5 }, { { 1, 1 } }, { 2 } })
  found = ball({ 0.5, -0.25 }, 0, support.square())
  lu.assertEquals({ found.lo, found.hi }, { { 0.5, -0.25 }, { 0.5, -0.25 } })
end

-- Rounded outwards: 0.1 - 0.3 and 0.1 + 0.3, of these doubles, lie within.
function T.test_ball_is_not_too_small()
  support.random("ball", function(rng)
    for _ = 1, 200 do
      local x, r = rng() - 0.5, rng()
      local found = ball({ x }, r)
      -- x - r in exact arithmetic: a difference of two doubles and its error (Knuth).
      local lo, hi = x - r, x + r
      local function error_of(a, b, sum) local bb = sum - a return (a - (sum - bb)) + (b - bb) end
      lu.assertTrue(found.lo[1] < lo or found.lo[1] == lo and error_of(x, -r, lo) >= 0)
      lu.assertTrue(found.hi[1] > hi or found.hi[1] == hi and error_of(x, r, hi) <= 0)
      lu.assertAlmostEquals(found.lo[1], lo, 1e-15)
    end
  end)
end

function T.test_refuses()
  raises("radius is -1, expected a finite number >= 0", ball, { 0 }, -1)
  raises("radius is inf, expected a finite number >= 0", ball, { 0 }, math.huge)
  raises("radius is nil, expected a finite number >= 0", ball, { 0 })
  raises("point: list expected, got number", ball, 5, 1)
  raises("point[1] is x, expected a finite number", ball, { "x" }, 1)
  raises("point has 1 numbers, expected 2", ball, { 0 }, 1, support.square())
  raises("point[2] is 3, the domain has -1 to 1", ball, { 0, 3 }, 1, support.square())
  raises("within: relucid.domain expected, got number", ball, { 0 }, 1, 5)
  raises("domain is contradictory: lo[1] is 1.0, hi[1] is 0.0", relucid.domain, { lo = { 1 }, hi = { 0 } })
end

function T.test_radius_of_the_command()
  support.with_file(support.NNET, function(net)
    support.with_file(nil, function(json)
      local status = support.command("characterize", net, "--point", "0.5,-0.5", "--radius", "0.75", "--json", json)
      lu.assertEquals(status, 0)
      local domain = relucid.json.decode(support.read(json), "json").domain
      lu.assertEquals({ domain.lo, domain.hi }, { { -0.25, -1 }, { 1, 0.25 } })
      local _, _, messages = support.command("characterize", net, "--point", "0.5,-0.5", "--radius", "-1")
      lu.assertStrContains(messages, "--radius: '-1' is not a number of at least 0")
    end)
  end, ".nnet")
end

return T
