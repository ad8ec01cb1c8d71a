--- Converters of command-line arguments, as argparse takes them: a value, or nil and what is wrong.
local plain = require "relucid.io.text"

local argument = {}

---@param text string
---@return number?, string?
function argument.number(text)
  local value = plain.number(text)
  if not value then return nil, ("'%s' is not a number"):format(text) end
  return value
end

---@param text string
---@return integer?, string?
function argument.integer(text)
  local value = math.tointeger(plain.number(text))
  if not value then return nil, ("'%s' is not an integer"):format(text) end
  return value
end

--- A number of at least 0, such as seconds.
---@param text string
---@return number?, string?
function argument.amount(text)
  local value = plain.number(text)
  if not value or value ~= value or value < 0 then return nil, ("'%s' is not a number of at least 0"):format(text) end
  return value
end

--- An integer of at least 0, such as a seed.
---@param text string
---@return integer?, string?
function argument.count(text)
  local value = math.tointeger(plain.number(text))
  if not value or value < 0 then return nil, ("'%s' is not an integer of at least 0"):format(text) end
  return value
end

--- An integer of at least 1.
---@param text string
---@return integer?, string?
function argument.positive(text)
  local value = math.tointeger(tonumber(text))
  if not value or value < 1 then return nil, ("'%s' is not an integer of at least 1"):format(text) end
  return value
end

--- Words apart by commas.
---@param text string
---@return string[]?, string?
function argument.words(text)
  local list = {}
  for word in text:gmatch "[^,%s]+" do list[#list + 1] = word end
  if #list == 0 then return nil, ("'%s' has no word"):format(text) end
  return list
end

--- Add the option --names to a command.
---@param parser table  of argparse
function argument.names(parser)
  parser:option("--names", "Names of inputs and outputs: a JSON object with lists inputs and outputs, or a line of "
    .. "each, apart by commas."):argname "FILE"
end

return argument
