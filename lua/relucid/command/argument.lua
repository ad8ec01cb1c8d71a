--- Converters of command-line arguments, as argparse takes them: a value, or nil and what is wrong.
local argument = {}

---@param text string
---@return number?, string?
function argument.number(text)
  local value = tonumber(text)
  if not value then return nil, ("'%s' is not a number"):format(text) end
  return value
end

---@param text string
---@return integer?, string?
function argument.integer(text)
  local value = math.tointeger(tonumber(text))
  if not value then return nil, ("'%s' is not an integer"):format(text) end
  return value
end

return argument
