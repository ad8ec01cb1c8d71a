local lu = require "luaunit"
local relucid = require "relucid"
local campaign = require "relucid.experiment.campaign"
local support = require "spec.support"
local raises, raises_with = support.raises, support.raises_with

local T = {}

local NET = "examples/demo/climb.nnet"

local function grid(more)
  local given = { networks = { NET }, points = { { 0.1, 0, 0, 0 }, { 0, 0.2, 0, 0 } }, strategies = { "prophecy" } }
  for name, value in pairs(more or {}) do given[name] = value end
  return given
end

local function keys_of(given, path)
  local keys = {}
  for i, run in ipairs(campaign.runs(given, path)) do keys[i] = run.key end
  return keys
end

function T.test_the_grid()
  local runs = campaign.runs(grid { goals = { "argmax", "argmin" }, seeds = { 1, 2, 3 },
    strategies = { "prophecy", { "nninfer", epsilon = 0.25 } } })
  lu.assertEquals(#runs, 2 * 2 * 3 * 2)
  local seen = {}
  for i, run in ipairs(runs) do
    lu.assertEquals({ run.index, run.of, run.relucid_run }, { i, #runs, 1 })
    lu.assertNil(seen[run.key])
    seen[run.key] = true
  end
  lu.assertEquals({ runs[2].seed, runs[4].label, runs[4].options.epsilon, runs[7].point[2], runs[13].goal },
                  { 2, "nninfer epsilon=0.25", 0.25, 0.2, "argmin" })
  -- A line of JSON says the same.
  local back = relucid.json.decode(campaign.line(runs[4]))
  lu.assertEquals({ back.key, back.point, back.options, back.network.sha256 },
                  { runs[4].key, runs[4].point, runs[4].options, relucid.load(NET).sha256 })
end

function T.test_keys_tell_runs_apart_by_what_matters()
  local base = keys_of(grid())
  lu.assertEquals(keys_of(grid()), base)
  lu.assertEquals(keys_of(grid { strategies = { "prophecy", "tight" } })[1], base[1]) -- a grown campaign keeps them
  local others = { { strategies = { "tight" } }, { seeds = { 2 } }, { limits = { seconds = 5 } },
                   { goals = { "argmin" } }, { strategies = { { "nninfer", epsilon = 0.5 } } },
                   { strategies = { { "nninfer", epsilon = 0.25 } } },
                   { networks = { { NET, raw = true } }, points = { { 0.1, 0, 0, 5 }, { 0, 0.2, 0, 5 } } },
                   { domain = { lo = { -1, -1, -1, -1 }, hi = { 1, 1, 1, 1 } } }, { anchor = false } }
  local seen = { [base[1]] = true }
  for _, other in ipairs(others) do
    local key = keys_of(grid(other))[1]
    lu.assertNil(seen[key])
    seen[key] = true
  end
  local twice = keys_of(grid { points = { { 0.1, 0, 0, 0 }, { 0.1, 0, 0, 0 } } })
  lu.assertEquals(twice, { base[1], base[1] .. "-2" })
end

function T.test_points_of_data_filters_and_files()
  local seen = {}
  local runs = campaign.runs(grid { points = { data = "examples/demo/encounters.csv", rows = { 3, 5 }, raw = true },
    filter = function(run, net)
      seen[#seen + 1] = net.n
      return run.row ~= 4
    end })
  local data = relucid.data "examples/demo/encounters.csv"
  lu.assertEquals({ runs[1].row, runs[2].row, #runs, #seen }, { 3, 5, 2, 3 })
  lu.assertEquals({ runs[1].point, runs[1].network.raw, runs[2].index }, { data:row(3), true, 2 })
  -- Paths are relative to the experiment's file.
  runs = campaign.runs({ networks = { "climb.nnet" }, points = { { 0, 0, 0, 0 } },
                         strategies = { "../strategies/halving.lua" } }, "examples/demo/x.lua")
  lu.assertEquals({ runs[1].network.file, runs[1].strategy, runs[1].label },
                  { NET, "examples/demo/../strategies/halving.lua", "halving" })
end

function T.test_refuses()
  local function refuses(message, more) raises(message, campaign.runs, grid(more)) end
  raises("experiment: table expected, got nil", campaign.runs, nil)
  refuses("unknown field 'network', expected anchor data domain filter goals limits networks points record seeds "
          .. "strategies", { network = NET })
  refuses("networks: table expected, got string", { networks = NET })
  raises("strategies: is missing", campaign.runs, { networks = { NET }, points = { { 0 } } })
  refuses("networks: is empty", { networks = {} })
  refuses("networks[1]: expected a path or {path, raw = boolean}", { networks = { 7 } })
  refuses("points: point 1 has 2 numbers, examples/demo/climb.nnet has 4 inputs", { points = { { 1, 2 } } })
  refuses("points: expected a list of points or {data = path, rows = {first, last}}", { points = {} })
  refuses("points[1]: is number, expected a list of numbers", { points = { 1, 2 } })
  refuses("points: rows: is {1, 4000}, expected first and last of 1 to 3000",
          { points = { data = "examples/demo/encounters.csv", rows = { 1, 4000 } } })
  refuses("points: unknown field 'row', expected data raw rows scale", { points = { data = "x", row = 1 } })
  refuses("limits: unknown field 'second', expected query_seconds seconds", { limits = { second = 1 } })
  refuses("limits: seconds is 0, expected a number > 0", { limits = { seconds = 0 } })
  refuses("seeds[1]: is a, expected an integer", { seeds = { "a" } })
  refuses("goals[1]: is number, expected a string", { goals = { 1 } })
  refuses("domain: expected {lo = list, hi = list} or the path of such a JSON file", { domain = {} })
  raises_with("strategies[1]: no strategy 'magic'; known are: ", campaign.runs, grid { strategies = { "magic" } })
  raises_with("strategies[1]: nninfer: unknown option 'epsilo'; known are: anchor data domain epsilon", campaign.runs,
              grid { strategies = { { "nninfer", epsilo = 1 } } })
  raises_with("option filter raised: ", campaign.runs, grid { filter = function() error "no" end })
  support.with_file("return 3", function(path)
    raises(path .. ": returns number, expected a table", campaign.read, path)
  end)
end

return T
