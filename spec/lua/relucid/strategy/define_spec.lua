local lu = require "luaunit"
local relucid = require "relucid"
local claims = require "relucid.strategy.claims"
local Result = require "relucid.result"
local sampling = require "spec.sampling"
local support = require "spec.support"
local raises, raises_with, strategy = support.raises, support.raises_with, relucid.strategy

local T = {}

-- Options of a run on the small network's square.
local function square(more)
  local options = { domain = support.square() }
  for name, value in pairs(more or {}) do options[name] = value end
  return options
end

local function run_on_small(run, more)
  return strategy.define("mine", { run = run, options = { width = { default = 2, type = "number" } } })(
    support.small(), { 0.5, -0.5 }, nil, square(more))
end

-- ---- what is claimed is proved -----------------------------------------------------------------------

T.test_claims_of_all_kinds = sampling.each(6, function(rng, net, domain, point, goal)
  local mine = strategy.define("mine", { run = function(task)
    local outcome = task:minimize(task.goal, { mode = "divide" })
    local lo, hi = {}, {}
    for i, x in ipairs(task.point) do lo[i], hi[i] = x - 1 / 64, x + 1 / 64 end
    return task:claim { { pattern = outcome.pattern, proof = outcome.proof }, { box = { lo = lo, hi = hi } },
                        { pattern = task.full, rows = { { a = task.point, b = 0.5 } } } }
  end })
  local result = mine(net, point, goal, { domain = domain })
  lu.assertTrue(result.status == (#result > 0 and "proved" or "unknown"))
  sampling.check(rng, net, goal, result)
  if #result > 0 then sampling.check_json(rng, result) end
end)

-- A claim is refused exactly where a sample of it lacks the goal.
T.test_boxes_as_the_sample_has_them = sampling.each(6, function(rng, net, domain, point, goal)
  local mine = strategy.define("mine", { options = { radius = { type = "number" } }, run = function(task)
    local lo, hi = {}, {}
    for i, x in ipairs(task.point) do lo[i], hi[i] = x - task.own.radius, x + task.own.radius end
    return task:claim { box = { lo = lo, hi = hi } }
  end })
  for _, radius in ipairs { 0.05, 0.3, 2 } do
    local result, lo, hi = mine(net, point, goal, { domain = domain, radius = radius }), domain.lo, domain.hi
    for i, x in ipairs(point) do lo[i], hi[i] = math.max(lo[i], x - radius), math.min(hi[i], x + radius) end
    if #result == 1 then
      lu.assertEquals({ result:region(1).lo, result:region(1).hi, result:kind(1) }, { lo, hi, "box" })
    elseif result.counterexample then
      lu.assertTrue(goal:value(nil, net:eval(result.counterexample)) < 0)
      lu.assertStrContains(result.note, "the claim is refuted")
    end
    for _ = 1, #result == 1 and 200 or 0 do
      local x = {}
      for i = 1, #lo do x[i] = lo[i] + rng() * (hi[i] - lo[i]) end
      lu.assertTrue(goal:value(nil, net:eval(x)) >= -1e-9)
    end
  end
end)

function T.test_a_refuted_claim_is_no_result()
  local result = run_on_small(function(task) return task:claim { box = { lo = { -1, -1 }, hi = { 1, 1 } } } end)
  lu.assertEquals({ result.status, #result }, { "unknown", 0 })
  lu.assertStrContains(result.note, "the claim is refuted: there is an input in it without the goal")
  local both = run_on_small(function(task)
    return task:claim { { box = { lo = { -1, -1 }, hi = { 1, 1 } } }, { pattern = task.full } }
  end)
  lu.assertEquals({ both.status, #both }, { "proved", 1 })
  lu.assertStrContains(both.note, "claim 1 of 2 is refuted")
end

function T.test_proved_cannot_be_typed_by_hand()
  local net, domain = support.small(), support.square()
  raises("strategy mine: run returned table, expected what task:claim returns", run_on_small, function(task)
    return Result.new { net = task.net, domain = task.domain, goal = task.goal, point = task.point, strategy = "mine",
                        options = {}, status = "proved", stats = {}, regions = { { region = task:region {} } } }
  end)
  raises("strategy mine: run returned string, expected what task:claim returns", run_on_small,
         function() return "proved" end)
  raises("strategy mine: the status was changed from unknown to proved", run_on_small, function(task)
    local result = task:claim { box = { lo = { -1, -1 }, hi = { 1, 1 } } }
    result.status = "proved"
    return result
  end)
  -- A proof of something else, of nothing, or copied field by field does not help a false claim.
  local stolen
  local honest = run_on_small(function(task)
    stolen = task:minimize(task.goal).proof
    return task:claim { pattern = task.full, proof = stolen }
  end)
  lu.assertEquals(honest.status, "proved")
  for _, proof in ipairs { stolen, {}, { {} }, setmetatable({}, { __index = function() return true end }), "yes", 1 } do
    local result = run_on_small(function(task) return task:claim { proof = proof } end)
    lu.assertEquals({ result.status, #result }, { "unknown", 0 })
  end
  lu.assertEquals(getmetatable(stolen), "relucid.Proved")
  -- Nor does another question smuggled in as a search option.
  raises_with("option search: is table: ", function()
    strategy.prophecy(net, { 0.5, -0.5 }, nil, { domain = domain,
                                                 search = { target = relucid.property.argmax(net, 1) } })
  end)
end

function T.test_a_proof_saves_the_query()
  local counts = {}
  for _, with in ipairs { true, false } do
    local result = run_on_small(function(task)
      local outcome = task:minimize(task.goal)
      counts[#counts + 1] = task.stats.queries
      return task:claim { pattern = outcome.pattern, proof = with and outcome.proof or nil }
    end)
    counts[#counts + 1] = result.stats.queries
  end
  lu.assertEquals(counts[2], counts[1])
  lu.assertEquals(counts[4], counts[3] + 1)
end

function T.test_prove_gives_a_region_to_claim()
  local result = run_on_small(function(task)
    local verdict, x = task:prove { box = { lo = { -1, -1 }, hi = { 1, 1 } } }
    lu.assertEquals(verdict, "counterexample")
    lu.assertTrue(task.goal:value(nil, task.net:eval(x)) < 0)
    local again, _, region = task:prove { pattern = task.full }
    lu.assertEquals(again, "proved")
    local queries = task.stats.queries
    local made = task:claim { region = region }
    lu.assertEquals(made.stats.queries, queries)
    return made
  end)
  lu.assertEquals({ result.status, result:kind(1) }, { "proved", "polytope" })
end

-- ---- options, hooks, clock -------------------------------------------------------------------------------

function T.test_options_are_checked_and_recorded()
  local seen
  local function run(task)
    seen = task.own.width
    return task:claim { pattern = task.full }
  end
  lu.assertEquals(run_on_small(run).options.width, 2)
  lu.assertEquals(seen, 2)
  lu.assertEquals(run_on_small(run, { width = 5, seed = 7 }).options.width, 5)
  raises("option width: number expected, got string", run_on_small, run, { width = "wide" })
  raises_with("unknown option 'wisth'; known are: anchor data domain memo order", run_on_small, run, { wisth = 3 })
  raises("option timeout: is -1, expected a number >= 0", run_on_small, run, { timeout = -1 })
end

function T.test_hooks_and_timeout()
  local states = 0
  local result = run_on_small(function(task)
    task.text = "thinking"
    while not task:poll() do end
    return task:claim {}
  end, { timeout = 0.05, progress = function(state)
    states = states + 1
    lu.assertEquals({ state.strategy, state.text }, { "mine", "thinking" })
  end })
  lu.assertEquals({ result.status, #result }, { "timeout", 0 })
  lu.assertTrue(states > 0)
  result = run_on_small(function(task)
    task:claim { pattern = task.full }
    task:poll()
    error "interrupted!" -- what Ctrl-C raises
  end)
  lu.assertEquals({ result.status, #result }, { "interrupted", 1 })
  lu.assertStrContains(result.note, "interrupted: the region is proved")
  raises_with("attempt to index a nil value", run_on_small, function(task) return task.nothing.at_all end)
end

function T.test_the_last_claim_counts()
  local result = run_on_small(function(task)
    task:claim { pattern = task.full }
    task:claim { pattern = task.full, rows = { { a = { 1, 0 }, b = 0.75 } } }
  end)
  lu.assertEquals(result.status, "proved")
  lu.assertTrue(result:region(1):contains { 0.5, -0.5 })
  lu.assertFalse(result:region(1):contains { 0.8, -0.5 })
  lu.assertStrContains(run_on_small(function() end).note, "strategy mine made no claim")
end

function T.test_claims_are_checked()
  local function claims_with(message, part)
    raises_with(message, run_on_small, function(task) return task:claim(part) end)
  end
  claims_with("claim: table expected, got string", "all")
  claims_with("claim: unknown field 'boxes', expected box, extra, pattern, proof, region, rows", { boxes = {} })
  claims_with("claim 2: unknown field 'kind'", { {}, { kind = "box" } })
  claims_with("rows: row 1 is no {a = list, b = number}", { rows = { 3 } })
  claims_with("box: expected {lo = list, hi = list}", { box = { lo = { 0, 0 } } })
  claims_with("box: input 2 is 0 to nil, expected numbers", { box = { lo = { 0, 0 }, hi = { 1 } } })
  claims_with("pattern: relucid.pattern expected, got table", { pattern = {} })
end

-- ---- where it can be used ------------------------------------------------------------------------------------

function T.test_in_portfolio_and_union()
  local net, point = support.small(), { 0.5, -0.5 }
  local mine = strategy.define("mine", { run = function(task)
    return task:claim { box = { lo = { 0.4, -0.6 }, hi = { 0.6, -0.4 } } }
  end })
  for _, name in ipairs { mine, "mine" } do
    local result = strategy.portfolio(net, point, nil, square { strategies = { name, { "prophecy" } } })
    lu.assertEquals({ result.portfolio[1].strategy, result.portfolio[1].status }, { "mine", "proved" })
    local steps = strategy.union(net, point, nil, square { base = name, regions = 1 })
    lu.assertEquals(steps:run():kind(1), "box")
  end
  raises("option base raised: strategy mine: run returned table, expected what task:claim returns", function()
    local liar = strategy.define("mine", { run = function() return {} end })
    strategy.union(net, point, nil, square { base = liar }):run()
  end)
  raises("option base: returned table, expected a strategy's result", function()
    strategy.union(net, point, nil, square { base = function() return {} end }):run()
  end)
  lu.assertEquals(strategy.minimize { base = mine }(net, point, nil, square()).strategy, "mine")
end

function T.test_list_has_all_and_their_options()
  strategy.define("zz", { summary = "one more", options = { far = { help = "how far" } }, run = function() end })
  local seen = {}
  for _, entry in ipairs(strategy.list()) do
    seen[entry.name] = entry
    for name, option in pairs(entry.own and {} or entry.options) do
      lu.assertTrue(type(option.help) == "string", entry.name .. ": " .. name)
    end
    lu.assertTrue(entry.own or type(entry.summary) == "string", entry.name)
  end
  for _, name in ipairs(strategy.names) do lu.assertFalse(seen[name].own) end
  lu.assertEquals({ seen.zz.own, seen.zz.summary, seen.zz.options.far.help }, { true, "one more", "how far" })
end

function T.test_definitions_are_checked()
  local function run() end
  raises("strategy: name is my strategy, expected letters, digits, - and _", strategy.define, "my strategy", {})
  raises("strategy box: is one of the library's; choose another name", strategy.define, "box", { run = run })
  raises("strategy mine: table expected, got function", strategy.define, "mine", run)
  raises("strategy mine: expected one of the functions run and steps", strategy.define, "mine", {})
  raises("strategy mine: unknown field 'rum', expected needs options run steps summary unused", strategy.define, "mine",
         { rum = run })
  raises("strategy mine: run is string, expected a function", strategy.define, "mine", { run = "run" })
  raises("strategy mine: option seed: is a shared option already", strategy.define, "mine",
         { run = run, options = { seed = {} } })
  raises("strategy mine: option w: unknown field 'min', expected check default help type", strategy.define, "mine",
         { run = run, options = { w = { min = 0 } } })
end

local FILE = [[
local relucid = require "relucid"
local function boxed(name, options)
  return relucid.strategy.define(name, { options = options, run = function(task)
    local r, lo, hi = task.own.epsilon or 0.1, {}, {}
    for i, x in ipairs(task.point) do lo[i], hi[i] = x - r, x + r end
    return task:claim { box = { lo = lo, hi = hi } }
  end })
end
]]

function T.test_from_a_file()
  local net, point = support.small(), { 0.5, -0.5 }
  support.with_file(FILE .. "return boxed('near', { epsilon = { type = 'number' } })", function(path)
    lu.assertEquals(strategy.run(path, net, point, nil, square()).strategy, "near")
    lu.assertEquals(strategy.union(net, point, nil, square { base = path, regions = 1 }):run():kind(1), "box")
    support.with_file(support.NNET, function(net_file)
      local function characterize(...)
        return support.command("characterize", net_file, "--point", "0.5,-0.5", ...)
      end
      local status, output, errors = characterize("--strategy", path, "--epsilon", "0.25")
      lu.assertEquals(status, 0, errors)
      lu.assertStrContains(output, "near")
      -- The text and the record.
      status, output, errors = characterize("--strategy", path .. ":near", "--option", "epsilon=0.25", "--json",
                                            "/dev/stdout")
      lu.assertEquals(status, 0, errors)
      lu.assertStrContains(output, '"epsilon": 0.25')
      local function refused(message, ...)
        local code, _, text = characterize(...)
        lu.assertEquals(code, 2)
        lu.assertStrContains(text, message)
      end
      refused("--option delta: not for --strategy near, which has: epsilon", "--strategy", path, "--option", "delta=1")
      refused("option epsilon: number expected, got string", "--strategy", path, "--option", "epsilon=far")
      refused("--option: 'epsilon' is not NAME=VALUE", "--strategy", path, "--option", "epsilon")
      refused("no strategy 'far'; it has near", "--strategy", path .. ":far")
    end, ".nnet")
  end, ".lua")
  support.with_file(FILE .. "return { boxed 'one', boxed 'two' }", function(path)
    lu.assertEquals(strategy.run(path .. ":two", net, point, nil, square()).strategy, "two")
    raises(("%s: has several strategies: use %s:NAME, of one two"):format(path, path), strategy.run, path, net, point)
  end, ".lua")
  support.with_file("return 3", function(path)
    raises(path .. ": returns no strategy: expected what relucid.strategy.define returns", strategy.run, path, net,
           point)
  end, ".lua")
  support.with_file("return +", function(path)
    raises_with(path .. ":1: unexpected symbol", strategy.run, path, net, point)
  end, ".lua")
  raises_with("no/such.lua: No such file", strategy.run, "no/such.lua", net, point)
  raises_with("name: no strategy 'magic'; known are: ", strategy.run, "magic", net, point)
end

function T.test_results_know_who_made_them()
  lu.assertNil(claims.status {})
  lu.assertEquals(claims.status(strategy.prophecy(support.small(), { 0.5, -0.5 }, nil, square())), "proved")
end

return T
