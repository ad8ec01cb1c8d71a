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
  raises("names: inputs[2] is 5, expected a string without a byte 0", load, { inputs = { "a", 5 } })
  raises("names: inputs[1] is 'a', expected a string without a byte 0", load, { inputs = { "a\0b", "c" } })
  raises("names: inputs 1 and 2 have the same name \"a\"", load, { inputs = { "a", "a" } })
  for _, word in ipairs { "", " a", "a ", "a\nb", "a\127" } do
    raises("names: the name of output 2 is empty, has blanks around it or control characters", load,
           { outputs = { "a", word } })
  end
  raises("load: unknown option 'rawd'; known are: inputs names outputs raw", load, { rawd = true })
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
  lu.assertEquals({ names.of_output(net, 2), names.of_input(net, 2) }, { "right (output 2)", "input 2" })
end

return T
