--- relucid merge: records from several machines as one file.
local campaign = require "relucid.experiment.campaign"
local file = require "relucid.io.file"
local lines = require "relucid.experiment.lines"
local merge = require "relucid.experiment.merge"
local parts = require "relucid.experiment.parts"
local preimage = require "relucid.command.preimage"
local verify = require "relucid.command.verify"

local json = require("relucid").json

local command = { summary = "Merge records of workers: what is missing, doubled or contradictory; parts become one." }

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

-- The parts of one question: its verdict, or its preimage.
local function join(records, args)
  local joined = parts.join(records)
  if #joined.missing > 0 then
    io.stderr:write(("relucid: parts without an answer: %s\n"):format(list_of(joined.missing)))
  end
  if joined.task == "verify" then
    verify.print(joined)
    if args.json then
      file.write(args.json, json.encode(json.object({ relucid = 1, network = records[1].network,
        property = records[1].property, verdict = joined.verdict, counterexample = joined.counterexample,
        stats = json.object(joined.stats) }, { "relucid", "network", "property", "verdict" })) .. "\n")
    end
    return verify.STATUS[joined.verdict]
  end
  preimage.report(joined.result:network(), joined.result)
  if args.json then joined.result:save(args.json) end
  return joined.result.status == "proved" and DONE or UNKNOWN
end

---@param args table  as argparse gives them
---@return integer status  1: a run has two outcomes; 3: runs are missing
function command.run(args)
  local records = {}
  for _, path in ipairs(args.files) do
    local more = lines.read(path, "key")
    table.move(more, 1, #more, #records + 1, records)
  end
  if parts.are(records) then return join(records, args) end
  local runs = args.experiment and campaign.runs(campaign.read(args.experiment), args.experiment)
  local merged = merge.records(records, runs)
  report(merged, #args.files)
  if args.out then
    local text = {}
    for i, record in ipairs(merged.records) do text[i] = campaign.line(record) .. "\n" end
    file.write(args.out, table.concat(text))
  end
  if args.json then
    file.write(args.json, json.encode(json.object({ runs = #merged.records, doubled = merged.doubled,
      missing = json.array(merged.missing), conflicts = json.array(merged.conflicts),
      strangers = merged.strangers }, { "runs", "doubled" })) .. "\n")
  end
  if #merged.conflicts > 0 then return REFUTED end
  return #merged.missing > 0 and UNKNOWN or DONE
end

return command
