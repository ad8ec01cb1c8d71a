--- Rules learnt from recorded encounters, proved, and used as a monitor.
---
---     lua5.4 examples/strategies/rules.lua
local relucid = require "relucid"

local net = relucid.load("examples/demo/climb.nnet", { raw = true })
local data = relucid.data "examples/demo/encounters.csv"
local goal = relucid.property.argmax(net, 1)
local result = relucid.strategy.rules(net, { 500, 0, 0, 15 }, goal, { data = data, support = 10 })

for i = 1, #result do
  print(("%s  %d encounters"):format(result:pattern(i), #result:region(i):members(data)))
end
print(("%d of %d encounters are covered: there the network says 1, proved"):format(result:support(data), #data))

-- Decomposition: every input of a small domain obeys the first rule, and the rule implies the goal everywhere.
local x = data:row(result:region(1):members(data)[1])
local lo, hi = {}, {}
for k, value in ipairs(x) do lo[k], hi[k] = value - 0.01, value + 0.01 end
local answer = relucid.strategy.decompose(net, relucid.domain { lo = lo, hi = hi }, result:pattern(1), goal,
  { outer = relucid.domain(net:box()) })
print("domain implies rule: " .. answer.obeys, "rule implies goal: " .. answer.implies)
