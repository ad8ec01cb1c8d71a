--- A checker of proofs that shares nothing with the search: it goes through the tree as relucid.h describes ("proofs")
--- and computes every bound again, in exact arithmetic, without any tolerance.
local exact = require "spec.exact"

local ZERO, ONE, MINUS = exact.of(0), exact.of(1), exact.of(-1)
local add, mul, compare, sign, of = exact.add, exact.mul, exact.compare, exact.sign, exact.of

local Checker = {}
Checker.__index = Checker

---@class ProvedProblem: PlainProblem
---@field mode "find"|"find_strict"|"maximize"

local function exact_rows(rows)
  local result = {}
  for r, row in ipairs(rows) do
    result[r] = {}
    for j, value in ipairs(row) do result[r][j] = value ~= 0 and of(value) or false end
  end
  return result
end

local function exact_list(values)
  local result = {}
  for i, value in ipairs(values) do result[i] = of(value) end
  return result
end

local function new_checker(problem, proof)
  local self = setmetatable({ problem = problem, proof = proof, offsets = {}, layers = {} }, Checker)
  local neurons = 0
  for k, layer in ipairs(problem.layers) do
    self.layers[k] = { W = exact_rows(layer.W), b = exact_list(layer.b), columns = #layer.W[1] }
    self.offsets[k] = neurons
    if k < #problem.layers then neurons = neurons + #layer.b end
  end
  self.neurons = neurons
  self.linear = {}
  for k = 1, #problem.layers - 1 do
    for i, mark in ipairs(problem.layers[k].linear or {}) do self.linear[self.offsets[k] + i] = mark end
  end
  self.A, self.b = exact_rows(problem.A), exact_list(problem.b)
  return self
end

local function fail(format, ...) error({ refused = format:format(...) }, 0) end

-- In the place of a sign: a = z, and nothing is imposed.
local LINEAR = 2

-- ---- the state on the way down the tree -------------------------------------------------------------

local function copy(list) return table.move(list, 1, #list, 1, {}) end

local function impose(state, k, on)
  state.signs[k] = on and 1 or 0
  if on then state.l[k] = math.max(state.l[k], 0) else state.u[k] = math.min(state.u[k], 0) end
end

function Checker:root()
  local state = { lo = copy(self.problem.lo), hi = copy(self.problem.hi), l = {}, u = {}, signs = {}, bounds = {} }
  for k = 1, self.neurons do
    state.l[k], state.u[k], state.signs[k] = -math.huge, math.huge, -1
    local wanted = self.problem.pattern and self.problem.pattern[k] or -1
    if wanted ~= -1 then impose(state, k, wanted == 1) end
    if self.linear[k] then state.signs[k] = LINEAR end
  end
  for c in ipairs(self.problem.clauses) do state.bounds[c] = math.huge end
  return state
end

local function child_of(state, node, above)
  local child = {}
  for name, value in pairs(state) do child[name] = type(value) == "table" and copy(value) or value end
  if node.neuron then
    impose(child, node.neuron, above)
  elseif above then
    child.lo[node.input] = math.max(child.lo[node.input], node.at)
  else
    child.hi[node.input] = math.min(child.hi[node.input], node.at)
  end
  return child
end

local function crossed(lower, upper)
  for k, value in ipairs(lower) do
    if value > upper[k] then return true end
  end
  return false
end

-- 1 on, 0 off, -1 undecided.
local function sign_of(state, k)
  if state.signs[k] == LINEAR then return 1 end
  if state.signs[k] ~= -1 then return state.signs[k] end
  return state.l[k] >= 0 and 1 or state.u[k] <= 0 and 0 or -1
end

--- Is a bound (exact; of a sum of rows whose weights sum to `weight`) low enough to close a clause?
function Checker:low_enough(bound, weight)
  local mode = self.problem.mode
  if mode == "maximize" then
    local upper = self.proof.upper -- -inf: there are no inputs
    return upper > -math.huge and compare(bound, mul(of(upper), weight or ONE)) <= 0
  end
  if mode == "find" then return sign(bound) < 0 end
  return sign(bound) <= 0
end

function Checker:clause_closed(state, c)
  local value = state.bounds[c]
  return value < math.huge and (value == -math.huge or self:low_enough(of(value)))
end

-- ---- the dual bound -----------------------------------------------------------------------------------

-- A double that is no less than u / (u - l).
local function slope_up(l, u)
  local slope, width = u / (u - l), add(of(u), exact.negate(of(l)))
  while compare(mul(of(slope), width), of(u)) < 0 do slope = slope * (1 + 0x1p-52) end
  return of(slope)
end

local function finite(value)
  if value ~= value or value == math.huge or value == -math.huge then fail "a range is not finite" end
  return of(value)
end

local function alpha_of(state, step, k)
  local l, u = state.l[k], state.u[k]
  if step.slopes == "parallel" then return of(u / (u - l)) end
  if step.slopes == "adaptive" then return u > -l and ONE or ZERO end
  return of(step.alpha[k] or 0)
end

-- Slopes are slopes, whether they turn out to matter or not.
local function check_slopes(step)
  for k, alpha in pairs(step.alpha or {}) do
    if alpha ~= alpha or alpha < 0 or alpha > 1 then fail("alpha of neuron %d is %g", k, alpha) end
  end
end

-- sum = sum + tau's term; returns the coefficient of the pre-activation with tau.
local function add_tau(state, step, k, w, sum)
  local tau = step.tau and step.tau[k] or 0
  if tau == 0 then return w, sum end
  local term = mul(of(-tau), finite(tau > 0 and state.l[k] or state.u[k]))
  return w and add(w, of(tau)) or of(tau), add(sum, term)
end

-- From the coefficient v of an activation to that of its pre-activation.
local function through_relu(state, step, k, v, sum)
  local s = sign_of(state, k)
  local w = s == 1 and v or false
  if v and s == -1 then
    if sign(v) > 0 then
      w = mul(v, slope_up(state.l[k], state.u[k]))
      sum = add(sum, mul(w, exact.negate(finite(state.l[k]))))
    else
      w = mul(v, alpha_of(state, step, k))
    end
  end
  return add_tau(state, step, k, w, sum)
end

-- Coefficients of a layer's outputs (false: 0) become those of its inputs; the biases go into the sum.
local function through_layer(layer, out, sum)
  local into = {}
  for j = 1, layer.columns do into[j] = false end
  for i, row in ipairs(layer.W) do
    local c = out[i]
    if c and sign(c) ~= 0 then
      sum = add(sum, mul(c, layer.b[i]))
      for j, weight in ipairs(row) do
        if weight then
          local term = mul(c, weight)
          into[j] = into[j] and add(into[j], term) or term
        end
      end
    end
  end
  return into, sum
end

local function largest(coefficients, lower, upper, sum)
  for j, c in ipairs(coefficients) do
    local s = c and sign(c) or 0
    if s ~= 0 then sum = add(sum, mul(c, finite(s > 0 and upper[j] or lower[j]))) end
  end
  return sum
end

--- The bound of a goal: coefficients `out` of what affine layer `top` gives, `inputs` of the inputs, plus sum.
function Checker:dual(state, step, top, out, inputs, sum, lo, hi)
  check_slopes(step)
  for layer = top, 1, -1 do
    out, sum = through_layer(self.layers[layer], out, sum)
    if layer > 1 then
      local offset = self.offsets[layer - 1]
      for i in ipairs(self.layers[layer - 1].b) do
        out[i], sum = through_relu(state, step, offset + i, out[i], sum)
      end
      if layer == 2 and step.from_neurons then return largest(out, state.l, state.u, sum) end
    end
  end
  for r, mu in pairs(step.mu or {}) do
    if mu ~= mu or mu < 0 then fail("mu of half-space %d is %g", r, mu) end
    sum = add(sum, mul(of(mu), self.b[r]))
    for j, a in ipairs(self.A[r]) do
      if a then out[j] = add(out[j] or ZERO, mul(of(-mu), a)) end
    end
  end
  for j, a in pairs(inputs) do out[j] = add(out[j] or ZERO, a) end
  return largest(out, lo or state.lo, hi or state.hi, sum)
end

-- Bound of side * (pre-activation of hidden neuron k).
function Checker:dual_neuron(state, step, k, side, lo, hi)
  local layer = 1
  while layer < #self.layers - 1 and k > self.offsets[layer + 1] do layer = layer + 1 end
  local out, sum = {}, ZERO
  for i in ipairs(self.layers[layer].b) do
    local neuron = self.offsets[layer] + i
    out[i], sum = add_tau(state, step, neuron, neuron == k and of(side) or false, sum)
  end
  return self:dual(state, step, layer, out, {}, sum, lo, hi)
end

-- Bound of the weighted sum of a clause's rows; second result: the sum of the weights.
function Checker:dual_rows(state, step, c, weights, lo, hi)
  local out, inputs, sum, total = {}, {}, ZERO, ZERO
  for i in ipairs(self.layers[#self.layers].b) do out[i] = ZERO end
  for r, weight in pairs(weights) do
    local row = self.problem.clauses[c] and self.problem.clauses[c][r]
    if not row or weight ~= weight or weight < 0 then fail("row %s of clause %s: weight %s", r, c, weight) end
    local w = of(weight)
    total, sum = add(total, w), add(sum, mul(w, of(row.d)))
    for i, value in ipairs(row.c) do out[i] = add(out[i], mul(w, of(value))) end
    for j, value in ipairs(row.a or {}) do inputs[j] = add(inputs[j] or ZERO, mul(w, of(value))) end
  end
  return self:dual(state, step, #self.layers, out, inputs, sum, lo, hi), total
end

-- ---- steps ------------------------------------------------------------------------------------------------

local steps = {}

function steps.range(self, state, step)
  local k, side = step.neuron, step["end"] == "upper" and 1 or -1
  local bound = self:dual_neuron(state, step, k, side)
  if compare(bound, mul(of(side), of(step.value))) > 0 then fail("neuron %d: not the %s end", k, step["end"]) end
  if side == 1 then state.u[k] = math.min(state.u[k], step.value)
  else state.l[k] = math.max(state.l[k], step.value) end
end

function steps.bound(self, state, step)
  local bound, total = self:dual_rows(state, step, step.clause, step.lambda)
  if sign(total) <= 0 then fail "no row has a weight" end
  if compare(bound, mul(of(step.value), total)) > 0 then fail("clause %d: not a bound", step.clause) end
  state.bounds[step.clause] = math.min(state.bounds[step.clause], step.value)
end

function steps.empty(self, state, step)
  local out = {}
  for i in ipairs(self.layers[#self.layers].b) do out[i] = ZERO end
  if sign(self:dual(state, step, #self.layers, out, {}, ZERO)) >= 0 then fail "not empty" end
  state.empty = true
end

function steps.cut(self, state, step)
  local j, lo, hi = step.input, copy(state.lo), copy(state.hi)
  local upper = step["end"] == "upper"
  if upper then lo[j] = math.max(lo[j], step.value) else hi[j] = math.min(hi[j], step.value) end
  if step.neuron then
    local s = state.signs[step.neuron]
    if s == -1 or s == LINEAR then fail("neuron %d: its sign is not imposed", step.neuron) end
    if sign(self:dual_neuron(state, step, step.neuron, s == 1 and 1 or -1, lo, hi)) >= 0 then
      fail("input %d: what is cut off is not without inputs", j)
    end
  else
    for c in ipairs(self.problem.clauses) do
      if not self:clause_closed(state, c) then
        if not step.rows[c] then fail("input %d: no row of clause %d", j, c) end
        if not self:low_enough((self:dual_rows(state, step, c, { [step.rows[c]] = 1 }, lo, hi))) then
          fail("input %d: what is cut off is open in clause %d", j, c)
        end
      end
    end
  end
  if upper then state.hi[j] = math.min(state.hi[j], step.value)
  else state.lo[j] = math.max(state.lo[j], step.value) end
end

-- ---- leaves -------------------------------------------------------------------------------------------------

-- Affine forms over the inputs: lists of n coefficients and the constant, in all.
local function combine(weights, forms, constant, n)
  local sum = {}
  for j = 1, n + 1 do sum[j] = j > n and constant or ZERO end
  for i, w in ipairs(weights) do
    for j = 1, w and forms[i] and n + 1 or 0 do sum[j] = add(sum[j], mul(w, forms[i][j])) end
  end
  return sum
end

local function scaled(form, factor)
  local result = {}
  for j, value in ipairs(form) do result[j] = mul(value, factor) end
  return result
end

-- The forms of all pre-activations and of the outputs where every neuron is on or off.
function Checker:leaf_forms(state)
  local n, forms, hidden = #state.lo, {}, {}
  for j = 1, n do
    forms[j] = {}
    for i = 1, n + 1 do forms[j][i] = i == j and ONE or ZERO end
  end
  for k, layer in ipairs(self.layers) do
    local next_forms = {}
    for i, row in ipairs(layer.W) do
      local form = combine(row, forms, layer.b[i], n)
      if k < #self.layers then
        local neuron = self.offsets[k] + i
        local s = sign_of(state, neuron)
        if s == -1 then fail("neuron %d is undecided in a leaf", neuron) end
        hidden[neuron] = form
        form = s == 1 and form
      end
      next_forms[i] = form
    end
    forms = next_forms
  end
  return hidden, forms
end

-- Constraint number `id` as a form that is >= 0; second result: is it a row of the clause?
function Checker:constraint(state, id, hidden, outputs, clause)
  local n, form = #state.lo, {}
  if id <= 2 * n then
    local j, side = (id - 1) % n + 1, id <= n and 1 or -1
    for i = 1, n + 1 do form[i] = i == j and of(side) or ZERO end
    form[n + 1] = mul(of(-side), of(side == 1 and state.lo[j] or state.hi[j]))
    return form
  end
  id = id - 2 * n
  if id <= #self.A then
    for j = 1, n do form[j] = exact.negate(self.A[id][j] or ZERO) end
    form[n + 1] = self.b[id]
    return form
  end
  id = id - #self.A
  if id <= self.neurons then
    if state.signs[id] == -1 or state.signs[id] == LINEAR then fail("neuron %d: its sign is not imposed", id) end
    return scaled(hidden[id], state.signs[id] == 1 and ONE or MINUS)
  end
  local row = self.problem.clauses[clause] and self.problem.clauses[clause][id - self.neurons]
  if not row then fail("no such constraint: %d", id) end
  form = combine(exact_list(row.c), outputs, of(row.d), n)
  for j, a in ipairs(row.a or {}) do form[j] = add(form[j], of(a)) end
  return form, true
end

-- y (not 0) with sum_i y_i forms[i][j] = 0 for the given j, by elimination without division.  nil: not one direction.
local function null_vector(forms, columns)
  local equations, pivots = {}, {}
  for e, j in ipairs(columns) do
    equations[e] = {}
    for i, form in ipairs(forms) do equations[e][i] = form[j] end
  end
  local free
  for i = 1, #forms do
    local at
    for e = #pivots + 1, #equations do
      if sign(equations[e][i]) ~= 0 then at = e break end
    end
    if not at then
      if free then return nil end
      free = i
    else
      local p = #pivots + 1
      pivots[p] = i
      equations[at], equations[p] = equations[p], equations[at]
      for e = 1, #equations do
        local factor = equations[e][i]
        if e ~= p and sign(factor) ~= 0 then
          local pivot = equations[p][i]
          for k = 1, #forms do
            equations[e][k] = add(mul(equations[e][k], pivot), exact.negate(mul(equations[p][k], factor)))
          end
        end
      end
    end
  end
  if not free then return nil end
  local y = {}
  y[free] = ONE
  for p, i in ipairs(pivots) do y[free] = mul(y[free], equations[p][i]) end
  for p, i in ipairs(pivots) do
    y[i] = exact.negate(equations[p][free])
    for q, other in ipairs(pivots) do
      if q ~= p then y[i] = mul(y[i], equations[q][other]) end
    end
  end
  return y
end

function steps.leaf(self, state, step)
  local n, forms, is_row, columns = #state.lo, {}, {}, {}
  local hidden, outputs = self:leaf_forms(state)
  for i, id in ipairs(step.tight) do
    forms[i], is_row[i] = self:constraint(state, id, hidden, outputs, step.clause)
  end
  for j = 1, n do
    if state.lo[j] < state.hi[j] then
      columns[#columns + 1] = j
    else -- a constant
      for _, form in ipairs(forms) do form[n + 1] = add(form[n + 1], mul(form[j], of(state.lo[j]))) end
    end
  end
  local y = null_vector(forms, columns)
  if not y then fail "a leaf's constraints do not have one combination" end
  local constant, total, most = ZERO, ZERO, 0
  for i in ipairs(forms) do most = sign(y[i]) ~= 0 and sign(y[i]) or most end
  for i, form in ipairs(forms) do
    local weight = mul(y[i], of(most))
    if sign(weight) < 0 then fail "a leaf's multiplier is negative" end
    constant = add(constant, mul(weight, form[n + 1]))
    if is_row[i] then total = add(total, weight) end
  end
  if not step.clause then
    if sign(total) ~= 0 or sign(constant) >= 0 then fail "a leaf is not empty" end
    state.empty = true
  else
    if sign(total) <= 0 then fail "a leaf's row has no weight" end
    if compare(constant, mul(of(step.value), total)) > 0 then fail "a leaf's maximum is larger" end
    state.bounds[step.clause] = math.min(state.bounds[step.clause], step.value)
  end
end

-- ---- the tree -------------------------------------------------------------------------------------------------

local function closed_outright(state) return state.empty or crossed(state.l, state.u) or crossed(state.lo, state.hi) end

function Checker:closed(state)
  if closed_outright(state) then return true end
  for c in ipairs(self.problem.clauses) do
    if not self:clause_closed(state, c) then return false end
  end
  return true
end

function Checker:apply(state, step)
  if closed_outright(state) then return end
  self.applied[self.at .. ":" .. self.step] = true
  if not steps[step.kind] then fail("unknown step %s", step.kind) end
  steps[step.kind](self, state, step)
end

local CLOSED = { empty = true, l = {}, u = {}, lo = {}, hi = {}, signs = {}, bounds = {} }

function Checker:run(nodes)
  local states = { self:root() }
  for i, node in nodes do
    self.at = i
    local state = states[i]
    states[i] = nil
    if not state then fail "not a child of a node before it" end
    for s, step in ipairs(node.steps) do
      self.step = s
      self:apply(state, step)
    end
    self.step = nil
    if self:closed(state) then
      state = nil -- its children, if any, need no proof
    elseif not (node.input or node.neuron) or not node.below or not node.above then
      fail "open"
    end
    for above, child in pairs { [false] = node.below, [true] = node.above } do
      if child <= i or states[child] then fail "a child that is not this node's alone" end
      states[child] = state and child_of(state, node, above) or CLOSED
    end
  end
  if next(states) then fail "a node is missing" end
end

local proof_checker = {}

--- Check a proof.
---@param problem ProvedProblem
---@param proof {count: integer, upper: number?, nodes: fun(self): fun(): integer?, ProofNode?}
---@return boolean
---@return string|table  why it is refused; or the set of all "node:step" that the check rests on
function proof_checker.check(problem, proof)
  local checker = new_checker(problem, proof)
  checker.applied = {}
  local ok, message = pcall(checker.run, checker, proof:nodes())
  if ok then return true, checker.applied end
  if type(message) ~= "table" then error(message, 0) end
  local step = checker.step and (", step %d"):format(checker.step) or ""
  return false, ("node %d%s: %s"):format(checker.at, step, message.refused)
end

--- All of a proof as plain tables, with the same interface: to look at, to damage.
---@param proof Proof
function proof_checker.copy(proof)
  local plain = { count = proof.count, upper = proof.upper, list = {} }
  for i, node in proof:nodes() do plain.list[i] = node end
  function plain:nodes()
    local i = 0
    return function()
      i = i + 1
      if self.list[i] then return i, self.list[i] end
    end
  end
  return plain
end

return proof_checker
