--- Prophecy (Gopinath et al., 2019): a minimal decision prefix that implies the goal.
---
--- Where the whole pattern s0 of the point does not imply it, the region is R(s0) and {m0_j >= 0}: on R(s0) each
--- margin equals its local affine form m0_j.
local tasks = require "relucid.strategy.task"
local forms = require "relucid.strategy.forms"

---@param net table  relucid.network
---@param point number[]
---@param goal? table  relucid.property, one conjunction; default: the class that the network answers at the point
---@param options? relucid.StrategyOptions
---@return relucid.Result
return function(net, point, goal, options)
  local task = tasks.new("prophecy", net, point, goal, options, {})
  local outcome = task:minimize(task.goal)
  if outcome.verdict == "proved" then
    return task:result({ { pattern = outcome.pattern } }, { status = "proved", implied = true })
  end
  return forms.cut_by_margins(task, outcome)
end
