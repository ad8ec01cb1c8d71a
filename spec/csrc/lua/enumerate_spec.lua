local lu = require "luaunit"
local relucid = require "relucid"
local core = require "relucid.core"
local support = require "spec.support"
local raises = support.raises

local T = {}

local function fixture()
  local net = support.small()
  return net, support.square(), relucid.property.argmax(net, 1)
end

function T.test_quadrants()
  local net, domain, goal = fixture()
  local found = net:enumerate { domain = domain }
  while not found:step(1) do end
  lu.assertEquals(found:count(), 4)
  local low, high = found:volume(1)
  lu.assertTrue(low <= 1 and 1 <= high and high - low < 1e-9)
  lu.assertEquals(#found:vertices(1), 4)
  lu.assertEquals(found:stats().cuts, 3)
  -- relu x1 >= 2 relu x2: x2 <= 0, or x1 >= 2 x2 >= 0.  Of the three pieces two neighbours can be united.
  found = net:enumerate { domain = domain, property = goal }
  while not found:step() do end
  lu.assertEquals(found:count(), 3)
  lu.assertTrue(found:pattern(1) ~= nil)
  found:merge()
  lu.assertEquals(found:count(), 2)
  local patterns, sum = 0, 0
  for i = 1, 2 do
    sum = sum + found:volume(i)
    if found:pattern(i) then patterns = patterns + 1 end
  end
  lu.assertEquals(patterns, 1)
  lu.assertAlmostEquals(sum, 2.25, 1e-9)
end

function T.test_the_domain_is_the_box_of_the_file()
  local file = "// a network\n2,2,1,2,\n2,2,1,\n0,\n-1,-2,\n1,0.5,\n0,0,0,\n1,1,1,\n"
    .. "1,0,\n0,1,\n0.25,\n0.125,\n1,1,\n0,\n"
  support.with_file(file, function(path)
    local net = relucid.load(path)
    local found, asked = net:enumerate(), net:enumerate { domain = relucid.domain { lo = { -1, -2 }, hi = { 1, 0.5 } } }
    while not found:step() do end
    while not asked:step() do end
    lu.assertEquals(found:count(), 4)
    lu.assertEquals({ found:volume() }, { asked:volume() })
    lu.assertEquals(net:maximize(nil, nil, relucid.property.linear { { c = { 1 } } }).upper,
                    net:maximize(relucid.domain(net:box()), nil, relucid.property.linear { { c = { 1 } } }).upper)
  end, ".nnet")
end

function T.test_refuses()
  local net, domain, goal = fixture()
  raises("enumerate: list expected, got number", net.enumerate, net, 5)
  raises("the network's file gives no input box: a domain is needed", net.enumerate, net)
  raises("the network's file gives no input box: a domain is needed", net.enumerate, net, {})
  raises("enumerate: unknown option 'merge'; known are: domain property", net.enumerate, net,
         { domain = domain, merge = true })
  raises("domain: has 1 inputs, the network has 2", net.enumerate, net,
         { domain = relucid.domain { lo = { 0 }, hi = { 1 } } })
  raises("property: relucid.property expected, got number", net.enumerate, net, { domain = domain, property = 5 })
  raises("0 inputs of the domain vary, expected 1 to 10", net.enumerate, net, { domain = support.square(0, 0) })
  local found = net:enumerate { domain = domain, property = goal }
  raises("cells is 0, expected a positive integer", found.step, found, 0)
  raises("regions are united at the end of the enumeration", found.merge, found)
  while not found:step() do end
  raises("region is 4, expected an integer from 1 to 3", found.region, found, 4)
  raises("region is 'one', expected an integer from 1 to 3", found.pattern, found, "one")
  found:close()
  raises("enumerate: attempt to use a closed enumerate", found.count, found)
  found = net:enumerate { domain = domain }
  while not found:step() do end
  raises("regions are united for a property that is one conjunction", found.merge, found)
end

function T.test_region_volume()
  local net = relucid.network { { W = { { 1, 0, 0 } }, b = { 0 } } }
  local cube = relucid.domain { lo = { 0, 0, 0 }, hi = { 1, 1, 1 } }
  local function check(expected, A, b)
    local low, high = relucid.region(net, cube, nil, { A = A, b = b }):volume()
    lu.assertTrue(low <= expected and expected <= high, ("%.17g..%.17g"):format(low, high))
    lu.assertTrue(high - low < 1e-12)
  end
  check(1, {}, {})
  check(0.5, { { 1, 1, 0 } }, { 1 })
  check(4 / 6 - 1e-17, { { 1, 1, 1 }, { -1, -1, -1 } }, { 2, -1 })
  check(0, { { 1, 1, 1 }, { -1, -1, -1 } }, { 0, -1 })  -- empty
  check(0, { { 1, 1, 1 }, { -1, -1, -1 } }, { 1, -1 })  -- flat
  check(0, { { 0, 0, 0 } }, { -1 })                     -- a row that nothing obeys
  check(0.5, { { 1, 1, 0 }, { 2, 2, 0 }, { 1, 0, 0 } }, { 1, 2, 1 }) -- rows twice
  local pattern = relucid.pattern(support.small()):with(1, 1, 1)
  local region = relucid.region(support.small(), support.square(), pattern)
  raises("the volume of a region is for polytopes: its pattern is no prefix", function()
    local deep = relucid.network { { W = { { 1, 0 } }, b = { 0 } }, { W = { { 1 } }, b = { 0 } },
                                   { W = { { 1 } }, b = { 0 } } }
    return relucid.region(deep, support.square(), relucid.pattern(deep):with(2, 1, 1)):volume()
  end)
  local low, high = region:volume()
  lu.assertTrue(low <= 2 and 2 <= high)
  local lo, hi = {}, {}
  for i = 1, 11 do lo[i], hi[i] = 0, 1 end
  local wide = relucid.network { { W = { lo }, b = { 0 } } }
  raises("the volume of a region is for at most 10 inputs that vary", function()
    return relucid.region(wide, relucid.domain { lo = lo, hi = hi }):volume()
  end)
end

-- Random polytopes in up to four dimensions against sampling.
function T.test_region_volume_against_sampling()
  support.random("volume", function(rng)
    for n = 1, 4 do
      local weights, lo, hi, box = {}, {}, {}, 1
      for i = 1, n do
        weights[i], lo[i], hi[i] = 0, -1, rng(0, 2)
        box = box * (hi[i] + 1)
      end
      local A, b = {}, {}
      for r = 1, rng(1, 5) do
        A[r], b[r] = {}, rng() * 0.7
        for i = 1, n do A[r][i] = 2 * rng() - 1 end
      end
      local net = relucid.network { { W = { weights }, b = { 0 } } }
      local region = relucid.region(net, relucid.domain { lo = lo, hi = hi }, nil, { A = A, b = b })
      local points = {}
      for s = 1, 20000 do
        points[s] = {}
        for i = 1, n do points[s][i] = lo[i] + rng() * (hi[i] - lo[i]) end
      end
      local share = region:support(relucid.data(points)) / #points
      local low, high = region:volume()
      lu.assertTrue(math.abs(share - (low + high) / 2 / box) < 5 * math.sqrt(0.25 / #points))
    end
  end)
end

function T.test_out_of_memory()
  local net, domain, goal = fixture()
  support.each_allocation_fails(function()
    local found = net:enumerate { domain = domain, property = goal }
    while not found:step() do end
    found:merge()
    found:region(1):volume()
  end)
  -- What failed half-way does not pretend to be complete.
  local found = net:enumerate { domain = domain }
  core.memory_fail_at(1)
  lu.assertFalse((pcall(found.step, found)))
  core.memory_fail_at(0)
  raises("the enumeration cannot go on: an earlier step failed", found.step, found)
end

return T
