--- Prophecy (Gopinath et al., 2019): a minimal decision prefix that implies the goal.
---
--- Where the whole pattern s0 of the point does not imply it, the region is R(s0) and {m0_j >= 0}: on R(s0) each
--- margin equals its local affine form m0_j.
local common = require "relucid.strategy.common"

---@param net table  relucid.network
---@param point number[]
---@param goal? table  relucid.property, one conjunction; default: the class that the network answers at the point
---@param options? relucid.StrategyOptions
---@return relucid.Result
return function(net, point, goal, options)
  local task = common.task("prophecy", net, point, goal, options, {})
  local outcome = task:minimize(task.goal)
  if outcome.verdict == "proved" then
    return task:result(outcome.pattern, {}, { status = "proved", implied = true })
  end
  if outcome.verdict == "counterexample" then
    task:note("the point's whole pattern does not imply the goal: the region is cut by the margins")
  else
    task:note("not decided whether the point's whole pattern implies the goal: the region is cut by the margins")
  end
  return task:local_result(outcome, 0)
end
