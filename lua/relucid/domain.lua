--- Domains: relucid.domain{lo, hi [, A, b]}, and those that are built from others.
local core = require "relucid.core"

local domain = {}

local function check_radius(radius)
  if not (math.type(radius) and radius >= 0 and radius < math.huge) then
    error(("radius is %s, expected a finite number >= 0"):format(tostring(radius)), 0)
  end
end

local function check_point(point, n)
  if type(point) ~= "table" then error(("point: list expected, got %s"):format(type(point)), 0) end
  if #point ~= n then error(("point has %d numbers, expected %d"):format(#point, n), 0) end
  for i, x in ipairs(point) do
    if not (math.type(x) and math.abs(x) < math.huge) then
      error(("point[%d] is %s, expected a finite number"):format(i, tostring(x)), 0)
    end
  end
end

--- The inputs no farther than `radius` from a point in any coordinate, cut by a domain: rounded outwards, so that what
--- holds on it holds in the whole ball.
---@param point number[]
---@param radius number   in the inputs' units
---@param within? table   relucid.domain or {lo, hi [, A, b]}, which contains the point
---@return table domain   relucid.domain
function domain.ball(point, radius, within)
  if type(within) == "table" then within = core.domain(within) end
  if within ~= nil then core.check(within, "domain", "within") end
  check_point(point, within and within.n or type(point) == "table" and #point or 0)
  check_radius(radius)
  local lo, hi = {}, {}
  local least, most = within and within.lo or {}, within and within.hi or {}
  for i, x in ipairs(point) do
    if least[i] and (x < least[i] or x > most[i]) then
      error(("point[%d] is %.17g, the domain has %.17g to %.17g"):format(i, x, least[i], most[i]), 0)
    end
    lo[i] = math.max(core.add_down(x, -radius), least[i] or -math.huge)
    hi[i] = math.min(core.add_up(x, radius), most[i] or math.huge)
  end
  return core.domain { lo = lo, hi = hi, A = within and within.A, b = within and within.b }
end

return setmetatable(domain, { __call = function(_, ...) return core.domain(...) end })
