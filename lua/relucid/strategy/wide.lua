--- A pattern that many rows of the data obey.
---
--- As in `free` any literal may go, but the data tell which: those that many rows with the goal disagree with are
--- tried first, and those that none disagrees with stay, for dropping them gains no row and makes proofs harder.  A
--- deeper layer has to offer more rows, for signs of the last layers make proofs easy.  So the region is the rule
--- around the point that holds for many of the rows, rather than the shortest one.
local forms = require "relucid.strategy.forms"
local registry = require "relucid.strategy.registry"

---@class relucid.WideOptions: relucid.StrategyOptions
---@field data table    relucid.data: the rows by which literals are ordered
---@field depth? number  share of the rows that a literal has to offer more for each layer before its own; default 0.12

-- For each literal, how many rows with the goal disagree with its sign at the point; and how many rows there are.
local function disagreements(task)
  local data, net = task.hooks.data, task.net
  local outputs, own, counts, rows = net:eval(data), task.full:list(), {}, 0
  for k = 1, #own do counts[k] = 0 end
  for _, row in ipairs(task:region({}):members(data)) do
    if task.goal:value(nil, outputs[row]) >= 0 then
      rows = rows + 1
      for k, literal in ipairs(net:pattern(data:row(row)):list()) do
        if literal[3] ~= own[k][3] then counts[k] = counts[k] + 1 end
      end
    end
  end
  return counts, rows
end

-- How many neurons come before hidden layer k.
local function first_of(net, k)
  local count = 0
  for i = 2, k do count = count + net.sizes[i] end
  return count
end

-- The neurons whose sign some row disagrees with, in the order in which to drop them.
local function order_of(task)
  local counts, rows = disagreements(task)
  local value, order = {}, {}
  for k, literal in ipairs(task.full:list()) do
    local neuron = first_of(task.net, literal[1]) + literal[2]
    value[neuron] = counts[k] - task.own.depth * rows * (literal[1] - 1)
    if counts[k] > 0 then order[#order + 1] = neuron end
  end
  table.sort(order, function(a, b)
    if value[a] ~= value[b] then return value[a] > value[b] end
    return a < b
  end)
  return order
end

---@param task relucid.Task
---@return relucid.Result
local function run(task)
  local outcome = task:minimize(task.goal, { mode = "divide", order = order_of(task) })
  if outcome.verdict ~= "proved" then return forms.cut_by_margins(task, outcome) end
  return task:claim({ pattern = outcome.pattern, proof = outcome.proof }, { implied = true })
end

return registry.define("wide", {
  run = run, needs = { data = "learns from data" }, summary = "a pattern that many rows of the data obey",
  options = { depth = { default = 0.12, type = "number",
                        help = "share of the rows that a literal has to offer more for each layer before its own" } } })
