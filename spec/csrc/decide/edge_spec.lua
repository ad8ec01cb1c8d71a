--- The decision procedure where almost nothing is left to decide: constant goals, points, empty sets, slivers.
local exact = require "spec.exact"
local lu = require "luaunit"
local relucid = require "relucid"

local LEAST = 5e-324 -- the least positive double

local T = {}

-- Verdicts of find and find_strict, with one thread and with two, and search:upper() of maximize.
local function check(problem, find, find_strict)
  local net = relucid.network(problem.layers)
  local clauses = {}
  for k, clause in ipairs(problem.clauses) do clauses[k] = relucid.property.linear(net, clause) end
  local fields = { domain = relucid.domain { lo = problem.lo, hi = problem.hi, A = problem.A[1] and problem.A,
                                             b = problem.A[1] and problem.b }, target = relucid.property.any(clauses) }
  for mode, expected in pairs { find = find, find_strict = find_strict } do
    for threads = 1, 2 do
      fields.mode, fields.threads = mode, threads
      local search = net:search(fields)
      lu.assertEquals(search:run(), expected, ("%s, threads %d"):format(mode, threads))
      if expected == "counterexample" then
        lu.assertTrue(exact.sign_at(problem, search:witness()) >= (mode == "find" and 0 or 1))
      end
    end
  end
  fields.mode, fields.threads = "maximize", 1
  local search = net:search(fields)
  search:run()
  return search:lower(), search:upper()
end

local P, C = "proved", "counterexample"

local function problem_of(fields)
  local problem = { layers = { { W = { { 1, -1 }, { -1, 2 } }, b = { 0, 0.5 } }, { W = { { 1, 1 } }, b = { 0 } } },
                    lo = { -1, -1 }, hi = { 1, 1 }, A = {}, b = {}, clauses = { { { c = { 1 }, d = -1 } } } }
  for name, value in pairs(fields) do problem[name] = value end
  return problem
end

function T.test_constant_goals()
  for d, expected in pairs { [0] = { C, P }, [LEAST] = { C, C }, [-LEAST] = { P, P }, [1e300] = { C, C } } do
    local clause = { { c = { 0 }, d = d } }
    local lower, upper = check(problem_of { clauses = { clause } }, table.unpack(expected))
    lu.assertTrue(lower <= d and d <= upper)
    -- Beside a row that always holds, and beside a clause that never does.
    check(problem_of { clauses = { { clause[1], { c = { 1 }, d = 1 } }, { { c = { 0 }, d = -1 } } } },
          table.unpack(expected))
    check(problem_of { layers = { { W = { { 0, 0 } }, b = { 0 } } }, clauses = { { { c = { 1 }, d = d } } } },
          table.unpack(expected))
    -- Nothing has any property where there is nothing.
    local none = problem_of { clauses = { clause }, A = { { 1, 0 } }, b = { -2 } }
    lu.assertEquals({ check(none, P, P) }, { -math.huge, -math.huge })
  end
end

--- A domain of one point: the answer is the evaluation's.
function T.test_points()
  for _, x in ipairs { { 0, 0 }, { 0.1, 0.3 }, { -1e-300, 1e-300 }, { 1e6, 999999.5 }, { 1 / 3, -0.25 } } do
    for _, d in ipairs { 0, -0.5, -0.75, -1.1, -500001 } do
      local problem = problem_of { lo = x, hi = x, clauses = { { { c = { 1 }, d = d, a = { 0.5, 0 } } } } }
      local sign = exact.sign_at(problem, x)
      check(problem, sign >= 0 and C or P, sign > 0 and C or P)
    end
  end
end

--- Two rows leave a point of the box, which the goal's maximum may or may not be at; or they contradict each other.
function T.test_single_points_and_nothing()
  local rows = { { 1, 1 }, { -1, -1 }, { 1, -3 }, { -1, 3 } }
  local point = { 0.25, -0.5 } -- y = relu(0.75) + relu(-0.75) there
  for _, d in ipairs { -0.75, -0.75 - 2.0 ^ -40, -0.75 + 2.0 ^ -40 } do
    local problem = problem_of { A = rows, b = { -0.25, 0.25, 1.75, -1.75 }, clauses = { { { c = { 1 }, d = d } } } }
    local sign = exact.sign_at(problem, point)
    lu.assertNotNil(sign)
    if sign <= 0 then check(problem, sign == 0 and C or P, P) else check(problem, C, C) end
    for _, gap in ipairs { 2.0 ^ -50, 1e-9, 1e-3 } do
      local empty = problem_of { A = rows, b = { -0.25, 0.25 - gap, 1.75, -1.75 }, clauses = problem.clauses }
      lu.assertEquals({ check(empty, P, P) }, { -math.huge, -math.huge })
    end
  end
end

--- Half-spaces 1e-9 apart, rotated by 1e-9: a sliver in which the second neuron is off by a hair.
function T.test_slivers()
  for _, width in ipairs { 1e-3, 1e-9, 1e-12 } do
    local problem = problem_of {
      layers = { { W = { { 1, 1 }, { 1 + 1e-9, 1 } }, b = { 0, 0 } }, { W = { { 1, -1 } }, b = { 0 } } },
      A = { { 1, 1 }, { -1 - 1e-9, -1 } }, b = { 0.5, -0.5 + width },
      clauses = { { { c = { 1 }, d = -2e-9 } } },
    }
    -- On the domain |z1 - z2| <= 1e-9 (1 + 1e-7), so the output is below 2e-9.
    check(problem, P, P)
    problem.clauses = { { { c = { 1 }, d = 2e-9 } } }
    if width >= 1e-9 then check(problem, C, C) end
  end
end

--- Weights from 1e-12 to 1e12 whose product is about 1: y = max(0, x1) + max(0, x2 - 1/2).
function T.test_units()
  local problem = problem_of {
    layers = { { W = { { 1e12, 0 }, { 0, 1e-12 } }, b = { 0, -0.5e-12 } },
               { W = { { 1e-6, 0 }, { 0, 1e6 } }, b = { 0, 0 } }, { W = { { 1e-6, 1e6 } }, b = { 0 } } },
    clauses = { { { c = { 1 }, d = -1.5 + 1e-9 } } },
  }
  check(problem, C, C)
  problem.clauses[1][1].d = -1.5 - 1e-9
  check(problem, P, P)
end

--- More inputs than 32, of which the first layer sees two sums, contradicted by a half-space.
function T.test_many_inputs_in_an_empty_set()
  local problem = { lo = {}, hi = {}, A = { {} }, b = { -0.25 }, clauses = { { { c = { 1 }, d = 1000 } } },
                    layers = { { W = { {}, {}, {}, {} }, b = { 0.1, -0.1, 0.3, 0 } },
                               { W = { { 1, -2, 3, -1 } }, b = { 0 } } } }
  for i = 1, 48 do
    local unit = 2.0 ^ (i * 7 % 41 - 20)
    problem.lo[i], problem.hi[i], problem.A[1][i] = 0, unit, 1 / (48 * unit)
    for h, row in ipairs(problem.layers[1].W) do row[i] = (i * h % 7 - 3) / unit end
  end
  lu.assertEquals({ check(problem, P, P) }, { -math.huge, -math.huge })
  problem.b[1] = 0 -- leaves the corner lo
  problem.clauses[1][1].d = -0.8
  check(problem, C, C) -- y = 0.1 + 0.9
  problem.clauses[1][1].d = -1.1
  check(problem, P, P)
end

--- The maximum lies at vertices that are no doubles, on rows that a linear program may break by a little: inputs
--- farther inside answer all the same.
function T.test_vertices_that_are_no_doubles()
  check(problem_of { layers = { { W = { { 0, 0 } }, b = { 0 } } }, A = { { 0.75, -0.75 }, { -0.75, 0 }, { -2, 1.5 } },
                     b = { 0.25, 0.5, 0 }, clauses = { { { a = { -1, 0 }, c = { 0 }, d = 0 } } } }, C, C)
  check(problem_of { layers = { { W = { { 0, 0 } }, b = { 0 } } }, A = { { -0.75, -1.25 }, { 0.25, 1.25 } },
                     b = { 0, 0.5 }, clauses = { { { a = { -2, 0.5 }, c = { 0 }, d = -2 } } } }, C, C)
end

return T
