--- A file of records, one line of JSON each, that is added to run by run and survives any end of the process.
---
--- A line counts once its newline is there.  What a killed process left behind it, the beginning of a line, is blanked
--- when the file is opened the next time.  One process at a time may add to a file.
local core = require "relucid.core"
local file = require "relucid.io.file"

local json = core.json

local lines = {}

---@class relucid.Lines
---@field path string
---@field records table[]              those that were there when it was opened
local Lines = {}
Lines.__index = Lines

-- Where LuaFileSystem is there, the file is locked until it is closed, however the process ends.
local function lock(handle, path)
  local ok, lfs = pcall(require, "lfs")
  if ok and not lfs.lock(handle, "w") then error(("%s: another process is adding to it"):format(path), 0) end
end

--- The value of one line of a file.
---@param line string
---@param name string  of the file
---@param number integer
---@return any
function lines.value(line, name, number)
  local ok, value = pcall(json.decode, line, "x")
  if not ok then error(("%s:%d: %s"):format(name, number, (value:gsub("^x:1:(%d+): ", "column %1: "))), 0) end
  return value
end

--- The records in a text; raises with the line's number where one is none.
---@param text string
---@param name string
---@param field string  that a record must have
---@return table[]
function lines.decode(text, name, field)
  local list, number = {}, 0
  for line in text:gmatch "([^\n]*)\n?" do
    number = number + 1
    if line:match "%S" then
      local record = lines.value(line, name, number)
      if type(record) ~= "table" or record[field] == nil then
        error(("%s:%d: no field '%s'"):format(name, number, field), 0)
      end
      list[#list + 1] = record
    end
  end
  return list
end

--- The records of a file.  Whatever stands behind its last newline is left out: it is being written, or was when its
--- writer was killed.
---@param path string
---@param field string  that a record must have
---@return table[]
function lines.read(path, field)
  local text = file.read(path)
  local rest = text:match "[^\n]*$"
  if not pcall(json.decode, rest, path) then text = text:sub(1, #text - #rest) end
  return lines.decode(text, path, field)
end

-- Blank the beginning of a line at the end of the file; where it is a whole record only its newline was lost.
local function repair(handle, text, path)
  local whole = text:match "^(.*\n)" or ""
  local rest = text:sub(#whole + 1)
  if rest == "" then return text end
  local complete = pcall(json.decode, rest, path)
  if not complete then
    handle:seek("set", #whole)
    handle:write((" "):rep(#rest))
  end
  handle:seek "end"
  assert(handle:write "\n")
  assert(handle:flush())
  return complete and text .. "\n" or whole
end

--- Open a file to add records; it is made where there is none.
---@param path string
---@param field string  that a record must have
---@return relucid.Lines
function lines.open(path, field)
  local kind = core.file_kind(path)
  if kind == "other" then -- a pipe or a device keeps nothing
    local handle, message = io.open(path, "wb")
    if not handle then error(message, 0) end
    return setmetatable({ path = path, handle = handle, records = {} }, Lines)
  end
  if kind == "directory" then error(("%s: Is a directory"):format(path), 0) end
  local handle, message = io.open(path, "r+b")
  if not handle and not kind then handle, message = io.open(path, "w+b") end
  if not handle then error(message, 0) end
  lock(handle, path)
  local records = lines.decode(repair(handle, handle:read "a", path), path, field)
  handle:seek "end"
  return setmetatable({ path = path, handle = handle, records = records }, Lines)
end

--- Add a line, without its newline.
---@param line string
function Lines:add(line)
  local ok, message = self.handle:write(line, "\n")
  if ok then ok, message = self.handle:flush() end
  if not ok then error(("%s: %s"):format(self.path, message), 0) end
end

function Lines:close()
  if self.handle then self.handle:close() end
  self.handle = nil
end

Lines.__close = Lines.close

return lines
