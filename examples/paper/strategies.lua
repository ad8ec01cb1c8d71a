--- All strategies on the inputs of the paper's experiments, side by side, and what one is to contain of another.
---
---     RELUCID_DATA=DIR lua5.4 examples/paper/strategies.lua [--families random,mnist,acas] [--count N]
---
--- Each input is one line of OUT/strategies-FAMILY-PART.jsonl; a later run reads what is there and does the rest.
--- Inclusions are decided by linear programs (`region:includes`); the claims are in examples/paper/claims.lua.
local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"
package.path = here .. "../../?.lua;" .. package.path

local common = require "examples.paper.common"
local acas = require "examples.paper.acas"
local claims = require "examples.paper.claims"
local mnist = require "examples.paper.mnist"
local random = require "examples.paper.random"
local relucid = require "relucid"
local measure = require "relucid.measure"
local sample = require "relucid.sample"

local strategies = {}

local SAMPLES, SEED = 2000, 1

--- Limits for each family. Of nodes for each query (box_nodes: those of `box`), as nodes do not depend on what else
--- the machine does; and CPU seconds for the strategies that can go on for long: `guarded`; `box`, `free` and `wide`
--- have twice as many, `rules` and `preimage` four times, `union` without data eight times.  `free` has no limit of
--- nodes: its first query proves anew what Prophecy has proved in several.
strategies.LIMITS = {
  random = { nodes = 1e6, box_nodes = 1e6, cpu = 30 },
  mnist = { nodes = 1000, box_nodes = 50, cpu = 3 },
  acas = { nodes = 5000, box_nodes = 1000, cpu = 15 },
}

-- ---- inputs -----------------------------------------------------------------------------------

---@class paper.Input  what is asked of one point
---@field family string
---@field id integer
---@field cases paper.Case[]  the paper's modes
---@field epsilons number[]

-- The paper's cases, by input.
local function by_input(cases)
  local inputs, last = {}, nil
  for _, case in ipairs(cases) do
    if not last or last.id ~= case.id then
      last = { family = case.family, id = case.id, cases = {}, epsilons = {} }
      inputs[#inputs + 1] = last
    end
    last.cases[#last.cases + 1] = case
    last.epsilons[#last.epsilons + 1] = case.eps
  end
  return inputs
end

local SOURCES = {
  random = function(options) return random.cases { seeds = options.seeds, out = options.out, own = options.own } end,
  acas = function(options) return acas.cases(options.data, options.points) end,
  mnist = function(options)
    local net, data = mnist.load(options.data)
    return mnist.cases(net, data, mnist.representatives(net, data, options.count), mnist.EPSILONS)
  end,
}

-- ---- coverage ---------------------------------------------------------------------------------

local function has_goal(case, x)
  return common.goal(case):value(nil, case.net:eval(x)) >= 0
end

-- A network with few inputs: then a sample tells of the domain, and preimages are of use.
local function is_small(net) return net.n <= 16 end

-- Sampled inputs of the domain.
local function drawn(case, seed)
  local generator, list = sample.random(seed), {}
  for _ = 1, is_small(case.net) and SAMPLES or 100 do list[#list + 1] = sample.input(generator, case.domain) end
  return list
end

-- Those of them that have the case's goal.
local function drawn_with_goal(case)
  local list = {}
  for _, x in ipairs(drawn(case, SEED)) do
    if has_goal(case, x) then list[#list + 1] = x end
  end
  return list
end

local function coverage(result, inputs)
  if #inputs == 0 then return nil end
  local hits = 0
  for _, x in ipairs(inputs) do
    for i = 1, #result do
      if result:region(i):contains(x) then
        hits = hits + 1
        break
      end
    end
  end
  return (sample.share(hits, #inputs))
end

-- ---- one input ----------------------------------------------------------------------------------

-- The best of the paper's regions by the volume of their largest boxes: its box, and its result.
local function best_of_paper(runs)
  local best, box
  for _, run in ipairs(runs) do
    local found = #run.result > 0 and run.result:box "volume" or nil
    if measure.better(measure.box("volume", found), measure.box("volume", box)) then best, box = run, found end
  end
  return box, best
end

local function in_box(x, box)
  for i, value in ipairs(x) do
    if value < box.lo[i] or value > box.hi[i] then return false end
  end
  return true
end

-- Options that end a strategy after so many CPU seconds.
local function within(seconds, fields)
  local started = nil
  fields.stop = function()
    started = started or os.clock()
    return os.clock() - started > seconds
  end
  return fields
end

-- A case like the input's, for another strategy.
local function case_of(input, mode, eps, more)
  local case = {}
  for name, value in pairs(input.cases[1]) do case[name] = value end
  case.mode, case.eps, case.options = mode, eps, more
  return case
end

-- The box starts from the paper's best one, so that it need not be found a second time.
local function box_case(input, runs, cpu)
  local box = best_of_paper(runs)
  if box and not in_box(input.cases[1].point, box) then box = nil end
  return case_of(input, "box", nil, within(2 * cpu, { start = box and { lo = box.lo, hi = box.hi } }))
end

-- Runs of an input, in order.
local function runner(input, options)
  local runs, points, progress = {}, drawn_with_goal(input.cases[1]), common.progress(options)
  return runs, function(case)
    case.options = case.options or {}
    if case.mode ~= "preimage" and case.mode ~= "free" then
      case.options.search = { nodes = case.mode == "box" and options.box_nodes or options.nodes }
    end
    local row, result = common.run(case, options)
    row.coverage = coverage(result, points)
    runs[#runs + 1] = { case = case, row = row, result = result }
    progress:show(("%s %d, %s: %.2f s"):format(input.family, input.id, common.mode_name(row), row.seconds))
  end
end

local function rows_of(runs)
  local rows = {}
  for i, each in ipairs(runs) do rows[i] = each.row end
  return rows
end

--- What is run on an input, in parts that are recorded one by one.
---@type table<string, fun(input: paper.Input, options: table): table>
strategies.parts = {}

--- The paper's modes, and what is to contain their regions.
function strategies.parts.paper(input, options)
  local runs, run = runner(input, options)
  for _, case in ipairs(input.cases) do run(case) end
  local box = box_case(input, runs, options.cpu)
  run(case_of(input, "tight", nil, { epsilon = input.epsilons }))
  for _, eps in ipairs(input.epsilons) do run(case_of(input, "guarded", eps, within(options.cpu, {}))) end
  run(box)
  return { rows = rows_of(runs), inclusions = claims.inclusions(runs) }
end

--- What is to need no more literals than Prophecy, from Prophecy's pattern on.
function strategies.parts.free(input, options)
  local runs, run = runner(input, options)
  run(case_of(input, "prophecy"))
  local prophecy = runs[1].result
  run(case_of(input, "free", nil, within(2 * options.cpu, { start = prophecy.implied and prophecy:pattern() or nil })))
  return { rows = { runs[2].row } }
end

--- One rule that covers many rows of the data.
function strategies.parts.wide(input, options)
  local runs, run = runner(input, options)
  local data = input.cases[1].data
  if data then run(case_of(input, "wide", nil, within(2 * options.cpu, { data = data }))) end
  return { rows = rows_of(runs) }
end

--- Many inputs: rows of the data or, where there is none, of the domain.
function strategies.parts.union(input, options)
  local runs, run = runner(input, options)
  local data = input.cases[1].data
  local function wide(net, x, goal, given)
    return relucid.strategy.wide(net, x, goal, within(2 * options.cpu, given))
  end
  local fields = within(8 * options.cpu, { regions = 20, samples = 1000, with = { epsilon = 0.1 } })
  if data then
    fields = { regions = options.regions, base = wide, starts = "data", data = data, with = { data = data } }
  end
  run(case_of(input, "union", nil, fields))
  return { rows = rows_of(runs) }
end

--- Regions of the whole domain: layer patterns learnt from the data, or from a sample of the domain where there is
--- none; the preimage of the goal.
function strategies.parts.whole(input, options)
  local runs, run = runner(input, options)
  local case = input.cases[1]
  local data = case.data or relucid.data(drawn(case, SEED + 1))
  run(case_of(input, "rules", nil, within(4 * options.cpu, { data = data })))
  if is_small(case.net) then run(case_of(input, "preimage", nil, within(4 * options.cpu, { polytopes = 100 }))) end
  return { rows = rows_of(runs) }
end

local PARTS = { "paper", "free", "wide", "union", "whole" }

-- ---- files ------------------------------------------------------------------------------------------

-- Add what a part recorded to the input's record.
local function merge(record, part)
  table.move(part.rows, 1, #part.rows, #record.rows + 1, record.rows)
  record.inclusions = record.inclusions or part.inclusions
end

local function path_of(family, name, options) return ("%s/strategies-%s-%s.jsonl"):format(options.out, family, name) end

-- The record of an input: what is recorded of its parts, and what is run of those that are not.
local function record_of(input, found, options)
  local record = { family = input.family, id = input.id, rows = {} }
  for _, name in ipairs(PARTS) do
    local part = found[name][input.id]
    if not part and options.run:find(name, 1, true) then
      options.memo = {}
      part = strategies.parts[name](input, options)
      part.family, part.id = input.family, input.id
      common.append(path_of(input.family, name, options), part)
    end
    if part then merge(record, part) end
  end
  return record
end

-- The records of a family's inputs, in order, and how many inputs there are; one of which nothing was run has none.
local function run_family(family, options)
  local limits = strategies.LIMITS[family]
  local limited = setmetatable({ nodes = limits.nodes, box_nodes = limits.box_nodes, cpu = options.cpu or limits.cpu },
                               { __index = options })
  common.make_directory(options.out)
  local found, records = {}, {}
  for _, name in ipairs(PARTS) do found[name] = common.records(path_of(family, name, options)) end
  local inputs = by_input(SOURCES[family](options))
  for _, input in ipairs(inputs) do
    local record = record_of(input, found, limited)
    if #record.rows > 0 then records[#records + 1] = record end
  end
  return records, #inputs
end

-- ---- tables -----------------------------------------------------------------------------------------

local function rows_of_all(records)
  local rows = {}
  for _, record in ipairs(records) do table.move(record.rows, 1, #record.rows, #rows + 1, rows) end
  return rows
end

local function line_of(name, rows)
  local function median(field) return claims.median(rows, field) end
  local ended = 0
  for _, row in ipairs(rows) do ended = ended + (row.status ~= "proved" and 1 or 0) end
  return { name, tostring(#rows), tostring(ended), common.number(median "regions", 0),
           common.number(median "support", 0), common.number(median "log_volume"), common.number(median "perimeter"),
           common.number(median "coverage", 4), common.number(median "literals", 0), common.number(median "queries", 0),
           common.number(median "cpu_seconds", 3) }
end

--- One line for each strategy: medians over the inputs.
---@param records table[]
---@return string
function strategies.table(records)
  local names, groups = common.grouped(rows_of_all(records), common.strategy_name)
  local lines = {}
  for i, name in ipairs(names) do lines[i] = line_of(name, groups[name]) end
  return common.table({ "strategy", "inputs", "ended early", "regions", "support", "log-volume", "perimeter",
                        "coverage", "literals", "queries", "CPU s" }, lines)
end

local TITLES = { random = "Random networks 5-2-5-4-3", mnist = "MNIST 784-10x10-10", acas = "ACAS Xu 1_1" }

local INTRODUCTION = [[
Medians over the inputs. "Ended early" counts cases that a time limit or an undecided first query ended; their regions
are proved all the same. Coverage is the share of a seeded uniform sample of the domain's inputs with the goal; it
says nothing where a region is far smaller than one sampled input stands for, as with hundreds of inputs. CPU seconds
are of strategy and boxes. Where a strategy gives several regions, support and coverage are of their union, boxes and
literals of the best. Boxes contain the point, but for the paper's modes on the random networks.

A strategy may be stopped after some CPU seconds, and each query but those of `free` and `preimage` has a limit of
nodes; `strategies.LIMITS` names both.
With `--run none` the tables are of what runs without it recorded, as far as they came.
]]

--- Run the experiment.
---@param options table  families (text), count, seeds, points, own, run, regions, and paper.Options
---@return boolean sound  no sampled point breaks its goal, and no claim of inclusion is refuted
---@return table<string, table[]> records
function strategies.main(options)
  local all, sections, rows, refuted = {}, { INTRODUCTION }, {}, false
  options.data = common.data()
  for family in options.families:gmatch "%a+" do
    if not SOURCES[family] then error(("family '%s': expected random, mnist or acas"):format(family), 0) end
    if options.data or family == "random" then
      local records, total = run_family(family, options)
      local title = ("## %s: %d of %d inputs\n"):format(TITLES[family], #records, total)
      all[family] = records
      local of_family = rows_of_all(records)
      table.move(of_family, 1, #of_family, #rows + 1, rows)
      local text, bad = claims.text(records)
      refuted = refuted or bad
      table.move({ title, strategies.table(records), text }, 1, 3, #sections + 1, sections)
    end
  end
  local checked, sound = common.check_text(rows)
  sections[#sections + 1] = checked
  if not options.quiet then
    io.stderr:write "\n"
    common.report("strategies", "All strategies on the paper's inputs", sections, options)
  end
  return sound and not refuted, all
end

if common.is_main "strategies" then
  local parser = common.parser("strategies", "All strategies on the paper's inputs, side by side.")
  parser:option("--families", "Which inputs.", "random,mnist,acas"):argname "F,..."
  parser:option("--count", "How many patterns of MNIST.", 50):argname("N"):convert(common.integer)
  parser:option("--seeds", "How many random networks.", 10):argname("N"):convert(common.integer)
  parser:option("--points", "Which points of ACAS Xu, such as 0,2 (default: all)."):argname "I,..."
  parser:flag("--own", "The project's own random networks even where there are recorded ones.")
  parser:option("--run", "Which parts are run where they are not recorded; none: tables only.",
                "paper,free,wide,union,whole")
    :argname "PART,..."
  parser:option("--cpu", "CPU seconds for strategies that can go on for long (see strategies.LIMITS).")
    :argname("SECONDS"):convert(tonumber)
  parser:option("--regions", "Regions of a union on data.", 3):argname("N"):convert(common.integer)
  common.main("strategies", parser, strategies.main)
end

return strategies
