--- Names of a network's inputs and outputs: labels for people.  Where none are given, inputs are called x1, x2, ... and
--- outputs y1, y2, ...
---
--- A file of names is a JSON object with lists `inputs` and `outputs` (one of them may be missing), or text: the names
--- of the inputs on its first line, those of the outputs on its second, apart by commas or semicolons.
local core = require "relucid.core"
local file = require "relucid.io.file"
local plain = require "relucid.io.text"

local names = {}

--- Give names to a network; a list that is missing leaves what is there.
---@param net table  relucid.network
---@param given {inputs: string[]?, outputs: string[]?}
---@param from? string  where they come from, for messages
function names.give(net, given, from)
  local ok, message = pcall(core.name_network, net, given)
  if not ok then error(from and ("%s: %s"):format(from, message) or message, 0) end
end

local function of_json(text, path)
  local value = core.json.decode(text, path)
  for field, list in pairs(value) do
    if field ~= "inputs" and field ~= "outputs" then
      error(("%s: unknown field '%s', expected inputs, outputs"):format(path, plain.visible(tostring(field))), 0)
    end
    if type(list) ~= "table" then error(("%s: %s: expected a list of names"):format(path, field), 0) end
  end
  return value
end

local function split(line)
  local separator = line:find ";" and ";" or ","
  local list = {}
  for word in (line .. separator):gmatch("([^" .. separator .. "]*)" .. separator) do
    list[#list + 1] = word:match "^%s*\"?(.-)\"?%s*$"
  end
  if list[#list] == "" then list[#list] = nil end
  return list
end

local function of_lines(text, path)
  local lines = {}
  for line in text:gmatch "[^\r\n]+" do
    if line:find "%S" then lines[#lines + 1] = split(line) end
  end
  if #lines < 1 or #lines > 2 then
    error(("%s: has %d lines, expected one of the inputs' names and one of the outputs'"):format(path, #lines), 0)
  end
  return { inputs = lines[1], outputs = lines[2] }
end

--- The names in a file.
---@param path string
---@return {inputs: string[]?, outputs: string[]?}
function names.read(path)
  local text = plain.plain(file.read(path), path)
  return (text:match "^%s*{" and of_json or of_lines)(text, path)
end

--- Give the names in a data file's header to the inputs, where these have none and the header's will do.
---@param net table   relucid.network
---@param data table  relucid.data whose columns are the inputs
function names.of_data(net, data)
  if net.named_inputs or not data.names then return end
  local ok, message = pcall(core.name_network, net, { inputs = data.names })
  if not ok and not message:find "^names: " then error(message, 0) end -- Ctrl-C, memory
end

-- The number in `list` that a word means: of the entry with this name, else the number itself.
local function find(list, word, what)
  for i, entry in ipairs(list) do
    if entry.name == word then return i end
  end
  local i = word:match "^%d+$" and math.tointeger(tonumber(word))
  if i and i >= 1 and i <= #list then return i end
  local known = {}
  for k = 1, math.min(#list, 20) do known[k] = list[k].name end
  error(("%s '%s': expected a number from 1 to %d or a name: %s%s"):format(what, word, #list, table.concat(known, " "),
    #list > 20 and " ..." or ""), 0)
end

--- The number (from 1) of the output that a word names; a name comes before a number.
---@param net table  relucid.network
---@param word string
---@return integer
function names.output(net, word) return find(net.outputs, word, "output") end

--- The same for an input.
---@param net table  relucid.network
---@param word string
---@return integer
function names.input(net, word) return find(net.inputs, word, "input") end

return names
