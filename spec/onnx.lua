-- Writes ONNX files for the specs: the protobuf wire format by hand, independent of the reader's description of it.
local onnx = {}

local function varint(value)
  local bytes = {}
  repeat
    local low = value & 0x7f
    value = value >> 7 -- logical: a negative number takes ten bytes
    bytes[#bytes + 1] = string.char(value ~= 0 and low | 0x80 or low)
  until value == 0
  return table.concat(bytes)
end

local function integer(field, value) return varint(field << 3) .. varint(value) end
local function bytes(field, text) return varint(field << 3 | 2) .. varint(#text) .. text end
local function float(field, value) return varint(field << 3 | 5) .. string.pack("<f", value) end

onnx.integer, onnx.bytes = integer, bytes

local TYPES = { float = { 1, "<f" }, uint8 = { 2, "B" }, int8 = { 3, "b" }, uint16 = { 4, "<I2" }, int16 = { 5, "<i2" },
                int32 = { 6, "<i4" }, int64 = { 7, "<i8" }, bool = { 9, "B" }, float16 = { 10, "<I2" },
                double = { 11, "<d" }, bfloat16 = { 16, "<I2" } }
local FIELDS = { float = 4, int32 = 5, int64 = 7, double = 10 }

local function packed(data, format)
  local parts = {}
  for i, value in ipairs(data) do parts[i] = string.pack(format, value) end
  return table.concat(parts)
end

-- The elements in the field for their type, packed.
local function typed(kind, data)
  local parts = {}
  if kind == "float" or kind == "double" then return bytes(FIELDS[kind], packed(data, TYPES[kind][2])) end
  for i, value in ipairs(data) do parts[i] = varint(value) end
  return bytes(FIELDS[kind] or FIELDS.int32, table.concat(parts))
end

--- A tensor's bytes.  t: {dims, data, type = "float", name, typed = true for the typed field, extra = more bytes}.
function onnx.tensor(t)
  local kind = t.type or "float"
  local parts = {}
  for _, dim in ipairs(t.dims) do parts[#parts + 1] = integer(1, dim) end
  parts[#parts + 1] = integer(2, type(kind) == "number" and kind or TYPES[kind][1])
  if t.name then parts[#parts + 1] = bytes(8, t.name) end
  if t.data then
    parts[#parts + 1] = t.typed and typed(kind, t.data) or bytes(9, packed(t.data, TYPES[kind][2]))
  end
  return table.concat(parts) .. (t.extra or "")
end

-- An attribute: an integer, a float, a string, a list of integers, {floats = list}, {tensor = t}, {raw = bytes}.
local function attribute(name, value)
  local text = bytes(1, name)
  if math.type(value) == "integer" then return text .. integer(3, value) .. integer(20, 2) end
  if type(value) == "number" then return text .. float(2, value) .. integer(20, 1) end
  if type(value) == "string" then return text .. bytes(4, value) .. integer(20, 3) end
  if value.raw then return text .. value.raw end
  if value.tensor then return text .. bytes(5, onnx.tensor(value.tensor)) .. integer(20, 4) end
  if value.floats then
    for _, element in ipairs(value.floats) do text = text .. float(7, element) end
    return text .. integer(20, 6)
  end
  for _, element in ipairs(value) do text = text .. integer(8, element) end
  return text .. integer(20, 7)
end

-- n: {op, inputs, output or list of outputs, attributes, name = ..., domain = ...}.
local function node(n)
  local parts = {}
  for _, name in ipairs(n[2]) do parts[#parts + 1] = bytes(1, name) end
  for _, name in ipairs(type(n[3]) == "table" and n[3] or { n[3] }) do parts[#parts + 1] = bytes(2, name) end
  if n.name then parts[#parts + 1] = bytes(3, n.name) end
  parts[#parts + 1] = bytes(4, n[1])
  local names = {}
  for name in pairs(n[4] or {}) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do parts[#parts + 1] = bytes(5, attribute(name, n[4][name])) end
  if n.domain then parts[#parts + 1] = bytes(7, n.domain) end
  return table.concat(parts) .. (n.extra or "")
end

-- v: {name, dims (numbers, or strings for symbolic sizes), type}; dims = nil: no shape.
local function value_info(v)
  local shape = {}
  for i, dim in ipairs(v.dims or {}) do
    shape[i] = bytes(1, type(dim) == "string" and bytes(2, dim) or integer(1, dim))
  end
  local tensor = integer(1, v.type or 1) .. (v.dims and bytes(2, table.concat(shape)) or "")
  return bytes(1, v.name) .. bytes(2, bytes(1, tensor))
end

--- A model's bytes.  m: {inputs = list of {name, dims, type}, outputs = list of names, nodes, tensors, extra = bytes of
--- the graph}.
function onnx.model(m)
  local graph = {}
  for _, n in ipairs(m.nodes or {}) do graph[#graph + 1] = bytes(1, node(n)) end
  graph[#graph + 1] = bytes(2, "spec")
  for _, t in ipairs(m.tensors or {}) do graph[#graph + 1] = bytes(5, onnx.tensor(t)) end
  for _, v in ipairs(m.inputs) do graph[#graph + 1] = bytes(11, value_info(v)) end
  for _, name in ipairs(m.outputs) do graph[#graph + 1] = bytes(12, value_info { name = name, dims = {} }) end
  return integer(1, 8) .. bytes(2, "relucid") .. bytes(7, table.concat(graph) .. (m.extra or ""))
    .. bytes(8, bytes(1, "") .. integer(2, m.opset or 13))
end

return onnx
