--- relucid: for which inputs does a ReLU network provably keep a property?
---
---     local relucid = require "relucid"
---     local net     = relucid.load "network.nnet"
---     local result  = relucid.strategy.nninfer(net, point, relucid.property.argmax(net, 1), {epsilon = 0.1})
---     print(result:pattern(), result:box("volume").log_volume)
local core = require "relucid.core"
local names = require "relucid.io.names"
require "relucid.job"
require "relucid.proof"
require "relucid.region"
require "relucid.geometry"
require "relucid.network"

local relucid = {
  version = core.version,
  null = core.json.null,
  network = core.network,
  pattern = core.pattern,
  domain = require "relucid.domain",
  region = core.region,
  property = core.property,
  json = core.json,
  search_options = core.search_options,
  preimage_options = core.preimage_options,
  inflate_options = core.inflate_options,
  now = core.now,
}

-- Modules that not every script needs are loaded at their first use.
local lazy = { strategy = "relucid.strategy", result = "relucid.result", plot = "relucid.plot",
               verify = "relucid.verify", experiment = "relucid.experiment" }
setmetatable(relucid, {
  __index = function(self, name)
    if not lazy[name] then return nil end
    self[name] = require(lazy[name])
    return self[name]
  end,
})

-- The first byte of a file's content.
local function first_byte(path)
  if core.file_kind(path) == "other" then
    error(("%s: is a pipe or a device, read once only: expected a name that ends in .nnet or .onnx"):format(path), 0)
  end
  return core.read_file(path):byte()
end

local LOAD_OPTIONS = { raw = "boolean", inputs = "table", outputs = "table", names = "string", output = "string" }

local function check_load(path, options)
  if type(path) ~= "string" then error(("path: string expected, got %s"):format(type(path)), 0) end
  if type(options) ~= "table" then error(("options: table expected, got %s"):format(type(options)), 0) end
  for name, value in pairs(options) do
    local expected = LOAD_OPTIONS[name]
    if not expected then
      error(("load: unknown option '%s'; known are: inputs names output outputs raw"):format(tostring(name)), 0)
    end
    if type(value) ~= expected then
      error(("load: option %s: %s expected, got %s"):format(name, expected, type(value)), 0)
    end
  end
end

-- The network of the file, whatever its format.
local function read_network(path, raw, output)
  local name = path:lower():gsub("%.gz$", "")
  -- An ONNX file starts with field 1, the version of its format.
  local is_onnx = name:match "%.onnx$" or (not name:match "%.nnet$" and first_byte(path) == 8)
  if not is_onnx then
    if output then error(("%s: output: only ONNX files have outputs with names"):format(path), 0) end
    return core.read_nnet(path, raw)
  end
  if raw then error(("%s: raw: ONNX files have no physical units, only .nnet files do"):format(path), 0) end
  return core.read_onnx(path, output)
end

---@class relucid.LoadOptions
---@field raw? boolean      the .nnet file's physical units instead of the network's own
---@field output? string   the value of an ONNX graph to compute; default its first output
---@field inputs? string[]  a name for each input
---@field outputs? string[] a name for each output
---@field names? string     a file of such names (see relucid.io.names); inputs and outputs here come before it

--- Read a network.  The format is told by the name, else by the content.
---@param path string  .nnet or .onnx; may be gzipped
---@param options? relucid.LoadOptions
---@return table network  relucid.network; net.inputs[i].name and net.outputs[j].name are names, "x1" and "y1" without
function relucid.load(path, options)
  options = options or {}
  check_load(path, options)
  local net = read_network(path, options.raw or false, options.output)
  if options.names then names.give(net, names.read(options.names), options.names) end
  if options.inputs or options.outputs then names.give(net, options) end
  return net
end

--- A result in words: what the command prints.
---@param result relucid.Result
---@param options? relucid.DescribeOptions
---@return string text  lines
function relucid.describe(result, options)
  if getmetatable(result) ~= require "relucid.result" then
    error(("result: a result of a strategy expected, got %s"):format(type(result)), 0)
  end
  return require("relucid.report").describe(result, options)
end

--- Rows of numbers, from a file (IDX, .npy, CSV; may be gzipped) or a list of lists.
---@param source string|number[][]
---@param options? {scale: number?}  multiplies each value; without it IDX bytes are divided by 255
---@return table data  relucid.data
function relucid.data(source, options)
  return core.data(source, options)
end

--- The question that a VNN-LIB file asks.
---@param path string  may be gzipped
---@param net? table  relucid.network that the file's numbers of inputs and outputs must fit
---@return relucid.Vnnlib
function relucid.vnnlib(path, net)
  return require("relucid.io.vnnlib").read(path, net)
end

--- The property that a VNN-LIB file is about, as a goal: the negation of what the file asserts, as its assertions
--- describe the counterexample.
---@param path string  may be gzipped
---@param net? table  relucid.network that the file's numbers of inputs and outputs must fit
---@return table property  relucid.property
---@return table domain  relucid.domain: the file's input set; it must have only one (see relucid.vnnlib for several)
function relucid.property.vnnlib(path, net)
  local problem = relucid.vnnlib(path, net)
  problem:check_satisfiable()
  if #problem.cases > 1 then
    error(("%s: has %d input sets, expected one; relucid.vnnlib gives them all"):format(path, #problem.cases), 0)
  end
  local domain = problem:domain(1)
  return problem:goal(domain), domain
end

return relucid
