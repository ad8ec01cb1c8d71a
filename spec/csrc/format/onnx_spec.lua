-- ONNX files written by spec/onnx.lua, against spec/reference.lua's evaluation of the same nodes.
local lu = require "luaunit"
local relucid = require "relucid"
local onnx = require "spec.onnx"
local reference = require "spec.reference"
local support = require "spec.support"

local T = {}

local at, build, each, reshaped = reference.at, reference.build, reference.each, reference.reshaped

-- ---- graphs ---------------------------------------------------------------------------------------------

local function with_model(m, f) support.with_file(onnx.model(m), f, ".onnx") end

local function random_tensor(rng, dims, name)
  local t = build(dims, function() return rng(-40, 40) / 16 end)
  t.name = name
  return t
end

-- The network x -> nodes agrees with f, a function of the input tensor, on random inputs.
local function agrees(rng, dims, nodes, tensors, f)
  with_model({ inputs = { { name = "x", dims = dims } }, outputs = { "y" }, nodes = nodes, tensors = tensors },
             function(path)
    local net = relucid.load(path)
    for _ = 1, 4 do
      local x = random_tensor(rng, dims)
      local expected, actual = f(x).data, net:eval(x.data)
      lu.assertEquals(#actual, #expected)
      for i, value in ipairs(expected) do lu.assertAlmostEquals(actual[i], value, 1e-9 * (1 + math.abs(value))) end
    end
  end)
end

local function random_dims(rng, rank)
  local dims = {}
  for k = 1, rank do dims[k] = rng(1, 4) end
  return dims
end

function T.test_elementwise_with_broadcasting()
  support.random("elementwise", function(rng)
    for _ = 1, 60 do
      local op = ({ "Add", "Sub", "Mul", "Div" })[rng(1, 4)]
      local dims = random_dims(rng, rng(1, 4))
      local own = {}
      for k = rng(1, #dims), #dims do
        -- A dimension of 1 is broadcast, on either side.
        own[#own + 1] = dims[k] == 1 and rng(1, 3) or rng(1, 2) == 1 and 1 or dims[k]
      end
      if #own == #dims and rng(1, 4) == 1 then table.insert(own, 1, 2) end
      local c = random_tensor(rng, own, "c")
      for i, value in ipairs(c.data) do if value == 0 then c.data[i] = 1.5 end end
      local left = op ~= "Div" and rng(1, 2) == 1
      agrees(rng, dims, { { op, left and { "c", "x" } or { "x", "c" }, "y" } }, { c }, function(x)
        if left then return reference[op](c, x) end
        return reference[op](x, c)
      end)
    end
  end)
end

function T.test_gemm()
  support.random("gemm", function(rng)
    for _ = 1, 60 do
      local inner, columns, constant_left = rng(1, 5), rng(1, 5), rng(1, 3) == 1
      local o = { transA = rng(0, 1), transB = rng(0, 1) }
      if rng(1, 2) == 1 then o.alpha, o.beta = rng(-8, 8) / 4, rng(-8, 8) / 4 end
      local rows = constant_left and rng(1, 4) or 1
      local A = o.transA == 1 and { inner, rows } or { rows, inner }
      local B = o.transB == 1 and { columns, inner } or { inner, columns }
      local constant = random_tensor(rng, constant_left and A or B, "m")
      local c = ({ nil, random_tensor(rng, { columns }, "c"), random_tensor(rng, { rows, 1 }, "c"),
                   random_tensor(rng, {}, "c"), random_tensor(rng, { rows, columns }, "c") })[rng(1, 5)]
      local names = constant_left and { "m", "x" } or { "x", "m" }
      if c then names[3] = "c" end
      agrees(rng, constant_left and B or A, { { "Gemm", names, "y", o } }, { constant, c }, function(x)
        if constant_left then return reference.Gemm(constant, x, c, o) end
        return reference.Gemm(x, constant, c, o)
      end)
    end
  end)
end

function T.test_matmul()
  support.random("matmul", function(rng)
    for _ = 1, 40 do
      local inner, other = rng(1, 4), rng(1, 4)
      local lead = ({ {}, { 1 }, { 3 }, { 2, 2 } })[rng(1, 4)]
      local left = rng(1, 2) == 1 -- the constant is on the left
      local free = (#lead == 0 and not left) and 1 or rng(1, 3)
      local dims = { table.unpack(lead) }
      dims[#dims + 1], dims[#dims + 2] = left and inner or free, left and free or inner
      local m = random_tensor(rng, left and { other, inner } or { inner, other }, "m")
      agrees(rng, dims, { { "MatMul", left and { "m", "x" } or { "x", "m" }, "y" } }, { m }, function(x)
        if left then return reference.MatMul(m, x) end
        return reference.MatMul(x, m)
      end)
    end
  end)
end

-- A vector is a row on the left and a column on the right.
function T.test_matmul_of_vectors()
  support.random("vectors", function(rng)
    local m, v = random_tensor(rng, { 3, 2 }, "m"), random_tensor(rng, { 3 }, "v")
    agrees(rng, { 3 }, { { "MatMul", { "x", "m" }, "y" } }, { m }, function(x)
      return reference.MatMul(reshaped(x, { 1, 3 }), m)
    end)
    agrees(rng, { 2 }, { { "MatMul", { "m", "x" }, "y" } }, { m }, function(x)
      return reference.MatMul(m, reshaped(x, { 2, 1 }))
    end)
    agrees(rng, { 1, 3 }, { { "MatMul", { "x", "v" }, "y" } }, { v }, function(x)
      return reference.MatMul(x, reshaped(v, { 3, 1 }))
    end)
    agrees(rng, { 3 }, { { "MatMul", { "v", "x" }, "y" } }, { v }, function(x)
      return reference.MatMul(reshaped(v, { 1, 3 }), reshaped(x, { 3, 1 }))
    end)
  end)
end

function T.test_batch_normalization()
  support.random("batch normalization", function(rng)
    for _, dims in ipairs { { 1, 3 }, { 1, 2, 3 }, { 1, 3, 2, 2 } } do
      local function channel(name) return random_tensor(rng, { dims[2] }, name) end
      local s, b, mean, var = channel "s", channel "b", channel "mean", channel "var"
      for i, value in ipairs(var.data) do var.data[i] = math.abs(value) end
      agrees(rng, dims, { { "BatchNormalization", { "x", "s", "b", "mean", "var" }, "y", { epsilon = 0.125 } } },
             { s, b, mean, var }, function(x) return reference.BatchNormalization(x, s, b, mean, var, 0.125) end)
    end
  end)
end

-- Random geometry: {kernel, strides, dilations, pads}, the input's dimensions so that the window fits.
local function geometry(rng, rank, channels)
  local o, dims = { kernel = {}, strides = {}, dilations = {}, pads = {} }, { 1, channels }
  for k = 1, rank do
    o.kernel[k], o.strides[k], o.dilations[k] = rng(1, 3), rng(1, 3), rng(1, 2)
    o.pads[k], o.pads[rank + k] = rng(0, o.kernel[k] - 1), rng(0, o.kernel[k] - 1)
    dims[k + 2] = (o.kernel[k] - 1) * o.dilations[k] + 1 + rng(0, 3)
  end
  return o, dims
end

-- auto_pad's pads as the standard's formula gives them.
local function automatic(o, dims, mode)
  local rank = #o.kernel
  for k = 1, rank do
    local size = dims[k + 2]
    local out = math.ceil(size / o.strides[k])
    local total = math.max((out - 1) * o.strides[k] + (o.kernel[k] - 1) * o.dilations[k] + 1 - size, 0)
    local small, large = total // 2, total - total // 2
    o.pads[k] = mode == "VALID" and 0 or mode == "SAME_UPPER" and small or large
    o.pads[rank + k] = mode == "VALID" and 0 or mode == "SAME_UPPER" and large or small
  end
end

local function window_attributes(rng, o, dims)
  local attributes = { kernel_shape = o.kernel, strides = o.strides, dilations = o.dilations }
  local mode = ({ "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER", false, false })[rng(1, 6)]
  if mode and mode ~= "NOTSET" then automatic(o, dims, mode) else attributes.pads = o.pads end
  attributes.auto_pad = mode or nil
  return attributes
end

function T.test_conv()
  support.random("conv", function(rng)
    for _ = 1, 40 do
      local group, per_group, outs = rng(1, 2), rng(1, 2), rng(1, 2)
      local o, dims = geometry(rng, rng(1, 3), group * per_group)
      o.group = group
      local attributes = window_attributes(rng, o, dims)
      attributes.group = group
      local w = random_tensor(rng, { group * outs, per_group, table.unpack(o.kernel) }, "w")
      local b = rng(1, 2) == 1 and random_tensor(rng, { group * outs }, "b") or nil
      agrees(rng, dims, { { "Conv", { "x", "w", b and "b" }, "y", attributes } }, { w, b },
             function(x) return reference.Conv(x, w, b, o) end)
    end
  end)
end

function T.test_conv_with_defaults()
  support.random("conv defaults", function(rng)
    local w = random_tensor(rng, { 2, 1, 2, 2 }, "w")
    local o = { kernel = { 2, 2 }, strides = { 1, 1 }, dilations = { 1, 1 }, pads = { 0, 0, 0, 0 }, group = 1 }
    agrees(rng, { 1, 1, 3, 4 }, { { "Conv", { "x", "w", "" }, "y" } }, { w },
           function(x) return reference.Conv(x, w, nil, o) end)
  end)
end

function T.test_average_pool()
  support.random("average pool", function(rng)
    for _ = 1, 40 do
      local o, dims = geometry(rng, rng(1, 3), rng(1, 3))
      for k = 1, #o.kernel do
        -- A window in the padding alone has no mean.
        o.pads[k], o.pads[#o.kernel + k] = math.min(o.pads[k], 1), math.min(o.pads[#o.kernel + k], 1)
        o.dilations[k] = 1
      end
      local attributes = window_attributes(rng, o, dims)
      o.count_include_pad = rng(0, 1)
      attributes.count_include_pad = o.count_include_pad
      agrees(rng, dims, { { "AveragePool", { "x" }, "y", attributes } }, {},
             function(x) return reference.AveragePool(x, o) end)
    end
  end)
end

function T.test_global_average_pool()
  support.random("global average pool", function(rng)
    agrees(rng, { 1, 3, 2, 5 }, { { "GlobalAveragePool", { "x" }, "y" } }, {}, function(x)
      return build({ 1, 3, 1, 1 }, function(c)
        local sum = 0
        each({ 2, 5 }, function(k) sum = sum + at(x, { 0, c[2], k[1], k[2] }) end)
        return sum / 10
      end)
    end)
  end)
end

-- A convolution behind other affine nodes is composed with them.
function T.test_composition()
  support.random("composition", function(rng)
    for _ = 1, 10 do
      local o = { kernel = { 2, 2 }, strides = { 1, 1 }, dilations = { 1, 1 }, pads = { 1, 0, 0, 1 }, group = 1 }
      local w, mean = random_tensor(rng, { 2, 1, 2, 2 }, "w"), random_tensor(rng, { 1, 1, 3, 3 }, "mean")
      local scale, dense = random_tensor(rng, { 2, 1, 1 }, "scale"), random_tensor(rng, { 18, 3 }, "dense")
      local bias = random_tensor(rng, { 3 }, "bias")
      local pool = { kernel = { 2, 2 }, strides = { 1, 1 }, dilations = { 1, 1 }, pads = { 0, 0, 1, 1 },
                     count_include_pad = 1 }
      agrees(rng, { 1, 1, 3, 3 }, {
        { "Sub", { "x", "mean" }, "centred" },
        { "Conv", { "centred", "w" }, "conv", { pads = o.pads } },
        { "Mul", { "conv", "scale" }, "scaled" },
        { "Relu", { "scaled" }, "active" },
        { "AveragePool", { "active" }, "pooled", { kernel_shape = { 2, 2 }, pads = pool.pads,
                                                   count_include_pad = 1 } },
        { "Flatten", { "pooled" }, "flat" },
        { "MatMul", { "flat", "dense" }, "product" },
        { "Add", { "product", "bias" }, "sum" },
        { "Relu", { "sum" }, "y" },
      }, { w, mean, scale, dense, bias }, function(x)
        local active = reference.Relu(reference.Mul(reference.Conv(reference.Sub(x, mean), w, nil, o), scale))
        local pooled = reference.AveragePool(active, pool)
        return reference.Relu(reference.Add(reference.MatMul(reshaped(pooled, { 1, 18 }), dense), bias))
      end)
    end
  end)
end

function T.test_arranging_nodes()
  support.random("arranging", function(rng)
    local dims = { 1, 2, 3, 4 }
    local shape = { dims = { 3 }, data = { 0, -1, 4 }, type = "int64", name = "shape" }
    local axes = { dims = { 2 }, data = { 0, -1 }, type = "int64", name = "axes", typed = true }
    local c = random_tensor(rng, { 4, 3, 2 }, "c")
    agrees(rng, dims, {
      { "Transpose", { "x" }, "turned", { perm = { 0, 3, 2, 1 } } }, -- 1x4x3x2
      { "Squeeze", { "turned" }, "squeezed", { axes = { 0 } } },     -- 4x3x2
      { "Add", { "squeezed", "c" }, "moved" },
      { "Unsqueeze", { "moved", "axes" }, "wide" },                  -- 1x4x3x2x1
      { "Identity", { "wide" }, "same" },
      { "Squeeze", { "same" }, "again" },                            -- 4x3x2
      { "Unsqueeze", { "again" }, "front", { axes = { 0 } } },       -- 1x4x3x2
      { "Reshape", { "front", "shape" }, "rows" },                   -- 1x6x4
      { "Transpose", { "rows" }, "y" },                              -- 4x6x1
    }, { shape, axes, c }, function(x)
      local moved = reference.Add(reshaped(reference.Transpose(x, { 0, 3, 2, 1 }), { 4, 3, 2 }), c)
      return reference.Transpose(reshaped(moved, { 1, 6, 4 }), { 2, 1, 0 })
    end)
  end)
end

-- Constants pass through nodes as well: exporters transpose and reshape weights in the graph.
function T.test_constant_nodes()
  support.random("constants", function(rng)
    local w, half = random_tensor(rng, { 6 }, "w"), { 0.5 }
    agrees(rng, { 1, 2 }, {
      { "Constant", {}, "shape", { value = { tensor = { dims = { 2 }, data = { 3, 2 }, type = "int64" } } } },
      { "Constant", {}, "half", { value_float = 0.5 } },
      { "Constant", {}, "offsets", { value_floats = { floats = { 1.5, -2.0, 0.25 } } } },
      { "Constant", {}, "unused", { value_ints = { 1, 2 } } },
      { "Reshape", { "w", "shape" }, "rows" },
      { "Transpose", { "rows" }, "columns" },
      { "Mul", { "columns", "half" }, "scaled" },
      { "MatMul", { "x", "scaled" }, "product" },
      { "Sub", { "product", "offsets" }, "y" },
    }, { w }, function(x)
      local columns = reference.Transpose(reshaped(w, { 3, 2 }), { 1, 0 })
      local scaled = reference.Mul(columns, { dims = { 1 }, data = half })
      return reference.Sub(reference.MatMul(reshaped(x, { 1, 2 }), scaled), { dims = { 3 }, data = { 1.5, -2,
              0.25 } })
    end)
  end)
end

-- Every way to store numbers gives the same network.
function T.test_storage()
  local expected
  for _, kind in ipairs { "float", "double" } do
    for _, typed in ipairs { false, true } do
      local w = { dims = { 2, 2 }, data = { 1, -0.5, 0.25, 3 }, type = kind, typed = typed, name = "w" }
      local b = { dims = { 2 }, data = { 7, -8 }, type = kind, typed = typed, name = "b" }
      with_model({ inputs = { { name = "x", dims = { 1, 2 }, type = kind == "float" and 1 or 11 } },
              outputs = { "y" },
                   nodes = { { "Gemm", { "x", "w", "b" }, "y" } }, tensors = { w, b } }, function(path)
        local layer = relucid.load(path):layer(1)
        expected = expected or layer
        lu.assertEquals(layer, { W = { { 1, 0.25 }, { -0.5, 3 } }, b = { 7, -8 } })
      end)
    end
  end
end

-- Float weights are exact in double, and nothing rounds where nodes only multiply and add once.
function T.test_weights_stay_exact()
  support.random("exact", function(rng)
    local function single() return string.unpack("<f", string.pack("<f", rng() * 10 ^ rng(-6, 3) - 0.3)) end
    local function tensor(dims, name)
      local t = build(dims, single)
      t.name = name
      return t
    end
    local W1, b1, W2, b2 = tensor({ 4, 3 }, "W1"), tensor({ 3 }, "b1"), tensor({ 2, 3 }, "W2"), tensor({ 2 }, "b2")
    local zero = build({ 1, 1, 1, 4 }, function() return 0 end)
    zero.name = "zero"
    with_model({ inputs = { { name = "x", dims = { 1, 1, 1, 4 } } }, outputs = { "y" }, tensors = { W1, b1, W2, b2,
            zero },
                 nodes = { { "Sub", { "x", "zero" }, "s" }, { "Flatten", { "s" }, "f" }, { "MatMul", { "f", "W1" },
                         "p" },
                           { "Add", { "p", "b1" }, "z" }, { "Relu", { "z" }, "r" },
                           { "Gemm", { "r", "W2", "b2" }, "y", { transB = 1 } } } }, function(path)
      local net = relucid.load(path)
      lu.assertEquals(net.sizes, { 4, 3, 2 })
      local first, second = net:layer(1), net:layer(2)
      for i = 1, 3 do
        lu.assertEquals(first.b[i], b1.data[i])
        for j = 1, 4 do lu.assertEquals(first.W[i][j], W1.data[(j - 1) * 3 + i]) end
      end
      for i = 1, 2 do
        lu.assertEquals(second.b[i], b2.data[i])
        for j = 1, 3 do lu.assertEquals(second.W[i][j], W2.data[(i - 1) * 3 + j]) end
      end
    end)
  end)
end

function T.test_relu_at_the_ends()
  with_model({ inputs = { { name = "x", dims = { 1, 2 } } }, outputs = { "y" }, nodes = { { "Relu", { "x" },
          "y" } } },
             function(path)
    local net = relucid.load(path)
    lu.assertEquals(net.sizes, { 2, 2, 2 })
    lu.assertEquals(net:eval { -3, 4 }, { 0, 4 })
  end)
end

function T.test_batch_and_initializers_among_the_inputs()
  for _, batch in ipairs { "N", 1, 0, -1 } do
    with_model({ inputs = { { name = "x", dims = { batch, 2 } }, { name = "w", dims = { 2, 1 } } }, outputs = { "y" },
                 nodes = { { "MatMul", { "x", "w" }, "y" } }, tensors = { { dims = { 2, 1 }, data = { 3, 4 },
                         name = "w" } } },
               function(path)
      local net = relucid.load(path)
      lu.assertEquals({ net.n, net.m, net.file }, { 2, 1, path })
      lu.assertNil(net:box())
      lu.assertEquals(#net.sha256, 64)
      lu.assertEquals(net:eval { 1, 2 }, { 11 })
    end)
  end
end

-- Nodes that do not lead to the output do not matter.
function T.test_unneeded_nodes_are_left_out()
  with_model({ inputs = { { name = "x", dims = { 1, 2 } } }, outputs = { "y" },
               nodes = { { "Softmax", { "x" }, "p" }, { "Identity", { "x" }, "y" }, { "MaxPool", { "y" }, "q" } } },
             function(path) lu.assertEquals(relucid.load(path):eval { 1, 2 }, { 1, 2 }) end)
end

return T
