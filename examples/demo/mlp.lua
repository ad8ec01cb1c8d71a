--- A fully connected ReLU network with its gradient, trained with Adam.
--- Plain Lua tables: slow next to a numerical library, quick enough for a few
--- hundred weights.

---@class Layer
---@field weights number[] row by row, outputs x inputs, then the biases
---@field inputs integer
---@field outputs integer
---@field package gradient number[]
---@field package moment number[] Adam's running mean of the gradient
---@field package square number[] and of its square

---@class Mlp
---@field layers Layer[]
---@field private updates integer
local Mlp = {}
Mlp.__index = Mlp

local function zeros(count)
  local list = {}
  for i = 1, count do
    list[i] = 0.0
  end
  return list
end

--- A network with random weights (He et al. 2015) and zero biases.
---@param sizes integer[] inputs, hidden layers, outputs
---@param prng Prng
---@return Mlp
function Mlp.new(sizes, prng)
  local layers = {}
  for k = 1, #sizes - 1 do
    local inputs, outputs = sizes[k], sizes[k + 1]
    local count = (inputs + 1) * outputs
    local layer = { inputs = inputs, outputs = outputs, weights = zeros(count) }
    for i = 1, inputs * outputs do
      layer.weights[i] = prng:normal() * math.sqrt(2 / inputs)
    end
    layer.gradient, layer.moment, layer.square = zeros(count), zeros(count), zeros(count)
    layers[k] = layer
  end
  return setmetatable({ layers = layers, updates = 0 }, Mlp)
end

--- The outputs at x, after all hidden activations: result[1] = x ... result[#layers + 1] = outputs.
---@param x number[]
---@return number[][]
function Mlp:activations(x)
  local layers = self.layers
  local result = { x }
  for k = 1, #layers do
    local layer, input = layers[k], result[k]
    local weights, inputs, outputs = layer.weights, layer.inputs, layer.outputs
    local hidden = k < #layers
    local output, at, bias = {}, 0, inputs * outputs
    for i = 1, outputs do
      local sum = weights[bias + i]
      for j = 1, inputs do
        sum = sum + weights[at + j] * input[j]
      end
      at = at + inputs
      output[i] = (hidden and sum < 0) and 0.0 or sum
    end
    result[k + 1] = output
  end
  return result
end

---@param x number[]
---@return number[]
function Mlp:eval(x)
  return self:activations(x)[#self.layers + 1]
end

--- Add to the gradient what one sample contributes.
---@param activations number[][] at the sample
---@param slope number[] derivative of the loss by each output
function Mlp:backward(activations, slope)
  local layers = self.layers
  for k = #layers, 1, -1 do
    local layer, input = layers[k], activations[k]
    local weights, gradient, inputs, outputs = layer.weights, layer.gradient, layer.inputs, layer.outputs
    local below = k > 1 and zeros(inputs)
    local bias = inputs * outputs
    for i = 1, outputs do
      local s = slope[i]
      if s ~= 0 then
        local at = (i - 1) * inputs
        gradient[bias + i] = gradient[bias + i] + s
        for j = 1, inputs do
          local value = input[j]
          -- A ReLU that is off passes nothing either way.
          if below and value > 0 then below[j] = below[j] + s * weights[at + j] end
          gradient[at + j] = gradient[at + j] + s * value
        end
      end
    end
    slope = below
  end
end

--- One step of Adam (Kingma, Ba 2015) with the gradient summed so far, which is then forgotten.
---@param rate number
---@param samples integer how many the gradient sums over
function Mlp:update(rate, samples)
  self.updates = self.updates + 1
  local decay1, decay2 = 0.9, 0.999
  local step = rate * math.sqrt(1 - decay2 ^ self.updates) / (1 - decay1 ^ self.updates)
  for _, layer in ipairs(self.layers) do
    local weights, gradient, moment, square = layer.weights, layer.gradient, layer.moment, layer.square
    for i = 1, #weights do
      local g = gradient[i] / samples
      local m = decay1 * moment[i] + (1 - decay1) * g
      local v = decay2 * square[i] + (1 - decay2) * g * g
      moment[i], square[i], gradient[i] = m, v, 0.0
      weights[i] = weights[i] - step * m / (math.sqrt(v) + 1e-8)
    end
  end
end

return Mlp
