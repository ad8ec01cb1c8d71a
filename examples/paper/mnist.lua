--- MNIST, 784-10x10-10: the digits of the 50 most frequent activation patterns, Prophecy and NNInfer.
---
---     RELUCID_DATA=DIR lua5.4 examples/paper/mnist.lua [--count N] [--epsilons 1e-5,1e-3,0.1,1]
---
--- The goal is the network's own answer; the support is counted on all 10,000 digits.  The recorded cases of the
--- paper's own code follow, with boxes that need not contain the point.
local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"
package.path = here .. "../../?.lua;" .. package.path

local common = require "examples.paper.common"
local baseline = require "examples.paper.baseline"
local relucid = require "relucid"

local mnist = {}

mnist.EPSILONS = { 1e-5, 1e-3, 0.1, 1 }

--- One row of the data for each of the most frequent activation patterns: the first one that has it.
--- Equally frequent patterns come in the order of their first rows.
---@param net table   relucid.network
---@param data table  relucid.data
---@param count integer
---@return {row: integer, frequency: integer}[]
function mnist.representatives(net, data, count)
  local seen, list = {}, {}
  for row = 1, #data do
    local key = tostring(net:pattern(data:row(row)))
    local entry = seen[key]
    if not entry then
      entry = { row = row, frequency = 0 }
      seen[key], list[#list + 1] = entry, entry
    end
    entry.frequency = entry.frequency + 1
  end
  table.sort(list, function(a, b)
    if a.frequency ~= b.frequency then return a.frequency > b.frequency end
    return a.row < b.row
  end)
  return table.move(list, 1, math.min(count, #list), 1, {})
end

local function unit_box(n)
  local lo, hi = {}, {}
  for i = 1, n do lo[i], hi[i] = 0, 1 end
  return relucid.domain { lo = lo, hi = hi }
end

--- The paper's modes on these rows.
---@param net table     relucid.network
---@param data table    relucid.data
---@param representatives {row: integer}[]
---@param epsilons number[]
---@return paper.Case[]
function mnist.cases(net, data, representatives, epsilons)
  local cases, domain = {}, unit_box(net.n)
  for _, entry in ipairs(representatives) do
    local point = data:row(entry.row)
    local function add(mode, eps)
      cases[#cases + 1] = { family = "mnist", id = entry.row, mode = mode, eps = eps, net = net, point = point,
                            domain = domain, anchor = true, data = data }
    end
    add "prophecy"
    for _, eps in ipairs(epsilons) do add("nninfer", eps) end
  end
  return cases
end

-- The cases that took longest, and all that are not settled.
local function notable(rows)
  local list = table.move(rows, 1, #rows, 1, {})
  table.sort(list, function(a, b) return a.seconds > b.seconds end)
  local result = {}
  for i, row in ipairs(list) do
    if i <= 10 or row.unknowns > 0 or row.status ~= "proved" then result[#result + 1] = row end
  end
  return result
end

local function slowest_support(rows)
  local most = 0
  for _, row in ipairs(rows) do most = math.max(most, row.support_seconds or 0) end
  return most
end

local function recorded_text(rows)
  if #rows == 0 then return "The recorded cases were left out.\n" end
  return "The recorded cases, with boxes that need not contain the point:\n\n" .. common.case_table(rows)
end

--- The network and the digits.
---@param directory string  of the data sets
---@return table net   relucid.network
---@return table data  relucid.data
function mnist.load(directory)
  return relucid.load(directory .. "/mnist/mnist10x10.nnet"),
    relucid.data(directory .. "/mnist/mnist-images.idx3-ubyte.gz")
end

--- Run the experiment.
---@param options table  count, epsilons, recorded (boolean), and paper.Options
---@return boolean sound
---@return paper.Row[] rows      the most frequent patterns
---@return paper.Row[] recorded  the recorded cases
function mnist.run(options)
  local directory, message = common.data()
  if not directory then error(message .. ": the network and the digits are in its folder mnist", 0) end
  local net, data = mnist.load(directory)
  local representatives = mnist.representatives(net, data, options.count)
  local rows = common.run_all("mnist", mnist.cases(net, data, representatives, options.epsilons), options)
  local cases = options.recorded and baseline.cases(directory, { mnist = true }) or {}
  for _, case in ipairs(cases) do case.data = data end
  local recorded = common.run_all("mnist-recorded", cases, options)
  local all = table.move(recorded, 1, #recorded, #rows + 1, table.move(rows, 1, #rows, 1, {}))
  local checked, sound = common.check_text(all)
  local frequent = representatives[1]
  common.report("mnist", "MNIST 784-10x10-10", {
    ("%d patterns, the most frequent is that of %d of %d digits, the last that of %d.\n"):format(#representatives,
      frequent.frequency, #data, representatives[#representatives].frequency),
    common.summary_table(rows), "The slowest cases, and those with unanswered queries:\n",
    common.case_table(notable(rows)), recorded_text(recorded),
    ("Counting the support on %d digits took at most %.3f s.\n"):format(#data, slowest_support(all)),
    checked }, options)
  return sound, rows, recorded
end

local function numbers(text)
  local list = {}
  for word in text:gmatch "[^,%s]+" do
    list[#list + 1] = tonumber(word)
    if not list[#list] then return nil, ("'%s' is not a number"):format(word) end
  end
  return list
end

if common.is_main "mnist" then
  local parser = common.parser("mnist", "MNIST: the digits of the most frequent activation patterns.")
  parser:option("--count", "How many patterns.", 50):argname("N"):convert(common.integer)
  parser:option("--epsilons", "For NNInfer.", "1e-5,1e-3,0.1,1"):argname("E,..."):convert(numbers)
  parser:flag("--no-recorded", "Leave the recorded cases out."):target("recorded"):action "store_false"
  common.main("mnist", parser, function(options)
    if options.recorded == nil then options.recorded = true end
    return mnist.run(options)
  end)
end

return mnist
