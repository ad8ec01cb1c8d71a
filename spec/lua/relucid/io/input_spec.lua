local lu = require "luaunit"
local relucid = require "relucid"
local input = require "relucid.io.input"
local support = require "spec.support"
local raises = support.raises

local T = {}

function T.test_numbers()
  lu.assertEquals(input.point("1,-2.5,3e-1", 3), { 1, -2.5, 0.3 })
  lu.assertEquals(input.point("[1, 2]", 2), { 1, 2 })
  lu.assertEquals(input.point("1 2", 2), { 1, 2 })
end

function T.test_files()
  for _, text in ipairs { "[1.5, 2]", "[[1.5, 2]]\n", "1.5,2\n", "1.5;2", "1.5\n2\n", " 1.5 2 " } do
    support.with_file(text, function(path) lu.assertEquals(input.point(path, 2), { 1.5, 2 }) end)
  end
end

function T.test_encodings()
  for _, text in ipairs { "1.5,2\r\n", "[1.5, 2]", "1.5 2", "1.5\r2\r" } do
    support.with_file("\xef\xbb\xbf" .. text, function(path) lu.assertEquals(input.point(path, 2), { 1.5, 2 }) end)
  end
  support.with_file('\xef\xbb\xbf{"lo": 0, "hi": 1}', function(path)
    lu.assertEquals(input.domain(path, 2).hi, { 1, 1 })
  end)
  support.with_file("\xff\xfe1\0", function(path)
    raises(path .. ": is UTF-16 text, expected UTF-8 or ASCII: save it so", input.point, path, 2)
    raises(path .. ": is UTF-16 text, expected UTF-8 or ASCII: save it so", input.domain, path, 2)
  end)
end

function T.test_row_of_data()
  local data = relucid.data { { 1, 2 }, { 3, 4 } }
  lu.assertEquals(input.point("data:2", 2, data), { 3, 4 })
  raises("--point data:2: give the data with --data", input.point, "data:2", 2)
  raises("--point data:3: expected a row from 1 to 2", input.point, "data:3", 2, data)
  raises("--point data:x: expected a row from 1 to 2", input.point, "data:x", 2, data)
end

function T.test_point_refuses()
  raises("--point: has 1 numbers, expected 2", input.point, "1", 2)
  raises("--point: '0.5,,1': number 2 is missing", input.point, "0.5,,1", 2)
  raises("--point: '0.5,': number 2 is missing", input.point, "0.5,", 2)
  for _, text in ipairs { " 0.5 ;\t-1;2 ; 3 ", "0.5,-1, 2 ,3", "0.5 -1\t2  3", "+.5 -1. 2e0 30E-1" } do
    lu.assertEquals(input.point(text, 4), { 0.5, -1, 2, 3 })
  end
  for text, word in pairs { ["0.5;-1,2;3"] = "-1,2", ["1,5 2,5"] = "5 2", ["1 000,5"] = "1 000", ["1;2 3"] = "2 3" } do
    local shown = text == "1 000,5" and "000,5" or word
    raises(("--point: '%s': two kinds of separators (comma, semicolon, blank)"):format(shown), input.point, text, 2)
  end
  for _, word in ipairs { "0x10", "1d5", "nan", "inf", "1_000", "1e", ".", "1.2.3", "--1", "0x1p3", "1e5.5", "e5" } do
    raises(("--point: '%s' is not a number"):format(word), input.point, "1," .. word, 2)
  end
  raises("--point: '<U+2212>1' is not a number", input.point, "1,\xe2\x88\x921", 2)
  raises("--point nofile.json: neither a file nor numbers", input.point, "nofile.json", 2)
  raises("--point: 'x' is not a number", input.point, "1,x", 2)
  support.with_file(" \n", function(path) raises(path .. ": is empty, expected numbers", input.point, path, 2) end)
  support.with_file("1,2\n3,4\n", function(path)
    raises(path .. ": has several lines, expected one row; use --data FILE --point data:ROW", input.point, path, 2)
  end)
  support.with_file("[1,", function(path) support.raises_with(path .. ":1:", input.point, path, 2) end)
end

function T.test_point_refuses_what_is_no_number()
  raises("--point: number 2 is inf, expected a finite number", input.point, "0,1e999", 2)
  raises("--point: number 2 is x, expected a finite number", input.point, '[0, "x"]', 2)
  raises("--point: number 1 is a list, expected a finite number", input.point, "[[0, 1], [2, 3]]", 2)
  support.with_file("[null, 1]", function(path)
    raises(path .. ": number 1 is null, expected a finite number", input.point, path, 2)
  end)
end

function T.test_domain()
  local domain = input.domain('{"lo": 0, "hi": [1, 2], "A": [[1, 1]], "b": [2]}', 2)
  lu.assertEquals({ domain.lo, domain.hi, domain.A, domain.b }, { { 0, 0 }, { 1, 2 }, { { 1, 1 } }, { 2 } })
  support.with_file('{"lo": [0], "hi": [1]}', function(path)
    lu.assertEquals(input.domain(path, 1).hi, { 1 })
  end)
end

function T.test_domain_refuses()
  for text, message in pairs {
    ["[]"] = "expected a JSON object with lo and hi",
    ['{"lo": 0}'] = "expected a JSON object with lo and hi",
    ['{"lo": 0, "hi": 1, "bound": 2}'] = "unknown field 'bound', expected lo, hi, A, b",
    ['{"lo": [0, 0], "hi": 1}'] = "hi has 1 numbers, expected 2",
    ['{"lo": [0, 0], "hi": [1, 1]}'] = "lo has 2 numbers, the network has 1 inputs",
    ['{"lo": 1, "hi": 0}'] = "domain is contradictory: lo[1] is 1.0, hi[1] is 0.0",
    ['{"lo": "x", "hi": 0}'] = "lo: list expected, got string",
    ['{"lo": [null], "hi": 0}'] = "lo[1] is null, expected a finite number",
    ['{"lo": 0, "hi": 1, "A": [[1]]}'] = "A and b: give both or none",
    ['{"lo": 0, "hi": 1, "A": [[1, 2]], "b": [0]}'] = "A[1] has 2 numbers, expected 1",
  } do
    support.with_file(text, function(path) raises(path .. ": " .. message, input.domain, path, 1) end)
    raises("--domain: " .. message, input.domain, text, 1)
  end
  for text, place in pairs { ['{"lo": 0'] = ":1:8:", ["{"] = ":1:1:", ['{"lo": 0, "lo": 1}'] = ":1:14:",
                             ['{"lo": 1e999}'] = ":1:12:" } do
    support.raises_with("--domain" .. place, input.domain, text, 1)
  end
  support.raises_with("/nowhere/d.json", input.domain, "/nowhere/d.json", 1)
  support.raises_with("/: Is a directory", input.domain, "/", 1)
end

return T
