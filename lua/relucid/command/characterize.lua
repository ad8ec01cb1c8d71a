--- relucid characterize: one region around a point.
local relucid = require "relucid"
local strategy = require "relucid.strategy"
local common = require "relucid.strategy.common"
local input = require "relucid.io.input"
local Progress = require "relucid.progress"
local report = require "relucid.report"

local characterize = { summary = "Find a region around a point on which the property is proved." }

local DONE, UNKNOWN = 0, 3

local function number(text)
  local value = tonumber(text)
  if not value then return nil, ("'%s' is not a number"):format(text) end
  return value
end

local function integer(text)
  local value = math.tointeger(tonumber(text))
  if not value then return nil, ("'%s' is not an integer"):format(text) end
  return value
end

function characterize.define(parser)
  parser:argument("net", "The network, .nnet or .nnet.gz."):argname "NET"
  parser:option("--point", "The point: FILE (JSON array, CSV row or numbers), v1,v2,... or data:ROW.")
    :argname("POINT"):count(1)
  parser:option("--goal", "argmax: the class the network answers; argmin: its smallest output; FILE.vnnlib.", "argmax")
    :argname "GOAL"
  parser:option("--strategy", "How to look.", "nninfer"):choices(strategy.names)
  parser:option("--epsilon", "nninfer: how far a margin may fall below its local affine form (default 0.1).")
    :argname("E"):convert(number)
  parser:option("--domain", "The inputs considered: JSON object, or a file of it, with lo and hi. "
    .. "Default: the box that the network's file gives."):argname "FILE"
  parser:option("--data", "Data whose rows in the region are counted."):argname "FILE"
  parser:flag("--no-anchor", "Boxes need not contain the point."):target "no_anchor"
  parser:flag("--raw", "Physical units of the .nnet file everywhere.")
  parser:option("--seed", "Seed of the counterexample sampler."):argname("N"):convert(integer)
  parser:option("--threads", "POSIX threads."):argname("N"):convert(integer)
  parser:option("--timeout", "Seconds in all."):argname("SECONDS"):convert(number)
  parser:option("--query-timeout", "Seconds for each query; an unanswered one keeps its literal.")
    :argname("SECONDS"):convert(number)
end

local function goal_of(net, name, point)
  local y = net:eval(point)
  if name == "argmax" then return relucid.property.argmax(net, common.answer(y)) end
  if name == "argmin" then return relucid.property.argmin(net, common.answer(y, -1)) end
  if name:match("%.vnnlib$") then return relucid.property.vnnlib(name) end
  error(("--goal %s: expected argmax, argmin or a file .vnnlib"):format(name), 0)
end

local function domain_of(net, argument)
  if argument then return relucid.domain(input.domain(argument, net.n)) end
  local box = net:box()
  if not box then error(("%s gives no input box: use --domain FILE"):format(net.file), 0) end
  return relucid.domain(box)
end

local function show(progress)
  return function(state)
    progress:show(("%s: %d literals, %d queries, %d nodes, %.1f s"):format(state.strategy, state.pattern:literals(),
      state.queries, state.nodes, state.seconds))
  end
end

---@param args table  as argparse gives them
---@return integer status
function characterize.run(args)
  local net = relucid.load(args.net, { raw = args.raw })
  local data = args.data and relucid.data(args.data)
  local point = input.point(args.point, net.n, data)
  local progress = Progress.new()
  local options = { domain = domain_of(net, args.domain), data = data, anchor = not args.no_anchor, raw = args.raw,
                    seed = args.seed, threads = args.threads, timeout = args.timeout,
                    query_timeout = args.query_timeout, progress = show(progress) }
  if args.epsilon then
    if args.strategy ~= "nninfer" then error(("--epsilon: not for --strategy %s"):format(args.strategy), 0) end
    options.epsilon = args.epsilon
  end
  local result = strategy[args.strategy](net, point, goal_of(net, args.goal, point), options)
  progress:clear()
  report.characterize(result, { goal = args.goal, data = data, data_name = args.data, verbose = args.verbose })
  if args.json then result:save(args.json) end
  return result.status == "proved" and DONE or UNKNOWN
end

return characterize
