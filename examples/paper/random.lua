--- Random networks 5-2-5-4-3, seeds 0 to 9: Prophecy and NNInfer with eps 0.001, 0.1 and 1.
---
---     lua5.4 examples/paper/random.lua [--seeds N] [--check POINTS]
---
--- With $RELUCID_DATA the networks and points of the paper's own code as recorded there, else networks of
--- examples/make_random.lua.  Boxes need not contain the point, as in the paper.
local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"
package.path = here .. "../../?.lua;" .. package.path

local common = require "examples.paper.common"
local baseline = require "examples.paper.baseline"
local make_random = require "examples.make_random"
local Prng = require "examples.prng"
local relucid = require "relucid"

local random = {}

random.EPSILONS = { 0.001, 0.1, 1 }

--- A network of examples/make_random.lua, a random point in its box, and the box.
---@param directory string  for the network's file
---@param seed integer
---@param sizes integer[]
---@return table net, number[] point, table domain
function random.own(directory, seed, sizes)
  common.make_directory(directory)
  local path = ("%s/random_%s_s%d.nnet"):format(directory, table.concat(sizes, "-"), seed)
  make_random.write(path, seed, sizes)
  local net, prng, point = relucid.load(path), Prng.new(seed + 1000), {}
  local domain = relucid.domain(net:box())
  for i = 1, net.n do point[i] = prng:uniform(domain.lo[i], domain.hi[i]) end
  return net, point, domain
end

local function own_cases(options)
  local cases = {}
  for seed = 0, options.seeds - 1 do
    local net, point, domain = random.own(options.out, seed, make_random.PAPER)
    local function add(mode, eps)
      cases[#cases + 1] = { family = "random", id = seed, mode = mode, eps = eps, net = net, point = point,
                            domain = domain, anchor = false }
    end
    add "prophecy"
    for _, eps in ipairs(random.EPSILONS) do add("nninfer", eps) end
  end
  return cases
end

local function recorded_cases(data, options)
  local cases = {}
  for _, case in ipairs(baseline.cases(data, { rand = true })) do
    if case.id < options.seeds then cases[#cases + 1] = case end
  end
  return cases
end

--- The paper's modes on the networks: the recorded ones where there is data, else the project's own.
---@param options table  seeds, own, out
---@return paper.Case[]
function random.cases(options)
  local data = common.data()
  if options.own or not data then return own_cases(options) end
  return recorded_cases(data, options)
end

--- Run the experiment.
---@param options table  seeds, own (boolean: the project's networks in any case), and paper.Options
---@return boolean sound
---@return paper.Row[] rows
function random.run(options)
  local data, message = common.data()
  if not data and not options.own and not options.quiet then
    print(message .. ": the project's own random networks are used\n")
  end
  local rows = common.run_all("random", random.cases(options), options)
  local checked, sound = common.check_text(rows)
  if not options.quiet then
    common.report("random", "Random networks 5-2-5-4-3",
                  { common.summary_table(rows), common.case_table(rows), checked }, options)
  end
  return sound, rows
end

if common.is_main "random" then
  local parser = common.parser("random", "Random networks 5-2-5-4-3: Prophecy and NNInfer.")
  parser:option("--seeds", "How many networks.", 10):argname("N"):convert(common.integer)
  parser:flag("--own", "The project's own networks even where there are recorded ones.")
  common.main("random", parser, random.run)
end

return random
