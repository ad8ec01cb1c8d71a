--- Linear regions and exact k-step preimages of RPM's problems in $RELUCID_DATA/rpm, one thread, beside RPM's own
--- figures (Reachable Polyhedral Marching, Vincent and Schwager 2021; its authors' machine).  `sampled` is the share of
--- the domain with the property in a sample, to compare with the exact volume's share.
local relucid = require "relucid"

local directory = os.getenv "RELUCID_DATA"
if not directory or directory == "" then
  print "enumerate: skipped, RELUCID_DATA is not set"
  return
end

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

print "preimage             pieces  united   RPM   CPU s  RPM s   volume / domain            sampled"
for k = 1, 5, 2 do
  local name = "vanderpol_roa_k" .. k
  local net, record, domain, property = read_problem(name)
  local found, seconds = enumerate(net, domain, property)
  local pieces, start = found:count(), os.clock()
  found:merge()
  seconds = seconds + os.clock() - start
  local low, high = found:volume()
  local whole = box_volume(record)
  print(("%-20s %6d  %6d  %4d  %6.4f  %5.2f   %.9f .. %.9f  %.6f"):format(name, pieces, found:count(),
    record.rpm_polyhedra, seconds, record.rpm_seconds, low / whole, high / whole,
    record.mc_fraction_of_domain_satisfying))
end
