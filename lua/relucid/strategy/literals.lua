--- Do the literals of a pattern hold on a whole domain?  A question about the network cut off behind each layer.
local core = require "relucid.core"

local literals = {}

--- The network up to hidden layer k, its outputs that layer's pre-activations.
---@param net table  relucid.network
---@param k integer
---@return table network
function literals.truncated(net, k)
  local layers = {}
  for i = 1, k do layers[i] = net:layer(i) end
  layers[k].linear = nil -- outputs have no ReLU anyway
  return core.network(layers)
end

--- For each layer with literals, the cut-off network and the property that all of them hold.
---@param net table      relucid.network
---@param pattern table  relucid.pattern
---@return {layer: integer, net: table, property: table}[]
function literals.questions(net, pattern)
  core.check(net, "network")
  core.check(pattern, "pattern")
  local rows, list = {}, {}
  for _, literal in ipairs(pattern:list()) do
    local k, i, sign = literal[1], literal[2], literal[3]
    local c = {}
    for j = 1, net.sizes[k + 1] do c[j] = 0 end
    c[i] = sign == 1 and 1 or -1
    rows[k] = rows[k] or {}
    table.insert(rows[k], { c = c })
  end
  for k = 1, #net.sizes - 2 do
    if rows[k] then
      local cut = literals.truncated(net, k)
      list[#list + 1] = { layer = k, net = cut, property = core.property.linear(cut, rows[k]) }
    end
  end
  return list
end

--- Does every input of the domain obey the pattern?
---@param net table       relucid.network
---@param domain table    relucid.domain
---@param pattern table   relucid.pattern
---@param options? table  search options
---@return "proved"|"counterexample"|"unknown" verdict
---@return number[]|string|nil  the counterexample, or why it is unknown
function literals.hold(net, domain, pattern, options)
  local unknown
  for _, question in ipairs(literals.questions(net, pattern)) do
    local verdict, x = question.net:implies(domain, nil, question.property, options)
    if verdict == "counterexample" then return verdict, x end
    if verdict ~= "proved" then unknown = x or "numerics" end
  end
  if unknown then return "unknown", unknown end
  return "proved"
end

return literals
