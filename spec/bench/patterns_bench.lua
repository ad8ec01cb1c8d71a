--- Pattern queries: do the first k layers of a point's pattern imply its class?
---
--- ACAS Xu 1_1, five points, beside the figures of Marabou 2.0 (measured on the same kind of machine, 2 cores; the
--- better of two branching rules where both ran; it gave up at 40 s); and three MNIST digits on 784-10x10-10.
---
--- Environment: RELUCID_DATA; TIMEOUT, seconds for each query (5); THREADS (1).
local relucid = require "relucid"
local support = require "spec.bench.support"

local directory = support.data "patterns"
if not directory then return end

local TIMEOUT, THREADS = support.setting("TIMEOUT", 5), support.setting("THREADS", 1)

-- Marabou's answers by k and point: I implied, N not, T gave up at 40 s.
local MARABOU = {
  [6] = { "I 0.6", "I 1.3", "N 1.3", "I 1.3", "I 1.3" },
  [5] = { "I 0.5", "I 2.6", "N 3.4", "I 4.7", "I 9.4" },
  [4] = { "I 0.5", "I 1.5", "N 11.4", "T", "I 26.9" },
  [3] = { "I 1.3", "T", "T", "T", "T" },
  [2] = { "I 3.6", "N 1.4", "N 0.6", "N 0.2", "T" },
  [1] = { "T", "N 0.3", "T", "N 0.4", "T" },
}
local LETTER = { proved = "I", counterexample = "N", unknown = "U" }

--- Seconds of 100,000 evaluations: a unit for other machines.
local function unit(net, point)
  local start = os.clock()
  for _ = 1, 1000 do net:eval(point) end
  return 100 * (os.clock() - start)
end

local function query(net, domain, point, k)
  local goal = relucid.property.argmax(net, support.largest(net:eval(point)))
  return support.measure(net:search { domain = domain, pattern = net:pattern(point):prefix(k), target = goal:negate(),
                                      mode = "find_strict", seconds = TIMEOUT, threads = THREADS })
end

-- Compare a result with Marabou's: counts into `sum`; returns the text of the cell.
local function compare(sum, result, theirs)
  local letter = LETTER[result.verdict]
  if not theirs then return ("%s %7.3f"):format(letter, result.seconds) end
  local their_letter, their_seconds = theirs:match "^(%a) ?(%S*)"
  local mark = " "
  if letter ~= "U" and their_letter ~= "T" and letter ~= their_letter then
    sum.wrong, mark = sum.wrong + 1, "!"
  elseif letter ~= "U" and their_letter ~= "T" then
    sum.both, sum.ours, sum.theirs = sum.both + 1, sum.ours + result.seconds, sum.theirs + tonumber(their_seconds)
    sum.ratios[sum.both] = tonumber(their_seconds) / math.max(result.seconds, 1e-6)
  end
  if their_letter ~= "T" then sum.their_answers = sum.their_answers + 1 end
  return ("%s %7.3f (%s)%s"):format(letter, result.seconds, theirs, mark)
end

local function run(name, net, domain, points, depths, marabou)
  print(("%s: seconds (I implied, N not, U unknown at %g s%s) by prefix length k and point; threads %d, %s"):format(
    name, TIMEOUT, marabou and "; in brackets Marabou, T at 40 s" or "", THREADS, support.load()))
  local times, unknown, reference = {}, 0, unit(net, points[1])
  local sum = { cpu = 0, nodes = 0, lps = 0, peak = 0, both = 0, ours = 0, theirs = 0, wrong = 0, their_answers = 0,
                ratios = {} }
  for _, k in ipairs(depths) do
    local cells = {}
    for i, point in ipairs(points) do
      local result = query(net, domain, point, k)
      times[#times + 1] = result.seconds
      if result.verdict == "unknown" then unknown = unknown + 1 end
      sum.cpu, sum.nodes, sum.lps = sum.cpu + result.cpu, sum.nodes + result.nodes, sum.lps + result.lps
      sum.peak = math.max(sum.peak, result.megabytes)
      cells[i] = ("%-19s"):format(compare(sum, result, marabou and marabou[k][i]))
    end
    print(("  k = %-2d  %s"):format(k, table.concat(cells, " ")))
  end
  local median = support.quantile(times, 0.5)
  print(("  median %.3f s, %.4f of 100,000 evaluations (%.2f s); slowest %.2f s, %d unknown"):format(median,
    median / reference, reference, support.quantile(times, 1), unknown))
  print(("  in all %.2f CPU s, %d nodes, %d LPs, peak %.0f MB"):format(sum.cpu, sum.nodes, sum.lps, sum.peak))
  if not marabou then return end
  print(("  answered: %d of %d, Marabou %d; contradictions: %d"):format(#times - unknown, #times, sum.their_answers,
    sum.wrong))
  print(("  the %d that both answer: %.2f s, Marabou %.1f s; Marabou / relucid: %.0f in all, %.0f in the median")
    :format(sum.both, sum.ours, sum.theirs, sum.theirs / sum.ours, support.quantile(sum.ratios, 0.5)))
end

local acas = relucid.load(directory .. "/nninfer/nets/acasxu_1_1_norm_negout.nnet")
local file = assert(io.open(directory .. "/nninfer/acas_points.json"))
local points = relucid.json.decode(file:read "a")
file:close()
run("ACAS Xu 1_1", acas, relucid.domain { lo = points.lo, hi = points.hi }, points.points, { 6, 5, 4, 3, 2, 1 },
    MARABOU)

local mnist = relucid.load(directory .. "/mnist/mnist10x10.nnet")
local digits = relucid.data(directory .. "/mnist/mnist-images.idx3-ubyte.gz")
run("MNIST 784-10x10-10", mnist, support.unit_box(mnist.n), { digits:row(1), digits:row(5), digits:row(9) },
    { 10, 8, 6, 4, 2 })
