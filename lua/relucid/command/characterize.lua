--- relucid characterize: one region around a point.
local relucid = require "relucid"
local job = require "relucid.job"
local known = require "relucid.strategy.options"
local strategy = require "relucid.strategy"
local goals = require "relucid.io.goal"
local input = require "relucid.io.input"
local names = require "relucid.io.names"
local converters = require "relucid.command.argument"
local Progress = require "relucid.progress"
local report = require "relucid.report"

local characterize = { summary = "Find a region around a point on which the property is proved." }

local DONE, UNKNOWN = 0, 3

local number, integer = converters.number, converters.integer

local function numbers(text)
  local list = {}
  for word in text:gmatch "[^,%s]+" do
    local value, message = number(word)
    if not value then return nil, message end
    list[#list + 1] = value
  end
  if #list == 0 then return nil, ("'%s' has no number"):format(text) end
  return #list == 1 and list[1] or list
end

-- Options of some strategies, the user's too: flag, the strategy's option, how to read it, help.
local OWN = {
  { "--epsilon", "epsilon", numbers, "E",
    "nninfer, tight, guarded: how far a margin may fall below its local affine form (default 0.1); tight: a list "
    .. "E,E,..." },
  { "--measure", "measure", tostring, "NAME",
    "tight, portfolio: what the best region is best by: volume, width; portfolio: also support, literals." },
  { "--start", "start", tostring, "WHERE",
    "guarded: nninfer or point; box: paper (the largest of the paper's boxes) or piece." },
  { "--delta", "delta", number, "D",
    "box: how far outside each face a counterexample may be, in widths of the domain (default 0.001)." },
  { "--base", "base", tostring, "NAME", "union: the strategy for each point (default guarded)." },
  { "--coverage", "coverage", number, "C",
    "union: stop at this share of the inputs with the goal (default 0.95)." },
  { "--regions", "regions", integer, "N", "union: stop at so many regions (default 1000)." },
  { "--rule-support", "support", integer, "N", "rules: data rows that a rule must add (default 5)." },
  { "--rules", "rules", integer, "N", "rules: rules at most (default 20)." },
}

-- The strategy of this name, or nil and what is wrong.
local function find(text)
  local ok, found = pcall(strategy.find, text)
  if not ok and job.is_interrupt(found) then error(found, 0) end
  if not ok then return nil, found end
  if not found then
    return nil, ("'%s' must be one of '%s', or FILE.lua[:NAME]"):format(text, table.concat(strategy.names, "', '"))
  end
  return found
end

-- "name=value": {name, value}.
local function assignment(text)
  local name, value = text:match "^([%w_]+)=(.*)$"
  if not name then return nil, ("'%s' is not NAME=VALUE"):format(text) end
  local ok, decoded = pcall(relucid.json.decode, value, "value")
  if ok then value = decoded end
  return { name, value }
end

local function target_of(entry) return "own_" .. entry[1]:gsub("%W", "") end

function characterize.define(parser)
  parser:argument("net", "The network: .nnet or .onnx; may be gzipped."):argname "NET"
  parser:option("--point", "The point: FILE (JSON array, CSV row or numbers), v1,v2,... or data:ROW.")
    :argname("POINT"):count(1)
  parser:option("--goal", "argmax: the class the network answers; argmin: its smallest output; argmax:OUTPUT or "
    .. "OUTPUT, argmin:OUTPUT: this one, by its name or number (from 1); FILE.vnnlib: exclude what it asserts, on its "
    .. "inputs unless --domain is given.", "argmax"):argname "GOAL"
  converters.names(parser)
  parser:option("--strategy", ("How to look: %s; or one of your own: FILE.lua[:NAME].")
    :format(table.concat(strategy.names, ", ")), "nninfer"):argname("NAME"):convert(find)
  for _, entry in ipairs(OWN) do
    parser:option(entry[1], entry[5]):argname(entry[4]):convert(entry[3]):target(target_of(entry))
  end
  parser:option("--option", "Any option of the strategy: a number, true, false, text or JSON."):argname("NAME=VALUE")
    :count("*"):convert(assignment):target "settings"
  parser:option("--domain", "The inputs considered: JSON object, or a file of it, with lo and hi. "
    .. "Default: the box that the network's file gives."):argname "FILE"
  parser:option("--radius", "Of the inputs considered, only those no farther than R from the point in any coordinate.")
    :argname("R"):convert(converters.amount)
  parser:option("--data", "Data whose rows in the region are counted; a header line names the inputs.")
    :argname "FILE"
  parser:flag("--no-anchor", "Boxes need not contain the point."):target "no_anchor"
  parser:flag("--raw", "Physical units of the .nnet file everywhere.")
  parser:option("--seed", "Seed of the counterexample sampler."):argname("N"):convert(converters.count)
  parser:option("--threads", "POSIX threads."):argname("N"):convert(converters.count)
  parser:option("--output", "The value of an ONNX graph to compute; default its first output."):argname "NAME"
  parser:option("--timeout", "Seconds in all."):argname("SECONDS"):convert(converters.amount)
  parser:option("--query-timeout", "Seconds for each query; an unanswered one keeps its literal.")
    :argname("SECONDS"):convert(converters.amount)
end

local function show(progress)
  return function(state)
    local where = state.text and ", " .. state.text or ""
    local literals = state.pattern and (" %d literals,"):format(state.pattern:literals()) or ""
    progress:show(("%s%s:%s %d queries, %d nodes, %.1f s"):format(state.strategy, where, literals, state.queries,
      state.nodes, state.seconds))
  end
end

-- The options that are given, for strategies that take them.
local function add_own(options, args)
  for _, entry in ipairs(OWN) do
    local value = args[target_of(entry)]
    if value ~= nil then
      if not args.strategy.options[entry[2]] then
        error(("%s: not for --strategy %s"):format(entry[1], args.strategy.name), 0)
      end
      options[entry[2]] = value
    end
  end
  for _, setting in ipairs(args.settings or {}) do
    local name, value = setting[1], setting[2]
    if not args.strategy.options[name] then
      error(("--option %s: not for --strategy %s, which has: %s"):format(name, args.strategy.name,
        known.names(args.strategy.options)), 0)
    end
    options[name] = value
  end
end

-- The domain that is asked for; nil: the goal's or the network's own.  A radius is enough where there is none.
local function given_domain(net, args, point)
  if args.domain then return input.domain(args.domain, net.n) end
  local is_file = args.goal:gsub("%.gz$", ""):match "%.vnnlib$"
  if args.radius and not is_file and not net:box() then return relucid.domain.ball(point, args.radius) end
  return nil
end

---@param args table  as argparse gives them
---@return integer status
function characterize.run(args)
  local net = relucid.load(args.net, { raw = args.raw, output = args.output, names = args.names })
  local data = args.data and input.data(args.data, net.n)
  if data then names.of_data(net, data) end
  local point = input.point(args.point, net.n, data)
  local progress = Progress.new()
  local goal, domain = goals.of(net, args.goal, point, { raw = args.raw, dashes = "--",
                                                         domain = given_domain(net, args, point) })
  if args.radius then domain = relucid.domain.ball(point, args.radius, domain) end
  local options = { domain = domain, data = data, anchor = not args.no_anchor, raw = args.raw,
                    seed = args.seed, threads = args.threads, timeout = args.timeout,
                    query_timeout = args.query_timeout, progress = show(progress) }
  add_own(options, args)
  if args.strategy.needs.data and not data then
    error(("--strategy %s: give the data to learn from with --data"):format(args.strategy.name), 0)
  end
  local result = strategy.run(args.strategy, net, point, goal, options)
  progress:clear()
  report.characterize(result, { goal = goals.is_file(args.goal) and args.goal or nil, data = data,
                                data_name = args.data, verbose = args.verbose })
  if args.json then result:save(args.json) end
  return result.status == "proved" and DONE or UNKNOWN
end

return characterize
