--- From a VNN-LIB file's assertions to cases: their disjunctive normal form, with the bounds of each case as a box.
local core = require "relucid.core"
local smtlib = require "relucid.io.smtlib"

local cases = {}

local MAX_CASES = 100000 -- clauses after multiplying out
local TINY = 5e-324      -- the least positive double: adding it, rounded up, gives the next double

local function append(to, from)
  return table.move(from, 1, #from, #to + 1, to)
end

-- Where the formula's first atom stands, for messages.
local function place(formula)
  while formula.op do formula = formula[1] end
  return formula.at
end

-- All concatenations of an element of `left` and one of `right`.
local function product(self, left, right, at)
  if #left * #right > MAX_CASES then
    self:fail(at, "multiplied out, the assertions have more than %d cases", MAX_CASES)
  end
  local list = {}
  for _, a in ipairs(left) do
    for _, b in ipairs(right) do list[#list + 1] = append(append({}, a), b) end
  end
  return list
end

-- The disjunctive normal form: a list of lists of atoms.
local function alternatives(self, formula)
  if not formula.op then return { { formula } } end
  local list = formula.op == "or" and {} or { {} }
  for _, child in ipairs(formula) do
    local more = alternatives(self, child)
    if formula.op == "or" then
      append(list, more)
    elseif #more == 1 then
      for _, atoms in ipairs(list) do append(atoms, more[1]) end
    else
      list = product(self, list, more, place(formula))
    end
    if #list > MAX_CASES then
      self:fail(place(formula), "multiplied out, the assertions have more than %d cases", MAX_CASES)
    end
  end
  return list
end

-- The atoms that hold in every case, and the cases' further ones.
local function split(self)
  local common, extras = {}, { {} }
  for _, formula in ipairs(self.formulas) do
    local list = alternatives(self, formula)
    if #list == 1 then append(common, list[1]) else extras = product(self, extras, list, place(formula)) end
  end
  return common, extras
end

-- The only variable of the form, if it is an input: its number and coefficient.
local function single_input(form)
  local i, coefficient = next(form.x)
  if i and next(form.x, i) == nil and next(form.y) == nil then return i, coefficient end
end

-- The bound that the atom sets on its single input, rounded outwards; exact for a coefficient of 1 or -1.
local function tighten(set, i, coefficient, d)
  local bound = -d / coefficient
  if coefficient > 0 then
    if coefficient ~= 1 then bound = core.add_down(bound, -TINY) end
    set.lo[i] = math.max(set.lo[i], bound)
  else
    if coefficient ~= -1 then bound = core.add_up(bound, TINY) end
    set.hi[i] = math.min(set.hi[i], bound)
  end
end

-- Add the atoms to a set {lo, hi, inputs = atoms over inputs, rows = the other atoms}.  Returns false and fills
-- self.contradiction when they contradict each other.
local function restrict(self, set, atoms)
  for _, atom in ipairs(atoms) do
    local i, coefficient = single_input(atom)
    if i then
      tighten(set, i, coefficient, atom.d)
      if set.lo[i] > set.hi[i] then
        self.contradiction = self.contradiction or { at = atom.at, text =
          ("input X_%d: lower bound %.17g is above upper bound %.17g"):format(i - 1, set.lo[i] + 0.0, set.hi[i] + 0.0) }
        return false
      end
    end
    local in_box = i and math.abs(coefficient) == 1 -- then the bound says it all
    if smtlib.is_constant(atom) then
      if atom.d < 0 then
        self.contradiction = self.contradiction or { at = atom.at, text = "this constraint is never true" }
        return false
      end
    elseif not in_box then
      local list = next(atom.y) == nil and set.inputs or set.rows
      list[#list + 1] = atom
    end
  end
  return true
end

local function copy(set)
  return { lo = append({}, set.lo), hi = append({}, set.hi), inputs = append({}, set.inputs),
           rows = append({}, set.rows) }
end

local function check_bounded(self, set, name)
  for i = 1, self.count.X do
    local side = set.lo[i] == -math.huge and "lower" or set.hi[i] == math.huge and "upper"
    if side then error(("%s: input X_%d has no %s bound%s"):format(self.path, i - 1, side, name), 0) end
  end
end

local function dense(terms, length, sign)
  local list = {}
  for i = 1, length do list[i] = 0.0 end
  for i, value in pairs(terms) do list[i] = sign * value end
  return list
end

-- The clause of a set: rows {a, c, d} with a.x + c.y + d >= 0; a case without rows has one that always holds.
local function clause_of(self, set)
  local rows = {}
  for k, atom in ipairs(set.rows) do
    rows[k] = { c = dense(atom.y, self.count.Y, 1), d = atom.d,
                a = next(atom.x) and dense(atom.x, self.count.X, 1) or nil }
  end
  if #rows == 0 then rows[1] = { c = dense({}, self.count.Y, 1), d = 1.0 } end
  return rows
end

-- A text that tells input sets apart.
local function key_of(set)
  local words = {}
  for i, lo in ipairs(set.lo) do words[i] = string.pack("<dd", lo, set.hi[i]) end
  for _, atom in ipairs(set.inputs) do
    local terms = {}
    for i, value in pairs(atom.x) do terms[#terms + 1] = ("%d:%a"):format(i, value) end
    table.sort(terms)
    words[#words + 1] = ("%s:%a"):format(table.concat(terms, " "), atom.d)
  end
  return table.concat(words, "|")
end

local function new_case(self, set)
  local case = { lo = set.lo, hi = set.hi, A = {}, b = {}, clauses = {} }
  for r, atom in ipairs(set.inputs) do
    case.A[r], case.b[r] = dense(atom.x, self.count.X, -1), atom.d
  end
  return case
end

local function everything(n)
  local set = { lo = {}, hi = {}, inputs = {}, rows = {} }
  for i = 1, n do set.lo[i], set.hi[i] = -math.huge, math.huge end
  return set
end

local function contradiction(self)
  self:fail(self.contradiction.at, "%s: no input is left", self.contradiction.text)
end

--- The cases of what was read, those with the same input set as one with several clauses.
---@param self relucid.SmtlibReader
---@return table[]  see relucid.Vnnlib
function cases.of(self)
  local common, extras = split(self)
  local base = everything(self.count.X)
  if not restrict(self, base, common) then contradiction(self) end
  local list, by_key = {}, {}
  for k, atoms in ipairs(extras) do
    local set = #extras == 1 and base or copy(base)
    if restrict(self, set, atoms) then
      check_bounded(self, set, #extras > 1 and (" in case %d of %d"):format(k, #extras) or "")
      local key = key_of(set)
      local case = by_key[key]
      if not case then
        case = new_case(self, set)
        by_key[key], list[#list + 1] = case, case
      end
      case.clauses[#case.clauses + 1] = clause_of(self, set)
    end
  end
  if #list == 0 then contradiction(self) end
  return list
end

return cases
