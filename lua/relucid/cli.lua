--- The command line.  Exit status: 0 done, 1 property refuted or check failed, 2 usage or bad input, 3 unknown or
--- budget spent.
local core = require "relucid.core"
local file = require "relucid.io.file"
local job = require "relucid.job"

local cli = {}

cli.DONE, cli.REFUTED, cli.USAGE, cli.UNKNOWN = 0, 1, 2, 3

--- The commands that exist, in the order of the help.
local COMMANDS = { "characterize", "preimage", "verify", "monitor", "plot", "report", "experiment", "worker", "table",
                   "compare", "merge" }

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
  parser:command_target "command"
  local commands = {}
  for _, name in ipairs(COMMANDS) do
    local command = require("relucid.command." .. name)
    commands[name] = command
    local sub = parser:command(name, command.summary)
    name_conversions(sub)
    command.define(sub)
    if not command.no_json then sub:option("--json", "Write the result to FILE as JSON."):argname "FILE" end
    sub:flag("-v --verbose", "Say more; on errors, where they came from.")
  end
  return parser, commands
end

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

-- Parse and run; raises on bad input.  context.verbose is set as soon as it is known.
local function run(arguments, context)
  local parser, commands = build()
  local parsed, args = parser:pparse(join_negative(arguments))
  if not parsed and job.is_interrupt(args) then error(args, 0) end
  if not parsed then error(args:gsub("%s*\n%s*", " ") .. " (see relucid --help)", 0) end
  context.verbose = args.verbose
  if args.json then file.check_writable(args.json) end
  return commands[args.command].run(args)
end

--- Run a command line.
---@param arguments string[]
---@return integer status  the exit status
function cli.main(arguments)
  local context = {}
  local ok, status = xpcall(run, function(message)
    context.traceback = debug.traceback(nil, 2)
    return message
  end, arguments, context)
  io.stdout:flush()
  if ok then return status end
  if job.is_interrupt(status) then
    io.stderr:write "relucid: interrupted\n"
    return cli.UNKNOWN
  end
  local message = tostring(status)
  if message:match "module 'argparse' not found" then
    message = "the command needs argparse: install the package lua-argparse, or the rock argparse"
  end
  io.stderr:write("relucid: ", message, "\n")
  if context.verbose then io.stderr:write(context.traceback, "\n") end
  return cli.USAGE
end

return cli
