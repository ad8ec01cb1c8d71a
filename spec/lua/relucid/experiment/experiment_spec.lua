local lu = require "luaunit"
local core = require "relucid.core"
local relucid = require "relucid"
local lines = require "relucid.experiment.lines"
local support = require "spec.support"

local T = {}

local here = os.getenv "PWD"

-- An experiment file on the demo's network; `more`: further fields as Lua text.
local function experiment(strategies, rows, more)
  return ([[
return {
  networks = { { "%s/examples/demo/climb.nnet", raw = true } },
  points = { data = "%s/examples/demo/encounters.csv", rows = { 1, %d } },
  strategies = { %s },
  %s
}]]):format(here, here, rows, strategies, more or "")
end

local FAST = "'prophecy', { 'nninfer', epsilon = 0.25 }"

-- f(path of the experiment, path of the records)
local function with_experiment(text, f)
  support.with_file(text, function(path)
    local out = path:gsub("%.lua$", ".jsonl")
    local ok, message = pcall(f, path, out)
    os.remove(out)
    if not ok then error(message, 0) end
  end, ".lua")
end

-- By key, all of a record that another run of the same has as well.
local function essence(records)
  local by_key = {}
  for _, record in ipairs(records) do
    lu.assertNil(by_key[record.key], "a run was done twice")
    local copy = relucid.json.decode(relucid.json.encode(record))
    for _, name in ipairs { "seconds", "cpu_seconds", "started", "host" } do copy[name] = nil end
    if copy.stats then copy.stats.seconds = nil end
    by_key[record.key] = copy
  end
  return by_key
end

local function undisturbed(path)
  local out = os.tmpname()
  local summary = relucid.experiment(path, { out = out, jobs = 0 })
  local records = essence(lines.read(out, "key"))
  os.remove(out)
  return records, summary
end

function T.test_processes_and_pipes_do_the_same()
  with_experiment(experiment(FAST, 5), function(path, out)
    local expected, summary = undisturbed(path)
    lu.assertEquals({ summary.total, summary.done, summary.before, summary.failed }, { 10, 10, 0, 0 })
    local status, output, errors = support.command("experiment", path, "--jobs", "2")
    lu.assertEquals({ status, errors }, { 0, "" })
    lu.assertStrContains(output, "10 runs, 0 of them done before: 10 proved")
    lu.assertEquals(essence(lines.read(out, "key")), expected)
    status, output = support.command("experiment", path, "--list")
    lu.assertEquals({ status, output }, { 0, "" }) -- nothing is left
    os.remove(out)
    local command = (os.getenv "RELUCID_BUILD" or "build") .. "/relucid"
    os.execute(("%s experiment %s --list | %s worker > %s"):format(command, path, command, out))
    lu.assertEquals(essence(lines.read(out, "key")), expected)
    status, output = support.command("experiment", path, "--jobs", "2")
    lu.assertStrContains(output, "10 runs, 10 of them done before")
    lu.assertEquals(status, 0)
  end)
end

-- What a record says is what the strategy gives.
function T.test_a_record_says_what_came_of_it()
  with_experiment(experiment("{ 'guarded', epsilon = 0.125 }", 2, "limits = { seconds = 50 }, record = true"),
    function(path, out)
      relucid.experiment(path, { jobs = 0 })
      local net = relucid.load("examples/demo/climb.nnet", { raw = true })
      local data = relucid.data "examples/demo/encounters.csv"
      for i, record in ipairs(lines.read(out, "key")) do
        local result = relucid.strategy.guarded(net, data:row(i), nil, { epsilon = 0.125 })
        lu.assertEquals({ record.status, record.width, record.log_volume, record.literals, record.regions },
                        { result.status, result:box("width").sum, result:box("volume").log_volume,
                          result:pattern():literals(), 1 })
        lu.assertEquals({ record.contains, record.row, record.version }, { true, i, relucid.version })
        lu.assertEquals(record.stats.queries, result.stats.queries)
        local back = relucid.result.decode(relucid.json.encode(record.result))
        lu.assertTrue(back:region():contains(data:row(i)))
      end
    end)
end

-- The issue of long campaigns: whatever is killed, whenever, the end is the same.
function T.test_killed_ten_times()
  with_experiment(experiment(FAST .. ", 'guarded'", 14), function(path, out)
    local expected = undisturbed(path)
    local command = (os.getenv "RELUCID_BUILD" or "build") .. "/relucid"
    support.random("kill", function(rng)
      local kills = 0
      for _ = 1, 10 do
        local process <close> = core.process { command, "experiment", path, "--jobs", "2" }
        core.poll({ process }, 0.08 + 0.25 * rng()) -- until then, or it is done
        process:kill()
        local how = process:wait()
        kills = kills + (how == "signal" and 1 or 0)
        -- As from a kill within a write: the beginning of a line.
        local last = support.read(out)
        if rng(0, 1) == 1 and last and last:sub(-1) == "\n" then
          local handle = assert(io.open(out, "a"))
          handle:write((last:match "([^\n]*)\n$" or "{"):sub(1, rng(1, 200)))
          handle:close()
        end
      end
      lu.assertTrue(kills > 0)
      local status, _, errors = support.command("experiment", path, "--jobs", "2")
      lu.assertEquals({ status, errors }, { 0, "" })
      lu.assertEquals(essence(lines.read(out, "key")), expected)
    end)
  end)
end

local function has_line(path)
  local stream = io.open(path)
  local line = stream and stream:read "l"
  if stream then stream:close() end
  return line ~= nil
end

-- The guide's recipe, killed in between.
function T.test_gnu_parallel()
  if not os.execute "command -v parallel >/dev/null" then lu.skip "GNU Parallel is not installed" end
  if os.getenv "LD_PRELOAD" then lu.skip "GNU Parallel is not for the sanitizers" end
  with_experiment(experiment(FAST, 8), function(path, out)
    local expected = undisturbed(path)
    local command = (os.getenv "RELUCID_BUILD" or "build") .. "/relucid"
    local line = ("%s experiment %s --list | parallel --will-cite --pipe -N 3 -j 2 %s worker >> %s"):format(command,
      path, command, out)
    local process <close> = core.process { "sh", "-c", line } -- leads a group of its own
    for _ = 1, 1000 do -- until the first run is done
      if #core.poll({ process }, 0.01) > 0 or has_line(out) then break end
    end
    os.execute(("kill -9 -%d"):format(process.pid))
    local how, code = process:wait() -- a fast machine may have been at the end
    lu.assertTrue(how == "signal" and code == 9 or how == "exit" and code == 0)
    lu.assertTrue(os.execute(line))
    local status, output = support.command("merge", out, "--experiment", path)
    lu.assertEquals({ status, output }, { 0, "16 runs from 1 files, 0 doubled\n" })
    lu.assertEquals(essence(lines.read(out, "key")), expected)
  end)
end

local OWN = [[
local relucid = require "relucid"
local own = relucid.strategy.define("own", { options = { what = { type = "function" } }, run = function(task)
  task.own.what(task)
  print "noise on standard output"
  return task:claim { pattern = task.full }
end })
]]

function T.test_functions_of_the_file_and_failures()
  local text = OWN .. experiment([[{ own, what = function(task)
    if task.point[1] == -51 then error("this one fails", 0) end
    if task.point[1] == 352 then os.exit(7) end
    if task.point[1] == 398 then os.execute "kill -9 $PPID" end
    if task.point[1] == -746 then io.stdout:write "this is no record\n" io.stdout:flush() end
  end }]], 6)
  with_experiment(text, function(path, out)
    local status, output, errors = support.command("experiment", path, "--jobs", "2")
    lu.assertEquals(status, 0)
    lu.assertStrContains(errors, "noise on standard output")
    lu.assertStrContains(output, "6 runs, 0 of them done before: 1 proved, 1 unknown, 4 failed")
    local by_row = {}
    for _, record in ipairs(lines.read(out, "key")) do by_row[record.row] = record end
    lu.assertEquals({ by_row[1].error, by_row[2].error, by_row[3].error, by_row[4].error, by_row[5].error },
                    { "this one fails", "the worker ended with status 7", "the worker was ended by signal 9",
                      "the worker wrote no record but 'this is no record'" })
    status, output = support.command("experiment", path, "--jobs", "1", "--retry")
    lu.assertEquals(status, 0)
    lu.assertStrContains(output, "6 runs, 2 of them done before: 1 proved, 1 unknown, 4 failed")
  end)
end

function T.test_ctrl_c()
  local text = experiment("'prophecy'", 1):gsub("return {", [[
    local own = require("relucid").strategy.define("slow", { run = function(task) while not task:poll() do end end })
    return {]]):gsub("'prophecy'", "own")
  with_experiment(text, function(path)
    local command = (os.getenv "RELUCID_BUILD" or "build") .. "/relucid"
    local errors = os.tmpname()
    local process <close> = core.process { "sh", "-c",
      ("exec %s experiment %s --jobs 1 2>%s"):format(command, path, errors) }
    core.poll({ process }, 0.5)
    os.execute("kill -INT " .. process.pid)
    lu.assertEquals({ process:wait() }, { "exit", 3 })
    lu.assertStrContains(support.read(errors), "relucid: interrupted after 0 of 1 runs; run again to go on")
    os.remove(errors)
  end)
end

function T.test_workers_refuse_what_is_no_run()
  support.with_file('nonsense\n{"a": 1}\n{"relucid_run": 9}\n{"relucid_run": 1}\n{"task": "dance"}\n', function(path)
    local status, output, errors = support.lua(([[local file = io.open(%q)
      io.stdin = file
      os.exit(require("relucid.cli").main { "worker" })]]):format(path))
    lu.assertEquals({ status, output }, { 2, "" })
    for _, text in ipairs { "standard input: line:1: column 8: invalid token", "not a run: no field 'relucid_run'",
                            "run: version 9, expected 1", " expected, got nil",
                            "run: task 'dance', expected one that this version knows" } do
      lu.assertStrContains(errors, text)
    end
  end)
end

function T.test_refuses()
  local run = relucid.experiment.run
  support.raises("unknown option 'job'; known are: jobs out progress retry", run, "x.lua", { job = 1 })
  support.raises("option jobs: is -1, expected an integer >= 0", run, "x.lua", { jobs = -1 })
  support.raises("option out: string expected, got number", run, "x.lua", { out = 1 })
  support.raises_with("x.lua: No such file", run, "x.lua")
  local given = { networks = { "examples/demo/climb.nnet" }, points = { { 0, 0, 0, 0 } }, strategies = { "prophecy" } }
  support.raises("option out: is needed: the campaign has no file", run, given)
  local seen, out = 0, os.tmpname()
  local summary = run(given, { out = out, progress = function(state)
    seen = state.done
    lu.assertEquals(state.total, 1)
  end })
  os.remove(out)
  lu.assertEquals({ seen, summary.status }, { 1, { proved = 1 } })
end

return T
