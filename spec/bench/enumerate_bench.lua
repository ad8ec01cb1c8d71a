--- Linear regions and exact k-step preimages of RPM's problems in $RELUCID_DATA/rpm, one thread, beside RPM's own
--- figures (Reachable Polyhedral Marching, Vincent and Schwager 2021; its authors' machine).
---
--- How the united polytopes are checked: `overlap` bounds the volume that any two of them share, all pairs together, as
--- a share of the domain; of POINTS sampled points, `sampled` is the share with the property and its standard error, to
--- compare with the exact volume; `missed` have the property and lie in no polytope, `bad` lie in one without it,
--- `twice` lie in several (of each a few next to a border, where arithmetic in doubles cannot tell).
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
