--- Minimal patterns: how many decision queries `free` needs, against deletion in index order.
---
---     RELUCID_DATA=DIR lua5.4 examples/paper/minimal.lua [--families mnist,acas] [--count N]
---
--- Deletion tries one literal after the other, neuron 1 of layer 1 first, and asks a query for each that neither a
--- stored counterexample nor the core of an earlier proof settles.  `free` drops literals in chunks, the last layer
--- first.  A query has a limit of nodes, the same for both; one without an answer keeps its literals.
--- `free, a tenth` has a tenth of the queries that deletion in index order asks at worst, one for each neuron; as they
--- are few, each may spend ten times as many nodes.  The CPU seconds tell what each costs.  Each input is one line of
--- OUT/minimal-FAMILY.jsonl; a later run reads what is there and does the rest.
local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"
package.path = here .. "../../?.lua;" .. package.path

local common = require "examples.paper.common"
local acas = require "examples.paper.acas"
local claims = require "examples.paper.claims"
local mnist = require "examples.paper.mnist"
local sample = require "relucid.sample"

local minimal = {}

--- Nodes of each query of deletion.
minimal.NODES = { mnist = 100, acas = 200 }

local ACAS_POINTS, SEED = 20, 1
local ALL = { mnist = 50, acas = ACAS_POINTS }

local SOURCES = {
  mnist = function(directory, count)
    local net, data = mnist.load(directory)
    return mnist.cases(net, data, mnist.representatives(net, data, count), {})
  end,
  -- The recorded points, and sampled ones.
  acas = function(directory, count)
    local cases, generator = {}, sample.random(SEED)
    for _, case in ipairs(acas.cases(directory)) do
      if case.mode == "prophecy" then cases[#cases + 1] = case end
    end
    for id = #cases, ACAS_POINTS - 1 do
      local case = {}
      for name, value in pairs(cases[1]) do case[name] = value end
      case.id, case.point = id, sample.input(generator, case.domain)
      cases[#cases + 1] = case
    end
    return table.move(cases, 1, math.min(count, #cases), 1, {})
  end,
}

local WAYS = {
  { name = "deletion", options = function(_, nodes)
    return { mode = "deletion", layers = "forward", search = { nodes = nodes } }
  end },
  { name = "free", options = function(_, nodes) return { search = { nodes = nodes } } end },
  { name = "free, a tenth", options = function(neurons, nodes)
    return { queries = neurons // 10 - 1, search = { nodes = 10 * nodes } } -- one more query is asked and left
  end },
}

-- A record with every way; those that `found` has are not run again.  Second result: whether any was run.
local function record_of(family, case, options, found)
  local record, any = { family = family, id = case.id }, false
  for name, value in pairs(found or {}) do record[name] = value end
  local function run(way)
    any = true
    case.mode, case.options = "free", way.options(case.net.neurons, minimal.NODES[family])
    case.options.grow = false
    local row = common.run(case, options)
    record[way.name] = { literals = row.literals, queries = row.queries, unknowns = row.unknowns, status = row.status,
                         cpu_seconds = row.cpu_seconds, sampled = row.sampled, violations = row.violations }
  end
  for _, way in ipairs(WAYS) do
    if not record[way.name] then run(way) end
  end
  return record, any
end

local function run_family(family, options)
  local path, records = ("%s/minimal-%s.jsonl"):format(options.out, family), {}
  local progress = common.progress(options)
  common.make_directory(options.out)
  local found = common.records(path)
  for _, case in ipairs(SOURCES[family](options.data, options.count)) do
    local record, any = found[case.id], false
    if not options.recorded then record, any = record_of(family, case, options, record) end
    if any then common.append(path, record) end
    progress:show(("%s: input %d"):format(family, case.id))
    records[#records + 1] = record
  end
  progress:clear()
  return records, ALL[family]
end

-- A line for each way, and how it compares with deletion.
local function medians(records)
  local lines, first = {}, nil
  for i, way in ipairs(WAYS) do
    local rows = {}
    for r, record in ipairs(records) do rows[r] = record[way.name] end
    local function median(field) return claims.median(rows, field) end
    local queries = median "queries"
    first = first or queries
    lines[i] = { way.name, tostring(#rows), common.number(queries, 1), ("%.1f"):format(first / queries),
                 common.number(median "literals", 1), common.number(median "unknowns", 1),
                 common.number(median "cpu_seconds", 3) }
  end
  return common.table({ "way", "inputs", "queries", "times fewer", "literals", "unknown", "CPU s" }, lines)
end

local function text_of(family, records, total)
  if #records == 0 then return ("## %s\n\nNo input was run.\n"):format(family) end
  local rows, titles = {}, { "input" }
  for _, way in ipairs(WAYS) do
    for _, title in ipairs { way.name .. ": queries", "unknown", "literals" } do titles[#titles + 1] = title end
  end
  for i, record in ipairs(records) do
    rows[i] = { tostring(record.id) }
    for _, way in ipairs(WAYS) do
      for _, field in ipairs { "queries", "unknowns", "literals" } do
        table.insert(rows[i], common.number(record[way.name][field]))
      end
    end
  end
  return ("## %s: %d of %d inputs\n\nMedians:\n\n%s\n%s"):format(family, #records, total, medians(records),
    common.table(titles, rows))
end

-- Each way against deletion, input by input.
local function together(records)
  local lines = {}
  for i = 2, #WAYS do
    local name, rows, fewer = WAYS[i].name, {}, 0
    for r, record in ipairs(records) do
      local way, deletion = record[name], record.deletion
      rows[r] = { ratio = deletion.queries / way.queries, literals = way.literals - deletion.literals }
      if way.literals <= deletion.literals then fewer = fewer + 1 end
    end
    lines[i - 1] = { name, tostring(#rows), ("%.1f"):format(claims.median(rows, "ratio")),
                     common.number(claims.median(rows, "literals"), 1), tostring(fewer) }
  end
  return ("## All inputs, one by one\n\nMedians of what each way has against deletion:\n\n%s"):format(
    common.table({ "way", "inputs", "times fewer queries", "literals more", "no more literals at" }, lines))
end

--- Run the experiment.
---@param options table  families (text), count, recorded, and paper.Options
---@return boolean sound
function minimal.main(options)
  local directory, message = common.data()
  if not directory then error(message, 0) end
  options.data = directory
  local sections, all = {}, {}
  for family in options.families:gmatch "%a+" do
    if not SOURCES[family] then error(("family '%s': expected mnist or acas"):format(family), 0) end
    local records, total = run_family(family, options)
    sections[#sections + 1] = text_of(family, records, total)
    table.move(records, 1, #records, #all + 1, all)
  end
  if #all > 0 then sections[#sections + 1] = together(all) end
  common.report("minimal", "Minimal patterns", sections, options)
  return true
end

if common.is_main "minimal" then
  local parser = common.parser("minimal", "Minimal patterns: queries of free against deletion in index order.")
  parser:option("--families", "Which inputs.", "mnist,acas"):argname "F,..."
  parser:option("--count", "How many inputs.", 50):argname("N"):convert(common.integer)
  parser:flag("--recorded", "Only the tables of what earlier runs left.")
  common.main("minimal", parser, minimal.main)
end

return minimal
