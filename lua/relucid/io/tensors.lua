--- Declarations of VNN-LIB 2.0: a network with tensors of inputs and outputs, whose elements are named by indices.
---
---     (vnnlib-version <2.0>)
---     (declare-network f (declare-input X Real [2,3]) (declare-output Y Real [1]))
---     (assert (<= X[0,2] 1.0))
---
--- Tensors are laid out one behind the other in the order of their declarations, each in row-major order: the network's
--- inputs are the elements of all input tensors.  Floating-point types are read as real numbers.
local linear = require "relucid.io.linear"

local tensors = {}

---@class relucid.Tensor
---@field name string
---@field kind "X"|"Y"|"hidden"  inputs, outputs
---@field type string            as the file writes it
---@field shape integer[]        {} for a scalar
---@field first integer          number of its first element among the inputs or outputs, from 1
---@field size integer
---@field node string|nil        the ONNX value that it stands for

local MAX_SIZE = 100000000 -- elements of all tensors of a kind
local TYPES = { real = true, float64 = true, float32 = true, float16 = true, bfloat16 = true }
local KIND = { ["declare-input"] = "X", ["declare-output"] = "Y", ["declare-hidden"] = "hidden" }

local function new_name(self, what)
  local name = self.value
  if type(name) ~= "string" or not name:match "^%a[%w_]*$" then self:unexpected(what) end
  if self.tensors[name] or self.network == name then self:fail(self.at, "'%s' is declared a second time", name) end
  self:advance()
  return name
end

local function element_type(self)
  local name = self.value
  if type(name) ~= "string" or not name:match "^%a%w*$" then self:unexpected "an element type such as Real" end
  if not TYPES[name:lower()] then
    self:fail(self.at, "element type '%s': expected Real, float64, float32, float16 or bfloat16", name)
  end
  self:advance()
  return name
end

-- "[2,3]" -> {2, 3}; `least`: of each number.
local function bracketed(self, least, what)
  local list = {}
  if self.value ~= "[" then self:unexpected("'[' and " .. what) end
  self:advance()
  while self.value ~= "]" do
    local number = math.tointeger(self.value)
    if not number or number < least then self:unexpected(what) end
    list[#list + 1] = number
    self:advance()
    if self.value == "," then self:advance() elseif self.value ~= "]" then self:unexpected "',' or ']'" end
  end
  self:advance()
  return list
end

local function size_of(self, shape, kind, at)
  local size = 1
  for _, length in ipairs(shape) do
    size = size * math.min(length, MAX_SIZE + 1)
    if size + (self.count[kind] or 0) > MAX_SIZE then
      self:fail(at, "more than %d elements", MAX_SIZE)
    end
  end
  return size
end

local function onnx_name(self)
  local name = type(self.value) == "string" and self.value:match '^"(.*)"$'
  if name then self:advance() end
  return name
end

-- A declaration behind its word.
local function tensor(self, kind)
  local at = self.at
  local it = { kind = kind, at = at, name = new_name(self, "the name of a tensor"), type = element_type(self) }
  it.shape = bracketed(self, 1, "the sizes of its dimensions")
  it.size = size_of(self, it.shape, kind, at)
  it.node = onnx_name(self)
  if kind == "hidden" and not it.node then self:unexpected "the name of an ONNX value in double quotes" end
  if self.count[kind] then
    it.first = self.count[kind] + 1
    self.count[kind] = self.count[kind] + it.size
  end
  self.tensors[it.name] = it
  self.tensors[#self.tensors + 1] = it
end

--- (vnnlib-version <2.0>)
function tensors.version(self)
  if self.started then self:fail(self.at, "the version comes before everything else") end
  local major = type(self.value) == "string" and self.value:match "^<(%d+)%.%d+>$"
  if not major then self:unexpected "a version such as <2.0>" end
  if major ~= "1" and major ~= "2" then self:fail(self.at, "version %s: expected <1.0> or <2.0>", self.value) end
  self.version = math.tointeger(major)
  self:advance()
end

--- (declare-network NAME declarations...)
function tensors.network(self)
  if next(self.declared) then self:fail(self.at, "declare-network is for files without declare-const") end
  if self.network then self:fail(self.at, "a second network: questions about one network are supported") end
  self.version = 2
  self.network = new_name(self, "the name of the network")
  while self.value == "(" do
    self:open()
    if self.value == "isomorphic-to" or self.value == "equal-to" then
      self:fail(self.at, "%s: questions about one network are supported", self.value)
    end
    local kind = KIND[self.value]
    if not kind then self:unexpected "declare-input, declare-hidden or declare-output" end
    self:advance()
    tensor(self, kind)
    self:close()
  end
end

-- "X[0,2]" with the token behind X: its place among the inputs or outputs, from 1.
local function element(self, it, at)
  local index = #it.shape > 0 and bracketed(self, 0, "an index") or {}
  if #index ~= #it.shape then
    self:fail(at, "%s has %d dimensions, got %d indices", it.name, #it.shape, #index)
  end
  local offset = 0
  for k, length in ipairs(it.shape) do
    if index[k] >= length then
      self:fail(at, "%s: index %d is %d, expected 0 to %d", it.name, k, index[k], length - 1)
    end
    offset = offset * length + index[k]
  end
  return it.first + offset
end

--- A variable as a linear form.
---@return table form
function tensors.variable(self)
  local at, it = self.at, self.tensors[self.value]
  if not it then
    if type(self.value) ~= "string" or not self.value:match "^%a[%w_]*$" then
      self:unexpected "a number, an element such as X[0], or '('"
    end
    self:fail(at, "'%s' is not declared", self.value)
  end
  if it.kind == "hidden" then
    self:fail(at, "'%s' is hidden (\"%s\"): constraints on hidden values are not supported", it.name, it.node)
  end
  self:advance()
  local form = linear.constant(0.0)
  form[it.kind:lower()][element(self, it, at)] = 1.0
  return form
end

--- A counterexample as the standard's command line gives it: for each tensor its declaration, then one value a line.
---@param list relucid.Tensor[]
---@param counterexample {x: number[], y: number[]}
---@return string
function tensors.text(list, counterexample)
  local lines = {}
  for _, it in ipairs(list) do
    local values = it.kind == "X" and counterexample.x or counterexample.y
    if it.kind ~= "hidden" then
      lines[#lines + 1] = ("%s %s [%s]"):format(it.name, it.type, table.concat(it.shape, ","))
      for k = it.first, it.first + it.size - 1 do lines[#lines + 1] = ("%.17g"):format(values[k]) end
    end
  end
  return table.concat(lines, "\n")
end

return tensors
