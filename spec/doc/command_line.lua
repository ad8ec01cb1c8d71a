-- The command line as a table, as Markdown, as a man page and as completion for bash: all from what --help says.
local relucid = require "relucid"
local cli = require "relucid.cli"

local command_line = {}

---@class doc.Flag
---@field aliases string[]
---@field argument string  "" for a flag
---@field help string
---@field default string|nil
---@field choices string[]|nil

local function flags_of(parser)
  local list = {}
  for _, option in ipairs(parser._options) do
    local argument = option._maxargs == 0 and "" or option._argname or ""
    if type(argument) == "table" then argument = table.concat(argument, " ") end
    if argument == "" and option._maxargs ~= 0 then argument = option._choices and "WORD" or "VALUE" end
    list[#list + 1] = { aliases = option._aliases, argument = argument, help = option._description or "",
                        default = type(option._default) == "string" and option._default
                          or type(option._default) == "number" and ("%g"):format(option._default) or nil,
                        choices = option._choices }
  end
  return list
end

local function arguments_of(parser)
  local list = {}
  for _, argument in ipairs(parser._arguments) do
    local name = argument._argname or argument._name
    list[#list + 1] = { name = (type(name) == "table" and name[1] or name)
                          .. (argument._maxargs > 1 and " ..." or ""), help = argument._description or "" }
  end
  return list
end

--- The commands.
---@return {name: string, summary: string, arguments: {name: string, help: string}[], flags: doc.Flag[]}[]
function command_line.commands()
  local list = {}
  for _, command in ipairs(cli.parser()._commands) do
    list[#list + 1] = { name = command._name, summary = command._description or "", arguments = arguments_of(command),
                        flags = flags_of(command) }
  end
  return list
end

local function synopsis(command)
  local words = { "relucid " .. command.name }
  for _, argument in ipairs(command.arguments) do words[#words + 1] = argument.name end
  return table.concat(words, " ") .. " [options]"
end

local function help_of(flag)
  local help = flag.help
  if flag.choices then help = help .. " One of: " .. table.concat(flag.choices, ", ") .. "." end
  if flag.default then help = help .. " (default: " .. flag.default .. ")" end
  return help
end

--- A section of the reference.
---@return string
function command_line.markdown()
  local out = { "## The command line\n" }
  for _, command in ipairs(command_line.commands()) do
    out[#out + 1] = ("### relucid %s\n\n%s\n\n    %s\n"):format(command.name, command.summary, synopsis(command))
    out[#out + 1] = "| | |\n|---|---|"
    for _, argument in ipairs(command.arguments) do
      out[#out + 1] = ("| `%s` | %s |"):format(argument.name:gsub("|", "\\|"), (argument.help:gsub("|", "\\|")))
    end
    for _, flag in ipairs(command.flags) do
      local name = table.concat(flag.aliases, ", ") .. (flag.argument ~= "" and " " .. flag.argument or "")
      out[#out + 1] = ("| `%s` | %s |"):format(name:gsub("|", "\\|"), (help_of(flag):gsub("|", "\\|")))
    end
    out[#out + 1] = ""
  end
  return table.concat(out, "\n")
end

local function roff(text)
  return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("\n%.", "\n\\&."):gsub("^([.'])", "\\&%1"))
end

--- The man page relucid(1).
---@return string
function command_line.man()
  local out = { ('.TH RELUCID 1 "" "relucid %s" "User Commands"'):format(relucid.version), ".SH NAME",
    "relucid \\- for which inputs does a ReLU network provably keep a property?", ".SH SYNOPSIS",
    ".B relucid", "\\fICOMMAND\\fR [\\fIOPTIONS\\fR] ...", ".SH DESCRIPTION",
    roff "Finds regions of a network's input space on which a property of its output is proved, verifies VNN-LIB",
    roff "files, draws and reports what was found. The guide and the reference are in the package's documentation.",
    ".SH COMMANDS" }
  for _, command in ipairs(command_line.commands()) do
    out[#out + 1] = (".SS %s\n%s"):format(roff(synopsis(command)), roff(command.summary))
    for _, argument in ipairs(command.arguments) do
      out[#out + 1] = (".TP\n.I %s\n%s"):format(roff(argument.name), roff(argument.help))
    end
    for _, flag in ipairs(command.flags) do
      out[#out + 1] = (".TP\n\\fB%s\\fR%s\n%s"):format(roff(table.concat(flag.aliases, ", ")),
        flag.argument ~= "" and " \\fI" .. roff(flag.argument) .. "\\fR" or "", roff(help_of(flag)))
    end
  end
  table.move({ ".SH EXIT STATUS", ".TP\n.B 0\ndone; a region is proved; \\fBverify\\fR: unsat",
    ".TP\n.B 1\nthe property is refuted, a check failed",
    ".TP\n.B 2\nusage or bad input; one line says what was expected",
    ".TP\n.B 3\nunknown, or the budget is spent, or interrupted", ".SH EXAMPLES", ".nf",
    roff "relucid characterize net.onnx --point 0.2,0.7 --domain '{\"lo\": 0, \"hi\": 1}' --json region.json",
    roff "relucid verify net.onnx prop.vnnlib --timeout 60", roff "relucid report region.json -o region.html", ".fi",
    ".SH SEE ALSO", roff "lua(1), gnuplot(1)" }, 1, 20, #out + 1, out)
  return table.concat(out, "\n") .. "\n"
end

--- Completion for bash: commands, their options, words where an option has only some, file names else.
---@return string
function command_line.completion()
  local names, cases = {}, {}
  for _, command in ipairs(command_line.commands()) do
    names[#names + 1] = command.name
    local words, choices = {}, {}
    for _, flag in ipairs(command.flags) do
      table.move(flag.aliases, 1, #flag.aliases, #words + 1, words)
      if flag.choices then
        choices[#choices + 1] = ("      %s) COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;"):format(
          table.concat(flag.aliases, "|"), table.concat(flag.choices, " "))
      end
    end
    cases[#cases + 1] = ("  %s)\n    options='%s'\n    case $before in\n%s\n    esac ;;"):format(command.name,
      table.concat(words, " "), table.concat(choices, "\n"))
  end
  return ([[
# bash completion for relucid; made by `make doc`.
_relucid() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options=
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W '%s --help --version' -- "$word"))
    return
  fi
  case ${COMP_WORDS[1]} in
%s
  esac
  case $before in
    --strategy) COMPREPLY=($(compgen -W '%s' -- "$word") $(compgen -f -X '!*.lua' -- "$word")); return ;;
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -o filenames -F _relucid relucid
]]):format(table.concat(names, " "), table.concat(cases, "\n"), table.concat(relucid.strategy.names, " "))
end

return command_line
