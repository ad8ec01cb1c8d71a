local lu = require "luaunit"
local relucid = require "relucid"
local names = require "relucid.io.names"
local support = require "spec.support"
local raises = support.raises

local T = {}

local function list(entries)
  local words = {}
  for i, entry in ipairs(entries) do words[i] = entry.name end
  return words
end

-- load(options) -> the small network from a file.
local function load(options)
  local net
  support.with_file(support.NNET, function(path) net = relucid.load(path, options) end, ".nnet")
  return net
end

function T.test_given_to_load()
  local net = load { inputs = { "speed", "angle" }, outputs = { "left", "right" } }
  lu.assertEquals({ list(net.inputs), list(net.outputs) }, { { "speed", "angle" }, { "left", "right" } })
  lu.assertEquals({ net.named_inputs, net.named_outputs }, { true, true })
  lu.assertEquals(net.inputs[1].lo, -1)
  net = load { outputs = { "left", "right" } }
  lu.assertEquals({ list(net.inputs), list(net.outputs) }, { { "x1", "x2" }, { "left", "right" } })
  lu.assertEquals({ net.named_inputs, net.named_outputs }, { false, true })
  lu.assertEquals(net.sha256, load().sha256)
end

function T.test_load_refuses()
  raises("names: inputs has 1 names, the network has 2 inputs", load, { inputs = { "a" } })
  raises("names: outputs has 3 names, the network has 2 outputs", load, { outputs = { "a", "b", "c" } })
  raises("names: inputs[2] is 5, expected a string", load, { inputs = { "a", 5 } })
  raises("names: inputs[1] has a byte 0", load, { inputs = { "a\0b", "c" } })
  raises("names: inputs 1 and 2 have the same name \"a\"", load, { inputs = { "a", "a" } })
  for _, word in ipairs { "", " a", "a ", "a\nb", "a\127" } do
    raises("names: the name of output 2 is empty, has blanks around it or control characters", load,
           { outputs = { "a", word } })
  end
  raises("load: unknown option 'rawd'; known are: inputs names output outputs raw", load, { rawd = true })
  raises("load: option raw: boolean expected, got number", load, { raw = 1 })
  raises("options: table expected, got boolean", load, true)
end

function T.test_many_names_are_distinct_whatever_their_order()
  support.random("names", function(rng)
    local n = 300
    local net = support.random_network(rng, { n, 1, 1 })
    local words = {}
    for i = 1, n do words[i] = ("input %d"):format(rng(1, 1000000) * 1000 + i) end
    names.give(net, { inputs = words })
    lu.assertEquals(list(net.inputs), words)
    local i = rng(1, n - 1)
    local j = rng(i + 1, n)
    words[j] = words[i]
    raises(("names: inputs %d and %d have the same name \"%s\""):format(i, j, words[i]), names.give, net,
           { inputs = words })
  end)
end

local function from_file(text, f)
  support.with_file(text, f, ".txt")
end

function T.test_files()
  local expected = { { "a b", "c" }, { "d", "e" } }
  for _, text in ipairs {
    '{"inputs": ["a b", "c"], "outputs": ["d", "e"]}', "a b,c\nd,e\n", "\xef\xbb\xbfa b;c\r\nd;e",
    "\"a b\", c\rd, e,\r",
  } do
    from_file(text, function(path)
      local net = load { names = path }
      lu.assertEquals({ list(net.inputs), list(net.outputs) }, expected, text)
    end)
  end
  from_file('{"outputs": ["d", "e"]}', function(path)
    lu.assertFalse(load({ names = path }).named_inputs)
    lu.assertEquals(list(load({ names = path, outputs = { "f", "g" } }).outputs), { "f", "g" })
  end)
end

function T.test_files_are_refused()
  from_file('{"inputs": ["a"]}', function(path)
    raises(path .. ": names: inputs has 1 names, the network has 2 inputs", load, { names = path })
  end)
  from_file('{"inputs": ["a", "b"], "classes": []}', function(path)
    raises(path .. ": unknown field 'classes', expected inputs, outputs", load, { names = path })
  end)
  from_file('{"inputs": "a"}', function(path)
    raises(path .. ": inputs: expected a list of names", load, { names = path })
  end)
  from_file("", function(path)
    raises(path .. ": has 0 lines, expected one of the inputs' names and one of the outputs'", load, { names = path })
  end)
  from_file("a,b\nc,d\ne,f", function(path)
    raises(path .. ": has 3 lines, expected one of the inputs' names and one of the outputs'", load, { names = path })
  end)
  support.raises_with("/nowhere/names.txt", load, { names = "/nowhere/names.txt" })
end

function T.test_words_name_outputs_and_inputs()
  local net = load { outputs = { "left", "right" } }
  lu.assertEquals({ names.output(net, "right"), names.output(net, "1"), names.input(net, "2"), names.input(net, "x2") },
                  { 2, 1, 2, 2 })
  raises("output 'up': expected a number from 1 to 2 or a name: left right", names.output, net, "up")
  raises("output '0': expected a number from 1 to 2 or a name: left right", names.output, net, "0")
  raises("input '3': expected a number from 1 to 2 or a name: x1 x2", names.input, net, "3")
  -- A name comes before a number: digits may be named so.
  lu.assertEquals(names.output(load { outputs = { "2", "1" } }, "1"), 2)
end

-- A header names the inputs where nothing else does, and where its words can be names.
function T.test_from_a_header()
  local function named(header, options)
    local net = load(options)
    support.with_file(header .. "\n1,2\n", function(path) names.of_data(net, relucid.data(path)) end, ".csv")
    return list(net.inputs)
  end
  lu.assertEquals(named "speed, angle of attack", { "speed", "angle of attack" })
  lu.assertEquals(named("a,b", { inputs = { "c", "d" } }), { "c", "d" })
  lu.assertEquals(named("a,b", { outputs = { "c", "d" } }), { "a", "b" })
  for _, header in ipairs { "a,a", ",b", "3,4", "# a,b", "a,b,c" } do
    lu.assertEquals(named(header), { "x1", "x2" }, header)
  end
end

-- ---- on the command line ------------------------------------------------------------------------------------

local NAMES = "speed,angle\nleft,right\n"

local function with_files(f)
  support.with_file(support.NNET, function(net)
    support.with_file(NAMES, function(path) f(net, path) end, ".txt")
  end, ".nnet")
end

local function characterize(...)
  local status, output, messages = support.command("characterize", ...)
  return status, output .. messages
end

function T.test_goals_by_name()
  with_files(function(net, path)
    -- The outputs are (relu x1 - relu x2, relu x2).
    for goal, text in pairs { ["argmax:right"] = "right", ["2"] = "right", right = "right", ["argmax:2"] = "right",
                              ["argmin:left"] = "right", ["argmin:1"] = "right", argmax = "right", argmin = "right" } do
      local status, output = characterize(net, "--names", path, "--point", "0.1,0.9", "--goal", goal)
      lu.assertEquals(status, 0, output)
      lu.assertStrContains(output, ("goal       output 2 (%s) is the largest"):format(text)) -- or 1 the smallest
      lu.assertStrContains(output, "angle")
    end
    local status, output = characterize(net, "--names", path, "--point", "0.1,0.9", "--goal", "up")
    lu.assertEquals(status, 2)
    lu.assertEquals(output, "relucid: --goal up: expected a number from 1 to 2 or a name: left right, argmax, argmin "
      .. "or a file .vnnlib\n")
    for _, goal in ipairs { "3", "0", "argmax:3", "argmax:", "argbest:left", "" } do
      lu.assertEquals((characterize(net, "--names", path, "--point", "0.1,0.9", "--goal", goal)), 2, goal)
    end
    -- A class that the network does not answer at the point.
    status, output = characterize(net, "--point", "0.1,0.9", "--goal", "1")
    lu.assertTrue(status == 2 or status == 3, output)
  end)
end

function T.test_names_in_results()
  with_files(function(net, path)
    support.with_file(nil, function(json)
      local status = characterize(net, "--names", path, "--point", "0.1,0.9", "--json", json)
      lu.assertEquals(status, 0)
      local record = relucid.json.decode(support.read(json))
      lu.assertEquals(record.names, { inputs = { "speed", "angle" }, outputs = { "left", "right" } })
      lu.assertEquals(list(relucid.result.read(json):network().inputs), { "speed", "angle" })
    end, ".json")
    support.with_file("speed,angle\n0.1,0.9\n", function(data)
      local _, output = characterize(net, "--data", data, "--point", "data:1")
      lu.assertStrContains(output, "angle")
    end, ".csv")
    local status, output = characterize(net, "--names", "/nowhere", "--point", "0,0")
    lu.assertEquals(status, 2)
    lu.assertStrContains(output, "/nowhere")
  end)
end

function T.test_names_of_counterexamples()
  local property = "(declare-const X_0 Real) (declare-const X_1 Real) (declare-const Y_0 Real) (declare-const Y_1 Real)"
    .. "(assert (<= 1 X_0 1)) (assert (<= 0 X_1 0)) (assert (>= Y_0 0.5))"
  with_files(function(net, path)
    support.with_file(property, function(file)
      local _, output = support.command("verify", net, file, "--names", path)
      lu.assertEquals(output, "sat\n((X_0 1) ; speed\n (X_1 0) ; angle\n (Y_0 1) ; left\n (Y_1 0)) ; right\n")
      _, output = support.command("verify", net, file)
      lu.assertEquals(output, "sat\n((X_0 1)\n (X_1 0)\n (Y_0 1)\n (Y_1 0))\n")
      support.with_file(nil, function(json)
        support.command("verify", net, file, "--names", path, "--json", json)
        lu.assertEquals(relucid.json.decode(support.read(json)).names.outputs, { "left", "right" })
        support.command("preimage", net, file, "--names", path, "--json", json)
        lu.assertEquals(relucid.json.decode(support.read(json)).names.inputs, { "speed", "angle" })
      end, ".json")
    end, ".vnnlib")
  end)
end

return T
