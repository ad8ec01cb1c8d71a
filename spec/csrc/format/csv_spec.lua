-- CSV files as different writers lay them out.
local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"

local T = {}

-- The rows of the data in a file with this text, and its names.
local function read(text)
  local rows, names = {}, nil
  support.with_file(text, function(path)
    local data = relucid.data(path)
    names = data.names
    for i = 1, #data do rows[i] = data:row(i) end
  end, ".csv")
  return rows, names
end

local function refused(message, text)
  support.with_file(text, function(path)
    support.raises(path .. message, relucid.data, path)
  end, ".csv")
end

local ROWS = { { 1.5, -2, 3 }, { 4, 500, -0.0625 } }

function T.test_line_ends_and_separators()
  for _, newline in ipairs { "\n", "\r", "\r\n" } do
    for _, separator in ipairs { ",", ";", " ", "\t", ", ", " ; ", "  \t " } do
      for _, ending in ipairs { "", newline, newline .. newline, " # comment" } do
        local lines = { table.concat({ "1.5", "-2", "+3." }, separator),
                        table.concat({ "4", "5E+2", "-.0625" }, separator) }
        lu.assertEquals(read(table.concat(lines, newline) .. ending), ROWS)
        local commented = "# first" .. newline .. newline .. lines[1] .. newline .. "  # then" .. newline .. lines[2]
        lu.assertEquals(read(commented .. ending), ROWS)
      end
    end
  end
  lu.assertEquals(read "1,2,\r3,4,\r", { { 1, 2 }, { 3, 4 } })
  lu.assertEquals(read "1;2;\n3,4\n", { { 1, 2 }, { 3, 4 } })
end

function T.test_two_separators()
  local message = "two kinds of separators in a line (comma, semicolon, blank), behind "
  refused(":1: column 2: " .. message .. '"5"', "1,5;-2;3\n4;5,25;-6\n")
  refused(":2: column 2: " .. message .. '"2"', "1;2;3\n5 2;4\n")
  refused(":1: column 2: " .. message .. '"5"', "1,5 2,5\n")
  refused(":2: column 2: " .. message .. '"5"', "1,2,3\n1,5\t2,5\n")
  refused(":1: column 2: " .. message .. '"000"', "1 000,5\n")
end

function T.test_numbers()
  for word, shown in pairs { ["0x10"] = "0x10", ["1d5"] = "1d5", nan = "nan", inf = "inf", ["-INF"] = "-INF",
                             ["1_000"] = "1_000", ["1'000"] = "1'000", ["1e"] = "1e", ["1e999"] = "1e999", ["?"] = "?",
                             ["1.2.3"] = "1.2.3", NA = "NA", [""] = "", ["\"1\""] = "\"1\"", ["1%"] = "1%",
                             ["1\xc2\xa0"] = "1<U+00A0>", ["\xe2\x88\x921"] = "<U+2212>1", ["1\0"] = "1?" } do
    refused((":2: column 2: expected a finite number, got \"%s\""):format(shown), "1,2,3\n4," .. word .. ",6\n")
  end
  -- The first line is data too where a word is meant as a number: not a header that is skipped.
  for _, word in ipairs { "0x10", "1d5", "nan", "inf", "1_000", "1e999", "1'000", "+0x1p3" } do
    refused((":1: column 1: expected a finite number, got \"%s\""):format(word), word .. "," .. word .. "\n1,2\n")
  end
end

function T.test_headers()
  local rows, names = read "speed, \"angle of attack\",1st time\n1.5,-2,3\n4,500,-.0625\n"
  lu.assertEquals({ rows, names }, { ROWS, { "speed", "angle of attack", "1st time" } })
  rows, names = read "\xef\xbb\xbf# recorded\n\n\"x, left\";y (km);z;\r1.5;-2;3\r4;500;-.0625\r"
  lu.assertEquals({ rows, names }, { ROWS, { "x, left", "y (km)", "z" } })
  rows, names = read "x y \"z z\"\n1.5 -2 3\n4 500 -.0625\n"
  lu.assertEquals({ rows, names }, { ROWS, { "x", "y", "z z" } })
  -- An index column of a data frame has no name.
  rows, names = read ",b,c\n1.5,-2,3\n4,500,-.0625\n"
  lu.assertEquals({ rows, names }, { ROWS, { "", "b", "c" } })
  -- A line that names something else.
  rows, names = read "recorded on a Monday\n1.5,-2,3\n4,500,-.0625\n"
  lu.assertEquals({ rows, names }, { ROWS, nil })
  lu.assertNil(select(2, read "1,2\n"))
  lu.assertNil(relucid.data({ { 1 } }).names)
  refused(":1: column 1: expected a finite number, got \"a\"", "a,2,3\n1,2,3\n")
  refused(": expected rows of numbers, got none", "a,b,c\n")
  refused(": expected rows of numbers, got none", "# nothing\n\n")
  refused(": expected rows of numbers, got none", "")
  refused(":3: expected 2 columns as in line 2, got 3", "a,b\n1,2\n3,4,5\n")
end

function T.test_encodings()
  lu.assertEquals(read "\xef\xbb\xbf1,2\n", { { 1, 2 } })
  for mark, name in pairs { ["\xff\xfe"] = "UTF-16", ["\xfe\xff"] = "UTF-16", ["\xff\xfe\0\0"] = "UTF-32" } do
    refused((": is %s text, expected UTF-8 or ASCII: save it so"):format(name), mark .. ("1,2"):gsub(".", "%0\0"))
  end
end

function T.test_out_of_memory()
  support.with_file("a,b\n1,2\n3,4\n", function(path)
    support.each_allocation_fails(function() return relucid.data(path) end)
  end, ".csv")
end

return T
