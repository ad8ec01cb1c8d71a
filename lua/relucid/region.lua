--- What relucid.region can do beyond its C methods: inclusion.
local core = require "relucid.core"
local inputs = require "relucid.inputs"
local job = require "relucid.job"
local words = require "relucid.words"

local function row_key(a)
  local texts = {}
  for i, value in ipairs(a) do texts[i] = ("%a"):format(value) end
  return table.concat(texts, " ")
end

local box = core.methods.region.box

--- The largest axis-parallel box inside a region; in exact arithmetic it is inside.
---@param kind? "width"|"volume"  largest sum of widths (default), or product of widths
---@param anchor? number[]  a point that it must contain
---@param seconds? number   look no longer
---@return {lo: number[], hi: number[], sum: number, log_volume: number, gap: number, fixed: integer}|nil  nil: there is
---        none, or none was found in time
function core.methods.region.box(self, ...)
  local found = box(self, ...)
  return found and setmetatable(found, words.Box) or nil
end

-- The rows of `outer`, bounds included, that do not stand in `inner` as they are, as clauses {a.x - b > 0}.
local function open_rows(outer, inner)
  local clauses, known = {}, {}
  local rows = inner:rows()
  for r, a in ipairs(rows.A) do
    local key = row_key(a)
    known[key] = math.min(known[key] or math.huge, rows.b[r])
  end
  local function open(a, b) clauses[#clauses + 1] = { { a = a, c = { 0 }, d = -b } } end
  rows = outer:rows()
  for r, a in ipairs(rows.A) do
    local b = known[row_key(a)]
    if not (b and b <= rows.b[r]) then open(a, rows.b[r]) end
  end
  local lo, hi, inner_lo, inner_hi = outer.lo, outer.hi, inner.lo, inner.hi
  for i = 1, outer.n do
    local function unit(sign)
      local a = {}
      for k = 1, outer.n do a[k] = k == i and sign or 0 end
      return a
    end
    if hi[i] < inner_hi[i] then open(unit(1), hi[i]) end
    if lo[i] > inner_lo[i] then open(unit(-1), -lo[i]) end
  end
  return clauses
end

-- Does every literal of `outer`, where its rows do not imply them, stand in `inner`?
local function has_literals(outer, inner)
  if outer:is_polytope() then return true end
  local pattern = inner:pattern()
  for _, literal in ipairs(outer:pattern():list()) do
    if not pattern or pattern:get(literal[1], literal[2]) ~= literal[3] then return false end
  end
  return true
end

--- outer:includes(inner): is every input of the region `inner` in `outer`?
---
--- Every row of outer that is not one of inner's is maximised over inner; true is claimed only where that is settled
--- rigorously.  nil: not known.  That happens where one of the two is no polytope.
---@param inner table     relucid.region
---@param options? table  search options
---@return boolean|nil included
---@return number[]|nil x  for false: an input of inner that is not in outer
function core.methods.region.includes(self, inner, options)
  core.check(self, "region")
  core.check(inner, "region", "inner")
  if inner.n ~= self.n then error(("inner: has %d inputs, expected %d"):format(inner.n, self.n), 0) end
  if not has_literals(self, inner) then return nil end
  local clauses = open_rows(self, inner)
  if #clauses == 0 then return true end
  local rows = inner:rows()
  local fields = { domain = core.domain { lo = inner.lo, hi = inner.hi, A = rows.A, b = rows.b }, mode = "find_strict",
                   target = core.property.any(clauses) }
  for name, value in pairs(options or {}) do fields[name] = value end
  local search <close> = inputs.network(self.n):search(fields)
  job.drive(function(nodes) return search:step(nodes) ~= "running" end)
  if search:verdict() == "proved" then return true end
  if search:verdict() == "counterexample" and inner:is_polytope() then return false, search:witness() end
  return nil
end
