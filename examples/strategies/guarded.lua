--- A pattern under a guard: how much looser than NNInfer's it may be at the same epsilon.
---
---     lua5.4 examples/strategies/guarded.lua
local relucid = require "relucid"

local net = relucid.load("examples/demo/climb.nnet", { raw = true })
local goal, point = relucid.property.argmax(net, 2), { -250, -20, 0, 10.5 }
local data = relucid.data "examples/demo/encounters.csv"

for _, name in ipairs { "nninfer", "guarded" } do
  local result = relucid.strategy[name](net, point, goal, { epsilon = 0.1 })
  print(("%-8s %2d literals, log-volume %.3f, %d recorded encounters"):format(name, result:pattern():literals(),
    result:box("volume").log_volume, result:support(data)))
end
