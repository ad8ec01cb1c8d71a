--- Many ors of assertions, split one at a time.
---
--- A state is a set of inputs with rows (relucid.io.cases), ors that remain, and perhaps a point that keeps the rows.
--- Leaving the ors out gives a larger set: where a short search proves that one empty, the state is closed, whatever
--- its ors. Else the search often finds a point: one that keeps all ors ends everything; otherwise it tells which or
--- to split, the one that it violates most, and which alternative comes first, its best.  A point that keeps an
--- alternative goes with it, in place of a search.  Where few conjunctions are left they become cases.
local cases = require "relucid.io.cases"
local formula = require "relucid.io.formula"

local disjunction = {}

local FEW = 64    -- conjunctions that become cases
local NODES = 100 -- of the search without the ors

---@class relucid.DisjunctionState
---@field set table         see relucid.io.cases
---@field ors table[]       see relucid.io.formula
---@field x number[]|nil    an input that keeps the set's bounds and rows, up to rounding

local function is_bounded(set)
  for i, lo in ipairs(set.lo) do
    if lo == -math.huge or set.hi[i] == math.huge then return false end
  end
  return true
end

-- Does the point keep the set's bounds and rows, up to rounding?
local function keeps(set, x, y)
  for i, value in ipairs(x) do
    if value < set.lo[i] or value > set.hi[i] then return false end
  end
  return formula.value({ atoms = set.inputs, ors = {} }, x, y) >= 0
    and formula.value({ atoms = set.rows, ors = {} }, x, y) >= 0
end

-- The conjunction of the alternatives that are best at a point, with its atoms alone.
local function best_choice(ors, x, y, atoms)
  for _, alternatives in ipairs(ors) do
    local best, values = formula.best(alternatives, x, y)
    for k, alternative in ipairs(alternatives) do
      if values[k] == best then
        table.move(alternative.atoms, 1, #alternative.atoms, #atoms + 1, atoms)
        best_choice(alternative.ors, x, y, atoms)
        break
      end
    end
  end
  return atoms
end

-- Does the point satisfy the whole state?  A search at it alone confirms that rigorously.
local function confirmed(self, state, x, y)
  local set = cases.copy(state.set)
  local consistent = cases.restrict(self.problem, set, best_choice(state.ors, x, y, {}))
  if not consistent or not keeps(set, x, y) then return false end
  set.lo, set.hi = x, x
  return self:try(cases.of_set(self.problem, set), 1) == "counterexample"
end

-- The or that the point violates most; without a point, the one with the fewest alternatives.
local function choose(ors, x, y)
  local chosen, least = 1, math.huge
  for k, alternatives in ipairs(ors) do
    local value = x and formula.best(alternatives, x, y) or #alternatives
    if value < least then chosen, least = k, value end
  end
  return chosen, least
end

-- The states that come of the alternatives of or k, those that are better at the point first.
local function children(self, state, k, y)
  local rest = table.move(state.ors, 1, #state.ors, 1, {})
  local alternatives = table.remove(rest, k)
  local list = {}
  for order, alternative in ipairs(alternatives) do
    local set = cases.copy(state.set)
    local ors = cases.settle(self.problem, set, formula.merge({ atoms = {}, ors = table.move(rest, 1, #rest, 1, {}) },
                                                              alternative))
    if ors then
      local x = state.x
      list[#list + 1] = { state = { set = set, ors = ors, x = x and keeps(set, x, y) and x or nil }, order = order,
                          value = x and formula.value(alternative, x, y) or 0 }
    end
  end
  table.sort(list, function(a, b) return a.value > b.value or (a.value == b.value and a.order < b.order) end)
  return list
end

local function cases_of(self, state)
  local tasks = {}
  for k, case in ipairs(cases.multiply(self.problem, state.set, state.ors)) do tasks[k] = { case = case } end
  return tasks
end

--- Split a state.
---@param self relucid.Verification
---@param state relucid.DisjunctionState
---@return table[] tasks  {state} or {case}: together they are the state's inputs; the most promising first
---@return number[]|nil x  an input that satisfies the state, confirmed rigorously
function disjunction.split(self, state)
  if not state.x and is_bounded(state.set) then
    local verdict, x = self:try(cases.of_set(self.problem, state.set), NODES)
    if verdict == "proved" then return {} end
    state.x = x
  end
  local y = state.x and self.net:eval(state.x)
  local k, least = choose(state.ors, state.x, y)
  if state.x and least >= 0 and confirmed(self, state, state.x, y) then return {}, state.x end
  if formula.count(state) <= FEW then return cases_of(self, state) end
  return children(self, state, k, y)
end

return disjunction
