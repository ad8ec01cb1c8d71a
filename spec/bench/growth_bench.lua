--- How time and nodes grow with the number of neurons, of inputs, and with the domain's width.
---
--- Random networks (standard normal weights and biases, as of examples/make_random.lua, each layer's weights divided by
--- the square root of its inputs); the query maximises the first output over a box around 0, to a gap of 1e-6.  Medians
--- over SEEDS networks, one of the three numbers varied at a time.
---
--- Environment: SEEDS (5); TIMEOUT, seconds for each query (10); THREADS (1).
local relucid = require "relucid"
local support = require "spec.bench.support"

local SEEDS, TIMEOUT = support.setting("SEEDS", 5), support.setting("TIMEOUT", 10)
local THREADS = support.setting("THREADS", 1)

local function query(seed, inputs, layers, width, half)
  local lo, hi = {}, {}
  for i = 1, inputs do lo[i], hi[i] = -half, half end
  local net = support.random_network(seed, inputs, layers, width, 2)
  return support.measure(net:search { domain = relucid.domain { lo = lo, hi = hi }, mode = "maximize", gap = 1e-6,
    target = relucid.property.linear(net, { { c = { 1, 0 }, d = 0 } }), seconds = TIMEOUT, threads = THREADS })
end

local function row(inputs, layers, width, half)
  local lists, open, peak = { seconds = {}, cpu = {}, nodes = {}, lps = {} }, 0, 0
  for seed = 1, SEEDS do
    local result = query(seed, inputs, layers, width, half)
    for name, list in pairs(lists) do list[seed] = result[name] end
    if result.verdict ~= "proved" then open = open + 1 end
    peak = math.max(peak, result.megabytes)
  end
  local function median(name) return support.quantile(lists[name], 0.5) end
  print(("  %6d %8s %7d %6g %10.4f %10.4f %8d %8d %5d %8.0f"):format(inputs, ("%dx%d"):format(layers, width),
    layers * width, 2 * half, median "seconds", median "cpu", median "nodes", median "lps", open, peak))
end

io.stdout:setvbuf "line"
print(("growth: medians of %d networks, at most %g s each (open: not finished), threads %d, %s"):format(SEEDS, TIMEOUT,
  THREADS, support.load()))
print "  inputs   hidden neurons  width    seconds      CPU s    nodes      LPs  open  peak MB"
print " neurons in each of 3 layers"
for _, width in ipairs { 5, 10, 20, 40, 80 } do row(4, 3, width, 1) end
print " layers of 20"
for _, layers in ipairs { 1, 2, 4, 6, 8 } do row(4, layers, 20, 1) end
print " inputs"
for _, inputs in ipairs { 2, 4, 6, 8, 12, 16 } do row(inputs, 2, 20, 1) end
print " width of the domain"
for _, half in ipairs { 0.05, 0.125, 0.25, 0.5, 1, 2, 4 } do row(4, 3, 40, half) end
