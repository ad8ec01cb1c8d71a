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

function T.test_steps()
  local net, domain, goal = fixture()
  local preimage = net:preimage { domain = domain, property = goal, samples = 5000, coverage = 0.99 }
  lu.assertEquals(preimage:reason(), "running")
  while not preimage:step(1) do lu.assertEquals(preimage:reason(), "running") end
  lu.assertEquals(preimage:reason(), "coverage")
  lu.assertTrue(preimage:step())
  lu.assertTrue(preimage:estimate() >= 0.99)
  local stats, coverage = preimage:stats(), preimage:coverage()
  lu.assertEquals(math.type(stats.splits), "integer")
  lu.assertTrue(coverage.lo <= coverage.value and coverage.value <= coverage.hi)
  lu.assertTrue(coverage.value >= 0.99 and coverage.samples >= 5000)
  preimage:demand(1)
  while not preimage:step() do end
  lu.assertEquals(preimage:reason(), "exact")
end

function T.test_limits()
  local net, domain, goal = fixture()
  local function reason(options)
    options.domain, options.property, options.samples = domain, goal, 500
    local preimage = net:preimage(options)
    while not preimage:step() do end
    return preimage:reason()
  end
  lu.assertEquals(reason { coverage = 1, polytopes = 1 }, "polytopes")
  lu.assertEquals(reason { coverage = 1, seconds = 1e-9 }, "seconds")
end

function T.test_parts_and_splits_by_hand()
  local net, domain, goal = fixture()
  local preimage = net:preimage { domain = domain, property = goal, samples = 500, coverage = 1 }
  local parts = preimage:parts()
  lu.assertEquals(#parts, 1)
  lu.assertEquals({ parts[1].lo, parts[1].hi, parts[1].depth, parts[1].closed, parts[1].undecided },
                  { { -1, -1 }, { 1, 1 }, 0, false, 2 })
  lu.assertNil(parts[1].split)
  preimage:split(1, { input = 1, at = 0.25 })
  parts = preimage:parts()
  lu.assertEquals(#parts, 2)
  lu.assertEquals({ parts[1].hi[1], parts[2].lo[1] }, { 0.25, 0.25 })
  preimage:split(1, { neuron = { 1, 2 } })
  parts = preimage:parts()
  lu.assertEquals(#parts, 3)
  lu.assertEquals(parts[1].undecided, 1)
  local best = preimage:best()
  local split = preimage:parts()[best].split
  lu.assertTrue(split.neuron ~= nil or split.input ~= nil)
  preimage:split(best)
  lu.assertTrue(#preimage:parts() >= 3)
end

function T.test_refuses()
  local net, domain, goal = fixture()
  local function create(fields)
    return function()
      fields.domain, fields.property = fields.domain or domain, fields.property or goal
      return net:preimage(fields)
    end
  end
  raises("preimage: list expected, got no value", net.preimage, net)
  raises("the network's file gives no input box: a domain is needed", net.preimage, net, { property = goal })
  raises("property: relucid.property expected, got nil", net.preimage, net, { domain = domain })
  raises("domain: has 1 inputs, the network has 2", create { domain = relucid.domain { lo = { 0 }, hi = { 1 } } })
  support.raises_with("preimage: unknown option 'second'; known are: domain property mode coverage",
                      create { second = 1 })
  raises("mode is 'inner', expected one of: under, over", create { mode = "inner" })
  raises("mode is 5, expected one of: under, over", create { mode = 5 })
  raises("seconds is -1, expected a number >= 0", create { seconds = -1 })
  raises("coverage is 0, expected a number above 0 and at most 1", create { coverage = 0 })
  raises("coverage is 1.5, expected a number above 0 and at most 1", create { coverage = 1.5 })
  raises("samples is 3, expected a number from 100 to 1e+08", create { samples = 3 })
  raises("points is 1, expected a number from 16 to 1e+06", create { points = 1 })
  local preimage = create { samples = 200 } ()
  raises("splits is 0, expected a positive integer", preimage.step, preimage, 0)
  raises("coverage is 2, expected a number above 0 and at most 1", preimage.demand, preimage, 2)
  raises("part is 2, expected an integer from 1 to 1", preimage.split, preimage, 2)
  raises("split: list expected, got number", preimage.split, preimage, 1, 7)
  raises("input is 3, expected an integer from 1 to 2", preimage.split, preimage, 1, { input = 3, at = 0 })
  raises("at is nil, expected a number", preimage.split, preimage, 1, { input = 1 })
  raises("input 0 cannot be split at 4: the part has -1 to 1", preimage.split, preimage, 1, { input = 1, at = 4 })
  raises("neuron is 9, expected an integer from 1 to 2", preimage.split, preimage, 1, { neuron = { 1, 9 } })
  raises("region is 9, expected an integer from 1 to " .. preimage:count(), preimage.region, preimage, 9)
  local certain = relucid.property.linear { { c = { 0, 1 }, d = 1 } }
  local closed = net:preimage { domain = domain, property = certain, samples = 200 }
  lu.assertTrue(closed:parts()[1].closed)
  raises("part 1 cannot be split", closed.split, closed, 1)
  preimage:split(1, { neuron = { 1, 1 } })
  raises("neuron 0 is decided on the part", preimage.split, preimage, 1, { neuron = { 1, 1 } })
  preimage:close()
  raises("preimage: attempt to use a closed preimage", preimage.step, preimage)
end

function T.test_refuses_neurons_that_are_not_affine()
  local net = relucid.network { { W = { { 1, 0 }, { 0, 1 } }, b = { 0, 0 } }, { W = { { 1, -1 } }, b = { 0 } },
                                { W = { { 1 } }, b = { -0.25 } } }
  local preimage = net:preimage { domain = support.square(), samples = 200,
                                  property = relucid.property.linear { { c = { 1 } } } }
  raises("neuron 2 is not affine on the part: layer 1 has undecided neurons", preimage.split, preimage, 1,
         { neuron = { 2, 1 } })
end

function T.test_options_are_described()
  local names = {}
  for _, option in ipairs(relucid.preimage_options()) do
    names[option.name] = option.default
    lu.assertStrContains(option.help, " ")
  end
  lu.assertEquals(names.coverage, 0.9)
end

function T.test_out_of_memory()
  local net, domain, goal = fixture()
  local cut = relucid.domain { lo = { -1, -1 }, hi = { 1, 1 }, A = { { 1, 1 } }, b = { 1 } }
  for _, mode in ipairs { "under", "over" } do
    support.each_allocation_fails(function()
      local preimage = net:preimage { domain = cut, property = goal, samples = 100, points = 16, coverage = 1,
                                      mode = mode }
      while not preimage:step() do end
      preimage:coverage()
      preimage:region(1)
    end)
  end
  -- A step that failed can be repeated, with the same outcome.
  local function polytopes(fail)
    local preimage = net:preimage { domain = domain, property = goal, samples = 100, points = 16, coverage = 1 }
    local n, done = 0, false
    while not done do
      n = n + 1
      if fail then core.memory_fail_at(n) end
      local ok, result = pcall(preimage.step, preimage, 1)
      core.memory_fail_at(0)
      done = ok and result
      if not ok then lu.assertEquals(result, "out of memory") end
    end
    return preimage:coverage().value
  end
  lu.assertEquals({ polytopes(false), polytopes(true) }, { 1, 1 })
end

return T
