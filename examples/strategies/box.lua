--- A box grown face by face, what keeps each face from moving, and which inputs are irrelevant.
---
---     lua5.4 examples/strategies/box.lua
local relucid = require "relucid"

local net = relucid.load("examples/demo/climb.nnet", { raw = true })
local result = relucid.strategy.box(net, { 500, 0, 0, 15 })
local region = result:region()

print(result.status, ("log-volume %.3f"):format(result:box("volume").log_volume))
for _, face in ipairs(result.faces) do
  local why = face.ending
  if face.witness then why = "counterexample at " .. table.concat(face.witness, ", ") end
  print(("x%d %s %10.4f  %s"):format(face.input, face.side, region[face.side][face.input], why))
end
