--- What a worker can do: runs of campaigns, and parts of large questions.
local parts = require "relucid.experiment.parts"
local run = require "relucid.experiment.run"

local tasks = {}

local function do_part(asked) return run.recorded(asked, parts.perform) end

-- By the field `task`; without it: a run of a campaign.
local DOERS = { campaign = run.execute, verify = do_part, preimage = do_part }

--- Do what a line asks for; raises where it is no run at all.
---@param asked table
---@return table record
function tasks.execute(asked)
  local kind = type(asked) == "table" and asked.task or "campaign"
  local doer = DOERS[kind]
  if not doer then error(("run: task '%s', expected one that this version knows"):format(tostring(kind)), 0) end
  return doer(asked)
end

return tasks
