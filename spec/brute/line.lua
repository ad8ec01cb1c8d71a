--- An oracle for networks along one input, for tests only: exact for doubles of any size.
---
--- With all inputs fixed but the first, every neuron is piecewise affine in that one, t.  The line is cut at the zeros
--- of the neurons, layer by layer; on each piece the least row of the target is concave, so that its maximum lies at an
--- end or where two rows meet.  Numbers are those of spec/exact.lua, points fractions p / q of them, q > 0.
local exact = require "spec.exact"

local line = {}

---@class LinePoint
---@field p table
---@field q table

local ZERO, ONE = exact.of(0), exact.of(1)

-- The affine function a t + b.
local function form_of(b) return { a = ZERO, b = b } end

local function add_product(form, factor, other)
  if factor == 0 then return form end
  local f = exact.of(factor)
  return { a = exact.add(form.a, exact.mul(f, other.a)), b = exact.add(form.b, exact.mul(f, other.b)) }
end

local function combine(factors, forms, constant)
  local sum = form_of(exact.of(constant))
  for i, form in ipairs(forms) do sum = add_product(sum, factors[i], form) end
  return sum
end

-- Times the point's denominator, which is positive.
local function value_at(form, point) return exact.add(exact.mul(form.a, point.p), exact.mul(form.b, point.q)) end

local function sign_at(form, point) return exact.sign(value_at(form, point)) end

-- Where the form, not constant, is 0.
local function zero_of(form)
  local p, q = exact.negate(form.b), form.a
  if exact.sign(q) < 0 then p, q = exact.negate(p), exact.negate(q) end
  return { p = p, q = q }
end

local function difference(f, g)
  return { a = exact.add(f.a, exact.negate(g.a)), b = exact.add(f.b, exact.negate(g.b)) }
end

-- The part of [lo, hi] where the form is >= 0; nil: none.
local function part_above(form, lo, hi)
  local left, right = sign_at(form, lo), sign_at(form, hi)
  if left < 0 and right < 0 then return nil end
  if left < 0 then lo = right == 0 and hi or zero_of(form) end
  if right < 0 then hi = left == 0 and lo or zero_of(form) end
  return lo, hi
end

local function negative(form) return { a = exact.negate(form.a), b = exact.negate(form.b) } end

-- The maximum of the least row over [lo, hi] as {numerator, denominator}.
local function best_of(rows, lo, hi)
  local points = { lo, hi }
  for i = 1, #rows do
    for j = 1, i - 1 do
      local meeting = difference(rows[i], rows[j])
      if sign_at(meeting, lo) * sign_at(meeting, hi) < 0 then points[#points + 1] = zero_of(meeting) end
    end
  end
  local best
  for _, point in ipairs(points) do
    local least
    for _, row in ipairs(rows) do
      local value = value_at(row, point)
      if not least or exact.compare(value, least) < 0 then least = value end
    end
    if not best or exact.compare(exact.mul(least, best[2]), exact.mul(best[1], point.q)) > 0 then
      best = { least, point.q }
    end
  end
  return best
end

local function greater(a, b)
  return not b or exact.compare(exact.mul(a[1], b[2]), exact.mul(b[1], a[2])) > 0
end

local function finish(state, outputs, lo, hi)
  for _, clause in ipairs(state.problem.clauses) do
    local rows = {}
    for r, row in ipairs(clause) do
      rows[r] = combine(row.c, outputs, row.d)
      for j, input in ipairs(state.inputs) do rows[r] = add_product(rows[r], row.a and row.a[j] or 0, input) end
    end
    local value = best_of(rows, lo, hi)
    if greater(value, state.best) then state.best = value end
  end
end

local descend

-- Neurons i, i + 1, ... of the layer: cut [lo, hi] where they change their signs.
local function cut(state, layer, at, z, i, active, lo, hi)
  if i > #z then return descend(state, layer + 1, at + #z, active, lo, hi) end
  local wanted = state.problem.pattern and state.problem.pattern[at + i] or -1
  for on = 1, 0, -1 do
    local left, right = part_above(on == 1 and z[i] or negative(z[i]), lo, hi)
    local same = on == 0 and left and sign_at(z[i], left) == 0 and sign_at(z[i], right) == 0 -- 0 all over: on as well
    if left and (wanted == on or (wanted < 0 and not same)) then
      local more = table.move(active, 1, #active, 1, {})
      more[i] = on == 1 and z[i] or form_of(ZERO)
      cut(state, layer, at, z, i + 1, more, left, right)
    end
  end
end

function descend(state, layer, at, inputs, lo, hi)
  local W, b, z = state.problem.layers[layer].W, state.problem.layers[layer].b, {}
  for i, row in ipairs(W) do z[i] = combine(row, inputs, b[i]) end
  if layer == #state.problem.layers then return finish(state, z, lo, hi) end
  cut(state, layer, at, z, 1, {}, lo, hi)
end

--- The maximum over the set of the largest clause, as an exact numerator and a positive denominator; nil: the set is
--- empty.  All inputs but the first are fixed, or of no influence.
---@param problem PlainProblem
---@return table? numerator
---@return table? denominator
function line.maximum(problem)
  local state = { problem = problem, inputs = { { a = ONE, b = ZERO } } }
  for j = 2, #problem.lo do state.inputs[j] = form_of(exact.of(problem.lo[j])) end
  local lo, hi = { p = exact.of(problem.lo[1]), q = ONE }, { p = exact.of(problem.hi[1]), q = ONE }
  for r, row in ipairs(problem.A) do
    local slack = negative(combine(row, state.inputs, -problem.b[r]))
    lo, hi = part_above(slack, lo, hi)
    if not lo then return nil end
  end
  descend(state, 1, 0, state.inputs, lo, hi)
  if state.best then return state.best[1], state.best[2] end
  return nil
end

return line
