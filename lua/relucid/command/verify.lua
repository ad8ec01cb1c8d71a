--- relucid verify: can the assertions of a VNN-LIB file all hold?  The answer as VNN-COMP's tools give it.
local relucid = require "relucid"
local file = require "relucid.io.file"
local converters = require "relucid.command.argument"
local parts = require "relucid.experiment.parts"
local words = require "relucid.words"
local Progress = require "relucid.progress"

local verify = { summary = "Say whether the assertions of a VNN-LIB file can all hold: unsat, sat, unknown, timeout." }

local json = relucid.json

--- Exit statuses.
verify.STATUS = { unsat = 0, sat = 1, unknown = 3, timeout = 3 }

local amount, count = converters.amount, converters.count

function verify.define(parser)
  parser:argument("net", "The network: .onnx or .nnet; may be gzipped."):argname "NET"
  parser:argument("property", "The assertions, VNN-LIB; may be gzipped. X_0 and Y_0 are the first input and output.")
    :argname "PROP"
  parser:option("--output", "The value of an ONNX graph to compute; default its first output."):argname "NAME"
  parser:option("--timeout", "Seconds in all."):argname("SECONDS"):convert(amount)
  parser:option("--threads", "POSIX threads."):argname("N"):convert(count)
  converters.names(parser)
  parser:option("--seed", "Seed of the counterexample sampler."):argname("N"):convert(count)
  parser:option("--split", "Print N independent parts of the question instead, for `relucid worker`; `relucid merge` "
    .. "joins their records."):argname("N"):convert(converters.positive)
end

local function record_of(net, args, result)
  local problem = result.problem
  return json.object({
    relucid = 1,
    network = json.object({ file = net.file, sha256 = net.sha256, layers = net.sizes }, { "file", "sha256", "layers" }),
    names = words.names_record(net),
    property = json.object({ file = args.property, sha256 = problem and problem.sha256 }, { "file", "sha256" }),
    options = json.object { timeout = args.timeout, threads = args.threads, seed = args.seed },
    verdict = result.verdict,
    reason = result.reason,
    counterexample = result.counterexample and json.object(result.counterexample, { "x", "y" }) or nil,
    stats = json.object(result.stats, { "cases", "nodes", "lps", "seconds" }),
  }, { "relucid", "network", "names", "property", "options", "verdict", "reason", "counterexample", "stats" })
end

--- Print a verdict as VNN-COMP's tools do.
---@param result relucid.Verdict
---@param net? table  relucid.network whose names stand behind a counterexample's values
function verify.print(result, net)
  print(result.verdict)
  if result.counterexample then print(result.problem:text(result.counterexample, net)) end
end

local function print_stats(stats)
  local names = {}
  for name in pairs(stats) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do io.stderr:write(("%-14s %.10g\n"):format(name, stats[name])) end
end

local function show(progress)
  return function(state)
    local cases = state.cases > 1 and (" %d of %d cases open,"):format(state.open, state.cases) or ""
    progress:show(("verify:%s %d nodes, %.1f s"):format(cases, state.nodes, state.seconds))
  end
end

---@param args table  as argparse gives them
---@return integer status
function verify.run(args)
  local started = relucid.now()
  if args.split and args.output then error("--split does not go with --output", 0) end
  local net = relucid.load(args.net, { output = args.output, names = args.names })
  if args.split then
    return parts.print("verify", net, relucid.vnnlib(args.property, net), args.split,
                       { timeout = args.timeout, threads = args.threads, seed = args.seed })
  end
  local progress = Progress.new()
  local result = relucid.verify(net, args.property, {
    timeout = args.timeout and math.max(args.timeout - (relucid.now() - started), 0),
    threads = args.threads, seed = args.seed, progress = progress.enabled and show(progress) or nil })
  progress:clear()
  verify.print(result, args.names and net)
  if result.reason == "interrupted" then io.stderr:write "relucid: interrupted\n" end
  if args.verbose then
    local why = result.reason or result.problem and result.problem.contradiction
    if why then io.stderr:write(("%-14s %s\n"):format("reason", why)) end
    print_stats(result.stats)
  end
  if args.json then file.write(args.json, json.encode(record_of(net, args, result)) .. "\n") end
  return verify.STATUS[result.verdict]
end

return verify
