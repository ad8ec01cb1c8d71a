--- Boxes that together are a box: a large question as several of about the same difficulty.
---
--- A box is cut across the input along which the target's local affine form changes most over the box; the shares of
--- both sides are as the numbers of boxes they are to give.  Neighbours share a face, so that nothing is left out.
local splitting = {}

-- How much the rows change over each input of the box, by the affine form at its middle.
local function changes(net, clauses, lo, hi)
  local middle, sums = {}, {}
  for i = 1, #lo do middle[i], sums[i] = 0.5 * lo[i] + 0.5 * hi[i], 0 end
  local W = net:affine(net:pattern(middle)).W
  for _, clause in ipairs(clauses) do
    for _, row in ipairs(clause) do
      for i = 1, #lo do
        local slope = row.a and row.a[i] or 0
        for k, c in ipairs(row.c) do
          if c ~= 0 then slope = slope + c * W[k][i] end
        end
        sums[i] = sums[i] + math.abs(slope) * (hi[i] - lo[i])
      end
    end
  end
  return sums
end

-- The input to cut and where, or nil: the box is too small for it.
local function cut_of(net, clauses, lo, hi, share)
  local best, most, place = nil, -1, nil
  for i, change in ipairs(changes(net, clauses, lo, hi)) do
    local at = lo[i] + share * (hi[i] - lo[i])
    if change > most and at > lo[i] and at < hi[i] then best, most, place = i, change, at end
  end
  return best, place
end

local function copy(list) return table.move(list, 1, #list, 1, {}) end

--- Boxes whose union is the box.
---@param net table           relucid.network
---@param clauses table[][]   of the target, as relucid.property gives them
---@param lo number[]
---@param hi number[]
---@param count integer       how many; fewer where the box has too little width
---@return {lo: number[], hi: number[]}[]
function splitting.boxes(net, clauses, lo, hi, count)
  local i, at
  if count > 1 then i, at = cut_of(net, clauses, lo, hi, (count // 2) / count) end
  if not i then return { { lo = lo, hi = hi } } end
  local left_hi, right_lo = copy(hi), copy(lo)
  left_hi[i], right_lo[i] = at, at
  local list = splitting.boxes(net, clauses, lo, left_hi, count // 2)
  local right = splitting.boxes(net, clauses, right_lo, hi, count - count // 2)
  return table.move(right, 1, #right, #list + 1, list)
end

return splitting
