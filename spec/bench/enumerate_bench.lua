--- Linear regions and exact k-step preimages of RPM's problems in $RELUCID_DATA/rpm, one thread, beside RPM's own
--- figures (Reachable Polyhedral Marching, Vincent and Schwager 2021; its authors' machine).
---
--- How the united polytopes are checked: `overlap` bounds the volume that any two of them share, all pairs together, as
--- a share of the domain; of POINTS sampled points, `sampled` is the share with the property and its standard error, to
--- compare with the exact volume; `missed` have the property and lie in no polytope, `bad` lie in one without it,
--- `twice` lie in several (of each a few next to a border, where arithmetic in doubles cannot tell).
---
--- Beyond RPM's problems: more steps of the same system, its network put behind itself; and ACAS Xu 1_1 on a tenth of
--- its box in physical units, as against the network's own.
local relucid = require "relucid"
local core = require "relucid.core"
local bench = require "spec.bench.support"
local sampling = require "spec.sampling"
local support = require "spec.support"

local POINTS = 200000

local directory = bench.data "enumerate"
if not directory then return end

local function read_problem(name)
  local file = assert(io.open(("%s/rpm/%s.json"):format(directory, name)))
  local record = relucid.json.decode(file:read "a", name)
  file:close()
  local net = relucid.load(("%s/rpm/%s.nnet"):format(directory, name))
  local rows = {}
  for i, c in ipairs(record.output_A or {}) do rows[i] = { c = c, d = -record.output_b[i] } end
  return net, record, relucid.domain { lo = record.input_lo, hi = record.input_hi },
         rows[1] and relucid.property.linear(net, rows)
end

local function box_volume(record)
  local volume = 1
  for i, lo in ipairs(record.input_lo) do volume = volume * (record.input_hi[i] - lo) end
  return volume
end

local function enumerate(net, domain, property)
  local start = os.clock()
  local found = net:enumerate { domain = domain, property = property }
  while not found:step() do end
  return found, os.clock() - start
end

print "regions               found   RPM   CPU s   volume / domain"
for _, name in ipairs { "vanderpol", "quadratic", "pendulum_controlled" } do
  local net, record, domain = read_problem(name)
  local found, seconds = enumerate(net, domain)
  local low, high = found:volume()
  local whole = box_volume(record)
  print(("%-20s  %5d  %4d  %6.4f  %.12f .. %.12f"):format(name, found:count(), record.rpm_regions, seconds,
    low / whole, high / whole))
end

-- An upper bound of the volume that two regions share, summed over all pairs.
local function overlaps(net, domain, found)
  local rows, sum = {}, 0.0
  for i = 1, found:count() do rows[i] = found:region(i):rows() end
  for i, first in ipairs(rows) do
    for k = i + 1, #rows do
      local A = table.move(rows[k].A, 1, #rows[k].A, #first.A + 1, { table.unpack(first.A) })
      local b = table.move(rows[k].b, 1, #rows[k].b, #first.b + 1, { table.unpack(first.b) })
      local _, most = core.region(net, domain, nil, { A = A, b = b }):volume()
      sum = core.add_up(sum, most)
    end
  end
  return sum
end

local function sample(net, domain, goal, found)
  local rng, points = support.generator(1), {}
  for s = 1, POINTS do points[s] = sampling.in_box(rng, domain.lo, domain.hi) end
  local data = relucid.data(points)
  local y, held = net:eval(data), {}
  for i = 1, found:count() do
    for _, s in ipairs(found:region(i):members(data)) do held[s] = (held[s] or 0) + 1 end
  end
  local good, missed, bad, twice = 0, 0, 0, 0
  for s, x in ipairs(points) do
    local value = goal:value(x, y[s])
    if value >= 0 then good = good + 1 end
    if value >= 0 and not held[s] then missed = missed + 1 end
    if value < 0 and held[s] then bad = bad + 1 end
    if held[s] and held[s] > 1 then twice = twice + 1 end
  end
  local share = good / POINTS
  return ("%.6f +- %.6f %6d %3d %5d"):format(share, math.sqrt(share * (1 - share) / POINTS), missed, bad, twice)
end

print("preimage           pieces united  RPM   CPU s  RPM s   volume / domain              overlap   sampled"
  .. "               missed bad twice")
for k = 1, 5, 2 do
  local name = "vanderpol_roa_k" .. k
  local net, record, domain, property = read_problem(name)
  local found, seconds = enumerate(net, domain, property)
  local pieces, start = found:count(), os.clock()
  found:merge()
  seconds = seconds + os.clock() - start
  local low, high = found:volume()
  local whole = box_volume(record)
  print(("%-18s %6d %6d %4d  %6.4f  %5.2f   %.9f .. %.9f   %.1e   %s"):format(name, pieces, found:count(),
    record.rpm_polyhedra, seconds, record.rpm_seconds, low / whole, high / whole, overlaps(net, domain, found) / whole,
    sample(net, domain, property, found)))
end

-- The layers of a .nnet file without units, as relucid.network takes them.
local function layers_of(path)
  local lines, layers = {}, {}
  for line in io.lines(path) do
    if not line:match "^//" then lines[#lines + 1] = line end
  end
  local function numbers(line)
    local list = {}
    for word in line:gmatch "[^,%s]+" do list[#list + 1] = tonumber(word) end
    return list
  end
  local sizes, at = numbers(lines[2]), 8
  for k = 1, #sizes - 1 do
    local W, b = {}, {}
    local rows = sizes[k + 1]
    for i = 1, rows do W[i], b[i] = numbers(lines[at + i - 1]), numbers(lines[at + rows + i - 1])[1] end
    layers[k], at = { W = W, b = b }, at + 2 * rows
  end
  return layers
end

-- second(first(x)) as one affine layer, rounded.
local function joined(second, first)
  local W, b = {}, {}
  for i, row in ipairs(second.W) do
    W[i], b[i] = {}, second.b[i]
    for m, w in ipairs(row) do
      b[i] = b[i] + w * first.b[m]
      for j, value in ipairs(first.W[m]) do W[i][j] = (W[i][j] or 0) + w * value end
    end
  end
  return { W = W, b = b }
end

local function repeated(layers, k)
  local all = { table.unpack(layers) }
  for _ = 2, k do
    all[#all] = joined(layers[1], all[#all])
    table.move(layers, 2, #layers, #all + 1, all)
  end
  return relucid.network(all)
end

print("further steps      pieces united  CPU s   cells  pruned  exact   volume / domain")
do
  local _, record, domain = read_problem "vanderpol_roa_k1"
  local layers, rows = layers_of(directory .. "/rpm/vanderpol_roa_k1.nnet"), {}
  for i, c in ipairs(record.output_A) do rows[i] = { c = c, d = -record.output_b[i] } end
  for _, k in ipairs { 2, 8, 10, 15 } do
    local net = repeated(layers, k)
    local found, seconds = enumerate(net, domain, relucid.property.linear(net, rows))
    local pieces, start, stats, whole = found:count(), os.clock(), found:stats(), box_volume(record)
    found:merge()
    local low, high = found:volume()
    print(("k = %-13d  %6d %6d %6.2f  %6d  %6d  %5d   %.9f .. %.9f"):format(k, pieces, found:count(),
      seconds + os.clock() - start, stats.cells, stats.pruned, stats.exact, low / whole, high / whole))
  end
end

print("units                     regions   CPU s   exact   volume / domain - 1")
for _, raw in ipairs { false, true } do
  local net = relucid.load(directory .. "/acasxu/nnet/ACASXU_experimental_v2a_1_1.nnet", { raw = raw })
  local box, lo, hi, whole = net:box(), {}, {}, 1
  for i = 1, net.n do
    local width = box.hi[i] - box.lo[i]
    lo[i], hi[i] = box.lo[i] + 0.55 * width, box.lo[i] + 0.65 * width
    whole = whole * (hi[i] - lo[i])
  end
  local found, seconds = enumerate(net, relucid.domain { lo = lo, hi = hi })
  local low, high = found:volume()
  print(("ACAS Xu 1_1, %-10s   %7d  %6.2f  %6d   %+.1e .. %+.1e"):format(raw and "physical" or "normalised",
    found:count(), seconds, found:stats().exact, low / whole - 1, high / whole - 1))
end
