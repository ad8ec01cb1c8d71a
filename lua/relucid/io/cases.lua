--- From a VNN-LIB file's assertions to sets of inputs with rows, and to cases: what is left when all ors are multiplied
--- out, cases with the same input set being one with several clauses.
---
--- A set is {lo, hi, inputs = atoms over inputs, rows = the other atoms}: a box, cut.
local core = require "relucid.core"
local formula = require "relucid.io.formula"
local linear = require "relucid.io.linear"

local cases = {}

local MAX_CASES = 100000 -- conjunctions after multiplying out
local TINY = 5e-324      -- the least positive double: adding it, rounded up, gives the next double

local function append(to, from)
  return table.move(from, 1, #from, #to + 1, to)
end

-- ---- sets ---------------------------------------------------------------------------------------------

--- All inputs.
---@param n integer
---@return table set
function cases.everything(n)
  local set = { lo = {}, hi = {}, inputs = {}, rows = {} }
  for i = 1, n do set.lo[i], set.hi[i] = -math.huge, math.huge end
  return set
end

--- A copy that restrict can change: it shares the bounds with the other one until it gets its own.
---@param set table
---@return table set
function cases.copy(set)
  set.shared = true
  return { lo = set.lo, hi = set.hi, shared = true, inputs = append({}, set.inputs), rows = append({}, set.rows) }
end

local function tighten(set, i, lo, hi)
  if lo <= set.lo[i] and hi >= set.hi[i] then return end
  if set.shared then
    set.lo, set.hi, set.shared = append({}, set.lo), append({}, set.hi), false
  end
  set.lo[i], set.hi[i] = math.max(set.lo[i], lo), math.min(set.hi[i], hi)
end

-- The only variable of the form, if it is an input: its number and coefficient.
local function single_input(form)
  local i, coefficient = next(form.x)
  if i and next(form.x, i) == nil and next(form.y) == nil then return i, coefficient end
end

-- The bounds that the atom sets on its single input, rounded outwards; exact for a coefficient of 1 or -1.
local function bounds_of(coefficient, d)
  local bound = -d / coefficient
  if coefficient > 0 then return coefficient == 1 and bound or core.add_down(bound, -TINY), math.huge end
  return -math.huge, coefficient == -1 and bound or core.add_up(bound, TINY)
end

-- What an atom says by itself: on its single input {i, lo, hi}; or that it never or always holds.
local function meaning(atom)
  if not atom.kind then
    local i, coefficient = single_input(atom)
    if i then
      atom.i, atom.kind = i, math.abs(coefficient) == 1 and "bound" or "row"
      atom.lo, atom.hi = bounds_of(coefficient, atom.d)
    else
      atom.kind = linear.is_constant(atom) and (atom.d >= 0 and "true" or "false") or "row"
    end
  end
  return atom
end

-- Keep the first contradiction, for messages.
local function note(self, atom, text, ...)
  if self.contradiction == nil then self.contradiction = { at = atom.at, text = text:format(...) } end
  return false
end

-- The first atom of a conjunction.
local function first_atom(node)
  while not node.atoms[1] do node = node.ors[1][1] end
  return node.atoms[1]
end

--- Add atoms to a set.  Returns false where they contradict each other, and notes the first such place in
--- self.contradiction: {at, text}.
---@param self table
---@param set table
---@param atoms table[]
---@return boolean
function cases.restrict(self, set, atoms)
  for _, atom in ipairs(atoms) do
    meaning(atom)
    if atom.kind == "false" then return note(self, atom, "this constraint is never true") end
    local i = atom.i
    if i then
      tighten(set, i, atom.lo, atom.hi)
      if set.lo[i] > set.hi[i] then
        return note(self, atom, "input X_%d: lower bound %.17g is above upper bound %.17g", i - 1, set.lo[i] + 0.0,
                    set.hi[i] + 0.0)
      end
    end
    if atom.kind == "row" then -- else the bound says it all
      local list = next(atom.y) == nil and set.inputs or set.rows
      list[#list + 1] = atom
    end
  end
  return true
end

-- What is left of an or inside a set; nil: nothing.
local function possible_alternatives(self, alternatives, set)
  local left = {}
  for _, alternative in ipairs(alternatives) do
    if self.between then self.between() end
    if cases.possible(alternative, set) then left[#left + 1] = alternative end
  end
  return left
end

--- May the conjunction hold inside the set's box, as far as bounds of single inputs tell?
---@param node table
---@param set table
---@return boolean
function cases.possible(node, set)
  local lo, hi = {}, {}
  for _, atom in ipairs(node.atoms) do
    local i = meaning(atom).i
    if atom.kind == "false" then return false end
    if i then
      lo[i] = math.max(lo[i] or set.lo[i], atom.lo)
      hi[i] = math.min(hi[i] or set.hi[i], atom.hi)
      if lo[i] > hi[i] then return false end
    end
  end
  for _, alternatives in ipairs(node.ors) do
    local some = false
    for _, alternative in ipairs(alternatives) do some = some or cases.possible(alternative, set) end
    if not some then return false end
  end
  return true
end

-- Does the conjunction hold everywhere in the set's box, as bounds of single inputs tell?
local function certain(node, set)
  for _, atom in ipairs(node.atoms) do
    meaning(atom)
    local implied = atom.kind == "bound" and set.lo[atom.i] >= atom.lo and set.hi[atom.i] <= atom.hi
    if atom.kind ~= "true" and not implied then return false end
  end
  return #node.ors == 0
end

-- Drop what cannot hold and what always holds; take what must hold.  Returns the ors that are left, and whether a
-- bound or row was added; nil: nothing is left.
local function simplify_ors(self, set, ors)
  local left, changed = {}, false
  for _, alternatives in ipairs(ors) do
    local list, free = possible_alternatives(self, alternatives, set), false
    for _, alternative in ipairs(list) do free = free or certain(alternative, set) end
    if #list == 0 then
      note(self, first_atom(alternatives[1]), "no alternative of this or is possible")
      return nil
    end
    if #list == 1 and not free then
      if not cases.restrict(self, set, list[1].atoms) then return nil end
      append(left, list[1].ors)
      changed = true
    elseif not free then
      left[#left + 1] = list
    end
  end
  return left, changed
end

--- Add a conjunction to a set, as far as that can be done without splitting an or.  Returns the ors that are left (each
--- with two alternatives at least that the box allows); nil: nothing is left, self.contradiction says why.
---@param self table
---@param set table
---@param node table
---@return table[]|nil ors
function cases.settle(self, set, node)
  if not cases.restrict(self, set, node.atoms) then return nil end
  local ors, changed = node.ors, true
  while changed do
    ors, changed = simplify_ors(self, set, ors)
    if not ors then return nil end
  end
  return ors
end

-- Which bounds, "i lo" and "i hi", a conjunction sets in each of its cases.
local function bounded_sides(node)
  local sides = {}
  for _, atom in ipairs(node.atoms) do
    local i = meaning(atom).i
    if i and atom.lo > -math.huge then sides[-i] = true end
    if i and atom.hi < math.huge then sides[i] = true end
  end
  for _, alternatives in ipairs(node.ors) do
    local all = bounded_sides(alternatives[1])
    for k = 2, #alternatives do
      local other = bounded_sides(alternatives[k])
      for side in pairs(all) do all[side] = other[side] end
    end
    for side in pairs(all) do sides[side] = true end
  end
  return sides
end

local function unbounded(self, i, side, name)
  error(("%s: input X_%d has no %s bound%s"):format(self.file, i - 1, side, name), 0)
end

--- Raise unless every case of the set and the ors bounds every input.
---@param self table
---@param set table
---@param ors table[]
function cases.check_bounded(self, set, ors)
  local sides = bounded_sides { atoms = {}, ors = ors }
  for i = 1, #set.lo do
    if set.lo[i] == -math.huge and not sides[-i] then unbounded(self, i, "lower", " in some case") end
    if set.hi[i] == math.huge and not sides[i] then unbounded(self, i, "upper", " in some case") end
  end
end

-- ---- cases ---------------------------------------------------------------------------------------------

local function check_case(self, set, name)
  for i = 1, #set.lo do
    if set.lo[i] == -math.huge then unbounded(self, i, "lower", name) end
    if set.hi[i] == math.huge then unbounded(self, i, "upper", name) end
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
    rows[k] = { c = dense(atom.y, self.m, 1), d = atom.d, a = next(atom.x) and dense(atom.x, self.n, 1) or nil }
  end
  if #rows == 0 then rows[1] = { c = dense({}, self.m, 1), d = 1.0 } end
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

--- The set as a case with one clause.
---@param self table
---@param set table
---@return table case  {lo, hi, A, b, clauses}
function cases.of_set(self, set)
  local case = { lo = set.lo, hi = set.hi, A = {}, b = {}, clauses = { clause_of(self, set) } }
  for r, atom in ipairs(set.inputs) do
    case.A[r], case.b[r] = dense(atom.x, self.n, -1), atom.d
  end
  return case
end

-- All ways to choose one alternative of each or, as lists of atoms behind `atoms`: f(atoms) for each.
local function each_choice(ors, k, atoms, f)
  if k > #ors then return f(atoms) end
  for _, alternative in ipairs(ors[k]) do
    local more = append(append({}, atoms), alternative.atoms)
    if #alternative.ors == 0 then
      each_choice(ors, k + 1, more, f)
    else
      local rest = append(append({}, alternative.ors), table.move(ors, k + 1, #ors, 1, {}))
      each_choice(rest, 1, more, f)
    end
  end
end

--- The cases of a set and ors, multiplied out; cases with the same input set become one with several clauses.
---@param self table  the file: file, n, m
---@param set table
---@param ors table[]
---@return table[] cases
function cases.multiply(self, set, ors)
  local count = formula.count { ors = ors }
  if count > math.max(MAX_CASES, formula.size { atoms = {}, ors = ors }) then
    error(("%s: multiplied out, the assertions have more than %d cases"):format(self.file, MAX_CASES), 0)
  end
  local list, by_key, k = {}, {}, 0 -- k: which conjunction this is
  each_choice(ors, 1, {}, function(atoms)
    local own = cases.copy(set)
    if self.between then self.between() end
    k = k + 1
    if not cases.restrict(self, own, atoms) then return end
    check_case(self, own, count > 1 and (" in case %d of %d"):format(k, count // 1 | 0) or "")
    local key = key_of(own)
    if by_key[key] then
      table.insert(by_key[key].clauses, clause_of(self, own))
    else
      list[#list + 1] = cases.of_set(self, own)
      by_key[key] = list[#list]
    end
  end)
  return list
end

return cases
