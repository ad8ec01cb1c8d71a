local lu = require "luaunit"
local relucid = require "relucid"
local sample = require "relucid.sample"

local T = {}

function T.test_the_seed_tells_the_numbers()
  local a, b, c = sample.random(7), sample.random(7), sample.random(8)
  local same = 0
  for _ = 1, 100 do
    local x = a()
    lu.assertTrue(x >= 0 and x < 1)
    lu.assertEquals(b(), x)
    if c() == x then same = same + 1 end
  end
  lu.assertEquals(same, 0)
end

function T.test_numbers_are_uniform()
  local random, counts = sample.random(1), {}
  for _ = 1, 10000 do
    local cell = math.floor(10 * random())
    counts[cell] = (counts[cell] or 0) + 1
  end
  for cell = 0, 9 do lu.assertTrue(math.abs(counts[cell] - 1000) < 150) end
end

function T.test_inputs_obey_the_rows()
  local domain = relucid.domain { lo = { 0, 0 }, hi = { 1, 2 }, A = { { 1, 1 } }, b = { 1 } }
  local random = sample.random(3)
  for _ = 1, 200 do
    local x = sample.input(random, domain)
    lu.assertTrue(x[1] >= 0 and x[1] <= 1 and x[2] >= 0 and x[1] + x[2] <= 1)
  end
  lu.assertNil(sample.input(random, relucid.domain { lo = { 0 }, hi = { 1 }, A = { { 1 } }, b = { -1 } }))
end

-- Against the tables of Brown, Cai and DasGupta's "Interval estimation for a binomial proportion" (2001): the share of
-- samples whose interval has the true value is near 95 %.
function T.test_share()
  local value, lo, hi = sample.share(0, 10)
  lu.assertEquals({ value, lo }, { 0, 0 })
  lu.assertAlmostEquals(hi, 0.2775, 1e-4)
  value, lo, hi = sample.share(8, 10)
  lu.assertAlmostEquals(value, 0.8, 1e-12)
  lu.assertAlmostEquals(lo, 0.4902, 1e-4)
  lu.assertAlmostEquals(hi, 0.9433, 1e-4)
  local random, covered = sample.random(5), 0
  for _ = 1, 2000 do
    local hits = 0
    for _ = 1, 50 do hits = hits + (random() < 0.3 and 1 or 0) end
    _, lo, hi = sample.share(hits, 50)
    if lo <= 0.3 and 0.3 <= hi then covered = covered + 1 end
  end
  lu.assertTrue(covered > 1850 and covered < 1960)
end

-- The interval holds the share, at its ends too, whatever rounding does.
function T.test_share_is_in_its_interval()
  for total = 1, 300 do
    for _, hits in ipairs { 0, 1, total // 2, total - 1, total } do
      local value, lo, hi = sample.share(hits, total)
      lu.assertTrue(0 <= lo and lo <= value and value <= hi and hi <= 1)
    end
  end
end

return T
