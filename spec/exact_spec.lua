--- The specs' exact arithmetic, against Lua's integers and against cases with a known answer.
local exact = require "spec.exact"
local lu = require "luaunit"
local support = require "spec.support"

local T = {}

local function same(a, b) return exact.compare(a, b) == 0 end

function T.test_integers()
  support.random("exact integers", function(rng)
    for _ = 1, 2000 do
      local a, b, c = rng(-2 ^ 30 | 0, 2 ^ 30 | 0), rng(-2 ^ 30 | 0, 2 ^ 30 | 0), rng(-9, 9)
      local value = exact.add(exact.mul(exact.of(a), exact.of(b)), exact.of(c))
      lu.assertTrue(same(value, exact.of(a * b + c)))
      lu.assertEquals(exact.sign(value), a * b + c > 0 and 1 or a * b + c < 0 and -1 or 0)
      lu.assertEquals(exact.compare(exact.of(a), exact.of(b)), a < b and -1 or a > b and 1 or 0)
    end
  end)
end

function T.test_doubles()
  for _, x in ipairs { 0.0, 1.0, -1.5, 0.1, -1e300, 5e-324, 0x1.fffffffffffffp+1023, 2.0 ^ -1022, -2.0 ^ 60 } do
    lu.assertTrue(same(exact.add(exact.of(x), exact.of(x)), exact.mul(exact.of(2), exact.of(x))))
    lu.assertEquals(exact.sign(exact.of(x)), x > 0 and 1 or x < 0 and -1 or 0)
    lu.assertEquals(exact.sign(exact.add(exact.of(x), exact.of(-x))), 0)
  end
  lu.assertTrue(same(exact.mul(exact.of(2.0 ^ -30), exact.of(2.0 ^ 40)), exact.of(1024)))
  -- 0.1 is a little more than a tenth, and 0.1 + 0.2 a little more than the double 0.3.
  lu.assertEquals(exact.compare(exact.mul(exact.of(10), exact.of(0.1)), exact.of(1)), 1)
  lu.assertEquals(exact.compare(exact.add(exact.of(0.1), exact.of(0.2)), exact.of(0.3)), 1)
  -- Beyond doubles: (1e300)^2 + 1 > (1e300)^2.
  local square = exact.mul(exact.of(1e300), exact.of(1e300))
  lu.assertEquals(exact.compare(exact.add(square, exact.of(5e-324)), square), 1)
  lu.assertTrue(same(exact.of(math.mininteger), exact.of(-2.0 ^ 63)))
end

--- y = relu(x1 - x2) on [0,1]^2 with x1 + x2 <= 1.
function T.test_sign_at()
  local problem = { layers = { { W = { { 1, -1 } }, b = { 0 } }, { W = { { 1 } }, b = { 0 } } }, lo = { 0, 0 },
                    hi = { 1, 1 }, A = { { 1, 1 } }, b = { 1 },
                    clauses = { { { c = { 1 }, d = -0.5 } }, { { c = { 0 }, a = { 0, 1 }, d = -1 } } } }
  lu.assertEquals(exact.sign_at(problem, { 0.5, 0 }), 0)
  lu.assertEquals(exact.sign_at(problem, { 0.5 + 2.0 ^ -53, 0 }), 1)
  lu.assertEquals(exact.sign_at(problem, { 0.5 + 2.0 ^ -53, 5e-324 }), 1)
  lu.assertEquals(exact.sign_at(problem, { 0.5, 5e-324 }), -1)
  lu.assertEquals(exact.sign_at(problem, { 0, 1 }), 0)
  lu.assertNil(exact.sign_at(problem, { 5e-324, 1 }))
  lu.assertNil(exact.sign_at(problem, { -5e-324, 0 }))
  problem.pattern = { 1 }
  lu.assertNil(exact.sign_at(problem, { 0, 1 }))
end

return T
