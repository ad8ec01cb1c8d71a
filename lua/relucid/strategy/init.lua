--- Strategies: called with (net, point, goal, options) they give a relucid.Result.  `union` gives an iterator over its
--- steps; strategy.run(name, ...) gives the result of any of them.  `preimage` has no point: (net, goal, options).
local literals = require "relucid.strategy.literals"
local registry = require "relucid.strategy.registry"

local strategy = { preimage = require "relucid.strategy.preimage", define = registry.define, list = registry.list,
                   find = registry.find, load = registry.load }

--- The library's own strategies of a point.
strategy.names = { "nninfer", "prophecy", "tight", "guarded", "free", "wide", "box", "union", "rules", "portfolio" }

for _, name in ipairs(strategy.names) do strategy[name] = require("relucid.strategy." .. name) end
registry.seal()

--- Run a strategy to its end.
---@param what string|relucid.Strategy  its name, FILE.lua[:NAME], or what `define` returns
---@param net table  relucid.network
---@param point number[]
---@param goal? table
---@param options? table
---@return relucid.Result
function strategy.run(what, net, point, goal, options)
  local found = registry.get(what, "name")
  local outcome = found(net, point, goal, options)
  if found.steps then return outcome:run() end
  return outcome
end

--- A strategy of the user's own: one of the others with some options fixed, such as a dropping order.
---
---     local mine = relucid.strategy.minimize{ order = function(pattern, context) ... end }
---     local result = mine(net, point, goal, {domain = domain})
---@param defaults relucid.StrategyOptions|{base: string?}  base: the strategy underneath, default "prophecy"
---@return fun(net: table, point: number[], goal: table?, options: table?): relucid.Result
function strategy.minimize(defaults)
  if type(defaults) ~= "table" then error(("defaults: table expected, got %s"):format(type(defaults)), 0) end
  local base = defaults.base or "prophecy"
  registry.get(base, "base")
  return function(net, point, goal, options)
    local merged = {}
    for _, source in ipairs { defaults, options or {} } do
      for name, value in pairs(source) do merged[name] = value end
    end
    merged.base = nil
    return strategy.run(base, net, point, goal, merged)
  end
end

--- Decomposition (Gopinath et al., 2019): a property on a domain, proved in two parts.  Every input of the domain obeys
--- the pattern; every input of `outer` that obeys the pattern has the goal.  The second part is reusable: it holds for
--- every other domain inside `outer` too.
---@param net table        relucid.network
---@param domain table     relucid.domain
---@param pattern table    relucid.pattern
---@param goal table       relucid.property
---@param options? {outer: table?, search: table?}  outer: relucid.domain, default `domain`; search: search options
---@return {verdict: string, obeys: string, implies: string, x: number[]?}  verdict: "proved" when both parts are;
---        "unknown" else, as the domain may have the goal without obeying the pattern
function strategy.decompose(net, domain, pattern, goal, options)
  options = options or {}
  local obeys, x = literals.hold(net, domain, pattern, options.search)
  local implies, y = net:implies(options.outer or domain, pattern, goal, options.search)
  local both = obeys == "proved" and implies == "proved"
  local witness = obeys == "counterexample" and x or implies == "counterexample" and y or nil
  return { verdict = both and "proved" or "unknown", obeys = obeys, implies = implies, x = witness }
end

return strategy
