--- Questions about inputs alone, asked with a network that is constant: linear programs, with rigorous answers.
local core = require "relucid.core"
local job = require "relucid.job"

local inputs = {}

--- A network with n inputs that answers 0 everywhere.
---@param n integer
---@return table network  relucid.network
function inputs.network(n)
  local row = {}
  for i = 1, n do row[i] = 0 end
  return core.network { { W = { row }, b = { 0 } } }
end

--- Bounds of the maximum of a.x over a domain.
---@param domain table       relucid.domain
---@param a number[]
---@param options? table     search options
---@return number lower      reached at x; -inf: no input is known
---@return number upper      valid in exact arithmetic; -inf: the domain is empty
---@return number[]|nil x
function inputs.maximize(domain, a, options)
  local fields = { domain = domain, mode = "maximize", target = core.property.linear { { a = a, c = { 0 }, d = 0 } } }
  for name, value in pairs(options or {}) do fields[name] = value end
  local search <close> = inputs.network(domain.n):search(fields)
  job.drive(function(nodes) return search:step(nodes) ~= "running" end)
  return search:lower(), search:upper(), search:witness()
end

-- The verdict of a search for inputs of the domain with a target.
local function find(domain, mode, row, options)
  local fields = { domain = domain, mode = mode, target = core.property.linear { row } }
  for name, value in pairs(options or {}) do fields[name] = value end
  local search <close> = inputs.network(domain.n):search(fields)
  job.drive(function(nodes) return search:step(nodes) ~= "running" end)
  return search:verdict(), search:witness()
end

--- Does a.x <= b hold on a whole domain?
---@param domain table    relucid.domain
---@param a number[]
---@param b number
---@param options? table  search options
---@return boolean obeys  certain where true
function inputs.obeys(domain, a, b, options)
  return (find(domain, "find_strict", { a = a, c = { 0 }, d = -b }, options)) == "proved"
end

--- Is a domain empty?
---@param domain table    relucid.domain
---@param options? table  search options
---@return boolean|nil empty  nil: not known
---@return number[]|nil x     for false: one of its inputs
function inputs.is_empty(domain, options)
  local verdict, x = find(domain, "find", { c = { 0 }, d = 1 }, options)
  if verdict == "counterexample" then return false, x end
  if verdict == "proved" then return true end
  return nil
end

return inputs
