local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"
local raises = support.raises

local T = {}

local function fixture()
  local net = support.small()
  return net, relucid.property.argmax(net, 1), { domain = support.square() }
end

-- relu x1 >= 2 relu x2: of area 2.25 in the square of area 4.
function T.test_exact_regions_of_a_small_network()
  local net, goal, options = fixture()
  options.coverage = 1
  local result = relucid.strategy.preimage(net, goal, options)
  lu.assertEquals(result.status, "proved")
  lu.assertEquals(#result, 2)
  lu.assertEquals(result.coverage.samples, 0)
  lu.assertTrue(result.coverage.lo <= 1 and result.coverage.hi == 1)
  lu.assertAlmostEquals(result.coverage.lo, 1, 1e-9)
  local sum = result:region(1):volume() + result:region(2):volume()
  lu.assertAlmostEquals(sum, 2.25, 1e-9)
  -- Half of it is held by one region.
  options.coverage = 0.5
  result = relucid.strategy.preimage(net, goal, options)
  lu.assertEquals(#result, 1)
  lu.assertAlmostEquals(result.coverage.value, result:region():volume() / 2.25, 1e-9)
end

function T.test_methods_agree()
  local net, goal, options = fixture()
  options.coverage = 1
  local volume = {}
  for _, method in ipairs { "exact", "split", "auto" } do
    options.method = method
    local result = relucid.strategy.preimage(net, goal, options)
    lu.assertEquals(result.options.method, method)
    volume[#volume + 1] = 0
    for i = 1, #result do volume[#volume] = volume[#volume] + result:region(i):volume() end
    lu.assertAlmostEquals(volume[#volume], 2.25, 1e-9)
  end
end

-- The coverage that splitting reaches is measured exactly where the regions can be enumerated.
function T.test_splitting_measured_exactly()
  support.random("measure", function(rng)
    local net = support.random_network(rng, { 2, 12, 8, 2 })
    local goal, domain = relucid.property.linear { { c = { 1, -1 } } }, support.square()
    local found = net:enumerate { domain = domain, property = goal }
    while not found:step() do end
    local total = found:volume()
    if total < 1e-3 then return end
    for _, mode in ipairs { "under", "over" } do
      local result = relucid.strategy.preimage(net, goal, { domain = domain, mode = mode, coverage = 0.8 })
      local sum = 0
      for i = 1, #result do sum = sum + result:region(i):volume() end
      local share = mode == "under" and sum / total or total / sum
      lu.assertEquals(result.coverage.samples, 0)
      lu.assertAlmostEquals(result.coverage.value, share, 1e-6)
      lu.assertTrue(share >= 0.8 - 1e-9)
    end
  end)
end

function T.test_record_reads_back()
  local net, goal, options = fixture()
  local result = relucid.strategy.preimage(net, goal, options)
  local record = relucid.json.decode(result:json())
  lu.assertEquals(record.strategy, "preimage")
  lu.assertEquals(record.coverage, result.coverage)
  lu.assertEquals(#record.regions, #result)
  lu.assertNil(record.point)
  lu.assertEquals(#record.goal.margins, 1)
  local read = relucid.result.decode(result:json())
  lu.assertEquals(read.coverage, result.coverage)
  local data = relucid.data { { 0.5, -0.5 }, { -0.5, 0.5 }, { 0.9, 0.1 } }
  lu.assertEquals(read:members(data), result:members(data))
  -- An or of conjunctions is recorded as a list of clauses.
  goal = relucid.property.any { { { c = { 1, -1 } } }, { { c = { 0, 1 }, d = -0.5 } } }
  result = relucid.strategy.preimage(net, goal, options)
  lu.assertEquals(#relucid.json.decode(result:json()).goal.clauses, 2)
end

local function hard_problem()
  local state = 11
  local net = support.random_network(function(a, b)
    state = (state * 1103515245 + 12345) & 0x7fffffff
    return a + (state >> 8) % (b - a + 1)
  end, { 5, 40, 40, 2 })
  local lo, hi = {}, {}
  for i = 1, 5 do lo[i], hi[i] = -1, 1 end
  return net, relucid.property.linear { { c = { 1, -1 } } }, { domain = { lo = lo, hi = hi }, coverage = 0.999 }
end

-- Whatever ends the search, what is there is sound.
local function check_sound(net, goal, result)
  local points = {}
  for s = 1, 2000 do
    points[s] = {}
    for i = 1, 5 do points[s][i] = math.random() * 2 - 1 end
  end
  local data = relucid.data(points)
  local y = net:eval(data)
  for _, s in ipairs(result:members(data)) do lu.assertTrue(goal:value(nil, y[s]) >= -1e-9) end
end

function T.test_budgets()
  local net, goal, options = hard_problem()
  options.timeout = 0.2
  local result = relucid.strategy.preimage(net, goal, options)
  lu.assertEquals(result.status, "timeout")
  lu.assertEquals(result.note, "the time limit was reached")
  lu.assertTrue(result.coverage.lo <= result.coverage.value and result.coverage.value <= result.coverage.hi)
  check_sound(net, goal, result)
  options.timeout, options.polytopes = nil, 5
  result = relucid.strategy.preimage(net, goal, options)
  lu.assertEquals(result.status, "stopped")
  lu.assertTrue(#result <= 5)
  check_sound(net, goal, result)
  options.polytopes, options.stop = nil, function(state) return state.splits >= 3 end
  result = relucid.strategy.preimage(net, goal, options)
  lu.assertEquals(result.status, "stopped")
  options.stop = function() error("interrupted!", 0) end
  result = relucid.strategy.preimage(net, goal, options)
  lu.assertEquals({ result.status, result.note }, { "interrupted", "what was found so far" })
  check_sound(net, goal, result)
  options.stop = function() error("other", 0) end
  raises("option stop raised: other", relucid.strategy.preimage, net, goal, options)
  options.stop, options.progress = nil, function() error("shown", 0) end
  raises("option progress raised: shown", relucid.strategy.preimage, net, goal, options)
end

-- The user's own order of work: the part of largest volume, halved along its longest side.
function T.test_choose_and_split()
  local net, goal, options = hard_problem()
  local chosen, halved = 0, 0
  options.polytopes = 8
  function options.choose(parts, state)
    chosen = chosen + 1
    lu.assertEquals(type(state.coverage), "number")
    local best = 1
    for i, part in ipairs(parts) do
      if part.volume > parts[best].volume then best = i end
    end
    return best
  end
  function options.split(part)
    local longest = 1
    for j = 2, #part.lo do
      if part.hi[j] - part.lo[j] > part.hi[longest] - part.lo[longest] then longest = j end
    end
    halved = halved + 1
    return { input = longest, at = (part.lo[longest] + part.hi[longest]) / 2 }
  end
  options.stop = function(state) return state.splits >= 12 end
  local result = relucid.strategy.preimage(net, goal, options)
  lu.assertTrue(chosen > 0 and halved > 0)
  check_sound(net, goal, result)
  -- Both may leave the choice to the search.
  options.choose, options.split = function() end, function() end
  check_sound(net, goal, relucid.strategy.preimage(net, goal, options))
  options.choose = nil
  check_sound(net, goal, relucid.strategy.preimage(net, goal, options))
  options.choose = function() return 99 end
  raises("option choose: returned 99, expected the number of a part or nil", relucid.strategy.preimage, net, goal,
         options)
  options.choose, options.split = nil, function() return 5 end
  raises("option split: returned 5, expected a table or nil", relucid.strategy.preimage, net, goal, options)
  options.split = function() error("broken", 0) end
  raises("option split raised: broken", relucid.strategy.preimage, net, goal, options)
  options.choose = function() error("broken too", 0) end
  raises("option choose raised: broken too", relucid.strategy.preimage, net, goal, options)
end

-- An empty answer says what it means: nothing, or a boundary alone.
function T.test_empty()
  local net, domain = support.small(), support.square()
  for _, case in ipairs { { "exact", -2, "no input has the property" },
                          { "split", -2, "no input has the property" },
                          { "exact", -1, "the inputs with the property have no volume" } } do
    local method, d, note = table.unpack(case)
    local result = relucid.strategy.preimage(net, relucid.property.linear(net, { { c = { 1, 0 }, d = d } }),
                                             { domain = domain, method = method, samples = 200 })
    lu.assertEquals({ #result, result.status, result.note }, { 0, "proved", note })
  end
end

-- By the estimate alone nothing is called proved.
function T.test_the_lower_end_decides()
  local net, unknown = support.random_network(support.generator(3), { 3, 12, 12, 2 }), 0
  for coverage = 0.6, 0.9, 0.02 do
    local result = relucid.strategy.preimage(net, relucid.property.linear(net, { { c = { 1, -1 } } }),
      { domain = relucid.domain { lo = { -1, -1, -1 }, hi = { 1, 1, 1 } }, coverage = coverage, samples = 2000,
        method = "split", search = { confident = 0 } })
    lu.assertEquals(result.status, result.coverage.lo >= coverage and "proved" or "unknown")
    if result.status == "unknown" then
      unknown = unknown + 1
      lu.assertTrue(result.coverage.value >= coverage)
      lu.assertEquals(result.note, "the estimate has reached the coverage, its interval's lower end has not")
    end
  end
  lu.assertTrue(unknown > 0)
end

function T.test_refuses()
  local net, goal, options = fixture()
  local function with(name, value)
    return function()
      options[name] = value
      local ok, message = pcall(relucid.strategy.preimage, net, goal, options)
      options[name] = nil
      options.domain = support.square()
      if not ok then error(message, 0) end
    end
  end
  raises("options: table expected, got number", relucid.strategy.preimage, net, goal, 5)
  support.raises_with("unknown option 'cover'; known are: choose coverage domain", with("cover", 1))
  raises("option coverage: number expected, got string", with("coverage", "all"))
  raises("option coverage: is 2, expected a number above 0 and at most 1", with("coverage", 2))
  raises("option mode: is inner, expected one of: under, over", with("mode", "inner"))
  raises("option method: is guess, expected one of: auto, exact, split", with("method", "guess"))
  raises("domain: has 1 inputs, the network has 2", with("domain", { lo = { 0 }, hi = { 1 } }))
  options.method = "exact"
  raises("option method: 'exact' is for mode 'under'", with("mode", "over"))
  options.method = nil
  raises("the domain is empty: no input obeys its rows A x <= b",
         with("domain", { lo = { -1, -1 }, hi = { 1, 1 }, A = { { 1, 1 } }, b = { -3 } }))
  options.domain = nil
  raises("the network's file gives no input box: a domain is needed", relucid.strategy.preimage, net, goal, {})
end

-- The problems of PREMAP: the coverage asked for, with no more polytopes than it needs.
function T.test_premap_problems()
  local directory = os.getenv "RELUCID_DATA"
  if not directory or directory == "" then lu.skip "RELUCID_DATA is not set" end
  local cases = { auto_park_20 = { 0.9, 4 }, cartpole = { 0.75, 27 }, vcas21_1 = { 0.98, 26 }, vcas21_2 = { 0.9, 11 },
                  vcas64_1 = { 0.9, 38 }, vcas128_1 = { 0.9, 54 }, lunarlander = { 0.75, 56 } }
  for name, case in pairs(cases) do
    local record = relucid.json.decode(support.read(("%s/preimage/%s.json"):format(directory, name)), name)
    local net, rows = relucid.load(("%s/preimage/%s.nnet"):format(directory, name)), {}
    for i, c in ipairs(record.output_A) do rows[i] = { c = c, d = -record.output_b[i] } end
    local result = relucid.strategy.preimage(net, relucid.property.linear(net, rows), {
      domain = { lo = record.input_lo, hi = record.input_hi }, coverage = case[1] })
    lu.assertEquals(result.status, "proved")
    lu.assertTrue(result.coverage.lo >= case[1])
    lu.assertTrue(#result <= case[2], name .. ": " .. #result)
  end
end

return T
