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

--- Ask a function of the user's a question of yes or no.
---@param option string  its name
---@param f function
---@return boolean
function hooks.asks(option, f, ...)
  local answer = hooks.call(option, f, ...)
  if answer ~= nil and type(answer) ~= "boolean" then
    error(("option %s: returned %s, expected true, false or nil"):format(option, hooks.described(answer)), 0)
  end
  return answer == true
end

--- A value in words, for messages.
---@param value any
---@return string
function hooks.described(value)
  if type(value) == "string" then return ("'%s'"):format(value) end
  if type(value) == "number" or value == nil then return tostring(value) end
  return "a " .. type(value)
end

--- Raise unless what a function returned is a list of different inputs.
---@param option string  its name
---@param list any
---@param n integer  inputs there are
---@return integer[]
function hooks.inputs(option, list, n)
  if type(list) ~= "table" then error(("option %s: returned %s, expected a list"):format(option, type(list)), 0) end
  local seen = {}
  for k, input in ipairs(list) do
    if math.type(input) ~= "integer" or input < 1 or input > n then
      local what = hooks.described(input)
      error(("option %s: returned [%d] = %s, expected an input from 1 to %d"):format(option, k, what, n), 0)
    end
    if seen[input] then error(("option %s: returned input %d twice"):format(option, input), 0) end
    seen[input] = true
  end
  return list
end

return hooks
