--- relucid eval: what a network answers at a point, or at the rows of a data file.
local relucid = require "relucid"
local file = require "relucid.io.file"
local input = require "relucid.io.input"

local eval = { summary = "Evaluate a network at a point, or at the rows of a data file: outputs, class, pattern." }

local json = relucid.json

function eval.define(parser)
  parser:argument("net", "The network: .nnet or .onnx; may be gzipped."):argname "NET"
  parser:option("--point", "The input: numbers, a file of them, or data:ROW."):argname "POINT"
  parser:option("--data", "Inputs: CSV, IDX or .npy; may be gzipped."):argname "FILE"
  parser:flag("--raw", "Physical units of the .nnet file.")
  parser:option("--output", "The value of an ONNX graph to compute; default its first output."):argname "NAME"
  parser:option("--names", "A file of names of inputs and outputs."):argname "FILE"
end

-- Numbers that read back to the same doubles.
local function text_of(values)
  local words = {}
  for i, value in ipairs(values) do words[i] = ("%.17g"):format(value) end
  return table.concat(words, " ")
end

local function class_of(y)
  local best = 1
  for j = 2, #y do
    if y[j] > y[best] then best = j end
  end
  return best
end

local function print_point(net, x, y)
  for j, named in ipairs(net.outputs) do print(("%s %.17g"):format(named.name, y[j])) end
  if net.m > 1 then
    local class = class_of(y)
    print(("largest: output %d, %s"):format(class, net.outputs[class].name))
  end
  if net.neurons > 0 then print("pattern " .. tostring(net:pattern(x))) end
end

---@param args table  as argparse gives them
---@return integer status
function eval.run(args)
  local net = relucid.load(args.net, { raw = args.raw, output = args.output, names = args.names })
  local data = args.data and input.data(args.data, net.n) or nil
  if not data and not args.point then error("eval needs --point POINT or --data FILE", 0) end
  local rows
  if args.point then
    local x = input.point(args.point, net.n, data)
    rows = { net:eval(x) }
    if args.json ~= "-" then print_point(net, x, rows[1]) end
  else
    rows = net:eval(data)
    for _, y in ipairs(args.json ~= "-" and rows or {}) do print(text_of(y)) end
  end
  if args.json then
    for i, y in ipairs(rows) do rows[i] = json.array(y) end
    file.write(args.json, json.encode(json.object({ y = json.array(rows) }, { "y" })) .. "\n")
  end
  return 0
end

return eval
