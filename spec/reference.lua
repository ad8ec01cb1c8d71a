-- ONNX operators in plain Lua: tensors as {dims, data}, one loop over coordinates per element, padding as an explicit
-- border.  What the reader composes is compared with this.

-- ---- tensors in Lua ---------------------------------------------------------------------------------

local function count_of(dims)
  local count = 1
  for _, dim in ipairs(dims) do count = count * dim end
  return count
end

-- Call f(coordinates, number of the element) for each element, the last coordinate fastest; all 0-based.
local function each(dims, f)
  local at = {}
  for i = 1, #dims do at[i] = 0 end
  for e = 0, count_of(dims) - 1 do
    f(at, e)
    for k = #dims, 1, -1 do
      at[k] = at[k] + 1
      if at[k] < dims[k] then break end
      at[k] = 0
    end
  end
end

-- The element at coordinates; nil outside.
local function at(t, coordinates)
  local e = 0
  for k, dim in ipairs(t.dims) do
    if coordinates[k] < 0 or coordinates[k] >= dim then return nil end
    e = e * dim + coordinates[k]
  end
  return t.data[e + 1]
end

local function build(dims, f)
  local t = { dims = dims, data = {} }
  each(dims, function(coordinates, e) t.data[e + 1] = f(coordinates) end)
  return t
end

-- The element of t that stands at the coordinates of a shape it is broadcast to.
local function broadcast_at(t, coordinates)
  local own, shift = {}, #coordinates - #t.dims
  for k, dim in ipairs(t.dims) do own[k] = dim == 1 and 0 or coordinates[k + shift] end
  return at(t, own)
end

local function broadcast_dims(a, b)
  local dims, rank = {}, math.max(#a, #b)
  for k = 1, rank do
    local da, db = a[k - rank + #a] or 1, b[k - rank + #b] or 1
    dims[k] = math.max(da, db)
  end
  return dims
end

local function elementwise(f)
  return function(a, b)
    return build(broadcast_dims(a.dims, b.dims), function(c) return f(broadcast_at(a, c), broadcast_at(b, c)) end)
  end
end

local reference = { each = each, at = at, build = build }

reference.Add = elementwise(function(a, b) return a + b end)
reference.Sub = elementwise(function(a, b) return a - b end)
reference.Mul = elementwise(function(a, b) return a * b end)
reference.Div = elementwise(function(a, b) return a / b end)

function reference.Relu(x)
  return build(x.dims, function(c) return math.max(at(x, c), 0) end)
end

function reference.Transpose(x, perm)
  local dims = {}
  for k, p in ipairs(perm) do dims[k] = x.dims[p + 1] end
  return build(dims, function(c)
    local from = {}
    for k, p in ipairs(perm) do from[p + 1] = c[k] end
    return at(x, from)
  end)
end

--- The same elements under another shape.
function reference.reshaped(x, dims) return { dims = dims, data = x.data } end

-- a: [.., M, K], b: [.., K, N]; one of them has two dimensions.
function reference.MatMul(a, b)
  local dims = {}
  local longer = #a.dims > #b.dims and a or b
  for k = 1, #longer.dims - 2 do dims[k] = longer.dims[k] end
  local rank = #dims + 2
  dims[rank - 1], dims[rank] = a.dims[#a.dims - 1], b.dims[#b.dims]
  return build(dims, function(c)
    local sum = 0
    for k = 0, a.dims[#a.dims] - 1 do
      local ca, cb = {}, {}
      for i = 1, rank - 2 do
        if #a.dims > 2 then ca[i] = c[i] end
        if #b.dims > 2 then cb[i] = c[i] end
      end
      ca[#ca + 1], ca[#ca + 2] = c[rank - 1], k
      cb[#cb + 1], cb[#cb + 2] = k, c[rank]
      sum = sum + at(a, ca) * at(b, cb)
    end
    return sum
  end)
end

function reference.Gemm(a, b, c, o)
  if o.transA == 1 then a = reference.Transpose(a, { 1, 0 }) end
  if o.transB == 1 then b = reference.Transpose(b, { 1, 0 }) end
  local y = reference.MatMul(a, b)
  return build(y.dims, function(k)
    return (o.alpha or 1) * at(y, k) + (c and (o.beta or 1) * broadcast_at(c, k) or 0)
  end)
end

function reference.BatchNormalization(x, s, b, mean, var, epsilon)
  return build(x.dims, function(c)
    local k = c[2] + 1
    return s.data[k] * (at(x, c) - mean.data[k]) / math.sqrt(var.data[k] + epsilon) + b.data[k]
  end)
end

-- x with a border of `fill`: pads = begins, then ends, of the dimensions after the second.
local function padded(x, pads, fill)
  local rank, dims = #x.dims - 2, { x.dims[1], x.dims[2] }
  for k = 1, rank do dims[k + 2] = x.dims[k + 2] + pads[k] + pads[rank + k] end
  return build(dims, function(c)
    local from = { c[1], c[2] }
    for k = 1, rank do from[k + 2] = c[k + 2] - pads[k] end
    return at(x, from) or fill
  end)
end

local function window_dims(x, o, channels)
  local dims = { 1, channels }
  for k = 1, #o.kernel do
    dims[k + 2] = (x.dims[k + 2] - (o.kernel[k] - 1) * o.dilations[k] - 1) // o.strides[k] + 1
  end
  return dims
end

-- f(coordinates in the window, coordinates in x's space) for each place of the window at output c.
local function each_place(o, c, f)
  each(o.kernel, function(k)
    local from = {}
    for i = 1, #k do from[i] = c[i + 2] * o.strides[i] + k[i] * o.dilations[i] end
    f(k, from)
  end)
end

function reference.Conv(x, w, b, o)
  x = padded(x, o.pads, 0)
  local per_group, outs = w.dims[2], w.dims[1] // o.group
  return build(window_dims(x, o, w.dims[1]), function(c)
    local sum = b and b.data[c[2] + 1] or 0
    for s = 0, per_group - 1 do
      each_place(o, c, function(k, from)
        sum = sum + at(w, { c[2], s, table.unpack(k) })
          * at(x, { 0, c[2] // outs * per_group + s, table.unpack(from) })
      end)
    end
    return sum
  end)
end

function reference.AveragePool(x, o)
  local inside = padded({ dims = x.dims, data = build(x.dims, function() return 1 end).data }, o.pads,
                        o.count_include_pad == 1 and 1 or 0)
  x = padded(x, o.pads, 0)
  return build(window_dims(x, o, x.dims[2]), function(c)
    local sum, count = 0, 0
    each_place(o, c, function(_, from)
      local place = { 0, c[2], table.unpack(from) }
      sum, count = sum + at(x, place), count + at(inside, place)
    end)
    return sum / count
  end)
end

-- ---- element by element ------------------------------------------------------------------------------

reference.Max, reference.Min = elementwise(math.max), elementwise(math.min)

--- f of each element.
function reference.map(x, f)
  return build(x.dims, function(c) return f(at(x, c)) end)
end

function reference.PRelu(x, slope)
  return build(x.dims, function(c)
    local value = at(x, c)
    return value < 0 and broadcast_at(slope, c) * value or value
  end)
end

-- ---- arranging -------------------------------------------------------------------------------------------

--- Parts one after the other along an axis (from 0).
function reference.Concat(parts, axis)
  local dims = table.move(parts[1].dims, 1, #parts[1].dims, 1, {})
  dims[axis + 1] = 0
  for _, part in ipairs(parts) do dims[axis + 1] = dims[axis + 1] + part.dims[axis + 1] end
  return build(dims, function(c)
    local from, place = table.move(c, 1, #c, 1, {}), c[axis + 1]
    for _, part in ipairs(parts) do
      if place < part.dims[axis + 1] then
        from[axis + 1] = place
        return at(part, from)
      end
      place = place - part.dims[axis + 1]
    end
  end)
end

--- x along an axis at these places.
function reference.Gather(x, axis, places)
  local dims = table.move(x.dims, 1, #x.dims, 1, {})
  dims[axis + 1] = #places
  return build(dims, function(c)
    local from = table.move(c, 1, #c, 1, {})
    from[axis + 1] = places[c[axis + 1] + 1]
    return at(x, from)
  end)
end

--- Widths before and after each dimension; mode: constant, edge or reflect.
function reference.Pad(x, before, after, mode, value)
  local dims = {}
  for k, dim in ipairs(x.dims) do dims[k] = before[k] + dim + after[k] end
  return build(dims, function(c)
    local from = {}
    for k, dim in ipairs(x.dims) do
      from[k] = c[k] - before[k]
      if mode == "edge" then from[k] = math.min(math.max(from[k], 0), dim - 1) end
      if mode == "reflect" and from[k] < 0 then from[k] = -from[k] end
      if mode == "reflect" and from[k] >= dim then from[k] = 2 * (dim - 1) - from[k] end
    end
    return at(x, from) or value
  end)
end

-- ---- windows and axes --------------------------------------------------------------------------------------

function reference.MaxPool(x, o)
  x = padded(x, o.pads, -math.huge)
  return build(window_dims(x, o, x.dims[2]), function(c)
    local best = -math.huge
    each_place(o, c, function(_, from) best = math.max(best, at(x, { 0, c[2], table.unpack(from) })) end)
    return best
  end)
end

-- Each input is added to the outputs that its window covers.
function reference.ConvTranspose(x, w, b, o)
  local per_group, rank = w.dims[2], #x.dims - 2
  local dims = { 1, per_group * o.group }
  for k = 1, rank do
    dims[k + 2] = (x.dims[k + 2] - 1) * o.strides[k] + (o.kernel[k] - 1) * o.dilations[k] + 1 + o.output_padding[k]
      - o.pads[k] - o.pads[rank + k]
  end
  local y = build(dims, function(c) return b and b.data[c[2] + 1] or 0 end)
  each(x.dims, function(c, e)
    local group = c[2] // (x.dims[2] // o.group)
    each({ per_group, table.unpack(o.kernel) }, function(k)
      local to, index = { 0, group * per_group + k[1] }, 0
      for i = 1, rank do
        to[i + 2] = c[i + 2] * o.strides[i] - o.pads[i] + k[i + 1] * o.dilations[i]
        if to[i + 2] < 0 or to[i + 2] >= dims[i + 2] then return end
      end
      for i, dim in ipairs(dims) do index = index * dim + to[i] end
      y.data[index + 1] = y.data[index + 1] + x.data[e + 1] * at(w, { c[2], table.unpack(k) })
    end)
  end)
  return y
end

--- f(a, b) folded over the axes (a set of 1-based dimensions), which become 1.
function reference.reduce(x, axes, f)
  local dims = {}
  for k, dim in ipairs(x.dims) do dims[k] = axes[k] and 1 or dim end
  local y = build(dims, function() return false end)
  each(x.dims, function(c, e)
    local index = 0
    for k, dim in ipairs(dims) do index = index * dim + (axes[k] and 0 or c[k]) end
    local before = y.data[index + 1]
    y.data[index + 1] = before and f(before, x.data[e + 1]) or x.data[e + 1]
  end)
  return y
end

return reference
