--- relucid table: the records of a campaign, by strategies.
local lines = require "relucid.experiment.lines"
local statistics = require "relucid.experiment.statistics"
local tables = require "relucid.experiment.tables"
local tabular = require "relucid.io.tabular"
local words = require("relucid.command.argument").words

local command = { summary = "Sum up the records of a campaign: medians, quartiles, wins, paired differences.",
                  no_json = true }

function command.define(parser)
  parser:argument("runs", "What `relucid experiment` wrote."):argname("RUNS"):args "+"
  parser:option("--format", "How.", "text"):choices(tabular.names)
  parser:option("--measures", "Columns: " .. table.concat(statistics.names, ", ") .. "."):argname("NAME,...")
    :convert(words)
  parser:option("--by", "What makes a row: strategy, network, goal, seed."):argname("NAME,..."):convert(words)
  parser:option("--best", "The measure of wins and differences (default log_volume)."):argname "NAME"
  parser:option("--against", "The strategy to compare the others with (default: the first)."):argname "STRATEGY"
end

---@param args table  as argparse gives them
---@return integer status
function command.run(args)
  local records = {}
  for _, path in ipairs(args.runs) do
    local more = lines.read(path, "key")
    table.move(more, 1, #more, #records + 1, records)
  end
  local distinct = statistics.distinct(records)
  print(tabular.format(tables.summary(distinct, { measures = args.measures, by = args.by, best = args.best,
                                                  against = args.against, plain = args.format == "csv" }),
                       args.format))
  return 0
end

return command
