-- What the comments `---` in lua/ say: modules with their functions and classes.
local file = require "relucid.io.file"

local source = {}

---@class doc.Entry
---@field name string      "relucid.load", "network:eval", "Result:box", "relucid.Option"
---@field kind "function"|"class"
---@field signature string
---@field text string[]    what it is, in Markdown; lines indented by four are examples
---@field tags string[][]  {"param", "x number[]  the point"}, in order
---@field line integer|nil  of a function
---@field root string|nil  of a function: the table that it is in

---@class doc.Module
---@field name string
---@field path string
---@field intro string[]
---@field entries doc.Entry[]
---@field returned string|nil  the table that the module returns: its functions are for others

--- The files of a directory with this ending, in order.
---@param directory string
---@param ending string
---@return string[]
function source.files(directory, ending)
  local pipe, list = assert(io.popen(("find '%s' -type f -name '*%s'"):format(directory, ending))), {}
  for path in pipe:lines() do list[#list + 1] = path end
  pipe:close()
  table.sort(list)
  return list
end

-- The comment's text and tags; lines after a tag that are indented go on with it.
local function parsed(comment)
  local text, tags = {}, {}
  for _, line in ipairs(comment) do
    local tag, rest = line:match "^@(%w+)%s*(.*)$"
    if tag then
      tags[#tags + 1] = { tag, rest }
    elseif #tags > 0 and line:match "^%s" then
      tags[#tags][2] = tags[#tags][2] .. " " .. line:match "^%s*(.*)$"
    else
      text[#text + 1] = line
    end
  end
  return text, tags
end

-- The name under which people know a function: methods of the core's objects, the facade's functions.
local function public_name(name, module)
  local kind, method = name:match "^core%.methods%.(%w+)%.([%w_]+)$"
  if kind then return kind .. ":" .. method end
  if name:match "^core%." then return "relucid." .. name:sub(6) end
  if module == "relucid." .. name:match "^%w+" then return "relucid." .. name end
  return name
end

local function class_of(tags)
  for _, tag in ipairs(tags) do
    if tag[1] == "class" then return tag[2]:match "^[%w_.]+" end
  end
end

local function add_class(module, comment)
  local text, tags = parsed(comment)
  local class = class_of(tags)
  if class then
    module.entries[#module.entries + 1] = { kind = "class", name = class, signature = class, text = text, tags = tags }
  end
end

local function add_function(module, line, comment, number)
  local name, arguments = line:match "^function ([%w_.:]+)(%b())"
  if not name then name, arguments = module.name, line:match "^return function(%b())" end -- the module is a function
  if not arguments then return end
  local text, tags = parsed(comment)
  local public = public_name(name, module.name)
  if public:match ":" then arguments = arguments:gsub("^%(self,? ?", "(") end
  module.entries[#module.entries + 1] = { kind = "function", name = public, signature = public .. arguments,
                                          text = text, tags = tags, line = number, root = name:match "^%w+" }
end

--- A file's module.
---@param path string
---@return doc.Module
function source.module(path)
  local name = path:match("^lua/(.*)%.lua$"):gsub("/", "."):gsub("%.init$", "")
  local module, comment, first = { name = name, path = path, entries = {}, intro = {} }, {}, true
  local number = 0
  for line in file.read(path):gmatch "([^\n]*)\n" do
    number = number + 1
    local text = line:match "^%-%-%- ?(.*)$"
    module.returned = line:match "^return (%w+)$" or module.returned
    if text then
      comment[#comment + 1] = text
    else
      if first and #comment > 0 then
        module.intro = parsed(comment)
        if class_of(select(2, parsed(comment))) then add_class(module, comment) end
      elseif line:match "^function " or line:match "^return function" then
        add_function(module, line, comment, number)
      elseif #comment > 0 then
        add_class(module, comment)
      end
      comment, first = {}, false
    end
  end
  return module
end

--- All modules below lua/.
---@return doc.Module[]
function source.modules()
  local list = {}
  for k, path in ipairs(source.files("lua", ".lua")) do list[k] = source.module(path) end
  return list
end

return source
