--- Random problems along one input, with weights, biases and inputs of any size, from 1e-320 to 1e308, mixed.
local Prng = require "examples.prng"

local scales = {}

local SIZES = { 1e-320, 1e-308, 1e-305, 1e-240, 1e-200, 1e-170, 1e-160, 1e-120, 1e-10, 1e10, 1e100, 1e120, 1e150, 1e160,
                1e200, 1e290, 1e305, 1e307, 1e308 }

-- A number of the sizes that the problem mixes.
local function number(prng, sizes)
  local factor = prng:integer(-3, 3)
  if prng:chance(0.3) then factor = prng:uniform(-1.7, 1.7) end
  local value = factor * sizes[prng:integer(1, #sizes)]
  return math.abs(value) < math.huge and value or 1.7e308
end

local function sizes_of(prng)
  local sizes = { 1 }
  for k = 1, prng:integer(1, 4) do sizes[k + 1] = SIZES[prng:integer(1, #SIZES)] end
  return sizes
end

-- A layer; some of its neurons repeat another with the sign changed, or are 0 but for one weight.
local function random_layer(prng, sizes, inputs, outputs, bias)
  local layer = { W = {}, b = {} }
  for i = 1, outputs do
    local row, from = {}, i > 1 and prng:chance(0.3) and prng:integer(1, i - 1)
    local only = prng:chance(0.3) and prng:integer(1, inputs)
    local sign = prng:chance(0.5) and 1 or -1
    for j = 1, inputs do
      row[j] = from and sign * layer.W[from][j] or (only and only ~= j) and 0.0 or number(prng, sizes)
    end
    layer.W[i], layer.b[i] = row, from and sign * layer.b[from] or prng:chance(bias) and number(prng, sizes) or 0.0
  end
  return layer
end

-- Inputs that are fixed, or of no influence.
local function pad(prng, problem, sizes, count)
  local first = problem.layers[1]
  for j = 2, count do
    local free, at = prng:chance(0.5), number(prng, sizes)
    problem.lo[j], problem.hi[j] = at, free and math.max(at, number(prng, sizes)) or at
    for _, row in ipairs(first.W) do row[j] = not free and prng:chance(0.1) and number(prng, sizes) or 0.0 end
  end
end

local function random_clause(prng, sizes, inputs, outputs)
  local clause = {}
  for r = 1, prng:integer(1, 2) do
    local row = { c = {}, d = prng:chance(0.5) and number(prng, sizes) or 0.0 }
    for i = 1, outputs do row.c[i] = prng:chance(0.7) and number(prng, sizes) or 0.0 end
    clause[r] = row
  end
  if prng:chance(0.5) then -- an equation of the first input, which no double need fulfil
    local a, d = number(prng, sizes), number(prng, sizes)
    for sign = -1, 1, 2 do
      local row = { a = { sign * a }, c = {}, d = sign * d }
      for j = 2, inputs do row.a[j] = 0.0 end
      for i = 1, outputs do row.c[i] = 0.0 end
      clause[#clause + 1] = row
    end
  end
  return clause
end

--- The random problem of a seed.
---@param seed integer
---@return PlainProblem
function scales.problem(seed)
  local prng = Prng.new(seed)
  local sizes, inputs = sizes_of(prng), prng:chance(0.5) and 25 or prng:integer(1, 3)
  local problem = { layers = {}, lo = {}, hi = {}, A = {}, b = {}, clauses = {} }
  local width, bias, neurons = 1, prng:chance(0.5) and 0.2 or 0.8, 0
  local depth = prng:integer(1, 4)
  for k = 1, depth do
    local outputs = k == depth and prng:integer(1, 2) or prng:integer(1, 3)
    problem.layers[k] = random_layer(prng, sizes, width, outputs, bias)
    width, neurons = outputs, neurons + (k < depth and outputs or 0)
  end
  local x, y = number(prng, sizes), number(prng, sizes)
  problem.lo[1], problem.hi[1] = math.min(x, y), math.max(x, y)
  pad(prng, problem, sizes, inputs)
  if prng:chance(0.3) then
    problem.pattern = {}
    for i = 1, neurons do problem.pattern[i] = prng:integer(-1, 1) end
  end
  if prng:chance(0.2) then
    problem.A[1], problem.b[1] = { number(prng, sizes) }, number(prng, sizes)
    for j = 2, inputs do problem.A[1][j] = 0.0 end
  end
  for k = 1, prng:chance(0.2) and 2 or 1 do problem.clauses[k] = random_clause(prng, sizes, inputs, width) end
  return problem
end

return scales
