--- Time limits and Ctrl-C: how long after its limit, or the signal, does each command end?
---
--- Random networks, made here as ONNX files and kept in build/bench; each layer's weights are uniform, of variance 2
--- over its inputs.  The question of each is one that no bound settles soon: a ball around a random point, and whether
--- the output that is largest there stays so.
---
--- Environment: NETWORKS and COMMANDS, names (all); SECONDS, limits ("1,5"); SIGNALS, seconds after which Ctrl-C comes
--- ("1,5"); lists with commas.  A line for each command: seconds from the limit to its end, on each occasion; "early":
--- it ended before.  timeout(1) sends the signals.
local onnx = require "spec.onnx"
local Prng = require "examples.prng"
local relucid = require "relucid"
local support = require "spec.bench.support"

local NETWORKS = {
  { "wide", 3072, 2048, 1024, 100, 10 }, { "flat", 2, 3200, 1600, 800, 1 }, { "deep", 784, 256, 256, 256, 256, 10 },
  { "digits", 784, 100, 100, 100, 100, 100, 10 }, { "vast", 4000, 4000, 4000, 4000, 10 },
}
local RADIUS, BLOCK = 0.05, 1 << 18
local build = os.getenv "RELUCID_BUILD" or "build"

local function numbers(name, default)
  local list = {}
  for text in (os.getenv(name) or default):gmatch "[^,]+" do list[#list + 1] = assert(tonumber(text), name) end
  return list
end

-- Is the name in the list of an environment variable, or is there no list?
local function wanted(variable, name)
  local list = os.getenv(variable)
  return not list or ("," .. list .. ","):find("," .. name .. ",", 1, true) ~= nil
end

-- count floats, as bytes: windows of one random block.
local function floats(rng, block, count)
  local parts, left = {}, count
  while left > 0 do
    local take = math.min(left, BLOCK // 2)
    local from = math.floor(rng:uniform(0, BLOCK // 2))
    parts[#parts + 1] = block:sub(4 * from + 1, 4 * (from + take))
    left = left - take
  end
  return table.concat(parts)
end

local function random_block(rng, size)
  local list = {}
  for i = 1, BLOCK do list[i] = ("<f"):pack(rng:uniform(-size, size)) end
  return table.concat(list)
end

local function write_network(path, sizes)
  local rng, tensors, nodes, value = Prng.new(1), {}, {}, "x"
  for k = 1, #sizes - 1 do
    local n, m = sizes[k], sizes[k + 1]
    local block = random_block(rng, math.sqrt(6 / n))
    for name, dims in pairs { W = { m, n }, b = { m } } do
      tensors[#tensors + 1] = { name = name .. k, dims = dims,
                                extra = onnx.bytes(9, floats(rng, block, m * (dims[2] or 1))) }
    end
    local last = k == #sizes - 1
    nodes[#nodes + 1] = { "Gemm", { value, "W" .. k, "b" .. k }, last and "y" or "z" .. k, { transB = 1 } }
    if not last then nodes[#nodes + 1] = { "Relu", { "z" .. k }, "r" .. k } end
    value = "r" .. k
  end
  local file = assert(io.open(path, "wb"))
  file:write(onnx.model { inputs = { { name = "x", dims = { 1, sizes[1] } } }, outputs = { "y" }, nodes = nodes,
                          tensors = tensors })
  file:close()
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

-- The files of a network: model, point, and VNN-LIB with the ball and, as assertion, another answer.
local function prepare(network)
  local base = ("%s/bench/limits_%s"):format(build, network[1])
  local files = { net = base .. ".onnx", point = base .. ".csv", property = base .. ".vnnlib",
                  data = base .. ".data.csv" }
  local sizes = table.move(network, 2, #network, 1, {})
  local present = io.open(files.data)
  if present then return files, present:close() end
  os.execute(("mkdir -p '%s/bench'"):format(build))
  write_network(files.net, sizes)
  local rng, x, lines, rows = Prng.new(2), {}, {}, {}
  for j = 1, sizes[1] do x[j] = rng:uniform(0, 1) end
  local y = relucid.load(files.net):eval(x)
  local best = support.largest(y)
  for i = 1, #y do lines[i] = ("(declare-const Y_%d Real)"):format(i - 1) end
  for j, value in ipairs(x) do
    lines[#lines + 1] = ("(declare-const X_%d Real)(assert (<= %.9g X_%d %.9g))"):format(j - 1, value - RADIUS, j - 1,
                                                                                     value + RADIUS)
  end
  for i = 1, #y do
    if i ~= best then lines[#lines + 1] = ("(assert (<= Y_%d Y_%d))"):format(best - 1, i - 1) break end
  end
  if #y == 1 then lines[#lines + 1] = ("(assert (<= Y_0 %.9g))"):format(y[1] - 1e-3) end
  write(files.property, table.concat(lines, "\n"))
  for j, value in ipairs(x) do x[j] = ("%.9g"):format(value) end
  write(files.point, table.concat(x, ","))
  for s = 1, 20 do rows[s] = table.concat(x, ",") end
  write(files.data, table.concat(rows, "\n") .. "\n")
  return files
end

local function commands(files)
  local list = { { "verify", ("verify %s %s"):format(files.net, files.property) },
                 { "verify, 2 threads", ("verify %s %s --threads 2"):format(files.net, files.property) },
                 { "preimage", ("preimage %s %s"):format(files.net, files.property) } }
  for _, name in ipairs { "prophecy", "nninfer", "guarded", "tight", "free", "box", "wide", "union", "portfolio" } do
    list[#list + 1] = { name, ("characterize %s --point %s --goal %s --strategy %s --data %s"):format(
      files.net, files.point, files.property, name, files.data) }
  end
  return list
end

-- Seconds that a command takes; nil when it ended otherwise than commands do.
local function run(text)
  local started = relucid.now()
  local pipe = assert(io.popen(text .. " 2>&1 >/dev/null; echo status $?"))
  local output = pipe:read "a"
  pipe:close()
  local status = tonumber(output:match "status (%d+)%s*$")
  local expected = status == 0 or status == 1 or status == 3 or status == 124
  if not expected then print("    " .. text .. "\n    " .. output) end
  return relucid.now() - started
end

local overruns, worst = {}, { seconds = -math.huge, text = "-" }

local function note(name, text, late)
  overruns[#overruns + 1] = late < 0 and "   early" or ("%8.2f"):format(late)
  if late <= worst.seconds then return end
  worst.seconds, worst.text = late, ("%s, %s, %s"):format(name, text, overruns[#overruns])
end

local limits, signals = numbers("SECONDS", "1,5"), numbers("SIGNALS", "1,5")
print(("Seconds after the limit of %s s, and after Ctrl-C at %s s; %s"):format(table.concat(limits, ", "),
  table.concat(signals, ", "), support.load()))

-- All limits and signals of one command: a line.
local function measure(network, name, text)
  local base = #overruns
  for _, seconds in ipairs(limits) do
    note(network, name, run(("'%s/relucid' %s --timeout %g"):format(build, text, seconds)) - seconds)
  end
  for _, seconds in ipairs(signals) do
    local ask = ("timeout --foreground -s INT -k 100 %g '%s/relucid' %s"):format(seconds, build, text)
    note(network, name .. ", Ctrl-C", run(ask) - seconds)
  end
  print(("  %-20s %s"):format(name, table.concat(overruns, "", base + 1)))
end

for _, network in ipairs(NETWORKS) do
  if wanted("NETWORKS", network[1]) then
    local files = prepare(network)
    local started = relucid.now()
    relucid.load(files.net)
    print(("%s, %s: read in %.2f s"):format(network[1], table.concat(network, "-", 2), relucid.now() - started))
    for _, command in ipairs(commands(files)) do
      if wanted("COMMANDS", command[1]) then measure(network[1], command[1], command[2]) end
    end
  end
end
print(("worst: %s s"):format(worst.text))
