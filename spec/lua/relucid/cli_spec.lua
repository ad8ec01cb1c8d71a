-- The command as users run it: exit status, output, messages.
local lu = require "luaunit"
local relucid = require "relucid"
local Result = require "relucid.result"
local support = require "spec.support"
local command = support.command

local T = {}

local HELP = " (see relucid characterize --help)" -- after errors of usage

local function with_net(f) support.with_file(support.NNET, f, ".nnet") end

-- Usage and input errors: status 2, one line on stderr, nothing on stdout.
local function refused(message, ...)
  local status, output, messages = command(...)
  lu.assertEquals(messages, "relucid: " .. message .. "\n")
  lu.assertEquals({ status, output }, { 2, "" })
end

-- A line for the shell with the built command in it, $R; its status and what is written to standard error.
local function shell(line)
  local errors = os.tmpname()
  local program = (os.getenv "RELUCID_BUILD" or "build") .. "/relucid"
  local _, _, status = os.execute(("R='%s'; (%s) 2>%s"):format(program, line, errors))
  local messages = support.read(errors)
  os.remove(errors)
  return status, messages
end

-- What could not be written was not done, whatever the command.
function T.test_output_that_cannot_be_written()
  support.with_file(support.NNET, function(net)
    support.with_file("(declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)(declare-const Y_1 Real)"
      .. "(assert (<= X_0 1))(assert (>= X_0 0))(assert (<= X_1 1))(assert (>= X_1 0))(assert (>= Y_0 5))",
      function(property)
      local json = os.tmpname()
      for _, words in ipairs { "--help", "--version", "verify --help", ("verify %s %s"):format(net, property),
                               ("preimage %s %s"):format(net, property),
                               ("preimage %s %s --json -"):format(net, property),
                               ("characterize %s --point 0.5,0.25"):format(net) } do
        local status, messages = shell(("$R %s >/dev/full"):format(words))
        lu.assertEquals(status, 2, words)
        lu.assertStrContains(messages, "relucid: standard output: ")
        status, messages = shell(("$R %s >&-"):format(words))
        lu.assertEquals({ status, messages }, { 2, "relucid: standard output is closed\n" }, words)
      end
      lu.assertEquals((shell(("$R verify %s %s -v >/dev/null 2>/dev/full"):format(net, property))), 2)
      lu.assertEquals((shell(("$R verify %s %s --json %s >/dev/null 2>&-"):format(net, property, json))), 0)
      lu.assertEquals(relucid.json.decode(support.read(json)).verdict, "unsat")
      lu.assertEquals((shell(("$R verify %s %s --json /dev/full >/dev/null"):format(net, property))), 2)
      -- Data alone on standard output, words on standard error.
      local found, output, messages = command("preimage", net, property, "--json", "-", "-v")
      lu.assertEquals(found, 0)
      lu.assertEquals(relucid.json.decode(output).strategy, "preimage")
      lu.assertStrContains(messages, "no input has the property")
      lu.assertStrMatches(messages, ".*work +relucid [%d.]+, preimage: .*")
      os.remove(json)
    end, ".vnnlib")
  end, ".nnet")
end

function T.test_help_and_version()
  local status, output = command "--help"
  lu.assertEquals(status, 0)
  lu.assertStrContains(output, "characterize")
  lu.assertStrContains(output, "verify")
  lu.assertStrContains(output, "monitor")
  status, output = command("characterize", "--help")
  lu.assertEquals(status, 0)
  for _, option in ipairs { "--point", "--goal", "--strategy", "--epsilon", "--domain", "--data", "--no-anchor",
                            "--json", "--seed", "--threads", "--timeout", "--query-timeout", "-v", "--raw" } do
    lu.assertStrContains(output, option)
  end
  status, output = command "--version"
  lu.assertEquals({ status, output }, { 0, "relucid " .. relucid.version .. "\n" })
end

function T.test_characterize()
  with_net(function(net)
    local status, output, messages = command("characterize", net, "--point", "-0.5,-0.5", "--goal", "argmax",
                                             "--strategy", "prophecy")
    lu.assertEquals({ status, messages }, { 0, "" })
    lu.assertStrContains(output, "network    2-2-2 (" .. net .. ")")
    lu.assertStrContains(output, "verdict    proved: the goal is proved on the region")
    lu.assertStrContains(output, "literals   1 of 2 (by layer: 1)")
    lu.assertStrContains(output, "input      domain")
    lu.assertStrContains(output, "queries")
  end)
end

function T.test_json_monitor_and_support()
  with_net(function(net)
    support.with_file("0.5,-0.5\n-0.5,0.5\n0.25,-1\n", function(data)
      support.with_file(nil, function(json)
        local status, output = command("characterize", net, "--point", "data:1", "--data", data, "--epsilon", "0.01",
                                       "--json", json)
        lu.assertEquals(status, 0)
        lu.assertStrContains(output, "support    2 of 3 points in " .. data)
        local result = Result.read(json)
        lu.assertEquals({ result.strategy, result.options.epsilon, result.status }, { "nninfer", 0.01, "proved" })
        lu.assertEquals(result.point, { 0.5, -0.5 })
        lu.assertEquals(result:record().regions[1].support, 2)

        status, output = command("monitor", json, data)
        lu.assertEquals({ status, output }, { 0, "2 of 3 points covered\n1\n3\n" })
        support.with_file(nil, function(listing)
          command("monitor", json, data, "--json", listing)
          local record = relucid.json.decode(support.read(listing))
          lu.assertEquals({ record.count, record.total, record.points }, { 2, 3, { 1, 3 } })
        end)
      end)
    end, ".csv")
  end)
end

function T.test_domain_raw_and_no_anchor()
  with_net(function(net)
    local domain = '{"lo": [0, -0.5], "hi": 0.75}'
    support.with_file(nil, function(json)
      local status = command("characterize", net, "--point", "0.5,-0.25", "--domain", domain, "--raw", "--no-anchor",
                             "--json", json, "--seed", "3", "--threads", "1", "--timeout", "60", "-v",
                             "--goal", "argmin")
      lu.assertEquals(status, 0)
      local record = Result.read(json):record()
      lu.assertEquals(record.domain, { lo = { 0, -0.5 }, hi = { 0.75, 0.75 } })
      lu.assertEquals(record.options, { anchor = false, epsilon = 0.1, seed = 3, threads = 1, timeout = 60 })
      lu.assertTrue(record.network.raw)
      lu.assertEquals(record.goal.margins[1].c, { 1, -1 })
    end)
  end)
end

function T.test_every_strategy_is_reached()
  local strategies = { tight = { "--epsilon", "0.01,0.1", "--measure", "width" }, guarded = { "--start", "point" },
                       free = {}, box = { "--delta", "0.01", "--start", "piece" }, prophecy = {},
                       union = { "--coverage", "0.5", "--base", "prophecy", "--regions", "3" },
                       portfolio = { "--measure", "volume" } }
  with_net(function(net)
    for name, more in pairs(strategies) do
      support.with_file(nil, function(json)
        local status, output, messages = command("characterize", net, "--point", "0.5,-0.5", "--strategy", name,
                                                 "--json", json, table.unpack(more))
        lu.assertEquals({ status, messages }, { 0, "" })
        lu.assertStrContains(output, "verdict    proved")
        local result = Result.read(json)
        lu.assertTrue(#result >= 1)
        lu.assertTrue(result:region():contains { 0.5, -0.5 })
        if name == "union" then lu.assertStrContains(output, "coverage") end
        if name == "box" then lu.assertStrContains(output, "faces") end
        if name == "portfolio" then lu.assertStrContains(output, "tried      box") end
      end)
    end
  end)
end

function T.test_a_union_of_boxes_is_told()
  with_net(function(net)
    local status, output, messages = command("characterize", net, "--point", "0.5,-0.5", "--strategy", "union",
                                             "--base", "box", "--regions", "2")
    lu.assertEquals({ status, messages }, { 0, "" })
    lu.assertStrContains(output, "inputs keep their whole range")
  end)
end

function T.test_rules_are_a_monitor()
  local net, data = "examples/demo/climb.nnet", "examples/demo/encounters.csv"
  support.with_file(nil, function(json)
    local status, output = command("characterize", net, "--raw", "--point", "500,0,0,15", "--strategy", "rules",
                                   "--data", data, "--rule-support", "100", "--rules", "2", "--json", json)
    lu.assertEquals(status, 0)
    lu.assertStrContains(output, "all inputs of the domain that obey these literals")
    local covered = output:match "support    (%d+) of 3000"
    status, output = command("monitor", json, data)
    lu.assertEquals(status, 0)
    lu.assertStrContains(output, covered .. " of 3000 points covered")
  end)
end

function T.test_epsilon_above_the_margin_is_said()
  with_net(function(net)
    local status, output = command("characterize", net, "--point", "0.05,-0.5")
    lu.assertEquals(status, 0)
    lu.assertStrContains(output, "note       margin 1 is 0.05 at the point, less than epsilon 0.1; "
      .. "the region does not contain the point: there is no box around it (use anchor = false)")
    lu.assertStrContains(output, "boxes      there is none around the point")
  end)
end

function T.test_budget_spent_is_status_3()
  local demo = relucid.load "examples/demo/climb.nnet"
  local status, output = command("characterize", demo.file, "--point", "-0.0625,0,0,-0.25", "--timeout", "0")
  lu.assertEquals(status, 3)
  lu.assertStrContains(output, "the time limit was reached")
end

function T.test_usage_errors()
  with_net(function(net)
    refused("a command is required (see relucid --help)")
    refused("missing argument 'net'" .. HELP, "characterize", "--point", "1,2")
    refused("missing option '--point'" .. HELP, "characterize", net)
    refused("--epsilon: 'x' is not a number" .. HELP, "characterize", net, "--point", "0,0", "--epsilon", "x")
    refused("--seed: '1.5' is not an integer of at least 0" .. HELP, "characterize", net, "--point", "0,0",
            "--seed", "1.5")
    refused("--epsilon: not for --strategy prophecy", "characterize", net, "--point", "0,0", "--strategy", "prophecy",
            "--epsilon", "1")
    refused("--delta: not for --strategy nninfer", "characterize", net, "--point", "0,0", "--delta", "1")
    refused("--coverage: not for --strategy box", "characterize", net, "--point", "0,0", "--strategy", "box",
            "--coverage", "1")
    refused("--strategy rules: give the data to learn from with --data", "characterize", net, "--point", "0,0",
            "--strategy", "rules")
    refused("option measure: is best, expected one of: volume, width", "characterize", net, "--point", "0,0",
            "--strategy", "tight", "--measure", "best")
    refused("the domain is empty: no input obeys its rows A x <= b", "characterize", net, "--point", "0,0", "--domain",
            '{"lo": -1, "hi": 1, "A": [[1, 1], [-1, -1]], "b": [-1, -1]}')
    refused("--goal best: expected a number from 1 to 2 or a name: y1 y2, argmax, argmin or a file .vnnlib",
            "characterize", net, "--point", "0,0", "--goal", "best")
    refused("p.vnnlib: cannot open: No such file or directory", "characterize", net, "--point", "0,0", "--goal",
            "p.vnnlib")
    refused("--point: has 3 numbers, expected 2", "characterize", net, "--point", "0,0,0")
    refused("point[1] is 2, the domain has -1 to 1", "characterize", net, "--point", "2,0")
    refused("net.onnx: cannot open: No such file or directory", "characterize", "net.onnx", "--point", "0")
    refused("net.onnx: raw: ONNX files have no physical units, only .nnet files do", "characterize", "net.onnx",
            "--point", "0", "--raw")
    refused("--domain: domain is contradictory: lo[1] is 1.0, hi[1] is 0.0", "characterize", net, "--point", "0,0",
            "--domain", '{"lo": 1, "hi": 0}')
    refused("/nowhere/r.json: No such file or directory", "monitor", "/nowhere/r.json", net)
    local status, _, messages = command("characterize", "/nowhere/n.nnet", "--point", "0", "-v")
    lu.assertEquals(status, 2)
    lu.assertEquals(messages, "relucid: /nowhere/n.nnet: cannot open: No such file or directory\n") -- no stack trace
    status, _, messages = command("characterize", net, "--point", "0,0", "--strategy", "magic")
    lu.assertEquals(status, 2)
    lu.assertStrContains(messages, "must be one of 'nninfer', 'prophecy'")
  end)
end

function T.test_reads_pipes()
  with_net(function(net)
    local build = os.getenv "RELUCID_BUILD" or "build"
    local pipe = assert(io.popen(("bash -c \"'%s/relucid' characterize '%s' --point <(echo 0.5,-0.25) "
      .. "--data <(echo 0.5,-0.25)\""):format(build, net)))
    local output = pipe:read "a"
    pipe:close()
    lu.assertStrContains(output, "verdict    proved")
    lu.assertStrContains(output, "support    1 of 1 points in /dev/fd/")
  end)
end

-- Numbers that an option does not take, for each command; nothing is written.
function T.test_options_out_of_range()
  with_net(function(net)
    support.with_file("1,2,3\n", function(wide)
      support.with_file(nil, function(json)
        local function characterize(message, ...)
          refused(message, "characterize", net, "--point", "0.5,-0.25", "--json", json, ...)
        end
        for _, option in ipairs { "--timeout", "--query-timeout" } do
          for _, value in ipairs { "-1", "nan", "inf", "x" } do
            characterize(("%s: '%s' is not a number of at least 0" .. HELP):format(option, value), option, value)
          end
        end
        for _, option in ipairs { "--threads", "--seed" } do
          for _, value in ipairs { "-1", "0.5", "1e300", "99999999999999999999" } do
            characterize(("%s: '%s' is not an integer of at least 0" .. HELP):format(option, value), option,
                         value)
          end
        end
        characterize("option epsilon: is -1, expected a number > 0", "--epsilon", "-1")
        characterize("--epsilon: ',' has no number" .. HELP, "--epsilon", ",")
        characterize("option delta: is 0, expected a number > 0", "--strategy", "box", "--delta", "0")
        characterize("option coverage: is 2, expected a number above 0, at most 1", "--strategy", "union",
                     "--coverage", "2")
        characterize(wide .. ": has 3 columns, the network has 2 inputs", "--data", wide)
        lu.assertNil(support.read(json))
        lu.assertEquals(command("characterize", net, "--point", "0.5,-0.25", "--json", json), 0)
        refused(wide .. ": has 3 columns, the network has 2 inputs", "monitor", json, wide)
      end)
      refused("/: Is a directory", "characterize", net, "--point", "0,0", "--json", "/")
      refused("/: Is a directory", "monitor", "/", wide)
    end, ".csv")
  end)
end

function T.test_no_box_asks_for_a_domain()
  local text = support.NNET:gsub("\n%-1.0,%-1.0,\n1.0,1.0,\n", "\n0.0,0.0,\n0.0,0.0,\n")
  support.with_file(text, function(net)
    refused(net .. " gives no input box: use --domain FILE", "characterize", net, "--point", "0,0")
  end, ".nnet")
end

function T.test_nothing_half_written()
  with_net(function(net)
    refused("/nowhere/r.json.part: No such file or directory", "monitor", "/nowhere/r.json.part", net)
    local status, _, messages = command("characterize", net, "--point", "0.5,-0.5", "--json", "/nowhere/r.json")
    lu.assertEquals({ status, messages }, { 2, "relucid: /nowhere/r.json.part: No such file or directory\n" })
    support.with_file("kept", function(json)
      command("characterize", net, "--point", "5,5", "--json", json)
      lu.assertEquals(support.read(json), "kept")
    end)
  end)
end

function T.test_works_from_elsewhere()
  local build = os.getenv "RELUCID_BUILD" or "build"
  lu.assertTrue(os.execute(("cd / && '%s/relucid' --version >/dev/null"):format(build)))
end

return T
