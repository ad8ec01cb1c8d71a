--- Make the demo network:  lua5.4 examples/demo/train.lua [DIRECTORY]
---
--- Solves the collision-avoidance problem of mdp.lua, fits a 4-16-16-3 ReLU
--- network to its advisories and writes climb.nnet and encounters.csv into
--- DIRECTORY (default: next to this script).  About a minute.  Every random
--- number comes from prng.lua, so a second run writes the same files.
---
--- Inputs: h, vo, vi [ft, ft/s, ft/s], tau [s].  Outputs: 0 clear of conflict,
--- 1 climb, 2 descend; the greatest wins.
local here = arg[0]:match "^(.*/)" or "./"
package.path = here .. "?.lua;" .. here .. "../?.lua;" .. package.path

local mdp = require "mdp"
local Mlp = require "mlp"
local Prng = require "prng"
local nnet_writer = require "nnet_writer"

local DIRECTORY = arg[1] and arg[1] .. "/" or here
local SIZES = { 4, 16, 16, 3 }
local STATES, EPOCHS, BATCH = 40000, 40, 50
local RATE = 0.01
local ENCOUNTERS = 3000
-- Advisories whose values differ by this much are told apart by one unit of score.
local TEMPERATURE = 0.0005

--- Physical units: steps in which states are sampled, so that the file of encounters stays short.
local STEP = { 1, 0.1, 0.1, 0.1 }

local means, ranges = {}, {}
for i = 1, 4 do
  means[i] = (mdp.LO[i] + mdp.HI[i]) / 2
  ranges[i] = mdp.HI[i] - mdp.LO[i]
end
means[5], ranges[5] = 0, 1 -- outputs are written as they are

local function normalise(state)
  local x = {}
  for i = 1, 4 do
    x[i] = (state[i] - means[i]) / ranges[i]
  end
  return x
end

local function argmax(values)
  local best = 1
  for i = 2, #values do
    if values[i] > values[best] then best = i end
  end
  return best
end

--- A state of the domain; every second one is an encounter: without any action
--- the aircraft would pass within 400 ft.
local function sample_state(prng)
  local encounter = prng:chance(0.5)
  while true do
    local state = {}
    for i = 1, 4 do
      state[i] = prng:uniform(mdp.LO[i], mdp.HI[i])
    end
    if encounter then state[1] = prng:uniform(-400, 400) - (state[3] - state[2]) * state[4] end
    for i = 1, 4 do
      state[i] = math.floor(state[i] / STEP[i] + 0.5) * STEP[i]
    end
    if math.abs(state[1]) <= mdp.HI[1] then return state end
  end
end

---@class Sample
---@field state number[] physical units
---@field x number[] normalised
---@field values number[] of the three advisories
---@field target number[] softmax of values / TEMPERATURE

local function softmax(values, temperature)
  local top, sum, result = math.max(table.unpack(values)), 0, {}
  for i, value in ipairs(values) do
    result[i] = math.exp((value - top) / temperature)
    sum = sum + result[i]
  end
  for i = 1, #result do
    result[i] = result[i] / sum
  end
  return result
end

---@return Sample[]
local function sample_set(policy, prng, count)
  local set = {}
  for i = 1, count do
    local state = sample_state(prng)
    local values = policy:values(table.unpack(state))
    set[i] = { state = state, x = normalise(state), values = values, target = softmax(values, TEMPERATURE) }
  end
  return set
end

--- How often the network's advisory is the table's, how often where the table
--- does not say clear, and the mean loss of value.
local function assess(net, set)
  local agree, alerts, agree_alerts, regret = 0, 0, 0, 0
  for _, sample in ipairs(set) do
    local want, got = argmax(sample.values), argmax(net:eval(sample.x))
    local same = want == got and 1 or 0
    agree = agree + same
    if want > 1 then alerts, agree_alerts = alerts + 1, agree_alerts + same end
    regret = regret + sample.values[want] - sample.values[got]
  end
  return agree / #set, agree_alerts / alerts, regret / #set
end

--- Fit the scores by cross-entropy against the softmax of the table's values:
--- a mistake costs the more, the more the advisories differ in value.
local function train(net, set, prng)
  local updates, update = EPOCHS * #set // BATCH, 0
  for epoch = 1, EPOCHS do
    prng:shuffle(set)
    for first = 1, #set, BATCH do
      for i = first, first + BATCH - 1 do
        local sample = set[i]
        local activations = net:activations(sample.x)
        local slope = softmax(activations[#activations], 1)
        for k = 1, #slope do
          slope[k] = slope[k] - sample.target[k]
        end
        net:backward(activations, slope)
      end
      update = update + 1
      net:update(RATE * (1 - update / (updates + 1)), BATCH)
    end
    if epoch % 5 == 0 then
      print(string.format("epoch %d: %.2f %% of the advisories as in the table", epoch, 100 * assess(net, set)))
    end
  end
end

local function write_encounters(path, set)
  local file <close> = assert(io.open(path, "w"))
  file:write "h,vo,vi,tau\n"
  for _, sample in ipairs(set) do
    file:write(string.format("%.0f,%.1f,%.1f,%.1f\n", table.unpack(sample.state)))
  end
end

local prng = Prng.new(2020)
print "solving the decision problem"
local policy = mdp.solve()
local training = sample_set(policy, prng, STATES)
local encounters = sample_set(policy, prng, ENCOUNTERS)
local net = Mlp.new(SIZES, prng)
train(net, training, prng)

local agree, agree_alerts, regret = assess(net, encounters)
print(string.format("encounters: %.2f %% as in the table (%.2f %% of its alerts), mean loss of value %.2g",
  100 * agree, 100 * agree_alerts, regret))
assert(agree >= 0.93, "the network agrees too rarely with the table")

nnet_writer.write(DIRECTORY .. "climb.nnet", net.layers, {
  comments = {
    "Advisories for a vertical encounter, made by examples/demo/train.lua.",
    "Inputs: intruder above own [ft], own and intruder's vertical rate [ft/s], time to closest approach [s].",
    "Outputs: 0 clear of conflict, 1 climb, 2 descend; the greatest wins.",
  },
  mins = mdp.LO,
  maxes = mdp.HI,
  means = means,
  ranges = ranges,
})
write_encounters(DIRECTORY .. "encounters.csv", encounters)
