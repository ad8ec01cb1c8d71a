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

function T.test_row_of_data()
  local data = relucid.data { { 1, 2 }, { 3, 4 } }
  lu.assertEquals(input.point("data:2", 2, data), { 3, 4 })
  raises("--point data:2: give the data with --data", input.point, "data:2", 2)
  raises("--point data:3: expected a row from 1 to 2", input.point, "data:3", 2, data)
  raises("--point data:x: expected a row from 1 to 2", input.point, "data:x", 2, data)
end

function T.test_point_refuses()
  raises("--point: has 1 numbers, expected 2", input.point, "1", 2)
  raises("--point nofile.json: neither a file nor numbers", input.point, "nofile.json", 2)
  raises("--point: 'x' is not a number", input.point, "1,x", 2)
  support.with_file(" \n", function(path) raises(path .. ": is empty, expected numbers", input.point, path, 2) end)
  support.with_file("1,2\n3,4\n", function(path)
    raises(path .. ": has several lines, expected one row; use --data FILE --point data:ROW", input.point, path, 2)
  end)
  support.with_file("[1,", function(path) support.raises_with(path .. ":1:", input.point, path, 2) end)
end

function T.test_domain()
  lu.assertEquals(input.domain('{"lo": 0, "hi": [1, 2]}', 2), { lo = { 0, 0 }, hi = { 1, 2 } })
  support.with_file('{"lo": [0], "hi": [1]}', function(path)
    lu.assertEquals(input.domain(path, 1), { lo = { 0 }, hi = { 1 } })
  end)
  support.with_file("[]", function(path)
    raises(path .. ": expected a JSON object with lo and hi", input.domain, path, 1)
  end)
  support.raises_with("/nowhere/d.json", input.domain, "/nowhere/d.json", 1)
end

return T
