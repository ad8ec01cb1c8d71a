--- Linear forms over inputs and outputs as VNN-LIB writes them:
--- {x = {[i] = coefficient}, y = {[j] = coefficient}, d = constant, up = constant}, i and j 1-based, no coefficient 0.
---
--- Coefficients are exact: where a product or a sum of them is no double the reader raises, as rounding it would change
--- the question.  Of a constant that is no double, d and up are the doubles below and above it.
---
--- `self` is the reader, whose fail(at, message) raises.
local core = require "relucid.core"

local linear = {}

--- Has the form no variables?
---@param form {x: table, y: table}
---@return boolean
function linear.is_constant(form)
  return next(form.x) == nil and next(form.y) == nil
end

local is_constant = linear.is_constant

-- a * b; an error where that is no double.
local function exact_product(self, a, b, at)
  local product = a * b
  if a == 1 or b == 1 or a == -1 or b == -1 or product ~= product or math.abs(product) == math.huge then
    return product
  end
  if core.mul_down(a, b) ~= core.mul_up(a, b) then
    self:fail(at, "the product of %.17g and %.17g is no double: write it as one number", a, b)
  end
  return product
end

local function add_terms(self, to, from, factor, at)
  for i, value in pairs(from) do
    local old, term = to[i] or 0.0, exact_product(self, factor, value, at)
    local sum = old + term
    if math.abs(sum) < math.huge and core.add_down(old, term) ~= core.add_up(old, term) then
      self:fail(at, "the sum of the coefficients %.17g and %.17g is no double: write it as one number", old, term)
    end
    to[i] = sum ~= 0 and sum or nil
  end
end

-- to := to + factor * from.
local function accumulate(self, to, from, factor, at)
  add_terms(self, to.x, from.x, factor, at)
  add_terms(self, to.y, from.y, factor, at)
  local d, up = from.d, from.up
  if factor < 0 then d, up = up, d end
  to.d = core.add_down(to.d, exact_product(self, factor, d, at))
  to.up = core.add_up(to.up, exact_product(self, factor, up, at))
end

--- A form without variables.
---@param value number
---@return table form
function linear.constant(value)
  return { x = {}, y = {}, d = value, up = value }
end

local function scaled(self, form, factor, at)
  local result = linear.constant(0.0)
  accumulate(self, result, form, factor, at)
  return result
end

local function check_number(self, value, at)
  if value - value ~= 0 then self:fail(at, "a number here exceeds the range of doubles") end
end

local function check_terms(self, form, at)
  check_number(self, form.d, at)
  for _, value in pairs(form.x) do check_number(self, value, at) end
  for _, value in pairs(form.y) do check_number(self, value, at) end
end

--- Raise unless all numbers of the form are finite.
---@param form table
---@param at integer
function linear.check_finite(self, form, at)
  check_number(self, form.up, at)
  check_terms(self, form, at)
end

-- The value of a constant as a factor.
local function factor_of(self, form, at)
  linear.check_finite(self, form, at)
  if form.d ~= form.up then self:fail(at, "a factor here is no double: write it as one number") end
  return form.d
end

--- What + - * make of forms: f(self, forms, at) -> form.
linear.arithmetic = {}

linear.arithmetic["+"] = function(self, forms, at)
  local sum = linear.constant(0.0)
  for _, form in ipairs(forms) do accumulate(self, sum, form, 1, at) end
  return sum
end

linear.arithmetic["-"] = function(self, forms, at)
  if #forms == 1 then return scaled(self, forms[1], -1, at) end
  local sum = scaled(self, forms[1], 1, at)
  for k = 2, #forms do accumulate(self, sum, forms[k], -1, at) end
  return sum
end

linear.arithmetic["*"] = function(self, forms, at)
  local product = linear.constant(1.0)
  for _, form in ipairs(forms) do
    if is_constant(form) then
      product = scaled(self, product, factor_of(self, form, at), at)
    elseif is_constant(product) then
      product = scaled(self, form, factor_of(self, product, at), at)
    else
      self:fail(at, "a product of two expressions with variables is not linear")
    end
  end
  return product
end

--- The atom {x, y, d, at}: larger - smaller >= 0.  Of its constant the upper end counts: the set only grows.
---@return table atom
function linear.at_least(self, larger, smaller, at)
  local atom = { x = {}, y = {}, d = core.add_up(larger.up, -smaller.d), at = at }
  for i, value in pairs(larger.x) do atom.x[i] = value end
  for j, value in pairs(larger.y) do atom.y[j] = value end
  add_terms(self, atom.x, smaller.x, -1, at)
  add_terms(self, atom.y, smaller.y, -1, at)
  check_terms(self, atom, at)
  return atom
end

return linear
