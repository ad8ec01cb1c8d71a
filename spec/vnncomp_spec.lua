-- The ACAS Xu networks and properties, and the preimage problems, from $RELUCID_DATA.
local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"

local T = {}

local function data()
  local directory = os.getenv "RELUCID_DATA"
  if not directory or directory == "" then lu.skip "RELUCID_DATA is not set" end
  return directory
end

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

local function acas(directory, name)
  return relucid.load(("%s/acasxu/onnx/ACASXU_run2a_%s_batch_2000.onnx"):format(directory, name))
end

-- The weights of the .nnet files are the same ones in decimal digits.
function T.test_onnx_and_nnet_agree()
  local directory = data()
  support.random("agree", function(rng)
    for i = 1, 5 do
      for j = 1, 9 do
        local name = i .. "_" .. j
        local one = acas(directory, name)
        local other = relucid.load(("%s/acasxu/nnet/ACASXU_experimental_v2a_%s.nnet"):format(directory, name))
        lu.assertEquals(one.sizes, other.sizes)
        local points = {}
        for k = 1, 20 do points[k] = { rng() - 0.5, rng() - 0.5, rng() - 0.5, rng() - 0.5, rng() - 0.5 } end
        local y, z = one:eval(points), other:eval(points)
        for k in ipairs(points) do
          for o = 1, 5 do lu.assertAlmostEquals(y[k][o], z[k][o], 1e-5, name) end
        end
      end
    end
  end)
end

-- One that subtracts a constant first, and Gemm with transB, float and double weights.
function T.test_reference_points()
  local directory, count = data(), 0
  for _, name in ipairs { "preimage/auto_park_20", "preimage/cartpole", "preimage/dubinsrejoin", "preimage/lunarlander",
                          "preimage/vcas21_1", "preimage/vcas128_1", "rpm/pendulum_controlled",
                          "rpm/vanderpol_roa_k3" } do
    local path = directory .. "/" .. name
    if exists(path .. ".onnx") then
      local net = relucid.load(path .. ".onnx")
      for _, point in ipairs(relucid.json.decode(support.read(path .. ".json")).reference_points) do
        local y = net:eval(point.x)
        for o, value in ipairs(point.y) do lu.assertAlmostEquals(y[o], value, 1e-9 * (1 + math.abs(value)), name) end
        count = count + 1
      end
    end
  end
  if count == 0 then lu.skip "no preimage problems in RELUCID_DATA" end
end

function T.test_all_properties_are_read()
  local directory = data()
  local cases = { 1, 1, 1, 1, 1, 2, 1, 1, 1, 1 }
  local clauses = { 1, 1, 1, 1, 4, 4, 2, 3, 4, 4 }
  local net = acas(directory, "1_1")
  for p = 1, 10 do
    local problem = relucid.vnnlib(("%s/acasxu/vnnlib/prop_%d.vnnlib"):format(directory, p), net)
    lu.assertEquals({ #problem.cases, #problem.cases[1].clauses }, { cases[p], clauses[p] }, "property " .. p)
  end
end

-- The box of property 6 as its file has it, and its or of outputs in both cases.
function T.test_property_6()
  local problem = relucid.vnnlib(data() .. "/acasxu/vnnlib/prop_6.vnnlib")
  lu.assertEquals(problem.cases[2].lo, { -0.129289109, -0.499999896, -0.499999896, -0.5, -0.5 })
  lu.assertEquals(problem.cases[2].hi, { 0.700434925, -0.11140846, -0.499204121, 0.5, 0.5 })
  lu.assertEquals(problem.cases[2].clauses, problem.cases[1].clauses)
end

-- Instances that take a fraction of a second; the verdicts are those that several tools agree on.
local QUICK = { "1_1 1", "1_7 3", "2_1 3", "3_4 1", "1_9 4", "5_3 4", "4_5 1", "1_7 4", "1_8 3", "1_9 3", "2_1 2",
                "3_1 2", "3_1 4", "5_5 4", "2_4 1" }

function T.test_verdicts()
  local directory = data()
  local verdicts = {}
  for line in io.lines(directory .. "/acasxu/verdicts.csv") do
    local net, property, verdict = line:match "^(%d_%d),(%d+),(%a+)"
    if net then verdicts[net .. " " .. property] = verdict end
  end
  local seen = { sat = 0, unsat = 0 }
  for _, name in ipairs(QUICK) do
    local network, p = name:match "(%S+) (%S+)"
    local net = acas(directory, network)
    local problem = relucid.vnnlib(("%s/acasxu/vnnlib/prop_%s.vnnlib"):format(directory, p))
    local result = relucid.verify(net, problem, { timeout = 60 })
    lu.assertEquals(result.verdict, verdicts[name], name)
    seen[result.verdict] = seen[result.verdict] + 1
    if result.verdict == "sat" then
      local x = result.counterexample.x
      local k = problem:around(x)
      lu.assertNotNil(k, name)
      lu.assertTrue(problem:target(k):value(x, net:eval(x)) >= -1e-12, name)
    end
  end
  lu.assertTrue(seen.sat >= 5 and seen.unsat >= 5)
end

return T
