--- A pattern under a guard: ask directly whether R(s) and {m0_j >= eps_j, every j} implies the goal.
---
--- What NNInfer proves at the same eps is proved by this too (m_j >= m0_j - eps_j >= 0 under the guard).  So its
--- minimal pattern is where the minimisation starts, over the domain cut by the guard's half-spaces: the region
--- contains NNInfer's.  With start = "point" it begins at the point's whole pattern instead, with fewer queries.
local core = require "relucid.core"
local option = require "relucid.strategy.options"
local forms = require "relucid.strategy.forms"
local registry = require "relucid.strategy.registry"

---@class relucid.GuardedOptions: relucid.StrategyOptions
---@field epsilon? number|number[]       for all margins or for each; default 0.1; 0 is allowed
---@field start? "nninfer"|"point"       default "nninfer"

local function check_epsilon(value)
  local list = type(value) == "table" and value or { value }
  for _, epsilon in ipairs(list) do
    if not (math.type(epsilon) and epsilon >= 0 and epsilon < math.huge) then
      return "a number >= 0 or a list of one for each margin"
    end
  end
  if #list == 0 then return "a number >= 0 or a list of one for each margin" end
end

-- The domain cut by the guard.
local function cut(domain, rows)
  local A, b = domain.A, domain.b
  for _, row in ipairs(rows) do A[#A + 1], b[#b + 1] = row.a, row.b end
  return core.domain { lo = domain.lo, hi = domain.hi, A = A, b = b }
end

---@param task relucid.Task
---@return relucid.Result
local function run(task)
  local given = task.own.epsilon
  if type(given) == "table" and #given ~= #task.margins then
    error(("option epsilon: has %d numbers, the goal has %d margins"):format(#given, #task.margins), 0)
  end
  local epsilon = forms.thresholds(task, given)
  forms.note_small_margins(task, epsilon)
  local property, rows = forms.relaxed(task, epsilon)
  local start = { verdict = "running", pattern = task.full }
  if task.own.start == "nninfer" then
    task.text = "without the guard"
    start = task:minimize(property)
  end
  task.text = "under the guard"
  local outcome = task:minimize(task.goal, { domain = cut(task.domain, rows), pattern = start.pattern })
  if outcome.verdict == "proved" or start.verdict == "proved" then
    return task:claim({ pattern = outcome.pattern, rows = rows, proof = outcome.proof or start.proof },
                      { implied = true })
  end
  if outcome.verdict == "counterexample" then
    task:note("epsilon is below the rounding of the local affine form: the region is cut inside the whole pattern")
  else
    task:note("not decided whether the point's whole pattern under the guard implies the goal")
  end
  return forms.local_result(task, outcome, epsilon)
end

return registry.define("guarded", {
  run = run, summary = "a minimal pattern that implies the goal under a guard on the margins",
  options = {
    epsilon = { default = 0.1, check = check_epsilon, help = "the guard: for all margins or a list for each; >= 0" },
    start = { default = "nninfer", check = option.one_of("nninfer", "point"),
              help = "which pattern to begin with: nninfer's, or point: the whole one" } } })
