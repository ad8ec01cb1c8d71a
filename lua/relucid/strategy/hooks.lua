--- Functions of the user's own that long work calls: hooks.
local job = require "relucid.job"

local hooks = {}

---@class relucid.State  what the hooks stop and progress are told
---@field strategy string
---@field seconds number
---@field queries integer   of the whole strategy so far; also nodes, lps, ...
---@field verdict string    of the first query of the minimisation at hand, "running" before
---@field pattern table|nil relucid.pattern: the smallest one so far
---@field text string|nil   where the strategy is

--- Call a function of the user's; its errors say whose they are.  What Ctrl-C raises, and errors that are no texts,
--- pass as they are.
---@param option string  its name
---@param f function
---@return any
function hooks.call(option, f, ...)
  local answers = table.pack(pcall(f, ...))
  if answers[1] then return table.unpack(answers, 2, answers.n) end
  local message = answers[2]
  if type(message) ~= "string" or job.is_interrupt(message) then error(message, 0) end
  error(("option %s raised: %s"):format(option, message), 0)
end

return hooks
