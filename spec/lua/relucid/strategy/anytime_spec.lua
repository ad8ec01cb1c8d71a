--- Every strategy that is stopped early, by Ctrl-C at any moment or by its budget; refused arguments; hooks that raise.
local lu = require "luaunit"
local make_random = require "examples.make_random"
local writer = require "examples.nnet_writer"
local relucid = require "relucid"
local sampling = require "spec.sampling"
local support = require "spec.support"
local strategy = relucid.strategy

local T = {}

local NAMES = { "nninfer", "prophecy", "tight", "guarded", "free", "box", "union", "rules", "portfolio", "preimage" }

local function run(name, net, point, goal, options)
  if name == "preimage" then return strategy.preimage(net, goal, options) end
  return strategy.run(name, net, point, goal, options)
end

-- A task that no strategy ends within a tenth of a second: the class of a point, of a random network.
local function hard(rng)
  local net = support.random_network(rng, { 6, 30, 30, 3 })
  local domain = sampling.cube(6)
  local point, rows = sampling.in_box(rng, domain.lo, domain.hi), {}
  for s = 1, 500 do rows[s] = sampling.in_box(rng, domain.lo, domain.hi) end
  return net, point, relucid.property.argmax(net, sampling.answer(net:eval(point))), domain, relucid.data(rows)
end

local function options_for(name, domain, data, more)
  local options = { domain = domain, data = name == "rules" and data or nil }
  if name == "preimage" then options.coverage = 0.999 end
  for key, value in pairs(more or {}) do options[key] = value end
  return options
end

-- The status of a run that nothing ends early: the right one, too, of a run that was over before it could be ended.
local function answer(name, net, point, goal, options) return run(name, net, point, goal, options).status end

-- What stock Lua does after Ctrl-C, at the time `at`: an error from a hook, wherever the Lua code is.
local function interrupt_at(at, f)
  debug.sethook(function()
    if relucid.now() < at then return end
    debug.sethook()
    error "interrupted!"
  end, "", 1)
  local ok, result = xpcall(f, debug.traceback)
  debug.sethook()
  return ok, result, relucid.now() - at
end

-- Whatever ended it, what the result holds is proved, and the status says that it ended early.
local function check(rng, name, net, goal, result, status)
  if result.status ~= "proved" then lu.assertEquals(result.status, status, name) end
  if result.status ~= "proved" then lu.assertNotNil(result.note, name) end
  lu.assertTrue(#result == 0 or sampling.check(rng, net, goal, result) > 0, name)
end

function T.test_interrupted_at_any_moment()
  support.random("interrupted", function(rng)
    local net, point, goal, domain, data = hard(rng)
    for _, name in ipairs(NAMES) do
      for _, seconds in ipairs { 0.01, 0.05 + 0.1 * rng() } do
        local ok, result, late = interrupt_at(relucid.now() + seconds, function()
          return run(name, net, point, goal, options_for(name, domain, data))
        end)
        lu.assertTrue(ok, name .. ": " .. tostring(result))
        lu.assertTrue(late < 5, ("%s: ended %.2f s late"):format(name, late)) -- the machine may be busy
        check(rng, name, net, goal, result,
              late < 0 and answer(name, net, point, goal, options_for(name, domain, data)) or "interrupted")
      end
    end
  end)
end

function T.test_budgets()
  support.random("budgets", function(rng)
    local net, point, goal, domain, data = hard(rng)
    for _, name in ipairs(NAMES) do
      local started = relucid.now()
      local result = run(name, net, point, goal, options_for(name, domain, data, { timeout = 0.05 }))
      local seconds = relucid.now() - started
      lu.assertTrue(seconds < 5, name)
      check(rng, name, net, goal, result,
            seconds < 0.05 and answer(name, net, point, goal, options_for(name, domain, data)) or "timeout")
    end
  end)
end

-- The hook's error says which hook it was, and the next call works.
function T.test_hooks_that_raise()
  support.random("hooks", function(rng)
    local net, point, goal, domain, data = hard(rng)
    local raised = 0
    for _, name in ipairs(NAMES) do
      for _, hook in ipairs { "stop", "progress" } do
        local options = options_for(name, domain, data, { [hook] = function() error("broken", 0) end })
        local ok, message = pcall(run, name, net, point, goal, options)
        if ok then -- it was over before the hook was asked
          lu.assertEquals(message.status, answer(name, net, point, goal, options_for(name, domain, data)), name)
        else
          raised = raised + 1
          lu.assertStrContains(message, ("option %s raised: broken"):format(hook))
        end
        options[hook], options.timeout = nil, 0.02
        local started = relucid.now()
        local result = run(name, net, point, goal, options)
        check(rng, name, net, goal, result, relucid.now() - started < 0.02
              and answer(name, net, point, goal, options_for(name, domain, data)) or "timeout")
      end
    end
    lu.assertTrue(raised >= 10, raised)
  end)
end

function T.test_refused_arguments()
  local net, data = support.small(), relucid.data { { 0.5, -0.5 } }
  local goal, empty = relucid.property.argmax(net, 2), relucid.domain { lo = { -1, -1 }, hi = { 1, 1 },
                                                                        A = { { 1, 1 } }, b = { -3 } }
  for _, name in ipairs(NAMES) do
    local point = { 0.5, -0.5 }
    if name ~= "preimage" then
      support.raises_with("the goal does not hold at the point: margin", run, name, net, point, goal,
                          options_for(name, support.square(), data))
    end
    support.raises_with("the domain is empty: no input obeys its rows", run, name, net, point, nil or
                        relucid.property.argmax(net, 1), options_for(name, empty, data))
  end
end

-- The command, with the signal itself: within a few seconds the region found so far, and status 3.
function T.test_the_command_is_interrupted()
  support.with_file('{"lo": -1, "hi": 1}', function(domain)
    support.with_file(nil, function(network)
      local function numbers(value, count)
        local list = {}
        for i = 1, count do list[i] = value end
        return list
      end
      writer.write(network, make_random.layers(5, { 6, 40, 40, 3 }), { comments = {}, mins = numbers(-1, 6),
                   maxes = numbers(1, 6), means = numbers(0, 7), ranges = numbers(1, 7) })
      local handle = assert(io.popen((
        "timeout --foreground -s INT 1 %s/relucid characterize %s --point 0.5,0.5,0.5,0.5,0.5,0.5"
        .. " --strategy union --coverage 1 --domain %s 2>&1; echo status $?"):format(os.getenv "RELUCID_BUILD", network,
        domain)))
      local text = handle:read "a"
      handle:close()
      lu.assertStrContains(text, "verdict    interrupted: ended early; the goal is proved on the region")
      lu.assertStrContains(text, "status 124") -- of `timeout`, which has sent the signal
    end, ".nnet")
  end, ".json")
end

return T
