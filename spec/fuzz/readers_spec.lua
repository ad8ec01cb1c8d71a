-- Damaged files: the readers either read them or raise a message that names the file; under the sanitizers no damage
-- goes unseen.  RELUCID_FUZZ: how many files of each kind (default 300).
local lu = require "luaunit"
local relucid = require "relucid"
local input = require "relucid.io.input"
local names = require "relucid.io.names"
local onnx = require "spec.onnx"
local support = require "spec.support"

local T = {}

local COUNT = math.tointeger(tonumber(os.getenv "RELUCID_FUZZ")) or 300

local function tensor(rng, name, dims)
  local data, count = {}, 1
  for _, dim in ipairs(dims) do count = count * dim end
  for i = 1, count do data[i] = rng(-20, 20) / 8 end
  return { name = name, dims = dims, data = data, typed = rng(1, 2) == 1 }
end

local function image_model(rng)
  local function t(name, ...) return tensor(rng, name, { ... }) end
  return {
    inputs = { { name = "x", dims = { "N", 2, 4, 4 } } }, outputs = { "y" },
    tensors = { t("w", 2, 1, 3, 3), t("b", 2), t("d", 3, 8), t("e", 3), t("mean", 1, 2, 1, 1),
                { name = "axes", dims = { 1 }, data = { 0 }, type = "int64" },
                { name = "s", dims = { 2 }, data = { 1, -1 }, type = "int64" } },
    nodes = { { "Sub", { "x", "mean" }, "a", name = "normalise" },
              { "Conv", { "a", "w", "b" }, "c", { group = 2, pads = { 1, 1, 1, 1 }, strides = { 1, 1 },
                                                  dilations = { 1, 1 }, kernel_shape = { 3, 3 } } },
              { "Relu", { "c" }, "r" },
              { "AveragePool", { "r" }, "p", { kernel_shape = { 2, 2 }, strides = { 2, 2 }, count_include_pad = 1 } },
              { "Transpose", { "p" }, "q", { perm = { 0, 2, 3, 1 } } }, { "Reshape", { "q", "s" }, "f" },
              { "Gemm", { "f", "d", "e" }, "g", { transB = 1, alpha = 0.5 } }, { "Relu", { "g" }, "h" },
              { "Squeeze", { "h", "axes" }, "y" } },
  }
end

local function dense_model(rng)
  local function t(name, ...) return tensor(rng, name, { ... }) end
  return {
    inputs = { { name = "x", dims = { 1, 1, 1, 5 } } }, outputs = { "y" },
    tensors = { t("w", 5, 4), t("b", 4), t("v", 4, 2), t("s", 4), t("zero", 1) },
    nodes = { { "Sub", { "x", "zero" }, "c" }, { "Flatten", { "c" }, "f", { axis = 1 } },
              { "MatMul", { "f", "w" }, "p" },
              { "Add", { "p", "b" }, "z" },
              { "BatchNormalization", { "z", "s", "b", "b", "s" }, "n", { epsilon = 9.0 } },
              { "Relu", { "n" }, "r" }, { "Constant", {}, "k", { value = { tensor = t(nil, 2) } } },
              { "MatMul", { "r", "v" }, "q" }, { "Mul", { "q", "k" }, "m" },
              { "Unsqueeze", { "m" }, "u", { axes = { 0 } } },
              { "Identity", { "u" }, "y" } },
  }
end

local function graph_model(rng)
  local function t(name, ...) return tensor(rng, name, { ... }) end
  local function ints(name, ...) return { name = name, dims = { select("#", ...) }, data = { ... }, type = "int64" } end
  return {
    inputs = { { name = "x", dims = { 1, 2, 3, 3 } }, { name = "z", dims = { 1, 4 } } }, outputs = { "p", "q" },
    tensors = { t("w", 2, 1, 2, 2), t("u", 2), t("v", 2, 2, 2, 2), t("s", 1), t("d", 3, 6), ints("minus", -1),
                ints("axis", 0), ints("from", 0), ints("to", 3),
                ints("one", 1), ints("step", 2), ints("pads", 0, 0, 0, 0, 1, 1, 0, 0),
                { name = "low", dims = {}, data = { -1 } }, { name = "scales", dims = { 4 }, data = { 1, 1, 2, 1 } } },
    nodes = { { "LeakyRelu", { "x" }, "a", { alpha = 0.25 } }, { "PRelu", { "x", "s" }, "b" },
              { "Add", { "a", "b" }, "c" }, { "Conv", { "c", "w", "u" }, "e", { group = 2, kernel_shape = { 2, 2 } } },
              { "MaxPool", { "e" }, "f", { kernel_shape = { 2, 1 }, strides = { 1, 1 } } },
              { "ConvTranspose", { "f", "v" }, "g", { strides = { 2, 1 }, output_padding = { 1, 0 } } },
              { "Clip", { "g", "low" }, "h" }, { "Shape", { "h" }, "i" },
              { "Slice", { "i", "from", "one", "axis" }, "j" }, { "Concat", { "j", "minus" }, "k", { axis = 0 } },
              { "Reshape", { "h", "k" }, "l" }, { "Slice", { "l", "from", "to", "one", "step" }, "m" },
              { "Gather", { "l", "to" }, "n", { axis = 1 } }, { "Concat", { "m", "n", "z" }, "o", { axis = 1 } },
              { "Split", { "o" }, { "o1", "o2" }, { axis = 1, split = { 6, 1 } } },
              { "Gemm", { "o1", "d" }, "r", { transB = 1 } }, { "Max", { "r", "low" }, "t1" },
              { "ReduceMax", { "t1" }, "t2", { axes = { 1 }, keepdims = 1 } }, { "Sub", { "t1", "t2" }, "t3" },
              { "ReduceMean", { "t3" }, "t4", { axes = { 1 } } }, { "Sum", { "t3", "t4", "o2" }, "y" },
              { "Softmax", { "y" }, "p", { axis = 1 } }, { "Resize", { "c", "", "scales" }, "q1",
                { mode = "nearest" } }, { "Pad", { "q1", "pads" }, "q", { mode = "constant" } } },
  }
end

local PROPERTY = [[
; a property
(declare-const X_0 Real) (declare-const X_1 Real)
(declare-const Y_0 Real) (declare-const Y_1 Real)
(assert (or (and (<= X_0 1) (>= X_0 -1e0) (<= X_1 0.5) (>= X_1 (- 0.25)))
  (and (<= 2 X_0 3) (<= -1 X_1 (+ 1 2)))))
(assert (<= (+ (* 2 Y_0) (* -1.5 X_1)) (- Y_1 7)))
(assert (or (>= Y_0 1) (< Y_1 Y_0) (= Y_0 Y_1)))
]]

local PROPERTY_2 = [[
(vnnlib-version <2.0>)
(declare-network f (declare-input X Real [1,2]) (declare-input t float32 [])
  (declare-hidden H Real [3] "relu") (declare-output Y Real [2]))
(assert (and (<= X[0,0] 1) (>= X[0,0] -1) (<= -1 X[0,1] 1) (<= 0 t 1)))
(assert (or (and (<= (+ (* 2 Y[0]) t) 1) (== Y[1] X[0,1])) (> Y[0] 5)))
]]

-- Too many ors to be multiplied out.
local PRODUCT = PROPERTY .. ("(assert (or (<= Y_0 1) (>= Y_1 (* 2 X_0)) (<= X_0 0.5)))\n"):rep(6)

-- ---- damage --------------------------------------------------------------------------------------------

local damages = {}

function damages.truncate(rng, text) return text:sub(1, rng(0, #text - 1)) end

function damages.byte(rng, text)
  local at = rng(1, #text)
  return text:sub(1, at - 1) .. string.char(rng(0, 255)) .. text:sub(at + 1)
end

function damages.bit(rng, text)
  local at = rng(1, #text)
  return text:sub(1, at - 1) .. string.char(text:byte(at) ~ (1 << rng(0, 7))) .. text:sub(at + 1)
end

function damages.delete(rng, text)
  local at = rng(1, #text)
  return text:sub(1, at - 1) .. text:sub(at + rng(1, 16))
end

function damages.duplicate(rng, text)
  local at, length = rng(1, #text), rng(1, 32)
  return text:sub(1, at + length) .. text:sub(at)
end

function damages.insert(rng, text)
  local at, bytes = rng(1, #text), {}
  for i = 1, rng(1, 10) do bytes[i] = string.char(rng(1, 3) == 1 and 255 or rng(0, 255)) end
  return text:sub(1, at) .. table.concat(bytes) .. text:sub(at + 1)
end

-- Words of the text change places: well-formed nonsense for a text format.
function damages.swap(rng, text)
  local a, b = rng(1, #text), rng(1, #text)
  local from, to = text:match("()%w+()", math.min(a, b))
  local word = text:match("%w+", math.max(a, b))
  if not from or not word then return text end
  return text:sub(1, from - 1) .. word .. text:sub(to)
end

local NAMES = {}
for name in pairs(damages) do NAMES[#NAMES + 1] = name end
table.sort(NAMES)

local function damaged(rng, text)
  for _ = 1, rng(1, 3) do
    if #text > 0 then text = damages[NAMES[rng(1, #NAMES)]](rng, text) end
  end
  return text
end

-- Every place of the model's table that holds a number or a string, in an order that does not depend on the run.
local function leaves(t, list)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, key in ipairs(keys) do
    if type(t[key]) == "table" then
      leaves(t[key], list)
    elseif type(t[key]) ~= "boolean" then
      list[#list + 1] = { t, key }
    end
  end
  return list
end

local INTEGERS = { -1, 0, 1, 2, 3, 5, 8, 100, 1 << 20, 1 << 26, 1 << 31, 1 << 40, 1 << 62, -(1 << 31), math.mininteger }

-- A model that is well-formed as a file, but for a few wrong sizes, names, operators and attributes.
local function twisted(rng, model)
  local list = leaves(model, {})
  for _ = 1, rng(1, 3) do
    local t, key = table.unpack(list[rng(1, #list)])
    local other = list[rng(1, #list)]
    if math.type(t[key]) == "integer" then
      t[key] = INTEGERS[rng(1, #INTEGERS)]
    elseif type(t[key]) == "string" and type(other[1][other[2]]) == "string" then
      t[key] = other[1][other[2]]
    end
  end
  local ok, text = pcall(onnx.model, model)
  return ok and text or onnx.model { inputs = {}, outputs = {} } -- a number that its type cannot hold
end

-- Read COUNT files that make(rng) gives: how many are refused, with a message that names the file.
local function fuzz(rng, make, suffix, read)
  local refused = 0
  for _ = 1, COUNT do
    support.with_file(make(rng), function(path)
      local ok, message = pcall(read, path)
      if not ok then
        refused = refused + 1
        lu.assertEquals(type(message), "string")
        lu.assertEquals(message:sub(1, #path + 1), path .. ":")
      lu.assertNil(message:find "[%z\1-\31\127]", message)
      end
    end, suffix)
  end
  return refused
end

-- A network that was read can be evaluated, and its numbers are finite.
local function use_network(path)
  local net = relucid.load(path)
  local x = {}
  for i = 1, net.n do x[i] = 0.25 end
  lu.assertEquals(#net:eval(x), net.m)
end

local function use_problem(path)
  local problem = relucid.vnnlib(path)
  if problem:is_large() then return lu.assertTrue(#problem.ors > 0) end
  for k, case in ipairs(problem.cases) do
    lu.assertEquals(problem:domain(k).n, problem.n)
    lu.assertEquals(problem:target(k).m, problem.m)
    lu.assertEquals(#case.lo, problem.n)
  end
end

-- The file as it is can be read; many damaged ones are refused.  forgiving: some are not.
local function run(name, original, damage, suffix, read, forgiving)
  support.random(name, function(rng)
    support.with_file(original(rng), read, suffix)
    local refused = fuzz(rng, function() return damage(rng, original) end, suffix, read)
    lu.assertTrue(refused > COUNT / 10)
    if forgiving then lu.assertTrue(refused < COUNT) end
  end)
end

local function bytes_of(make)
  return function(rng) return onnx.model(make(rng)) end
end

local function damage(rng, original) return damaged(rng, original(rng)) end

function T.test_onnx_images() run("fuzz images", bytes_of(image_model), damage, ".onnx", use_network) end
function T.test_onnx_dense() run("fuzz dense", bytes_of(dense_model), damage, ".onnx", use_network) end

function T.test_onnx_graphs() run("fuzz graphs", bytes_of(graph_model), damage, ".onnx", use_network) end

function T.test_onnx_twisted()
  for _, make in ipairs { image_model, dense_model, graph_model } do
    run("fuzz twisted", bytes_of(make), function(rng) return twisted(rng, make(rng)) end, ".onnx", use_network, true)
  end
end

function T.test_nnet() run("fuzz nnet", function() return support.NNET end, damage, ".nnet", use_network, true) end
function T.test_vnnlib()
  for _, text in ipairs { PROPERTY, PROPERTY_2, PRODUCT } do
    run("fuzz vnnlib", function() return text end, damage, ".vnnlib", use_problem)
  end
end

-- ---- data and results ------------------------------------------------------------------------------------

local function use_data(path)
  local data = relucid.data(path)
  lu.assertTrue(#data > 0)
  for _, x in ipairs(data:row(#data)) do lu.assertTrue(x - x == 0) end
end

local CSV = "# recorded\nx,y,z\n0.5,-1e3,3\n1,2,3\n.5;6;7e-1\n"
local IDX = "\0\0\8\3\0\0\0\2\0\0\0\2\0\0\0\2\1\2\3\4\5\6\7\8"

local function npy(descr, shape, data)
  local header = ("{'descr': '%s', 'fortran_order': False, 'shape': %s, }"):format(descr, shape)
  header = header .. (" "):rep(117 - #header) .. "\n"
  return "\147NUMPY\1\0" .. string.pack("<s2", header) .. data
end

local NPY = npy("<f8", "(2, 3)", string.pack("<dddddd", 1, 2, 3, 4, 5, 6))

-- Names, and points as a file has them.
local function use_names(path)
  local net = support.small()
  names.give(net, names.read(path), path)
  lu.assertEquals({ #net.inputs, #net.outputs }, { 2, 2 })
end

function T.test_names()
  for _, text in ipairs { '{"inputs": ["speed", "angle"], "outputs": ["left", "right"]}',
                          "speed,angle\nleft,right\n" } do
    run("fuzz names", function() return text end, damage, ".txt", use_names, true)
  end
end

local function use_point(path)
  for _, x in ipairs(input.point(path, 3)) do lu.assertTrue(x - x == 0) end
end

function T.test_points()
  for _, text in ipairs { "[0.5, -1e3, 3]", "0.5,-1e3,3\n", "0.5 -1e3 3" } do
    support.random("fuzz points", function(rng)
      support.with_file(text, use_point)
      for _ = 1, COUNT do
        support.with_file(damaged(rng, text), function(path)
          local ok, message = pcall(use_point, path)
          if ok then return end
          local named = message:sub(1, #path + 1) == path .. ":"
          lu.assertTrue(named or message:match "^%-%-point: has %d+ numbers" ~= nil, message)
          lu.assertNil(message:find "[%z\1-\31\127]", message)
        end)
      end
    end)
  end
end

function T.test_csv() run("fuzz csv", function() return CSV end, damage, ".csv", use_data, true) end
function T.test_idx() run("fuzz idx", function() return IDX end, damage, ".idx", use_data) end
function T.test_npy() run("fuzz npy", function() return NPY end, damage, ".npy", use_data, true) end

-- Sizes in headers that no file can fill, or whose product overflows.
function T.test_huge_sizes()
  local huge = { "(4294967296, 4294967296)", "(9223372036854775807,)", "(18446744073709551616, 1)", "(-1, 2)",
                 "(1000000000, 1000000000)", "(3000000000, 3)", "(2, 3, 3074457345618258603)", "(0, 3)", "()" }
  for _, shape in ipairs(huge) do
    support.with_file(npy("<f8", shape, "12345678"), function(path)
      support.raises_with(path .. ":", relucid.data, path)
    end, ".npy")
  end
  for _, sizes in ipairs { "\255\255\255\255\255\255\255\255", "\127\255\255\255\0\0\0\1", "\0\0\0\1\127\255\255\255",
                           "\0\0\0\0\0\0\0\1" } do
    support.with_file("\0\0\8\2" .. sizes .. "12345678", function(path)
      support.raises_with(path .. ":", relucid.data, path)
    end, ".idx")
  end
end

function T.test_no_rows()
  support.with_file(npy("<f8", "(0, 3)", ""), function(path)
    support.raises(path .. ": has 0 rows, expected at least 1", relucid.data, path)
  end, ".npy")
  support.with_file("\0\0\8\2\0\0\0\0\0\0\0\2", function(path)
    support.raises(path .. ": has 0 rows, expected at least 1", relucid.data, path)
  end, ".idx")
end

-- Results: every field of every kind of region, in turn missing or of a wrong type; then damaged text.
local function results()
  local texts = {}
  support.with_file(support.NNET, function(path)
    local net, point = relucid.load(path), { 0.5, -0.25 }
    for i, name in ipairs { "nninfer", "free", "box" } do
      texts[i] = relucid.strategy[name](net, point):json()
    end
  end, ".nnet")
  return texts
end

local function use_result(path)
  local result = relucid.result.read(path)
  local data = relucid.data { { 0.5, -0.25 }, { 0.75, 0 } }
  for i = 1, #result do
    lu.assertTrue(result:region(i):support(data) <= 2)
    result:box("width", i)
  end
  result:support(data)
end

local function copy(value)
  if type(value) ~= "table" then return value end
  local t = setmetatable({}, getmetatable(value))
  for key, member in pairs(value) do t[key] = copy(member) end
  return t
end

-- f(table, key) at each place in a copy of the record.
local function at_each_place(record, f)
  local count = 0
  local function walk(value, path)
    local keys = {}
    for key in pairs(value) do keys[#keys + 1] = key end
    for _, key in ipairs(keys) do
      local here = copy(record)
      local t = here
      for _, step in ipairs(path) do t = t[step] end
      f(here, t, key)
      count = count + 1
      if type(value[key]) == "table" then
        path[#path + 1] = key
        walk(value[key], path)
        path[#path] = nil
      end
    end
  end
  walk(record, {})
  return count
end

function T.test_results()
  local json = relucid.json
  local wrong = { relucid.null, true, -1, 1.5, 1e300, "x", json.array {}, json.object {}, json.array { 1, 2, 3 },
                  json.array { json.array { 1 } }, json.array { relucid.null, relucid.null } }
  support.with_file(nil, function(path)
    local function try(record)
      local ok, text = pcall(json.encode, record)
      if not ok then return end -- a hole in a list
      local file = assert(io.open(path, "wb"))
      file:write(text)
      file:close()
      local message
      ok, message = pcall(use_result, path)
      if ok then return end
      lu.assertEquals(type(message), "string")
      lu.assertStrContains(message, ": ")
      lu.assertNil(message:find "attempt to ", message)
      lu.assertNil(message:find "%.lua:%d", message)
      lu.assertNil(message:find "^bad argument", message)
    end
    for _, text in ipairs(results()) do
      local places = at_each_place(json.decode(text), function(record, t, key)
        t[key] = nil
        try(record)
        for w = 1, #wrong do
          t[key] = wrong[w]
          try(record)
        end
      end)
      lu.assertTrue(places > 50)
    end
  end)
end

function T.test_result_texts()
  for _, text in ipairs(results()) do
    run("fuzz results", function() return text end, damage, ".json", use_result, true)
  end
end

local function gzipped(text)
  local zipped
  support.with_file(text, function(path)
    os.execute(("gzip -c '%s' > '%s.gz'"):format(path, path))
    zipped = support.read(path .. ".gz")
    os.remove(path .. ".gz")
  end)
  return zipped
end

-- Every prefix of a file of each kind is refused, with the file's name, or can be read all the same.
local function each_prefix(content, suffix, read)
  for length = 0, #content - 1 do
    support.with_file(content:sub(1, length), function(path)
      local ok, message = pcall(read, path)
      if not ok then lu.assertEquals(tostring(message):sub(1, #path + 1), path .. ":") end
    end, suffix)
  end
end

function T.test_every_prefix()
  support.random("prefixes", function(rng)
    each_prefix(onnx.model(dense_model(rng)), ".onnx", use_network)
  end)
  each_prefix(support.NNET, ".nnet", use_network)
  each_prefix(PROPERTY, ".vnnlib", use_problem)
  each_prefix(PROPERTY_2, ".vnnlib", use_problem)
  each_prefix(CSV, ".csv", use_data)
  each_prefix(IDX, ".idx", use_data)
  each_prefix(NPY, ".npy", use_data)
  each_prefix(gzipped(support.NNET), ".nnet.gz", use_network)
  each_prefix(gzipped(CSV), ".csv.gz", use_data)
  each_prefix(results()[1], ".json", use_result)
end

return T
