-- The reference in Markdown: what the comments say, and the tables of options, of the live module.
local relucid = require "relucid"
local registry = require "relucid.strategy.registry"
local known = require "relucid.strategy.options"
local command_line = require "spec.doc.command_line"

local reference = {}

-- Modules that scripts use, in the order of the reference; the others are for people who work on the library.
local PUBLIC = { "relucid", "relucid.meta", "relucid.domain", "relucid.job", "relucid.region", "relucid.geometry",
                 "relucid.network", "relucid.proof", "relucid.experiment", "relucid.experiment.campaign",
                 "relucid.result", "relucid.verify", "relucid.strategy", "relucid.strategy.registry",
                 "relucid.strategy.task", "relucid.strategy.union", "relucid.strategy.claims", "relucid.plot",
                 "relucid.plot.gnuplot", "relucid.plot.geometry", "relucid.plot.grid", "relucid.plot.slice",
                 "relucid.report", "relucid.experiment.run", "relucid.io.vnnlib", "relucid.io.names",
                 "relucid.strategy.options" }

local function cell(text) return (tostring(text):gsub("|", "\\|"):gsub("\n", " ")) end

local function add_table(out, header, rows)
  out[#out + 1] = "| " .. table.concat(header, " | ") .. " |"
  out[#out + 1] = "|" .. ("---|"):rep(#header)
  for _, row in ipairs(rows) do
    local cells = {}
    for k, text in ipairs(row) do cells[k] = cell(text) end
    out[#out + 1] = "| " .. table.concat(cells, " | ") .. " |"
  end
  out[#out + 1] = ""
end

-- "name type  words": the type ends at two blanks, or where a bracket-free word does.
local function name_type_words(text)
  local name, rest = text:match "^(%S+)%s*(.*)$"
  local depth, at = 0, 1
  while at <= #rest do
    local c = rest:sub(at, at)
    if c:match "[{(%[<]" then depth = depth + 1 elseif c:match "[})%]>]" then depth = depth - 1 end
    local after = rest:sub(at + 1)
    local before = rest:sub(1, at - 1)
    if c:match "%s" and depth == 0 and not after:match "^%s*[|:]" and not before:match "[|:,]$" then break end
    at = at + 1
  end
  return name or "", rest:sub(1, at - 1), (rest:sub(at):match "^%s*(.*)$")
end

local TITLES = { param = "argument", field = "field", ["return"] = "gives" }

local function add_tags(out, entry)
  for _, kind in ipairs { "field", "param", "return" } do
    local rows = {}
    for _, tag in ipairs(entry.tags) do
      if tag[1] == kind and kind == "return" then
        local _, type, words = name_type_words("_ " .. tag[2])
        rows[#rows + 1] = { "`" .. type .. "`", words }
      elseif tag[1] == kind then
        local name, type, words = name_type_words(tag[2])
        rows[#rows + 1] = { "`" .. name .. "`", "`" .. type .. "`", words }
      end
    end
    if #rows > 0 then
      add_table(out, kind == "return" and { TITLES[kind], "" } or { TITLES[kind], "type", "" }, rows)
    end
  end
end

local function add_entry(out, entry)
  out[#out + 1] = ("### %s\n"):format(entry.kind == "function" and entry.signature or "class " .. entry.name)
  table.move(entry.text, 1, #entry.text, #out + 1, out)
  out[#out + 1] = ""
  add_tags(out, entry)
end

local function has_words(entry) return #entry.text > 0 or #entry.tags > 0 end

-- Methods of local helpers are private where they have no comment.
local function add_module(out, module, title)
  local entries = {}
  for _, entry in ipairs(module.entries) do
    if has_words(entry) then entries[#entries + 1] = entry end
  end
  if #entries == 0 then return end
  out[#out + 1] = ("## %s\n"):format(title)
  table.move(module.intro, 1, #module.intro, #out + 1, out)
  out[#out + 1] = ""
  for _, entry in ipairs(entries) do add_entry(out, entry) end
end

-- ---- options ---------------------------------------------------------------------------------------

local function default_text(value)
  if value == nil then return "" end
  return type(value) == "table" and relucid.json.encode(value) or tostring(value)
end

local function add_options(out, title, options)
  local rows, names = {}, {}
  for name in pairs(options) do names[#names + 1] = name end
  table.sort(names)
  for k, name in ipairs(names) do
    local option = options[name]
    rows[k] = { "`" .. name .. "`", option.type or "", default_text(option.default), option.help or "" }
  end
  out[#out + 1] = ("### %s\n"):format(title)
  if #rows == 0 then out[#out + 1] = "None of its own.\n" end
  if #rows > 0 then add_table(out, { "option", "type", "default", "" }, rows) end
end

local function add_listed(out, title, list)
  local rows = {}
  for k, option in ipairs(list) do
    rows[k] = { "`" .. option.name .. "`", "number", ("%g"):format(option.default), option.help }
  end
  out[#out + 1] = ("### %s\n"):format(title)
  add_table(out, { "option", "type", "default", "" }, rows)
end

local function add_all_options(out)
  out[#out + 1] = "## Options\n"
  add_options(out, "Options of every strategy of a point", known.SHARED)
  for _, name in ipairs(relucid.strategy.names) do
    local found = registry.find(name)
    if found then
      add_options(out, "Options of " .. name, found.options)
      if found.summary then out[#out + 1] = found.summary .. "\n" end
    end
  end
  add_listed(out, "Options of searches", relucid.search_options())
  add_listed(out, "Options of network:preimage", relucid.preimage_options())
  add_listed(out, "Options of network:inflate", relucid.inflate_options())
end

-- ---- the whole -------------------------------------------------------------------------------------

local function by_name(modules)
  local map = {}
  for _, module in ipairs(modules) do map[module.name] = module end
  return map
end

--- The reference for people who write scripts.
---@param modules doc.Module[]
---@return string
function reference.public(modules)
  local map, out = by_name(modules), { "# Reference\n" }
  out[2] = "What scripts use, from the comments in the source and the tables of options. Errors are raised as texts "
    .. "that name the argument, its value and what was expected.\n"
  for _, name in ipairs(PUBLIC) do
    local title = name == "relucid.meta" and "Objects" or name
    if map[name] then add_module(out, map[name], title) end
  end
  add_all_options(out)
  out[#out + 1] = command_line.markdown()
  return table.concat(out, "\n")
end

--- The reference of the modules that only the library uses.
---@param modules doc.Module[]
---@return string
function reference.internal(modules)
  local public, out = {}, { "# Inside the library\n" }
  for _, name in ipairs(PUBLIC) do public[name] = true end
  for _, module in ipairs(modules) do
    local command = module.name:match "^relucid%.command%."
    if not public[module.name] and not command then add_module(out, module, module.name) end
  end
  return table.concat(out, "\n")
end

return reference
