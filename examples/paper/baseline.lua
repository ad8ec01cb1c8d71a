--- The recorded runs of the paper's own code ($RELUCID_DATA/nninfer/baseline.jsonl), as cases for relucid.
local relucid = require "relucid"
local file = require "relucid.io.file"

local baseline = {}

---@class paper.Record
---@field family "rand"|"mnist"|"acas"
---@field id integer
---@field mode "paper"|"our"      Prophecy and NNInfer
---@field eps? number
---@field net string              file name
---@field domain_lo number[]      one number stands for all inputs
---@field domain_hi number[]
---@field input number[]
---@field pred integer            class, from 0
---@field implied boolean
---@field fixed integer           literals
---@field pattern integer[][]     1 on, 0 off, 2 free or padding
---@field perimeter number
---@field log_volume? number      its log adds 1e-8 to each width
---@field marabou_calls integer
---@field secs number
---@field settled boolean         no query timed out, none hit the case's cap

--- The records of some families, in the file's order.
---@param data string  the directory of the data sets
---@param families table<string, boolean>
---@return paper.Record[]
function baseline.records(data, families)
  local path, records = data .. "/nninfer/baseline.jsonl", {}
  for line in file.read(path):gmatch "[^\n]+" do
    local record = relucid.json.decode(line, path)
    for name, value in pairs(record) do
      if value == relucid.json.null then record[name] = nil end
    end
    if families[record.family] then records[#records + 1] = record end
  end
  return records
end

local FOLDER = { rand = "nninfer/nets", acas = "nninfer/nets", mnist = "mnist" }
local FAMILY = { rand = "random", acas = "acas", mnist = "mnist" }

local function spread_over(bounds, n)
  local list = {}
  for i = 1, n do list[i] = bounds[i] or bounds[1] end
  return list
end

--- The case of a record, with the boxes as the paper has them: they need not contain the point.
---@param data string
---@param record paper.Record
---@param networks table<string, table>  networks read so far
---@return paper.Case
function baseline.case(data, record, networks)
  local path = ("%s/%s/%s"):format(data, FOLDER[record.family], record.net)
  local net = networks[path] or relucid.load(path)
  networks[path] = net
  return { family = FAMILY[record.family], id = record.id, mode = record.mode == "our" and "nninfer" or "prophecy",
           eps = record.eps, net = net, point = record.input, goal = relucid.property.argmax(net, record.pred + 1),
           anchor = false, domain = relucid.domain { lo = spread_over(record.domain_lo, net.n),
                                                     hi = spread_over(record.domain_hi, net.n) } }
end

--- The cases of all records of some families.
---@param data string
---@param families table<string, boolean>
---@return paper.Case[] cases
---@return paper.Record[] records
function baseline.cases(data, families)
  local records, networks, cases = baseline.records(data, families), {}, {}
  for i, record in ipairs(records) do cases[i] = baseline.case(data, record, networks) end
  return cases, records
end

--- The log-volume as the paper's code has it: every width counts, with 1e-8 added.
---@param box {lo: number[], hi: number[]}?
---@return number?
function baseline.log_volume(box)
  if not box then return nil end
  local sum = 0
  for i, lo in ipairs(box.lo) do sum = sum + math.log(box.hi[i] - lo + 1e-8) end
  return sum
end

return baseline
