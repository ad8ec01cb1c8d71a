--- Local robustness of fully connected networks of MNIST's size, 784-4x256-10 and 784-9x200-10: do all images within
--- eps of a digit (each pixel, cut to [0,1]) keep the network's answer?
---
--- The networks are trained here, on the first TRAIN digits, with the trainer of examples/demo, from a fixed seed; they
--- are kept in build/bench.  Training takes some minutes the first time.
---
--- Environment: RELUCID_DATA; NETWORKS (default "4x256,9x200"); TRAIN (2000); EPS (default "0.001,0.005,0.02"); DIGITS
--- (3), counted from the end of the data; TIMEOUT, seconds for each query (20); THREADS (1).
local Mlp = require "examples.demo.mlp"
local Prng = require "examples.prng"
local nnet_writer = require "examples.nnet_writer"
local relucid = require "relucid"
local support = require "spec.bench.support"

local directory = support.data "robust"
if not directory then return end

local TRAIN, DIGITS = support.setting("TRAIN", 2000), support.setting("DIGITS", 3)
local TIMEOUT, THREADS = support.setting("TIMEOUT", 20), support.setting("THREADS", 1)
local SEED, BATCH, RATE = 1, 20, 0.001

local images = relucid.data(directory .. "/mnist/mnist-images.idx3-ubyte.gz")
local labels = relucid.data(directory .. "/mnist/mnist-labels.idx1-ubyte.gz", { scale = 1 })

local function label(row) return math.tointeger(labels:row(row)[1]) + 1 end

-- Derivative of the cross entropy by the outputs.
local function slope_of(y, class)
  local most, sum, slope = y[support.largest(y)], 0, {}
  for i, value in ipairs(y) do
    slope[i] = math.exp(value - most)
    sum = sum + slope[i]
  end
  for i in ipairs(y) do slope[i] = slope[i] / sum - (i == class and 1 or 0) end
  return slope
end

local function train(sizes)
  local mlp = Mlp.new(sizes, Prng.new(SEED))
  for first = 1, TRAIN - BATCH + 1, BATCH do
    for row = first, first + BATCH - 1 do
      local activations = mlp:activations(images:row(row))
      mlp:backward(activations, slope_of(activations[#activations], label(row)))
    end
    mlp:update(RATE, BATCH)
  end
  return mlp
end

local function filled(count, value)
  local list = {}
  for i = 1, count do list[i] = value end
  return list
end

-- The network, "4x256" for four hidden layers of 256.
local function network(name)
  local path = ("%s/bench/mnist-%s-%d.nnet"):format(os.getenv "RELUCID_BUILD" or "build", name, TRAIN)
  local file = io.open(path)
  if file then
    file:close()
    return relucid.load(path)
  end
  local hidden, width = name:match "^(%d+)x(%d+)$"
  assert(hidden, "NETWORKS: expected names such as 4x256, got " .. name)
  local sizes, started = { 784 }, os.clock()
  for k = 1, tonumber(hidden) do sizes[k + 1] = math.tointeger(tonumber(width)) end
  sizes[#sizes + 1] = 10
  local mlp = train(sizes)
  os.execute(("mkdir -p '%s'"):format(path:match "^(.*)/"))
  nnet_writer.write(path .. ".new", mlp.layers, {
    comments = { ("MNIST, trained on %d digits by spec/bench/robust_bench.lua."):format(TRAIN) },
    mins = filled(784, 0), maxes = filled(784, 1), means = filled(785, 0), ranges = filled(785, 1),
  })
  assert(os.rename(path .. ".new", path))
  print(("%s: trained in %.0f CPU s"):format(name, os.clock() - started))
  return relucid.load(path)
end

-- Share of the digits that were not trained on, at most 2000 of them, that get their label.
local function accuracy(net)
  local first, right = math.max(TRAIN + 1, #images - 1999), 0
  for row = first, #images do
    if support.largest(net:eval(images:row(row))) == label(row) then right = right + 1 end
  end
  return right / (#images - first + 1)
end

local function ball(point, eps)
  local lo, hi = {}, {}
  for i, value in ipairs(point) do lo[i], hi[i] = math.max(0, value - eps), math.min(1, value + eps) end
  return relucid.domain { lo = lo, hi = hi }
end

local function query(net, row, eps)
  local point = images:row(row)
  local goal = relucid.property.argmax(net, support.largest(net:eval(point)))
  return support.measure(net:search { domain = ball(point, eps), target = goal:negate(), mode = "find_strict",
                                      seconds = TIMEOUT, threads = THREADS })
end

io.stdout:setvbuf "line"
print(("robustness: at most %g s each, threads %d, %s"):format(TIMEOUT, THREADS, support.load()))
for name in (os.getenv "NETWORKS" or "4x256,9x200"):gmatch "[^,]+" do
  local net = network(name)
  print(("784-%s-10: %d neurons, right on %.1f %% of digits not trained on"):format(name, net.neurons,
    100 * accuracy(net)))
  print "   eps    digit  verdict          seconds    CPU s    nodes      LPs   peak MB"
  for eps in (os.getenv "EPS" or "0.001,0.005,0.02"):gmatch "[^,]+" do
    for k = 0, DIGITS - 1 do
      local r = query(net, #images - k, tonumber(eps))
      print(("  %-7s %5d  %-14s %9.2f %8.2f %8d %8d %9.0f"):format(eps, #images - k, r.verdict, r.seconds, r.cpu,
        r.nodes, r.lps, r.megabytes))
    end
  end
end
