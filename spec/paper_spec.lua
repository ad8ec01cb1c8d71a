-- The paper's experiments on small networks, and against the recorded runs of its own code where there is the data.
local lu = require "luaunit"
local lfs = require "lfs"
local relucid = require "relucid"
local baseline = require "examples.paper.baseline"
local check = require "examples.paper.check"
local claims = require "examples.paper.claims"
local common = require "examples.paper.common"
local compare = require "examples.paper.compare"
local plane = require "examples.paper.plane"
local properties = require "examples.paper.properties"
local random = require "examples.paper.random"
local strategies = require "examples.paper.strategies"
local support = require "spec.support"

local T = {}

local directory

local function remove(path)
  for name in lfs.dir(path) do
    if name ~= "." and name ~= ".." then os.remove(path .. "/" .. name) end
  end
  lfs.rmdir(path)
end

function T.setUp()
  directory = os.tmpname()
  os.remove(directory)
end

function T.tearDown()
  if lfs.attributes(directory, "mode") then remove(directory) end
end

local function options(more)
  local result = { out = directory, quiet = true, check = 200 }
  for name, value in pairs(more) do result[name] = value end
  return result
end

local function lines_of(name)
  local list = {}
  for line in io.lines(directory .. "/" .. name) do list[#list + 1] = relucid.json.decode(line, name) end
  return list
end

-- What must hold of every case, whatever the network.
local function assert_plausible(rows)
  for _, row in ipairs(rows) do
    local name = ("%s %d %s"):format(row.family, row.id, common.mode_name(row))
    lu.assertEquals(row.status, "proved", name)
    lu.assertEquals(row.unknowns, 0, name)
    lu.assertEquals(row.violations, 0, name)
    lu.assertTrue(row.mode == "prophecy" or row.implied == true, name)
    lu.assertTrue(row.literals <= row.neurons, name)
    if row.mode == "prophecy" then lu.assertTrue(row.contains, name) end
    if row.implied == false then lu.assertEquals(row.literals, row.neurons, name) end
  end
end

-- All strategies on two networks, in two runs: the second one reads what the first one recorded.
function T.test_strategies()
  local given = { families = "random", seeds = 2, own = true, run = "paper", regions = 2, count = 1 }
  strategies.main(options(given))
  given.run = "paper,free,wide,union,whole"
  local sound, all = strategies.main(options(given))
  lu.assertTrue(sound)
  lu.assertEquals(#all.random, 2)
  lu.assertEquals(#lines_of "strategies-random-paper.jsonl", 2)
  lu.assertEquals(#lines_of "strategies-random-union.jsonl", 2)
  for _, record in ipairs(all.random) do
    local modes = {}
    for _, row in ipairs(record.rows) do
      modes[row.mode] = true
      lu.assertEquals(row.violations, 0, row.mode)
    end
    for _, mode in ipairs { "prophecy", "nninfer", "tight", "guarded", "free", "box", "union", "rules", "preimage" } do
      lu.assertTrue(modes[mode], mode)
    end
    for _, answers in ipairs { record.inclusions.tight, record.inclusions.guarded } do
      for eps, answer in pairs(answers) do lu.assertEquals(answer, "yes", eps) end
    end
  end
end

-- The claims tell what fails.
function T.test_claims()
  local function record(id, free, box)
    local guarded = { ["1"] = id == 7 and "no" or "open" }
    return { id = id, inclusions = { best = "1", tight = { ["1"] = "yes" }, guarded = guarded },
             rows = { { mode = "prophecy", literals = 5, log_volume = 1.5, support = 3 },
                      { mode = "nninfer", eps = 1, literals = 5, log_volume = 1, support = 4 },
                      { mode = "free", literals = free, support = 8 },
                      { mode = "box", log_volume = box, support = 1 } } }
  end
  local text, refuted = claims.text({ record(7, 5, 2), record(8, 6, 1.5) })
  lu.assertTrue(refuted)
  lu.assertStrContains(text, "largest box: 2 of 2")
  lu.assertStrContains(text, "0 of 2 (not: 7 at 1, 8 at 1)")
  lu.assertStrContains(text, "as `prophecy`: 1 of 2 (not: 8)")
  lu.assertStrContains(text, "regions: 1 of 2 (not: 8: 1.500 against 1.500)")
  lu.assertStrContains(text, "on 2 inputs: 8 of `free`, 4 of `nninfer 1` among the paper's: 2.0 times")
  lu.assertEquals(claims.median({ { a = 3 }, { a = 1 }, { b = 0 }, { a = 2 }, { a = 10 } }, "a"), 2.5)
end

function T.test_random()
  local sound, rows = random.run(options { seeds = 2, own = true })
  lu.assertTrue(sound)
  lu.assertEquals(#rows, 8)
  assert_plausible(rows)
  local records = lines_of "random.jsonl"
  lu.assertEquals(#records, 8)
  for i, record in ipairs(records) do
    lu.assertEquals(record.perimeter, rows[i].perimeter)
    lu.assertEquals(#record.pattern, 3)
    if record.perimeter then lu.assertEquals(#record.box_width.lo, 5) end
  end
end

function T.test_plane()
  support.needs_gnuplot()
  local sound, rows, pictures = plane.run(options { seeds = 2, epsilon = 0.1 })
  lu.assertTrue(sound)
  lu.assertEquals(#rows, 4)
  assert_plausible(rows)
  lu.assertEquals(#pictures, 4)
  for _, path in ipairs(pictures) do lu.assertStrContains(support.read(path):sub(1, 8), "PNG") end
end

function T.test_recorded_random()
  local data, message = common.data()
  if not data then return lu.skip(message .. ": the recorded runs are not compared") end
  local sound, comparisons = compare.run(options { families = "rand" })
  lu.assertTrue(sound)
  lu.assertEquals(#comparisons, 40)
  for _, comparison in ipairs(comparisons) do lu.assertEquals(comparison.differences, {}) end
end

-- On a network of two inputs, where all can be said by hand: relu x1 >= 2 relu x2.
function T.test_properties()
  local net, outer = support.small(), support.square()
  local goal, start = relucid.property.argmax(net, 1), relucid.domain { lo = { 0.5, -1 }, hi = { 0.75, 0.125 } }
  local list = properties.growths(net, goal, start, outer, { query_timeout = 10 })
  lu.assertEquals(#list, 3) -- all together, and each input first
  for i, growth in ipairs(list) do
    lu.assertEquals({ growth.status, growth.maximal, growth.unknowns }, { "proved", true, 0 })
    lu.assertTrue(i == 1 or growth.volume <= list[i - 1].volume)
    local lo, hi = growth.region.lo, growth.region.hi
    lu.assertAlmostEquals(growth.volume, (hi[1] - lo[1]) * (hi[2] - lo[2]) / 0.28125, 1e-12)
    lu.assertTrue(lo[1] <= 0.5 and hi[1] == 1 and lo[2] == -1 and hi[2] >= 0.125)
    lu.assertTrue(lo[1] >= 2 * hi[2] and lo[1] - 2 * hi[2] < 0.01)
  end
  support.raises("option start: the goal does not hold on the box", properties.growths, net, goal, outer, outer, {})
  -- Where x2 <= 0, which the box implies, the goal holds everywhere.
  local box = relucid.domain { lo = { -1, -1 }, hi = { 1, -0.5 } }
  local found = properties.decompositions(net, box, outer, goal, { query_timeout = 10 })
  lu.assertEquals({ #found, found[1].candidates, found[1].pattern:list(), found[1].implies },
                  { 1, 1, { { 1, 2, 0 } }, "proved" })
  local direct, decomposed = properties.compare(net, goal, found[1].pattern, { box, start, outer }, {})
  lu.assertEquals({ direct.proved, direct.refuted, decomposed.proved, decomposed.refuted }, { 2, 1, 1, 2 })
end

-- A difference is told with an input that shows it.
function T.test_differences_are_shown()
  local net = support.small()
  local case = { family = "random", id = 0, mode = "prophecy", net = net, point = { 0.5, -0.5 }, anchor = false,
                 domain = support.square(), goal = relucid.property.argmax(net, 1) }
  local row, result = common.run(case, {})
  lu.assertTrue(row.implied)
  local record = { implied = false, fixed = row.literals - 1, pattern = { { 2, 2 } }, perimeter = row.perimeter + 1,
                   log_volume = nil, box_sum = { { -1, 1 }, { -1, 2 } } }
  local comparison = compare.one(case, record, row, result)
  lu.assertTrue(comparison.worse)
  local text = table.concat(comparison.differences, "\n")
  lu.assertStrContains(text, "recorded: not implied; the whole pattern: proved")
  lu.assertStrContains(text, "1 literals more: without (1,2): at an input that obeys it the value is -")
  lu.assertStrContains(text, "the recorded box leaves relucid's region by 2")
end

function T.test_check_finds_violations()
  local net = support.small()
  local region = relucid.region(net, support.square())
  local box = region:box "width"
  local inside, violations, example = check.region(net, region, relucid.property.argmax(net, 1), { box }, 100)
  lu.assertEquals(inside, 100)
  lu.assertTrue(violations > 0 and violations < 100)
  local y = net:eval(example)
  lu.assertTrue(y[1] < y[2])
end

function T.test_log_volume_counts_every_width()
  local expected = math.log(1 + 1e-8) + math.log(1e-8)
  lu.assertAlmostEquals(baseline.log_volume { lo = { 0, 0 }, hi = { 1, 0 } }, expected, 1e-12)
  lu.assertNil(baseline.log_volume(nil))
end

function T.test_table()
  lu.assertEquals(common.table({ "a", "name" }, { { "1", "x" }, { "12", "yy" } }),
                  "| a  | name |\n|----|------|\n|  1 | x    |\n| 12 | yy   |\n")
  lu.assertEquals(common.number(nil), "-")
  lu.assertEquals(common.number(3), "3")
  lu.assertEquals(common.number(1.23456), "1.235")
end

function T.test_machine_has_cores()
  lu.assertTrue(tonumber(common.machine():match "(%d+) cores") >= 1)
end

return T
