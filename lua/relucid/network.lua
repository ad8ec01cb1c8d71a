--- What relucid.network can do beyond its C methods: local forms, gradients, attacks.
local core = require "relucid.core"

--- The affine map that the network is around x: y = W x + b where the neurons keep their signs, rounded to nearest.
---@param x number[]
---@return {W: number[][], b: number[]}
function core.methods.network.local_form(self, x)
  core.check(self, "network")
  return self:affine(self:pattern(x))
end

local function check_weights(list, m)
  local right = type(list) == "table" and #list == m
  for k = 1, right and m or 0 do right = right and math.type(list[k]) ~= nil end
  if not right then error(("output: expected its number or a list of %d weights"):format(m), 0) end
end

--- The gradient at x of an output, or of a sum of outputs with weights; where a pre-activation is 0 that of the side
--- where the neuron is on.
---@param x number[]
---@param output integer|number[]  its number, or a weight for each
---@return number[]
function core.methods.network.gradient(self, x, output)
  core.check(self, "network")
  local weights = output
  if math.type(output) == "integer" then
    if output < 1 or output > self.m then error(("output is %d, expected 1 to %d"):format(output, self.m), 0) end
    weights = { [output] = 1 }
  else
    check_weights(output, self.m)
  end
  local W, gradient = self:local_form(x).W, {}
  for i = 1, self.n do
    local sum = 0.0
    for k = 1, self.m do sum = sum + (weights[k] or 0) * W[k][i] end
    gradient[i] = sum
  end
  return gradient
end

---@class relucid.AttackOptions
---@field domain? table     relucid.domain; default: the box that the network's file gives
---@field pattern? table    relucid.pattern that the input has to obey
---@field restarts? integer default 10
---@field seed? integer     default 1

--- Look for an input without the goal by samples and projected descents, as the decision procedure does before it
--- bounds anything; what is returned is confirmed in exact arithmetic.
---@param goal table  relucid.property
---@param options? relucid.AttackOptions
---@return number[]|nil x
function core.methods.network.attack(self, goal, options)
  core.check(self, "network")
  core.check(goal, "property", "goal")
  if options == nil then options = {} end
  if type(options) ~= "table" then error(("attack: options: table expected, got %s"):format(type(options)), 0) end
  for name in pairs(options) do
    if not ({ domain = true, pattern = true, restarts = true, seed = true })[name] then
      error(("attack: unknown option '%s', expected domain, pattern, restarts, seed"):format(tostring(name)), 0)
    end
  end
  for _, name in ipairs { "restarts", "seed" } do
    if options[name] ~= nil and not math.tointeger(options[name]) then
      error(("attack: %s is %s, expected an integer"):format(name, tostring(options[name])), 0)
    end
  end
  local target = goal:negate()
  for try = 0, (options.restarts or 10) - 1 do
    local search <close> = self:search { domain = options.domain, pattern = options.pattern, target = target,
                                         mode = "find_strict", nodes = 1, seed = (options.seed or 1) + try }
    while search:step(1) == "running" do end
    if search:verdict() == "counterexample" then return search:witness() end
    if search:verdict() == "proved" then return nil end
  end
  return nil
end
