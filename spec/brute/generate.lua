--- Small random problems with integer data, rich in the cases that go wrong:
--- duplicate and zero neurons, dead ones, zero biases, ties between outputs,
--- flat domains, empty patterns, half-spaces that only touch.
local Prng = require "examples.prng"

local generate = {}

---@class BruteLayer
---@field weights integer[][]
---@field biases integer[]
---@field linear? integer[] 1: a neuron without ReLU, 0: one with it; default: all have it

---@class BruteRow a.x + c.y + d >= 0
---@field a? integer[]
---@field c integer[]
---@field d integer

---@class BruteProblem
---@field seed integer
---@field layers BruteLayer[] the last one gives the outputs
---@field scale integer box and half-spaces are in units of 1/scale
---@field lo integer[]
---@field hi integer[]
---@field A? integer[][] A x <= b / scale
---@field b? integer[]
---@field pattern? integer[] per hidden neuron 1 on, 0 off, -1 free
---@field clauses BruteRow[][] an or of ands
---@field target? BruteRow[] one of the clauses, for brute.maximum

local function integers(prng, count, bound)
  local list = {}
  for i = 1, count do
    list[i] = prng:integer(-bound, bound)
  end
  return list
end

--- One of the peculiar neurons, made of what layer `layer` already has, or a plain one.
local function add_neuron(prng, layer, inputs, zero_bias)
  local weights, biases = layer.weights, layer.biases
  local i = #weights + 1
  local row, bias = integers(prng, inputs, 4), zero_bias and 0 or prng:integer(-8, 8)
  local kind = prng:integer(1, 16)
  if kind == 1 and i > 1 then -- the same as an earlier one
    local j = prng:integer(1, i - 1)
    row, bias = table.move(weights[j], 1, inputs, 1, {}), biases[j]
  elseif kind == 2 and i > 1 then -- the opposite of an earlier one
    local j = prng:integer(1, i - 1)
    for k = 1, inputs do
      row[k] = -weights[j][k]
    end
    bias = -biases[j]
  elseif kind == 3 then -- constant, often zero
    for k = 1, inputs do
      row[k] = 0
    end
    bias = prng:integer(-1, 1)
  elseif kind == 4 then -- dead, or always on in the first layers
    bias = prng:chance(0.7) and -1000 or 1000
  elseif kind == 5 then -- one input only
    local kept = prng:integer(1, inputs)
    for k = 1, inputs do
      if k ~= kept then row[k] = 0 end
    end
  end
  weights[i], biases[i] = row, bias
end

local function random_layers(prng, inputs, large)
  local hidden, budget = prng:integer(1, 3), large and 14 or 12
  local zero_bias = prng:chance(0.25)
  local layers, width = {}, inputs
  for k = 1, hidden + 1 do
    local least, most = 1, 3
    if k <= hidden then
      least, most = large and 4 or 1, math.min(8, budget - (large and 4 or 1) * (hidden - k))
    end
    local outputs = prng:integer(least, most)
    if k <= hidden then budget = budget - outputs end
    local layer = { weights = {}, biases = {} }
    for _ = 1, outputs do
      add_neuron(prng, layer, width, zero_bias)
    end
    layers[k], width = layer, outputs
  end
  return layers
end

--- The outputs at x, and all hidden pre-activations.
---@param layers BruteLayer[]
---@param x number[]
---@return number[] outputs
---@return number[] preactivations
function generate.eval(layers, x)
  local preactivations = {}
  for k, layer in ipairs(layers) do
    local z = {}
    for i, row in ipairs(layer.weights) do
      local sum = layer.biases[i]
      for j, weight in ipairs(row) do
        sum = sum + weight * x[j]
      end
      if k < #layers then
        preactivations[#preactivations + 1] = sum
        if (layer.linear or {})[i] ~= 1 then sum = math.max(sum, 0) end
      end
      z[i] = sum
    end
    x = z
  end
  return x, preactivations
end

local function dot(a, b)
  local sum = 0
  for i = 1, #a do
    sum = sum + a[i] * b[i]
  end
  return sum
end

--- The least of a clause's rows at x.
---@param problem BruteProblem
---@param clause BruteRow[]
---@param x number[]
---@return number
function generate.value(problem, clause, x)
  local y = generate.eval(problem.layers, x)
  local value = math.huge
  for _, row in ipairs(clause) do
    value = math.min(value, dot(row.c, y) + row.d + (row.a and dot(row.a, x) or 0))
  end
  return value
end

--- Whether x obeys box, half-spaces and pattern, each to within the tolerance.
---@param problem BruteProblem
---@param x number[]
---@param tolerance number
---@return boolean
function generate.inside(problem, x, tolerance)
  for i, value in ipairs(x) do
    local scaled = value * problem.scale
    if scaled < problem.lo[i] - tolerance or scaled > problem.hi[i] + tolerance then return false end
  end
  for i, row in ipairs(problem.A or {}) do
    if dot(row, x) > problem.b[i] / problem.scale + tolerance then return false end
  end
  local _, z = generate.eval(problem.layers, x)
  for i, sign in ipairs(problem.pattern or {}) do
    if (sign == 1 and z[i] < -tolerance) or (sign == 0 and z[i] > tolerance) then return false end
  end
  return true
end

local function random_box(prng, inputs, large)
  local lo, hi = {}, {}
  for i = 1, inputs do
    if large then
      lo[i], hi[i] = prng:integer(-9, -3), prng:integer(3, 9)
    else
      lo[i] = prng:integer(-6, 4)
      hi[i] = prng:chance(0.12) and lo[i] or prng:integer(lo[i], 6)
    end
  end
  return lo, hi
end

local function random_point(prng, problem)
  local x = {}
  for i = 1, #problem.lo do
    x[i] = prng:integer(problem.lo[i], problem.hi[i]) / problem.scale
  end
  return x
end

--- Some literals of a point of the box; some of them wrong.
local function random_pattern(prng, problem)
  local _, preactivations = generate.eval(problem.layers, random_point(prng, problem))
  local linear = {}
  for k = 1, #problem.layers - 1 do
    local layer = problem.layers[k]
    for i = 1, #layer.biases do linear[#linear + 1] = (layer.linear or {})[i] == 1 end
  end
  local share, wrong = prng:uniform(0.2, 1), prng:chance(0.4) and 0.3 or 0
  local pattern = {}
  for i, z in ipairs(preactivations) do
    local on = z > 0 or (z == 0 and prng:chance(0.5))
    if prng:chance(wrong) then on = not on end
    pattern[i] = prng:chance(share) and not linear[i] and (on and 1 or 0) or -1
  end
  return pattern
end

local function random_halfspaces(prng, problem)
  local A, b = {}, {}
  local x = random_point(prng, problem)
  for k = 1, prng:integer(1, 3) do
    A[k] = integers(prng, #x, 3)
    b[k] = prng:integer(-4, 4)
    if prng:chance(0.6) then -- through or beside a point of the box
      b[k] = prng:chance(0.5) and 0 or prng:integer(0, 3)
      for i, value in ipairs(x) do
        b[k] = b[k] + A[k][i] * math.tointeger(value * problem.scale)
      end
    end
  end
  if prng:chance(0.2) then -- an equation
    A[#A + 1], b[#b + 1] = {}, -b[1]
    for i, value in ipairs(A[1]) do
      A[#A][i] = -value
    end
  end
  return A, b
end

local function random_clause(prng, inputs, outputs)
  local clause = {}
  if outputs > 1 and prng:chance(0.4) then -- an output against all others
    local best, sign = prng:integer(1, outputs), prng:chance(0.5) and 1 or -1
    for other = 1, outputs do
      if other ~= best then
        local c = {}
        for i = 1, outputs do
          c[i] = i == best and sign or i == other and -sign or 0
        end
        clause[#clause + 1] = { c = c, d = 0 }
      end
    end
    return clause
  end
  for k = 1, prng:integer(1, 3) do
    clause[k] = { c = integers(prng, outputs, 3), d = prng:integer(-10, 10) }
    if prng:chance(0.3) then clause[k].a = integers(prng, inputs, 3) end
  end
  return clause
end

-- Some hidden neurons, or whole layers, lose their ReLU.
local function make_linear(prng, layers)
  local share = prng:uniform(0.1, 0.7)
  for k = 1, #layers - 1 do
    layers[k].linear = {}
    local whole = prng:chance(0.2)
    for i = 1, #layers[k].biases do layers[k].linear[i] = (whole or prng:chance(share)) and 1 or 0 end
  end
end

--- The random problem of a seed.
---@param seed integer
---@param linear? boolean with linear neurons among the hidden ones
---@return BruteProblem
function generate.problem(seed, linear)
  local prng = Prng.new(seed)
  local inputs = prng:chance(0.4) and 2 or prng:integer(1, 3)
  local large = prng:chance(0.4) -- many cells
  local problem = { seed = seed, layers = random_layers(prng, inputs, large), scale = prng:chance(0.3) and 2 or 1 }
  if linear then make_linear(prng, problem.layers) end
  problem.lo, problem.hi = random_box(prng, inputs, large)
  if prng:chance(large and 0.25 or 0.5) then problem.pattern = random_pattern(prng, problem) end
  if prng:chance(0.3) then problem.A, problem.b = random_halfspaces(prng, problem) end
  local outputs = #problem.layers[#problem.layers].biases
  problem.clauses = {}
  for k = 1, prng:chance(0.25) and 2 or 1 do
    problem.clauses[k] = random_clause(prng, inputs, outputs)
  end
  return problem
end

--- The same problem with its rows scaled and shifted so that the maximum, now
--- the given fraction, becomes exactly `new_value`.
---@param problem BruteProblem
---@param maximum {numerator: integer, denominator: integer}
---@param new_value integer
---@return BruteProblem
function generate.with_maximum(problem, maximum, new_value)
  local function scaled(list)
    local result = {}
    for i, number in ipairs(list) do
      result[i] = number * maximum.denominator
    end
    return result
  end
  local shifted = {}
  for name, field in pairs(problem) do
    shifted[name] = field
  end
  shifted.clauses = {}
  for k, clause in ipairs(problem.clauses) do
    shifted.clauses[k] = {}
    for i, row in ipairs(clause) do
      local d = row.d * maximum.denominator - maximum.numerator + new_value
      shifted.clauses[k][i] = { a = row.a and scaled(row.a), c = scaled(row.c), d = d }
    end
  end
  return shifted
end

return generate
