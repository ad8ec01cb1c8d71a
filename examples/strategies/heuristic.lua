--- A heuristic from scratch: drop first the signs that are safest at the point, those whose pre-activations are
--- farthest from zero; give up when nothing has been dropped for 40 queries.
---
---     lua5.4 examples/strategies/heuristic.lua
local relucid = require "relucid"

-- |z| of every hidden neuron at x, as numbers through all layers.
local function sizes_of_preactivations(net, x)
  local list, active = {}, x
  for k = 1, #net.sizes - 2 do
    local layer, next_active = net:layer(k), {}
    for i, row in ipairs(layer.W) do
      local z = layer.b[i]
      for j, w in ipairs(row) do z = z + w * active[j] end
      list[#list + 1] = math.abs(z)
      next_active[i] = math.max(z, 0)
    end
    active = next_active
  end
  return list
end

local best, at = math.huge, 0
local safest_first = relucid.strategy.minimize {
  base = "free",
  order = function(_, context)
    local size, order = sizes_of_preactivations(context.network, context.point), {}
    for neuron = 1, context.network.neurons do order[neuron] = neuron end
    table.sort(order, function(a, b) return size[a] > size[b] end)
    return order
  end,
  stop = function(state)
    local literals = state.pattern and state.pattern:literals() or math.huge
    if literals < best then best, at = literals, state.queries end
    return state.queries - at > 40
  end,
}

local net = relucid.load("examples/demo/climb.nnet", { raw = true })
local result = safest_first(net, { 500, 0, 0, 15 })
print(result.status, result:pattern(), result:pattern():literals() .. " literals", result.stats.queries .. " queries")
