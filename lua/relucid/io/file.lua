--- Text files: read whole, written whole or not at all.
local core = require "relucid.core"

local file = { STDOUT = "-" }

local function check_path(path)
  if type(path) ~= "string" then error(("path: string expected, got %s"):format(type(path)), 0) end
end

--- The content of a file; raises with its name.
---@param path string
---@return string text
function file.read(path)
  check_path(path)
  local handle, message = io.open(path, "rb")
  local text
  if handle then
    text, message = handle:read("a")
    handle:close()
  end
  if not text then
    error(message:sub(1, #path) == path and message or ("%s: %s"):format(path, message), 0)
  end
  return text
end

--- Does a file of this name exist?
---@param path string
---@return boolean
function file.exists(path)
  return core.file_kind(path) ~= nil -- a pipe must not be opened twice
end

-- What kind of file has this name, if one can be put there.
local function kind_of_target(path)
  check_path(path)
  local kind = core.file_kind(path)
  if kind == "directory" then error(("%s: Is a directory"):format(path), 0) end
  return kind
end

--- Make a file by calling fill(temporary name), then giving it its own name.  The old file stays until then.  A device
--- or a pipe, such as /dev/stdout, is filled itself.
---@param path string
---@param fill fun(temporary: string)  raises on failure
function file.replace(path, fill)
  if kind_of_target(path) == "other" then return fill(path) end
  local temporary = path .. ".part"
  local ok, message = pcall(fill, temporary)
  if ok then ok, message = os.rename(temporary, path) end
  if not ok then
    os.remove(temporary)
    error(message, 0)
  end
end

--- Raise now what would keep a file of this name from being written later.
---@param path string
function file.check_writable(path)
  if path == file.STDOUT then return end
  if kind_of_target(path) == "other" then return end
  local temporary = path .. ".part"
  local handle, message = io.open(temporary, "wb")
  if not handle then error(message, 0) end
  handle:close()
  os.remove(temporary)
end

--- Write a file through a temporary name.
---@param path string  "-": standard output
---@param text string
function file.write(path, text)
  if path == file.STDOUT then
    local ok, message = io.stdout:write(text)
    if ok then ok, message = io.stdout:flush() end
    if not ok then error(("standard output: %s"):format(message), 0) end
    return
  end
  file.replace(path, function(temporary)
    local handle, message = io.open(temporary, "wb")
    if not handle then error(message, 0) end
    local ok
    ok, message = handle:write(text)
    local closed, close_message = handle:close()
    if not ok or not closed then error(("%s: %s"):format(path, message or close_message), 0) end
  end)
end

return file
