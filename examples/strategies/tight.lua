--- NNInfer's regions with the smallest thresholds that are valid, next to NNInfer's own.
---
---     lua5.4 examples/strategies/tight.lua
local relucid = require "relucid"

local net = relucid.load("examples/demo/climb.nnet", { raw = true })
local goal, point = relucid.property.argmax(net, 2), { -250, -20, 0, 10.5 }

for _, epsilon in ipairs { 1e-5, 1e-3, 0.1, 1 } do
  local paper = relucid.strategy.nninfer(net, point, goal, { epsilon = epsilon })
  local tight = relucid.strategy.tight(net, point, goal, { epsilon = epsilon })
  local function volume(result)
    local box = result:box "volume"
    return box and ("%.3f"):format(box.log_volume) or "no box around the point"
  end
  print(("epsilon %-6g log-volume %s, tight %s; contained: %s"):format(epsilon, volume(paper), volume(tight),
    tight:region():includes(paper:region())))
end
