--- The local affine form of the margins: F restricted to the point's whole pattern s0 makes margin m_j the affine
--- m0_j(x) = w_j.x + c_j.  Here are the rows {m0_j >= threshold} of regions, and what is asked with them.
---
--- Every row is about c_j.F(x) + d_j >= 0 itself: how w and c were rounded does not matter.
local core = require "relucid.core"
local claims = require "relucid.strategy.claims"

local forms = {}

local function dot(c, y)
  local sum = 0
  for k, value in ipairs(c) do sum = sum + value * y[k] end
  return sum
end

local function negated(list)
  local result = {}
  for i, value in ipairs(list) do result[i] = -value end
  return result
end

--- The margins' local affine forms at the task's point, rounded to nearest, and their values there.
---@param task relucid.Task
---@return {w: number[], c: number, value: number}[]
function forms.of(task)
  if task.forms then return task.forms end
  local affine = task.net:affine(task.full)
  task.forms = {}
  for j, margin in ipairs(task.margins) do
    local w = {}
    for i = 1, task.net.n do w[i] = 0.0 end
    for k, c in ipairs(margin.c) do
      if c ~= 0 then
        for i, value in ipairs(affine.W[k]) do w[i] = w[i] + c * value end
      end
    end
    local c = dot(margin.c, affine.b) + margin.d
    task.forms[j] = { w = w, c = c, value = dot(w, task.point) + c }
  end
  return task.forms
end

--- The thresholds of all margins from one number or one for each.
---@param task relucid.Task
---@param epsilon number|number[]
---@return number[]
function forms.thresholds(task, epsilon)
  local list = {}
  for j in ipairs(task.margins) do list[j] = type(epsilon) == "table" and epsilon[j] or epsilon end
  return list
end

--- Say which margins are below their threshold at the point: the region cannot contain it.
---@param task relucid.Task
---@param epsilon number[]
function forms.note_small_margins(task, epsilon)
  for j, form in ipairs(forms.of(task)) do
    if form.value < epsilon[j] then
      task:note("margin %d is %.6g at the point, less than epsilon %.6g", j, form.value, epsilon[j])
    end
  end
end

--- The property P' = { m_j(F(x)) >= m0_j(x) - epsilon_j, every j } and rows {m0_j >= epsilon_j} on which it gives
--- the goal.
---
--- A row of P' is c.y - w.x + D >= 0 with D = d - c0 + epsilon, rounded somehow.  On a row -w.x <= b of the region it
--- gives m = c.y + d >= w.x - D + d >= d - D - b, which is >= 0 for b <= d - D: so that difference is rounded down.
---@param task relucid.Task
---@param epsilon number[]
---@return table property  relucid.property
---@return {a: number[], b: number}[] rows
function forms.relaxed(task, epsilon)
  local property, rows = {}, {}
  for j, form in ipairs(forms.of(task)) do
    local margin, a = task.margins[j], negated(form.w)
    local D = margin.d - form.c + epsilon[j]
    property[j] = { a = a, c = margin.c, d = D }
    rows[j] = { a = a, b = core.add_down(margin.d, -D) }
  end
  return core.property.linear(task.net, property), rows
end

--- The weakest row {-w.x <= b} that gives margin j on R(pattern), as far as a bound is found.
---
--- With a rigorous upper bound U of w.x - c_j.F(x) on R(pattern), b <= d_j - U gives
--- m_j = c_j.F(x) + d_j >= w.x - U + d_j >= 0.
---@param task relucid.Task
---@param pattern table  relucid.pattern
---@param j integer
---@return {a: number[], b: number}|nil row  nil: no bound is known
---@return relucid.Proved|nil proof
function forms.tight_row(task, pattern, j)
  local form, margin = forms.of(task)[j], task.margins[j]
  local target = core.property.linear(task.net, { { a = form.w, c = negated(margin.c), d = 0 } })
  local upper, proof = task:upper(pattern, target)
  if upper == math.huge then return nil end
  local row = { a = negated(form.w), b = form.c } -- where no input obeys the pattern any row does
  if upper > -math.huge then row.b = core.add_down(margin.d, -upper) end
  return row, proof
end

--- Rows that give the goal on R(pattern of the point), where each margin equals its local affine form but for the
--- rounding of w and c; not above {m0_j >= threshold_j}.
---@param task relucid.Task
---@param thresholds number[]
---@return {a: number[], b: number}[]|nil rows
---@return relucid.Proved[]|nil proofs
function forms.local_rows(task, thresholds)
  local rows, proofs = {}, {}
  for j, form in ipairs(forms.of(task)) do
    local row
    row, proofs[j] = forms.tight_row(task, task.full, j)
    if not row then return nil end
    if thresholds[j] > 0 then row.b = math.min(row.b, core.add_down(form.c, -thresholds[j])) end
    rows[j] = row
  end
  return rows, proofs
end

--- The result when the whole pattern is not known to imply what was asked: R(s0) and {m0_j >= threshold_j}.
---@param task relucid.Task
---@param outcome relucid.Outcome
---@param thresholds number[]
---@return relucid.Result
function forms.local_result(task, outcome, thresholds)
  local rows, proofs = forms.local_rows(task, thresholds)
  local ending = { status = "unknown" }
  if outcome.verdict == "counterexample" then ending = { implied = false } end
  return claims.result(task, rows and { { pattern = task.full, rows = rows, proof = proofs } } or {}, ending)
end

--- The same for a strategy that asked for the goal itself.
---@param task relucid.Task
---@param outcome relucid.Outcome
---@return relucid.Result
function forms.cut_by_margins(task, outcome)
  if outcome.verdict == "counterexample" then
    task:note("the point's whole pattern does not imply the goal: the region is cut by the margins")
  else
    task:note("not decided whether the point's whole pattern implies the goal: the region is cut by the margins")
  end
  return forms.local_result(task, outcome, forms.thresholds(task, 0))
end

return forms
