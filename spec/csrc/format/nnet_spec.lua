-- .nnet files as different writers lay them out.
local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"

local T = {}

local function row(values)
  local words = {}
  for i, value in ipairs(values) do words[i] = ("%.17g"):format(value) end
  return table.concat(words, ",") .. ","
end

-- The text of a network; header: the lines of mins, maxes, means and ranges.
local function text_of(net, header, newline)
  local sizes = net.sizes
  local lines = { "// of a spec", row { #sizes - 1, net.n, net.m, 99 }, row(sizes), "0," }
  for _, values in ipairs(header) do lines[#lines + 1] = row(values) end
  for k = 1, #sizes - 1 do
    local layer = net:layer(k)
    for _, weights in ipairs(layer.W) do lines[#lines + 1] = row(weights) end
    for _, bias in ipairs(layer.b) do lines[#lines + 1] = row { bias } end
  end
  return table.concat(lines, newline or "\n") .. (newline or "\n")
end

local function load(text, options)
  local net
  support.with_file(text, function(path) net = relucid.load(path, options) end, ".nnet")
  return net
end

-- FILE stands for the file's name.
local function refused(message, text, options)
  support.with_file(text, function(path)
    support.raises(message:gsub("FILE", function() return path end), relucid.load, path, options)
  end, ".nnet")
end

local function case(rng)
  local net = support.random_network(rng, { 2, 4, 3 })
  local function numbers(count)
    local list = {}
    for i = 1, count do list[i] = rng(1, 64) / 8 end
    return list
  end
  return net, numbers
end

-- The physical output at x, by the definition.
local function physical(net, x, means, ranges, mean, range)
  local normalised = {}
  for i, value in ipairs(x) do normalised[i] = (value - means[i]) / ranges[i] end
  local y = net:eval(normalised)
  for j, value in ipairs(y) do y[j] = value * range + mean end
  return y
end

-- Entries for `extra` variables that are no inputs, then the outputs' one.
function T.test_layouts()
  support.random("layouts", function(rng)
    for extra = 0, 3 do
      local net, numbers = case(rng)
      local mins, maxes, means, ranges = numbers(2 + extra), numbers(2 + extra), numbers(3 + extra), numbers(3 + extra)
      local text = text_of(net, { mins, maxes, means, ranges })
      local x = { rng(), rng() }
      local expected = physical(net, x, means, ranges, means[3 + extra], ranges[3 + extra])
      local y = load(text, { raw = true }):eval(x)
      for j = 1, 3 do lu.assertAlmostEquals(y[j], expected[j], 1e-9 * (1 + math.abs(expected[j]))) end
      lu.assertEquals(load(text):eval(x), net:eval(x))
    end
  end)
end

function T.test_no_entry_for_the_outputs()
  support.random("no entry", function(rng)
    local net, numbers = case(rng)
    for extra = 0, 2 do
      local header = { numbers(2 + extra), numbers(2 + extra), numbers(2 + extra), numbers(2 + extra) }
      if extra ~= 1 then
        local text = text_of(net, header)
        lu.assertEquals(load(text):eval { 0.5, 0.25 }, net:eval { 0.5, 0.25 })
        refused("FILE:7: means: no entry for the outputs, whose physical units are thus unknown", text, { raw = true })
      end
    end
    local text = text_of(net, { numbers(2), numbers(2), numbers(3), numbers(2) })
    refused("FILE:8: ranges: no entry for the outputs, whose physical units are thus unknown", text, { raw = true })
  end)
end

-- One entry for each output, or further entries of one line only: which is the outputs' is not certain.
function T.test_ambiguous_entries()
  support.random("ambiguous", function(rng)
    local net, numbers = case(rng)
    local text = text_of(net, { numbers(2), numbers(2), { 0, 0, 1, 2, 3 }, { 1, 1, 1, 1, 1 } })
    lu.assertEquals(load(text):eval { 0.5, 0.25 }, net:eval { 0.5, 0.25 })
    refused("FILE:7: means: the outputs' entry may be number 3 (1) or the last (3): physical units need 3 entries",
            text, { raw = true })
    -- Where they agree there is no question.
    text = text_of(net, { numbers(2), numbers(2), { 0, 0, 3, 7, 3 }, { 1, 1, 2, 1, 2 } })
    lu.assertEquals(load(text, { raw = true }):eval { 0.5, 0.25 },
                    physical(net, { 0.5, 0.25 }, { 0, 0 }, { 1, 1 }, 3, 2))
  end)
end

function T.test_refuses_units()
  support.random("units", function(rng)
    local net, numbers = case(rng)
    local function text(means, ranges) return text_of(net, { numbers(2), numbers(2), means, ranges }) end
    local wanted = "FILE: %s: physical units need a finite mean and a finite range other than 0, got %s and %s"
    refused(wanted:format("input 2", "0", "0"), text({ 0, 0, 0 }, { 1, 0, 1 }), { raw = true })
    refused(wanted:format("the outputs", "0", "0"), text({ 0, 0, 0 }, { 1, 1, 0 }), { raw = true })
    local nan = text({ 0, 0, 0 }, { 1, 1, 1 }):gsub("\n0,0,0,", "\nnan,0,0,")
    refused(wanted:format("input 1", "nan", "1"), nan, { raw = true })
    lu.assertEquals(load(nan).n, 2)
  end)
end

-- ---- lines and words --------------------------------------------------------------------------------------

function T.test_line_ends_comments_and_separators()
  support.random("lines", function(rng)
    local net, numbers = case(rng)
    local header = { numbers(2), numbers(2), numbers(3), numbers(3) }
    local x = { 0.5, -0.25 }
    local plain = text_of(net, header)
    for _, text in ipairs {
      text_of(net, header, "\r"), text_of(net, header, "\r\n"), text_of(net, header, ",\n"):gsub(",,", ","),
      (plain:gsub(",\n", "\n")), (plain:gsub(",\n", " // a comment\n")), (plain:gsub(",", " ")),
      (plain:gsub(",", " , ")), (plain:gsub(",", ";")), "\xef\xbb\xbf" .. plain, (plain:gsub("\n", "\n\n// more\n")),
      (plain:gsub("\n$", "")),
    } do
      lu.assertEquals(load(text):eval(x), net:eval(x), text)
    end
  end)
end

-- Several rows may share a line; none is cut by its end.
function T.test_rows_and_lines()
  local function text(weights, biases)
    return ("2,2,1,2,\n2,2,1,\n0,\n0,0,\n1,1,\n0,0,0,\n1,1,1,\n%s\n%s\n1,1,\n0,\n"):format(weights, biases)
  end
  for _, weights in ipairs { "1,2,\n3,4,", "1,2,3,4,", "1,2\n3,4", "1,2 // a\n\n3,4" } do
    for _, biases in ipairs { "5,\n6,", "5,6", "5\n6" } do
      lu.assertEquals(load(text(weights, biases)):layer(1), { W = { { 1, 2 }, { 3, 4 } }, b = { 5, 6 } })
    end
  end
  refused("FILE:8: layer 1 weights row 1: expected 2 numbers, the line ends after 1", text("1,\n2,3,4,", "5\n6"))
  refused("FILE:9: layer 1 weights row 2: expected 2 numbers, the line ends after 1", text("1,2\n3", "4\n5,6"))
  refused("FILE:8: layer 1 weights, behind row 2 of 2 numbers: expected the end of the line, got \"5\"",
          text("1,2,3,4,5", "6"))
  refused("FILE:9: layer 1 biases, behind row 2 of 1 numbers: expected the end of the line, got \"7\"",
          text("1,2,3,4", "5,6,7"))
end

function T.test_refuses_words()
  local function text(word)
    return ("2,2,1,2,\n2,2,1,\n0,\n0,0,\n1,1,\n0,0,0,\n1,1,1,\n1,%s,\n3,4,\n5,\n6,\n1,1,\n0,\n"):format(word)
  end
  lu.assertEquals(load(text "+.5e-1").n, 2)
  for word, shown in pairs { ["0x10"] = "0x10", ["1d5"] = "1d5", nan = "nan", inf = "inf", ["-Infinity"] = "-Infinity",
                             ["1_000"] = "1_000", ["1e"] = "1e", ["--1"] = "--1", ["1.2.3"] = "1.2.3", ["."] = ".",
                             ["1e999"] = "1e999", ["2\xc2\xa0"] = "2<U+00A0>", ["\xe2\x88\x922"] = "<U+2212>2",
                             ["1f"] = "1f", ["0b1"] = "0b1", ["1'000"] = "1'000" } do
    refused("FILE:8: layer 1 weights row 1 column 2: expected a finite number, got \"" .. shown .. "\"", text(word))
  end
  refused("FILE:8: layer 1 weights row 1 column 2: two kinds of separators in a line (comma, semicolon, blank), behind "
    .. "\"1\"", (text "2":gsub("\n1,2,", "\n2 1,")))
  refused("FILE:4: minimums: two kinds of separators in a line (comma, semicolon, blank), behind \"0\"",
          (text "2":gsub("\n0,0,\n", "\n0;0,\n")))
  refused("FILE: is UTF-16 text, expected UTF-8 or ASCII: save it so", "\xff\xfe" .. text("2"):gsub(".", "%0\0"))
end

-- Sizes that a file of this length cannot hold ask for no memory.
function T.test_hostile_sizes()
  local function text(sizes) return sizes .. "\n0,\n0,0,\n1,1,\n0,0,0,\n1,1,1,\n1,2,\n3,4,\n5,\n6,\n" end
  for _, sizes in ipairs {
    "1,2000000000,2,9,\n2000000000,2,", "1000000000,2,2,9,\n2,2,", "1,2,2,9,\n2,2000000000,", "2,2,2,9,\n2,60,2,",
    "9007199254740993,2,2,9,\n2,2,", "1e300,2,2,\n2,2", "1,2,2,9,\n2,2,2,2,", "0,2,2,9,\n2,", "1,-2,2,9,\n-2,2,",
    "1,2.5,2,9,\n2.5,2,", "nan,2,2,9,\n2,2,", "inf,2,2,9,\n2,2,", "1,2,2,9,\n3,2,", "1,2,2,9,\n2,3,", "1,2,\n2,2,",
  } do
    support.with_file(text(sizes), function(path)
      local before = collectgarbage "count"
      support.raises_with(path .. ":", relucid.load, path)
      lu.assertTrue(collectgarbage "count" - before < 1000)
    end, ".nnet")
  end
end

return T
