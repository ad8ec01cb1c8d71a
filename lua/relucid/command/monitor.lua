--- relucid monitor: which points a saved result covers.
local relucid = require "relucid"
local Result = require "relucid.result"
local file = require "relucid.io.file"
local input = require "relucid.io.input"

local monitor = { summary = "Say which points of a data file lie in a saved result's region." }

local json = relucid.json

function monitor.define(parser)
  parser:argument("result", "The result that characterize --json wrote."):argname "RESULT"
  parser:argument("data", "The points: CSV, IDX or .npy; may be gzipped."):argname "DATA"
end

---@param args table  as argparse gives them
---@return integer status
function monitor.run(args)
  local result = Result.read(args.result)
  local data = input.data(args.data, result.domain.n)
  local members = result:members(data)
  print(("%d of %d points %s"):format(#members, #data, result:is_outer()
    and "in the outer approximation: the goal is refuted for all others, not proved for these" or "covered"))
  for _, row in ipairs(members) do print(row) end
  if args.json then
    local record = json.object({ result = args.result, data = args.data, count = #members, total = #data,
                                 points = json.array(members),
                                 outer = result:is_outer() or nil }, { "result", "data", "count", "total", "points" })
    file.write(args.json, json.encode(record) .. "\n")
  end
  return 0
end

return monitor
