-- README.md: its Lua and sh blocks run as they stand, in order, in a directory that looks like the checkout after
-- `make`.  A Lua block that starts with `-- NAME.lua` is kept there under that name for the blocks after it.
local lu = require "luaunit"
local lfs = require "lfs"
local support = require "spec.support"

local T = {}

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function blocks_of(text)
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
  return block.language == "sh" and not (block.code:match "^make" or block.code:match "apt")
end

local function write(path, text)
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
end

local function run(directory, block)
  local command
  if block.language == "lua" then
    local name = block.code:match "^%-%- (%w+%.lua)\n" or "block.lua"
    write(directory .. "/" .. name, block.code)
    command = (arg[-1] or "lua5.4") .. " " .. name
  else
    write(directory .. "/block.sh", block.code)
    command = "sh -e block.sh"
  end
  local pipe = assert(io.popen(("cd %s && %s 2>&1"):format(quote(directory), command)))
  local output = pipe:read "a"
  local ok = pipe:close()
  lu.assertTrue(ok, ("README.md:%d: %s"):format(block.line, output))
  return output
end

local function in_checkout(f)
  local root, directory = lfs.currentdir(), os.tmpname()
  os.remove(directory)
  assert(lfs.mkdir(directory))
  local build = os.getenv "RELUCID_BUILD" or root .. "/build"
  assert(lfs.link(build, directory .. "/build", true))
  for _, name in ipairs { "examples", "lua" } do
    assert(lfs.link(root .. "/" .. name, directory .. "/" .. name, true))
  end
  local ok, message = pcall(f, directory)
  os.execute("rm -r " .. quote(directory))
  if not ok then error(message, 0) end
end

function T.test_blocks_run()
  in_checkout(function(directory)
    local outputs, count = {}, 0
    for _, block in ipairs(blocks_of(support.read "README.md")) do
      if runs(block) then
        outputs[#outputs + 1] = run(directory, block)
        count = count + 1
      end
    end
    lu.assertTrue(count >= 5)
    local all = table.concat(outputs)
    lu.assertStrContains(all, "verdict    proved: the goal is proved on the region")
    lu.assertStrContains(all, "points covered")
    -- The verdicts; which counterexample is found depends on the search.
    local number = "%-?[%d.e+-]+"
    local pattern = "unsat\nsat\n%(%(X_0 N%)\n %(X_1 N%)\n %(X_2 N%)\n %(X_3 N%)\n %(Y_0 N%)\n %(Y_1 N%)\n "
      .. "%(Y_2 N%)%)\nstatus 1\n"
    pattern = pattern:gsub("N", (number:gsub("%%", "%%%%")))
    lu.assertStrMatches(all, ".*" .. pattern .. ".*")
    lu.assertStrMatches(support.read "README.md", ".*" .. pattern .. ".*")
  end)
end

-- What the first screen says the command prints is what it prints, but for the boxes: their last digits depend on the
-- machine's rounding.
function T.test_first_answer()
  local blocks = blocks_of(support.read "README.md")
  in_checkout(function(directory)
    local output = run(directory, blocks[1])
    for line in blocks[2].code:gmatch "([^\n]+)" do
      if line:match "^[%a]+ " and not line:match "^x%d" then lu.assertStrContains(output, line) end
    end
  end)
end

return T
