local lu = require "luaunit"
local relucid = require "relucid"
local core = require "relucid.core"
local onnx = require "spec.onnx"
local support = require "spec.support"
local raises = support.raises

local T = {}

local function network(layers) return function() return relucid.network(layers) end end

function T.test_shape()
  local net = support.small()
  lu.assertEquals({ net.n, net.m, net.neurons, #net.inputs }, { 2, 2, 2, 2 })
  lu.assertEquals(net.sizes, { 2, 2, 2 })
  lu.assertEquals(net.inputs[2], { name = "x2" })
  lu.assertEquals(net.outputs, { { name = "y1" }, { name = "y2" } })
  lu.assertEquals(net.file, "")
  lu.assertEquals(#net.sha256, 64)
  lu.assertEquals(tostring(net), "network 2-2-2")
  lu.assertNil(net.nothing)
end

function T.test_eval_one_many_and_data()
  local net = support.small()
  lu.assertEquals(net:eval { 3, 2 }, { 1, 2 })
  lu.assertEquals(net:eval { { 3, 2 }, { -1, 1 } }, { { 1, 2 }, { -1, 1 } })
  lu.assertEquals(net:eval(relucid.data { { 3, 2 } }), { { 1, 2 } })
end

function T.test_eval_bounds_enclose()
  local lo, hi = support.small():eval_bounds { 0.1, 0.3 }
  lu.assertTrue(lo[1] <= 0.1 - 0.3 and hi[1] >= 0.1 - 0.3)
  lu.assertTrue(lo[2] <= 0.3 and hi[2] >= 0.3)
end

function T.test_eval_refuses()
  local net = support.small()
  raises("x has 3 numbers, expected 2", net.eval, net, { 1, 2, 3 })
  raises("x[2] is nan, expected a finite number", net.eval, net, { 1, math.abs(0 / 0) })
  raises("x[1] is inf, expected a finite number", net.eval, net, { math.huge, 0 })
  raises("x[1] is '3', expected a finite number", net.eval, net, { "3", 0 })
  raises("x[2] is a table, expected a finite number", net.eval, net, { 0, {} })
  raises("x[2][1] is true, expected a finite number", net.eval, net, { { 1, 2 }, { true, 2 } })
  raises("x[2] has 1 numbers, expected 2", net.eval, net, { { 1, 2 }, { 1 } })
  raises("x: list expected, got nil", net.eval, net)
  raises("x: data has 3 columns, expected 2", net.eval, net, relucid.data { { 1, 2, 3 } })
end

function T.test_affine_and_layer()
  local net = support.small()
  local map = net:affine(net:pattern { 1, -1 })
  lu.assertEquals(map, { W = { { 1, 0 }, { 0, 0 } }, b = { 0, 0 } })
  lu.assertEquals(net:layer(2), { W = { { 1, -1 }, { 0, 1 } }, b = { 0, 0 } })
  raises("layer is 3, expected an integer from 1 to 2", net.layer, net, 3)
  raises("pattern: relucid.pattern expected, got nil", net.affine, net)
  support.raises_with("neuron", net.affine, net, relucid.pattern(net))
end

function T.test_box_of_arrays_is_absent()
  lu.assertNil(support.small():box())
end

function T.test_file()
  support.with_file(support.NNET, function(path)
    local net = relucid.load(path)
    lu.assertEquals(net.file, path)
    lu.assertEquals(net:box(), { lo = { -1, -1 }, hi = { 1, 1 } })
    lu.assertEquals(net.inputs[1], { name = "x1", lo = -1, hi = 1 })
    lu.assertEquals(net:eval { 3, 2 }, { 1, 2 })
    lu.assertEquals(tostring(net), "network 2-2-2 (" .. path .. ")")
  end, ".nnet")
end

function T.test_constructor_refuses()
  raises("network: list expected, got number", network(5))
  raises("network: no layers, expected at least one", network {})
  raises("network: layer 1 is 7, expected {W = ..., b = ...}", network { 7 })
  raises("network: layer 1: W is nil, expected a list", network { { b = { 0 } } })
  raises("network: layer 1: b is nil, expected a list", network { { W = { { 1 } } } })
  raises("network: layer 1: W is empty", network { { W = {}, b = {} } })
  raises("network: layer 1: W[2] has 1 numbers, expected 2", network { { W = { { 1, 2 }, { 1 } }, b = { 0, 0 } } })
  raises("network: layer 1: W[1][2] is nan, expected a finite number",
         network { { W = { { 1, math.abs(0 / 0) } }, b = { 0 } } })
  raises("network: layer 1: W[1] is 4, expected a list of 0 numbers", network { { W = { 4 }, b = { 0 } } })
  raises("network: layer 1: b has 2 numbers, expected 1", network { { W = { { 1 } }, b = { 0, 0 } } })
  raises("network: layer 2: W[1] has 2 numbers, expected 1",
         network { { W = { { 1 } }, b = { 0 } }, { W = { { 1, 2 } }, b = { 0 } } })
end

function T.test_closed()
  local net = support.small()
  local job = net:search { domain = support.square(), target = relucid.property.argmax(net, 1) }
  local pattern = net:pattern { 1, 1 }
  net:close()
  net:close()
  lu.assertEquals(tostring(net), "network (closed)")
  raises("network: attempt to use a closed network", net.eval, net, { 1, 2 })
  -- What was made from it lives on.
  lu.assertEquals(tostring(pattern), "11")
  lu.assertEquals(job:verdict(), "running")
end

function T.test_to_be_closed_variable()
  local kept
  do
    local net <close> = support.small()
    kept = net
  end
  lu.assertEquals(tostring(kept), "network (closed)")
end

function T.test_wrong_self()
  local net = support.small()
  raises("network: relucid.network expected, got number", net.eval, 5, { 1, 2 })
  raises("network: relucid.network expected, got relucid.pattern", net.eval, net:pattern { 1, 1 }, { 1, 2 })
end

-- Every operator, values that are used twice, constants that are computed.
local ONNX = onnx.model {
  inputs = { { name = "x", dims = { "N", 1, 3, 3 } } }, outputs = { "y" },
  tensors = { { name = "w", dims = { 2, 1, 2, 2 }, data = { 1, 2, 3, 4, 5, 6, 7, 8 } },
              { name = "c", dims = { 2 }, data = { 1, 2 } }, { name = "m", dims = { 1, 2 }, data = { 1, 2 } },
              { name = "shape", dims = { 2 }, data = { 1, -1 }, type = "int64" } },
  nodes = {
    { "Conv", { "x", "w", "c" }, "conv", { pads = { 1, 1, 0, 0 } } },
    { "BatchNormalization", { "conv", "c", "c", "c", "c" }, "norm" },
    { "Relu", { "norm" }, "r" },
    { "AveragePool", { "r" }, "pool", { kernel_shape = { 2, 2 } } },
    { "GlobalAveragePool", { "pool" }, "mean" },
    { "Transpose", { "mean" }, "turned", { perm = { 0, 2, 3, 1 } } },
    { "Reshape", { "turned", "shape" }, "flat" },
    { "Mul", { "c", "c" }, "cc" }, { "Unsqueeze", { "cc" }, "row", { axes = { 0 } } },
    { "Transpose", { "row" }, "column" }, { "Constant", {}, "one", { value_float = 1.0 } },
    { "MatMul", { "flat", "column" }, "z" }, { "Sub", { "z", "one" }, "s" }, { "Div", { "s", "one" }, "q" },
    { "Gemm", { "q", "m", "c" }, "g" }, { "Squeeze", { "g" }, "v" }, { "Relu", { "v" }, "y" },
  },
}

function T.test_out_of_memory()
  local net, domain = support.small(), support.square()
  local pattern, goal = net:pattern { 0.5, 0.25 }, relucid.property.argmax(net, 1)
  support.each_allocation_fails(support.small)
  support.each_allocation_fails(function() return net:eval { 1, 2 } end)
  support.each_allocation_fails(function() return net:eval_bounds { 1, 2 } end)
  support.each_allocation_fails(function() return support.square() end)
  support.each_allocation_fails(function() return goal:negate() end)
  support.each_allocation_fails(function() return relucid.property.any { goal, goal } end)
  support.each_allocation_fails(function() return relucid.data { { 1, 2 } } end)
  support.each_allocation_fails(function() return relucid.region(net, domain, pattern) end)
  local region = relucid.region(net, domain, pattern)
  support.each_allocation_fails(function() return region:contains { 0, 0 } end, true)
  support.each_allocation_fails(function() return region:box("width") end)
  support.each_allocation_fails(function() return region:box("volume") end)
  support.each_allocation_fails(function() return net:implies(domain, pattern, goal) end)
  support.each_allocation_fails(function() return net:maximize(domain, pattern, goal) end)
  support.each_allocation_fails(function()
    return net:minimize { domain = domain, pattern = pattern, property = goal }:run()
  end)
  support.with_file(support.NNET, function(path)
    support.each_allocation_fails(function() return relucid.load(path) end)
    support.each_allocation_fails(function()
      return relucid.load(path, { inputs = { "a", "b" }, outputs = { "c", "d" } })
    end)
    support.each_allocation_fails(function() return core.read_file(path) end)
  end, ".nnet")
  support.with_file(ONNX, function(path)
    support.each_allocation_fails(function() return relucid.load(path) end)
  end, ".onnx")
end

function T.test_many_dead_handles_are_collected()
  for _ = 1, 2000 do support.small():pattern { 1, 1 } end
  collectgarbage()
end

return T
