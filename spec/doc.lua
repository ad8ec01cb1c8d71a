-- Writes build/doc/relucid.md from the comments `---` in lua/; fails when a public function has none.
local lfs = require "lfs"
local file = require "relucid.io.file"

local function collect(directory, list)
  for name in lfs.dir(directory) do
    local path = directory .. "/" .. name
    if name:sub(1, 1) ~= "." and lfs.attributes(path, "mode") == "directory" then collect(path, list) end
    if name:match("%.lua$") then list[#list + 1] = path end
  end
  table.sort(list)
  return list
end

-- Public: a function in a table that the module returns, not a local one.
local function signature(line)
  return line:match("^function ([%w_.:]+%b())") or line:match("^return (function%b())")
end

local out, missing = { "# relucid: Lua reference\n" }, {}
for _, path in ipairs(collect("lua", {})) do
  local module = path:match("^lua/(.*)%.lua$"):gsub("/", "."):gsub("%.init$", "")
  local comment, entries = {}, {}
  for line in file.read(path):gmatch("([^\n]*)\n") do
    local text = line:match("^%-%-%- ?(.*)$") or line:match("^%-%-%-(@.*)$")
    if text then
      comment[#comment + 1] = text:gsub("^@", "- @")
    else
      local name = signature(line)
      -- Methods of local helpers are private, and so are the commands; of Union those without a comment.
      local private = name and (name:match "^Task:" or name:match "^Reader:" or name:match "^Run:"
        or name:match "^Grower:" or (name:match "^Union:" and #comment == 0) or module:match "^relucid%.command%.")
      if name and not private then
        if #comment == 0 then missing[#missing + 1] = path .. ": " .. name end
        entries[#entries + 1] = ("### %s\n\n%s\n"):format(name, table.concat(comment, "\n"))
      end
      comment = {}
    end
  end
  if #entries > 0 then
    out[#out + 1] = ("## %s\n"):format(module)
    table.move(entries, 1, #entries, #out + 1, out)
  end
end

for _, name in ipairs(missing) do print(name .. " has no comment") end
os.execute "mkdir -p build/doc"
file.write("build/doc/relucid.md", table.concat(out, "\n"))
print "build/doc/relucid.md"
os.exit(#missing == 0)
