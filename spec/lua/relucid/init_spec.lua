local lu = require "luaunit"
local relucid = require "relucid"
local onnx = require "spec.onnx"
local support = require "spec.support"
local raises = support.raises

local T = {}

function T.test_load_by_name_and_by_content()
  support.with_file(support.NNET, function(path)
    lu.assertEquals(relucid.load(path).n, 2)
  end, ".txt")
  local model = onnx.model { inputs = { { name = "x", dims = { 1, 3 } } }, outputs = { "x" } }
  for _, suffix in ipairs { ".onnx", ".ONNX", ".bin" } do
    support.with_file(model, function(path) lu.assertEquals(relucid.load(path).n, 3) end, suffix)
  end
  raises("net.onnx: cannot open: No such file or directory", relucid.load, "net.onnx")
  raises("net.bin: cannot open: No such file or directory", relucid.load, "net.bin")
  raises("net.ONNX.gz: raw: ONNX files have no physical units, only .nnet files do", relucid.load, "net.ONNX.gz",
         { raw = true })
  support.raises_with("/nowhere/net.nnet", relucid.load, "/nowhere/net.nnet")
  support.raises_with("path: string expected, got nil", relucid.load)
end

function T.test_load_gzipped()
  support.with_file(support.NNET, function(path)
    if not os.execute("gzip -k " .. path .. " 2>/dev/null") then lu.skip "gzip is not installed" end
    local net = relucid.load(path .. ".gz")
    os.remove(path .. ".gz")
    lu.assertEquals(net:eval { 3, 2 }, { 1, 2 })
  end, ".nnet")
  local model = onnx.model { inputs = { { name = "x", dims = { 1, 3 } } }, outputs = { "x" } }
  for _, suffix in ipairs { ".onnx", ".other" } do
    support.with_file(model, function(path)
      os.execute("gzip -k " .. path)
      local net = relucid.load(path .. ".gz")
      os.remove(path .. ".gz")
      lu.assertEquals(net.n, 3)
    end, suffix)
  end
end

function T.test_load_raw()
  local text = support.NNET:gsub("0.0,0.0,0.0,\n1.0,1.0,1.0,", "1.0,0.0,0.0,\n2.0,1.0,1.0,")
  support.with_file(text, function(path)
    lu.assertEquals(relucid.load(path):eval { 1, 0 }, { 1, 0 })
    lu.assertEquals(relucid.load(path, { raw = true }):eval { 3, 0 }, { 1, 0 })
  end, ".nnet")
end

function T.test_malformed_file_is_named()
  support.with_file("// nothing\n2,2,2,2,\n2,x,2,\n", function(path)
    support.raises_with(path, relucid.load, path)
  end, ".nnet")
end

function T.test_modules_are_there()
  for _, name in ipairs { "strategy", "result", "plot" } do lu.assertEquals(type(relucid[name]), "table") end
  lu.assertNil(relucid.nothing)
  lu.assertStrMatches(relucid.version, "%d+%.%d+%.%d+")
end

function T.test_pipes_are_read_once()
  local message = "/dev/null: is a pipe or a device, read once only: expected a name that ends in .nnet or .onnx"
  raises(message, relucid.load, "/dev/null")
end

return T
