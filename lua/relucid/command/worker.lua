--- relucid worker: runs as lines of JSON on standard input, their records on standard output.
local campaign = require "relucid.experiment.campaign"
local job = require "relucid.job"
local lines = require "relucid.experiment.lines"
local output = require "relucid.io.output"
local tasks = require "relucid.experiment.tasks"

local command = { summary = "Do runs: lines of JSON on standard input, their records on standard output.",
                  no_json = true }

function command.define() end

-- What strategies of the user's print must not come between the records.
local function keep_output()
  output.print_to_stderr()
  io.stdout:setvbuf "line"
  return io.stdout
end

---@return integer status
function command.run()
  local records, number, bad = keep_output(), 0, 0
  for line in io.stdin:lines() do
    number = number + 1
    if line:match "%S" then
      local ok, record = pcall(function() return tasks.execute(lines.value(line, "line", number)) end)
      if not ok and job.is_interrupt(record) then error(record, 0) end
      if ok then
        records:write(campaign.line(record), "\n")
        records:flush()
        output.check()
      else
        bad = bad + 1
        io.stderr:write(("relucid: standard input: %s\n"):format(record))
      end
    end
  end
  return bad > 0 and 2 or 0
end

return command
