--- relucid merge: records from several machines as one file.
local campaign = require "relucid.experiment.campaign"
local file = require "relucid.io.file"
local lines = require "relucid.experiment.lines"
local merge = require "relucid.experiment.merge"

local command = { summary = "Merge records of several files: missing, doubled and contradictory runs are told.",
                  no_json = true }

local DONE, REFUTED, UNKNOWN = 0, 1, 3

function command.define(parser)
  parser:argument("files", "What workers wrote."):argname("FILE"):args "+"
  parser:option("--out", "Write the merged records."):argname "RUNS"
  parser:option("--experiment", "The campaign, to tell which runs are missing."):argname "FILE"
end

local SHOWN = 20

local function list_of(values)
  local words = table.move(values, 1, math.min(#values, SHOWN), 1, {})
  if #values > SHOWN then words[#words + 1] = "..." end
  return table.concat(words, " ")
end

local function report(merged, files)
  print(("%d runs from %d files, %d doubled"):format(#merged.records, files, merged.doubled))
  if merged.strangers > 0 then print(("%d records are of no run of the campaign"):format(merged.strangers)) end
  if #merged.missing > 0 then print(("missing    %d: %s"):format(#merged.missing, list_of(merged.missing))) end
  if #merged.conflicts > 0 then
    print(("conflicts  %d runs have different outcomes: %s"):format(#merged.conflicts, list_of(merged.conflicts)))
  end
end

---@param args table  as argparse gives them
---@return integer status  1: a run has two outcomes; 3: runs are missing
function command.run(args)
  local records = {}
  for _, path in ipairs(args.files) do
    local more = lines.read(path, "key")
    table.move(more, 1, #more, #records + 1, records)
  end
  local runs = args.experiment and campaign.runs(campaign.read(args.experiment), args.experiment)
  local merged = merge.records(records, runs)
  report(merged, #args.files)
  if args.out then
    local text = {}
    for i, record in ipairs(merged.records) do text[i] = campaign.line(record) .. "\n" end
    file.write(args.out, table.concat(text))
  end
  if #merged.conflicts > 0 then return REFUTED end
  return #merged.missing > 0 and UNKNOWN or DONE
end

return command
