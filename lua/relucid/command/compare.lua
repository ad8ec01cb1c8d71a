--- relucid compare: two campaigns against each other.
local lines = require "relucid.experiment.lines"
local statistics = require "relucid.experiment.statistics"
local tables = require "relucid.experiment.tables"
local tabular = require "relucid.io.tabular"
local words = require("relucid.command.argument").words

local command = { summary = "Compare the records of two campaigns, run by run.", no_json = true }

function command.define(parser)
  parser:argument("first", "What `relucid experiment` wrote."):argname "A"
  parser:argument("second", "The same, later or otherwise."):argname "B"
  parser:option("--format", "How.", "text"):choices(tabular.names)
  parser:option("--measures", "Columns: " .. table.concat(statistics.names, ", ") .. "."):argname("NAME,...")
    :convert(words)
end

---@param args table  as argparse gives them
---@return integer status
function command.run(args)
  local first = statistics.distinct(lines.read(args.first, "key"))
  local second = statistics.distinct(lines.read(args.second, "key"))
  local options = { measures = args.measures, plain = args.format == "csv" }
  print(tabular.format(tables.compare(first, second, options), args.format))
  return 0
end

return command
