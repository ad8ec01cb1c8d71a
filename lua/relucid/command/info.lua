--- relucid info: what a network's file holds.
local relucid = require "relucid"
local file = require "relucid.io.file"

local info = { summary = "Say what a network's file holds: layers, neurons, box, names, what reading changed." }

local json = relucid.json

local MOST_LISTED = 20

function info.define(parser)
  parser:argument("net", "The network: .nnet or .onnx; may be gzipped."):argname "NET"
  parser:flag("--raw", "Physical units of the .nnet file.")
  parser:option("--output", "The value of an ONNX graph to compute; default its first output."):argname "NAME"
  parser:option("--names", "A file of names of inputs and outputs."):argname "FILE"
end

local function input_lines(net)
  local lines, box = {}, net:box()
  for i, named in ipairs(net.inputs) do
    if i > MOST_LISTED then
      lines[#lines + 1] = ("  ... and %d more"):format(#net.inputs - MOST_LISTED)
      break
    end
    lines[i] = box and ("  %s: %.9g to %.9g"):format(named.name, box.lo[i], box.hi[i]) or "  " .. named.name
  end
  return lines
end

local function output_names(net)
  local list = {}
  for j, named in ipairs(net.outputs) do list[j] = j <= MOST_LISTED and named.name or "..." end
  return table.concat(list, " ", 1, math.min(#list, MOST_LISTED + 1))
end

local function layer_line(k, layer, last)
  local kinds = {}
  if layer.relu > 0 then kinds[#kinds + 1] = layer.relu .. " ReLU" end
  if layer.linear > 0 then kinds[#kinds + 1] = layer.linear .. " linear" end
  return ("  layer %d: %d x %d weights, %d of them not 0%s; %s"):format(k, layer.rows, layer.columns, layer.nonzero,
    layer.sparse and " (kept as sparse rows)" or "", last and "the outputs" or table.concat(kinds, ", "))
end

local function print_text(net)
  print(net)
  print("sha256 " .. net.sha256)
  print(("%d inputs:"):format(net.n))
  for _, line in ipairs(input_lines(net)) do print(line) end
  print(("%d outputs: %s"):format(net.m, output_names(net)))
  local structure = net:structure()
  for k, layer in ipairs(structure) do print(layer_line(k, layer, k == #structure)) end
  for _, note in ipairs(net.notes) do print("note: " .. note) end
end

local function names_of(list)
  local names = {}
  for i, named in ipairs(list) do names[i] = named.name end
  return json.array(names)
end

local LAYER_FIELDS = { "rows", "columns", "nonzero", "sparse", "relu", "linear" }

local function record_of(net)
  local layers, box = {}, net:box()
  for k, layer in ipairs(net:structure()) do layers[k] = json.object(layer, LAYER_FIELDS) end
  return json.object({
    relucid = 1,
    network = json.object({ file = net.file, sha256 = net.sha256, layers = net.sizes, raw = net.raw or nil },
                          { "file", "sha256", "layers", "raw" }),
    structure = json.array(layers),
    box = box and json.object(box, { "lo", "hi" }) or nil,
    names = json.object({ inputs = names_of(net.inputs), outputs = names_of(net.outputs) }, { "inputs", "outputs" }),
    notes = json.array(net.notes),
  }, { "relucid", "network", "structure", "box", "names", "notes" })
end

---@param args table  as argparse gives them
---@return integer status
function info.run(args)
  local net = relucid.load(args.net, { raw = args.raw, output = args.output, names = args.names })
  if args.json ~= "-" then print_text(net) end
  if args.json then file.write(args.json, json.encode(record_of(net)) .. "\n") end
  return 0
end

return info
