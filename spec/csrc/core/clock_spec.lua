--- Time that is up at any moment: whatever a call has then, it gives up cleanly, and what it says holds.
---
--- Every block of work begins with a look at the clock.  Here the 1st, 2nd, 3rd ... look of an operation finds that
--- time is up, that look alone (as if the caller had been interrupted and went on) or that and all later ones, until
--- the operation takes fewer.  RELUCID_LONG=1 tries every look, else fewer of the later ones.
local core = require "relucid.core"
local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"

local T = {}

local FOR_EVER = 1e6 -- seconds: a limit that is never reached, so that forced answers are its own

local function next_look(n)
  return os.getenv "RELUCID_LONG" and n + 1 or n + 1 + n // 2
end

-- operation() and check(what it returned) with time up at every look; without first.
local function at_every_look(operation, check)
  check(operation())
  for sign = 1, -1, -2 do
    local n = 1
    while true do
      core.time_up_at(sign * n)
      local values = table.pack(pcall(operation))
      local untouched = core.time_up_at(0) > 0
      lu.assertTrue(values[1], ("look %d: %s"):format(sign * n, tostring(values[2])))
      check(table.unpack(values, 2, values.n))
      if untouched then break end
      n = next_look(n)
      lu.assertTrue(n < 1e6, "no end")
    end
  end
end

local function domain_around(x, radius)
  local lo, hi = {}, {}
  for j = 1, #x do lo[j], hi[j] = x[j] - radius, x[j] + radius end
  return relucid.domain { lo = lo, hi = hi }
end

local function point_in(rng, domain)
  local x = {}
  for j = 1, #domain.lo do x[j] = domain.lo[j] + rng() * (domain.hi[j] - domain.lo[j]) end
  return x
end

-- A random network, a point, and a box around it; few inputs or many, where other bounds are used.
local function problem(rng, sizes, radius)
  local net, x = support.random_network(rng, sizes), {}
  for j = 1, sizes[1] do x[j] = 2 * rng() - 1 end
  return net, x, domain_around(x, radius)
end

local SHAPES = { { 3, 6, 5, 2 }, { 30, 8, 6, 2 }, { 70, 8, 8, 3 } }

--- Verdicts are those without a limit, or unknown; bounds of a maximum hold.
function T.test_searches()
  support.random("searches", function(rng)
    for _, sizes in ipairs(SHAPES) do
      local net, x, domain = problem(rng, sizes, sizes[1] > 10 and 0.3 or 1)
      local pattern = net:pattern(x):prefix(1)
      local y, c = net:eval(x), {}
      for i = 1, #y do c[i] = i == 1 and 1 or 0 end
      local best = net:maximize(domain, nil, relucid.property.linear { { c = c } }, { nodes = 300 })
      for _, share in ipairs { 0.1, 1 } do
        local target = relucid.property.linear { { c = c, d = -(best.lower + share * (best.upper - y[1])) } }
        for _, fields in ipairs { { mode = "find" }, { mode = "find", threads = 2 },
                                  { mode = "find_strict", record = 1 },
                                  { mode = "find", pattern = pattern }, { mode = "maximize" } } do
          fields.domain, fields.target, fields.nodes, fields.seconds = domain, target, 20, FOR_EVER
          local known
          at_every_look(function()
            local search = net:search(fields)
            return search, search:run()
          end, function(search, verdict)
            known = known or verdict
            local witness = search:witness()
            if witness then lu.assertTrue(target:value(witness, net:eval(witness)) >= search:lower() - 1e-9) end
            if fields.mode == "maximize" then
              lu.assertTrue(search:upper() >= best.lower + target:value(x, y) - y[1] - 1e-9)
            elseif verdict == "counterexample" then
              lu.assertNotNil(witness)
              lu.assertNotEquals(known, "proved")
            elseif verdict == "proved" then
              lu.assertNotEquals(known, "counterexample")
            end
          end)
        end
      end
    end
  end)
end

--- A pattern that is said to imply the property does.
function T.test_minimisation()
  support.random("minimisation", function(rng)
    for _, sizes in ipairs { { 3, 5, 4, 2 }, { 30, 5, 4, 2 } } do
      local net, x, domain = problem(rng, sizes, 0.5)
      local goal = relucid.property.argmax(net, net:eval(x)[1] >= net:eval(x)[2] and 1 or 2)
      local full = net:pattern(x)
      at_every_look(function()
        local minimize = net:minimize { domain = domain, pattern = full, property = goal, seconds = FOR_EVER }
        minimize:run()
        return minimize:verdict(), minimize:pattern()
      end, function(verdict, pattern)
        if verdict == "proved" then lu.assertEquals(net:implies(domain, pattern, goal), "proved") end
        if verdict == "counterexample" then lu.assertNotEquals(net:implies(domain, full, goal), "proved") end
      end)
    end
  end)
end

-- Which of the points lie in a region of the result?
local function members(result, points)
  local member = {}
  for _, s in ipairs(result:members(relucid.data(points))) do member[s] = true end
  return member
end

--- Polytopes from below hold nothing without the property, those from above all that has it.
function T.test_preimages()
  support.random("preimages", function(rng)
    for _, sizes in ipairs { { 2, 6, 2 }, { 30, 4, 4, 2 } } do
      local net, _, domain = problem(rng, sizes, 1)
      local goal = relucid.property.linear { { c = { 1, -1 }, d = 0.1 } }
      local points = {}
      for s = 1, 100 do points[s] = point_in(rng, domain) end
      for _, mode in ipairs { "under", "over" } do
        at_every_look(function()
          return relucid.strategy.preimage(net, goal, { domain = domain, mode = mode, coverage = 0.8, polytopes = 4,
                                                        timeout = FOR_EVER, samples = 200 })
        end, function(result)
          local member = members(result, points)
          for s, x in ipairs(points) do
            local holds, inside = goal:value(x, net:eval(x)) >= 0, member[s]
            if mode == "under" then lu.assertTrue(holds or not inside) else lu.assertTrue(inside or not holds) end
          end
        end)
      end
    end
  end)
end

--- Regions of every strategy hold nothing without the goal.
function T.test_strategies()
  support.random("strategies", function(rng)
    local net, x, domain = problem(rng, { 3, 4, 3, 2 }, 0.7)
    local goal = relucid.property.argmax(net, net:eval(x)[1] >= net:eval(x)[2] and 1 or 2)
    local points = {}
    for s = 1, 200 do points[s] = point_in(rng, domain) end
    for _, name in ipairs { "prophecy", "nninfer", "guarded", "tight", "free", "wide", "box" } do
      at_every_look(function()
        return relucid.strategy[name](net, x, goal, { domain = domain, timeout = FOR_EVER,
                                                      data = name == "wide" and relucid.data(points) or nil })
      end, function(result)
        local member = members(result, points)
        for s, point in ipairs(points) do
          if member[s] then lu.assertTrue(goal:value(point, net:eval(point)) >= 0, name) end
        end
      end)
    end
  end)
end

--- The course of a search is the same whatever the clock says, so it takes the same looks.
function T.test_looks_are_counted_alike()
  local net, _, domain = problem(support.generator(7), { 30, 8, 6, 2 }, 0.3)
  local function looks()
    core.time_up_at(1000000)
    net:search { domain = domain, target = relucid.property.linear { { c = { 1, 0 } } }, mode = "maximize",
                 nodes = 20 }:run()
    return core.time_up_at(0)
  end
  lu.assertEquals(looks(), looks())
  lu.assertTrue(looks() < 999990)
end

return T
