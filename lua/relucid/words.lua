--- What people read of a result: names, numbers, goals and rules in words.
local core = require "relucid.core"

local words = {}

local DIGITS = 6 -- of the width of an input's range: the last one is what bounds are rounded to
local ROWS = 4   -- rows of a goal that are written out

-- ---- numbers -------------------------------------------------------------------------------------

-- The decimals of the last of DIGITS digits of a range.
local function decimals_of(width)
  if not (width > 0 and width < math.huge) then return DIGITS end
  return DIGITS - 1 - math.floor(math.log(width, 10))
end

local function trimmed(text)
  if text:find "%." then text = text:gsub("0+$", ""):gsub("%.$", "") end
  return text == "-0" and "0" or text
end

local function rounded(value, decimals, upwards)
  local step = 10.0 ^ decimals
  local scaled = (upwards and math.ceil or math.floor)(value * step)
  local text = trimmed(("%." .. math.max(decimals, 0) .. "f"):format(scaled / step))
  local read = tonumber(text)
  -- The last digit's own rounding: one step further where it went the wrong way.
  if upwards and read < value or not upwards and read > value then
    text = trimmed(("%." .. math.max(decimals, 0) .. "f"):format((scaled + (upwards and 1 or -1)) / step))
  end
  return text
end

--- The ends of an interval as text, rounded inwards to the sixth digit of the range: every number between the two
--- texts lies in the interval.  Where nothing is left between them they are written in full.
---@param lo number
---@param hi number
---@param width number  of the input's range
---@return string lo
---@return string hi
function words.interval(lo, hi, width)
  local decimals = decimals_of(width)
  if decimals > 15 or decimals < -15 then return ("%.6g"):format(lo), ("%.6g"):format(hi) end
  local from, to = rounded(lo, decimals, true), rounded(hi, decimals, false)
  if tonumber(from) > tonumber(to) then return ("%.6g"):format(lo), ("%.6g"):format(hi) end
  return from, to
end

--- A share in per cent: two digits, and never 0 % or 100 % of what is not.
---@param share number
---@return string
function words.percent(share)
  if share > 0.995 and share < 1 then return "> 99 %" end
  if share > 0 and share < 0.0005 then return "< 0.1 %" end
  if share < 0.1 and share > 0 then return ("%.1f %%"):format(100 * share) end
  return ("%.0f %%"):format(100 * share)
end

--- Numbers with blanks between.
---@param list number[]
---@param most? integer  more are cut off
---@return string
function words.numbers(list, most)
  local texts = {}
  for i, value in ipairs(list) do
    if most and i > most then
      texts[i] = "..."
      break
    end
    texts[i] = ("%.6g"):format(value)
  end
  return table.concat(texts, " ")
end

--- What a box prints as: "box x1 -1 to 1, x2 0.5 to 0.75".  Six digits, inwards: what is printed lies inside.
words.Box = {}

local BOX_INPUTS = 12

--- "box x1 -1 to 1, x2 0.5 to 0.75".
---@return string
function words.Box:__tostring()
  local texts = {}
  for i = 1, #self.lo do
    if i > BOX_INPUTS then
      texts[i] = ("... (%d inputs)"):format(#self.lo)
      break
    end
    local size = math.max(math.abs(self.lo[i]), math.abs(self.hi[i]))
    texts[i] = ("x%d %s to %s"):format(i, words.interval(self.lo[i], self.hi[i], size))
  end
  return "box " .. table.concat(texts, ", ")
end

-- ---- names ---------------------------------------------------------------------------------------

---@class relucid.Names  of inputs and outputs, from 1; given: by somebody, not x1, y1
---@field inputs string[]
---@field outputs string[]
---@field given boolean

local function names_of_list(list, count, letter)
  local names, given = {}, false
  for i = 1, count do
    local name = list and list[i]
    if type(name) == "table" then name = name.name end
    names[i] = type(name) == "string" and name ~= "" and name or letter .. i
    given = given or names[i] ~= letter .. i
  end
  return names, given
end

--- The names of a network's inputs and outputs.
---@param net table  relucid.network
---@return relucid.Names
function words.names(net)
  local inputs, some = names_of_list(net.inputs, net.n, "x")
  local outputs, others = names_of_list(net.outputs, net.m, "y")
  return { inputs = inputs, outputs = outputs, given = some or others }
end

--- The names that somebody gave, for JSON; nil: nobody did.
---@param net table  relucid.network
---@return table|nil
function words.names_record(net)
  local names = words.names(net)
  if not names.given then return nil end
  return core.json.object({ inputs = names.inputs, outputs = names.outputs }, { "inputs", "outputs" })
end

--- The names in a result's record, or those of its network where it is at hand.
---@param result relucid.Result
---@return relucid.Names
function words.names_of(result)
  if result.net then return words.names(result.net) end
  local record = result:record()
  local given, layers = record.names or {}, record.network.layers or {}
  local inputs, some = names_of_list(given.inputs, result.domain.n, "x")
  local outputs, others = names_of_list(given.outputs, layers[#layers] or 0, "y")
  return { inputs = inputs, outputs = outputs, given = some or others }
end

--- Some inputs by name.
---@param names relucid.Names
---@param list integer[]
---@param most? integer  more are counted only; default 12
---@return string
function words.inputs(names, list, most)
  local texts = {}
  for k, i in ipairs(list) do
    if k > (most or 12) then
      texts[k] = ("and %d more"):format(#list - k + 1)
      break
    end
    texts[k] = names.inputs[i]
  end
  return #texts > 0 and table.concat(texts, ", ") or "none"
end

local function output_text(names, k)
  local name = names.outputs[k]
  return name == "y" .. k and ("output %d"):format(k) or ("output %d (%s)"):format(k, name)
end

--- What the network answers at a point.
---@param names relucid.Names
---@param y number[]
---@return string
function words.answer(names, y)
  local best = 1
  for k = 2, #y do
    if y[k] > y[best] then best = k end
  end
  return output_text(names, best)
end

-- ---- goals ---------------------------------------------------------------------------------------

-- The output k whose sign * (y_k - y_j) >= 0 for every other j are the rows, or nil.
local function extreme(rows, sign)
  local output, others = nil, {}
  for _, row in ipairs(rows) do
    if row.d ~= 0 then return nil end
    local up, down
    for k, c in ipairs(row.c) do
      if c * sign == 1 and not up then up = k elseif c * sign == -1 and not down then down = k
      elseif c ~= 0 then return nil end
    end
    for _, a in ipairs(row.a or {}) do if a ~= 0 then return nil end end
    if not up or not down or (output and output ~= up) or others[down] then return nil end
    output, others[down] = up, true
  end
  return #rows == #rows[1].c - 1 and output or nil
end

local function term(texts, coefficient, name)
  if coefficient == 0 then return end
  local size = math.abs(coefficient)
  local sign = coefficient < 0 and (#texts == 0 and "-" or "- ") or (#texts == 0 and "" or "+ ")
  texts[#texts + 1] = sign .. (size == 1 and name or ("%.6g %s"):format(size, name))
end

local function row_text(names, row)
  local texts = {}
  for i, a in ipairs(row.a or {}) do term(texts, a, names.inputs[i]) end
  for k, c in ipairs(row.c) do term(texts, c, names.outputs[k] or "y" .. k) end
  return ("%s >= %.6g"):format(#texts > 0 and table.concat(texts, " ") or "0", row.d == 0 and 0 or -row.d)
end

local function clause_text(names, rows)
  if #rows == 0 then return "anything" end
  local largest, smallest = extreme(rows, 1), extreme(rows, -1)
  -- With two outputs "1 >= 2" is both: the largest is what is meant.
  if largest then return output_text(names, largest) .. " is the largest" end
  if smallest then return output_text(names, smallest) .. " is the smallest" end
  local texts = {}
  for r, row in ipairs(rows) do
    if r > ROWS then
      texts[r] = ("%d more rows"):format(#rows - ROWS)
      break
    end
    texts[r] = row_text(names, row)
  end
  return table.concat(texts, " and ")
end

--- A property in words.
---@param names relucid.Names
---@param goal table  relucid.property
---@return string
function words.goal(names, goal)
  local texts = {}
  local clauses = goal:clauses()
  for k, rows in ipairs(clauses) do
    if k > ROWS then
      texts[k] = ("%d more cases"):format(#clauses - ROWS)
      break
    end
    local text = clause_text(names, rows)
    texts[k] = #clauses > 1 and #rows > 1 and "(" .. text .. ")" or text
  end
  return table.concat(texts, " or ")
end

-- ---- rules ---------------------------------------------------------------------------------------

--- A pattern as a rule: {{neuron = "2.7", sign = "on"}, ...}, layer and place in it.
---@param pattern table  relucid.pattern
---@return {neuron: string, sign: "on"|"off"}[]
function words.rule(pattern)
  local rule = core.json.array {}
  for k, literal in ipairs(pattern:list()) do
    local on = literal[3] == 1
    rule[k] = core.json.object({ neuron = ("%d.%d"):format(literal[1], literal[2]), sign = on and "on" or "off" },
      { "neuron", "sign" })
  end
  return rule
end

--- A rule in one line for each layer: "layer 1: on 3 7, off 5", places in the layer from 1.
---@param pattern table  relucid.pattern
---@return string[]
function words.rule_lines(pattern)
  local lines, layers = {}, {}
  for _, literal in ipairs(pattern:list()) do
    local layer = layers[literal[1]] or { [0] = "", [1] = "" }
    layer[literal[3]] = layer[literal[3]] .. " " .. literal[2]
    if not layers[literal[1]] then layers[literal[1]], lines[#lines + 1] = layer, literal[1] end
  end
  for k, number in ipairs(lines) do
    local on, off = layers[number][1], layers[number][0]
    lines[k] = ("layer %d: %s%s%s"):format(number, on ~= "" and "on" .. on or "", on ~= "" and off ~= "" and ", " or "",
      off ~= "" and "off" .. off or "")
  end
  return lines
end

return words
