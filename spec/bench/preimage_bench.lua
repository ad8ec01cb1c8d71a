--- Preimages: the problems of PREMAP (Zhang, Wang, Kwiatkowska, 2024) in $RELUCID_DATA/preimage, one thread.
--- For each coverage: polytopes and CPU seconds, beside PREMAP's on a CPU (its seconds hold about 3 s of imports).
--- `points` were sampled inside the polytopes, of which `bad` violate the property.  The interval holds the true share
--- with 99.9 % confidence, or certainly where its ends are equal: there it is measured by exact volumes.
---
---     preimage_bench.lua [WORD [SEED]]   only the problems whose name contains WORD
---
--- Environment: TIMEOUT, seconds of wall-clock time for each (300).
local relucid = require "relucid"
local bench = require "spec.bench.support"
local sampling = require "spec.sampling"
local support = require "spec.support"

local directory = bench.data "preimage"
if not directory then return end

-- name, coverage asked for, PREMAP's polytopes, coverage and CPU seconds
local CASES = {
  { "auto_park_20", 0.90, 4, 0.922, 4.0 },
  { "auto_park_20", 0.99, 333, 0.956, 34 },
  { "cartpole", 0.75, 27, 0.756, 9.9 },
  { "cartpole", 0.90, 62, 0.901, 16.5 },
  { "cartpole", 0.99 },
  { "vcas21_1", 0.90, 16, 0.917, 15.0 },
  { "vcas21_1", 0.98, 26, 0.980, 21.1 },
  { "vcas21_1", 0.99 },
  { "vcas21_2", 0.90, 11, 0.908, 12.3 },
  { "vcas21_2", 0.99 },
  { "vcas64_1", 0.90, 38, 0.904, 30.9 },
  { "vcas128_1", 0.90, 54, 0.901, 49.9 },
  { "lunarlander", 0.75, 56, 0.753, 77.8 },
  { "dubinsrejoin", 0.75, 211, 0.489, 530 },
}

local function read_problem(name)
  local file = assert(io.open(("%s/preimage/%s.json"):format(directory, name)))
  local record = relucid.json.decode(file:read "a", name)
  file:close()
  local net = relucid.load(("%s/preimage/%s.nnet"):format(directory, name))
  local rows = {}
  for i, c in ipairs(record.output_A) do rows[i] = { c = c, d = -record.output_b[i] } end
  return net, relucid.property.linear(net, rows), relucid.domain { lo = record.input_lo, hi = record.input_hi }
end

--- Points inside the polytopes: of the domain's sample, and 1,000 of each polytope by hit-and-run; how many of them
--- violate the property.
local function count_bad(net, goal, domain, result, seed)
  local rng, points = support.generator(seed), {}
  for _ = 1, 20000 do points[#points + 1] = sampling.in_box(rng, domain.lo, domain.hi) end
  local inside = {}
  for _, s in ipairs(result:members(relucid.data(points))) do inside[#inside + 1] = points[s] end
  for i = 1, #result do
    for _, x in ipairs(sampling.points(rng, result:region(i))) do inside[#inside + 1] = x end
  end
  local y, bad = net:eval(relucid.data(inside)), 0
  for s, x in ipairs(inside) do
    if goal:value(x, y[s]) < 0 then bad = bad + 1 end
  end
  return #inside, bad
end

local TIMEOUT = bench.setting("TIMEOUT", 300)
local word, seed = arg[1] or "", tonumber(arg[2] or 1)
print("problem         asked   found  99.9 % interval   polytopes  CPU s    MB   points  bad"
  .. " | PREMAP: polytopes  coverage  CPU s   ratio")
for _, case in ipairs(CASES) do
  local name, asked, polytopes, coverage, seconds = table.unpack(case)
  if name:find(word, 1, true) then
    local net, goal, domain = read_problem(name)
    bench.forget_peak()
    local start = os.clock()
    local result = relucid.strategy.preimage(net, goal,
      { domain = domain, coverage = asked, timeout = TIMEOUT, seed = seed })
    local cpu, megabytes = os.clock() - start, bench.peak_megabytes()
    local points, bad = count_bad(net, goal, domain, result, seed)
    print(("%-14s  %.2f   %.4f  %.4f .. %.4f  %9d  %5.2f  %4.0f  %7d %4d | %17s  %8s  %5s  %6s"):format(name, asked,
      result.coverage.value, result.coverage.lo, result.coverage.hi, #result, cpu, megabytes, points, bad,
      polytopes or "-", coverage or "-", seconds or "-", seconds and ("%.0f"):format(seconds / cpu) or "-"))
  end
end
