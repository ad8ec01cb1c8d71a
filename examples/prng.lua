--- A small pseudo-random generator (SplitMix64), so that the examples and tests
--- make the same numbers with every build of Lua.  math.random would not: its
--- generator and the way it is seeded differ between versions.

---@class Prng
---@field private state integer
local Prng = {}
Prng.__index = Prng

---@param seed integer
---@return Prng
function Prng.new(seed)
  return setmetatable({ state = seed }, Prng)
end

--- The next 64 bits.
---@return integer
function Prng:bits()
  local z = self.state + 0x9E3779B97F4A7C15
  self.state = z
  z = (z ~ (z >> 30)) * 0xBF58476D1CE4E5B9
  z = (z ~ (z >> 27)) * 0x94D049BB133111EB
  return z ~ (z >> 31)
end

--- Uniform in [lo, hi), by default [0, 1).
---@param lo? number
---@param hi? number
---@return number
function Prng:uniform(lo, hi)
  local u = (self:bits() >> 11) * 0x1p-53
  if not lo then return u end
  return lo + u * (hi - lo)
end

--- A whole number, lo <= k <= hi.
---@param lo integer
---@param hi integer
---@return integer
function Prng:integer(lo, hi)
  return lo + math.floor(self:uniform() * (hi - lo + 1))
end

--- True with the given probability.
---@param probability number
---@return boolean
function Prng:chance(probability)
  return self:uniform() < probability
end

--- Standard normal (Box-Muller; the second value is not kept).
---@return number
function Prng:normal()
  local radius = math.sqrt(-2 * math.log(1 - self:uniform()))
  return radius * math.cos(2 * math.pi * self:uniform())
end

--- Shuffle list[1..count] in place.
---@generic T
---@param list T[]
---@return T[] list
function Prng:shuffle(list)
  for i = #list, 2, -1 do
    local j = self:integer(1, i)
    list[i], list[j] = list[j], list[i]
  end
  return list
end

return Prng
