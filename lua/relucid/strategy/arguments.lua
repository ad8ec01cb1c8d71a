--- The arguments that strategies share: domain, point and goal, checked.
local core = require "relucid.core"
local inputs = require "relucid.inputs"

local arguments = {}

--- The domain given, as relucid.domain or a table for it; nil: the box that the network's file gives.
---@param net table        relucid.network
---@param given table|nil
---@return table domain    relucid.domain with the network's number of inputs
function arguments.domain(net, given)
  local domain = given
  if domain == nil then domain = net:box() end
  if not domain then error("the network's file gives no input box: a domain is needed", 0) end
  if type(domain) == "table" then domain = core.domain(domain) end
  core.check(domain, "domain")
  if domain.n ~= net.n then
    error(("domain: has %d inputs, the network has %d"):format(domain.n, net.n), 0)
  end
  return domain
end

--- Is it proved that no input obeys the domain's rows?
---@param domain table  relucid.domain
---@return boolean
function arguments.is_empty(domain)
  return #domain.b > 0 and inputs.is_empty(domain, { seconds = 10 })
end

--- Raise an error when the domain is empty.
---@param domain table  relucid.domain
function arguments.check_domain(domain)
  if arguments.is_empty(domain) then error("the domain is empty: no input obeys its rows A x <= b", 0) end
end

--- Raise unless the point is a list of the network's number of inputs.
---@param net table  relucid.network
---@param point any
function arguments.check_point(net, point)
  if type(point) ~= "table" then error(("point: list expected, got %s"):format(type(point)), 0) end
  if #point ~= net.n then error(("point has %d numbers, expected %d"):format(#point, net.n), 0) end
  if type(point[1]) == "table" then error("point[1] is a table, expected a finite number", 0) end
end

--- Raise unless the point is in the domain.
---@param domain table  relucid.domain
---@param point number[]
function arguments.check_inside(domain, point)
  local lo, hi = domain.lo, domain.hi
  for i, x in ipairs(point) do
    if x < lo[i] or x > hi[i] then
      error(("point[%d] is %.17g, the domain has %.17g to %.17g"):format(i, x, lo[i], hi[i]), 0)
    end
  end
  local A, b = domain.A, domain.b
  for r, row in ipairs(A) do
    local sum = 0
    for i, x in ipairs(point) do sum = sum + row[i] * x end
    if sum > b[r] then
      arguments.check_domain(domain)
      error(("the point is outside the domain: row %d is %.17g > %.17g"):format(r, sum, b[r]), 0)
    end
  end
end

--- The rows of a goal that is one conjunction about outputs.
---@param goal table  relucid.property
---@return table[]
function arguments.margins(goal)
  local clauses = goal:clauses()
  if #clauses ~= 1 then
    error(("the goal is an or of %d conjunctions; this strategy takes a single conjunction"):format(#clauses), 0)
  end
  for j, margin in ipairs(clauses[1]) do
    for _, a in ipairs(margin.a or {}) do
      if a ~= 0 then error(("margin %d of the goal is about inputs; this strategy takes outputs only"):format(j), 0) end
    end
  end
  return clauses[1]
end

local function dot(c, y)
  local sum = 0
  for k, value in ipairs(c) do sum = sum + value * y[k] end
  return sum
end

--- Raise unless the margins hold at the outputs.
---@param margins table[]
---@param y number[]
function arguments.check_goal(margins, y)
  for j, margin in ipairs(margins) do
    local value = dot(margin.c, y) + margin.d
    if value < 0 then
      error(("the goal does not hold at the point: margin %d is %.17g, expected >= 0"):format(j, value), 0)
    end
  end
end

--- The number of the largest (smallest) element.
---@param y number[]
---@param sign? number  -1: the smallest
---@return integer
function arguments.answer(y, sign)
  sign = sign or 1
  local best = 1
  for k = 2, #y do
    if sign * y[k] > sign * y[best] then best = k end
  end
  return best
end

return arguments
