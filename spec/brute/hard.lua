--- Problems made to hurt a search in floating point, of which the exact answer is still known.
---
--- hard.problem gives integer problems (as spec/brute/generate.lua, so that the oracle answers them) with rows parallel
--- to within 1e-9, points for domains, contradictory half-spaces, one layer or one neuron.  The functions of
--- hard.changes take a problem with doubles to one with the same answer: every number they write is exact.
local Prng = require "examples.prng"
local generate = require "spec.brute.generate"

local hard = {}

-- ---- integer problems ----------------------------------------------------------------------------

local function dot(a, b)
  local sum = 0
  for i = 1, #a do sum = sum + a[i] * b[i] end
  return sum
end

local function corner_of(prng, problem)
  local x = {}
  for i, lo in ipairs(problem.lo) do x[i] = prng:integer(lo, problem.hi[i]) end
  return x
end

--- Neurons of the first layer whose rows are nearly or exactly parallel and pass through or beside one point.
local function make_parallel(prng, problem)
  local x, layer, base = corner_of(prng, problem), problem.layers[1], {}
  for i = 1, #x do base[i] = prng:integer(-30000, 30000) end
  for i, row in ipairs(layer.weights) do
    local sign = prng:chance(0.3) and -1 or 1
    for j = 1, #x do row[j] = sign * (base[j] + prng:integer(-1, 1)) end
    -- biases count in units of 1, inputs in units of 1 / scale
    layer.biases[i] = -dot(row, x) // problem.scale + (prng:chance(0.5) and 0 or prng:integer(-1, 1))
  end
end

local function make_point(prng, problem)
  problem.lo = corner_of(prng, problem)
  problem.hi = table.move(problem.lo, 1, #problem.lo, 1, {})
end

--- Half-spaces that leave one point, a segment, or (shift -1) nothing.
local function make_thin(prng, problem)
  local x = corner_of(prng, problem)
  problem.A, problem.b = {}, {}
  local shift = prng:chance(0.3) and -1 or 0
  for k = 1, prng:integer(1, #x) do
    local row, opposite = {}, {}
    for i = 1, #x do row[i] = (i == k or prng:chance(0.3)) and prng:integer(1, 999) or 0 end
    for i = 1, #x do opposite[i] = -row[i] end
    local at = #problem.A
    problem.A[at + 1], problem.b[at + 1] = row, dot(row, x)
    problem.A[at + 2], problem.b[at + 2] = opposite, -dot(row, x) + shift
  end
end

--- No hidden layer, or a single neuron in each.
local function make_small(prng, problem)
  local layers, inputs = {}, #problem.lo
  local last = problem.layers[#problem.layers]
  for k = 1, prng:integer(0, 3) do
    local row = {}
    for i = 1, inputs do row[i] = prng:integer(-4, 4) end
    layers[k], inputs = { weights = { row }, biases = { prng:integer(-4, 4) } }, 1
  end
  for _, row in ipairs(last.weights) do
    for i = 1, math.max(inputs, #row) do row[i] = i <= inputs and prng:integer(-4, 4) or nil end
  end
  layers[#layers + 1] = last
  problem.layers, problem.pattern = layers, nil
end

--- The hard integer problem of a seed.
---@param seed integer
---@return BruteProblem
function hard.problem(seed)
  local problem, prng = generate.problem(seed), Prng.new(seed ~ 0x5bd1e995)
  local kind = prng:integer(1, 8)
  if kind <= 3 then
    make_parallel(prng, problem)
    problem.pattern = nil
  elseif kind == 4 then
    make_point(prng, problem)
  elseif kind == 5 then
    make_thin(prng, problem)
  elseif kind == 6 then
    make_small(prng, problem)
  end
  return problem
end

-- ---- the same with doubles -------------------------------------------------------------------------

local function scaled(list, factor)
  local result = {}
  for i, value in ipairs(list) do result[i] = value * factor end
  return result
end

-- In units of powers of two sums are exact; make sure.
local function plus(a, b)
  local sum = a + b
  assert(sum - a == b and sum - b == a, "a sum is not exact")
  return sum
end

local function copied_rows(rows)
  local result = {}
  for i, row in ipairs(rows) do result[i] = scaled(row, 1.0) end
  return result
end

--- The problem as exact.sign_at and net:search want it; d of each row is reduced by delta.
---@param problem BruteProblem
---@param delta? number such that the subtraction is exact
---@return PlainProblem
function hard.plain(problem, delta)
  local plain = { layers = {}, clauses = {}, lo = scaled(problem.lo, 1 / problem.scale),
                  hi = scaled(problem.hi, 1 / problem.scale), A = copied_rows(problem.A or {}),
                  b = scaled(problem.b or {}, 1 / problem.scale),
                  pattern = problem.pattern and table.move(problem.pattern, 1, #problem.pattern, 1, {}) }
  for k, layer in ipairs(problem.layers) do
    plain.layers[k] = { W = copied_rows(layer.weights), b = scaled(layer.biases, 1.0) }
  end
  for k, clause in ipairs(problem.clauses) do
    plain.clauses[k] = {}
    for r, row in ipairs(clause) do
      plain.clauses[k][r] = { a = row.a and scaled(row.a, 1.0), c = scaled(row.c, 1.0), d = plus(row.d, -(delta or 0)) }
    end
  end
  return plain
end

local function copied_row(row, more)
  return { a = row.a and scaled(row.a, 1.0), c = scaled(row.c, 1.0), d = plus(row.d, more) }
end

local function each_row(plain, visit)
  for _, clause in ipairs(plain.clauses) do
    for _, row in ipairs(clause) do visit(row) end
  end
end

local function scale_column(rows, column, factor)
  for _, row in ipairs(rows) do row[column] = row[column] * factor end
end

local function scale_row(row, b, i, factor)
  for j = 1, #row do row[j] = row[j] * factor end
  b[i] = b[i] * factor
end

local function power(prng, most) return 2.0 ^ prng:integer(-most, most) end

--- First neuron, in the pattern's count, of the hidden layer k = 1, 2, ...
local function offset_of(plain, k)
  local offset = 0
  for j = 1, k - 1 do offset = offset + #plain.layers[j].b end
  return offset
end

local function add_neuron(plain, k, row, bias, sign, columns)
  local layer = plain.layers[k]
  layer.W[#layer.W + 1], layer.b[#layer.b + 1] = row, bias
  if plain.pattern then table.insert(plain.pattern, offset_of(plain, k) + #layer.b, sign) end
  for i, next_row in ipairs(plain.layers[k + 1].W) do next_row[#next_row + 1] = columns[i] end
end

hard.changes = {}

--- The order in which the changes keep all sums exact: units last.
hard.ORDER = { "many_inputs", "fixed_inputs", "duplicates", "zero_neurons", "idle_halfspaces", "idle_rows",
               "idle_clauses", "halfspace_units", "input_units", "neuron_units" }

--- Neurons in units from 1e-12 to 1e12.
function hard.changes.neuron_units(prng, plain)
  local most = prng:chance(0.5) and 10 or 40
  for k = 1, #plain.layers - 1 do
    local layer = plain.layers[k]
    for i = 1, #layer.b do
      local factor = power(prng, most)
      scale_row(layer.W[i], layer.b, i, factor)
      scale_column(plain.layers[k + 1].W, i, 1 / factor)
    end
  end
end

--- Inputs in units from 1e-6 to 1e6.
function hard.changes.input_units(prng, plain)
  for j = 1, #plain.lo do
    local factor = power(prng, 20)
    plain.lo[j], plain.hi[j] = plain.lo[j] * factor, plain.hi[j] * factor
    scale_column(plain.layers[1].W, j, 1 / factor)
    scale_column(plain.A, j, 1 / factor)
    each_row(plain, function(row) if row.a then row.a[j] = row.a[j] / factor end end)
  end
end

--- Half-spaces in units from 1e-9 to 1e9.
function hard.changes.halfspace_units(prng, plain)
  for r, row in ipairs(plain.A) do scale_row(row, plain.b, r, power(prng, 30)) end
end

--- A neuron taken apart into two equal ones.
function hard.changes.duplicates(prng, plain)
  for k = 1, #plain.layers - 1 do
    local layer, columns = plain.layers[k], {}
    local i = prng:integer(1, #layer.b)
    local share = ({ 0.5, -1.0, 2.0 ^ -20, 4.0 })[prng:integer(1, 4)]
    for r, row in ipairs(plain.layers[k + 1].W) do
      columns[r] = row[i] * share
      row[i] = plus(row[i], -columns[r])
    end
    local sign = plain.pattern and plain.pattern[offset_of(plain, k) + i]
    add_neuron(plain, k, scaled(layer.W[i], 1.0), layer.b[i], prng:chance(0.5) and -1 or sign, columns)
  end
end

--- Neurons that are 0 everywhere, some of them on the border between on and off.
function hard.changes.zero_neurons(prng, plain)
  for k = 1, #plain.layers - 1 do
    local row, columns, bias = {}, {}, -prng:integer(0, 1)
    for j = 1, #plain.layers[k].W[1] do row[j] = 0.0 end
    for r = 1, #plain.layers[k + 1].b do columns[r] = prng:integer(-1000, 1000) end
    add_neuron(plain, k, row, bias, prng:chance(0.5) and -1 or 0, columns)
  end
end

--- Inputs that the domain fixes.
function hard.changes.fixed_inputs(prng, plain)
  for _ = 1, prng:integer(1, 3) do
    local value = prng:integer(-64, 64) / 8
    plain.lo[#plain.lo + 1], plain.hi[#plain.hi + 1] = value, value
    for i, row in ipairs(plain.layers[1].W) do
      local weight = prng:integer(-8, 8)
      row[#row + 1] = weight
      plain.layers[1].b[i] = plus(plain.layers[1].b[i], -weight * value)
    end
    for _, row in ipairs(plain.A) do row[#row + 1] = 0.0 end
    each_row(plain, function(row) if row.a then row.a[#row.a + 1] = 0.0 end end)
  end
end

--- Half-spaces that follow from the box, most of them touching it in a corner.
function hard.changes.idle_halfspaces(prng, plain)
  for _ = 1, 50 do
    local row, most = {}, prng:chance(0.7) and 0 or 1
    for j, lo in ipairs(plain.lo) do
      row[j] = prng:integer(-2, 2)
      most = most + math.max(row[j] * lo, row[j] * plain.hi[j])
    end
    plain.A[#plain.A + 1], plain.b[#plain.b + 1] = row, most
  end
end

--- Rows that others imply, and constant ones: 50 to a clause.
function hard.changes.idle_rows(prng, plain)
  for _, clause in ipairs(plain.clauses) do
    local given = #clause
    for k = given + 1, 50 do
      local row = clause[prng:integer(1, given)]
      clause[k] = copied_row(row, prng:integer(0, 2))
    end
    local row = clause[1]
    clause[51] = { c = scaled(row.c, 0.0), d = 2.0 ^ 60 }
  end
end

--- 200 clauses: parts of the given ones, and impossible ones.
function hard.changes.idle_clauses(prng, plain)
  local given = #plain.clauses
  for k = given + 1, 200 do
    local clause, more = plain.clauses[prng:integer(1, given)], {}
    for r, row in ipairs(clause) do more[r] = copied_row(row, 0) end
    if prng:chance(0.5) then
      more[#more + 1] = { c = scaled(clause[1].c, 0.0), d = -2.0 ^ 40 }
    else
      more[#more + 1] = copied_row(clause[1], -prng:integer(0, 2))
    end
    plain.clauses[k] = more
  end
end

-- u = lo + (hi - lo) t, t the sum of weights[i] x[i] over `count` inputs, is 0 to 1: the weights are powers of two
-- that sum up to 1, and x[i] is in [0, 1], or in [-1, 0] where the weight is negative.
local function random_mean(prng, count)
  local weights = { 1.0 }
  while #weights < count do -- split the largest, or any
    local i = 1
    for k = 2, #weights do
      if weights[k] > weights[i] then i = k end
    end
    if prng:chance(0.2) then i = prng:integer(1, #weights) end
    weights[i] = weights[i] / 2
    weights[#weights + 1] = weights[i]
  end
  for i = 1, count do
    if prng:chance(0.5) then weights[i] = -weights[i] end
  end
  return weights
end

--- row . u as a row of the new inputs, and what is left as a constant.
local function spread(row, plain, means)
  local result, constant = {}, 0.0
  for j, weights in ipairs(means) do
    constant = plus(constant, row[j] * plain.lo[j])
    for _, weight in ipairs(weights) do
      result[#result + 1] = row[j] * (plain.hi[j] - plain.lo[j]) * weight
    end
  end
  return result, constant
end

--- Each input a mean of many: 40 to 60 inputs, of which the network sees a few linear functions.
function hard.changes.many_inputs(prng, plain)
  local n, total, means, lo, hi = #plain.lo, prng:integer(40, 60), {}, {}, {}
  for j = 1, n do means[j] = random_mean(prng, j == n and total - (n - 1) * (total // n) or total // n) end
  local function change(row, b, i, sign)
    local result, constant = spread(row, plain, means)
    b[i] = plus(b[i], sign * constant)
    return result
  end
  for i, row in ipairs(plain.layers[1].W) do plain.layers[1].W[i] = change(row, plain.layers[1].b, i, 1) end
  for r, row in ipairs(plain.A) do plain.A[r] = change(row, plain.b, r, -1) end
  each_row(plain, function(row) if row.a then row.a = change(row.a, row, "d", 1) end end)
  for _, weights in ipairs(means) do
    for _, weight in ipairs(weights) do
      lo[#lo + 1], hi[#hi + 1] = math.min(0, weight < 0 and -1 or 1), math.max(0, weight < 0 and -1 or 1)
    end
  end
  plain.lo, plain.hi = lo, hi
end

return hard
