--- Assertions as a tree that is not multiplied out: a conjunction {atoms = atoms, ors = ors}, each or a list of
--- alternatives, which are conjunctions again.  An atom is {x, y, d, at}, see relucid.io.smtlib.
local formula = {}

local conjoin

-- The alternatives of an or; an or in an or is part of it.
local function add_alternatives(list, tree)
  for _, child in ipairs(tree) do
    if child.op == "or" then
      add_alternatives(list, child)
    else
      list[#list + 1] = conjoin({ atoms = {}, ors = {} }, child)
    end
  end
  return list
end

function conjoin(node, tree)
  if not tree.op then
    node.atoms[#node.atoms + 1] = tree
  elseif tree.op == "and" then
    for _, child in ipairs(tree) do conjoin(node, child) end
  else
    local alternatives = add_alternatives({}, tree)
    if #alternatives == 1 then return formula.merge(node, alternatives[1]) end
    node.ors[#node.ors + 1] = alternatives
  end
  return node
end

--- Add what a conjunction says to another one.
---@param node table
---@param from table
---@return table node
function formula.merge(node, from)
  table.move(from.atoms, 1, #from.atoms, #node.atoms + 1, node.atoms)
  table.move(from.ors, 1, #from.ors, #node.ors + 1, node.ors)
  return node
end

--- The conjunction of formulas as the reader gives them.
---@param formulas table[]
---@return table node
function formula.conjunction(formulas)
  local node = { atoms = {}, ors = {} }
  for _, tree in ipairs(formulas) do conjoin(node, tree) end
  return node
end

--- How many conjunctions of atoms it is when multiplied out (a float: there may be very many).
---@param node table
---@return number
function formula.count(node)
  local product = 1.0
  for _, alternatives in ipairs(node.ors) do
    local sum = 0.0
    for _, alternative in ipairs(alternatives) do sum = sum + formula.count(alternative) end
    product = product * sum
  end
  return product
end

--- How many atoms it has.
---@param node table
---@return integer
function formula.size(node)
  local size = #node.atoms
  for _, alternatives in ipairs(node.ors) do
    for _, alternative in ipairs(alternatives) do size = size + formula.size(alternative) end
  end
  return size
end

--- Its value at a point: at least 0 where it holds, the least of its atoms and ors; an or is worth its best part.
--- Rounded to nearest.
---@param node table
---@param x number[]
---@param y number[]
---@return number
function formula.value(node, x, y)
  local least = math.huge
  for _, atom in ipairs(node.atoms) do
    local sum = atom.d
    for i, c in pairs(atom.x) do sum = sum + c * x[i] end
    for j, c in pairs(atom.y) do sum = sum + c * y[j] end
    least = math.min(least, sum)
  end
  for _, alternatives in ipairs(node.ors) do
    local best = formula.best(alternatives, x, y)
    least = math.min(least, best)
  end
  return least
end

--- The best value of an or's alternatives at a point, and each one's.
---@param alternatives table[]
---@param x number[]
---@param y number[]
---@return number best
---@return number[] values
function formula.best(alternatives, x, y)
  local best, values = -math.huge, {}
  for k, alternative in ipairs(alternatives) do
    values[k] = formula.value(alternative, x, y)
    best = math.max(best, values[k])
  end
  return best, values
end

return formula
