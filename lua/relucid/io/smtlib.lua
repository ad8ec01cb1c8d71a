--- The language of VNN-LIB 1.0, a part of SMT-LIB: declarations of variables X_i and Y_j, and assertions that are
--- linear in them.  Messages name file, line and column, what was expected and what is there.
local job = require "relucid.job"
local found, lpeg = pcall(require, "lpeg")
if not found then
  if job.is_interrupt(lpeg) then error(lpeg, 0) end
  error("VNN-LIB files need LPeg: install the package lua-lpeg", 0)
end
local core = require "relucid.core"

local smtlib = {}

local MAX_DEPTH = 1000 -- nesting of parentheses

-- ---- tokens -----------------------------------------------------------------------------------------

local P, S, R, C, Cp = lpeg.P, lpeg.S, lpeg.R, lpeg.C, lpeg.Cp

-- token:match(text, at) -> where it starts, its value (a number, or a string: a parenthesis or a symbol), where it
-- ends; at the end of the text only where that is.
local token
do
  local space = S " \t\r\n\f\v"
  local blank = (space + P ";" * (1 - S "\r\n") ^ 0) ^ 0
  local inside = 1 - space - S "();"
  local digit = R "09"
  local decimal = digit ^ 1 * (P "." * digit ^ 0) ^ -1 + P "." * digit ^ 1
  local number = S "+-" ^ -1 * decimal * (S "eE" * S "+-" ^ -1 * digit ^ 1) ^ -1 * -inside
  local quoted = P "|" * (1 - P "|") ^ 0 * P "|" + P '"' * (1 - P '"') ^ 0 * P '"'
  token = blank * Cp() * (C(S "()") + number / tonumber + C(quoted) + C(inside ^ 1)) ^ -1 * Cp()
end

---@class relucid.SmtlibReader
local Reader = {}
Reader.__index = Reader

--- Raise "FILE:LINE:COLUMN: message".
function Reader:fail(at, format, ...)
  local before = self.text:sub(1, at - 1)
  local _, newlines = before:gsub("\n", "\n")
  local column = #before:match "[^\n]*$" + 1
  error(("%s:%d:%d: %s"):format(self.path, newlines + 1, column, format:format(...)), 0)
end

function Reader:advance()
  local at, value, stop = token:match(self.text, self.stop)
  if stop then
    self.at, self.value, self.stop = at, value, stop
  else
    self.at, self.value = at, nil
  end
end

-- The current token in words.
function Reader:got()
  if self.value == nil then return "the end of the file" end
  local word = self.text:sub(self.at, self.stop - 1)
  if #word > 40 then word = word:sub(1, 40) .. "..." end
  return "'" .. word:gsub("%c", "?") .. "'"
end

function Reader:unexpected(wanted)
  if self.value == nil and self.opened then
    local at = self.opened[#self.opened]
    if at then self:fail(at, "this parenthesis is not closed; at the end of the file expected %s", wanted) end
  end
  self:fail(self.at, "expected %s, got %s", wanted, self:got())
end

function Reader:open(wanted)
  if self.value ~= "(" then self:unexpected(wanted or "'('") end
  self.opened[#self.opened + 1] = self.at
  if #self.opened > MAX_DEPTH then self:fail(self.at, "parentheses are nested deeper than %d", MAX_DEPTH) end
  self:advance()
end

function Reader:close(wanted)
  if self.value ~= ")" then self:unexpected(wanted or "')'") end
  self.opened[#self.opened] = nil
  self:advance()
end

-- ---- linear forms ------------------------------------------------------------------------------------

-- A linear form over inputs and outputs: {x = {[i] = coefficient}, y = {[j] = coefficient}, d = constant,
-- up = constant}, i and j 1-based, no coefficient 0.  Coefficients are exact; of a constant that is no double, d and up
-- are the doubles below and above it.

--- Has the form no variables?
---@param form {x: table, y: table, d: number}
---@return boolean
function smtlib.is_constant(form)
  return next(form.x) == nil and next(form.y) == nil
end

local is_constant = smtlib.is_constant

-- a * b; an error where that is no double, which would change the question.
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

local function constant(value)
  return { x = {}, y = {}, d = value, up = value }
end

local function scaled(self, form, factor, at)
  local result = constant(0.0)
  accumulate(self, result, form, factor, at)
  return result
end

-- The value of a constant as a factor.
local function factor_of(self, form, at)
  if form.d ~= form.up then self:fail(at, "a factor here is no double: write it as one number") end
  return form.d
end

local function check_finite(self, form, at)
  local function check(value)
    if value ~= value or value == math.huge or value == -math.huge then
      self:fail(at, "a number here exceeds the range of doubles")
    end
  end
  check(form.d)
  check(form.up)
  for _, value in pairs(form.x) do check(value) end
  for _, value in pairs(form.y) do check(value) end
end

-- ---- expressions --------------------------------------------------------------------------------------

local function variable_name(word)
  if type(word) ~= "string" then return nil end
  local kind, digits = word:match "^([XY])_(%d+)$"
  if not kind or (#digits > 1 and digits:sub(1, 1) == "0") or #digits > 9 then return nil end
  return kind, tonumber(digits) + 1
end

function Reader:variable()
  local kind, index = variable_name(self.value)
  if not kind then self:unexpected "a number, a variable X_i or Y_j, or '('" end
  if not self.declared[self.value] then self:fail(self.at, "variable '%s' is not declared", self.value) end
  local form = constant(0.0)
  form[kind:lower()][index] = 1.0
  return form
end

local arithmetic = {}

arithmetic["+"] = function(self, forms, at)
  local sum = constant(0.0)
  for _, form in ipairs(forms) do accumulate(self, sum, form, 1, at) end
  return sum
end

arithmetic["-"] = function(self, forms, at)
  if #forms == 1 then return scaled(self, forms[1], -1, at) end
  local sum = scaled(self, forms[1], 1, at)
  for k = 2, #forms do accumulate(self, sum, forms[k], -1, at) end
  return sum
end

arithmetic["*"] = function(self, forms, at)
  local product = constant(1.0)
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

function Reader:expression()
  local at = self.at
  local form
  if type(self.value) == "number" then
    form = constant(self.value + 0.0)
    self:advance()
  elseif self.value ~= "(" then
    form = self:variable()
    self:advance()
  else
    self:open()
    local operate = arithmetic[self.value]
    if not operate then self:unexpected "one of + - *" end
    self:advance()
    local forms = {}
    repeat forms[#forms + 1] = self:expression() until self.value == ")"
    self:close()
    form = operate(self, forms, at)
  end
  check_finite(self, form, at)
  return form
end

-- ---- formulas ------------------------------------------------------------------------------------------

-- A formula is an atom {x, y, d, at}, meaning form >= 0, or {op = "and"|"or", formulas...}.  Of an atom's constant
-- the upper end counts: the set described only grows.

local function difference(self, larger, smaller, at)
  local form = scaled(self, larger, 1, at)
  accumulate(self, form, smaller, -1, at)
  check_finite(self, form, at)
  return { x = form.x, y = form.y, d = form.up, at = at }
end

local function at_most(self, a, b, at) return difference(self, b, a, at) end
local function at_least(self, a, b, at) return difference(self, a, b, at) end
local function equal(self, a, b, at)
  return { op = "and", at_most(self, a, b, at), at_least(self, a, b, at) }
end

local comparisons = { ["<="] = at_most, ["<"] = at_most, [">="] = at_least, [">"] = at_least, ["="] = equal }

function Reader:formula()
  local at = self.at
  self:open "'(' and a constraint"
  local operator = self.value
  local compare = comparisons[operator]
  if not compare and operator ~= "and" and operator ~= "or" then
    self:unexpected "one of and, or, <=, >=, <, >, ="
  end
  self:advance()
  local formula = { op = compare and "and" or operator }
  if compare then
    -- (<= a b c) means a <= b and b <= c.
    local left = self:expression()
    repeat
      local right = self:expression()
      formula[#formula + 1] = compare(self, left, right, at)
      left = right
    until self.value == ")"
  else
    repeat formula[#formula + 1] = self:formula() until self.value == ")"
  end
  self:close()
  return #formula == 1 and formula[1] or formula
end

-- ---- commands -------------------------------------------------------------------------------------------

local commands = {}

commands["declare-const"] = function(self)
  local at, name = self.at, self.value
  local kind, index = variable_name(name)
  if not kind then self:unexpected "a variable X_i or Y_j" end
  if self.declared[name] then self:fail(at, "variable '%s' is declared a second time", name) end
  self.declared[name] = at
  self.count[kind] = self.count[kind] + 1
  self.last[kind] = math.max(self.last[kind], index)
  self:advance()
  if self.value ~= "Real" then self:unexpected "Real" end
  self:advance()
end

commands["assert"] = function(self)
  self.formulas[#self.formulas + 1] = self:formula()
end

-- Commands of SMT-LIB that say nothing about the question.
local function skip(self)
  local depth = #self.opened
  while self.value ~= nil and not (self.value == ")" and #self.opened == depth) do
    if self.value == "(" then
      self:open()
    elseif self.value == ")" then
      self:close()
    else
      self:advance()
    end
  end
end
for _, name in ipairs { "set-logic", "set-info", "set-option", "check-sat", "get-model", "exit" } do
  commands[name] = skip
end

function Reader:command()
  self:open "'(' and a command"
  local run = commands[self.value]
  if not run then self:unexpected "declare-const or assert" end
  self:advance()
  run(self)
  self:close()
end

local function check_declarations(self, kind, what)
  if self.count[kind] == 0 then
    error(("%s: declares no %s, expected %s_0, %s_1, ..."):format(self.path, what, kind, kind), 0)
  end
  if self.count[kind] == self.last[kind] then return end
  for k = 0, self.last[kind] do
    local name = ("%s_%d"):format(kind, k)
    if not self.declared[name] then
      error(("%s: declares %s_%d but not %s"):format(self.path, kind, self.last[kind] - 1, name), 0)
    end
  end
end

function Reader:file()
  self:advance()
  while self.value ~= nil do self:command() end
  check_declarations(self, "X", "inputs")
  check_declarations(self, "Y", "outputs")
  if #self.formulas == 0 then error(("%s: has no assertions"):format(self.path), 0) end
end

--- Read the text of a VNN-LIB file.
---
--- The result has count.X and count.Y, the numbers of inputs and outputs, and formulas, what is asserted.  A formula is
--- an atom {x, y, d, at}, meaning sum x[i] X + sum y[j] Y + d >= 0 with 1-based sparse x and y, or
--- {op = "and"|"or", formulas...}; `at` is a place for fail.
---@param path string  for messages
---@param text string
---@return relucid.SmtlibReader
function smtlib.read(path, text)
  local self = setmetatable({ path = path, text = text, stop = 1, opened = {}, declared = {}, formulas = {},
                              count = { X = 0, Y = 0 }, last = { X = 0, Y = 0 } }, Reader)
  self:file()
  return self
end

return smtlib
