--- Exact arithmetic on doubles, for specs: sums and products of doubles and integers without rounding.
---
--- A number is the sum over k of n[k] * 2^(24 * (n.e + k - 1)), with digits 0 <= n[k] < 2^24 but for the last, which
--- carries the sign.
local exact = {}

local BITS, BASE = 24, 1 << 24

-- Carry, and drop zeros at both ends.
local function normalize(n)
  local count, carry = #n, 0
  for k = 1, count do
    local value = n[k] + carry
    n[k], carry = value % BASE, value // BASE
  end
  while carry ~= 0 and carry ~= -1 do
    count = count + 1
    n[count], carry = carry % BASE, carry // BASE
  end
  if carry == -1 then
    count = count + 1
    n[count] = -1
  end
  while count > 0 and n[count] == 0 do
    n[count] = nil
    count = count - 1
  end
  return n
end

local function of_integer(value, e)
  local n = { e = e or 0 }
  while value ~= 0 do
    local digit = math.fmod(value, BASE)
    n[#n + 1] = digit
    value = (value - digit) // BASE
  end
  return normalize(n)
end

--- The number that a double or an integer is.
function exact.of(value)
  if math.type(value) == "integer" then return of_integer(value) end
  assert(value == value and value ~= math.huge and value ~= -math.huge, "not a finite number")
  local bits = string.unpack("<i8", string.pack("<d", value))
  local exponent, mantissa = (bits >> 52) & 0x7ff, bits & 0xfffffffffffff
  if exponent == 0 then exponent = 1 else mantissa = mantissa | 1 << 52 end
  if bits < 0 then mantissa = -mantissa end
  local power = exponent - 1075
  local n = of_integer(mantissa, power // BITS)
  for k = 1, #n do n[k] = n[k] << (power % BITS) end
  return normalize(n)
end

function exact.add(a, b)
  if a.e > b.e then a, b = b, a end
  local n, shift = { e = a.e }, b.e - a.e
  for k = 1, math.max(#a, #b + shift) do n[k] = (a[k] or 0) + (k > shift and b[k - shift] or 0) end
  return normalize(n)
end

function exact.mul(a, b)
  local n = { e = a.e + b.e }
  if #a == 0 or #b == 0 then return n end
  for k = 1, #a + #b - 1 do n[k] = 0 end
  for i = 1, #a do
    for j = 1, #b do n[i + j - 1] = n[i + j - 1] + a[i] * b[j] end
  end
  return normalize(n)
end

--- -1, 0 or 1.
function exact.sign(a)
  local last = a[#a] or 0
  return last > 0 and 1 or last < 0 and -1 or 0
end

function exact.negate(a) return exact.mul(a, exact.of(-1)) end

--- -1, 0 or 1: a < b, a == b, a > b.
function exact.compare(a, b) return exact.sign(exact.add(a, exact.negate(b))) end

--- The sum of numbers[i] * values[i], plus `more`.
function exact.dot(numbers, values, more)
  local sum = exact.of(more or 0)
  for i, value in ipairs(values) do
    if numbers[i] ~= 0 then sum = exact.add(sum, exact.mul(exact.of(numbers[i]), value)) end
  end
  return sum
end

---@class PlainProblem all numbers doubles or integers
---@field layers {W: number[][], b: number[]}[]
---@field lo number[]
---@field hi number[]
---@field A number[][]
---@field b number[]
---@field pattern? integer[] per hidden neuron 1 on, 0 off, -1 free
---@field clauses {a?: number[], c: number[], d: number, less?: number}[][] less: to be subtracted

--- The sign of max over clauses of min over rows at x; nil where x is outside of box, half-spaces or pattern.
---@param problem PlainProblem
---@param x number[]
---@return integer?
function exact.sign_at(problem, x)
  local values, zero, at = {}, exact.of(0), 0
  for i, value in ipairs(x) do
    if value < problem.lo[i] or value > problem.hi[i] then return nil end
    values[i] = exact.of(value)
  end
  local inputs = values
  for r, row in ipairs(problem.A) do
    if exact.compare(exact.dot(row, inputs), exact.of(problem.b[r])) > 0 then return nil end
  end
  for k, layer in ipairs(problem.layers) do
    local outputs = {}
    for i, row in ipairs(layer.W) do
      outputs[i] = exact.dot(row, values, layer.b[i])
      if k < #problem.layers then
        at = at + 1
        local sign, wanted = exact.sign(outputs[i]), problem.pattern and problem.pattern[at]
        if (wanted == 1 and sign < 0) or (wanted == 0 and sign > 0) then return nil end
        if sign < 0 then outputs[i] = zero end
      end
    end
    values = outputs
  end
  local best = -1
  for _, clause in ipairs(problem.clauses) do
    local least = 1
    for _, row in ipairs(clause) do
      local value = exact.dot(row.c, values, row.d)
      if row.a then value = exact.add(value, exact.dot(row.a, inputs)) end
      if row.less then value = exact.add(value, exact.of(-row.less)) end
      least = math.min(least, exact.sign(value))
    end
    best = math.max(best, least)
  end
  return best
end

return exact
