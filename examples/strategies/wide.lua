--- One rule around a point that covers many recorded encounters, against Prophecy's.
---
---     lua5.4 examples/strategies/wide.lua
local relucid = require "relucid"

local net = relucid.load("examples/demo/climb.nnet", { raw = true })
local data = relucid.data "examples/demo/encounters.csv"
local point = data:row(2)

for _, name in ipairs { "prophecy", "wide" } do
  local result = relucid.strategy[name](net, point, nil, { data = data })
  print(("%-8s %2d literals, %d encounters, %d queries"):format(name, result:pattern():literals(),
                                                                result:support(data), result.stats.queries))
end
