local lu = require "luaunit"
local relucid = require "relucid"
local sampling = require "spec.sampling"
local strategy = relucid.strategy

local T = {}

-- With a shared memo every strategy finds what it finds alone, and the later ones need not ask again.
T.test_the_same_results = sampling.each(6, function(_, net, domain, point, goal)
  local memo, reused = {}, 0
  for _, name in ipairs { "prophecy", "nninfer", "tight", "guarded", "prophecy" } do
    local alone = strategy[name](net, point, goal, { domain = domain })
    local shared = strategy[name](net, point, goal, { domain = domain, memo = memo })
    lu.assertEquals(shared.status, alone.status)
    lu.assertEquals(#shared, #alone)
    for i = 1, #alone do lu.assertEquals(tostring(shared:pattern(i)), tostring(alone:pattern(i))) end
    lu.assertEquals(shared.stats.queries, alone.stats.queries)
    reused = reused + (shared.stats.reused_seconds and 1 or 0)
  end
  lu.assertTrue(reused >= 3)
end)

-- Another goal, another domain: another question.
function T.test_other_questions()
  local net = relucid.load "examples/demo/climb.nnet"
  local point, memo = { -0.125, -0.25, 0, 0 }, {}
  local whole = relucid.domain(net:box())
  local small = relucid.domain { lo = { -0.13, -0.26, -0.01, -0.01 }, hi = { -0.12, -0.24, 0.01, 0.01 } }
  local first = strategy.prophecy(net, point, nil, { domain = whole, memo = memo })
  local second = strategy.prophecy(net, point, nil, { domain = small, memo = memo })
  lu.assertNil(second.stats.reused_seconds)
  lu.assertTrue(second:pattern():literals() < first:pattern():literals())
  local stricter = relucid.property.linear(net, { { c = { -1, 1, 0 }, d = -0.5 } })
  lu.assertNil(strategy.prophecy(net, point, stricter, { domain = whole, memo = memo }).stats.reused_seconds)
  -- What a limit left open is not kept.
  local open = {}
  strategy.prophecy(net, point, nil, { domain = whole, memo = open, search = { nodes = 1 } })
  local third = strategy.prophecy(net, point, nil, { domain = whole, memo = open })
  lu.assertEquals(tostring(third:pattern()), tostring(first:pattern()))
end

return T
