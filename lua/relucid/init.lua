--- relucid: for which inputs does a ReLU network provably keep a property?
---
---     local relucid = require "relucid"
---     local net     = relucid.load "network.nnet"
---     local result  = relucid.strategy.nninfer(net, point, relucid.property.argmax(net, 1), {epsilon = 0.1})
---     print(result:pattern(), result:box("volume").log_volume)
local core = require "relucid.core"
require "relucid.job"

local relucid = {
  version = core.version,
  null = core.json.null,
  network = core.network,
  pattern = core.pattern,
  domain = core.domain,
  region = core.region,
  property = core.property,
  json = core.json,
  search_options = core.search_options,
  now = core.now,
}

-- Modules that not every script needs are loaded at their first use.
local lazy = { strategy = "relucid.strategy", result = "relucid.result", plot = "relucid.plot" }
setmetatable(relucid, {
  __index = function(self, name)
    if not lazy[name] then return nil end
    self[name] = require(lazy[name])
    return self[name]
  end,
})

-- The first bytes of a file; a missing file is left to the reader's message.
local function first_bytes(path)
  local file = io.open(path, "rb")
  if not file then return "" end
  local bytes = file:read(2) or ""
  file:close()
  return bytes
end

--- Read a network.  The format is told by the name, else by the content.
---@param path string  .nnet or .nnet.gz
---@param options? {raw: boolean?}  raw: the file's physical units instead of the network's own
---@return table network  relucid.network
function relucid.load(path, options)
  if type(path) ~= "string" then error(("path: string expected, got %s"):format(type(path)), 2) end
  local name = path:lower():gsub("%.gz$", "")
  local is_onnx = name:match("%.onnx$") or (not name:match("%.nnet$") and first_bytes(path):byte() == 8)
  if is_onnx then error(("%s: ONNX files are not supported yet"):format(path), 0) end
  return core.read_nnet(path, options and options.raw or false)
end

--- Rows of numbers, from a file (IDX, .npy, CSV; may be gzipped) or a list of lists.
---@param source string|number[][]
---@param options? {scale: number?}  multiplies each value; without it IDX bytes are divided by 255
---@return table data  relucid.data
function relucid.data(source, options)
  return core.data(source, options)
end

--- The property of a VNN-LIB file.
---@param path string
function relucid.property.vnnlib(path)
  error(("%s: VNN-LIB files are not supported yet"):format(tostring(path)), 0)
end

return relucid
