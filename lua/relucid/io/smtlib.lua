--- The language of VNN-LIB 1.0 and 2.0, a part of SMT-LIB: declarations of inputs and outputs, and assertions that are
--- linear in them.  Variables are X_i and Y_j in 1.0, elements of tensors in 2.0 (relucid.io.tensors).
local linear = require "relucid.io.linear"
local sexpr = require "relucid.io.sexpr"
local tensors = require "relucid.io.tensors"

local smtlib = {}

---@class relucid.SmtlibReader: relucid.SexprReader
local Reader = setmetatable({}, sexpr.Reader)
Reader.__index = Reader

-- ---- expressions --------------------------------------------------------------------------------------

local function variable_name(word)
  if type(word) ~= "string" then return nil end
  local kind, digits = word:match "^([XY])_(%d+)$"
  if not kind or (#digits > 1 and digits:sub(1, 1) == "0") or #digits > 9 then return nil end
  return kind, tonumber(digits) + 1
end

function Reader:variable()
  if self.version == 2 then return tensors.variable(self) end
  local kind, index = variable_name(self.value)
  if not kind then self:unexpected "a number, a variable X_i or Y_j, or '('" end
  if not self.declared[self.value] then self:fail(self.at, "variable '%s' is not declared", self.value) end
  self:advance()
  local form = linear.constant(0.0)
  form[kind:lower()][index] = 1.0
  return form
end

function Reader:expression()
  local at = self.at
  local form
  if type(self.value) == "number" then
    form = linear.constant(self.value + 0.0)
    self:advance()
  elseif self.value ~= "(" then
    return self:variable()
  else
    self:open()
    local operate = linear.arithmetic[self.value]
    if not operate then self:unexpected "one of + - *" end
    self:advance()
    local forms = {}
    repeat forms[#forms + 1] = self:expression() until self.value == ")"
    self:close()
    form = operate(self, forms, at)
  end
  linear.check_finite(self, form, at)
  return form
end

-- ---- formulas ------------------------------------------------------------------------------------------

local function at_most(self, a, b, at) return linear.at_least(self, b, a, at) end
local function at_least(self, a, b, at) return linear.at_least(self, a, b, at) end
local function equal(self, a, b, at)
  return { op = "and", at_most(self, a, b, at), at_least(self, a, b, at) }
end

-- By version: equality is = in 1.0, == in 2.0.
local comparisons = {
  { ["<="] = at_most, ["<"] = at_most, [">="] = at_least, [">"] = at_least, ["="] = equal },
  { ["<="] = at_most, ["<"] = at_most, [">="] = at_least, [">"] = at_least, ["=="] = equal },
}
local WANTED = { "one of and, or, <=, >=, <, >, =", "one of and, or, <=, >=, <, >, ==" }

function Reader:formula()
  local at = self.at
  self:open "'(' and a constraint"
  local operator = self.value
  local compare = comparisons[self.version][operator]
  if operator == "!=" and self.version == 2 then
    self:fail(self.at, "'!=' is not supported: the set it describes is not closed")
  end
  if not compare and operator ~= "and" and operator ~= "or" then self:unexpected(WANTED[self.version]) end
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

local commands = { ["vnnlib-version"] = tensors.version, ["declare-network"] = tensors.network }

local function declare(self, name, at)
  local kind, index = variable_name(name)
  self.declared[name] = at
  self.count[kind] = self.count[kind] + 1
  self.last[kind] = math.max(self.last[kind], index)
end

-- The name of a new variable.
local function new_variable(self)
  if self.version == 2 then self:fail(self.at, "version 2.0 declares tensors, in declare-network") end
  local name = self.value
  if not variable_name(name) then self:unexpected "a variable X_i or Y_j" end
  if self.declared[name] then self:fail(self.at, "variable '%s' is declared a second time", name) end
  declare(self, name, self.at)
  self:advance()
end

local function real(self)
  if self.value ~= "Real" then self:unexpected "Real" end
  self:advance()
end

commands["declare-const"] = function(self)
  new_variable(self)
  real(self)
end

-- A function without arguments is a constant.
commands["declare-fun"] = function(self)
  new_variable(self)
  self:open "'()': a variable has no arguments"
  self:close "'()': a variable has no arguments"
  real(self)
end

commands["assert"] = function(self)
  self.formulas[#self.formulas + 1] = self:formula()
end

-- Commands of SMT-LIB that say nothing about the question.
for _, name in ipairs { "set-logic", "set-info", "set-option", "check-sat", "get-model", "exit" } do
  commands[name] = sexpr.Reader.skip
end

function Reader:command()
  self:open "'(' and a command"
  local run = commands[self.value]
  if not run then self:unexpected "declare-const, declare-network or assert" end
  self:advance()
  run(self)
  self.started = true
  self:close()
end

local function check_declarations(self, kind, what)
  if self.count[kind] == 0 then
    error(("%s: declares no %s, expected %s"):format(self.path, what, self.version == 2
      and "a tensor of them in declare-network" or ("%s_0, %s_1, ..."):format(kind, kind)), 0)
  end
  if self.version == 2 or self.count[kind] == self.last[kind] then return end
  for k = 0, self.last[kind] do
    local name = ("%s_%d"):format(kind, k)
    if not self.declared[name] then
      error(("%s: declares %s_%d but not %s"):format(self.path, kind, self.last[kind] - 1, name), 0)
    end
  end
end

function Reader:file()
  while self.value ~= nil do self:command() end
  check_declarations(self, "X", "inputs")
  check_declarations(self, "Y", "outputs")
  if #self.formulas == 0 then error(("%s: has no assertions"):format(self.path), 0) end
end

--- Read the text of a VNN-LIB file.
---
--- The result has count.X and count.Y, the numbers of inputs and outputs, version (1 or 2), tensors (of version 2), and
--- formulas, what is asserted.  A formula is an atom {x, y, d, at}, meaning sum x[i] X + sum y[j] Y + d >= 0 with
--- 1-based sparse x and y, or {op = "and"|"or", formulas...}; `at` is a place for fail.
---@param path string  for messages
---@param text string
---@param between? fun(share: number)  see relucid.io.sexpr
---@return relucid.SmtlibReader
function smtlib.read(path, text, between)
  local self = sexpr.open(Reader, path, text, between)
  self.version, self.declared, self.formulas, self.tensors = 1, {}, {}, {}
  self.count, self.last = { X = 0, Y = 0 }, { X = 0, Y = 0 }
  self:file()
  return self
end

return smtlib
