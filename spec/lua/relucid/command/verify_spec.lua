-- `relucid verify` and `characterize --goal FILE.vnnlib` as users run them.
local lu = require "luaunit"
local relucid = require "relucid"
local Result = require "relucid.result"
local onnx = require "spec.onnx"
local support = require "spec.support"
local command = support.command

local T = {}

local HELP = " (see relucid verify --help)" -- after errors of usage

local DECLARATIONS = "(declare-const X_0 Real) (declare-const X_1 Real) (declare-const Y_0 Real) "
  .. "(declare-const Y_1 Real)\n"
local BOX = "(assert (<= -1 X_0 1)) (assert (<= -1 X_1 1)) "

-- f(name of a network file, name of a property file); the network is support.small.
local function with_files(text, f)
  support.with_file(support.NNET, function(net)
    support.with_file(DECLARATIONS .. text, function(property) f(net, property) end, ".vnnlib")
  end, ".nnet")
end

local function refused(message, ...)
  local status, output, messages = command(...)
  lu.assertEquals(messages, "relucid: " .. message .. "\n")
  lu.assertEquals({ status, output }, { 2, "" })
end

function T.test_unsat()
  with_files(BOX .. "(assert (<= Y_1 -0.25))", function(net, property)
    local status, output, messages = command("verify", net, property)
    lu.assertEquals({ status, output, messages }, { 0, "unsat\n", "" })
  end)
end

-- Numbers that read back, in VNN-COMP's format.
function T.test_sat()
  with_files(BOX .. "(assert (>= Y_0 0.3)) (assert (>= Y_1 0.1))", function(net, property)
    local status, output, messages = command("verify", net, property, "--threads", "1", "--seed", "7")
    lu.assertEquals({ status, messages }, { 1, "" })
    local values = {}
    local pattern = "^sat\n%(%(X_0 (%S+)%)\n %(X_1 (%S+)%)\n %(Y_0 (%S+)%)\n %(Y_1 (%S+)%)%)\n$"
    for i, word in ipairs { output:match(pattern) } do values[i] = tonumber(word) end
    lu.assertEquals(#values, 4)
    lu.assertEquals(support.small():eval { values[1], values[2] }, { values[3], values[4] })
    lu.assertTrue(values[3] >= 0.3 and values[4] >= 0.1)
  end)
end

function T.test_timeout_and_statistics()
  with_files(BOX .. "(assert (>= Y_1 0.5))", function(net, property)
    local status, output, messages = command("verify", net, property, "--timeout", "0", "-v")
    lu.assertEquals({ status, output }, { 3, "timeout\n" })
    lu.assertStrContains(messages, "reason         seconds\n")
    lu.assertStrMatches(messages, ".*\nseconds +%S+\nwork .*")
  end)
end

function T.test_json()
  with_files(BOX .. "(assert (>= Y_0 0.3))", function(net, property)
    support.with_file(nil, function(json)
      lu.assertEquals((command("verify", net, property, "--json", json, "--timeout", "60", "--seed", "3")), 1)
      local record = relucid.json.decode(support.read(json))
      lu.assertEquals(record.verdict, "sat")
      lu.assertEquals({ record.relucid, record.network.file, record.property.file }, { 1, net, property })
      lu.assertEquals(record.network.sha256, relucid.load(net).sha256)
      lu.assertEquals(record.property.sha256, relucid.vnnlib(property).sha256)
      lu.assertEquals(record.options, { timeout = 60, seed = 3 })
      lu.assertEquals(support.small():eval(record.counterexample.x), record.counterexample.y)
      lu.assertTrue(record.counterexample.y[1] >= 0.3)
      lu.assertEquals(record.stats.cases, 1)
      lu.assertTrue(record.stats.nodes >= 0 and record.stats.seconds >= 0)
    end)
  end)
end

function T.test_onnx_and_gzip()
  local model = onnx.model { inputs = { { name = "x", dims = { "N", 2 } } }, outputs = { "y" },
    nodes = { { "Relu", { "x" }, "r" }, { "MatMul", { "r", "w" }, "y" } },
    tensors = { { name = "w", dims = { 2, 2 }, data = { 1, 0, -1, 1 } } } }
  support.with_file(model, function(net)
    support.with_file(DECLARATIONS .. BOX .. "(assert (<= Y_1 -0.25))", function(property)
      if not os.execute(("gzip -kf '%s' '%s' 2>/dev/null"):format(net, property)) then
        lu.skip "gzip is not installed"
      end
      local status, output, messages = command("verify", net .. ".gz", property .. ".gz")
      os.remove(net .. ".gz")
      os.remove(property .. ".gz")
      lu.assertEquals({ status, output, messages }, { 0, "unsat\n", "" })
    end, ".vnnlib")
  end, ".onnx")
end

function T.test_refuses()
  with_files(BOX, function(net, property)
    refused("missing argument 'net'" .. HELP, "verify")
    refused("missing argument 'property'" .. HELP, "verify", net)
    refused("--timeout: '-1' is not a number of at least 0" .. HELP, "verify", net, property, "--timeout", "-1")
    refused("--timeout: 'x' is not a number of at least 0" .. HELP, "verify", net, property, "--timeout", "x")
    refused("--threads: '1.5' is not an integer of at least 0" .. HELP, "verify", net, property,
            "--threads", "1.5")
    refused("/nowhere/p.vnnlib: cannot open: No such file or directory", "verify", net, "/nowhere/p.vnnlib")
    refused("/nowhere/n.onnx: cannot open: No such file or directory", "verify", "/nowhere/n.onnx", property)
    refused(net .. ":1:1: expected '(' and a command, got '//'", "verify", net, net)
    local _, _, messages = command("verify", net, property, "--json", "/nowhere/r.json")
    lu.assertEquals(messages, "relucid: /nowhere/r.json.part: No such file or directory\n")
  end)
  with_files("(declare-const X_2 Real)" .. BOX .. "(assert (<= 0 X_2 1))", function(net, property)
    refused(property .. ": declares 3 inputs, the network has 2", "verify", net, property)
  end)
end

-- A random network and an assertion that takes far longer than a test.
local function with_hard(f)
  support.random("hard", function(rng)
    local net = support.random_network(rng, { 8, 40, 40, 40, 2 })
    local tensors, nodes, value = {}, {}, "x"
    for k = 1, 4 do
      local layer = net:layer(k)
      local W = { name = "W" .. k, dims = { #layer.b, #layer.W[1] }, data = {} }
      for _, row in ipairs(layer.W) do table.move(row, 1, #row, #W.data + 1, W.data) end
      tensors[#tensors + 1] = W
      tensors[#tensors + 1] = { name = "b" .. k, dims = { #layer.b }, data = layer.b }
      nodes[#nodes + 1] = { "Gemm", { value, "W" .. k, "b" .. k }, k == 4 and "y" or "z" .. k, { transB = 1 } }
      if k < 4 then nodes[#nodes + 1] = { "Relu", { "z" .. k }, "r" .. k } end
      value = "r" .. k
    end
    local model = onnx.model { inputs = { { name = "x", dims = { 1, 8 } } }, outputs = { "y" }, nodes = nodes,
                               tensors = tensors }
    local lo, hi, lines = {}, {}, { "(declare-const Y_0 Real) (declare-const Y_1 Real)" }
    for i = 1, 8 do
      lo[i], hi[i] = -1, 1
      lines[#lines + 1] = ("(declare-const X_%d Real) (assert (<= -1 X_%d 1))"):format(i - 1, i - 1)
    end
    local best = net:maximize(relucid.domain { lo = lo, hi = hi }, nil,
      relucid.property.linear { { c = { 1, 0 } } }, { nodes = 2000 })
    lines[#lines + 1] = ("(assert (>= Y_0 %.17g))"):format(best.lower + 0.02 * (best.upper - best.lower))
    support.with_file(model, function(network)
      support.with_file(table.concat(lines, "\n"), function(property) f(network, property) end, ".vnnlib")
    end, ".onnx")
  end)
end

function T.test_time_limit_is_kept()
  with_hard(function(net, property)
    local started = relucid.now()
    local status, output = command("verify", net, property, "--timeout", "0.5")
    lu.assertTrue(relucid.now() - started < 5)
    if status ~= 1 then lu.assertEquals({ status, output }, { 3, "timeout\n" }) end
  end)
end

-- Ctrl-C after a second, or later where the command takes long to begin; a shell's background job would ignore it, so
-- timeout(1) sends it.
function T.test_interrupt_is_fast()
  if not os.execute "command -v timeout >/dev/null" then lu.skip "timeout is not installed" end
  with_hard(function(net, property)
    local build = os.getenv "RELUCID_BUILD" or "build"
    local started = relucid.now()
    lu.assertTrue(os.execute(("'%s/relucid' --version >/dev/null"):format(build)))
    local seconds = 1 + 10 * (relucid.now() - started)
    local ask = ("timeout --foreground -s INT -k 20 %g '%s/relucid' verify '%s' '%s' 2>&1; echo status $?"):format(
      seconds, build, net, property) -- in the foreground: one signal, not a second one to the group
    local pipe = assert(io.popen(ask))
    started = relucid.now()
    local output = pipe:read "a"
    pipe:close()
    lu.assertTrue(relucid.now() - started < seconds + 4)
    if not output:match "^sat" then lu.assertEquals(output, "unknown\nrelucid: interrupted\nstatus 124\n") end
  end)
end

-- ---- characterize --------------------------------------------------------------------------------------

function T.test_characterize_excludes_the_assertions()
  with_files("(assert (<= 0.25 X_0 1)) (assert (<= -1 X_1 0.5)) (assert (<= Y_0 Y_1))", function(net, property)
    support.with_file(nil, function(json)
      local status, output = command("characterize", net, "--point", "0.5,-0.5", "--goal", property, "--strategy",
                                     "prophecy", "--json", json)
      lu.assertEquals(status, 0)
      lu.assertStrContains(output, "goal       " .. property)
      local record = Result.read(json):record()
      lu.assertEquals(record.domain, { lo = { 0.25, -1 }, hi = { 1, 0.5 } })
      lu.assertEquals(record.goal.margins, { { c = { 1, -1 }, d = 0 } })
      lu.assertEquals(command("characterize", net, "--point", "-0.5,-0.5", "--goal", property, "--domain",
                              '{"lo": -1, "hi": 1}'), 0)
      refused(("--point: lies outside the inputs of %s: use --domain FILE"):format(property), "characterize", net,
              "--point", "0,0", "--goal", property)
      refused("--goal FILE.vnnlib: is about normalised inputs and outputs, not for --raw", "characterize", net,
              "--point", "0,0", "--goal", property, "--raw")
    end)
  end)
end

function T.test_characterize_takes_conjunctions()
  with_files(BOX .. "(assert (<= Y_0 Y_1)) (assert (<= Y_1 3))", function(net, property)
    refused("the goal is an or of 2 conjunctions; this strategy takes a single conjunction", "characterize", net,
            "--point", "0.5,-0.5", "--goal", property)
  end)
  with_files(BOX .. "(assert (<= Y_0 X_1))", function(net, property)
    refused("margin 1 of the goal is about inputs; this strategy takes outputs only", "characterize", net, "--point",
            "0.5,-0.5", "--goal", property)
  end)
end

return T
