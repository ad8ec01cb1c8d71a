--- An image's result as images: the input, how far each pixel may move, which pixels decide, a counterexample.
local words = require "relucid.words"

local image = {}

---@class relucid.ImageShape  pixels are rows from the top, channel after channel
---@field height integer
---@field width integer
---@field channels integer  1: grey; 3: red, green, blue

--- The shape that a text such as 28x28 or 32x32x3 names, for n inputs.
---@param text string
---@param n integer
---@return relucid.ImageShape
function image.shape(text, n)
  local height, width, channels = tostring(text):match "^(%d+)x(%d+)x?(%d*)$"
  height, width, channels = tonumber(height), tonumber(width), tonumber(channels ~= "" and channels or 1)
  if not height or (channels ~= 1 and channels ~= 3) then
    error(("image: '%s', expected HEIGHTxWIDTH or HEIGHTxWIDTHx3"):format(text), 0)
  end
  if height * width * channels ~= n then
    error(("image: %s is %d numbers, the network has %d inputs"):format(text, height * width * channels, n), 0)
  end
  return { height = math.tointeger(height), width = math.tointeger(width), channels = math.tointeger(channels) }
end

local function level(value, lo, hi)
  local share = hi > lo and (value - lo) / (hi - lo) or 0
  return math.floor(255 * math.min(math.max(share, 0), 1) + 0.5)
end

-- The colours of x, 0 to 255 over the domain's range.
local function colors_of(shape, domain, x)
  local rows, plane = {}, shape.height * shape.width
  local lo, hi = domain.lo, domain.hi
  for r = 1, shape.height do
    rows[r] = {}
    for c = 1, shape.width do
      local i, color = (r - 1) * shape.width + c, {}
      for k = 1, 3 do
        local place = i + (shape.channels == 3 and (k - 1) * plane or 0)
        color[k] = level(x[place], lo[place], hi[place])
      end
      rows[r][c] = color
    end
  end
  return rows
end

-- f(i) of each pixel, the largest over its channels, as a mix of two colours over a pale copy of the image.
local function mixed(shape, from, to, f)
  local rows, plane = {}, shape.height * shape.width
  for r = 1, shape.height do
    rows[r] = {}
    for c = 1, shape.width do
      local share = 0
      for k = 0, shape.channels - 1 do share = math.max(share, f((r - 1) * shape.width + c + k * plane)) end
      local color, base = {}, type(from) == "function" and from(r, c) or from
      for k = 1, 3 do color[k] = math.floor(base[k] + (to[k] - base[k]) * share + 0.5) end
      rows[r][c] = color
    end
  end
  return rows
end

local function panel(shape, title, subtitle, colors)
  return { window = { lo = { 0.5, 0.5 }, hi = { shape.width + 0.5, shape.height + 0.5 } }, bare = true, square = true,
           title = title, xlabel = subtitle, { kind = "pixels", colors = colors } }
end

local WHITE, BLUE, RED = { 255, 255, 255 }, { 0, 60, 130 }, { 213, 0, 50 }

-- The share of its range that each input keeps.
local function kept(domain, box)
  local lo, hi, shares = domain.lo, domain.hi, {}
  for i = 1, domain.n do
    shares[i] = hi[i] > lo[i] and math.min((box.hi[i] - box.lo[i]) / (hi[i] - lo[i]), 1) or 1
  end
  return shares
end

-- The shares on a logarithmic scale from LEAST, 0, to the whole range, 1.
local LEAST = 1e-4

local function scaled(share)
  return 1 - math.log(math.min(math.max(share, LEAST), 1)) / math.log(LEAST)
end

-- Which inputs decide, 0 to 1 each, and how many do: those that an explanation fixes, else those that may not take
-- their whole range, the more the less they may move.
local function deciding(result, shares)
  local record, weight, count = result:record().regions[1] or {}, {}, 0
  if record.fixed then
    for i = 1, #shares do weight[i] = 0 end
    for _, i in ipairs(record.fixed) do weight[i] = 1 end
  else
    for i, share in ipairs(shares) do weight[i] = share < 1 and 0.05 + 0.95 * (1 - scaled(share)) ^ 2 or 0 end
  end
  for i = 1, #shares do count = count + (weight[i] > 0 and 1 or 0) end
  return weight, count
end

local function distance(x, y)
  local sum = 0
  for i = 1, #x do sum = sum + (x[i] - y[i]) ^ 2 end
  return sum
end

-- The counterexample nearest to the point, if the result has any.
local function nearest_witness(result)
  local best
  for _, x in ipairs((result:record().regions[1] or {}).witnesses or {}) do
    if not best or distance(x, result.point) < distance(best, result.point) then best = x end
  end
  return best
end

--- The panels of an image's result, for plot.panels.
---@param result relucid.Result
---@param shape relucid.ImageShape
---@return relucid.Picture[] panels
---@return string title
function image.panels(result, shape)
  if not result.point then error("the result has no point: there is no image to draw", 0) end
  local domain, names = result.domain, words.names_of(result)
  local colors = colors_of(shape, domain, result.point)
  local y = result:network():eval(result.point)
  local panels = { panel(shape, "the input", "answer: " .. words.answer(names, y), colors) }
  local box = result:box "volume" or result:box "width"
  if box then
    local shares = kept(domain, box)
    panels[2] = panel(shape, "how far each pixel may move", "white: 0.0001 of its range, blue: all",
      mixed(shape, WHITE, BLUE, function(i) return scaled(shares[i]) end))
    local weight, count = deciding(result, shares)
    local function pale(r, c)
      local color = colors[r][c]
      return { 255 - 70 * color[1] // 255, 255 - 70 * color[2] // 255, 255 - 70 * color[3] // 255 }
    end
    panels[3] = panel(shape, "which pixels decide",
      ("red: %d of %d, the redder the less"):format(count, #shares),
      mixed(shape, pale, RED, function(i) return weight[i] end))
  end
  local witness = nearest_witness(result)
  if witness then
    panels[#panels + 1] = panel(shape, "a counterexample just outside",
      "answer: " .. words.answer(names, result:network():eval(witness)), colors_of(shape, domain, witness))
  end
  return panels, result.goal and words.goal(names, result.goal) or ""
end

return image
