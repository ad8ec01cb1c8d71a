--- Instances of VNN-COMP (data's vnncomp/instances.csv): how many are solved within a limit, in CPU seconds on one
--- thread, beside the recorded seconds of six tools (wall-clock, with their start-up, on far larger machines).
---
--- Reading networks is not counted.  A verdict that differs from the
--- agreed one counts as wrong.
---
--- Environment: RELUCID_DATA; FAMILIES (default: all; "mnist_fc,safenlp"); MATCH, a pattern that network and property,
--- joined by a blank, must match; LIMIT, seconds for each instance (30); BUSY, wall-clock seconds allowed for each of
--- them (1: more on a busy machine); EVERY, take each so manieth one (1); VERBOSE=1 prints all.
local relucid = require "relucid"
local support = require "spec.bench.support"

local directory = support.data "vnncomp"
if not directory then return end
directory = directory .. "/vnncomp"

local LIMIT, EVERY = support.setting("LIMIT", 30), support.setting("EVERY", 1)
local BUSY = support.setting("BUSY", 1)
local VERBOSE, MATCH = os.getenv "VERBOSE", os.getenv "MATCH" or ""
local TOOLS = { "alpha_beta_crown", "neuralsat", "nnenum", "marabou", "verinet", "pyrat" }

local function split(line)
  local fields = {}
  for field in (line .. ","):gmatch "([^,]*)," do fields[#fields + 1] = field end
  return fields
end

-- The instances by family, in the file's order.
local function read_instances()
  local families, order, names = {}, {}, nil
  for line in io.lines(directory .. "/instances.csv") do
    local fields = split(line)
    if not names then
      names = fields
    else
      local instance = {}
      for i, name in ipairs(names) do instance[name] = fields[i] end
      if not families[instance.family] then
        families[instance.family] = {}
        order[#order + 1] = instance.family
      end
      table.insert(families[instance.family], instance)
    end
  end
  return families, order
end

-- The network of the last instance: consecutive ones often share it.
local last = {}

local function network(path)
  if last.path ~= path then last = { path = path, net = relucid.load(path) } end
  return last.net
end

-- The verdict and CPU seconds of an instance.
local function solve(family, instance)
  local folder = directory .. "/" .. family
  local ok, net = pcall(network, folder .. "/onnx/" .. instance.network)
  if not ok then return "unreadable", 0, net end
  local started = os.clock()
  local property = folder .. "/vnnlib/" .. instance.property
  local right, result = pcall(relucid.verify, net, property, { timeout = LIMIT * BUSY })
  if not right then return "failed", os.clock() - started, result end
  return result.verdict, os.clock() - started, result.reason
end

local function is_solved(verdict) return verdict == "sat" or verdict == "unsat" end

local function solved_by(instance, tool)
  local seconds = tonumber(instance[tool])
  return seconds and seconds <= LIMIT
end

local function count(sum, instance, verdict, cpu)
  sum.all = sum.all + 1
  for _, tool in ipairs(TOOLS) do
    if solved_by(instance, tool) then sum[tool] = (sum[tool] or 0) + 1 end
  end
  if not is_solved(verdict) then return end
  sum.solved, sum.cpu = sum.solved + 1, sum.cpu + cpu
  sum.times[#sum.times + 1] = cpu
  if instance.verdict ~= "" and instance.verdict ~= verdict then sum.wrong = sum.wrong + 1 end
end

local function show(instance, verdict, cpu, why)
  if not VERBOSE then return end
  local name, property = instance.network:gsub("%.gz$", ""), instance.property:gsub("%.gz$", "")
  print(("    %-26s %-26s %-8s %8.3f  %s"):format(name, property, verdict, cpu,
    is_solved(verdict) and "" or tostring(why or ""):sub(1, 80)))
end

local function run(family, instances)
  local sum, at = { all = 0, solved = 0, wrong = 0, cpu = 0, times = {} }, 0
  for _, instance in ipairs(instances) do
    if (instance.network .. " " .. instance.property):match(MATCH) then
      at = at + 1
      if at % EVERY == 0 then
        local verdict, cpu, why = solve(family, instance)
        count(sum, instance, verdict, cpu)
        show(instance, verdict, cpu, why)
      end
    end
  end
  return sum
end

io.stdout:setvbuf "line"
print(("VNN-COMP, at most %g s each, one thread, %s; tools: within %g recorded seconds"):format(LIMIT,
  support.load(), LIMIT))
print("  family        all  solved  wrong  CPU s of these   median  slowest   | abCROWN  NeuralSAT  nnenum  " ..
  "Marabou  VeriNet  PyRAT")
local families, order = read_instances()
for _, family in ipairs(order) do
  local wanted = os.getenv "FAMILIES"
  if not wanted or ("," .. wanted .. ","):find("," .. family .. ",", 1, true) then
    local sum = run(family, families[family])
    print(("  %-12s %4d  %6d  %5d  %14.2f  %7.3f  %7.2f   | %7d  %9d  %6d  %7d  %7d  %5d"):format(family, sum.all,
      sum.solved, sum.wrong, sum.cpu, support.quantile(sum.times, 0.5), support.quantile(sum.times, 1),
      sum.alpha_beta_crown or 0, sum.neuralsat or 0, sum.nnenum or 0, sum.marabou or 0, sum.verinet or 0,
      sum.pyrat or 0))
  end
end
