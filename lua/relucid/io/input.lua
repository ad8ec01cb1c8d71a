--- Points and domains as the command line takes them.
local core = require "relucid.core"
local file = require "relucid.io.file"
local plain = require "relucid.io.text"

local json = core.json

local input = {}

-- Numbers apart by a comma, a semicolon or white space, always the same; the text has no white space around it.
local function numbers_of_text(text, name)
  local point = {}
  local fields = text:gsub("%s*([,;])%s*", "%1"):gsub("%s+", " ")
  local separator = fields:match "[,; ]" or ","
  for word in (fields .. separator):gmatch("([^" .. separator .. "]*)" .. separator) do
    if word:find "[,; ]" then
      error(("%s: '%s': two kinds of separators (comma, semicolon, blank)"):format(name, plain.visible(word)), 0)
    end
    if word == "" then error(("%s: '%s': number %d is missing"):format(name, plain.visible(text), #point + 1), 0) end
    local value = plain.number(word)
    if not value then error(("%s: '%s' is not a number"):format(name, plain.visible(word)), 0) end
    point[#point + 1] = value
  end
  return point
end

-- The list, whose elements must be finite numbers.
local function checked(point, name)
  for i, x in ipairs(point) do
    if type(x) ~= "number" or x ~= x or math.abs(x) == math.huge then
      error(("%s: number %d is %s, expected a finite number"):format(name, i,
        type(x) == "table" and "a list" or plain.visible(tostring(x))), 0)
    end
  end
  return point
end

local function point_of_text(text, name)
  local bare = text:match("^%s*(.-)%s*$")
  if bare == "" then error(("%s: is empty, expected numbers"):format(name), 0) end
  if bare:sub(1, 1) ~= "[" then
    if bare:find("\n%s*%S") and bare:find("[,;]") then
      error(("%s: has several lines, expected one row; use --data FILE --point data:ROW"):format(name), 0)
    end
    return checked(numbers_of_text(bare, name), name)
  end
  local point = json.decode(bare, name)
  if type(point[1]) == "table" and #point == 1 then point = point[1] end
  return checked(point, name)
end

--- A point: `data:I` for row I of the data, the name of a file, or the numbers themselves; a file holds
--- a JSON array, a CSV row, or numbers.
---@param argument string
---@param n integer  inputs of the network
---@param data table|nil  relucid.data
---@return number[]
function input.point(argument, n, data)
  local point = input.numbers(argument, data)
  if #point ~= n then error(("--point: has %d numbers, expected %d"):format(#point, n), 0) end
  return point
end

--- The same without a check of the length.
---@param argument string
---@param data table|nil  relucid.data
---@return number[]
function input.numbers(argument, data)
  local row = argument:match("^data:(.*)$")
  if row then
    if not data then error(("--point %s: give the data with --data"):format(argument), 0) end
    local i = math.tointeger(plain.number(row))
    if not i or i < 1 or i > #data then
      error(("--point %s: expected a row from 1 to %d"):format(argument, #data), 0)
    end
    return data:row(i)
  end
  if file.exists(argument) then return point_of_text(plain.plain(file.read(argument), argument), argument) end
  if not tonumber(argument:match "^[%s%[]*([^%s,;%]]*)") then
    error(("--point %s: neither a file nor numbers"):format(argument), 0)
  end
  return point_of_text(argument, "--point")
end

-- A number stands for the same bound on every input.
local function bounds(value, n)
  if type(value) ~= "number" then return value end
  local list = {}
  for i = 1, n do list[i] = value end
  return list
end

--- Data whose rows are inputs.
---@param path string
---@param n integer  inputs of the network
---@return table data  relucid.data
function input.data(path, n)
  local data = core.data(path)
  if data.columns ~= n then
    error(("%s: has %d columns, the network has %d inputs"):format(path, data.columns, n), 0)
  end
  return data
end

local DOMAIN_FIELDS = { lo = true, hi = true, A = true, b = true }

--- A domain {lo, hi [, A, b]}: the name of a JSON file, or the JSON object itself.
---@param argument string
---@param n integer  inputs of the network
---@return table domain  relucid.domain
function input.domain(argument, n)
  local inline = argument:match("^%s*[{%[]")
  local name = inline and "--domain" or argument
  local value = json.decode(inline and argument or plain.plain(file.read(argument), name), name)
  if type(value) ~= "table" or value.lo == nil or value.hi == nil then
    error(("%s: expected a JSON object with lo and hi"):format(name), 0)
  end
  for field in pairs(value) do
    if not DOMAIN_FIELDS[field] then error(("%s: unknown field '%s', expected lo, hi, A, b"):format(name, field), 0) end
  end
  local ok, domain = pcall(core.domain, { lo = bounds(value.lo, n), hi = bounds(value.hi, n), A = value.A,
                                          b = value.b })
  if ok and domain.n ~= n then
    ok, domain = false, ("lo has %d numbers, the network has %d inputs"):format(domain.n, n)
  end
  if not ok then error(("%s: %s"):format(name, domain), 0) end
  return domain
end

--- Two inputs, by number from 1 or by name.
---@param text string     of --inputs: "4,1", "speed,distance"
---@param names string[]  of all inputs
---@return integer[]
function input.pair(text, names)
  local list = {}
  for word in (text .. ","):gmatch "([^,]*)," do
    local number = math.tointeger(tonumber(word))
    for i, name in ipairs(names) do
      if name == word then number = i end
    end
    if not number or number < 1 or number > #names then
      error(("--inputs: '%s' is no input, expected a name or an integer from 1 to %d"):format(word, #names), 0)
    end
    list[#list + 1] = number
  end
  if #list ~= 2 then error(("--inputs: has %d inputs, expected two"):format(#list), 0) end
  return list
end

return input
