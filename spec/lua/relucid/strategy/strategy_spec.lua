-- The strategies: what they promise is checked by sampling the real network.
local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"
local raises, strategy = support.raises, relucid.strategy

local T = {}

local function cube(n)
  local lo, hi = {}, {}
  for i = 1, n do lo[i], hi[i] = -1, 1 end
  return relucid.domain { lo = lo, hi = hi }
end

local function random_point(rng, lo, hi)
  local x = {}
  for i = 1, #lo do x[i] = math.min(lo[i] + rng() * (hi[i] - lo[i]), hi[i]) end
  return x
end

-- Points of the domain and of the boxes that lie in the region have the goal.
local function check_sound(rng, net, goal, result)
  local region = result:region()
  local ranges = { result.domain }
  for _, kind in ipairs { "width", "volume" } do ranges[#ranges + 1] = result:box(kind) end
  for k, range in ipairs(ranges) do
    for _ = 1, 200 do
      local x = random_point(rng, range.lo, range.hi)
      local inside = region:contains(x)
      if k > 1 then lu.assertTrue(inside, "a point of a box lies outside the region") end
      if inside then
        local value = goal:value(x, net:eval(x))
        lu.assertTrue(value >= -1e-12, ("the goal has value %.17g in the region"):format(value))
      end
    end
  end
end

local function each_random(count, f)
  return function()
    support.random("strategy", function(rng)
      for _ = 1, count do
        local net = support.random_network(rng, { 3, 5, 4, 3 })
        local domain = cube(3)
        local point = random_point(rng, domain.lo, domain.hi)
        f(rng, net, domain, point)
      end
    end)
  end
end

local function answer(y)
  local best = 1
  for k = 2, #y do
    if y[k] > y[best] then best = k end
  end
  return best
end

T.test_prophecy_is_sound_and_minimal = each_random(25, function(rng, net, domain, point)
  local goal = relucid.property.argmax(net, answer(net:eval(point)))
  local result = strategy.prophecy(net, point, nil, { domain = domain })
  lu.assertEquals(result.status, "proved")
  local pattern = result:pattern()
  lu.assertTrue(pattern:is_prefix())
  lu.assertTrue(result:region():contains(point))
  check_sound(rng, net, goal, result)
  if not result.implied then
    lu.assertTrue(pattern == net:pattern(point))
    return
  end
  -- No literal of the last layer with literals can go.
  local list = pattern:list()
  local last = list[#list]
  for i = #list, 1, -1 do
    if list[i][1] ~= last[1] then break end
    lu.assertEquals((net:implies(domain, pattern:with(list[i][1], list[i][2], nil), goal)), "counterexample")
  end
end)

T.test_nninfer_is_sound = each_random(25, function(rng, net, domain, point)
  local epsilon = ({ 0.001, 0.1, 1 })[rng(1, 3)]
  local k = answer(net:eval(point))
  local goal = relucid.property.argmax(net, k)
  local result = strategy.nninfer(net, point, goal, { domain = domain, epsilon = epsilon })
  lu.assertEquals({ result.status, result.implied }, { "proved", true })
  check_sound(rng, net, goal, result)
  local margin = goal:value(nil, net:eval(point))
  if margin > epsilon + 1e-9 then lu.assertTrue(result:region():contains(point)) end
  if margin < epsilon - 1e-9 then
    lu.assertFalse(result:region():contains(point))
    lu.assertStrContains(result.note, "less than epsilon")
    lu.assertStrContains(result.note, "there is no box around it")
    lu.assertNil(result:box("width"))
  end
end)

T.test_not_anchored_boxes_are_no_smaller = each_random(10, function(_, net, domain, point)
  local anchored = strategy.prophecy(net, point, nil, { domain = domain }):box("width")
  local free = strategy.prophecy(net, point, nil, { domain = domain, anchor = false }):box("width")
  lu.assertTrue(free.sum >= anchored.sum - 1e-7)
end)

T.test_region_cut_by_the_margins_when_the_pattern_does_not_imply = each_random(60, function(rng, net, domain, point)
  local result = strategy.prophecy(net, point, nil, { domain = domain })
  if result.implied then return end
  lu.assertEquals(result.implied, false)
  lu.assertStrContains(result.note, "does not imply the goal")
  check_sound(rng, net, result.goal, result)
end)

local function small_task(options)
  options = options or {}
  options.domain = options.domain or support.square()
  return strategy.prophecy(support.small(), { 0.5, -0.5 }, nil, options)
end

function T.test_known_answer()
  local result = small_task()
  lu.assertEquals(tostring(result:pattern()), "-0")
  lu.assertAlmostEquals(result:box("width").sum, 3, 1e-6)
end

function T.test_goals()
  local net, options = support.small(), { domain = support.square() }
  local result = strategy.prophecy(net, { 0.5, -0.5 }, relucid.property.argmin(net, 2), options)
  lu.assertEquals(result.status, "proved")
  local linear = relucid.property.linear { { c = { 1, 0 }, d = 0 }, { c = { 0, -1 }, d = 0.5 } }
  lu.assertEquals(strategy.nninfer(net, { 0.5, -0.5 }, linear, options).status, "proved")
end

function T.test_support_of_the_data()
  local result = small_task { data = relucid.data { { 0.1, -0.1 }, { 0.1, 0.1 } } }
  lu.assertEquals(result:record().regions[1].support, 1)
end

function T.test_hooks_are_called()
  local orders, states = 0, {}
  local result = small_task {
    order = function(pattern, stats)
      orders = orders + 1
      lu.assertEquals({ tostring(pattern), stats.network.n }, { "10", 2 })
      return { { 1, 2 }, 1 }
    end,
    progress = function(state) states[#states + 1] = state end,
  }
  lu.assertEquals(orders, 1)
  lu.assertEquals(tostring(result:pattern()), "-0")
  for _, state in ipairs(states) do lu.assertEquals(type(state.nodes), "number") end
end

-- A network whose minimisation takes a while.
local function slow(options)
  local layers, state = {}, 1
  local function weight()
    state = (state * 1103515245 + 12345) % 2147483648
    return (state // 65536 % 257 - 128) / 64
  end
  local sizes = { 8, 40, 40, 40, 5 }
  for k = 1, #sizes - 1 do
    local W, b = {}, {}
    for r = 1, sizes[k + 1] do
      W[r], b[r] = {}, weight()
      for c = 1, sizes[k] do W[r][c] = weight() end
    end
    layers[k] = { W = W, b = b }
  end
  options.domain = cube(8)
  options.epsilon = 0.01
  return strategy.nninfer(relucid.network(layers), { 0, 0, 0, 0, 0, 0, 0, 0 }, nil, options)
end

-- Ended early; the region is there exactly when something was proved, and then it is right.
local function check_ended(result, status, note)
  lu.assertEquals(result.status, status)
  lu.assertStrContains(result.note, note)
  lu.assertTrue(#result <= 1)
  if #result == 1 then lu.assertTrue(result:pattern():is_prefix()) end
end

function T.test_timeout()
  local started = relucid.now()
  check_ended(slow { timeout = 0.3 }, "timeout", "time limit")
  lu.assertTrue(relucid.now() - started < 20)
end

function T.test_query_timeout_keeps_literals()
  local result = slow { query_timeout = 0.02, timeout = 30 }
  lu.assertTrue(result.stats.unknowns > 0)
  lu.assertStrContains(result.note, "without an answer")
  lu.assertEquals(result.options.query_timeout, 0.02)
end

function T.test_stop()
  local seen
  check_ended(slow { stop = function(state)
    seen = state
    return state.verdict == "proved"
  end }, "stopped", "stopped by the user's function")
  lu.assertEquals(seen.strategy, "nninfer")
  lu.assertEquals(type(seen.pattern:literals()), "number")
end

-- Ctrl-C in stock Lua raises this from a hook.
function T.test_interrupt_keeps_what_there_is()
  local result = slow { progress = function(state)
    if state.verdict == "proved" then error "interrupted!" end
  end }
  check_ended(result, "interrupted", "interrupted: the region is proved, but may not be")
  lu.assertEquals(#result, 1)
end

function T.test_raising_hooks_pass_through()
  local object = {}
  for _, name in ipairs { "stop", "progress", "order" } do
    local ok, message = pcall(slow, { [name] = function() error(object) end })
    lu.assertFalse(ok)
    lu.assertIs(message, object)
  end
end

-- Whose error it is, is said; the message is kept.
function T.test_stop_says_yes_or_no()
  local net, domain = support.small(), support.square()
  local goal = relucid.property.argmax(net, 1)
  for value, words in pairs { no = "'no'", [1] = "1" } do
    local function stop() return value end
    local message = ("option stop: returned %s, expected true, false or nil"):format(words)
    support.raises(message, strategy.prophecy, net, { 0.5, -0.5 }, goal, { domain = domain, stop = stop })
    support.raises(message, strategy.preimage, net, goal, { domain = domain, stop = stop })
  end
end

function T.test_raising_hooks_are_named()
  for _, name in ipairs { "stop", "progress", "order" } do
    local ok, message = pcall(slow, { [name] = function() error "no such luck" end })
    lu.assertFalse(ok)
    lu.assertStrContains(message, ("option %s raised: "):format(name))
    lu.assertStrContains(message, "no such luck")
  end
end

function T.test_minimize_is_a_strategy_of_the_users_own()
  local mine = strategy.minimize { order = function() return { 2, 1 } end }
  local result = mine(support.small(), { 0.5, -0.5 }, nil, { domain = support.square() })
  lu.assertEquals(result.strategy, "prophecy")
  lu.assertEquals(tostring(result:pattern()), "-0")
  local other = strategy.minimize { base = "nninfer", epsilon = 0.25 }
  lu.assertEquals(other(support.small(), { 0.5, -0.5 }, nil, { domain = support.square() }).options.epsilon, 0.25)
  support.raises_with("base: no strategy 'magic'; known are: nninfer", strategy.minimize, { base = "magic" })
  support.raises_with("name: no strategy 'magic'; known are: nninfer", strategy.run, "magic")
  raises("defaults: table expected, got nil", strategy.minimize)
end

function T.test_refuses()
  local net, square = support.small(), support.square()
  local function run(point, goal, options, name)
    return function() return strategy[name or "nninfer"](net, point, goal, options) end
  end
  local point = { 0.5, -0.5 }
  raises("the network's file gives no input box: a domain is needed", run(point))
  raises("point: list expected, got nil", run(nil, nil, { domain = square }))
  raises("point has 1 numbers, expected 2", run({ 1 }, nil, { domain = square }))
  raises("x[2] is nan, expected a finite number", run({ 1, math.abs(0 / 0) }, nil, { domain = square }))
  raises("point[1] is 1.5, the domain has -1 to 1", run({ 1.5, 0 }, nil, { domain = square }))
  raises("the point is outside the domain: row 1 is 0.5 > 0.25",
         run(point, nil, { domain = { lo = { -1, -1 }, hi = { 1, 1 }, A = { { 1, 0 } }, b = { 0.25 } } }))
  raises("the domain is empty: no input obeys its rows A x <= b",
         run(point, nil, { domain = { lo = { -1, -1 }, hi = { 1, 1 }, A = { { 1, 1 }, { -1, -1 } },
                                      b = { 0.2, -0.3 } } }))
  raises("domain: has 1 inputs, the network has 2", run(point, nil, { domain = { lo = { 0 }, hi = { 1 } } }))
  raises("the goal does not hold at the point: margin 1 is -0.5, expected >= 0",
         run(point, relucid.property.argmax(net, 2), { domain = square }))
  raises("the goal is an or of 2 conjunctions; this strategy takes a single conjunction",
         run(point, relucid.property.any { { { c = { 1, 0 } } }, { { c = { 0, 1 } } } }, { domain = square }))
  raises("margin 1 of the goal is about inputs; this strategy takes outputs only",
         run(point, relucid.property.linear { { c = { 1, 0 }, a = { 1, 0 } } }, { domain = square }))
  raises("unknown option 'epsilom'; known are: anchor data domain epsilon memo order progress query_timeout raw search "
         .. "seed stop threads timeout", run(point, nil, { epsilom = 1 }))
  support.raises_with("unknown option 'epsilon'", run(point, nil, { epsilon = 1, domain = square }, "prophecy"))
  raises("option epsilon: is 0, expected a number > 0", run(point, nil, { domain = square, epsilon = 0 }))
  raises("option epsilon: number expected, got string", run(point, nil, { domain = square, epsilon = "1" }))
  raises("option stop: function expected, got boolean", run(point, nil, { domain = square, stop = true }))
  raises("option order: returned nil, expected a list",
         run(point, nil, { domain = square, order = function() end }))
  raises("seed is -1, expected a number >= 0", run(point, nil, { domain = square, seed = -1 }))
end

-- Arguments of wrong types: every strategy says which, and what it expects.
function T.test_wrong_types()
  local net, domain = support.small(), support.square()
  local goal, data = relucid.property.argmax(net, 1), relucid.data { { 0.5, 0.25 } }
  local function refused(message, name, ...)
    local ok, actual = pcall(relucid.strategy[name], ...)
    lu.assertEquals({ name, ok, actual }, { name, false, message })
  end
  local closed = support.small()
  closed:close()
  for _, name in ipairs(require("relucid.strategy").names) do
    local point = { 0.5, 0.25 }
    local function options(more)
      local fields = { domain = domain, data = name == "rules" and data or nil }
      for key, value in pairs(more or {}) do fields[key] = value end
      return fields
    end
    refused("network: relucid.network expected, got nil", name, nil, point, goal, options())
    refused("network: attempt to use a closed network", name, closed, point, goal, options())
    refused("point: list expected, got number", name, net, 1, goal, options())
    refused("point[1] is a table, expected a finite number", name, net, { { 1 }, { 2 } }, goal, options())
    refused("x[2] is inf, expected a finite number", name, net, { 0, 1 / 0 }, goal, options())
    refused("goal: relucid.property expected, got relucid.network", name, net, point, net, options())
    refused("options: table expected, got boolean", name, net, point, goal, true)
    refused("domain: relucid.domain expected, got string", name, net, point, goal, options { domain = "d.json" })
    refused("domain: relucid.domain expected, got relucid.region", name, net, point, goal,
            options { domain = relucid.region(net, domain) })
    refused("option seed: is 0.5, expected an integer", name, net, point, goal, options { seed = 0.5 })
  end
end

return T
