--- Rules from data (Gopinath et al., 2019): short layer patterns that imply the goal.
---
--- For each hidden layer a decision tree over its neurons' signs separates the rows of the data on which the goal holds
--- from the others.  The path to a leaf without others is a candidate rule.  It is proved over the domain, and its
--- literals minimised; a counterexample joins the tree as one more row, and the leaf is split further.  Each rule that
--- is proved becomes a region of the result, given by its pattern.
local core = require "relucid.core"
local claims = require "relucid.strategy.claims"
local option = require "relucid.strategy.options"
local registry = require "relucid.strategy.registry"

---@class relucid.RulesOptions: relucid.StrategyOptions
---@field data table          relucid.data: the rows to learn from
---@field layers? integer[]   hidden layers to look at; default all
---@field support? integer    rows that a rule must have that no earlier rule has; default 5
---@field depth? integer      literals of a path at most; default 12
---@field rules? integer      rules at most; default 20

local OWN = {
  layers = { type = "table", help = "list of hidden layers to look at; default all" },
  support = { default = 5, check = option.count, help = "rows that a rule must have that no earlier rule has" },
  depth = { default = 12, check = option.count, help = "literals of a path at most" },
  rules = { default = 20, check = option.count, help = "rules at most" },
}

-- ---- the data as signs ---------------------------------------------------------------------

-- Signs of all neurons at x: a string of "0" and "1".
local function signs_at(net, x)
  return (tostring(net:pattern(x)):gsub(" ", ""))
end

-- The rows of the data inside the domain: their signs, numbers, and whether the goal holds.
local function examples_of(task)
  local data, list = task.hooks.data, {}
  local region = task:region {}
  local inside = region:members(data)
  local outputs = task.net:eval(data)
  for _, row in ipairs(inside) do
    list[#list + 1] = { signs = signs_at(task.net, data:row(row)), row = row,
                        good = task.goal:value(nil, outputs[row]) >= 0 }
    if #list % 256 == 0 and task:poll() then break end
  end
  return list
end

-- ---- the tree --------------------------------------------------------------------------------

local function counts_of(examples)
  local good = 0
  for _, example in ipairs(examples) do good = good + (example.good and 1 or 0) end
  return good, #examples - good
end

local function impurity(good, bad)
  local total = good + bad
  return total == 0 and 0 or good * bad / total -- half of Gini's, times the rows
end

-- The neuron of first..last whose sign separates the examples best, or nil when none does.
local function best_split(examples, first, last)
  local good, bad = counts_of(examples)
  local best, least = nil, impurity(good, bad) - 1e-9
  for neuron = first, last do
    local g, b = 0, 0
    for _, example in ipairs(examples) do
      if example.signs:byte(neuron) == 49 then
        if example.good then g = g + 1 else b = b + 1 end
      end
    end
    if (g + b > 0) and (g + b < #examples) then
      local value = impurity(g, b) + impurity(good - g, bad - b)
      if value < least then best, least = neuron, value end
    end
  end
  return best
end

local function divided(node, neuron)
  local on, off = {}, {}
  for _, example in ipairs(node.examples) do
    local side = example.signs:byte(neuron) == 49 and on or off
    side[#side + 1] = example
  end
  local function child(examples, sign)
    local path = table.move(node.path, 1, #node.path, 1, {})
    path[#path + 1] = { neuron = neuron, sign = sign }
    return { path = path, examples = examples }
  end
  return child(on, 1), child(off, 0)
end

-- ---- proving ------------------------------------------------------------------------------------

-- Rows of the node that no rule has yet.
local function fresh_rows(node, covered)
  local fresh = 0
  for _, example in ipairs(node.examples) do
    if example.good and example.row and not covered[example.row] then fresh = fresh + 1 end
  end
  return fresh
end

local function pattern_of(task, layer, first, path)
  local pattern = task.empty
  for _, literal in ipairs(path) do pattern = pattern:with(layer, literal.neuron - first + 1, literal.sign) end
  return pattern
end

-- Settle a leaf without others: a proved rule, or nil; its counterexample joins the node.
local function prove(task, node, layer, first)
  local outcome = task:minimize(task.goal, { pattern = pattern_of(task, layer, first, node.path), mode = "divide" })
  if outcome.verdict == "proved" then return outcome end
  if outcome.verdict == "counterexample" then
    table.insert(node.examples, { signs = signs_at(task.net, outcome.witness), good = false })
    return nil, true
  end
  return nil, false
end

local function add_rule(task, found, outcome)
  local region = task:region { pattern = outcome.pattern }
  found.parts[#found.parts + 1] = { pattern = outcome.pattern, proof = outcome.proof }
  for _, row in ipairs(region:members(task.hooks.data)) do found.covered[row] = true end
end

-- Grow the layer's tree and prove its leaves, those with most fresh rows first.
local function search_layer(task, found, examples, layer, first, last)
  local open = { { path = {}, examples = examples } }
  while #open > 0 and #found.parts < task.own.rules and not task:poll() do
    local place, most = nil, task.own.support - 1
    for k, node in ipairs(open) do
      local fresh = fresh_rows(node, found.covered)
      if fresh > most then place, most = k, fresh end
    end
    if not place then return end
    local node = table.remove(open, place)
    local good, bad = counts_of(node.examples)
    task.text = ("layer %d: %d rules, %d rows"):format(layer, #found.parts, good)
    local rule, refuted
    if bad == 0 then rule, refuted = prove(task, node, layer, first) end
    if rule then
      add_rule(task, found, rule)
    elseif (bad > 0 or refuted) and #node.path < task.own.depth then
      local neuron = best_split(node.examples, first, last)
      if neuron then open[#open + 1], open[#open + 2] = divided(node, neuron) end
    elseif bad == 0 then
      found.failed = found.failed + 1
    end
  end
end

local function check_layers(task, hidden)
  local layers = task.own.layers
  if not layers then
    layers = {}
    for k = 1, hidden do layers[k] = hidden + 1 - k end
  end
  for i, k in ipairs(layers) do
    if not (math.tointeger(k) and k >= 1 and k <= hidden) then
      error(("option layers: entry %d is %s, expected an integer from 1 to %d"):format(i, tostring(k), hidden), 0)
    end
  end
  return layers
end

-- The point only tells the goal when none is given, and whether the rules cover it.
---@param task relucid.Task
---@return relucid.Result
local function run(task)
  local sizes = task.net.sizes
  local layers = check_layers(task, #sizes - 2)
  local found = { parts = {}, covered = {}, failed = 0 }
  task.empty = core.pattern(task.net)
  task:guard(function()
    local examples = examples_of(task)
    for _, layer in ipairs(layers) do
      local first = 1
      for k = 1, layer - 1 do first = first + sizes[k + 1] end
      search_layer(task, found, examples, layer, first, first + sizes[layer + 1] - 1)
    end
  end)
  if #found.parts == 0 then task:note("no rule was proved") end
  return claims.result(task, found.parts)
end

return registry.define("rules", {
  run = run, options = OWN, unused = { order = true }, needs = { data = "learns from data" },
  summary = "short layer patterns learned from data, then proved" })
