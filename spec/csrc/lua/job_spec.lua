local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"
local raises = support.raises

local T = {}

local function fixture()
  local net = support.small()
  return net, support.square(), relucid.property.argmax(net, 1)
end

function T.test_implies()
  local net, domain, goal = fixture()
  -- With x2 <= 0 the outputs are (relu x1, 0): output 1 is the largest.
  local pattern = relucid.pattern(net):with(1, 2, 0)
  lu.assertEquals((net:implies(domain, pattern, goal)), "proved")
  local verdict, x = net:implies(domain, nil, goal)
  lu.assertEquals(verdict, "counterexample")
  lu.assertTrue(goal:value(x, net:eval(x)) < 0)
end

function T.test_unknown_has_a_reason()
  support.random("unknown", function(rng)
    local net = support.random_network(rng, { 4, 30, 30, 2 })
    local lo, hi = { -1, -1, -1, -1 }, { 1, 1, 1, 1 }
    local best = net:maximize(relucid.domain { lo = lo, hi = hi }, nil,
      relucid.property.linear { { c = { 1, -1 } } }, { nodes = 1 })
    lu.assertTrue(best.lower <= best.upper)
    if best.verdict == "unknown" then lu.assertEquals(best.reason, "nodes") end
  end)
end

function T.test_maximize()
  local net, domain, goal = fixture()
  local best = net:maximize(domain, nil, goal)
  lu.assertEquals(best.verdict, "proved")
  lu.assertAlmostEquals(best.upper, 1, 1e-6)
  lu.assertTrue(best.lower <= 1 and best.upper >= 1)
  lu.assertAlmostEquals(goal:value(best.x, net:eval(best.x)), 1, 1e-6)
  lu.assertEquals(math.type(best.stats.nodes), "integer")
end

function T.test_search_object()
  local net, domain, goal = fixture()
  local pattern = net:pattern { 0.5, -0.5 }
  local search = net:search { domain = domain, pattern = pattern, target = goal:negate(), mode = "find_strict" }
  lu.assertEquals(search:verdict(), "running")
  lu.assertNil(search:core())
  lu.assertEquals(search:run(), "proved")
  lu.assertNil(search:reason())
  lu.assertNil(search:witness())
  lu.assertTrue(search:pattern() == pattern)
  -- The core implies the goal too, with literals of the pattern only.
  local core = search:core()
  for _, literal in ipairs(core:list()) do lu.assertEquals(pattern:get(literal[1], literal[2]), literal[3]) end
  lu.assertEquals((net:implies(domain, core, goal)), "proved")
  lu.assertEquals(search:step(), "proved")
end

function T.test_run_can_be_stopped()
  local net, domain, goal = fixture()
  local minimize = net:minimize { domain = domain, pattern = net:pattern { 0.5, -0.5 }, property = goal }
  lu.assertTrue(minimize:run())
  lu.assertEquals(minimize:verdict(), "proved")
  lu.assertNil(minimize:witness())
  local stats = minimize:stats()
  lu.assertTrue(stats.queries > 0 and stats.unknowns == 0 and stats.refuted >= 0)
end

function T.test_minimize_gives_a_minimal_prefix()
  local net, domain, goal = fixture()
  local minimize = net:minimize { domain = domain, pattern = net:pattern { 0.5, -0.5 }, property = goal }
  minimize:run()
  lu.assertEquals(tostring(minimize:pattern()), "-0")
  -- In another order, and by deletion, the same: the literal is needed.
  minimize = net:minimize { domain = domain, pattern = net:pattern { 0.5, -0.5 }, property = goal,
                            order = { 2, { 1, 1 } }, mode = "deletion" }
  minimize:run()
  lu.assertEquals(tostring(minimize:pattern()), "-0")
end

function T.test_not_implied()
  local net, domain = fixture()
  local goal = relucid.property.argmax(net, 2)
  local minimize = net:minimize { domain = domain, pattern = net:pattern { 0.25, 0.5 }, property = goal }
  minimize:run()
  lu.assertEquals(minimize:verdict(), "counterexample")
  local x = minimize:witness()
  lu.assertTrue(goal:value(x, net:eval(x)) < 0)
end

function T.test_jobs_outlive_what_they_were_made_from()
  local function make()
    local net, domain, goal = fixture()
    return net:search { domain = domain, pattern = net:pattern { 0.5, -0.5 }, target = goal:negate(),
                        mode = "find_strict" }
  end
  local search = make()
  collectgarbage()
  collectgarbage()
  lu.assertEquals(search:run(), "proved")
end

function T.test_refuses()
  local net, domain, goal = fixture()
  local full = net:pattern { 1, 1 }
  local function search(fields) return function() return net:search(fields) end end
  local function minimize(fields)
    fields.domain, fields.property = domain, goal
    return function() return net:minimize(fields) end
  end
  raises("search: list expected, got nil", search(nil))
  raises("the network's file gives no input box: a domain is needed", search { target = goal })
  raises("target: relucid.property expected, got nil", search { domain = domain })
  raises("pattern: relucid.pattern expected, got boolean", search { domain = domain, target = goal, pattern = true })
  raises("domain: has 1 inputs, the network has 2",
         search { domain = relucid.domain { lo = { 0 }, hi = { 1 } }, target = goal })
  raises("mode is 'guess', expected one of: find, find_strict, maximize",
         search { domain = domain, target = goal, mode = "guess" })
  raises("seconds is -1, expected a number >= 0", search { domain = domain, target = goal, seconds = -1 })
  raises("threads is 'two', expected a number >= 0", search { domain = domain, target = goal, threads = "two" })
  support.raises_with("search: unknown option 'second'; known are: domain pattern target mode seconds nodes",
                      search { domain = domain, target = goal, second = 1 })
  raises("nodes is 0, expected a positive integer", function()
    return net:search { domain = domain, target = goal }:step(0)
  end)
  raises("pattern: relucid.pattern expected, got nil", minimize {})
  raises("mode is 'best', expected one of: prefix, deletion, divide", minimize { pattern = full, mode = "best" })
  raises("point has 1 numbers, expected 2", minimize { pattern = full, mode = "divide", point = { 1 } })
  raises("order: list expected, got number", minimize { pattern = full, order = 5 })
  raises("order[2] is 3, expected an integer from 1 to 2", minimize { pattern = full, order = { 1, 3 } })
  raises("neuron is 9, expected an integer from 1 to 2", minimize { pattern = full, order = { { 1, 9 } } })
  raises("order[2] names neuron 1 a second time", minimize { pattern = full, order = { 1, { 1, 1 } } })
  local job = net:search { domain = domain, target = goal }
  job:close()
  raises("search: attempt to use a closed search", job.step, job)
end

function T.test_search_options_are_described()
  local names = {}
  for i, option in ipairs(relucid.search_options()) do
    names[i] = option.name
    lu.assertEquals(type(option.default), "number")
    lu.assertStrContains(option.help, " ")
  end
  lu.assertEquals(names[1], "seconds")
end

return T
