--- What the paper's experiments share: running a case and measuring it, tables, and files of results.
---
--- Each experiment is `lua5.4 examples/paper/NAME.lua [OPTIONS]`, after `make`; `--help` lists the options.
local root = debug.getinfo(1, "S").source:match "^@(.*)examples/paper/common%.lua$" or "./"

-- Without LUA_PATH and LUA_CPATH, this checkout's modules.
if not package.searchpath("relucid", package.path) then
  package.path = ("%slua/?.lua;%slua/?/init.lua;%s"):format(root, root, package.path)
end
if not package.searchpath("relucid.core", package.cpath) then
  package.cpath = ("%s/lib/?.so;%s"):format(os.getenv "RELUCID_BUILD" or root .. "build", package.cpath)
end

local argparse = require "argparse"
local lfs = require "lfs"
local relucid = require "relucid"
local file = require "relucid.io.file"
local answer = require("relucid.strategy.arguments").answer
local check = require "examples.paper.check"
local measure = require "relucid.measure"
local Progress = require "relucid.progress"

local json = relucid.json

local common = {}

---@class paper.Case
---@field family string           "random", "plane", "mnist" or "acas"
---@field id integer              seed, or number of the point
---@field mode string             a strategy's name
---@field eps? number             of nninfer and guarded
---@field options? table          further options of the strategy
---@field net table               relucid.network
---@field point number[]
---@field goal? table             relucid.property; default: the network's own answer is the largest output
---@field domain table            relucid.domain
---@field anchor boolean          boxes contain the point
---@field data? table             relucid.data, for the support

---@class paper.Options
---@field out string              directory of the results
---@field check? integer          sample so many points of each region
---@field query_timeout? number   seconds for each query
---@field timeout? number         seconds for each case
---@field threads? integer        of a search; default 1
---@field watch? fun(case: paper.Case): fun(state: table)  makes the listener of a case's progress
---@field quiet? boolean          print nothing
---@field memo? table             what strategies share, for relucid.StrategyOptions
---@field markdown? string        file of the tables

---@class paper.Row
---@field status string           "proved", or why it ended early
---@field implied? boolean        the point's whole pattern implies what was asked
---@field contains boolean        the region contains the point
---@field regions integer         how many there are; the boxes are the best of any
---@field literals? integer       of the region with the fewest; nil: there is no pattern
---@field neurons integer
---@field queries integer
---@field unknowns integer        queries without an answer; their literals were kept
---@field perimeter? number       sum of widths of the width box; nil: there is no box
---@field log_volume? number      of the volume box, over inputs that the region does not fix
---@field fixed? integer          inputs of zero width in the volume box
---@field support? integer        rows of the data in the region
---@field seconds number          strategy and boxes
---@field strategy_seconds number
---@field cpu_seconds number      of strategy and boxes, as if nothing had been kept from earlier strategies
---@field support_seconds? number
---@field megabytes? number       peak of resident memory during the case
---@field sampled? integer        points of the region that were evaluated
---@field violations? integer     those where the goal does not hold

-- ---- the machine ---------------------------------------------------------------------------

local function first_match(path, pattern)
  local handle = io.open(path)
  if not handle then return nil end
  local text = handle:read "a"
  handle:close()
  return text:match(pattern)
end

-- Forget the peak of resident memory; where the system does not allow it the peak is that of the process.
local function reset_peak()
  local handle = io.open("/proc/self/clear_refs", "w")
  if not handle then return end
  handle:write "5"
  handle:close()
end

--- The peak of resident memory in megabytes, where the system tells.
---@return number?
function common.peak_memory()
  local kib = first_match("/proc/self/status", "VmHWM:%s*(%d+)")
  return kib and tonumber(kib) / 1024
end

--- The processor, how many cores there are and how many threads a search has.
---@param threads? integer  default 1
---@return string
function common.machine(threads)
  local model = first_match("/proc/cpuinfo", "model name%s*:%s*([^\n]+)") or "unknown processor"
  local _, cores = (first_match("/proc/cpuinfo", ".*") or ""):gsub("processor%s*:", "")
  threads = threads or 1
  local used = threads == 1 and "one thread is used" or ("%d threads are used"):format(threads)
  return ("%s, %d cores; %s"):format(model, cores, used)
end

-- ---- one case --------------------------------------------------------------------------------

-- Seconds that f took, then what it returned.
local function timed(f)
  local started = relucid.now()
  local value = f()
  return relucid.now() - started, value
end

-- The best boxes of any region.
local function add_boxes(row, result)
  local best = {}
  for i = 1, #result do
    for _, kind in ipairs { "width", "volume" } do
      local box = result:box(kind, i)
      if measure.better(measure.box(kind, box), measure.box(kind, best[kind])) then best[kind] = box end
    end
  end
  local width, volume = best.width, best.volume
  row.perimeter = width and width.sum
  row.log_volume, row.fixed = volume and volume.log_volume, volume and volume.fixed
  return width, volume
end

local function characterise(case, goal, options, progress)
  local fields = { domain = case.domain, timeout = options.timeout, progress = progress }
  local of_point = case.mode ~= "preimage"
  if of_point then
    fields.epsilon, fields.anchor, fields.memo = case.eps, case.anchor, options.memo
    fields.query_timeout, fields.threads = options.query_timeout, options.threads
  end
  for name, value in pairs(case.options or {}) do fields[name] = value end
  if of_point then return relucid.strategy.run(case.mode, case.net, case.point, goal, fields) end
  return relucid.strategy.preimage(case.net, goal, fields)
end

local function contains(result, x)
  for i = 1, #result do
    if result:region(i):contains(x) then return true end
  end
  return false
end

-- Evaluate points of each region.
local function check_regions(row, case, result, goal, boxes, count)
  row.sampled, row.violations = 0, 0
  for i = 1, #result do
    local region = result:region(i)
    local inside, violations = check.region(case.net, region, goal, #result == 1 and boxes or {}, count, i, case.point)
    row.sampled, row.violations = row.sampled + inside, row.violations + violations
    if case.data then
      inside, violations = check.data(case.net, region, goal, case.data)
      row.sampled, row.violations = row.sampled + inside, row.violations + violations
    end
  end
end

--- What the case's goal is.
---@param case paper.Case
---@return table goal  relucid.property
function common.goal(case)
  return case.goal or relucid.property.argmax(case.net, answer(case.net:eval(case.point)))
end

--- Run a strategy on a case and measure it.  Only strategy and boxes count as its seconds.
---@param case paper.Case
---@param options paper.Options
---@param progress? fun(state: table)  called after each slice of work
---@return paper.Row row
---@return relucid.Result result
function common.run(case, options, progress)
  local width, volume
  local goal = common.goal(case)
  collectgarbage()
  reset_peak()
  local cpu = os.clock()
  local strategy_seconds, result = timed(function()
    return characterise(case, goal, options, progress)
  end)
  local row = { family = case.family, id = case.id, mode = case.mode, eps = case.eps, status = result.status,
                implied = result.implied, contains = contains(result, case.point), regions = #result,
                neurons = case.net.neurons,
                queries = result.stats.queries, unknowns = result.stats.unknowns or 0, nodes = result.stats.nodes,
                lps = result.stats.lps, strategy_seconds = strategy_seconds, seconds = strategy_seconds,
                note = result.note }
  if #result > 0 then
    local fewest = measure.of.literals(result)[1]
    row.literals = fewest and math.tointeger(-fewest)
    local box_seconds = timed(function() width, volume = add_boxes(row, result) end)
    row.seconds = strategy_seconds + box_seconds
  end
  row.cpu_seconds = os.clock() - cpu + (result.stats.reused_seconds or 0)
  if #result > 0 and case.data then
    row.support_seconds, row.support = timed(function() return result:support(case.data) end)
  end
  row.megabytes = common.peak_memory()
  if options.check then check_regions(row, case, result, goal, { volume, width }, options.check) end
  return row, result
end

-- ---- text and tables -------------------------------------------------------------------------

--- A number in a table; nil: a dash.
---@param value number?
---@param digits? integer  after the point, default 3
---@return string
function common.number(value, digits)
  if not value then return "-" end
  if math.type(value) == "integer" then return tostring(value) end
  return (("%%.%df"):format(digits or 3)):format(value)
end

--- "prophecy" or "nninfer 0.1".
---@param row {mode: string, eps: number?}
---@return string
function common.strategy_name(row)
  return row.eps and ("%s %g"):format(row.mode, row.eps) or row.mode
end

--- "prophecy" or "eps 0.1".
---@param row {mode: string, eps: number?}
---@return string
function common.mode_name(row)
  return row.eps and ("eps %g"):format(row.eps) or row.mode
end

--- A Markdown table, aligned so that it reads well as plain text too.
---@param titles string[]
---@param rows string[][]
---@return string
function common.table(titles, rows)
  local widths, lines, rule = {}, {}, {}
  for c, title in ipairs(titles) do
    widths[c] = #title
    for _, row in ipairs(rows) do widths[c] = math.max(widths[c], #row[c]) end
    rule[c] = ("-"):rep(widths[c])
  end
  local function add(cells)
    local padded = {}
    for c, cell in ipairs(cells) do
      local blank = (" "):rep(widths[c] - #cell)
      padded[c] = cell:match "^[-%d.]+$" and blank .. cell or cell .. blank
    end
    lines[#lines + 1] = "| " .. table.concat(padded, " | ") .. " |"
  end
  add(titles)
  lines[#lines + 1] = "|-" .. table.concat(rule, "-|-") .. "-|"
  for _, row in ipairs(rows) do add(row) end
  return table.concat(lines, "\n") .. "\n"
end

local function verdict(row)
  if row.status ~= "proved" then return row.status end
  return row.implied == false and "not implied" or "implied"
end

--- "13 of 100", or a dash where there is no pattern.
---@param row paper.Row
---@return string
function common.literals(row)
  return row.literals and ("%d of %d"):format(row.literals, row.neurons) or "-"
end

--- One line for each case.
---@param rows paper.Row[]
---@return string
function common.case_table(rows)
  local lines = {}
  for i, row in ipairs(rows) do
    lines[i] = { tostring(row.id), common.mode_name(row), verdict(row), row.contains and "yes" or "no",
                 common.literals(row), tostring(row.queries), tostring(row.unknowns),
                 common.number(row.perimeter), common.number(row.log_volume), common.number(row.fixed),
                 common.number(row.support), common.number(row.seconds, 4), common.number(row.megabytes, 0) }
  end
  return common.table({ "case", "mode", "verdict", "point inside", "literals", "queries", "unknown", "perimeter",
                        "log-volume", "fixed", "support", "seconds", "MB" }, lines)
end

-- Least, mean and greatest of a field over rows that have it.
local function spread(rows, field)
  local least, sum, most, count = math.huge, 0, -math.huge, 0
  for _, row in ipairs(rows) do
    local value = row[field]
    if value then least, sum, most, count = math.min(least, value), sum + value, math.max(most, value), count + 1 end
  end
  if count == 0 then return {} end
  return { least = least, mean = sum / count, most = most, sum = sum }
end

local function count_if(rows, condition)
  local count = 0
  for _, row in ipairs(rows) do
    if condition(row) then count = count + 1 end
  end
  return count
end

--- Rows by name, and the names in the order in which they first occur.
---@param rows paper.Row[]
---@param name_of fun(row: paper.Row): string
---@return string[] names
---@return table<string, paper.Row[]> groups
function common.grouped(rows, name_of)
  local groups, names = {}, {}
  for _, row in ipairs(rows) do
    local name = name_of(row)
    if not groups[name] then
      groups[name] = {}
      names[#names + 1] = name
    end
    table.insert(groups[name], row)
  end
  return names, groups
end

local function summary_line(name, rows)
  local literals, seconds = spread(rows, "literals"), spread(rows, "seconds")
  local settled = count_if(rows, function(row) return row.status == "proved" end)
  return { name, tostring(#rows), tostring(settled), tostring(count_if(rows, function(row) return row.implied end)),
           tostring(count_if(rows, function(row) return row.contains end)),
           common.number(spread(rows, "support").mean, 1),
           common.number(spread(rows, "perimeter").mean), common.number(spread(rows, "log_volume").mean),
           common.number(spread(rows, "fixed").mean, 1),
           ("%d / %.1f / %d"):format(literals.least, literals.mean, literals.most),
           tostring(spread(rows, "queries").sum), tostring(spread(rows, "unknowns").sum),
           common.number(seconds.sum), common.number(seconds.most),
           common.number(spread(rows, "megabytes").most, 0) }
end

--- One line for each mode: means over the cases that have a box, totals of queries and seconds.
---@param rows paper.Row[]
---@return string
function common.summary_table(rows)
  local names, groups = common.grouped(rows, common.mode_name)
  local lines = {}
  for i, name in ipairs(names) do lines[i] = summary_line(name, groups[name]) end
  return common.table({ "mode", "cases", "settled", "implied", "point inside", "support", "perimeter", "log-volume",
                        "fixed", "literals least / mean / most", "queries", "unknown", "seconds", "slowest",
           "MB" }, lines)
end

--- How the sampled regions did, or "" where nothing was sampled.
---@param rows paper.Row[]
---@return string text
---@return boolean sound
function common.check_text(rows)
  local sampled, violations = spread(rows, "sampled"), spread(rows, "violations")
  if not sampled.sum then return "", true end
  return ("Checked by evaluation: %d points in %d regions, %d violations.\n"):format(sampled.sum,
    count_if(rows, function(row) return row.sampled end), violations.sum), violations.sum == 0
end

-- ---- files -----------------------------------------------------------------------------------

--- Make a directory and those above it.
---@param path string
function common.make_directory(path)
  local made = path:sub(1, 1) == "/" and "/" or ""
  for part in path:gmatch "[^/]+" do
    made = made .. part .. "/"
    if not lfs.attributes(made, "mode") then assert(lfs.mkdir(made)) end
  end
end

--- A JSON Lines file: call the result with each record.  It is written line by line, so that an interrupted run
--- keeps what it has.
---@param path string
---@return fun(record: table)
function common.lines(path)
  local handle = assert(io.open(path, "w"))
  return function(record)
    handle:write(json.encode(json.object(record, { "family", "id", "mode", "eps", "status", "implied" })), "\n")
    handle:flush()
  end
end

--- Add a record to a JSON Lines file.
---@param path string
---@param record table
function common.append(path, record)
  local handle = assert(io.open(path, "a"))
  handle:write(json.encode(json.object(record, { "family", "id" })), "\n")
  handle:close()
end

--- The records that earlier runs left in a JSON Lines file, by id.
---@param path string
---@return table<integer, table>
function common.records(path)
  local found = {}
  if not lfs.attributes(path, "mode") then return found end
  for line in io.lines(path) do
    local ok, record = pcall(json.decode, line, path)
    if ok then found[record.id] = record end -- the last line may be cut short
  end
  return found
end

--- The raw result of a case: what was measured, the pattern and the boxes.
---@param row paper.Row
---@param result relucid.Result
---@return table
function common.record(row, result)
  local record = {}
  for name, value in pairs(row) do record[name] = value end
  if #result > 0 then
    local pattern = result:pattern()
    record.pattern = pattern and pattern:layers()
    for _, kind in ipairs { "width", "volume" } do
      local box = result:box(kind)
      if box then record["box_" .. kind] = json.object({ lo = box.lo, hi = box.hi, gap = box.gap }) end
    end
  end
  return record
end

--- A line on the terminal that tells how far a run is; none where options.quiet is set, or stderr is no terminal.
---@param options paper.Options
---@return relucid.Progress
function common.progress(options) return options.quiet and Progress.new(false) or Progress.new() end


--- Run cases one after the other; each is shown when done and written to OUT/NAME.jsonl.
---@param name string
---@param cases paper.Case[]|fun(): paper.Case?
---@param options paper.Options
---@param each? fun(row: paper.Row, result: relucid.Result, case: paper.Case)
---@return paper.Row[]
function common.run_all(name, cases, options, each)
  common.make_directory(options.out)
  local write, rows = common.lines(("%s/%s.jsonl"):format(options.out, name)), {}
  local progress = common.progress(options)
  for i, case in ipairs(cases) do
    local row, result = common.run(case, options, options.watch and options.watch(case))
    rows[i] = row
    write(common.record(row, result))
    progress:show(("%s: %d of %d cases, the last in %.2f s"):format(name, i, #cases, row.seconds))
    if each then each(row, result, case) end
  end
  progress:clear()
  return rows
end

--- Print a report and write it as Markdown, with the command that made it and the machine.
---@param name string    of the experiment
---@param title string
---@param sections string[]
---@param options {out: string, markdown: string?, command: string?, threads: integer?}
function common.report(name, title, sections, options)
  local body = table.concat(sections, "\n")
  print(body)
  common.make_directory(options.out)
  local head = ("# %s\n\nMade by `%s` on %s.\n\n"):format(title, options.command or "lua5.4 examples/paper/" .. name
    .. ".lua", common.machine(options.threads))
  file.write(options.markdown or ("%s/%s.md"):format(options.out, name), head .. body)
end

-- ---- command line ------------------------------------------------------------------------------

--- A whole number on the command line.
---@param text string
---@return integer? value
---@return string? message
function common.integer(text)
  local value = math.tointeger(tonumber(text))
  if not value then return nil, ("'%s' is not an integer"):format(text) end
  return value
end

--- The options that all experiments have; add others before parsing.
---@param name string
---@param summary string
---@return table  of argparse
function common.parser(name, summary)
  local parser = argparse(name .. ".lua", summary)
  parser:option("--out", "Directory of the raw results.", "build/paper"):argname "DIR"
  parser:option("--markdown", "File of the tables (default: DIR/NAME.md)."):argname "FILE"
  parser:option("--check", "Evaluate so many points of each region."):argname("POINTS"):convert(common.integer)
  parser:option("--query-timeout", "Seconds for each query; an unanswered one keeps its literal.")
    :argname("SECONDS"):convert(tonumber)
  parser:option("--timeout", "Seconds for each case."):argname("SECONDS"):convert(tonumber)
  return parser
end

--- Was this file started as a script, rather than required?
---@param name string
---@return boolean
function common.is_main(name)
  return arg ~= nil and arg[0] ~= nil and arg[0]:match("examples/paper/" .. name .. "%.lua$") ~= nil
end

--- Run an experiment from the command line; the exit status is 1 where a sampled point breaks its goal.
---@param name string
---@param parser table  of argparse
---@param experiment fun(options: table): boolean  true: all is well
function common.main(name, parser, experiment)
  local options = parser:parse()
  options.command = ("lua5.4 examples/paper/%s.lua %s"):format(name, table.concat(arg, " ")):gsub("%s+$", "")
  local ok, sound = xpcall(experiment, debug.traceback, options)
  if not ok then
    io.stderr:write(("%s: %s\n"):format(name, sound))
    os.exit(2, true)
  end
  os.exit(sound and 0 or 1, true)
end

--- The directory of the data sets, or nil and what to say.
---@return string? directory
---@return string? message
function common.data()
  local directory = os.getenv "RELUCID_DATA"
  if directory and directory ~= "" then return directory end
  return nil, "RELUCID_DATA is not set"
end

return common
