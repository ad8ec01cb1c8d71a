--- Writing a network as .nnet text (K. Julian, Stanford 2016).
---
--- Header: comments (//); layers, inputs, outputs, widest layer; all sizes; an
--- unused flag; per input the least and greatest value in physical units; means
--- and ranges, one per input and one for all outputs.  The weights act on
--- (value - mean) / range and give (output - mean) / range.
local writer = {}

---@class NnetHeader
---@field comments string[]
---@field mins number[] per input, physical units
---@field maxes number[]
---@field means number[] per input, then one for the outputs
---@field ranges number[]

---@class AffineLayer
---@field weights number[] row by row, outputs x inputs, then the biases
---@field inputs integer
---@field outputs integer

--- Comma separated, each number such that it reads back to the same double.
local function line(values)
  local text = {}
  for i, value in ipairs(values) do
    text[i] = string.format("%.17g", value)
  end
  return table.concat(text, ",") .. ",\n"
end

---@param path string
---@param layers AffineLayer[]
---@param header NnetHeader
function writer.write(path, layers, header)
  local sizes = { layers[1].inputs }
  for k, layer in ipairs(layers) do
    sizes[k + 1] = layer.outputs
  end
  local file <close> = assert(io.open(path, "w"))
  for _, comment in ipairs(header.comments) do
    file:write("// ", comment, "\n")
  end
  file:write(line { #layers, sizes[1], sizes[#sizes], math.max(table.unpack(sizes)) })
  file:write(line(sizes), "0,\n")
  file:write(line(header.mins), line(header.maxes), line(header.means), line(header.ranges))
  for _, layer in ipairs(layers) do
    local inputs, outputs = layer.inputs, layer.outputs
    for i = 1, outputs do
      file:write(line(table.move(layer.weights, (i - 1) * inputs + 1, i * inputs, 1, {})))
    end
    for i = 1, outputs do
      file:write(line { layer.weights[inputs * outputs + i] })
    end
  end
end

return writer
