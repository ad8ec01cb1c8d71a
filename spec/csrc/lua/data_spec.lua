local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"
local raises = support.raises

local T = {}

function T.test_from_lists()
  local data = relucid.data { { 1, 2 }, { 3, 4.5 } }
  lu.assertEquals({ #data, data.columns, data:row(2) }, { 2, 2, { 3, 4.5 } })
  lu.assertEquals(tostring(data), "data (2 x 2)")
end

function T.test_from_csv()
  support.with_file("a,b\n1,2\n3,4\n", function(path)
    lu.assertEquals(relucid.data(path):row(1), { 1, 2 })
    lu.assertEquals(relucid.data(path, { scale = 2 }):row(2), { 6, 8 })
  end, ".csv")
end

function T.test_refuses()
  raises("data: list is empty, expected rows of numbers", relucid.data, {})
  raises("data[2] has 1 numbers, expected 2", relucid.data, { { 1, 2 }, { 3 } })
  raises("row is 3, expected an integer from 1 to 1", function() return relucid.data({ { 1 } }):row(3) end)
  raises("data: list expected, got number", relucid.data, { { 1 } }, 5)
  support.raises_with("/nowhere/points.csv", relucid.data, "/nowhere/points.csv")
  local data = relucid.data { { 1 } }
  data:close()
  lu.assertEquals(tostring(data), "data (closed)")
  raises("data: attempt to use a closed data", data.row, data, 1)
end

return T
