--- Measures by which regions are compared.
---
--- Each gives a list of numbers; of two lists the one with the larger first number that differs is better, and
--- a region without the thing measured has an empty list, worse than all.
local measure = {}

--- Of a box (or nil): by "volume" first as few inputs without width as possible, then the log-volume of the others.
---@param kind "volume"|"width"
---@param box table|nil  as region:box gives it
---@return number[]
function measure.box(kind, box)
  if not box then return {} end
  if kind == "width" then return { box.sum } end
  return { -box.fixed, box.log_volume }
end

local function literals_of(result)
  local least = math.huge
  for i = 1, #result do
    local pattern = result:pattern(i)
    if pattern then least = math.min(least, pattern:literals()) end
  end
  return least < math.huge and { -least } or {}
end

--- The measures of a result, by name: of its best region; "support" counts data in any of them.
measure.of = {
  volume = function(result) return measure.best_box(result, "volume") end,
  width = function(result) return measure.best_box(result, "width") end,
  support = function(result, data) return { result:support(data) } end,
  literals = literals_of,
}

--- Names for messages, in order.
measure.names = { "volume", "width", "support", "literals" }

--- Is the list `a` better than `b`?
---@param a number[]
---@param b number[]
---@return boolean
function measure.better(a, b)
  for i = 1, math.min(#a, #b) do
    if a[i] ~= b[i] then return a[i] > b[i] end
  end
  return #a > #b
end

--- The best box among all regions of a result.
---@param result relucid.Result
---@param kind "volume"|"width"
---@return number[]
function measure.best_box(result, kind)
  local best = {}
  for i = 1, #result do
    local value = measure.box(kind, result:box(kind, i))
    if measure.better(value, best) then best = value end
  end
  return best
end

return measure
