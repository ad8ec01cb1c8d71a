-- A result in words.
local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"

local T = {}

local INPUTS = { "altitude [ft]", "own rate [ft/s]", "intruder's rate [ft/s]", "time [s]" }

local function climb()
  return relucid.load("examples/demo/climb.nnet", { raw = true, inputs = INPUTS,
                                                    outputs = { "clear of conflict", "climb", "descend" } })
end

-- Every range of a table of boxes in the text, by input: all points between what is printed are in the region.
function T.test_what_is_printed_is_proved()
  local net = climb()
  local result = relucid.strategy.tight(net, { -250, -20, 0, 10.5 })
  local text = result:region() and relucid.describe(result)
  lu.assertStrContains(text, "goal       output 2 (climb) is the largest")
  local box = result:box "volume"
  for i, name in ipairs(INPUTS) do
    local line = text:match("\n" .. name:gsub("%p", "%%%0") .. "[^\n]*")
    local lo, hi = line:match "%[([^%[]*),([^%[]*)%]%s+[<>]?%s*[%d.]+ %%$"
    lu.assertTrue(tonumber(lo) >= box.lo[i] and tonumber(hi) <= box.hi[i], line)
    lu.assertNil(line:find "e%-", line)
  end
end

function T.test_rule_and_irrelevant_inputs()
  local net = support.small()
  local result = relucid.strategy.free(net, { 0.5, -0.5 }, nil, { domain = support.square() })
  local text = relucid.describe(result)
  lu.assertStrContains(text, "literals   1 of 2 (by layer: 1)")
  lu.assertStrContains(text, "rule       layer 1: off 2")
  lu.assertStrContains(text, "irrelevant 1 inputs keep their whole range in the box by width: x1")
  local record = relucid.json.decode(result:json())
  lu.assertEquals(record.regions[1].rule, { { neuron = "1.2", sign = "off" } })
  lu.assertNil(record.names)
end

function T.test_every_region_of_a_union()
  local result = relucid.strategy.run("union", climb(), { -250, -20, 0, 10.5 }, nil, { regions = 5 })
  local text = relucid.describe(result, { data = relucid.data "examples/demo/encounters.csv", data_name = "them" })
  lu.assertStrContains(text, "regions    5\n")
  for k = 1, 5 do
    local line = text:match("\n " .. k .. "  +([^\n]*)")
    lu.assertStrContains(line, ("%d signs, %d rows"):format(result:pattern(k):literals(), #result:region(k):rows().b))
    lu.assertStrContains(line, ("support %d"):format(result:region(k):support(relucid.data
      "examples/demo/encounters.csv")))
  end
  lu.assertStrContains(text, " of 3000 points in them")
  lu.assertStrContains(text, "\ncoverage   ")
end

function T.test_members_of_a_portfolio()
  local result = relucid.strategy.portfolio(climb(), { -250, -20, 0, 10.5 }, nil,
    { strategies = { "prophecy", "box" } })
  local text = relucid.describe(result)
  lu.assertStrContains(text, "tried      prophecy  proved: ")
  lu.assertStrContains(text, "tried      box       proved: ")
end

-- Names go along with the result, and come back with it.
function T.test_names_in_the_record()
  local result = relucid.strategy.prophecy(climb(), { 500, 0, 0, 15 })
  local again = relucid.result.decode(result:json())
  lu.assertEquals(again:record().names.inputs, INPUTS)
  lu.assertEquals(relucid.describe(again):match "goal[^\n]*", "goal       output 1 (clear of conflict) is the largest")
  lu.assertEquals(again:network().inputs[4].name, "time [s]")
end

function T.test_preimage()
  local net = climb()
  local result = relucid.strategy.preimage(net, relucid.property.argmax(net, 2), { domain = relucid.domain {
    lo = { -200, 0, 0, 5 }, hi = { 200, 0, 0, 8 } }, coverage = 1 })
  local text = relucid.describe(result)
  lu.assertStrContains(text, "regions    " .. #result .. "\n")
  lu.assertStrContains(text, "exactly")
end

function T.test_refuses()
  support.raises("result: a result of a strategy expected, got number", relucid.describe, 1)
end

-- Every object says what it is, and so does a closed one.
function T.test_tostring()
  local net = support.small()
  local domain, goal = support.square(), relucid.property.argmax(net, 1)
  local search = net:search { domain = domain, target = goal:negate(), mode = "find_strict" }
  lu.assertEquals(tostring(search), "search (running, nodes 0)")
  lu.assertStrMatches(tostring(net:enumerate { domain = domain }), "enumerate %(regions %d+%)")
  lu.assertStrMatches(tostring(net:preimage { domain = domain, property = goal }), "preimage %(running, parts %d+%)")
  local minimize = net:minimize { domain = domain, pattern = net:pattern { 0.5, -0.5 }, property = goal }
  lu.assertStrMatches(tostring(minimize), "minimize %(running, literals 2, queries %d+%)")
  local result = relucid.strategy.prophecy(net, { 0.5, -0.5 }, nil, { domain = domain })
  lu.assertEquals(tostring(result), "result (prophecy, proved, 1 region)")
  lu.assertEquals(tostring(result:box "width"), "box x1 -1 to 1, x2 -1 to 0")
  lu.assertEquals(tostring(relucid.result.decode(result:json()):box "width"), "box x1 -1 to 1, x2 -1 to 0")
  lu.assertEquals(tostring(relucid.vnnlib "examples/demo/below.vnnlib"),
    "problem (examples/demo/below.vnnlib: 4 inputs, 3 outputs)")
  search:close()
  lu.assertEquals(tostring(search), "search (closed)")
end

return T
