--- What relucid.region can do beyond its C methods, with polytopes: linear programs, vertices, facets, projections,
--- distances, samples.  Each bound that is given holds in exact arithmetic where the text says so.
local core = require "relucid.core"
local inputs = require "relucid.inputs"

local function check_polytope(region, what)
  core.check(region, "region")
  if not region:is_polytope() then
    error(("%s: the region is no polytope: its pattern is no decision prefix"):format(what), 0)
  end
end

--- The region as a domain, of further questions, say.  Its rows hold where the pattern does; they are moved inwards by
--- their rounding.
---@return table domain  relucid.domain
function core.methods.region.domain(self)
  check_polytope(self, "domain")
  local rows = self:rows()
  return core.domain { lo = self.lo, hi = self.hi, A = rows.A, b = rows.b }
end

--- The maximum of a.x over the region, a linear program.
---@param a number[]
---@param options? table  search options
---@return {lower: number, upper: number, x: number[]}|nil  lower is reached at x, upper holds in exact arithmetic; nil:
---        the region is empty
function core.methods.region.maximize(self, a, options)
  check_polytope(self, "maximize")
  local lower, upper, x = inputs.maximize(self:domain(), a, options)
  return x and { lower = lower, upper = upper, x = x } or nil
end

--- Is the region empty?
---@return boolean|nil empty  certain; nil: not known
---@return number[]|nil x     for false: one of its inputs
function core.methods.region.is_empty(self)
  check_polytope(self, "is_empty")
  return inputs.is_empty(self:domain())
end

local function unit(n, i, sign)
  local a = {}
  for k = 1, n do a[k] = k == i and sign or 0 end
  return a
end

--- The bounding box: in exact arithmetic the region lies in it.
---@return number[]|nil lo  nil: the region is empty
---@return number[]|nil hi
function core.methods.region.bounds(self)
  check_polytope(self, "bounds")
  local domain, lo, hi = self:domain(), self.lo, self.hi
  for i = 1, self.n do
    local _, upper = inputs.maximize(domain, unit(self.n, i, 1))
    local _, lower = inputs.maximize(domain, unit(self.n, i, -1))
    if upper == -math.huge or lower == -math.huge then return nil end
    lo[i], hi[i] = math.max(lo[i], -lower), math.min(hi[i], upper)
  end
  return lo, hi
end

--- The rows that are needed: without any other one the set is the same.
---@return integer[] rows  numbers of rows, as region:rows() has them
---@return table region    relucid.region of these rows alone
function core.methods.region.facets(self)
  check_polytope(self, "facets")
  local rows, lo, hi = self:rows(), self.lo, self.hi
  local kept = {}
  for r = 1, #rows.b do kept[r] = r end
  for r = #rows.b, 1, -1 do -- one by one, so that of two equal rows one stays
    local A, b = {}, {}
    for _, k in ipairs(kept) do
      if k ~= r then A[#A + 1], b[#b + 1] = rows.A[k], rows.b[k] end
    end
    if inputs.obeys(core.domain { lo = lo, hi = hi, A = A, b = b }, rows.A[r], rows.b[r]) then table.remove(kept, r) end
  end
  local A, b = {}, {}
  for i, r in ipairs(kept) do A[i], b[i] = rows.A[r], rows.b[r] end
  return kept, core.region(inputs.network(self.n), core.domain { lo = lo, hi = hi, A = A, b = b })
end

--- The inputs in both regions; they may have nothing in common.
---@param other table  relucid.region
---@return table|nil region  relucid.region; nil: their boxes have no input in common
function core.methods.region.intersect(self, other)
  check_polytope(self, "intersect")
  check_polytope(other, "intersect")
  if other.n ~= self.n then error(("intersect: has %d inputs, expected %d"):format(other.n, self.n), 0) end
  local rows, more, lo, hi, lo2, hi2 = self:rows(), other:rows(), self.lo, self.hi, other.lo, other.hi
  for i = 1, self.n do
    lo[i], hi[i] = math.max(lo[i], lo2[i]), math.min(hi[i], hi2[i])
    if lo[i] > hi[i] then return nil end
  end
  table.move(more.A, 1, #more.A, #rows.A + 1, rows.A)
  table.move(more.b, 1, #more.b, #rows.b + 1, rows.b)
  return core.region(inputs.network(self.n), core.domain { lo = lo, hi = hi }, nil, rows)
end

--- The vertices of a region with interior points, in at most 10 inputs that vary; which they are is exact, their
--- coordinates are rounded.
---@return number[][]  empty where the region has no interior
function core.methods.region.vertices(self)
  check_polytope(self, "vertices")
  local found <close> = inputs.network(self.n):enumerate { domain = self:domain() }
  while not found:step() do end
  return found:count() > 0 and found:vertices(1) or {}
end

-- ---- centre and distance ------------------------------------------------------------------------------------

-- The Euclidean norm of a over the inputs that vary, rounded upwards.
local function norm_up(a, varies)
  local sum = 0.0
  for i, value in ipairs(a) do
    if varies[i] then sum = core.add_up(sum, core.mul_up(value, value)) end
  end
  return math.sqrt(sum) * (1 + 0x1p-50)
end

-- b - a.x, rounded downwards.
local function slack_down(a, b, x)
  local sum = b
  for i, value in ipairs(a) do sum = core.add_down(sum, core.mul_down(-value, x[i])) end
  return sum
end

-- The largest radius around x that certainly fits.
local function radius_of(region, rows, varies, norms, x)
  local radius, lo, hi = math.huge, region.lo, region.hi
  for i = 1, #x do
    if varies[i] then
      radius = math.min(radius, core.add_down(x[i], -lo[i]), core.add_down(hi[i], -x[i]))
    end
  end
  for r, a in ipairs(rows.A) do
    local slack = slack_down(a, rows.b[r], x)
    if norms[r] > 0 then
      radius = math.min(radius, slack / norms[r] * (1 - 0x1p-50))
    elseif slack < 0 then
      return nil
    end
  end
  return radius >= 0 and radius or nil
end

-- (x, r) with the ball of radius r around x in the region.
local function ball_domain(region, rows, varies, norms)
  local n, lo, hi, A, b = region.n, region.lo, region.hi, {}, {}
  local widest = 0
  for i = 1, n do
    if varies[i] then
      widest = math.max(widest, hi[i] - lo[i])
      for _, sign in ipairs { -1, 1 } do
        local row = unit(n, i, sign)
        row[n + 1] = 1
        A[#A + 1], b[#b + 1] = row, sign == 1 and hi[i] or -lo[i]
      end
    end
  end
  for r, a in ipairs(rows.A) do
    a[n + 1] = norms[r]
    A[#A + 1], b[#b + 1] = a, rows.b[r]
  end
  lo[n + 1], hi[n + 1] = 0, widest
  return core.domain { lo = lo, hi = hi, A = A, b = b }
end

--- The centre of a largest ball inside the region (Chebyshev's), in the inputs that vary.
---@return number[]|nil x   nil: the region is empty
---@return number|nil radius  the ball lies in the region in exact arithmetic; 0: it has no interior
function core.methods.region.centre(self)
  check_polytope(self, "centre")
  local n, rows, varies, norms, lo, hi = self.n, self:rows(), {}, {}, self.lo, self.hi
  for i = 1, n do varies[i] = lo[i] < hi[i] end
  for r, a in ipairs(rows.A) do norms[r] = norm_up(a, varies) end
  local _, _, x = inputs.maximize(ball_domain(self, self:rows(), varies, norms), unit(n + 1, n + 1, 1))
  if not x then return nil end
  x[n + 1] = nil
  local radius = radius_of(self, rows, varies, norms, x)
  if radius then return x, radius end
  local empty, member = self:is_empty() -- rounding: the centre is a little outside
  if empty == false then return member, 0.0 end
  return nil
end

--- How far a point is from the region, in the largest difference of an input.
---@param x number[]
---@return number|nil distance   rounded downwards: no input of the region is nearer in exact arithmetic; nil: empty
---@return number[]|nil nearest  an input of the region about that near
function core.methods.region.distance(self, x)
  check_polytope(self, "distance")
  local n, rows, lo, hi = self.n, self:rows(), self.lo, self.hi
  if self:contains(x) then return 0.0, table.move(x, 1, n, 1, {}) end
  local most = 0
  for i = 1, n do most = math.max(most, math.abs(x[i] - lo[i]), math.abs(hi[i] - x[i])) end
  for _, a in ipairs(rows.A) do a[n + 1] = 0 end
  for i = 1, n do -- t >= |y_i - x_i|
    for _, sign in ipairs { -1, 1 } do
      local row = unit(n, i, sign)
      row[n + 1] = -1
      rows.A[#rows.A + 1], rows.b[#rows.b + 1] = row, sign * x[i]
    end
  end
  lo[n + 1], hi[n + 1] = 0, 2 * most
  local domain = core.domain { lo = lo, hi = hi, A = rows.A, b = rows.b }
  local _, upper, nearest = inputs.maximize(domain, unit(n + 1, n + 1, -1))
  if not nearest then return nil end
  nearest[n + 1] = nil
  return math.max(-upper, 0), nearest
end

-- ---- projection -------------------------------------------------------------------------------------------

local MOST_CORNERS, TOLERANCE = 500, 1e-9

-- The corner farthest in a direction.
local function corner(domain, i, j, u, v)
  local a = unit(domain.n, i, u)
  a[j] = v
  local _, _, x = inputs.maximize(domain, a)
  return x and { x[i], x[j] }
end

-- Corners between two, where the polygon goes farther than their edge.
local function between(domain, i, j, p, q, scale, list)
  if #list >= MOST_CORNERS then return end
  local u, v = (q[2] - p[2]) / scale[2], (p[1] - q[1]) / scale[1] -- outwards, in units of the scale
  local length = math.sqrt(u * u + v * v)
  if length <= TOLERANCE then return end
  local found = corner(domain, i, j, u / scale[1], v / scale[2])
  if not found then return end
  local beyond = (u * (found[1] - p[1]) / scale[1] + v * (found[2] - p[2]) / scale[2]) / length
  if beyond <= TOLERANCE then return end
  between(domain, i, j, p, found, scale, list)
  list[#list + 1] = found
  between(domain, i, j, found, q, scale, list)
end

-- Without points that are the same as the one before, or on the way to the next one.
local function corners_only(list, scale)
  local function away(p, q) return { (q[1] - p[1]) / scale[1], (q[2] - p[2]) / scale[2] } end
  local function same(p, q)
    local d = away(p, q)
    return math.max(math.abs(d[1]), math.abs(d[2])) <= TOLERANCE
  end
  local distinct, corners = {}, {}
  for _, p in ipairs(list) do
    if #distinct == 0 or not same(distinct[#distinct], p) then distinct[#distinct + 1] = p end
  end
  while #distinct > 1 and same(distinct[#distinct], distinct[1]) do distinct[#distinct] = nil end
  local count = #distinct
  for k, p in ipairs(distinct) do
    local to, from = away(distinct[(k - 2) % count + 1], p), away(p, distinct[k % count + 1])
    if count < 3 or to[1] * from[2] - to[2] * from[1] > TOLERANCE * TOLERANCE then corners[#corners + 1] = p end
  end
  return corners
end

--- The projection on two inputs: the corners of a polygon, counter-clockwise, rounded, to within 1e-9 of the box.
---@param i integer
---@param j integer
---@return number[][] corners  {x_i, x_j}; empty: the region is
function core.methods.region.project(self, i, j)
  check_polytope(self, "project")
  for k = 1, 2 do
    local input = k == 1 and i or k == 2 and j
    if math.type(input) ~= "integer" or input < 1 or input > self.n then
      error(("project: input %s, expected 1 to %d"):format(tostring(input), self.n), 0)
    end
  end
  if i == j then error("project: the two inputs are the same", 0) end
  local domain, lo, hi = self:domain(), self.lo, self.hi
  local scale = { hi[i] > lo[i] and hi[i] - lo[i] or 1, hi[j] > lo[j] and hi[j] - lo[j] or 1 }
  local extremes, list = {}, {}
  for k, direction in ipairs { { 1, 0 }, { 0, 1 }, { -1, 0 }, { 0, -1 } } do
    extremes[k] = corner(domain, i, j, direction[1], direction[2])
    if not extremes[k] then return {} end
  end
  for k = 1, 4 do
    list[#list + 1] = extremes[k]
    between(domain, i, j, extremes[k], extremes[k % 4 + 1], scale, list)
  end
  return corners_only(list, scale)
end

-- ---- samples ------------------------------------------------------------------------------------------------

---@class relucid.SampleOptions
---@field seed? integer    default 1
---@field thin? integer    steps of hit and run before each point; default 10 + 2 * inputs
---@field from? number[]   a point of the region to start from; default: its centre; needed where it is no polytope

--- Points of the region, nearly uniform, by hit and run; each is certainly inside.
---@param count integer
---@param options? relucid.SampleOptions
---@return number[][]
function core.methods.region.sample(self, count, options)
  core.check(self, "region")
  if options == nil then options = {} end
  if type(options) ~= "table" then error(("sample: options: table expected, got %s"):format(type(options)), 0) end
  for name in pairs(options) do
    if name ~= "seed" and name ~= "thin" and name ~= "from" then
      error(("sample: unknown option '%s', expected from, seed, thin"):format(tostring(name)), 0)
    end
  end
  local from = options.from or self:is_polytope() and self:centre()
  if from and not options.from and not self:contains(from) then from = nil end
  if not from then
    if self:is_polytope() then error("sample: no point of the region is known: it may be empty", 0) end
    error("sample: the option from is needed: the region is no polytope", 0)
  end
  local seed = options.seed or 1
  if not math.tointeger(seed) then error(("sample: seed is %s, expected an integer"):format(tostring(seed)), 0) end
  return self:hit_and_run(from, count, options.thin or 10 + 2 * self.n, math.tointeger(seed))
end
