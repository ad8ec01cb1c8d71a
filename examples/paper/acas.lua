--- ACAS Xu 1_1, five points: Prophecy and NNInfer, with a limit for each query.
---
---     RELUCID_DATA=DIR lua5.4 examples/paper/acas.lua [--query-timeout 60] [--points 0,2] [--threads 2]
---
--- The network's outputs are negated, so that the largest one is the advisory.  A query without an answer keeps its
--- literal and is listed.
local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"
package.path = here .. "../../?.lua;" .. package.path

local common = require "examples.paper.common"
local relucid = require "relucid"
local file = require "relucid.io.file"

local acas = {}

acas.EPSILONS = { 0.001, 0.1 }

local function wanted(points, id)
  if not points then return true end
  for word in points:gmatch "%d+" do
    if tonumber(word) == id then return true end
  end
  return false
end

--- The paper's modes on the points.
---@param directory string  of the data sets
---@param points? string    which, such as "0,2"
---@return paper.Case[]
function acas.cases(directory, points)
  local path = directory .. "/nninfer/acas_points.json"
  local record = relucid.json.decode(file.read(path), path)
  local net = relucid.load(directory .. "/nninfer/nets/acasxu_1_1_norm_negout.nnet")
  local domain, cases = relucid.domain { lo = record.lo, hi = record.hi }, {}
  for k, point in ipairs(record.points) do
    local function add(mode, eps)
      if not wanted(points, k - 1) then return end
      cases[#cases + 1] = { family = "acas", id = k - 1, mode = mode, eps = eps, net = net, point = point,
                            domain = domain, anchor = true }
    end
    add "prophecy"
    for _, eps in ipairs(acas.EPSILONS) do add("nninfer", eps) end
  end
  return cases
end

-- The last layer that has a literal.
local function last_layer(pattern)
  local list = pattern:list()
  return #list > 0 and list[#list][1] or 0
end

-- A listener that notes each query that ends without an answer.
local function watch(case, list)
  local unknowns = 0
  return function(state)
    if state.unknowns == unknowns then return end
    unknowns = state.unknowns
    list[#list + 1] = { tostring(case.id), common.mode_name(case), tostring(state.queries),
                        tostring(state.pattern:literals()), tostring(last_layer(state.pattern)),
                        common.number(state.seconds, 1) }
  end
end

local function unanswered_text(list)
  if #list == 0 then return "No query was left without an answer.\n" end
  return "Queries without an answer; their literals were kept:\n\n"
    .. common.table({ "case", "mode", "query", "literals then", "last layer then", "seconds into the case" }, list)
end

--- Run the experiment.
---@param options table  points (text), and paper.Options
---@return boolean sound
---@return paper.Row[] rows
function acas.run(options)
  local directory, message = common.data()
  if not directory then error(message .. ": the network and the points are in its folder nninfer", 0) end
  local unanswered = {}
  options.watch = function(case) return watch(case, unanswered) end
  local rows = common.run_all("acas", acas.cases(directory, options.points), options)
  local checked, sound = common.check_text(rows)
  common.report("acas", "ACAS Xu 1_1, five points", { common.summary_table(rows), common.case_table(rows),
                unanswered_text(unanswered), checked }, options)
  return sound, rows
end

if common.is_main "acas" then
  local parser = common.parser("acas", "ACAS Xu 1_1, five points: Prophecy and NNInfer.")
  parser:option("--points", "Which points, such as 0,2 (default: all)."):argname "I,..."
  parser:option("--threads", "Threads of a search.", 1):argname("N"):convert(common.integer)
  common.main("acas", parser, function(options)
    options.query_timeout = options.query_timeout or 60
    return acas.run(options)
  end)
end

return acas
