--- Two threads against one, on slow ACAS Xu instances of VNN-COMP.
---
--- Environment: RELUCID_DATA; TIMEOUT, seconds for each run (60); INSTANCES (default: the ten below); MANY, the larger
--- number of threads (2).
local relucid = require "relucid"
local support = require "spec.bench.support"

local directory = support.data "threads"
if not directory then return end

local TIMEOUT, MANY = support.setting("TIMEOUT", 60), math.tointeger(support.setting("MANY", 2))
local INSTANCES = "1_9 7,3_3 2,4_2 2,1_1 6,3_3 9,4_9 1,4_6 1,4_7 1,1_1 5,2_9 1"

local function expected_verdicts()
  local expected = {}
  for line in io.lines(directory .. "/acasxu/verdicts.csv") do
    local net, property, verdict = line:match "^(%d_%d),(%d+),(%a+)"
    if net then expected[net .. " " .. property] = verdict end
  end
  return expected
end

local function run(net_name, property, threads)
  support.forget_peak()
  local net = relucid.load(("%s/acasxu/onnx/ACASXU_run2a_%s_batch_2000.onnx"):format(directory, net_name))
  local problem = relucid.vnnlib(("%s/acasxu/vnnlib/prop_%s.vnnlib"):format(directory, property), net)
  local cpu, started = os.clock(), relucid.now()
  local result = relucid.verify(net, problem, { timeout = TIMEOUT, threads = threads })
  return { verdict = result.verdict, seconds = relucid.now() - started, cpu = os.clock() - cpu,
           nodes = result.stats.nodes or 0, megabytes = support.peak_megabytes() }
end

io.stdout:setvbuf "line"
print(("threads: at most %g s each, 1 and %d threads, %s"):format(TIMEOUT, MANY, support.load()))
print("instance  verdict   seconds     CPU s    nodes | verdict   seconds     CPU s    nodes  peak MB"
  .. "   ratio  CPU ratio")
local expected, ratios, wrong, sums = expected_verdicts(), {}, 0, { 0, 0 }
for net, property in (os.getenv "INSTANCES" or INSTANCES):gmatch "(%d_%d) (%d+)" do
  local one, many = run(net, property, 1), run(net, property, MANY)
  local ratio = one.seconds / many.seconds
  ratios[#ratios + 1] = ratio
  sums[1], sums[2] = sums[1] + one.seconds, sums[2] + many.seconds
  for _, result in ipairs { one, many } do
    local decided = result.verdict == "sat" or result.verdict == "unsat"
    if decided and result.verdict ~= expected[net .. " " .. property] then wrong = wrong + 1 end
  end
  print(("%s p%-3s  %-7s %9.2f %9.2f %8d | %-7s %9.2f %9.2f %8d %8.0f %7.2f %10.2f"):format(net, property, one.verdict,
    one.seconds, one.cpu, one.nodes, many.verdict, many.seconds, many.cpu, many.nodes, many.megabytes, ratio,
    many.cpu / one.cpu))
end
print(("in all %.2f s and %.2f s, ratio %.2f (median %.2f); wrong verdicts: %d; %s"):format(sums[1], sums[2],
  sums[1] / sums[2], support.quantile(ratios, 0.5), wrong, support.load()))
if wrong > 0 then os.exit(1) end
