--- NNInfer with the smallest thresholds that are valid: not one guessed epsilon, but per margin what the pattern needs.
---
--- For each epsilon of a list the pattern is minimised as NNInfer does.  Then U_j, an upper bound of
--- m0_j(x) - m_j(F(x)) on R(s), replaces epsilon: R(s) and {m0_j >= U_j, every j} has the goal.  As U_j is at most
--- epsilon but for its own rounding, and the weaker of the two rows is taken, each region contains NNInfer's at the
--- same epsilon.  The best region by the measure comes first; regions inside another are left out.
local claims = require "relucid.strategy.claims"
local option = require "relucid.strategy.options"
local forms = require "relucid.strategy.forms"
local measure = require "relucid.measure"
local paper = require "relucid.strategy.paper"
local registry = require "relucid.strategy.registry"

---@class relucid.TightOptions: relucid.StrategyOptions
---@field epsilon? number|number[]     those to minimise with; default {1e-5, 1e-3, 0.1, 1}
---@field measure? "volume"|"width"    of the largest box, for the order of the regions; default "volume"

local function check_epsilons(value)
  local list = type(value) == "table" and value or { value }
  if #list == 0 then return "a number > 0 or a list of them" end
  for _, epsilon in ipairs(list) do
    if option.positive(epsilon) then return "a number > 0 or a list of them" end
  end
end

-- Best first, without those inside a better one.
local function chosen(task, parts)
  local kind, anchor = task.own.measure, task.anchored and task.point or nil
  for i, part in ipairs(parts) do
    local region = task:region(part)
    local box = region:box(kind, anchor, task:left())
    parts[i].outline, parts[i].boxes = region, { [kind] = box or false }
    parts[i].value, parts[i].place = measure.box(kind, box), i
  end
  table.sort(parts, function(a, b)
    if measure.better(a.value, b.value) then return true end
    return not measure.better(b.value, a.value) and a.place < b.place
  end)
  local kept = {}
  for _, part in ipairs(parts) do
    local inside = false
    for _, other in ipairs(kept) do inside = inside or other.outline:includes(part.outline, { nodes = 100 }) end
    if not inside then kept[#kept + 1] = part end
  end
  return kept
end

---@param task relucid.Task
---@return relucid.Result
local function run(task)
  local epsilon = task.own.epsilon
  local list, outcome = paper.nninfer(task, type(epsilon) == "table" and epsilon or { epsilon })
  if #list == 0 then
    task:note("not decided whether the point's whole pattern keeps the margins within any epsilon")
    return forms.local_result(task, outcome, forms.thresholds(task, 0))
  end
  local parts = {}
  task.text = "thresholds"
  for i, found in ipairs(list) do parts[i] = paper.tightened(task, found) end
  return claims.result(task, chosen(task, parts), { implied = true })
end

return registry.define("tight", {
  run = run, summary = "nninfer at several epsilons, each with the smallest thresholds that are valid",
  options = {
    epsilon = { default = paper.EPSILONS, check = check_epsilons, help = "a number or a list: those to minimise with" },
    measure = { default = "volume", check = option.one_of("volume", "width"),
                help = "of the largest box, for the order of the regions: volume, width" } } })
