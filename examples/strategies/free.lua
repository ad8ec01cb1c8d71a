--- As few neuron signs as imply the goal, in any layer: a rule one can read.
---
---     lua5.4 examples/strategies/free.lua
local relucid = require "relucid"

local net = relucid.load("examples/demo/climb.nnet", { raw = true })
local data = relucid.data "examples/demo/encounters.csv"
local result = relucid.strategy.free(net, data:row(2), nil, { grow = false })

print(result.status, result.note)
for _, literal in ipairs(result:pattern():list()) do
  print(("layer %d, neuron %d: %s"):format(literal[1], literal[2], literal[3] == 1 and "on" or "off"))
end
print(("%d of %d recorded encounters obey it; %d queries"):format(result:support(data), #data, result.stats.queries))
