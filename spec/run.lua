-- Runs spec/**/*_spec.lua, or those whose path contains one of the arguments.
-- A spec file returns a table of functions test_...; setUp and tearDown are called around each.
-- The last line of the output is `N passed, N failed`, alone.
local function need(name, package, rock)
  local ok, module = pcall(require, name)
  if ok then return module end
  io.stderr:write(("the specs need %s: install the package %s, or the rock %s\n"):format(name, package, rock))
  os.exit(2)
end
local luaunit = need("luaunit", "lua-unit", "luaunit")
local lfs = need("lfs", "lua-filesystem", "luafilesystem")

local here = arg[0]:match("^(.*)/[^/]*$") or "."

local function collect(directory, files)
  local names = {}
  for name in lfs.dir(directory) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local path = directory .. "/" .. name
    if name:sub(1, 1) ~= "." and lfs.attributes(path, "mode") == "directory" then
      collect(path, files)
    elseif name:match("_spec%.lua$") then
      files[#files + 1] = path
    end
  end
  return files
end

local function wanted(path)
  if #arg == 0 then return true end
  for _, word in ipairs(arg) do
    if path:find(word, 1, true) then return true end
  end
  return false
end

-- A spec file that cannot be loaded counts as one failing test.
local function load_spec(path)
  local ok, spec = xpcall(dofile, debug.traceback, path)
  if ok and type(spec) == "table" then return spec end
  local message = ok and path .. ": does not return a table of tests" or spec
  return { test_loads = function() error(message, 0) end }
end

local suite = {}
for _, path in ipairs(collect(here, {})) do
  if wanted(path) then
    local name = path:sub(#here + 2):gsub("_spec%.lua$", "")
    suite[#suite + 1] = { name, load_spec(path) }
  end
end

local runner = luaunit.LuaUnit.new()
runner:setOutputType(os.getenv("RELUCID_VERBOSE") and "tap" or "text")
runner:runSuiteByInstances(suite)

local result = runner.result
local failed = result.failureCount + result.errorCount
if result.successCount + failed == 0 then
  print("no test was run")
  failed = 1
end
print(("%d passed, %d failed"):format(result.successCount, failed))
os.exit(failed == 0, true)
