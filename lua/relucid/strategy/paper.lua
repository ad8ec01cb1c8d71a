--- The paper's regions as building blocks for other strategies: Prophecy's, and NNInfer's with thresholds tightened.
local forms = require "relucid.strategy.forms"

local paper = {}

--- The epsilons of the paper's experiments.
paper.EPSILONS = { 1e-5, 1e-3, 0.1, 1 }

--- Minimise at each epsilon.  Equal patterns are one region: of their rows the weakest.
---@param task relucid.Task
---@param epsilons number[]
---@return relucid.Part[] parts      NNInfer's regions
---@return relucid.Outcome outcome  of the last minimisation
function paper.nninfer(task, epsilons)
  local parts, by_pattern, outcome = {}, {}, nil
  for _, epsilon in ipairs(epsilons) do
    task.text = ("epsilon %g"):format(epsilon)
    local property, rows = forms.relaxed(task, forms.thresholds(task, epsilon))
    outcome = task:minimize(property)
    if outcome.verdict == "proved" then
      local key = tostring(outcome.pattern)
      local same = by_pattern[key]
      for j, row in ipairs(same and rows or {}) do
        if row.b > same.rows[j].b then same.rows[j] = row end
      end
      if not same then
        by_pattern[key] = { pattern = outcome.pattern, rows = rows, proof = {} }
        parts[#parts + 1] = by_pattern[key]
      end
      table.insert(by_pattern[key].proof, outcome.proof)
    end
  end
  return parts, outcome
end

--- The region with the weakest rows known: for each margin its own or the tight one.
---@param task relucid.Task
---@param part relucid.Part
---@return relucid.Part
function paper.tightened(task, part)
  local rows, proof = {}, table.move(part.proof, 1, #part.proof, 1, {})
  for j, given in ipairs(part.rows) do
    local tight
    if not task.ended then tight, proof[#proof + 1] = forms.tight_row(task, part.pattern, j) end
    rows[j] = tight and tight.b > given.b and tight or given
  end
  return { pattern = part.pattern, rows = rows, proof = proof }
end

--- Prophecy's region; nil when nothing is proved.
---@param task relucid.Task
---@return relucid.Part|nil
function paper.prophecy(task)
  task.text = "prophecy"
  local outcome = task:minimize(task.goal)
  if outcome.verdict == "proved" then return { pattern = outcome.pattern, proof = outcome.proof } end
  return paper.piece(task)
end

--- The point's linear piece cut by the margins; nil when its rows could not be bounded.
---@param task relucid.Task
---@return relucid.Part|nil
function paper.piece(task)
  local rows, proof = forms.local_rows(task, forms.thresholds(task, 0))
  return rows and { pattern = task.full, rows = rows, proof = proof }
end

return paper
