--- How to get a saved result again: the command, or where the goal has no name on the command line, a script.
local core = require "relucid.core"

local again = {}

local function quote(text)
  if text:match "^[%w_./,:=+-]+$" then return text end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function numbers(list)
  local texts = {}
  for k, x in ipairs(list) do texts[k] = ("%.17g"):format(x) end
  return table.concat(texts, ",")
end

-- Recorded options, by name; without those that are a function, which no file keeps.
local function options_of(result)
  local list, functions = {}, false
  for name, value in pairs(result.options) do
    if value == "function" then functions = true else list[#list + 1] = { name, value } end
  end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  return list, functions
end

-- "argmax" or "argmin", where the goal is what that means at the point.
local function name_of_goal(result)
  local net = result:network()
  local text = core.json.encode(result.goal:clauses())
  local y = net:eval(result.point)
  local arguments = require "relucid.strategy.arguments"
  for name, sign in pairs { argmax = 1, argmin = -1 } do
    local goal = core.property[name](net, arguments.answer(y, sign))
    if core.json.encode(goal:clauses()) == text then return name end
  end
end

local function domain_text(result)
  local domain, box = result.domain, result:network():box()
  if #domain.b == 0 and box and numbers(box.lo) == numbers(domain.lo) and numbers(box.hi) == numbers(domain.hi) then
    return nil
  end
  local record = { lo = domain.lo, hi = domain.hi }
  if #domain.b > 0 then record.A, record.b = domain.A, domain.b end
  return core.json.encode(record)
end

-- Shared options have flags of their own; anchor only where it is off.
local FLAGS = { seed = "--seed", threads = "--threads", timeout = "--timeout", query_timeout = "--query-timeout" }

local function add_options(words, result)
  local list, functions = options_of(result)
  for _, entry in ipairs(list) do
    local name, value = entry[1], entry[2]
    local text = type(value) == "table" and core.json.encode(value) or type(value) == "number"
      and ("%.17g"):format(value) or tostring(value)
    if name == "anchor" then
      if value == false then words[#words + 1] = "--no-anchor" end
    elseif FLAGS[name] then
      words[#words + 1] = FLAGS[name] .. " " .. text
    elseif name ~= "raw" then
      words[#words + 1] = "--option " .. quote(name .. "=" .. text)
    end
  end
  return functions
end

local function command(result, goal)
  local net = result:network()
  local words = { "relucid characterize " .. quote(net.file) }
  if net.raw then words[#words + 1] = "--raw" end
  words[#words + 1] = "--point " .. numbers(result.point)
  words[#words + 1] = "--strategy " .. quote(result.strategy)
  if goal ~= "argmax" then words[#words + 1] = "--goal " .. goal end
  local domain = domain_text(result)
  if domain then words[#words + 1] = "--domain " .. quote(domain) end
  local functions = add_options(words, result)
  return table.concat(words, " \\\n  "), functions
end

-- A value as Lua source.
local function source(value)
  if type(value) ~= "table" then
    return type(value) == "string" and ("%q"):format(value) or math.type(value) == "float" and ("%.17g"):format(value)
      or tostring(value)
  end
  local parts = {}
  for _, item in ipairs(value) do parts[#parts + 1] = source(item) end
  if #parts > 0 then return "{ " .. table.concat(parts, ", ") .. " }" end
  local names = {}
  for name in pairs(value) do names[#names + 1] = name end
  table.sort(names)
  for k, name in ipairs(names) do parts[k] = ("%s = %s"):format(name, source(value[name])) end
  return #parts > 0 and "{ " .. table.concat(parts, ", ") .. " }" or "{}"
end

local function script(result)
  local net, domain, options = result:network(), result.domain, {}
  local list, functions = options_of(result)
  for _, entry in ipairs(list) do options[entry[1]] = entry[2] end
  local box = { lo = domain.lo, hi = domain.hi }
  if #domain.b > 0 then box.A, box.b = domain.A, domain.b end
  options.raw = nil
  local lines = {
    'local relucid = require "relucid"',
    ("local net = relucid.load(%q, { raw = %s })"):format(net.file, tostring(net.raw == true)),
    ("local goal = relucid.property.any %s"):format(source(result.goal:clauses())),
    ("local options = %s"):format(source(options)),
    ("options.domain = relucid.domain %s"):format(source(box)),
  }
  if result.point then
    lines[#lines + 1] = ("local result = relucid.strategy.run(%q, net, %s, goal, options)"):format(result.strategy,
      source(result.point))
  else
    lines[#lines + 1] = ("local result = relucid.strategy.%s(net, goal, options)"):format(result.strategy)
  end
  lines[#lines + 1] = "print(relucid.describe(result))"
  return table.concat(lines, "\n"), functions
end

--- What to type for this result.
---@param result relucid.Result
---@return string text
---@return "sh"|"lua" language
---@return boolean functions  some options were functions of a script, which are not kept: they are left out
function again.text(result)
  local goal = result.point and result.goal and name_of_goal(result)
  if goal then
    local text, functions = command(result, goal)
    return text, "sh", functions
  end
  local text, functions = script(result)
  return text, "lua", functions
end

return again
