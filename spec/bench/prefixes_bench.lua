--- Full prefixes of every depth on MNIST: do the first k layers of a digit's pattern imply the network's answer?
--- 784-10x10-10 and 784-20x20-10 on [0,1]^784, k = 1 .. 10 and 1 .. 20.
---
--- For comparison: the eight recorded runs of the paper's own code on 784-10x10-10 (Marabou 2.0, the same kind of
--- machine) asked 754 queries of this kind, with a part of a layer free, in 222 CPU seconds: 0.29 s each.
---
--- Environment: RELUCID_DATA; DIGITS, the first so many (10); TIMEOUT, seconds for each query (5); THREADS (1);
--- NETWORKS (default "10x10,20x20"); VERBOSE=1 prints every query.
local relucid = require "relucid"
local support = require "spec.bench.support"

local directory = support.data "prefixes"
if not directory then return end

local DIGITS, TIMEOUT = support.setting("DIGITS", 10), support.setting("TIMEOUT", 5)
local THREADS, VERBOSE = support.setting("THREADS", 1), os.getenv "VERBOSE"

local digits = relucid.data(directory .. "/mnist/mnist-images.idx3-ubyte.gz")

local MARABOU_CPU = 222 / 754 -- seconds for a query, 10x10

local function new_sum()
  return { proved = 0, counterexample = 0, unknown = 0, nodes = 0, lps = 0, cpu = 0, peak = 0, times = {} }
end

local function add(sum, result)
  sum[result.verdict] = sum[result.verdict] + 1
  sum.nodes, sum.lps, sum.cpu = sum.nodes + result.nodes, sum.lps + result.lps, sum.cpu + result.cpu
  sum.peak = math.max(sum.peak, result.megabytes)
  sum.times[#sum.times + 1] = result.seconds
end

local function print_sum(name, sum)
  print(("  %-5s %6d %14d %7d %9.3f %9.3f %9.2f %9.2f %9d %9d %7.0f"):format(name, sum.proved, sum.counterexample,
    sum.unknown, support.quantile(sum.times, 0.5), support.quantile(sum.times, 0.9), support.quantile(sum.times, 1),
    sum.cpu, sum.nodes, sum.lps, sum.peak))
end

local function query(net, box, row, k)
  local point = digits:row(row)
  local goal = relucid.property.argmax(net, support.largest(net:eval(point)))
  local result = support.measure(net:search { domain = box, pattern = net:pattern(point):prefix(k),
    target = goal:negate(), mode = "find_strict", seconds = TIMEOUT, threads = THREADS })
  if VERBOSE then print(("    k %d, digit %d: %s, %.3f s"):format(k, row, result.verdict, result.seconds)) end
  return result
end

io.stdout:setvbuf "line"
for name in (os.getenv "NETWORKS" or "10x10,20x20"):gmatch "[^,]+" do
  local net = relucid.load(("%s/mnist/mnist%s.nnet"):format(directory, name))
  local box, all = support.unit_box(net.n), new_sum()
  print(("784-%s-10: %d digits, at most %g s each, threads %d, %s"):format(name, DIGITS, TIMEOUT, THREADS,
    support.load()))
  print "  k     proved counterexample unknown  median s      90 %   slowest     CPU s     nodes       LPs peak MB"
  for k = #net.sizes - 2, 1, -1 do
    local sum = new_sum()
    for row = 1, DIGITS do
      local result = query(net, box, row, k)
      add(sum, result)
      add(all, result)
    end
    print_sum(("%d"):format(k), sum)
  end
  print_sum("all", all)
  if name == "10x10" then
    local mean = all.cpu / #all.times
    print(("  %.4f CPU s a query, Marabou %.2f: Marabou / relucid %.1f"):format(mean, MARABOU_CPU, MARABOU_CPU / mean))
  end
end
