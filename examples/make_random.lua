--- Random networks: standard normal weights and biases, inputs in [-3, 3].
---
---     lua5.4 examples/make_random.lua SEED FILE.nnet [SIZES]
---
--- SIZES is like 5-2-5-4-3 (default, the random networks of the paper) or 2-4-2.
local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"
package.path = here .. "?.lua;" .. package.path

local Prng = require "prng"
local nnet_writer = require "nnet_writer"

local make_random = {}

make_random.PAPER = { 5, 2, 5, 4, 3 }
make_random.PLANE = { 2, 4, 2 }
local BOUND = 3

--- The affine layers of a random network.
---@param seed integer
---@param sizes? integer[] inputs, hidden layers, outputs; default make_random.PAPER
---@return AffineLayer[]
function make_random.layers(seed, sizes)
  sizes = sizes or make_random.PAPER
  local prng, layers = Prng.new(seed), {}
  for k = 1, #sizes - 1 do
    local weights = {}
    for i = 1, (sizes[k] + 1) * sizes[k + 1] do
      weights[i] = prng:normal()
    end
    layers[k] = { inputs = sizes[k], outputs = sizes[k + 1], weights = weights }
  end
  return layers
end

local function filled(count, value)
  local list = {}
  for i = 1, count do
    list[i] = value
  end
  return list
end

--- Write a random network as .nnet text, not normalised.
---@param path string
---@param seed integer
---@param sizes? integer[] default make_random.PAPER
function make_random.write(path, seed, sizes)
  sizes = sizes or make_random.PAPER
  local inputs = sizes[1]
  nnet_writer.write(path, make_random.layers(seed, sizes), {
    comments = { ("Random network, seed %d, made by examples/make_random.lua."):format(seed) },
    mins = filled(inputs, -BOUND),
    maxes = filled(inputs, BOUND),
    means = filled(inputs + 1, 0),
    ranges = filled(inputs + 1, 1),
  })
end

local function main(seed, path, sizes_text)
  local sizes
  if sizes_text then
    sizes = {}
    for size in sizes_text:gmatch "%d+" do
      sizes[#sizes + 1] = math.tointeger(tonumber(size))
    end
  end
  seed = math.tointeger(tonumber(seed or ""))
  if not seed or not path or (sizes and #sizes < 2) then
    io.stderr:write "usage: lua5.4 examples/make_random.lua SEED FILE.nnet [SIZES]\n"
    os.exit(2)
  end
  make_random.write(path, seed, sizes)
end

if arg and arg[0] and arg[0]:match "make_random%.lua$" then main(arg[1], arg[2], arg[3]) end

return make_random
