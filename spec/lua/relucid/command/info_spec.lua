-- The commands info and eval: what they print and write agrees with the network.
local lu = require "luaunit"
local relucid = require "relucid"
local onnx = require "spec.onnx"
local support = require "spec.support"

local T = {}

local function residual()
  return onnx.model { inputs = { { name = "x", dims = { 1, 2 } } }, outputs = { "p", "e" },
    nodes = { { "Relu", { "x" }, "a" }, { "Gemm", { "a", "w" }, "b" }, { "Relu", { "b" }, "c" },
              { "Gemm", { "c", "w" }, "d" }, { "Add", { "d", "a" }, "e" }, { "Softmax", { "e" }, "p", { axis = 1 } } },
    tensors = { { dims = { 2, 2 }, data = { 1, -1, -2, 1 }, name = "w" } } }
end

function T.test_info()
  support.with_file(residual(), function(path)
    local status, text, errors = support.command("info", path)
    lu.assertEquals({ status, errors }, { 0, "" })
    local net = relucid.load(path)
    lu.assertEquals(text, table.concat({
      ("network 2-2-4-2 (%s)"):format(path), "sha256 " .. net.sha256, "2 inputs:", "  x1", "  x2", "2 outputs: y1 y2",
      "  layer 1: 2 x 2 weights, 2 of them not 0; 2 ReLU",
      "  layer 2: 4 x 2 weights, 6 of them not 0; 2 ReLU, 2 linear",
      "  layer 3: 2 x 4 weights, 6 of them not 0; the outputs",
      "note: output 'p' is read, the first of: p e",
      "note: node 6 (Softmax): left out, the order of the outputs is that of 'e'", "" }, "\n"))
    local _, record = support.command("info", path, "--output", "c", "--json", "-")
    record = relucid.json.decode(record)
    lu.assertEquals(record.network.layers, { 2, 2, 2, 2 })
    lu.assertEquals(record.structure[2], { rows = 2, columns = 2, nonzero = 4, sparse = false, relu = 2, linear = 0 })
    lu.assertEquals(record.notes, {})
    lu.assertEquals(record.names, { inputs = { "x1", "x2" }, outputs = { "y1", "y2" } })
  end, ".onnx")
  support.with_file(support.NNET, function(path)
    local _, text = support.command("info", path)
    lu.assertStrContains(text, "  x1: -1 to 1\n")
  end, ".nnet")
end

function T.test_eval()
  support.with_file(residual(), function(path)
    local status, text = support.command("eval", path, "--point", "1,2")
    lu.assertEquals({ status, text }, { 0, "y1 -1\ny2 3\nlargest: output 2, y2\npattern 11 01--\n" })
    support.with_file("1,2\n-3,0.1\n", function(data)
      local x, y = { { 1, 2 }, { -3, 0.1 } }, relucid.load(path):eval { { 1, 2 }, { -3, 0.1 } }
      status, text = support.command("eval", path, "--data", data)
      local lines = ("%.17g %.17g\n%.17g %.17g\n"):format(y[1][1], y[1][2], y[2][1], y[2][2])
      lu.assertEquals({ status, text }, { 0, lines })
      local _, record = support.command("eval", path, "--data", data, "--json", "-")
      lu.assertEquals(relucid.json.decode(record).y, y)
      _, record = support.command("eval", path, "--data", data, "--point", "data:2", "--json", "-")
      lu.assertEquals(relucid.json.decode(record).y, { relucid.load(path):eval(x[2]) })
    end, ".csv")
    lu.assertEquals({ support.command("eval", path) }, { 2, "", "relucid: eval needs --point POINT or --data FILE\n" })
    lu.assertEquals({ support.command("eval", path, "--output", "nothing", "--point", "1,2") },
                    { 2, "", ("relucid: %s: has no output 'nothing'; its outputs are: p e\n"):format(path) })
  end, ".onnx")
end

return T
