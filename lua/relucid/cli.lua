--- The command line.  Exit status: 0 done, 1 property refuted or check failed, 2 usage or bad input, 3 unknown or
--- budget spent.
local core = require "relucid.core"
local file = require "relucid.io.file"
local job = require "relucid.job"
local output = require "relucid.io.output"

local cli = {}

cli.DONE, cli.REFUTED, cli.USAGE, cli.UNKNOWN = 0, 1, 2, 3

--- The commands that exist, in the order of the help.
local COMMANDS = { "info", "eval", "characterize", "preimage", "verify", "monitor", "plot", "report", "experiment",
                   "worker", "table", "compare", "merge" }

local HELP_WIDTH = 100

-- What convert says of an option's argument gets the option's name.
local function name_conversions(parser)
  local option = parser.option
  parser.option = function(self, name, ...)
    local made = option(self, name, ...)
    local set = made.convert
    made.convert = function(its, convert)
      return set(its, function(text)
        local value, message = convert(text)
        if value == nil then return nil, ("%s: %s"):format(name, message) end
        return value
      end)
    end
    return made
  end
end

local function build()
  local argparse = require "argparse"
  local parser = argparse("relucid", "For which inputs does a ReLU network provably keep a property?")
  parser:epilog "Exit status: 0 done, 1 refuted, 2 usage or bad input, 3 unknown or budget spent."
  parser:flag("--version", "Print the version."):action(function()
    print("relucid " .. core.version)
    os.exit(cli.DONE, true)
  end)
  parser:require_command(true)
  parser:help_max_width(HELP_WIDTH)
  parser:command_target "command"
  local commands = {}
  for _, name in ipairs(COMMANDS) do
    local command = require("relucid.command." .. name)
    commands[name] = command
    local sub = parser:command(name, command.summary)
    name_conversions(sub)
    command.define(sub)
    if not command.no_json then
      sub:option("--json", "Write the result to FILE as JSON; -: to standard output, and the words to standard error.")
        :argname "FILE"
    end
    sub:flag("-v --verbose", "Say more, on standard error: the time taken, and of errors that are no mistakes of yours "
      .. "where they came from.")
  end
  return parser, commands
end

--- The parser, for those who describe the command line: help, manual, completion.
---@return table parser  of argparse
function cli.parser() return (build()) end

-- A value that starts with a minus sign is no option: `--point -0.5,1` becomes `--point=-0.5,1`.
local function join_negative(arguments)
  local joined = {}
  for _, argument in ipairs(arguments) do
    local previous = joined[#joined]
    if argument:match("^%-[%d.]") and previous and previous:match("^%-%-[%w-]+$") then
      joined[#joined] = previous .. "=" .. argument
    else
      joined[#joined + 1] = argument
    end
  end
  return joined
end

-- f(...), but where it calls os.exit, as argparse's --help does, {exit = status} is raised instead.
local function without_exit(f, ...)
  local exit, status = os.exit, nil
  os.exit = function(code) -- luacheck: ignore 122
    status = math.tointeger(code) or cli.DONE
    error("exit", 0)
  end
  local answers = table.pack(pcall(f, ...))
  os.exit = exit -- luacheck: ignore 122
  if status then error({ exit = status }, 0) end
  if not answers[1] then error(answers[2], 0) end
  return table.unpack(answers, 2, answers.n)
end

-- Where the help on a command line is: that of the command it names, if any.
local function help_on(arguments)
  for _, argument in ipairs(arguments) do
    for _, name in ipairs(COMMANDS) do
      if argument == name then return ("relucid %s --help"):format(name) end
    end
  end
  return "relucid --help"
end

-- Parse and run; raises on bad input.  context.verbose is set as soon as it is known.
local function run(arguments, context)
  output.open()
  local parser, commands = build()
  local parsed, args = without_exit(parser.pparse, parser, join_negative(arguments))
  if not parsed and job.is_interrupt(args) then error(args, 0) end
  if not parsed then error(("%s (see %s)"):format(args:gsub("%s*\n%s*", " "), help_on(arguments)), 0) end
  context.verbose, context.command = args.verbose, args.command
  if args.json then file.check_writable(args.json) end
  if args.json == file.STDOUT then output.print_to_stderr() end
  return commands[args.command].run(args)
end

-- A message with a place in the source is about a mistake of ours, not of the user's.
local function is_internal(message)
  return message:match "^[^\n]-%.lua:%d+: " ~= nil
end

-- Say what went wrong; returns the exit status.
local function report_failure(failure, context)
  if type(failure) == "table" and failure.exit then return failure.exit end
  if job.is_interrupt(failure) then
    io.stderr:write "relucid: interrupted\n"
    return cli.UNKNOWN
  end
  local message = tostring(failure)
  if message:match "module 'argparse' not found" then
    message = "the command needs argparse: install the package lua-argparse, or the rock argparse"
  end
  io.stderr:write("relucid: ", message, "\n")
  if context.verbose and is_internal(message) then io.stderr:write(context.traceback, "\n") end
  return cli.USAGE
end

local function print_times(context, started, cpu_started)
  io.stderr:write(("%-14s relucid %s, %s: %.2f s, %.2f s of processors\n"):format("work", core.version, context.command,
    core.now() - started, os.clock() - cpu_started))
end

--- Run a command line.
---@param arguments string[]
---@return integer status  the exit status
function cli.main(arguments)
  local context, started, cpu_started = {}, core.now(), os.clock()
  local ok, status = xpcall(run, function(message)
    context.traceback = debug.traceback(nil, 2)
    return message
  end, arguments, context)
  if not ok then status = report_failure(status, context) end
  if ok and context.verbose then print_times(context, started, cpu_started) end
  local written, failure = pcall(output.check)
  if written then return status end
  if status ~= cli.USAGE then io.stderr:write("relucid: ", failure, "\n") end
  return cli.USAGE
end

return cli
