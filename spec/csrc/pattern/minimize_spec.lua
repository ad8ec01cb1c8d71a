-- Minimal patterns: the three ways to find them agree with each other and with single queries.
local lu = require "luaunit"
local relucid = require "relucid"
local sampling = require "spec.sampling"
local support = require "spec.support"

local T = {}

local cube, answer = sampling.cube, sampling.answer

-- f(rng, net, domain, point, goal, full) for points whose whole pattern implies the network's answer there.
local function each_implied(count, sizes, f)
  return function()
    support.random("minimize", function(rng)
      while count > 0 do
        local net = support.random_network(rng, sizes)
        local domain, point = cube(net.n), {}
        for i = 1, net.n do point[i] = 2 * rng() - 1 end
        local goal, full = relucid.property.argmax(net, answer(net:eval(point))), net:pattern(point)
        if net:implies(domain, full, goal) == "proved" then
          count = count - 1
          f(rng, net, domain, point, goal, full)
        end
      end
    end)
  end
end

local function run(net, fields)
  local minimize = net:minimize(fields)
  minimize:run()
  return minimize:pattern(), minimize:stats(), minimize:verdict()
end

-- A random order in which to drop the neurons.
local function shuffled(rng, count)
  local list = {}
  for i = 1, count do
    local j = rng(1, i)
    list[i] = list[j]
    list[j] = i
  end
  return list
end

T.test_divide_gives_what_deletion_gives = each_implied(12, { 3, 6, 5, 3 }, function(rng, net, domain, point, goal, full)
  local order = shuffled(rng, net.neurons)
  local fields = { domain = domain, pattern = full, property = goal, order = order }
  fields.mode = "deletion"
  local slow = run(net, fields)
  fields.mode, fields.point = "divide", rng(0, 1) == 1 and point or nil
  local fast, stats, verdict = run(net, fields)
  lu.assertEquals({ verdict, stats.unknowns }, { "proved", 0 })
  lu.assertEquals(tostring(fast), tostring(slow))
  lu.assertEquals((net:implies(domain, fast, goal)), "proved")
  for _, literal in ipairs(fast:list()) do
    lu.assertEquals(full:get(literal[1], literal[2]), literal[3])
    lu.assertEquals((net:implies(domain, fast:with(literal[1], literal[2], nil), goal)), "counterexample")
  end
end)

-- The definition, by single queries: drop whole layers from the last, then neurons of the first that stays, in order.
local function prefix_by_queries(net, domain, full, goal, order)
  local pattern, sizes = full, net.sizes
  local function drop(list)
    local candidate = pattern
    for _, literal in ipairs(list) do candidate = candidate:with(literal[1], literal[2], nil) end
    local proved = net:implies(domain, candidate, goal) == "proved"
    if proved then pattern = candidate end
    return proved
  end
  local layer = #sizes - 2
  while layer > 0 do
    local list = {}
    for i = 1, sizes[layer + 1] do list[i] = { layer, i } end
    if not drop(list) then break end
    layer = layer - 1
  end
  local first = 0
  for k = 1, layer - 1 do first = first + sizes[k + 1] end
  for _, neuron in ipairs(layer > 0 and order or {}) do
    if neuron > first and neuron <= first + sizes[layer + 1] then drop { { layer, neuron - first } } end
  end
  return pattern
end

local function compares_with_single_queries(rng, net, domain, _, goal, full)
  local order = shuffled(rng, net.neurons)
  local pattern, stats = run(net, { domain = domain, pattern = full, property = goal, order = order })
  lu.assertEquals(stats.unknowns, 0)
  lu.assertEquals(tostring(pattern), tostring(prefix_by_queries(net, domain, full, goal, order)))
end

T.test_prefix_gives_what_single_queries_give = each_implied(30, { 3, 7, 6, 3 }, compares_with_single_queries)

function T.test_divide_asks_a_tenth_of_the_queries()
  local queries, literals = 0, 0
  each_implied(10, { 4, 16, 16, 3 }, function(_, net, domain, point, goal, full)
    local pattern, stats = run(net, { domain = domain, pattern = full, property = goal, mode = "divide",
                                      point = point })
    lu.assertEquals(stats.unknowns, 0)
    lu.assertEquals((net:implies(domain, pattern, goal)), "proved")
    queries, literals = queries + stats.queries, literals + full:literals()
  end)()
  lu.assertTrue(10 * queries <= literals, ("%d queries for %d literals"):format(queries, literals))
end

-- Queries that end without an answer go on with more literals; what the proof then rests on may not be dropped.
-- With these seeds a split on the other side of such a literal was once left out of the account.
function T.test_queries_that_go_on_keep_account_of_literals()
  for _, seed in ipairs { 93, 251, 7, 8, 9 } do
    local state = seed * 7919
    local function rng(a, b)
      state = (state * 25214903917 + 11) & 0xffffffffffff
      return a and a + (state >> 16) % (b - a + 1) or (state >> 16) / 4294967296
    end
    for _ = 1, 8 do rng() end
    local net, domain, point = support.random_network(rng, { 5, 24, 3 }), cube(5), {}
    for i = 1, 5 do point[i] = 2 * rng() - 1 end
    local goal = relucid.property.argmax(net, answer(net:eval(point)))
    for _, mode in ipairs { "divide", "prefix" } do
      for _, nodes in ipairs { 15, 20, 25, 30 } do
        local pattern, _, verdict = run(net, { domain = domain, pattern = net:pattern(point), property = goal,
                                               mode = mode, nodes = nodes, slope_steps = 0,
                                               regime = nodes % 10 == 0 and 2 or 0 })
        if verdict == "proved" then lu.assertEquals((net:implies(domain, pattern, goal)), "proved", seed) end
      end
    end
  end
end

-- What a query without an answer left open is set aside while half of its literals are asked about, and gone on with
-- then: so patterns are reached that no single query of so few nodes proves.
function T.test_what_was_set_aside_is_gone_on_with()
  local beyond = 0
  each_implied(10, { 5, 24, 10, 3 }, function(rng, net, domain, _, goal, full)
    for _, mode in ipairs { "divide", "prefix" } do
      local nodes = rng(10, 40)
      local pattern, _, verdict = run(net, { domain = domain, pattern = full, property = goal, mode = mode,
                                             nodes = nodes, slope_steps = 0, threads = rng(1, 2),
                                             regime = nodes % 3 == 0 and 2 or 0 })
      if verdict == "proved" then
        lu.assertEquals((net:implies(domain, pattern, goal)), "proved")
        local alone = net:implies(domain, pattern, goal, { nodes = nodes, slope_steps = 0 })
        beyond = beyond + (alone == "unknown" and 1 or 0)
      end
    end
  end)()
  lu.assertTrue(beyond > 0)
end

-- A literal is kept for want of an answer; one after it in the order, needed without that literal only, can still go.
-- Layer 1: z1 = x1, z2 = x2; layer 2: twice relu(z1) - 0.5, and p = relu(z1) + relu(z2) - 1; y1 - y2 = 0.001 + 4 times
-- the difference of the first two - 100 relu(p).
function T.test_a_literal_after_one_without_an_answer()
  local net = relucid.network {
    { W = { { 1, 0 }, { 0, 1 } }, b = { 0, 0 } },
    { W = { { 1, 0 }, { 1, 0 }, { 1, 1 } }, b = { -0.5, -0.5, -1 } },
    { W = { { 4, -4, -100 }, { 0, 0, 0 } }, b = { 0.001, 0 } } }
  local start = net:pattern { -0.7, -0.7 }
  for i = 1, 3 do start = start:with(2, i, nil) end
  for _, mode in ipairs { "deletion", "divide", "prefix" } do
    local pattern = run(net, { domain = cube(2), pattern = start, property = relucid.property.argmax(net, 1),
                               mode = mode, order = { 1, 2 }, nodes = 1 })
    lu.assertEquals(tostring(pattern), "0- ---", mode)
  end
end

-- Without answers nothing is dropped that is not proved.
T.test_divide_without_answers = each_implied(4, { 4, 12, 12, 3 }, function(_, net, domain, _, goal, full)
  local pattern, _, verdict = run(net, { domain = domain, pattern = full, property = goal, mode = "divide", nodes = 1 })
  if verdict ~= "proved" then return end
  lu.assertEquals((net:implies(domain, pattern, goal)), "proved")
end)

T.test_divide_in_a_cut_domain = each_implied(6, { 3, 6, 5, 3 }, function(rng, net, domain, point, goal, full)
  local row = { rng() - 0.5, rng() - 0.5, rng() - 0.5 }
  local value = 0
  for i = 1, 3 do value = value + row[i] * point[i] end
  local cut = relucid.domain { lo = domain.lo, hi = domain.hi, A = { row }, b = { value + 0.1 } }
  local fields = { domain = cut, pattern = full, property = goal, mode = "divide" }
  local pattern = run(net, fields)
  fields.mode = "deletion"
  lu.assertEquals(tostring(pattern), tostring((run(net, fields))))
end)

return T
