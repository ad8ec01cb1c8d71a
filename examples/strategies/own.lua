--- A strategy of one's own, from its file, in a portfolio with one of the library's.
---
---     lua5.4 examples/strategies/own.lua
local relucid = require "relucid"

local halving = relucid.strategy.find "examples/strategies/halving.lua"
local net = relucid.load("examples/demo/climb.nnet", { raw = true })
local result = relucid.strategy.portfolio(net, { 500, 0, 0, 15 }, nil,
                                          { strategies = { "prophecy", { halving, steps = 8 } } })
for _, entry in ipairs(result.portfolio) do print(entry.strategy, entry.status, entry.queries .. " queries") end
