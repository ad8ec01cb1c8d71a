--- The 186 ACAS Xu instances: relucid.verify on each, against the verdicts in acasxu/verdicts.csv.
---
--- Environment: RELUCID_DATA; TIMEOUT, seconds for each instance (default 10); THREADS (1); SEED (1); INSTANCES, a Lua
--- pattern on "NET PROPERTY" such as "^1_1 1$": only those that match; FORMAT, onnx (default) or nnet; SEARCH, further
--- search options such as "lp_columns=8,slope_steps=4"; VERBOSE=1 prints all statistics of each instance.
---
--- A line for each instance, then totals.  Memory is the process's peak resident size during the instance.
local relucid = require "relucid"
local support = require "spec.bench.support"

local directory = support.data "acas"
if not directory then return end

local setting = support.setting
local TIMEOUT, THREADS, SEED = setting("TIMEOUT", 10), setting("THREADS", 1), setting("SEED", 1)
local INSTANCES = os.getenv "INSTANCES" or ""
local NETWORK = { nnet = "%s/acasxu/nnet/ACASXU_experimental_v2a_%s.nnet",
                  onnx = "%s/acasxu/onnx/ACASXU_run2a_%s_batch_2000.onnx" }
local FORMAT = os.getenv "FORMAT" or "onnx"
assert(NETWORK[FORMAT], "FORMAT: expected onnx or nnet")
local SEARCH = {}
for name, value in (os.getenv "SEARCH" or ""):gmatch "([%w_]+)=([^,]+)" do
  SEARCH[name] = assert(tonumber(value), "SEARCH: " .. name .. ": expected a number")
end

local function instances()
  local list = {}
  for line in io.lines(directory .. "/acasxu/verdicts.csv") do
    local net, property, verdict = line:match "^(%d_%d),(%d+),(%a+)"
    if net and (net .. " " .. property):find(INSTANCES) then
      list[#list + 1] = { net = net, property = property, expected = verdict }
    end
  end
  return list
end

local function print_stats(stats)
  local names = {}
  for name in pairs(stats) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do names[i] = ("%s %g"):format(name, stats[name]) end
  print("    " .. table.concat(names, ", "))
end

local function run(instance)
  support.forget_peak()
  local cpu, started = os.clock(), relucid.now()
  local net = relucid.load(NETWORK[FORMAT]:format(directory, instance.net))
  local problem = relucid.vnnlib(("%s/acasxu/vnnlib/prop_%s.vnnlib"):format(directory, instance.property), net)
  local result = relucid.verify(net, problem, { timeout = TIMEOUT, threads = THREADS, seed = SEED, search = SEARCH })
  instance.got = result.verdict
  instance.seconds, instance.cpu = relucid.now() - started, os.clock() - cpu
  instance.nodes, instance.lps = result.stats.nodes or 0, result.stats.lps or 0
  instance.megabytes = support.peak_megabytes()
  local decided = result.verdict == "sat" or result.verdict == "unsat"
  instance.wrong = decided and result.verdict ~= instance.expected
  instance.open = not decided
  local mark = instance.wrong and "  WRONG" or instance.open and "  open" or ""
  print(("%-5s %-4s %-8s %-8s %9.3f %9.3f %10d %9d %7.0f%s"):format(instance.net, instance.property,
    instance.expected, instance.got, instance.seconds, instance.cpu, instance.nodes, instance.lps, instance.megabytes,
    mark))
  if os.getenv "VERBOSE" then print_stats(result.stats) end
end

local function total(name, list)
  local sum = { solved = 0, wrong = 0, open = 0, seconds = 0, cpu = 0, slowest = 0, peak = 0, which = "-" }
  for _, instance in ipairs(list) do
    if instance.wrong then sum.wrong = sum.wrong + 1 end
    if instance.open then sum.open = sum.open + 1 else sum.solved = sum.solved + 1 end
    sum.seconds, sum.cpu = sum.seconds + instance.seconds, sum.cpu + instance.cpu
    if instance.seconds > sum.slowest then
      sum.slowest, sum.which = instance.seconds, instance.net .. " p" .. instance.property
    end
    sum.peak = math.max(sum.peak, instance.megabytes)
  end
  print(("%-6s %9d %6d %5d %5d %9.2f %9.2f %9.2f %-8s %7.0f"):format(name, #list, sum.solved, sum.open, sum.wrong,
    sum.seconds, sum.cpu, sum.slowest, sum.which, sum.peak))
end

-- nnenum (one process, 60 s limit, the same kind of machine, otherwise idle): CPU seconds by property, 182 solved.
local NNENUM = { [1] = 407, [2] = 216, [3] = 31, [4] = 26, [5] = 7, [6] = 30, [9] = 22, [10] = 3, all = 886 }

local function print_nnenum(by_property, list)
  if #list < 186 then return end
  print "\nCPU s    relucid    nnenum  nnenum / relucid   (nnenum: 182 solved at 60 s; of properties 7 and 8 none)"
  for _, p in ipairs { 1, 2, 3, 4, 5, 6, 9, 10, "all" } do
    local cpu = 0
    for _, instance in ipairs(p == "all" and list or by_property[p]) do cpu = cpu + instance.cpu end
    print(("p%-5s %9.2f %9d %9.1f"):format(p, cpu, NNENUM[p], NNENUM[p] / cpu))
  end
end

local list = instances()
print(("ACAS Xu: %d instances (%s), at most %g s each, threads %d, seed %d, %s"):format(#list, FORMAT, TIMEOUT, THREADS,
  SEED, support.load()))
print(("%-5s %-4s %-8s %-8s %9s %9s %10s %9s %7s"):format("net", "prop", "expected", "got", "seconds", "CPU s", "nodes",
  "LPs", "MB"))
io.stdout:setvbuf "line"
for _, instance in ipairs(list) do run(instance) end

print(("\n%-6s %9s %6s %5s %5s %9s %9s %9s %-8s %7s"):format("prop", "instances", "solved", "open", "wrong", "seconds",
  "CPU s", "slowest", "", "peak MB"))
local by_property = {}
for _, instance in ipairs(list) do
  local p = tonumber(instance.property)
  by_property[p] = by_property[p] or {}
  table.insert(by_property[p], instance)
end
for p = 1, 10 do
  if by_property[p] then total(tostring(p), by_property[p]) end
end
total("all", list)
print_nnenum(by_property, list)
local names = { wrong = {}, open = {} }
for _, instance in ipairs(list) do
  for kind, found in pairs(names) do
    if instance[kind] then found[#found + 1] = instance.net .. " p" .. instance.property end
  end
end
print("wrong: " .. (#names.wrong > 0 and table.concat(names.wrong, ", ") or "none"))
print("open:  " .. (#names.open > 0 and table.concat(names.open, ", ") or "none"))
if #names.wrong > 0 then os.exit(1) end
