--- The best of several strategies, by a measure of one's own: recorded encounters for each literal.
---
---     lua5.4 examples/strategies/portfolio.lua
local relucid = require "relucid"

local net = relucid.load("examples/demo/climb.nnet", { raw = true })
local data = relucid.data "examples/demo/encounters.csv"
local result = relucid.strategy.portfolio(net, { 500, 0, 0, 15 }, nil, {
  strategies = { "prophecy", { "nninfer", epsilon = 0.01 }, "guarded", "free" },
  measure = function(r) return r:support(data) / math.max(r:pattern():literals(), 1) end,
})
for _, entry in ipairs(result.portfolio) do
  print(("%-9s %s %8.3f"):format(entry.strategy, entry.status, entry.measure[1]))
end
print("best: " .. result.strategy)
