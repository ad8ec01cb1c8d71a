--- Pattern queries: do the first k layers of a point's pattern imply its class?
--- ACAS Xu 1_1 (five points) and MNIST 784-10x10-10 (three digits), one thread,
--- each query limited to 5 s.  As a unit for other machines, the time of
--- 100,000 evaluations of the same network in the same process is given too.
local relucid = require "relucid"

local LIMIT = 5

local directory = os.getenv "RELUCID_DATA"
if not directory or directory == "" then
  print "patterns: skipped, RELUCID_DATA is not set"
  return
end

local function largest(y)
  local best = 1
  for i = 2, #y do
    if y[i] > y[best] then best = i end
  end
  return best
end

--- Seconds of 100,000 evaluations.
local function unit(net, point)
  local start = os.clock()
  for _ = 1, 1000 do net:eval(point) end
  return 100 * (os.clock() - start)
end

local function query(net, domain, point, k)
  local goal = relucid.property.argmax(net, largest(net:eval(point)))
  local search = net:search { domain = domain, pattern = net:pattern(point):prefix(k), target = goal:negate(),
                              mode = "find_strict", seconds = LIMIT }
  return search:run(), search:stats()
end

local function run(name, net, domain, points, depths)
  print(("%s: seconds (P proved, C counterexample, U unknown) by prefix length k and point"):format(name))
  local times, reference = {}, unit(net, points[1])
  for _, k in ipairs(depths) do
    local cells = {}
    for i, point in ipairs(points) do
      local verdict, stats = query(net, domain, point, k)
      times[#times + 1] = stats.seconds
      cells[i] = ("%s %7.3f"):format(verdict:sub(1, 1):upper(), stats.seconds)
    end
    print(("  k = %-2d  %s"):format(k, table.concat(cells, "   ")))
  end
  table.sort(times)
  local median = times[#times // 2 + 1]
  print(("  median %.3f s, %.4f of 100,000 evaluations (%.2f s)"):format(median, median / reference, reference))
end

local acas = relucid.load(directory .. "/nninfer/nets/acasxu_1_1_norm_negout.nnet")
local file = assert(io.open(directory .. "/nninfer/acas_points.json"))
local points = relucid.json.decode(file:read "a")
file:close()
run("ACAS Xu 1_1", acas, relucid.domain { lo = points.lo, hi = points.hi }, points.points, { 6, 5, 4, 3, 2, 1 })

local mnist = relucid.load(directory .. "/mnist/mnist10x10.nnet")
local digits = relucid.data(directory .. "/mnist/mnist-images.idx3-ubyte.gz")
local lo, hi = {}, {}
for i = 1, mnist.n do
  lo[i], hi[i] = 0, 1
end
run("MNIST 784-10x10-10", mnist, relucid.domain { lo = lo, hi = hi },
    { digits:row(1), digits:row(5), digits:row(9) }, { 10, 8, 6, 4, 2 })
