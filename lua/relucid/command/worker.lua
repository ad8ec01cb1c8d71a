--- relucid worker: runs as lines of JSON on standard input, their records on standard output.
local campaign = require "relucid.experiment.campaign"
local job = require "relucid.job"
local lines = require "relucid.experiment.lines"
local tasks = require "relucid.experiment.tasks"

local command = { summary = "Do runs: lines of JSON on standard input, their records on standard output.",
                  no_json = true }

function command.define() end

-- What strategies of the user's print must not come between the records.
local function keep_output()
  local output = io.stdout
  io.output(io.stderr)
  print = function(...) -- luacheck: ignore 121
    local words = table.pack(...)
    for i = 1, words.n do words[i] = tostring(words[i]) end
    io.stderr:write(table.concat(words, "\t"), "\n")
  end
  output:setvbuf "line"
  return output
end

---@return integer status
function command.run()
  local output, number, bad = keep_output(), 0, 0
  for line in io.stdin:lines() do
    number = number + 1
    if line:match "%S" then
      local ok, record = pcall(function() return tasks.execute(lines.value(line, "line", number)) end)
      if not ok and job.is_interrupt(record) then error(record, 0) end
      if ok then
        output:write(campaign.line(record), "\n")
        output:flush()
      else
        bad = bad + 1
        io.stderr:write(("relucid: standard input: %s\n"):format(record))
      end
    end
  end
  return bad > 0 and 2 or 0
end

return command
