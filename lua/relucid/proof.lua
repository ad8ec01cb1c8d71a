--- What proves a search's answer: the tree of a search with the option `record`.  relucid.h, "proofs", says what each
--- step means and how a checker goes through them.
local core = require "relucid.core"

---@class ProofStep
---@field kind "range"|"bound"|"cut"|"empty"|"leaf"
---@field neuron integer?  range: whose range; cut: by whose imposed sign (nil: by rows of the clauses)
---@field clause integer?  bound, leaf; nil in a leaf without any input
---@field input integer?  cut
---@field end "lower"|"upper"|nil  range, cut: which end
---@field value number?  the new end or bound
---@field slopes "given"|"parallel"|"adaptive"|nil  not in a leaf; given: alpha, tau and mu are listed
---@field from_neurons boolean?  range: the bound ends at the ranges of the first layer
---@field alpha {[integer]: number}?  by neuron; 0 where absent
---@field tau {[integer]: number}?  by neuron; 0 where absent
---@field mu {[integer]: number}?  by half-space of the domain; 0 where absent
---@field lambda {[integer]: number}?  bound: by row of the clause; 0 where absent
---@field rows {[integer]: integer}?  cut: by clause, its row
---@field tight integer[]?  leaf: constraints that show it: lower ends of inputs, upper ends, half-spaces, neurons, rows

---@class ProofNode
---@field parent integer?  nil: the root, node 1
---@field below integer?  its child with input <= at, or the neuron off; nil: no children
---@field above integer?  its child with input >= at, or the neuron on
---@field input integer?  that it is split at
---@field at number?
---@field neuron integer?  whose sign it is split by
---@field steps ProofStep[]  in their order

---@class Proof
---@field count integer  nodes
---@field upper number?  maximize: the upper bound that is proved
---@field search table
local Proof = {}
Proof.__index = Proof

--- The i-th node; a parent comes before its children.
---@param i integer  from 1
---@return ProofNode
function Proof:node(i) return self.search:proof_node(i) end

--- for i, node in proof:nodes() do ... end: one node at a time, so that a large proof takes no memory in Lua.
---@return fun(): integer?, ProofNode?
function Proof:nodes()
  local i = 0
  return function()
    if i >= self.count then return nil end
    i = i + 1
    return i, self:node(i)
  end
end

--- search:proof(): what proves the search's answer; nil where there is none: the search was made without `record = 1`,
--- its verdict is not "proved", or (maximize) it is neither that nor "unknown" with a finite upper bound.
---@return Proof?
function core.methods.search.proof(self)
  core.check(self, "search")
  local count, upper = self:proof_size()
  return count and setmetatable({ count = count, upper = upper, search = self }, Proof)
end

return Proof
