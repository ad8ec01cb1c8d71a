--- Prophecy (Gopinath et al., 2019): a minimal decision prefix that implies the goal.
---
--- Where the whole pattern s0 of the point does not imply it, the region is R(s0) and {m0_j >= 0}: on R(s0) each
--- margin equals its local affine form m0_j.
local forms = require "relucid.strategy.forms"
local registry = require "relucid.strategy.registry"

---@param task relucid.Task
---@return relucid.Result
local function run(task)
  local outcome = task:minimize(task.goal)
  if outcome.verdict == "proved" then
    return task:claim({ pattern = outcome.pattern, proof = outcome.proof }, { implied = true })
  end
  return forms.cut_by_margins(task, outcome)
end

return registry.define("prophecy", { run = run, summary = "a minimal decision prefix that implies the goal" })
