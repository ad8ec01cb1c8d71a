--- Random graphs over all operators, read and compared with spec/reference.lua's evaluation of the same nodes; what the
--- decision procedure says of them against samples; and the ways in which files say the same.
---
--- RELUCID_GRAPHS: how many (default 160).
local lu = require "luaunit"
local relucid = require "relucid"
local onnx = require "spec.onnx"
local reference = require "spec.reference"
local support = require "spec.support"

local T = {}

local GRAPHS = math.tointeger(tonumber(os.getenv "RELUCID_GRAPHS")) or 160
local MOST_ELEMENTS, MOST_KINKS = 40, 60

local build, reshaped = reference.build, reference.reshaped

local function with_model(m, f) support.with_file(onnx.model(m), f, ".onnx") end

local function count_of(dims)
  local count = 1
  for _, dim in ipairs(dims) do count = count * dim end
  return count
end

local function copy(list) return table.move(list, 1, #list, 1, {}) end

-- ---- a graph under way ------------------------------------------------------------------------------------

local Graph = {}
Graph.__index = Graph

local function new_graph(rng, dims, opset)
  local self = setmetatable({ rng = rng, nodes = {}, tensors = {}, values = {}, steps = {}, kinks = 0, opset = opset },
                            Graph)
  self.values[1] = { name = "x", dims = dims }
  return self
end

function Graph:name(kind)
  self.named = (self.named or 0) + 1
  return kind .. self.named
end

--- A constant of these dimensions; f gives its elements.
function Graph:constant(dims, f, kind)
  local t = build(dims, f or function() return self.rng(-24, 24) / 8 end)
  t.name, t.type = self:name "c", kind
  self.tensors[#self.tensors + 1] = t
  return t
end

function Graph:integers(list)
  local t = { dims = { #list }, data = list, type = "int64", name = self:name "i" }
  self.tensors[#self.tensors + 1] = t
  return t.name
end

--- The node, and how its output comes from the values: f(env) -> tensor.
function Graph:add(op, inputs, attributes, dims, f)
  local value = { name = self:name "v", dims = dims }
  self.nodes[#self.nodes + 1] = { op, inputs, value.name, attributes, name = "n" .. #self.nodes }
  self.steps[#self.steps + 1] = function(env) env[value.name] = f(env) end
  self.values[#self.values + 1] = value
  return value
end

function Graph:eval(x)
  local env = { x = x }
  for _, step in ipairs(self.steps) do step(env) end
  return env[self.values[#self.values].name]
end

--- One of the values so far, most often the last; with(value) may refuse.
function Graph:some(with)
  for _ = 1, 20 do
    local value = self.rng(1, 3) == 1 and self.values[self.rng(1, #self.values)] or self.values[#self.values]
    if not with or with(value) then return value end
  end
end

-- ---- operators ------------------------------------------------------------------------------------------------

local operators = {}

local function kinked(name, attributes, f)
  operators[name] = function(g, x)
    local o = attributes and attributes(g) or nil
    g.kinks = g.kinks + count_of(x.dims)
    g:add(name, { x.name }, o, x.dims, function(env)
      return reference.map(env[x.name], function(value) return f(value, o) end)
    end)
  end
end

kinked("Relu", nil, function(v) return math.max(v, 0) end)
kinked("Abs", nil, math.abs)
kinked("LeakyRelu", function(g) return { alpha = g.rng(-8, 12) / 8 } end,
       function(v, o) return v < 0 and o.alpha * v or v end)
kinked("HardSigmoid", function(g) return { alpha = g.rng(1, 8) / 8, beta = g.rng(-4, 8) / 8 } end,
       function(v, o) return math.max(0, math.min(1, o.alpha * v + o.beta)) end)
kinked("Neg", nil, function(v) return -v end)
kinked("Identity", nil, function(v) return v end)

function operators.Dropout(g, x)
  local inputs = g.opset >= 12 and { x.name, g:constant({}, function() return 0.5 end).name } or { x.name }
  g:add("Dropout", inputs, g.opset < 12 and { ratio = 0.5 } or nil, x.dims, function(env) return env[x.name] end)
end

function operators.Cast(g, x)
  g:add("Cast", { x.name }, { to = 1 }, x.dims, function(env) return env[x.name] end)
end

function operators.PRelu(g, x)
  local dims = { x.dims[#x.dims] }
  local slope = g:constant(dims, function() return g.rng(-8, 8) / 8 end)
  g.kinks = g.kinks + count_of(x.dims)
  g:add("PRelu", { x.name, slope.name }, nil, x.dims, function(env) return reference.PRelu(env[x.name], slope) end)
end

function operators.Clip(g, x)
  local low, high = g.rng(-16, 0) / 8, g.rng(1, 24) / 8
  local kind = g.rng(1, 4) -- both limits, one of them, or one that is infinite
  local inputs, o = { x.name }, nil
  if g.opset < 11 then
    o = { min = low, max = high }
  else
    inputs[2] = kind == 2 and "" or g:constant({}, function() return low end).name
    if kind ~= 3 then
      inputs[3] = g:constant({}, function() return kind == 4 and math.huge or high end).name
    end
  end
  if g.opset >= 11 and kind == 2 then low = -math.huge end
  if g.opset >= 11 and kind >= 3 then high = math.huge end
  g.kinks = g.kinks + 2 * count_of(x.dims)
  g:add("Clip", inputs, o, x.dims, function(env)
    return reference.map(env[x.name], function(v) return math.min(math.max(v, low), high) end)
  end)
end

local function broadcast_dims(a, b)
  local dims = {}
  for k = 1, #a do dims[k] = math.max(a[k], b[k]) end
  return dims
end

-- Two values that fit together, or a value and a constant, in either order.
local function binary(name, kinks, constant_only)
  operators[name] = function(g, x)
    local other = not constant_only and g.rng(1, 2) == 1 and g:some(function(v)
      if #v.dims ~= #x.dims then return false end
      for k, dim in ipairs(v.dims) do
        if dim ~= x.dims[k] and dim ~= 1 and x.dims[k] ~= 1 then return false end
      end
      return count_of(broadcast_dims(v.dims, x.dims)) <= MOST_ELEMENTS
    end)
    local own = copy(x.dims)
    for k = 1, #own do own[k] = g.rng(1, 2) == 1 and own[k] or 1 end
    local constant = not other and g:constant(own, name == "Div" and function()
      return 2.0 ^ g.rng(-2, 2) * (g.rng(1, 2) == 1 and 1 or -1)
    end or nil)
    local a, b = x.name, other and other.name or constant.name
    if name ~= "Div" and g.rng(1, 2) == 1 then a, b = b, a end
    local dims = other and broadcast_dims(x.dims, other.dims) or x.dims
    if kinks then g.kinks = g.kinks + count_of(dims) end
    g:add(name, { a, b }, nil, dims, function(env)
      return reference[name](env[a] or constant, env[b] or constant)
    end)
  end
end

binary "Add"
binary "Sub"
binary("Max", true)
binary("Min", true)
binary("Mul", false, true)
binary("Div", false, true)

local function of_many(name, factor)
  operators[name] = function(g, x)
    local parts = { x }
    for i = 2, g.rng(2, 4) do
      parts[i] = g:some(function(v) return #v.dims == #x.dims and count_of(v.dims) == count_of(x.dims)
        and table.concat(v.dims, "x") == table.concat(x.dims, "x") end) or x
    end
    local names = {}
    for i, part in ipairs(parts) do names[i] = part.name end
    g:add(name, names, nil, x.dims, function(env)
      local sum = env[names[1]]
      for i = 2, #names do sum = reference.Add(sum, env[names[i]]) end
      return factor and reference.map(sum, function(v) return v / #names end) or sum
    end)
  end
end

of_many "Sum"
of_many("Mean", true)

function operators.Gemm(g, x)
  local inner, columns = count_of(x.dims), g.rng(1, 4)
  local flat = g:add("Flatten", { x.name }, { axis = 0 }, { 1, inner },
                     function(env) return reshaped(env[x.name], { 1, inner }) end)
  local w, c = g:constant { columns, inner }, g:constant { columns }
  local o = { transB = 1, alpha = g.rng(1, 8) / 4, beta = g.rng(1, 8) / 4 }
  g:add("Gemm", { flat.name, w.name, c.name }, o, { 1, columns },
        function(env) return reference.Gemm(env[flat.name], w, c, o) end)
end

function operators.MatMul(g, x)
  local rank, columns = #x.dims, g.rng(1, 3)
  if rank < 2 then return operators.Gemm(g, x) end
  local w = g:constant { x.dims[rank], columns }
  local dims = copy(x.dims)
  dims[rank] = columns
  if x.name == "x" and rank == 2 then return operators.Gemm(g, x) end
  g:add("MatMul", { x.name, w.name }, nil, dims, function(env) return reference.MatMul(env[x.name], w) end)
end

function operators.Reshape(g, x)
  local count, dims = count_of(x.dims), {}
  for _ = 1, g.rng(1, 3) do
    local choices = {}
    for d = 1, count do
      if count % d == 0 then choices[#choices + 1] = d end
    end
    dims[#dims + 1] = choices[g.rng(1, #choices)]
    count = count // dims[#dims]
  end
  dims[#dims + 1] = count
  local target = copy(dims)
  if g.rng(1, 2) == 1 then target[g.rng(1, #target)] = -1 end
  g:add("Reshape", { x.name, g:integers(target) }, nil, dims, function(env) return reshaped(env[x.name], dims) end)
end

-- The shape computed in the graph, as exporters write x.view(x.size(0), -1).
function operators.View(g, x)
  local dims = { x.dims[1], count_of(x.dims) // x.dims[1] }
  local shape, zero, first = g:name "s", g:constant({}, function() return 0 end, "int64").name, g:name "s"
  local nodes, minus, axes = g.nodes, g:integers { -1 }, nil
  nodes[#nodes + 1] = { "Shape", { x.name }, shape }
  nodes[#nodes + 1] = { "Gather", { shape, zero }, first, { axis = 0 } }
  local row, whole = g:name "s", g:name "s"
  if g.opset >= 13 then axes = g:integers { 0 } end
  nodes[#nodes + 1] = { "Unsqueeze", { first, axes }, row, not axes and { axes = { 0 } } or nil }
  nodes[#nodes + 1] = { "Concat", { row, minus }, whole, { axis = 0 } }
  g:add("Reshape", { x.name, whole }, nil, dims, function(env) return reshaped(env[x.name], dims) end)
end

function operators.Transpose(g, x)
  local perm, dims = {}, {}
  for k = 1, #x.dims do table.insert(perm, g.rng(1, #perm + 1), k - 1) end
  for k, p in ipairs(perm) do dims[k] = x.dims[p + 1] end
  g:add("Transpose", { x.name }, { perm = perm }, dims, function(env) return reference.Transpose(env[x.name], perm) end)
end

function operators.Unsqueeze(g, x)
  if #x.dims > 4 then return operators.Flatten(g, x) end
  local axis, dims = g.rng(0, #x.dims), copy(x.dims)
  table.insert(dims, axis + 1, 1)
  local by_input = g.opset >= 13
  g:add("Unsqueeze", { x.name, by_input and g:integers { axis } or nil }, not by_input and { axes = { axis } } or nil,
        dims, function(env) return reshaped(env[x.name], dims) end)
end

function operators.Squeeze(g, x)
  local dims = {}
  for _, dim in ipairs(x.dims) do
    if dim ~= 1 then dims[#dims + 1] = dim end
  end
  if #dims == 0 then return operators.Flatten(g, x) end
  g:add("Squeeze", { x.name }, nil, dims, function(env) return reshaped(env[x.name], dims) end)
end

function operators.Flatten(g, x)
  local axis, first = g.rng(0, #x.dims), 1
  for k = 1, axis do first = first * x.dims[k] end
  local dims = { first, count_of(x.dims) // first }
  g:add("Flatten", { x.name }, { axis = axis }, dims, function(env) return reshaped(env[x.name], dims) end)
end

function operators.Concat(g, x)
  local axis = g.rng(1, #x.dims)
  local other = g:some(function(v)
    if #v.dims ~= #x.dims or count_of(v.dims) + count_of(x.dims) > MOST_ELEMENTS then return false end
    for k, dim in ipairs(v.dims) do
      if k ~= axis and dim ~= x.dims[k] then return false end
    end
    return true
  end)
  local part = other or g:constant(copy(x.dims))
  if not other and 2 * count_of(x.dims) > MOST_ELEMENTS then return operators.Relu(g, x) end
  local dims = copy(x.dims)
  dims[axis] = dims[axis] + part.dims[axis]
  local given = g.rng(1, 2) == 1 and axis - 1 or axis - 1 - #dims
  g:add("Concat", { x.name, part.name }, { axis = given }, dims, function(env)
    return reference.Concat({ env[x.name], other and env[other.name] or part }, axis - 1)
  end)
end

function operators.Slice(g, x)
  local axis = g.rng(1, #x.dims)
  local size, places, dims = x.dims[axis], {}, copy(x.dims)
  local step = g.opset >= 10 and ({ 1, 1, 2, -1 })[g.rng(1, 4)] or 1
  local first = step < 0 and g.rng(0, size - 1) or g.rng(0, size - 1)
  local stop = step < 0 and -size - 1 or g.rng(first + 1, size + 3)
  for place = first, step < 0 and 0 or math.min(stop, size) - 1, step do places[#places + 1] = place end
  dims[axis] = #places
  if g.opset < 10 then
    g:add("Slice", { x.name }, { starts = { first }, ends = { stop }, axes = { axis - 1 } }, dims,
          function(env) return reference.Gather(env[x.name], axis - 1, places) end)
  else
    g:add("Slice", { x.name, g:integers { first - (g.rng(1, 2) == 1 and size or 0) }, g:integers { stop },
                     g:integers { axis - 1 }, g:integers { step } }, nil, dims,
          function(env) return reference.Gather(env[x.name], axis - 1, places) end)
  end
end

function operators.Gather(g, x)
  local axis, places, given, dims = g.rng(1, #x.dims), {}, {}, copy(x.dims)
  for i = 1, g.rng(1, 3) do
    places[i] = g.rng(0, dims[axis] - 1)
    given[i] = g.rng(1, 2) == 1 and places[i] or places[i] - dims[axis]
  end
  dims[axis] = #places
  g:add("Gather", { x.name, g:integers(given) }, { axis = axis - 1 }, dims,
        function(env) return reference.Gather(env[x.name], axis - 1, places) end)
end

function operators.Split(g, x)
  local axis = g.rng(1, #x.dims)
  local size = x.dims[axis]
  if size < 2 then return operators.Identity(g, x) end
  local first = g.rng(1, size - 1)
  local a, b, dims, places = g:name "v", g:name "v", copy(x.dims), {}
  for i = first, size - 1 do places[#places + 1] = i end
  dims[axis] = size - first
  local by_input = g.opset >= 13
  local inputs = { x.name, by_input and g:integers { first, size - first } or nil }
  g.nodes[#g.nodes + 1] = { "Split", inputs, { a, b }, { axis = axis - 1,
                            split = not by_input and { first, size - first } or nil } }
  g.steps[#g.steps + 1] = function(env) env[b] = reference.Gather(env[x.name], axis - 1, places) end
  g.values[#g.values + 1] = { name = b, dims = dims }
end

function operators.Expand(g, x)
  local dims, target = copy(x.dims), copy(x.dims)
  for k, dim in ipairs(dims) do
    if dim == 1 then dims[k], target[k] = g.rng(1, 2), nil end
  end
  for k = 1, #dims do target[k] = dims[k] end
  if count_of(dims) > MOST_ELEMENTS then return operators.Neg(g, x) end
  g:add("Expand", { x.name, g:integers(target) }, nil, dims, function(env)
    return reference.Add(env[x.name], build(dims, function() return 0 end))
  end)
end

function operators.Pad(g, x)
  local mode = ({ "constant", "edge", "reflect" })[g.rng(1, 3)]
  local before, after, dims, pads = {}, {}, {}, {}
  for k, dim in ipairs(x.dims) do
    local most = mode == "reflect" and dim - 1 or 1
    before[k], after[k] = math.min(g.rng(0, 1), most), math.min(g.rng(0, 1), most)
    dims[k] = dim + before[k] + after[k]
    pads[k], pads[#x.dims + k] = before[k], after[k]
  end
  if count_of(dims) > MOST_ELEMENTS then return operators.Neg(g, x) end
  local inputs, o = { x.name }, { mode = mode }
  if g.opset >= 11 then
    inputs[2], inputs[3] = g:integers(pads), g:constant({}, function() return 0.5 end).name
  else
    o.pads, o.value = pads, 0.5
  end
  g:add("Pad", inputs, o, dims, function(env) return reference.Pad(env[x.name], before, after, mode, 0.5) end)
end

local function reduction(name, kinks, f, finish)
  operators[name] = function(g, x)
    local axes, list, dims, kept = {}, {}, {}, {}
    for k = 1, #x.dims do
      if g.rng(1, 2) == 1 then axes[k], list[#list + 1] = true, k - 1 end
    end
    if #list == 0 then axes[1], list[1] = true, 0 end
    local keep, length = g.rng(0, 1), 1
    for k, dim in ipairs(x.dims) do
      kept[k] = axes[k] and 1 or dim
      if axes[k] then length = length * dim end
      if keep == 1 or not axes[k] then dims[#dims + 1] = kept[k] end
    end
    if #dims == 0 then dims = { 1 } end
    if keep == 0 and #list == #x.dims then return operators.Gemm(g, x) end
    local by_input = g.opset >= (name == "ReduceSum" and 13 or 18)
    if kinks then g.kinks = g.kinks + count_of(x.dims) end
    g:add(name, { x.name, by_input and g:integers(list) or nil },
          { keepdims = keep, axes = not by_input and list or nil }, dims, function(env)
      local y = reshaped(reference.reduce(env[x.name], axes, f), dims)
      return finish and reference.map(y, function(v) return finish(v, length) end) or y
    end)
  end
end

reduction("ReduceSum", false, function(a, b) return a + b end)
reduction("ReduceMean", false, function(a, b) return a + b end, function(sum, length) return sum / length end)
reduction("ReduceMax", true, math.max)
reduction("ReduceMin", true, math.min)

-- ---- windows: on values of shape 1 x channels x space ---------------------------------------------------------

local windows = {}

local function geometry(g, x, pads)
  local o = { kernel = {}, strides = {}, dilations = {}, pads = {} }
  local rank = #x.dims - 2
  for k = 1, rank do
    o.dilations[k], o.strides[k] = 1, g.rng(1, 2)
    o.kernel[k] = math.min(g.rng(1, 3), x.dims[k + 2])
    if pads then
      o.pads[k], o.pads[rank + k] = math.min(g.rng(0, 1), o.kernel[k] - 1), math.min(g.rng(0, 1), o.kernel[k] - 1)
    else
      o.pads[k], o.pads[rank + k] = 0, 0
    end
  end
  return o, { kernel_shape = o.kernel, strides = o.strides, pads = o.pads }
end

local function window_dims(x, o, channels)
  local dims, rank = { 1, channels }, #o.kernel
  for k = 1, rank do
    dims[k + 2] = (x.dims[k + 2] + o.pads[k] + o.pads[rank + k] - o.kernel[k]) // o.strides[k] + 1
  end
  return dims
end

function windows.Conv(g, x)
  local o, attributes = geometry(g, x, true)
  local group = x.dims[2] % 2 == 0 and g.rng(1, 2) or 1
  local outs = group * g.rng(1, 2)
  o.group, attributes.group = group, group
  local w, b = g:constant { outs, x.dims[2] // group, table.unpack(o.kernel) }, g:constant { outs }
  local dims = window_dims(x, o, outs)
  if count_of(dims) > MOST_ELEMENTS then return operators.Neg(g, x) end
  g:add("Conv", { x.name, w.name, b.name }, attributes, dims,
        function(env) return reference.Conv(env[x.name], w, b, o) end)
end

function windows.ConvTranspose(g, x)
  local o, attributes = geometry(g, x, false)
  local rank = #o.kernel
  local group = x.dims[2] % 2 == 0 and g.rng(1, 2) or 1
  o.group, attributes.group, o.output_padding = group, group, {}
  for k = 1, rank do
    o.output_padding[k] = math.min(g.rng(0, 1), o.strides[k] - 1)
    o.pads[k] = g.rng(0, o.kernel[k] // 2)
  end
  attributes.output_padding = o.output_padding
  local dims = { 1, group }
  for k = 1, rank do
    dims[k + 2] = (x.dims[k + 2] - 1) * o.strides[k] + o.kernel[k] + o.output_padding[k] - o.pads[k] - o.pads[rank + k]
    if dims[k + 2] < 1 then return operators.Neg(g, x) end
  end
  if count_of(dims) > MOST_ELEMENTS then return operators.Neg(g, x) end
  local w, b = g:constant { x.dims[2], 1, table.unpack(o.kernel) }, g:constant { group }
  g:add("ConvTranspose", { x.name, w.name, b.name }, attributes, dims,
        function(env) return reference.ConvTranspose(env[x.name], w, b, o) end)
end

function windows.MaxPool(g, x)
  local o, attributes = geometry(g, x, true)
  g.kinks = g.kinks + 2 * count_of(x.dims)
  g:add("MaxPool", { x.name }, attributes, window_dims(x, o, x.dims[2]),
        function(env) return reference.MaxPool(env[x.name], o) end)
end

function windows.AveragePool(g, x)
  local o, attributes = geometry(g, x, true)
  attributes.count_include_pad = g.rng(0, 1)
  o.count_include_pad = attributes.count_include_pad
  g:add("AveragePool", { x.name }, attributes, window_dims(x, o, x.dims[2]),
        function(env) return reference.AveragePool(env[x.name], o) end)
end

local function global(name, f, finish)
  windows[name] = function(g, x)
    local dims, axes, length = { 1, x.dims[2] }, {}, 1
    for k = 3, #x.dims do dims[k], axes[k], length = 1, true, length * x.dims[k] end
    g:add(name, { x.name }, nil, dims, function(env)
      return reference.map(reference.reduce(env[x.name], axes, f), function(v) return finish and v / length or v end)
    end)
  end
end

global("GlobalAveragePool", function(a, b) return a + b end, true)
global("GlobalMaxPool", math.max)

function windows.Resize(g, x)
  local dims, scales = copy(x.dims), {}
  for k = 1, #dims do
    scales[k] = k > 2 and g.rng(1, 2) or 1
    dims[k] = dims[k] * scales[k]
  end
  if count_of(dims) > MOST_ELEMENTS then return operators.Neg(g, x) end
  local t = g:constant({ #dims }, nil)
  for k = 1, #dims do t.data[k] = scales[k] end
  local function f(env)
    return build(dims, function(c)
      local from = {}
      for k = 1, #c do from[k] = c[k] // scales[k] end
      return reference.at(env[x.name], from)
    end)
  end
  if g.opset < 10 then
    g:add("Upsample", { x.name, t.name }, { mode = "nearest" }, dims, f)
  elseif g.opset < 11 then
    g:add("Resize", { x.name, t.name }, { mode = "nearest" }, dims, f)
  else
    g:add("Resize", { x.name, "", t.name }, { mode = "nearest", coordinate_transformation_mode = "asymmetric",
                                              nearest_mode = "floor" }, dims, f)
  end
end

function windows.BatchNormalization(g, x)
  local function channel(f) return g:constant({ x.dims[2] }, f) end
  local s, b, mean, var = channel(), channel(), channel(), channel(function() return 4.0 ^ g.rng(-1, 1) - 0.125 end)
  g:add("BatchNormalization", { x.name, s.name, b.name, mean.name, var.name }, { epsilon = 0.125 }, x.dims,
        function(env) return reference.BatchNormalization(env[x.name], s, b, mean, var, 0.125) end)
end

-- ---- graphs ----------------------------------------------------------------------------------------------------

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local OPERATORS, WINDOWS = sorted_keys(operators), sorted_keys(windows)

local function random_graph(rng)
  local opset = ({ 7, 9, 10, 11, 13, 18, 21, 23 })[rng(1, 8)]
  local dims = rng(1, 2) == 1 and { 1, rng(1, 2), rng(2, 3), rng(1, 2) } or rng(1, 2) == 1 and { 1, rng(1, 4) }
    or { 1, rng(1, 2), rng(1, 3) }
  local g, used = new_graph(rng, dims, opset), {}
  for _ = 1, rng(2, 8) do
    if g.kinks > MOST_KINKS then break end
    local x = g:some()
    local spatial = #x.dims >= 3 and #x.dims <= 5 and x.dims[1] == 1 and rng(1, 2) == 1
    local list = spatial and WINDOWS or OPERATORS
    local name = list[rng(1, #list)]
    local f = (spatial and windows or operators)[name]
    -- Expand is as old as version 8.
    if not (name == "Expand" and opset < 8) then
      f(g, x)
      used[name] = true
    end
  end
  if #g.nodes == 0 then operators.Relu(g, g.values[1]) end
  return g, used
end

-- Nodes in any order.
local function shuffled(rng, nodes)
  local list = copy(nodes)
  for i = #list, 2, -1 do
    local j = rng(1, i)
    list[i], list[j] = list[j], list[i]
  end
  return list
end

local function model_of(rng, g)
  return { inputs = { { name = "x", dims = g.values[1].dims } }, outputs = { g.values[#g.values].name },
           nodes = rng(1, 3) == 1 and shuffled(rng, g.nodes) or g.nodes, tensors = g.tensors, opset = g.opset }
end

local function random_input(rng, dims) return build(dims, function() return rng(-40, 40) / 16 end) end

local function describe(g)
  local words = {}
  for i, n in ipairs(g.nodes) do words[i] = ("%s(%s)->%s"):format(n[1], table.concat(n[2], ","), tostring(n[3])) end
  return table.concat(words, " ")
end

-- A random row over the outputs: where its maximum is, as the search says, against samples.
local function check_maximum(rng, g, net)
  local box, c = { lo = {}, hi = {} }, {}
  for i = 1, net.n do box.lo[i], box.hi[i] = -1, 1 end
  for j = 1, net.m do c[j] = rng(-8, 8) / 8 end
  local target = relucid.property.linear { { c = c } }
  local search = net:search { domain = relucid.domain(box), target = target, mode = "maximize", nodes = 300 }
  search:run()
  local dims = g.values[1].dims
  local upper, lower = search:upper(), search:lower()
  local slack = 1e-9 * (1 + math.abs(upper))
  for _ = 1, 50 do
    local y = g:eval(build(dims, function() return 2 * rng() - 1 end))
    local value = target:value(nil, y.data)
    lu.assertTrue(value <= upper + slack, ("%.17g above %.17g: %s"):format(value, upper, describe(g)))
  end
  local x = search:witness()
  if x then
    local value = target:value(nil, g:eval({ dims = dims, data = x }).data)
    lu.assertTrue(value >= lower - slack, describe(g))
  end
end

function T.test_random_graphs()
  support.random("graphs", function(rng)
    local seen = {}
    for i = 1, GRAPHS do
      local g, used = random_graph(rng)
      for name in pairs(used) do seen[name] = true end
      with_model(model_of(rng, g), function(path)
        local ok, net = pcall(relucid.load, path)
        if not ok then error(net .. "\n" .. describe(g), 0) end
        for _ = 1, 4 do
          local x = random_input(rng, g.values[1].dims)
          local expected, actual = g:eval(x).data, net:eval(x.data)
          lu.assertEquals(#actual, #expected, describe(g))
          for k, value in ipairs(expected) do
            lu.assertAlmostEquals(actual[k], value, 1e-9 * (1 + math.abs(value)), describe(g))
          end
        end
        if i % 3 == 0 and net.n <= 4 then check_maximum(rng, g, net) end
      end)
    end
    if GRAPHS >= 100 then
      for _, list in ipairs { OPERATORS, WINDOWS } do
        for _, name in ipairs(list) do lu.assertTrue(seen[name], name .. " was not tried") end
      end
    end
  end)
end

-- ---- the ways in which files say things --------------------------------------------------------------

local function gemm(tensors, more)
  local m = { inputs = { { name = "x", dims = { 1, 2 } } }, outputs = { "y" },
              nodes = { { "Gemm", { "x", "w", "b" }, "y" } }, tensors = tensors }
  for key, value in pairs(more or {}) do m[key] = value end
  return m
end

function T.test_types_of_numbers()
  -- 1, -0.5, 0.25, 3 and 6e-8 (the smallest half), 65504 (the largest)
  for _, typed in ipairs { false, true } do
    local w = { dims = { 2, 2 }, data = { 0x3c00, 0xb800, 0x3400, 0x4200 }, type = "float16", name = "w",
                typed = typed }
    local b = { dims = { 2 }, data = { 0x0001, 0x7bff }, type = "float16", name = "b", typed = typed }
    with_model(gemm { w, b }, function(path)
      lu.assertEquals(relucid.load(path):layer(1), { W = { { 1, 0.25 }, { -0.5, 3 } }, b = { 2.0 ^ -24, 65504 } })
    end)
    w = { dims = { 2, 2 }, data = { 0x3f80, 0xbf00, 0x3e80, 0x4040 }, type = "bfloat16", name = "w",
          typed = typed }
    b = { dims = { 2 }, data = { 0x4049, 0xc2c8 }, type = "bfloat16", name = "b", typed = typed }
    with_model(gemm { w, b }, function(path)
      lu.assertEquals(relucid.load(path):layer(1), { W = { { 1, 0.25 }, { -0.5, 3 } }, b = { 3.140625, -100 } })
    end)
  end
  -- Integers of every width as indices.
  for _, kind in ipairs { "int8", "uint8", "int16", "uint16", "int32", "int64" } do
    local m = gemm({ { dims = { 1 }, data = { 1 }, type = kind, name = "i" } },
                   { nodes = { { "Gather", { "x", "i" }, "y", { axis = 1 } } } })
    with_model(m, function(path) lu.assertEquals(relucid.load(path):eval { 5, 7 }, { 7 }) end)
  end
end

function T.test_data_in_another_file()
  local name = os.tmpname()
  local data, model = name .. ".bin", name .. ".onnx"
  local base = data:match "[^/]*$"
  local function write(path, text)
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
  end
  local function external(fields)
    local parts = { onnx.integer(14, 1) }
    for key, value in pairs(fields) do
      parts[#parts + 1] = onnx.bytes(13, onnx.bytes(1, key) .. onnx.bytes(2, value))
    end
    return table.concat(parts)
  end
  local function with(w)
    write(model, onnx.model(gemm { w, { dims = { 2 }, data = { 7, 8 }, name = "b" } }))
  end
  write(data, "pad!" .. string.pack("<ffff", 1, 2, 3, 4))
  local ok, message = pcall(function()
    with { dims = { 2, 2 }, name = "w", extra = external { location = base, offset = "4", length = "16" } }
    local net = relucid.load(model)
    lu.assertEquals(net:layer(1), { W = { { 1, 3 }, { 2, 4 } }, b = { 7, 8 } })
    -- Other numbers there are another network.
    write(data, "pad!" .. string.pack("<ffff", 1, 2, 3, 5))
    lu.assertNotEquals(relucid.load(model).sha256, net.sha256)
    with { dims = { 2, 2 }, name = "w", extra = external { location = base, offset = "8" } }
    support.raises(("%s: initializer 'w': needs 16 bytes at 8 of '%s', which has 20"):format(model, base), relucid.load,
                   model)
    with { dims = { 2, 2 }, name = "w", extra = external { location = base, length = "12" } }
    support.raises(("%s: initializer 'w': has 12 bytes of data at 0 in '%s', expected 16 at 0 or more"):format(model,
                   base), relucid.load, model)
    for _, place in ipairs { "../w.bin", "/etc/passwd", "a/../../b", "" } do
      with { dims = { 2, 2 }, name = "w", extra = external { location = place } }
      support.raises(("%s: initializer 'w': its data are in file '%s', expected one beside the model"):format(model,
                     place), relucid.load, model)
    end
    with { dims = { 2, 2 }, name = "w", extra = external { location = base .. ".none" } }
    support.raises_with(base .. ".none: cannot open", relucid.load, model)
  end)
  os.remove(name)
  os.remove(data)
  os.remove(model)
  if not ok then error(message, 0) end
end

function T.test_several_inputs_and_outputs()
  local m = { inputs = { { name = "a", dims = { 1, 2 } }, { name = "b", dims = { 1, 1 } } }, outputs = { "sum", "r" },
              nodes = { { "Add", { "a", "b" }, "sum" }, { "Relu", { "sum" }, "r" } } }
  with_model(m, function(path)
    local net = relucid.load(path)
    lu.assertEquals({ net.n, net.m }, { 3, 2 })
    lu.assertEquals(net:eval { 1, -5, 3 }, { 4, -2 })
    lu.assertEquals(net.notes, { "input 1 of 2: 'a', 1x2", "input 2 of 2: 'b', 1x1",
                                 "output 'sum' is read, the first of: sum r" })
    lu.assertEquals(relucid.load(path, { output = "r" }):eval { 1, -5, 3 }, { 4, 0 })
    lu.assertEquals(relucid.load(path, { output = "a" }):eval { 1, -5, 3 }, { 1, -5 })
    -- A result about one is not taken for one about the other.
    lu.assertEquals(relucid.load(path, { output = "sum" }).sha256, net.sha256)
    lu.assertNotEquals(relucid.load(path, { output = "r" }).sha256, net.sha256)
  end)
end

function T.test_what_ends_a_graph_is_left_out()
  for _, op in ipairs { "Softmax", "LogSoftmax", "ArgMax" } do
    local m = { inputs = { { name = "x", dims = { 1, 2 } } }, outputs = { "p" },
                nodes = { { "Relu", { "x" }, "y" }, { op, { "y" }, "p", { axis = 1 } } } }
    with_model(m, function(path)
      local net = relucid.load(path)
      lu.assertEquals(net:eval { -1, 2 }, { 0, 2 })
      lu.assertEquals(net.notes, { ("node 2 (%s): left out, the order of the outputs is that of 'y'"):format(op) })
    end)
  end
end

function T.test_constant_outputs()
  local m = gemm({ { dims = { 2 }, data = { 7, -8 }, name = "b" } }, { nodes = { { "Relu", { "b" }, "y" } } })
  with_model(m, function(path)
    local net = relucid.load(path)
    lu.assertEquals({ net.n, net:eval { 1, 2 } }, { 2, { 7, 0 } })
  end)
end

-- Residual connections, as layers with linear neurons.
function T.test_a_residual_block()
  local m = { inputs = { { name = "x", dims = { 1, 2 } } }, outputs = { "y" },
              nodes = { { "Relu", { "x" }, "a" }, { "Gemm", { "a", "w" }, "b" }, { "Relu", { "b" }, "c" },
                        { "Gemm", { "c", "w" }, "d" }, { "Add", { "d", "a" }, "e" }, { "Relu", { "e" }, "y" } },
              tensors = { { dims = { 2, 2 }, data = { 1, -1, -2, 1 }, name = "w" } } }
  with_model(m, function(path)
    local net = relucid.load(path)
    lu.assertEquals(net.sizes, { 2, 2, 4, 2, 2 })
    lu.assertNil(net:layer(1).linear)
    lu.assertEquals(net:layer(2).linear, { false, false, true, true })
    lu.assertEquals(net:eval { 1, 2 }, { 0, 3 })
  end)
end

-- A tree of max(a, b) = b + max(a - b, 0): two layers for four values, b beside the kinks.
function T.test_max_pooling_is_as_deep_as_its_tree()
  local m = { inputs = { { name = "x", dims = { 1, 1, 2, 2 } } }, outputs = { "y" },
              nodes = { { "MaxPool", { "x" }, "y", { kernel_shape = { 2, 2 } } } } }
  with_model(m, function(path)
    local net = relucid.load(path)
    lu.assertEquals(net.sizes, { 4, 4, 2, 1 })
    lu.assertEquals({ net:structure()[1].relu, net:structure()[2].relu }, { 2, 1 })
    lu.assertEquals(net:eval { 1, -2, 7, 3 }, { 7 })
  end)
  m.nodes = { { "Abs", { "x" }, "a" }, { "LeakyRelu", { "a" }, "y", { alpha = 0.25 } } }
  with_model(m, function(path) lu.assertEquals(relucid.load(path).sizes, { 4, 8, 8, 4 }) end)
end

-- ---- exactness --------------------------------------------------------------------------------------------------

-- Floats with many digits through several affine nodes: the exact value of the file's own numbers lies between the
-- rigorous bounds, which are narrow.
function T.test_affine_nodes_are_exact()
  local exact = require "spec.exact"
  support.random("exact", function(rng)
    local function single() return (string.unpack("<f", string.pack("<f", (rng() - 0.5) * 10 ^ rng(-3, 3)))) end
    for _ = 1, 20 do
      local nodes, tensors, before = {}, {}, "x"
      local scales, shifts = {}, {}
      for k = 1, rng(2, 4) do
        local s = { dims = {}, data = { single() }, name = "s" .. k }
        local t = { dims = {}, data = { single() }, name = "t" .. k }
        tensors[#tensors + 1], tensors[#tensors + 2] = s, t
        nodes[#nodes + 1] = { "Mul", { before, s.name }, "p" .. k }
        nodes[#nodes + 1] = { "Add", { "p" .. k, t.name }, "q" .. k }
        before, scales[k], shifts[k] = "q" .. k, s.data[1], t.data[1]
      end
      local m = { inputs = { { name = "x", dims = { 1, 1 } } }, outputs = { before }, nodes = nodes,
                  tensors = tensors }
      with_model(m, function(path)
        local net, x = relucid.load(path), single()
        local value = exact.of(x)
        for k = 1, #scales do value = exact.add(exact.mul(value, exact.of(scales[k])), exact.of(shifts[k])) end
        local lo, hi = net:eval_bounds { x }
        lu.assertTrue(exact.compare(exact.of(lo[1]), value) <= 0 and exact.compare(value, exact.of(hi[1])) <= 0)
        lu.assertEquals(net.notes, {})
        -- The layers themselves are exact: no rounding at all.
        local y = exact.of(x)
        for k = 1, #net.sizes - 1 do
          local layer = net:layer(k)
          y = exact.add(exact.mul(y, exact.of(layer.W[1][1])), exact.of(layer.b[1]))
        end
        lu.assertEquals(exact.compare(y, value), 0)
      end)
    end
  end)
end

function T.test_rounding_is_noted()
  local third = { dims = {}, data = { 3 }, name = "three" }
  with_model(gemm({ third }, { nodes = { { "Div", { "x", "three" }, "y" } } }), function(path)
    lu.assertEquals(relucid.load(path).notes, { "node 1 (Div): reciprocals rounded to double" })
  end)
end

return T
