--- How large the box of strategy `box` grows in so many CPU seconds: MNIST, 784-10x10-10, the digits of the most
--- frequent activation patterns (those of examples/paper/mnist.lua), options as a user has them.
---
--- For each number of seconds the median log-volume over the digits, beside that of the largest box inside the point's
--- linear piece (start = "piece", no growth), which is the reference of the ratio: by how much each input's width grows
--- in the geometric mean.  Every box is sampled against the network.
---
--- Environment: RELUCID_DATA; SECONDS ("2 20"); DIGITS (50); SAMPLES (200).
local relucid = require "relucid"
local bench = require "spec.bench.support"
local mnist = require "examples.paper.mnist"
local sampling = require "spec.sampling"
local support = require "spec.support"

local directory = bench.data "box_bench"
if not directory then return end
local DIGITS, SAMPLES = bench.setting("DIGITS", 50), bench.setting("SAMPLES", 200)

local net = relucid.load(directory .. "/mnist/mnist10x10.nnet")
local data = relucid.data(directory .. "/mnist/mnist-images.idx3-ubyte.gz")
local domain, rng = bench.unit_box(net.n), support.generator(1)

local function log_volume(box)
  local sum = 0
  for i, lo in ipairs(box.lo) do sum = sum + math.log(math.max(box.hi[i] - lo, 1e-300)) end
  return sum
end

local function piece(point)
  local form = net:affine(net:pattern(point))
  local best, rows = bench.largest(net:eval(point)), { A = {}, b = {} }
  for k = 1, #form.W do
    if k ~= best then
      local a = {}
      for i = 1, net.n do a[i] = form.W[k][i] - form.W[best][i] end
      rows.A[#rows.A + 1], rows.b[#rows.b + 1] = a, form.b[best] - form.b[k]
    end
  end
  return relucid.region(net, domain, net:pattern(point), rows):box("volume", point, 60)
end

local function grown(point, goal, seconds)
  local started = os.clock()
  local result = relucid.strategy.box(net, point, goal, { domain = domain, stop = function()
    return os.clock() - started >= seconds
  end })
  local region, cpu, wrong = result:region(), os.clock() - started, 0
  for _ = 1, SAMPLES do
    local x = sampling.in_box(rng, region.lo, region.hi)
    if goal:value(x, net:eval(x)) < -1e-9 then wrong = wrong + 1 end
  end
  return log_volume(region), cpu, wrong
end

local chosen, pieces = mnist.representatives(net, data, DIGITS), {}
for i, entry in ipairs(chosen) do
  local point = data:row(entry.row)
  pieces[i] = log_volume(piece(point))
end
print(("largest boxes of %d linear pieces: median log-volume %.1f (%s)"):format(#chosen, bench.quantile(pieces, 0.5),
  bench.load()))
print "  seconds     median   quarter  smallest   widths   CPU s  wrong samples"
for word in (os.getenv "SECONDS" or "2 20"):gmatch "%S+" do
  local volumes, gains, cpus, wrong = {}, {}, {}, 0
  for i, entry in ipairs(chosen) do
    local point = data:row(entry.row)
    local goal = relucid.property.argmax(net, bench.largest(net:eval(point)))
    local volume, cpu, bad = grown(point, goal, tonumber(word))
    volumes[i], cpus[i] = volume, cpu
    gains[i], wrong = math.exp((volumes[i] - pieces[i]) / net.n), wrong + bad
  end
  print(("  %7s %10.1f %9.1f %9.1f %8.2f %7.2f %14d"):format(word, bench.quantile(volumes, 0.5),
    bench.quantile(volumes, 0.25), bench.quantile(volumes, 0), bench.quantile(gains, 0.5), bench.quantile(cpus, 0.5),
    wrong))
end
