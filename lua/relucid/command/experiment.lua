--- relucid experiment: a campaign of many runs.
local experiment = require "relucid.experiment"
local lines = require "relucid.experiment.lines"
local file = require "relucid.io.file"
local converters = require "relucid.command.argument"
local job = require "relucid.job"
local Progress = require "relucid.progress"

local command = { summary = "Run a campaign: every finished run is a line of JSON; run again to resume." }

local DONE, UNKNOWN = 0, 3

function command.define(parser)
  parser:argument("file", "What to run: a Lua file that returns a table of networks, points, strategies, ...")
    :argname "FILE"
  parser:option("--out", "Where the records go (default: FILE with .jsonl for .lua); those there are not repeated.")
    :argname "RUNS"
  parser:option("--jobs", "Processes (default: one for each core)."):argname("N"):convert(converters.count)
  parser:flag("--retry", "Do runs again that failed.")
  parser:flag("--list", "Print the runs that are left, for `relucid worker`, and do none.")
end

-- "1 h 20 min", "35 s"
local function duration(seconds)
  if seconds >= 3600 then return ("%d h %02d min"):format(seconds // 3600, seconds % 3600 // 60) end
  if seconds >= 60 then return ("%d min %02d s"):format(seconds // 60, seconds % 60) end
  return ("%.0f s"):format(seconds)
end

local function show(progress)
  return function(state)
    local left = state.left and (", about %s left"):format(duration(state.left)) or ""
    local failed = state.failed > 0 and (", %d failed"):format(state.failed) or ""
    progress:show(("experiment: %d of %d runs%s, %s%s"):format(state.done, state.total, failed,
      duration(state.seconds), left))
  end
end

local function list(args)
  local all, out = experiment.runs(experiment.read(args.file), args.file), args.out or experiment.default_out(args.file)
  local records = file.exists(out) and lines.read(out, "key") or {}
  for _, asked in ipairs(experiment.open_runs(all, records, args.retry)) do print(experiment.line(asked)) end
  return DONE
end

local function report(summary)
  local words = {}
  for status, count in pairs(summary.status) do words[#words + 1] = ("%d %s"):format(count, status) end
  table.sort(words)
  print(("%d runs, %d of them done before: %s"):format(summary.total, summary.before, table.concat(words, ", ")))
  print(("records    %s"):format(summary.out))
end

---@param args table  as argparse gives them
---@return integer status
function command.run(args)
  if args.list then return list(args) end
  local progress, last = Progress.new(), nil
  local shown = progress.enabled and show(progress)
  local ok, summary = pcall(experiment.run, args.file, { out = args.out, jobs = args.jobs, retry = args.retry,
    progress = function(state)
      last = state
      if shown then shown(state) end
    end })
  progress:clear()
  if not ok and job.is_interrupt(summary) then
    io.stderr:write(("relucid: interrupted%s; run again to go on\n"):format(last and (" after %d of %d runs")
      :format(last.done, last.total) or ""))
    return UNKNOWN
  end
  if not ok then error(summary, 0) end
  report(summary)
  if args.json then file.write(args.json, require("relucid").json.encode(summary) .. "\n") end
  return DONE
end

return command
