--- Seeded random inputs and what a sample says about a share.
local sample = {}

--- A generator of its own: random() in [0, 1), the same numbers for the same seed on every machine (SplitMix64).
---@param seed integer
---@return fun(): number
function sample.random(seed)
  local state = seed
  return function()
    state = state + 0x9e3779b97f4a7c15
    local z = state
    z = (z ~ (z >> 30)) * 0xbf58476d1ce4e5b9
    z = (z ~ (z >> 27)) * 0x94d049bb133111eb
    return ((z ~ (z >> 31)) >> 11) * 0x1p-53
  end
end

local TRIES = 1000 -- for each input, before a domain's rows count as too thin to sample

--- A uniform input of the domain, by rejection; nil when its rows leave too little of the box.
---@param random fun(): number
---@param domain table  relucid.domain
---@return number[]|nil
function sample.input(random, domain)
  local lo, hi, A, b = domain.lo, domain.hi, domain.A, domain.b
  for _ = 1, TRIES do
    local x, inside = {}, true
    for i = 1, #lo do x[i] = math.min(lo[i] + random() * (hi[i] - lo[i]), hi[i]) end
    for r, row in ipairs(A) do
      local sum = 0
      for i, value in ipairs(row) do sum = sum + value * x[i] end
      inside = inside and sum <= b[r]
    end
    if inside then return x end
  end
  return nil
end

local Z = 1.959963984540054 -- 97.5 % quantile of the normal distribution

--- The share hits / total with its confidence interval (Wilson, 1927).
---@param hits integer
---@param total integer  > 0
---@param z? number       half its width in standard deviations; default: that of 95 %
---@return number value
---@return number lo
---@return number hi
function sample.share(hits, total, z)
  z = z or Z
  local p, z2 = hits / total, z * z
  local middle = p + z2 / (2 * total)
  local half = z * math.sqrt(p * (1 - p) / total + z2 / (4 * total * total))
  local scale = 1 + z2 / total
  -- The interval holds p; at p = 0 and 1 it ends there, but for rounding.
  return p, math.max(math.min((middle - half) / scale, p), 0), math.min(math.max((middle + half) / scale, p), 1)
end

return sample
