local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"

local T = {}

-- y0 >= y1 on the square [-1, 1]^2.
local PROPERTY = [[
(declare-const X_0 Real)
(declare-const X_1 Real)
(declare-const Y_0 Real)
(declare-const Y_1 Real)
(assert (>= X_0 -1.0))
(assert (<= X_0 1.0))
(assert (>= X_1 -1.0))
(assert (<= X_1 1.0))
(assert (>= Y_0 Y_1))
]]

local function with_problem(property, f)
  support.with_file(support.NNET, function(net)
    support.with_file(property, function(path) f(net, path) end, ".vnnlib")
  end, ".nnet")
end

function T.test_preimage()
  with_problem(PROPERTY, function(net, property)
    local status, output, messages = support.command("preimage", net, property, "--coverage", "1")
    lu.assertEquals({ status, messages }, { 0, "" })
    lu.assertStrContains(output, "polytopes  2, in which the property is proved")
    lu.assertStrContains(output, "coverage   1.0000 of the property's volume")
    status, output = support.command("preimage", net, property, "--over", "--coverage", "1")
    lu.assertEquals(status, 0)
    lu.assertStrContains(output, "outside of which the property is refuted")
  end)
end

function T.test_json()
  with_problem(PROPERTY, function(net, property)
    support.with_file(nil, function(json)
      lu.assertEquals((support.command("preimage", net, property, "--json", json)), 0)
      local result = relucid.result.read(json)
      lu.assertEquals(result.strategy, "preimage")
      lu.assertTrue(#result >= 1 and result.coverage.value >= 0.9)
      support.with_file("0.5,-0.5\n-0.5,0.5\n", function(data)
        local _, output = support.command("monitor", json, data)
        lu.assertStrContains(output, "1 of 2 points covered")
      end, ".csv")
    end, ".json")
  end)
end

-- Points in an outer approximation are not said to have the goal.
function T.test_monitor_of_an_outer_approximation()
  with_problem(PROPERTY, function(net, property)
    support.with_file(nil, function(json)
      lu.assertEquals((support.command("preimage", net, property, "--over", "--json", json)), 0)
      lu.assertTrue(relucid.result.read(json):is_outer())
      support.with_file("0.5,-0.5\n-0.5,0.5\n", function(data)
        local _, output = support.command("monitor", json, data)
        lu.assertStrContains(output, "points in the outer approximation: the goal is refuted for all others")
        lu.assertNotStrContains(output, "covered")
      end, ".csv")
    end, ".json")
  end)
end

function T.test_budget_spent()
  with_problem(PROPERTY, function(net, property)
    local status, output = support.command("preimage", net, property, "--over", "--coverage", "0.999",
                                           "--polytopes", "1")
    lu.assertEquals(status, 3)
    lu.assertStrContains(output, "stopped before the coverage was reached")
  end)
end

function T.test_refuses()
  with_problem(PROPERTY, function(net, property)
    local function message(...)
      local status, output, messages = support.command("preimage", ...)
      lu.assertEquals({ status, output }, { 2, "" })
      return messages
    end
    lu.assertStrContains(message(net), "missing argument 'prop'")
    lu.assertStrContains(message(net, property, "--coverage", "all"), "'all' is not a number")
    lu.assertStrContains(message(net, property, "--polytopes", "1.5"), "'1.5' is not an integer")
    lu.assertStrContains(message(net, property, "--coverage", "7"),
                         "option coverage: is 7, expected a number above 0 and at most 1")
    lu.assertStrContains(message(net, property .. ".missing"), ".missing")
  end)
end

-- y0 >= 0.25 for x0 >= 0.5 or y1 >= 0.5 for x0 <= -0.5.
function T.test_several_input_sets()
  local two = PROPERTY:gsub("%(assert %(>= Y_0 Y_1%)%)", "")
    .. "(assert (or (and (>= X_0 0.5) (>= Y_0 0.25)) (and (<= X_0 -0.5) (>= Y_1 0.5))))\n"
  with_problem(two, function(net, property)
    support.with_file(nil, function(json)
      local status, output = support.command("preimage", net, property, "--coverage", "1", "--json", json)
      lu.assertEquals(status, 0)
      lu.assertStrContains(output, "2 input sets of " .. property)
      support.with_file("0.75,-0.5\n0.25,-0.5\n-0.75,0.75\n0.75,0.75\n-0.75,0.25\n", function(data)
        local _, covered = support.command("monitor", json, data)
        lu.assertStrContains(covered, "2 of 5 points covered\n1\n3\n")
      end, ".csv")
    end, ".json")
  end)
end

function T.test_nothing_to_find()
  with_problem(PROPERTY .. "(assert (<= X_0 -2))", function(net, property)
    support.with_file(nil, function(json)
      local status, output = support.command("preimage", net, property, "--json", json)
      lu.assertEquals(status, 0)
      lu.assertStrContains(output, ("verdict    proved: no input satisfies the assertions, %s:10:9: input X_0: lower "
        .. "bound -1 is above upper bound -2\n"):format(property))
      lu.assertEquals(relucid.json.decode(support.read(json)).status, "proved")
    end, ".json")
  end)
end

return T
