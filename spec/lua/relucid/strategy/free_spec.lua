local lu = require "luaunit"
local relucid = require "relucid"
local sampling = require "spec.sampling"
local support = require "spec.support"
local raises, strategy = support.raises, relucid.strategy

local T = {}

T.test_sound_and_minimal = sampling.each(12, function(rng, net, domain, point, goal)
  local result = strategy.free(net, point, goal, { domain = domain })
  lu.assertEquals(result.status, "proved")
  lu.assertTrue(result:region():contains(point))
  sampling.check(rng, net, goal, result)
  sampling.check_json(rng, result)
  if not result.implied then return end
  lu.assertTrue(result.minimal)
  lu.assertStrContains(result.note, "the pattern is minimal")
  local pattern = result:pattern()
  for _, literal in ipairs(pattern:list()) do
    lu.assertEquals((net:implies(domain, pattern:with(literal[1], literal[2], nil), goal)), "counterexample")
  end
end)

T.test_no_more_literals_than_prophecy = sampling.each(12, function(_, net, domain, point, goal)
  local free = strategy.free(net, point, goal, { domain = domain })
  local prophecy = strategy.prophecy(net, point, goal, { domain = domain })
  lu.assertTrue(free:pattern():literals() <= prophecy:pattern():literals())
  lu.assertTrue(free:region():includes(prophecy:region()))
end)

-- Of the demo's network: patterns that are no prefix, and few queries.
function T.test_demo()
  local net = relucid.load("examples/demo/climb.nnet", { raw = true })
  local points, tested, queries, other = relucid.data "examples/demo/encounters.csv", 0, 0, 0
  for row = 1, 12 do
    local result = strategy.free(net, points:row(row), nil, { grow = false })
    if result.implied then
      lu.assertTrue(result.minimal)
      tested, queries = tested + 1, queries + result.stats.queries
      if result:kind() == "pattern" then
        other = other + 1
        local record = result:record().regions[1]
        lu.assertEquals({ record.kind, record.A, record.b }, { "pattern", relucid.null, relucid.null })
        lu.assertTrue(#record.box_volume.lo == 4)
      end
    end
  end
  lu.assertTrue(tested >= 3 and other >= 3)
  -- Deletion would ask about each of the 32 literals.
  lu.assertTrue(10 * queries <= 32 * tested + 20, ("%d queries for %d points"):format(queries, tested))
end

-- The box inside is grown with proofs: it contains what the polytope inside gives, and obeys the literals.
function T.test_grown_boxes()
  local net = relucid.load("examples/demo/climb.nnet", { raw = true })
  local point = relucid.data("examples/demo/encounters.csv"):row(2)
  local plain = strategy.free(net, point, nil, { grow = false })
  local grown = strategy.free(net, point)
  lu.assertTrue(grown:box("volume").log_volume > plain:box("volume").log_volume + 1)
  lu.assertNil(grown:box("volume").gap)
  lu.assertEquals(grown.stats.queries - grown.stats.box_queries, plain.stats.queries)
  support.random("free", function(rng)
    lu.assertTrue(sampling.check(rng, net, grown.goal, grown) >= 1000)
  end)
end

-- A pattern region read from a file needs its network, and finds it.
function T.test_reads_back_with_its_network()
  local net = relucid.load("examples/demo/climb.nnet", { raw = true })
  local points = relucid.data "examples/demo/encounters.csv"
  local result = strategy.free(net, points:row(2))
  lu.assertEquals(result:kind(), "pattern")
  local back = relucid.result.decode(result:json())
  lu.assertEquals(back:members(points), result:members(points))
  lu.assertTrue(#back:members(points) > 0)
  -- Without raw the file gives another network.
  local text, count = result:json():gsub('"raw": true', '"raw": false')
  lu.assertEquals(count, 1)
  back = relucid.result.decode(text)
  support.raises_with("was it loaded with raw?", back.members, back, points)
  support.raises_with("option raw: is true; the network was not loaded with raw = true", strategy.free,
                      relucid.load "examples/demo/climb.nnet", { 0, 0, 0, 0 }, nil, { raw = true })
end

function T.test_the_order_is_the_users()
  local net = support.small()
  local seen
  local result = strategy.free(net, { 0.5, -0.5 }, nil, { domain = support.square(), order = function(pattern)
    seen = tostring(pattern)
    return { 1 }
  end })
  lu.assertEquals({ seen, tostring(result:pattern()) }, { "10", "-0" })
end

function T.test_without_answers_it_says_so()
  local net = relucid.load("examples/demo/climb.nnet", { raw = true })
  local points = relucid.data "examples/demo/encounters.csv"
  local result = strategy.free(net, points:row(2), nil, { search = { nodes = 1 } })
  lu.assertEquals({ result.status, result.minimal }, { "proved", false })
  lu.assertStrContains(result.note, "minimal up to queries without an answer")
end

function T.test_refuses()
  local function run(options)
    options.domain = support.square()
    return function() return strategy.free(support.small(), { 0.5, -0.5 }, nil, options) end
  end
  raises("option mode: is fast, expected one of: divide, deletion", run { mode = "fast" })
  raises("option layers: is up, expected one of: backward, forward", run { layers = "up" })
  raises("option grow: boolean expected, got number", run { grow = 1 })
  support.raises_with("unknown option 'epsilon'; known are: anchor data domain grow layers memo mode",
                      run { epsilon = 1 })
end

-- From Prophecy's prefix it has no more literals whatever its queries answer; few queries leave the rest.
T.test_start_and_queries = sampling.each(6, function(rng, net, domain, point, goal)
  local prophecy = strategy.prophecy(net, point, goal, { domain = domain })
  if not prophecy.implied then return end
  local from = strategy.free(net, point, goal, { domain = domain, start = prophecy:pattern(), search = { nodes = 5 } })
  if from.implied then lu.assertTrue(from:region():includes(prophecy:region())) end
  local few = strategy.free(net, point, goal, { domain = domain, queries = 1, mode = "deletion" })
  lu.assertTrue(few.stats.queries - (few.stats.box_queries or 0) <= 2)
  sampling.check(rng, net, goal, few)
end)

return T
