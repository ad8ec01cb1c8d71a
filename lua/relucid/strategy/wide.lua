--- A pattern that many rows of the data obey.
---
--- As in `free` any literal may go, but the data tell which: those that most rows with the goal disagree with are
--- tried first, and those that none disagrees with stay, for dropping them gains no row and makes proofs harder.  So
--- the region is the rule around the point that holds for many of the rows, rather than the shortest one.
local common = require "relucid.strategy.common"
local forms = require "relucid.strategy.forms"

---@class relucid.WideOptions: relucid.StrategyOptions
---@field data table  relucid.data: the rows by which literals are ordered

--- The neurons whose sign at the point some row with the goal disagrees with, most rows first.
---@param task relucid.Task
---@return integer[] order
local function by_disagreement(task)
  local data, net = task.hooks.data, task.net
  local outputs, own, counts, order = net:eval(data), task.full:list(), {}, {}
  for neuron = 1, net.neurons do counts[neuron] = 0 end
  for _, row in ipairs(task:region({}):members(data)) do
    if task.goal:value(nil, outputs[row]) >= 0 then
      for neuron, literal in ipairs(net:pattern(data:row(row)):list()) do
        if literal[3] ~= own[neuron][3] then counts[neuron] = counts[neuron] + 1 end
      end
    end
  end
  for neuron, count in ipairs(counts) do
    if count > 0 then order[#order + 1] = neuron end
  end
  table.sort(order, function(a, b)
    if counts[a] ~= counts[b] then return counts[a] > counts[b] end
    return a < b
  end)
  return order
end

---@param net table  relucid.network
---@param point number[]
---@param goal? table  relucid.property, one conjunction; default: the class that the network answers at the point
---@param options relucid.WideOptions
---@return relucid.Result
return function(net, point, goal, options)
  local task = common.task("wide", net, point, goal, options, {})
  if not task.hooks.data then error("option data: strategy wide learns from data", 0) end
  local outcome = task:minimize(task.goal, { mode = "divide", order = by_disagreement(task) })
  if outcome.verdict ~= "proved" then return forms.cut_by_margins(task, outcome) end
  return task:result({ { pattern = outcome.pattern } }, { status = "proved", implied = true })
end
