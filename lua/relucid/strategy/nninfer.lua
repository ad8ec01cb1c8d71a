--- NNInfer (Dingliwal, Pareek, Arora, 2020): prove a property close to the network's structure, then cut.
---
--- The property asked for is P' = { m_j(F(x)) >= m0_j(x) - eps, every j }: the true margin is never more than eps
--- below its local affine form.  With a minimal prefix s that implies P', the region is R(s) and {m0_j >= eps}.
local option = require "relucid.strategy.options"
local forms = require "relucid.strategy.forms"
local registry = require "relucid.strategy.registry"

---@class relucid.NNInferOptions: relucid.StrategyOptions
---@field epsilon? number  default 0.1

---@param task relucid.Task
---@return relucid.Result
local function run(task)
  local epsilon = forms.thresholds(task, task.own.epsilon)
  forms.note_small_margins(task, epsilon)
  local property, rows = forms.relaxed(task, epsilon)
  local outcome = task:minimize(property)
  if outcome.verdict == "proved" then
    return task:claim({ pattern = outcome.pattern, rows = rows, proof = outcome.proof }, { implied = true })
  end
  if outcome.verdict == "counterexample" then
    task:note("epsilon is below the rounding of the local affine form: the region is cut inside the whole pattern")
  else
    task:note("not decided whether the point's whole pattern keeps the margins within epsilon")
  end
  return forms.local_result(task, outcome, epsilon)
end

return registry.define("nninfer", {
  run = run, summary = "a minimal prefix that keeps the margins near their affine forms, cut by these",
  options = { epsilon = { default = 0.1, type = "number", check = option.positive,
                          help = "how far a margin may fall below its local affine form" } } })
