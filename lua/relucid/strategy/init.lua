--- Strategies: functions (net, point, goal, options) -> relucid.Result.
local strategy = {
  nninfer = require "relucid.strategy.nninfer",
  prophecy = require "relucid.strategy.prophecy",
}

--- The names that the command line offers.
strategy.names = { "nninfer", "prophecy" }

--- A strategy of the user's own: one of the others with some options fixed, such as a dropping order.
---
---     local mine = relucid.strategy.minimize{ order = function(pattern, stats) ... end }
---     local result = mine(net, point, goal, {domain = domain})
---@param defaults relucid.StrategyOptions|{base: string?}  base: the strategy underneath, default "prophecy"
---@return fun(net: table, point: number[], goal: table?, options: table?): relucid.Result
function strategy.minimize(defaults)
  local base = strategy[defaults.base or "prophecy"]
  if not base then error(("base: no strategy '%s'"):format(tostring(defaults.base)), 0) end
  return function(net, point, goal, options)
    local merged = {}
    for _, source in ipairs { defaults, options or {} } do
      for name, value in pairs(source) do merged[name] = value end
    end
    merged.base = nil
    return base(net, point, goal, merged)
  end
end

return strategy
