--- VNN-LIB 1.0: a question about a network as SMT-LIB assertions over inputs X_i and outputs Y_j.
---
--- The assertions describe what is looked for (by custom the counterexample): is there an x such that x and y = F(x)
--- satisfy all of them?  `<` and `>` are read as `<=` and `>=`: the set is closed.  A decimal number stands for the
--- double nearest to it, as in the tools of VNN-COMP; a bound such as `(<= X_0 0.5)` or a row such as `(<= Y_1 Y_0)`
--- is thereby taken as it is written.  Sums of constants are rounded so that the set only grows; coefficients that
--- would have to be rounded are refused.
local core = require "relucid.core"
local cases = require "relucid.io.cases"
local smtlib = require "relucid.io.smtlib"

local vnnlib = {}

--- A case {lo, hi, A, b, clauses}: inputs lo <= x <= hi with A x <= b, and an or of clauses, each a list of rows
--- {c, d [, a]}, a.x + c.y + d >= 0.
---@class relucid.Vnnlib
---@field file string
---@field sha256 string   of the file
---@field n integer       inputs
---@field m integer       outputs
---@field cases table[]   the assertions hold where those of some case do; their input sets are distinct
local Vnnlib = {}
Vnnlib.__index = Vnnlib

--- Raise unless the network has the file's numbers of inputs and outputs.
---@param net table  relucid.network
function Vnnlib:check(net)
  local function compare(count, actual, what)
    if count ~= actual then
      error(("%s: declares %d %s, the network has %d"):format(self.file, count, what, actual), 0)
    end
  end
  compare(self.n, net.n, "inputs")
  compare(self.m, net.m, "outputs")
end

--- The input set of case k.
---@param k integer
---@return table domain  relucid.domain
function Vnnlib:domain(k)
  local case = self.cases[k]
  local rows = #case.b > 0
  return core.domain { lo = case.lo, hi = case.hi, A = rows and case.A or nil, b = rows and case.b or nil }
end

--- What case k asserts about inputs in its set and their outputs.
---@param k integer
---@return table property  relucid.property
function Vnnlib:target(k)
  return core.property.any(self.cases[k].clauses)
end

--- The first case whose input set contains the point.
---@param point number[]
---@return integer|nil k
function Vnnlib:around(point)
  for k, case in ipairs(self.cases) do
    local inside = true
    for i, x in ipairs(point) do inside = inside and case.lo[i] <= x and x <= case.hi[i] end
    for r, row in ipairs(case.A) do
      local sum = 0.0
      for i, x in ipairs(point) do sum = sum + row[i] * x end
      inside = inside and sum <= case.b[r]
    end
    if inside then return k end
  end
end

-- Do the case's box and the box lo, hi have a point in common?
local function meets(case, lo, hi)
  for i = 1, #lo do
    if case.lo[i] > hi[i] or case.hi[i] < lo[i] then return false end
  end
  return true
end

--- The property that excludes the assertions on a domain: the negation of the clauses of all cases that meet the
--- domain's box.  As every property it is closed: where a row of the file holds with equality, both hold.
---@param domain table  relucid.domain
---@return table property  relucid.property
function Vnnlib:goal(domain)
  local clauses, lo, hi = {}, domain.lo, domain.hi
  for _, case in ipairs(self.cases) do
    if meets(case, lo, hi) then table.move(case.clauses, 1, #case.clauses, #clauses + 1, clauses) end
  end
  if #clauses == 0 then error(("%s: its inputs lie outside the domain"):format(self.file), 0) end
  return core.property.any(clauses):negate()
end

--- Read a VNN-LIB file; it may be gzipped.
---@param path string
---@param net? table  relucid.network that the numbers of inputs and outputs must fit
---@return relucid.Vnnlib
function vnnlib.read(path, net)
  if net ~= nil then core.check(net, "network") end
  if type(path) ~= "string" then error(("path: string expected, got %s"):format(type(path)), 0) end
  local text, sha256 = core.read_file(path)
  local reader = smtlib.read(path, text)
  local problem = setmetatable({ file = path, sha256 = sha256, n = reader.count.X, m = reader.count.Y,
                                 cases = cases.of(reader) }, Vnnlib)
  if net then problem:check(net) end
  return problem
end

return vnnlib
