-- What the ONNX reader refuses, by message.
local relucid = require "relucid"
local onnx = require "spec.onnx"
local support = require "spec.support"

local T = {}

local function with_model(m, f) support.with_file(onnx.model(m), f, ".onnx") end

local function refused(message, m)
  with_model(m, function(path) support.raises(path .. ": " .. message, relucid.load, path) end)
end

-- A model of one node with input x of these dimensions and some constants.
local function single(dims, n, tensors)
  n[3] = n[3] or "y"
  return { inputs = { { name = "x", dims = dims } }, outputs = { "y" }, nodes = { n }, tensors = tensors or {} }
end

local function ones(dims)
  local data, count = {}, 1
  for _, dim in ipairs(dims) do count = count * dim end
  for i = 1, count do data[i] = 1 end
  return data
end

local function tensor(name, dims, data)
  return { name = name, dims = dims, data = data or ones(dims) }
end

function T.test_refuses_operators_and_attributes()
  refused("node 1 'act' (Sigmoid): this operator is not piecewise linear; the network up to it can be read: output 'x'",
          single({ 1, 2 }, { "Sigmoid", { "x" }, name = "act" }))
  refused("node 2 (Floor): this operator jumps: it is not continuous; the network up to it can be read: output 'r'",
          { inputs = { { name = "x", dims = { 1, 2 } } }, outputs = { "y" },
            nodes = { { "Relu", { "x" }, "r" }, { "Floor", { "r" }, "y" } } })
  refused("node 1 (Nonsense): this operator is not supported; the guide's page on ONNX lists those that are",
          single({ 1, 2 }, { "Nonsense", { "x" } }))
  refused("node 1 (Relu): operators and functions of the domain 'com.example' are not supported; inline the model's "
    .. "functions before", single({ 1, 2 }, { "Relu", { "x" }, domain = "com.example" }))
  refused("node 1 (Softmax): is not piecewise linear, and cannot be left out: it is over a part of its input of shape "
    .. "2x2; the network up to it can be read: output 'x'", single({ 2, 2 }, { "Softmax", { "x" }, nil, { axis = 1 } }))
  refused("node 1 (Dropout): training_mode is on: that depends on chance, export the model for inference",
          single({ 1, 2 }, { "Dropout", { "x", "", "t" } }, { { name = "t", dims = {}, type = "bool", data = { 1 } } }))
  refused("node 1 (Relu): attribute 'alpha' is not supported", single({ 1, 2 }, { "Relu", { "x" }, nil,
          { alpha = 1.0 } }))
  refused("node 1 (Relu): has 2 inputs, expected 1 to 1", single({ 1, 2 }, { "Relu", { "x", "x" } }))
  refused("node 1 (Add): has 1 inputs, expected 2 to 2", single({ 1, 2 }, { "Add", { "x" } }))
  refused("node 1 (Add): input 1 is missing", single({ 1, 2 }, { "Add", { "x", "" } }))
  refused("node 1 (Flatten): attribute 'axis' is 5, expected -2 to 2", single({ 1, 2 }, { "Flatten", { "x" }, nil,
          { axis = 5 } }))
  refused("node 1 (Flatten): attribute 'axis': expected an integer",
          single({ 1, 2 }, { "Flatten", { "x" }, nil, { axis = "one" } }))
  local w = tensor("w", { 2, 2 })
  refused("node 1 (Gemm): attribute 'alpha': expected a finite number",
          single({ 1, 2 }, { "Gemm", { "x", "w" }, nil, { alpha = 0 / 0 } }, { w }))
  refused("node 1 (Gemm): attribute 'alpha' refers to a function's attribute, which is not supported",
          single({ 1, 2 }, { "Gemm", { "x", "w" }, nil, { alpha = { raw = onnx.bytes(21, "outer") } } }, { w }))
  local twice = onnx.bytes(5, onnx.bytes(1, "transB") .. onnx.integer(3, 1))
  refused("node 1 (Gemm): attribute 'transB' is given twice",
          single({ 1, 2 }, { "Gemm", { "x", "w" }, nil, { transB = 1 }, extra = twice }, { w }))
end

function T.test_refuses_graphs()
  local x = { name = "x", dims = { 1, 2 } }
  refused("has no input", { inputs = {}, outputs = { "y" } })
  refused("has no output", { inputs = { x }, outputs = {} })
  refused("output 'y' is computed by no node", { inputs = { x }, outputs = { "y" } })
  refused("an input has no name", { inputs = { { name = "", dims = { 1, 2 } } }, outputs = { "y" } })
  refused("input 'x': has no shape", { inputs = { { name = "x" } }, outputs = { "x" } })
  refused("input 'x': expected floating-point numbers (data type 1, 10, 11 or 16)",
          { inputs = { { name = "x", dims = { 1, 2 }, type = 2 } }, outputs = { "x" } })
  refused("input 'x': only the first dimension may be without a fixed size",
          { inputs = { { name = "x", dims = { 1, "n" } } }, outputs = { "x" } })
  refused("input 'x': is too large", { inputs = { { name = "x", dims = { 1, 1 << 40 } } }, outputs = { "x" } })
  refused("input 'x': is too large", { inputs = { { name = "x", dims = { 65536, 65536 } } }, outputs = { "x" } })
  refused("more than one value has the name 'y'",
          { inputs = { x }, outputs = { "y" }, nodes = { { "Relu", { "x" }, "y" }, { "Relu", { "x" }, "y" } } })
  refused("more than one value has the name 'w'",
          { inputs = { x }, outputs = { "x" }, tensors = { tensor("w", { 1 }), tensor("w", { 1 }) } })
  refused("node 1 (Relu): its input 'z' is missing", single({ 1, 2 }, { "Relu", { "z" } }))
  refused("node 1 (Relu): its input 'y' is computed from its own output: a cycle", single({ 1, 2 }, { "Relu",
          { "y" } }))
  refused("node 2 (Relu): its input 'y' is computed from its own output: a cycle",
          { inputs = { x }, outputs = { "y" }, nodes = { { "Relu", { "b" }, "y" }, { "Relu", { "y" }, "b" } } })
  refused("node 1 (Softmax): its input 'y' is computed from its own output: a cycle",
          { inputs = { x }, outputs = { "y" }, nodes = { { "Softmax", { "y" }, "y" } } })
  refused("node 2 (Relu): its input 'mask' is a further output of a node, which is not supported",
          { inputs = { x }, outputs = { "y" }, nodes = { { "Relu", { "x" }, { "r", "mask" } }, { "Relu", { "mask" },
                  "y" } } })
  refused("has sparse initializers, which are not supported",
          { inputs = { x }, outputs = { "x" }, extra = onnx.bytes(15, onnx.bytes(1, onnx.tensor { dims = { 1 },
                  data = { 1 } })) })
  refused("node 1 (Relu): its first output has no name",
          { inputs = { x }, outputs = { "y" }, nodes = { { "Relu", { "x" }, { "", "y" } } } })
end

function T.test_refuses_products()
  refused("node 1 (Mul): both inputs depend on the network's input: a product is not piecewise linear, expected a "
    .. "constant", single({ 1, 2 }, { "Mul", { "x", "x" } }))
  refused("node 1 (MatMul): both factors depend on the network's input: a product is not piecewise linear, expected a "
    .. "constant one", single({ 1, 1 }, { "MatMul", { "x", "x" } }))
end

function T.test_refuses_outputs()
  local m = { inputs = { { name = "x", dims = { 1, 2 } } }, outputs = { "y", "z" },
              nodes = { { "Relu", { "x" }, "y" }, { "Relu", { "y" }, "z" } } }
  with_model(m, function(path)
    support.raises(path .. ": has no output 'w'; its outputs are: y z", relucid.load, path, { output = "w" })
  end)
  support.with_file(support.NNET, function(path)
    support.raises(path .. ": output: only ONNX files have outputs with names", relucid.load, path, { output = "y" })
  end, ".nnet")
end

function T.test_refuses_numbers()
  local function with(t) return single({ 1, 2 }, { "Add", { "x", "w" } }, { t }) end
  local function named(fields)
    fields.name = "w"
    return with(fields)
  end
  refused("initializer 'w': element 2 of 2: expected a number, got nan", named { dims = { 2 }, data = { 1,
          math.abs(0 / 0) } })
  refused("node 1 (Add): its input 'w': element 1 of 2: expected a finite number, got -inf",
          named { dims = { 2 }, data = { -math.huge, 1 }, typed = true })
  refused("initializer 'w': has 8 bytes of data, expected 12 for 3 elements", named { dims = { 3 }, data = { 1, 2 } })
  refused("initializer 'w': has 2 elements of data, expected 3", named { dims = { 3 }, data = { 1, 2 },
          typed = true })
  refused("initializer 'w': has 0 elements of data, expected 3", named { dims = { 3 } })
  refused("initializer 'w': has data type 8, expected floats of 16, 32 or 64 bits, integers, or bfloat16",
          named { dims = { 1 }, type = 8 })
  refused("node 1 (Add): input 1 is missing: it is empty", named { dims = { 2, 0 }, data = {} })
  refused("initializer 'w': dimension 1 is -3: expected at least 1, and at most 67108864 elements in all",
          named { dims = { -3 }, data = {} })
  refused("initializer 'w': dimension 2 is 4611686018427387904: expected at least 1, and at most 67108864 "
    .. "elements in all",
          named { dims = { 4, 1 << 62 }, data = {} })
  refused("initializer 'w': has 9 dimensions, at most 8 are supported", named { dims = { 1, 1, 1, 1, 1, 1, 1, 1, 1 },
          data = { 1 } })
  refused("initializer 'w': is stored in segments, which is not supported",
          named { dims = { 1 }, data = { 1 }, extra = onnx.bytes(3, onnx.integer(1, 0)) })
  refused("node 1 (Div): divides by 0", single({ 1, 2 }, { "Div", { "x", "w" } }, { tensor("w", { 1 }, { 0 }) }))
  refused("node 1 (Add): arithmetic with integers is not supported, expected floating-point constants",
          named { dims = { 1 }, data = { 1 }, type = "int32" })
  refused("node 1 (Div): divides by a value that depends on the network's input",
          single({ 1, 2 }, { "Div", { "w", "x" } }, { tensor("w", { 1 }) }))
  refused("node 1 (Div): element 1 of the result is inf",
          { inputs = { { name = "x", dims = { 1, 2 } } }, outputs = { "y" },
            nodes = { { "Div", { "w", "z" }, "q" }, { "Add", { "x", "q" }, "y" } },
            tensors = { tensor("w", { 1 }), tensor("z", { 1 }, { 0 }) } })
  refused("node 2 (Add): its input 'c': element 1 of 1: expected a finite number, got inf",
          { inputs = { { name = "x", dims = { 1, 2 } } }, outputs = { "y" },
            nodes = { { "Constant", {}, "c", { value_float = math.huge } }, { "Add", { "x", "c" }, "y" } } })
end

function T.test_refuses_shapes()
  local function one(message, dims, n, ...) refused("node 1 (" .. n[1] .. "): " .. message, single(dims, n,
          { ... })) end
  local w23 = tensor("w", { 2, 3 })
  one("shapes 1x4 and 2x3 do not fit together", { 1, 4 }, { "Add", { "x", "w" } }, w23)
  one("factors of shapes 1x4 and 2x3 do not fit together", { 1, 4 }, { "MatMul", { "x", "w" } }, w23)
  one("factors of shapes 1x4 and 2x3 do not fit together", { 1, 4 }, { "Gemm", { "x", "w" } }, w23)
  one("factors of shapes a scalar and 2x3 do not fit together", {}, { "MatMul", { "x", "w" } }, w23)
  one("factors have shapes 2 and 2x3, expected matrices", { 2 }, { "Gemm", { "x", "w" } }, w23)
  one("its input has 7 rows, expected one: a batch of 1", { 7, 2 }, { "Gemm", { "x", "w" } }, w23)
  one("its input has 7 rows, expected one: a batch of 1", { 7, 2 }, { "MatMul", { "x", "w" } }, w23)
  one("factors of shapes 2x1x2 and 3x2x3 do not fit together", { 2, 1, 2 }, { "MatMul", { "x", "w" } },
      tensor("w", { 3, 2, 3 }))
  one("shapes 2x2 and 2x3 do not fit together", { 2, 2 }, { "Concat", { "x", "w" }, nil, { axis = 0 } }, w23)
  one("attribute 'axis' is missing", { 1, 2 }, { "Concat", { "x" } })
  one("axis 2: expected -2 to 1", { 1, 4 }, { "Slice", { "x" }, nil, { starts = { 0 }, ends = { 1 }, axes = { 2 } } })
  one("nothing is left of dimension 1 of 1x4", { 1, 4 }, { "Slice", { "x" }, nil, { starts = { 3 }, ends = { 2 },
      axes = { 1 } } })
  one("index 4: expected -4 to 3", { 1, 4 }, { "Gather", { "x", "w" }, nil, { axis = 1 } }, tensor("w", { 1 }, { 4 }))
  one("the parts have 3 elements, expected 4", { 1, 4 }, { "Split", { "x" }, nil, { axis = 1, split = { 3 } } })
  one("dimension 0 of 1x4 cannot be padded by -1 and 0", { 1, 4 }, { "Pad", { "x" }, nil, { pads = { -1, 0, 0, 0 } } })
  one("slope has shape 2x3, expected one that broadcasts to 1x3", { 1, 3 }, { "PRelu", { "x", "w" } }, w23)
  one("min 2 is above max 1", { 1, 3 }, { "Clip", { "x" }, nil, { min = 2.0, max = 1.0 } })
  one("C has shape 2, expected one that broadcasts to 1x3", { 1, 2 }, { "Gemm", { "x", "w", "c" } }, w23, tensor("c",
          { 2 }))
  one("C (input 2): expected a constant, it depends on the network's input", { 1, 2 }, { "Gemm", { "x", "w", "x" } },
          w23)
  one("1x4 cannot take the shape [3]", { 1, 4 }, { "Reshape", { "x", "s" } }, { name = "s", type = "int64",
          dims = { 1 }, data = { 3 } })
  one("1x4 cannot take the shape [-1,-1]", { 1, 4 }, { "Reshape", { "x", "s" } },
      { name = "s", type = "int64", dims = { 2 }, data = { -1, -1 } })
  one("1x4 cannot take the shape [9000000000000000000]", { 1, 4 }, { "Reshape", { "x", "s" } },
      { name = "s", type = "int64", dims = { 1 }, data = { math.maxinteger } })
  one("shape (input 1): expected integers", { 1, 4 }, { "Reshape", { "x", "s" } }, tensor("s", { 1 }, { 4 }))
  one("shape (input 1): expected a constant, it depends on the network's input", { 1, 4 }, { "Reshape", { "x",
          "x" } })
  one("dimension 1 of 1x4 cannot be left out: it is not 1", { 1, 4 }, { "Squeeze", { "x" }, nil, { axes = { 1 } } })
  one("axis 2: expected -2 to 1", { 1, 4 }, { "Squeeze", { "x" }, nil, { axes = { 2 } } })
  one("axis 0 is given twice", { 1, 4 }, { "Squeeze", { "x" }, nil, { axes = { 0, 0 } } })
  one("axes: expected constant integers, as input 1 or as an attribute", { 1, 4 }, { "Unsqueeze", { "x" } })
  one("the result has 9 dimensions, at most 8 are supported", { 1, 4 }, { "Unsqueeze", { "x" }, nil, { axes = { 0, 1,
          2, 3, 4, 5, 6 } } })
  one("attribute 'perm' has 3 integers, expected 2", { 1, 4 }, { "Transpose", { "x" }, nil, { perm = { 0, 1, 2 } } })
  one("attribute 'perm' has 1 twice", { 1, 4 }, { "Transpose", { "x" }, nil, { perm = { 1, 1 } } })
  one("attribute 'perm' is 2, expected 0 to 1", { 1, 4 }, { "Transpose", { "x" }, nil, { perm = { 0, 2 } } })
end

function T.test_refuses_what_is_too_large()
  refused("layer 1: as a dense layer this is 64516 x 65536 weights, at most 536870912 are supported",
          single({ 1, 1, 256, 256 }, { "Conv", { "x", "w" } }, { tensor("w", { 1, 1, 3, 3 }) }))
end

function T.test_refuses_windows()
  local function one(message, dims, n, ...) refused("node 1 (" .. n[1] .. "): " .. message, single(dims, n,
          { ... })) end
  local w = tensor("w", { 1, 1, 2, 2 })
  one("X has shape 1x4, expected 1 x channels x one to three spatial dimensions", { 1, 4 }, { "Conv", { "x", "w" } },
          w)
  one("X has shape 2x1x3x3, expected 1 x channels x one to three spatial dimensions", { 2, 1, 3, 3 }, { "Conv",
          { "x", "w" } }, w)
  one("W (input 1): expected a constant, it depends on the network's input", { 1, 1, 3, 3 }, { "Conv", { "x", "x" } })
  one("W has shape 1x1x2, expected 4 dimensions", { 1, 1, 3, 3 }, { "Conv", { "x", "w" } }, tensor("w", { 1, 1, 2 }))
  one("W has shape 1x1x2x2 and there are 1 groups, which does not fit X of shape 1x2x3x3", { 1, 2, 3, 3 }, { "Conv",
          { "x", "w" } }, w)
  one("attribute 'kernel_shape' does not fit W of shape 1x1x2x2", { 1, 1, 3, 3 }, { "Conv", { "x", "w" }, nil,
          { kernel_shape = { 3, 3 } } }, w)
  one("attribute 'pads' has 2 integers, expected 4", { 1, 1, 3, 3 }, { "Conv", { "x", "w" }, nil, { pads = { 1,
          1 } } }, w)
  one("attribute 'pads' is -1, expected 0 to 1048576", { 1, 1, 3, 3 }, { "Conv", { "x", "w" }, nil, { pads = { 0, -1,
          0, 0 } } }, w)
  one("attribute 'strides' is 0, expected 1 to 1048576", { 1, 1, 3, 3 }, { "Conv", { "x", "w" }, nil,
          { strides = { 0, 1 } } }, w)
  one("attribute 'auto_pad': expected NOTSET, SAME_UPPER, SAME_LOWER or VALID", { 1, 1, 3, 3 }, { "Conv", { "x",
          "w" }, nil, { auto_pad = "ALL" } }, w)
  one("has both 'pads' and 'auto_pad'", { 1, 1, 3, 3 }, { "Conv", { "x", "w" }, nil, { auto_pad = "SAME_UPPER",
          pads = { 0, 0, 0, 0 } } }, w)
  one("has both 'pads' and 'auto_pad'", { 1, 1, 3, 3 }, { "Conv", { "x", "w" }, nil, { auto_pad = "VALID",
          pads = { 0, 1, 0, 0 } } }, w)
  one("attribute 'auto_pad': expected NOTSET, SAME_UPPER, SAME_LOWER or VALID", { 1, 1, 3, 3 }, { "Conv", { "x",
          "w" }, nil, { auto_pad = 1 } }, w)
  one("attribute 'axes': expected integers", { 1, 1, 3 }, { "Squeeze", { "x" }, nil, { axes = 0.5 } })
  one("dimension 3: a window of 2 does not fit into 1 inputs with their padding", { 1, 1, 3, 1 }, { "Conv", { "x",
          "w" } }, w)
  one("B has 2 elements, expected one for each of 1 output channels", { 1, 1, 3, 3 }, { "Conv", { "x", "w", "b" } },
          w, tensor("b", { 2 }))
  one("the result has more than 67108864 elements", { 1, 1, 3, 3 }, { "Conv", { "x", "w" }, nil, { pads = { 100000,
          100000, 0, 0 } } }, w)
  one("attribute 'kernel_shape' is missing", { 1, 1, 3, 3 }, { "AveragePool", { "x" } })
  one("a window lies in the padding alone", { 1, 1, 3 }, { "AveragePool", { "x" }, nil, { kernel_shape = { 1 },
          pads = { 1, 0 } } })
  one("ceil_mode = 1 with a window that ends outside the padding is not supported", { 1, 1, 4 },
      { "AveragePool", { "x" }, nil, { kernel_shape = { 3 }, strides = { 2 }, ceil_mode = 1 } })
  local function channel(name, value) return tensor(name, { 1 }, { value }) end
  local s, b, mean = channel("s", 1), channel("b", 1), channel("m", 1)
  one("channel 0: variance -1 + epsilon 1e-05: expected a positive sum", { 1, 1, 2 },
      { "BatchNormalization", { "x", "s", "b", "m", "v" } }, s, b, mean, channel("v", -1))
  one("var has 2 elements, expected one for each of 1 channels", { 1, 1, 2 },
      { "BatchNormalization", { "x", "s", "b", "m", "v" } }, s, b, mean, tensor("v", { 2 }))
  one("X has shape 2, expected batch x channels x ...", { 2 },
      { "BatchNormalization", { "x", "s", "b", "m", "v" } }, s, b, mean, channel("v", 1))
  one("attribute 'training_mode' is 1, expected 0 to 0", { 1, 1, 2 },
      { "BatchNormalization", { "x", "s", "b", "m", "v" }, nil, { training_mode = 1 } }, s, b, mean, channel("v", 1))
  one("X (input 0): expected a value that depends on the network's input, it is constant", { 1, 1, 2 },
      { "Conv", { "c", "w" } }, tensor("c", { 1 }), w)
end

function T.test_refuses_constants()
  local function one(message, attributes)
    refused("node 1 (Constant): " .. message, { inputs = { { name = "x", dims = { 1, 2 } } }, outputs = { "y" },
      nodes = { { "Constant", {}, "c", attributes }, { "Add", { "x", "c" }, "y" } } })
  end
  one("expected one attribute, the value", {})
  one("attribute 'value_string' is not supported", { value_string = "a" })
  one("attribute 'value': expected a tensor", { value = 3 })
  one("attribute 'value_ints' is empty", { value_ints = {} })
end

function T.test_refuses_other_files()
  support.with_file("\8\8\18\4none", function(path)
    support.raises(path .. ": is no ONNX model: it has no graph", relucid.load, path)
  end, ".onnx")
  support.with_file("\255\255", function(path)
    support.raises(path .. ": is no ONNX model, or is truncated or damaged", relucid.load, path)
  end, ".onnx")
  support.with_file("", function(path)
    support.raises(path .. ": is no ONNX model: it has no graph", relucid.load, path)
  end, ".onnx")
  local model = onnx.model(single({ 1, 2 }, { "Relu", { "x" } }))
  support.with_file(model:sub(1, -30), function(path)
    support.raises(path .. ": is no ONNX model, or is truncated or damaged", relucid.load, path)
  end, ".onnx")
  support.raises_with("/nowhere/net.onnx: cannot open", relucid.load, "/nowhere/net.onnx")
end

-- Names from the file are shown without control characters, and cut.
function T.test_names_in_messages()
  refused(("node 1 '%s...' (Relu): its input 'a?b' is missing"):format(("n"):rep(64)),
          single({ 1, 2 }, { "Relu", { "a\nb" }, name = ("n"):rep(100) }))
end

return T
