--- How the cost of the strategies grows: with the number of neurons, of inputs, and with the coverage asked for.
---
--- Random networks as of growth_bench; the goal is the network's answer at a point drawn from the box [-1, 1]^n.  One
--- number varies at a time; the figures are medians over SEEDS networks.  Preimages have no queries: their splits are
--- counted, or the cuts where they enumerate regions.  `open`: runs that the time limit ended.
---
--- Environment: SEEDS (3); TIMEOUT, seconds for each run (10).
local relucid = require "relucid"
local bench = require "spec.bench.support"
local sampling = require "spec.sampling"
local support = require "spec.support"

local SEEDS, TIMEOUT = bench.setting("SEEDS", 3), bench.setting("TIMEOUT", 10)

local STRATEGIES = { "prophecy", "nninfer", "tight", "guarded", "free", "box" }

local function task(seed, inputs, layers, width)
  local net, domain = bench.random_network(seed, inputs, layers, width, 3), sampling.cube(inputs)
  local point = sampling.in_box(support.generator(seed), domain.lo, domain.hi)
  return net, point, relucid.property.argmax(net, sampling.answer(net:eval(point))), domain
end

-- Medians over the seeds of what run(net, point, goal, domain) -> result, work gives.
local function medians(inputs, layers, width, run)
  local lists, open = { work = {}, cpu = {}, nodes = {}, regions = {} }, 0
  for seed = 1, SEEDS do
    local net, point, goal, domain = task(seed, inputs, layers, width)
    local start = os.clock()
    local result, work = run(net, point, goal, domain)
    lists.cpu[seed], lists.work[seed] = os.clock() - start, work
    lists.nodes[seed], lists.regions[seed] = result.stats.nodes or 0, #result
    if result.status == "timeout" then open = open + 1 end
  end
  local row = { open = open }
  for name, list in pairs(lists) do row[name] = bench.quantile(list, 0.5) end
  return row
end

local function of_point(name, more)
  return function(net, point, goal, domain)
    local options = { domain = domain, timeout = TIMEOUT }
    for key, value in pairs(more or {}) do options[key] = value end
    local result = relucid.strategy.run(name, net, point, goal, options)
    return result, result.stats.queries
  end
end

local function preimage(coverage)
  return function(net, _, goal, domain)
    local result = relucid.strategy.preimage(net, goal, { domain = domain, coverage = coverage, timeout = TIMEOUT })
    return result, result.stats.splits
  end
end

local function line(name, inputs, layers, width, coverage, row)
  print(("  %-9s %6d %8s %7d %8s %8d %10.4f %8d %7d %5d"):format(name, inputs, ("%dx%d"):format(layers, width),
    layers * width, coverage or "-", row.work, row.cpu, row.nodes, row.regions, row.open))
end

local function all(inputs, layers, width)
  for _, name in ipairs(STRATEGIES) do line(name, inputs, layers, width, nil,
                                            medians(inputs, layers, width, of_point(name))) end
  line("union", inputs, layers, width, 0.5,
       medians(inputs, layers, width, of_point("union", { coverage = 0.5 })))
  line("preimage", inputs, layers, width, 0.8, medians(inputs, layers, width, preimage(0.8)))
end

io.stdout:setvbuf "line"
print(("strategies: medians of %d networks, at most %g s each, %s"):format(SEEDS, TIMEOUT, bench.load()))
print "  strategy  inputs   hidden neurons coverage  queries      CPU s    nodes regions  open"
print " neurons"
for _, width in ipairs { 5, 10, 20, 40 } do all(4, 3, width) end
print " inputs"
for _, inputs in ipairs { 2, 6, 8 } do all(inputs, 2, 20) end
print " coverage"
for _, coverage in ipairs { 0.5, 0.7, 0.8, 0.9, 0.95, 0.99 } do
  line("preimage", 4, 3, 20, coverage, medians(4, 3, 20, preimage(coverage)))
end
for _, coverage in ipairs { 0.1, 0.3, 0.5, 0.7, 0.9 } do
  line("union", 4, 3, 20, coverage, medians(4, 3, 20, of_point("union", { coverage = coverage })))
end
print((" peak memory %.0f MB"):format(bench.peak_megabytes()))
