-- The Lua and sh blocks of a Markdown file, run as they stand, in order, in a directory that looks like the checkout
-- after `make`.  A Lua block that starts with `-- NAME.lua` is kept there under that name for the blocks after it.
local lu = require "luaunit"
local lfs = require "lfs"
local support = require "spec.support"

local blocks = {}

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

--- The blocks of a text: language, code, line.
---@param text string
---@return {language: string, code: string, line: integer}[]
function blocks.of(text)
  local list, block = {}, nil
  local number = 0
  for line in text:gmatch "([^\n]*)\n" do
    number = number + 1
    local language = line:match "^```(%w*)$"
    if block and language then
      block.code = table.concat(block, "\n") .. "\n"
      list[#list + 1] = block
      block = nil
    elseif language then
      block = { language = language, line = number }
    elseif block then
      block[#block + 1] = line
    end
  end
  lu.assertNil(block, "a block is not closed")
  return list
end

-- Building and installing is not for a test.
local function runs(block)
  if block.language == "lua" then return true end
  local code = block.code
  return block.language == "sh" and not (code:match "^make" or code:match "apt" or code:match "^luarocks")
end

local function write(path, text)
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
end

--- Run a block; its output.  Fails where it fails.
---@param directory string
---@param block table
---@param name string  the file, for messages
---@return string
function blocks.run(directory, block, name)
  local command
  if block.language == "lua" then
    local script = block.code:match "^%-%- (%w+%.lua)\n" or "block.lua"
    write(directory .. "/" .. script, block.code)
    command = (arg[-1] or "lua5.4") .. " " .. script
  else
    write(directory .. "/block.sh", block.code)
    command = "sh -e block.sh"
  end
  local pipe = assert(io.popen(("cd %s && %s 2>&1"):format(quote(directory), command)))
  local output = pipe:read "a"
  local ok = pipe:close()
  lu.assertTrue(ok, ("%s:%d: %s"):format(name, block.line, output))
  return output
end

--- f(directory) with a directory that looks like the checkout.
---@param f fun(directory: string)
function blocks.in_checkout(f)
  local root, directory = lfs.currentdir(), os.tmpname()
  os.remove(directory)
  assert(lfs.mkdir(directory))
  local build = os.getenv "RELUCID_BUILD" or root .. "/build"
  assert(lfs.link(build, directory .. "/build", true))
  for _, name in ipairs { "examples", "lua", "include" } do
    assert(lfs.link(root .. "/" .. name, directory .. "/" .. name, true))
  end
  local ok, message = pcall(f, directory)
  os.execute("rm -r " .. quote(directory))
  if not ok then error(message, 0) end
end

--- Run all blocks of a file that can run; what they print, together, and how many there are.
---@param path string
---@return string output
---@return integer count
function blocks.run_all(path)
  local outputs = {}
  blocks.in_checkout(function(directory)
    for _, block in ipairs(blocks.of(support.read(path))) do
      if runs(block) then outputs[#outputs + 1] = blocks.run(directory, block, path) end
    end
  end)
  return table.concat(outputs), #outputs
end

--- What the `text` block after the n-th says a command prints is what it prints, but for lines that start with x1, x2
--- ..., whose last digits depend on the machine's rounding.
---@param path string
---@param command integer  the number of the block of the command; the next one has its output
function blocks.check_output(path, command)
  local list = blocks.of(support.read(path))
  blocks.in_checkout(function(directory)
    local output = blocks.run(directory, list[command], path)
    for line in list[command + 1].code:gmatch "([^\n]+)" do
      if line:match "^[%a]+ " and not line:match "^x%d" then lu.assertStrContains(output, line) end
    end
  end)
end

--- The files of a text's relative links, as paths from the checkout.
---@param path string  the Markdown file
---@return string[]
function blocks.links(path)
  local directory, list = path:match "^(.*/)[^/]*$" or "", {}
  for target in support.read(path):gmatch "%]%(([^)%s]+)%)" do
    local file = target:gsub("#.*$", "")
    if file ~= "" and not file:match "^%a+:" then list[#list + 1] = directory .. file end
  end
  return list
end

return blocks
