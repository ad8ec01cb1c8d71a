--- NNInfer (Dingliwal, Pareek, Arora, 2020): prove a property close to the network's structure, then cut.
---
--- The property asked for is P' = { m_j(F(x)) >= m0_j(x) - eps, every j }: the true margin is never more than eps
--- below its local affine form.  With a minimal prefix s that implies P', the region is R(s) and {m0_j >= eps}.
local core = require "relucid.core"
local common = require "relucid.strategy.common"

-- P' and the rows that go with it.  A row of P' is c.y - w.x + D >= 0 with D = d - c0 + eps, rounded somehow.  On a
-- row -w.x <= b of the region it gives m = c.y + d >= w.x - D + d >= d - D - b, which is >= 0 for b <= d - D: so
-- that difference is rounded down, and how w, c0 and D were rounded does not matter.
local function relaxed_property(task, epsilon)
  local property, rows = {}, {}
  for j, form in ipairs(task:local_forms()) do
    local margin = task.margins[j]
    local D = margin.d - form.c + epsilon
    local row = common.row(form.w, core.add_down(margin.d, -D))
    property[j] = { a = row.a, c = margin.c, d = D }
    rows[j] = row
  end
  return core.property.linear(task.net, property), rows
end

---@class relucid.NNInferOptions: relucid.StrategyOptions
---@field epsilon? number  default 0.1

---@param net table  relucid.network
---@param point number[]
---@param goal? table  relucid.property, one conjunction; default: the class that the network answers at the point
---@param options? relucid.NNInferOptions
---@return relucid.Result
return function(net, point, goal, options)
  local task = common.task("nninfer", net, point, goal, options, { epsilon = 0.1 })
  local epsilon = task.options.epsilon
  if not (epsilon > 0 and epsilon < math.huge) then
    error(("option epsilon: is %s, expected a number > 0"):format(tostring(epsilon)), 0)
  end
  for j, form in ipairs(task:local_forms()) do
    if form.value < epsilon then
      task:note("margin %d is %.6g at the point, less than epsilon %.6g", j, form.value, epsilon)
    end
  end
  local property, rows = relaxed_property(task, epsilon)
  local outcome = task:minimize(property)
  if outcome.verdict == "proved" then
    return task:result(outcome.pattern, rows, { status = "proved", implied = true })
  end
  if outcome.verdict == "counterexample" then
    task:note("epsilon is below the rounding of the local affine form: the region is cut inside the whole pattern")
  else
    task:note("not decided whether the point's whole pattern keeps the margins within epsilon")
  end
  return task:local_result(outcome, epsilon)
end
