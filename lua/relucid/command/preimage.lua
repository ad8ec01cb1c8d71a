--- relucid preimage: the inputs of a VNN-LIB file's box whose outputs satisfy its assertions, as a union of polytopes.
local relucid = require "relucid"
local file = require "relucid.io.file"
local converters = require "relucid.command.argument"
local parts = require "relucid.experiment.parts"
local sets = require "relucid.strategy.preimage_sets"
local Progress = require "relucid.progress"

local preimage = { summary = "Find polytopes of inputs on which the assertions of a VNN-LIB file hold." }

local json = relucid.json

local DONE, UNKNOWN = 0, 3

local number, integer = converters.number, converters.integer

---@param parser table  of argparse
function preimage.define(parser)
  parser:argument("net", "The network: .onnx or .nnet; may be gzipped."):argname "NET"
  parser:argument("prop", "VNN-LIB: inputs and the set of outputs to reach; X_0 and Y_0 are the first ones.")
    :argname "PROP"
  parser:option("--coverage", "Stop when this share of the set's volume is covered; 1: only when it is exact.", 0.9)
    :argname("C"):convert(number)
  parser:flag("--over", "Polytopes that hold all of the set, rather than such inside it.")
  parser:option("--polytopes", "Stop at so many polytopes."):argname("N"):convert(integer)
  converters.names(parser)
  parser:option("--seed", "Seed of the samples."):argname("N"):convert(converters.count)
  parser:option("--output", "The value of an ONNX graph to compute; default its first output."):argname "NAME"
  parser:option("--timeout", "Seconds in all."):argname("SECONDS"):convert(converters.amount)
  parser:option("--split", "Print N independent parts of the question instead, for `relucid worker`; `relucid merge` "
    .. "joins their records."):argname("N"):convert(converters.positive)
end

local function show(progress)
  return function(state)
    progress:show(("preimage: coverage %.3f, %d parts, %d splits, %.1f s"):format(state.coverage, state.parts,
      state.splits, state.seconds))
  end
end

local OVER = {} -- raised when the time is up

-- The file describes the set itself, so its assertions are the property (and not, as for verify, its negation).  nil
-- where the time limit ends the reading.
local function read_problem(path, net, deadline)
  local ok, problem = pcall(function()
    local read = require("relucid.io.vnnlib").read(path, net, function()
      if deadline and relucid.now() > deadline then error(OVER, 0) end
    end)
    return sets.drop_empty(read)
  end)
  if not ok and problem ~= OVER then error(problem, 0) end
  return ok and problem or nil
end

-- The question whose set is to be divided.
local function one_set(path, net)
  local problem = relucid.vnnlib(path, net)
  if #problem.cases ~= 1 then
    error(("%s: has %d input sets, expected one with --split"):format(path, #problem.cases), 0)
  end
  return problem
end

local function line(name, format, ...)
  print(("%-10s "):format(name) .. format:format(...))
end

--- Print a result.
---@param net table  relucid.network
---@param result relucid.Result
function preimage.report(net, result)
  local coverage, stats = result.coverage, result.stats
  line("network", "%s", (tostring(net):gsub("^network ", "")))
  line("verdict", "%s%s", result.status, result.note and ": " .. result.note or "")
  if result.options.mode == "under" then
    line("polytopes", "%d, in which the property is proved", #result)
    line("coverage", "%.4f of the property's volume", coverage.value)
  else
    line("polytopes", "%d, outside of which the property is refuted", #result)
    line("coverage", "the property holds in %.4f of their volume", coverage.value)
  end
  if coverage.samples == 0 and coverage.lo == 0 and coverage.hi == 1 then
    line("", "not measured: no sample point counts")
  elseif coverage.samples == 0 then
    line("", "exact volumes: %.10f to %.10f", coverage.lo, coverage.hi)
  else
    line("", "99.9 %% interval %.4f to %.4f over %d samples", coverage.lo, coverage.hi, coverage.samples)
  end
  line("work", "%d splits, %d parts, %d of them exact, %d evaluations, %.2f s", stats.splits, stats.parts, stats.exact,
    stats.evaluations, stats.seconds)
end

-- An answer without polytopes, as nothing was searched.
local function unfinished(net, status, note, args)
  line("network", "%s", (tostring(net):gsub("^network ", "")))
  line("verdict", "%s: %s", status, note)
  if args.json then
    local record = json.object({ relucid = 1, strategy = "preimage", status = status, note = note,
                                 regions = json.array {} }, { "relucid", "strategy", "status", "note", "regions" })
    file.write(args.json, json.encode(record) .. "\n")
  end
  return UNKNOWN
end

---@param args table  as argparse gives them
---@return integer status
function preimage.run(args)
  local started = relucid.now()
  if args.split and args.output then error("--split does not go with --output", 0) end
  local net = relucid.load(args.net, { output = args.output, names = args.names })
  if args.split then
    return parts.print("preimage", net, one_set(args.prop, net), args.split, { coverage = args.coverage,
      mode = args.over and "over" or "under", polytopes = args.polytopes, seed = args.seed, timeout = args.timeout })
  end
  local problem = read_problem(args.prop, net, args.timeout and started + args.timeout)
  if not problem then return unfinished(net, "timeout", "the time limit ended the reading of " .. args.prop, args) end
  if #problem.cases == 0 then
    unfinished(net, "proved", "no input satisfies the assertions, " .. (problem.contradiction or args.prop), args)
    return DONE
  end
  local progress = Progress.new()
  local result = relucid.strategy.preimage(net, problem, {
    coverage = args.coverage, mode = args.over and "over" or "under", polytopes = args.polytopes, seed = args.seed,
    timeout = args.timeout and math.max(args.timeout - (relucid.now() - started), 0),
    progress = progress.enabled and show(progress) or nil })
  progress:clear()
  preimage.report(net, result)
  if args.json then result:save(args.json) end
  return result.status == "proved" and DONE or UNKNOWN
end

return preimage
