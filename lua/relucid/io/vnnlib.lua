--- VNN-LIB 1.0 and 2.0: a question about a network as SMT-LIB assertions over its inputs and outputs.
---
--- The assertions describe what is looked for (by custom the counterexample): is there an x such that x and y = F(x)
--- satisfy all of them?  `<` and `>` are read as `<=` and `>=`: the set is closed.  A decimal number stands for the
--- double nearest to it, as in the tools of VNN-COMP; a bound such as `(<= X_0 0.5)` or a row such as `(<= Y_1 Y_0)`
--- is thereby taken as it is written.  Sums of constants are rounded so that the set only grows; coefficients that
--- would have to be rounded are refused.
---
--- What is asserted is kept as a set of inputs with rows and the ors that remain (relucid.io.cases); only where ors
--- multiply to few cases are they multiplied out at once.
local core = require "relucid.core"
local cases = require "relucid.io.cases"
local formula = require "relucid.io.formula"
local smtlib = require "relucid.io.smtlib"
local tensors = require "relucid.io.tensors"

local FEW = 64 -- cases that are multiplied out at once, whatever the file's size

local vnnlib = {}

--- A case {lo, hi, A, b, clauses}: inputs lo <= x <= hi with A x <= b, and an or of clauses, each a list of rows
--- {c, d [, a]}, a.x + c.y + d >= 0.
---@class relucid.Vnnlib
---@field file string
---@field sha256 string   of the file
---@field version integer 1 or 2
---@field n integer       inputs
---@field m integer       outputs
---@field set table       what is asserted outside of ors: {lo, hi, inputs, rows}, see relucid.io.cases
---@field ors table[]     the ors that remain, see relucid.io.formula
---@field tensors relucid.Tensor[]  of version 2.0
---@field contradiction string|false  why nothing can satisfy the file, where bounds of the inputs show it
---@field cases table[]   the assertions hold where those of some case do; their input sets are distinct.  Where they
---                       are many, multiplied out at the first use; an error where they are too many
local Vnnlib = {}

function Vnnlib.__index(self, name)
  if name ~= "cases" then return Vnnlib[name] end
  self.cases = cases.multiply(self, self.set, self.ors)
  return self.cases
end

--- "problem (below.vnnlib: 4 inputs, 3 outputs)".
---@return string
function Vnnlib:__tostring()
  return ("problem (%s: %d inputs, %d outputs)"):format(self.file, self.n, self.m)
end

--- Are the ors so many that they are split one at a time, rather than multiplied out?
---@return boolean
function Vnnlib:is_large()
  return rawget(self, "cases") == nil
end

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

--- The input set of a case.
---@param case table
---@return table domain  relucid.domain
function vnnlib.domain_of(case)
  local rows = #case.b > 0
  return core.domain { lo = case.lo, hi = case.hi, A = rows and case.A or nil, b = rows and case.b or nil }
end

--- What a case asserts about inputs in its set and their outputs.
---@param case table
---@return table property  relucid.property
function vnnlib.target_of(case)
  return core.property.any(case.clauses)
end

--- The input set of case k.
---@param k integer
---@return table domain  relucid.domain
function Vnnlib:domain(k) return vnnlib.domain_of(self.cases[k]) end

--- What case k asserts about inputs in its set and their outputs.
---@param k integer
---@return table property  relucid.property
function Vnnlib:target(k) return vnnlib.target_of(self.cases[k]) end

--- The same question about boxes of its input sets alone.
---@param boxes {case: integer, lo: number[], hi: number[]}[]  each inside the case's
---@return relucid.Vnnlib
function Vnnlib:part(boxes)
  local part = setmetatable({}, Vnnlib)
  for name, value in pairs(self) do part[name] = value end
  part.cases = {}
  for i, box in ipairs(boxes) do
    local case = self.cases[box.case]
    if not case then error(("%s: has no case %s"):format(self.file, tostring(box.case)), 0) end
    local lo, hi = {}, {}
    for k = 1, self.n do lo[k], hi[k] = math.max(case.lo[k], box.lo[k]), math.min(case.hi[k], box.hi[k]) end
    part.cases[i] = { lo = lo, hi = hi, A = case.A, b = case.b, clauses = case.clauses }
  end
  return part
end

--- Raise where nothing satisfies the file.
function Vnnlib:check_satisfiable()
  if #self.cases > 0 then return end
  error(("%s: no input satisfies the assertions%s"):format(self.file,
    self.contradiction and " (" .. self.contradiction .. ")" or ""), 0)
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

--- A counterexample as text: "((X_0 v)\n (Y_0 v))", counted from 0; for version 2.0 as its standard prints it.
---@param counterexample {x: number[], y: number[]}
---@param net? table  relucid.network whose names stand behind the values, as comments; not in version 2.0
---@return string
function Vnnlib:text(counterexample, net)
  if self.version == 2 then return tensors.text(self.tensors, counterexample) end
  local lines = {}
  local function add(letter, values, entries)
    for i, value in ipairs(values) do
      local last = letter == "Y" and i == #values and ")" or ""
      local comment = entries and " ; " .. entries[i].name or ""
      lines[#lines + 1] = ("(%s_%d %.17g)%s%s"):format(letter, i - 1, value, last, comment)
    end
  end
  add("X", counterexample.x, net and net.named_inputs and net.inputs)
  add("Y", counterexample.y, net and net.named_outputs and net.outputs)
  return "(" .. table.concat(lines, "\n ")
end

--- Is this what vnnlib.read returns?
---@param value any
---@return boolean
function vnnlib.is_problem(value)
  return type(value) == "table" and value.check == Vnnlib.check
end

-- From formulas to a set and ors; to cases, where these are few.
local function settle(self, reader)
  self.set = cases.everything(self.n)
  self.ors = cases.settle(self, self.set, formula.conjunction(reader.formulas))
  local count = self.ors and formula.count { ors = self.ors }
  if not self.ors then
    self.ors, self.cases = {}, {}
  elseif count <= math.max(FEW, formula.size { atoms = {}, ors = self.ors }) then
    self.cases = cases.multiply(self, self.set, self.ors)
  else
    cases.check_bounded(self, self.set, self.ors)
  end
  local why = self.contradiction
  self.contradiction = rawget(self, "cases") and #self.cases == 0 and why
    and ("%s: %s"):format(reader:place(why.at), why.text) or false
end

--- Read a VNN-LIB file; it may be gzipped.
---@param path string
---@param net? table  relucid.network that the numbers of inputs and outputs must fit
---@param between? fun(share: number?)  called several times a second while reading; what it raises ends it
---@return relucid.Vnnlib
function vnnlib.read(path, net, between)
  if net ~= nil then core.check(net, "network") end
  if type(path) ~= "string" then error(("path: string expected, got %s"):format(type(path)), 0) end
  local text, sha256 = core.read_file(path)
  local reader = smtlib.read(path, text, between)
  local problem = setmetatable({ file = path, sha256 = sha256, version = reader.version,
                                 n = reader.count.X, m = reader.count.Y, tensors = reader.tensors,
                                 between = between }, Vnnlib)
  if net then problem:check(net) end
  settle(problem, reader)
  problem.between = nil
  return problem
end

return vnnlib
