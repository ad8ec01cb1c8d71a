--- A union of regions that covers more and more of the inputs with the goal; ends at a coverage or a budget.
---
---     lua5.4 examples/strategies/union.lua
local relucid = require "relucid"

local net = relucid.load("examples/demo/climb.nnet", { raw = true })
local steps = relucid.strategy.union(net, { 500, 0, 0, 15 }, nil, { base = "guarded", coverage = 0.5, timeout = 20 })
for step in steps do
  print(("%3d regions cover %.3f (%.3f to %.3f)"):format(step.regions, step.coverage, step.interval.lo,
    step.interval.hi))
end
local result = steps:result()
print(result.status, #result, result.coverage.value)
