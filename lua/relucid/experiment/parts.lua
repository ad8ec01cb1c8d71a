--- A large question in independent parts, for several machines: `verify --split N`, `preimage --split N`.
---
--- Each part is a line that `relucid worker` does; `relucid merge` joins the records.  A verdict `unsat` needs every
--- part; what the parts are is hashed, so that a part that is missing, of another question or damaged is noticed.
local campaign = require "relucid.experiment.campaign"
local core = require "relucid.core"
local Result = require "relucid.result"
local sample = require "relucid.sample"
local splitting = require "relucid.experiment.splitting"

local json = core.json

local function vnnlib() return require "relucid.io.vnnlib" end -- when it is needed: it needs LPeg

local parts = {}

local VERSION = 1

---@class relucid.Box
---@field case integer  of the VNN-LIB file
---@field lo number[]
---@field hi number[]

-- ---- making them ------------------------------------------------------------------------------------------

-- What all parts are, in one hash.
local function hash_of(list)
  local words = {}
  for k, part in ipairs(list) do
    words[k] = json.encode { part.task, part.network.sha256, part.property.sha256, part.boxes }
  end
  return core.sha256(table.concat(words, "\n")):sub(1, 20)
end

local function boxes_of_case(net, problem, k, count)
  local case = problem.cases[k]
  local boxes = splitting.boxes(net, case.clauses, case.lo, case.hi, count)
  for _, box in ipairs(boxes) do box.case = k end
  return boxes
end

-- Lists of boxes, one for each part: each case cut, or several cases in a part.
local function divided(net, problem, count)
  local cases, lists = #problem.cases, {}
  problem:check_satisfiable()
  if cases >= count then
    for k = 1, cases do
      local part = (k - 1) * count // cases + 1
      lists[part] = lists[part] or {}
      table.insert(lists[part], boxes_of_case(net, problem, k, 1)[1])
    end
    return lists
  end
  for k = 1, cases do
    local share = count // cases + (k <= count % cases and 1 or 0)
    for _, box in ipairs(boxes_of_case(net, problem, k, share)) do lists[#lists + 1] = { box } end
  end
  return lists
end

--- The parts of a question, as runs for workers.
---@param task "verify"|"preimage"
---@param net table  relucid.network
---@param problem relucid.Vnnlib
---@param count integer  how many; fewer where there is too little to cut
---@param options table  of each part: timeout, threads, seed; preimage: also coverage, mode, polytopes
---@return table[] runs
function parts.make(task, net, problem, count, options)
  problem:check(net)
  local list = {}
  for k, boxes in ipairs(divided(net, problem, count)) do
    list[k] = { relucid_run = VERSION, task = task, index = k, network = { file = net.file, sha256 = net.sha256 },
                property = { file = problem.file, sha256 = problem.sha256 }, boxes = boxes, options = options }
  end
  local whole = hash_of(list)
  for _, part in ipairs(list) do part.whole, part.of, part.key = whole, #list, ("%s-%d"):format(whole, part.index) end
  return list
end

--- Print the parts of a question, a line each.
---@param task "verify"|"preimage"
---@param net table
---@param problem relucid.Vnnlib
---@param count integer
---@param options table
---@return integer status  0
function parts.print(task, net, problem, count, options)
  for _, part in ipairs(parts.make(task, net, problem, count, options)) do print(campaign.line(part)) end
  return 0
end

-- ---- doing one ----------------------------------------------------------------------------------------------

local function check_hash(name, what, sha256)
  if sha256 ~= what.sha256 then
    error(("%s: SHA-256 is %s, the part's %s has %s"):format(what.file, sha256, name, tostring(what.sha256)), 0)
  end
end

local function question_of(asked)
  local net = require("relucid").load(asked.network.file)
  local problem = vnnlib().read(asked.property.file, net)
  check_hash("network", asked.network, net.sha256)
  check_hash("property", asked.property, problem.sha256)
  return net, problem:part(asked.boxes)
end

local DO = {}

function DO.verify(asked)
  local net, problem = question_of(asked)
  local result = require "relucid.verify"(net, problem, { timeout = asked.options.timeout,
    threads = asked.options.threads, seed = asked.options.seed })
  if result.reason == "interrupted" then error("interrupted!", 0) end
  return { status = result.verdict, reason = result.reason, counterexample = result.counterexample,
           stats = result.stats }
end

function DO.preimage(asked)
  local net, problem = question_of(asked)
  local options = { domain = problem:domain(1) }
  for name, value in pairs(asked.options) do options[name] = value end
  local result = require "relucid.strategy.preimage"(net, problem:target(1), options)
  if result.status == "interrupted" then error("interrupted!", 0) end
  return { status = result.status, note = result.note, stats = result.stats, result = result:record() }
end

--- Do a part; raises what goes wrong.
---@param asked table  one of parts.make
---@return table fields  of its record
function parts.perform(asked)
  for name, expected in pairs { network = "table", property = "table", boxes = "table", options = "table" } do
    if type(asked[name]) ~= expected then
      error(("part: %s: %s expected, got %s"):format(name, expected, type(asked[name])), 0)
    end
  end
  return DO[asked.task](asked)
end

-- ---- joining ------------------------------------------------------------------------------------------------

-- The records by their places; raises where they are not of one question.
local function in_order(records)
  local list, first = {}, records[1]
  for _, record in ipairs(records) do
    if record.whole ~= first.whole or record.of ~= first.of then
      error(("parts of different questions: %s and %s"):format(tostring(first.whole), tostring(record.whole)), 0)
    end
    local index = math.tointeger(record.index)
    if not index or index < 1 or index > record.of then
      error(("part %s of %s: there is no such"):format(tostring(record.index), tostring(record.of)), 0)
    end
    local known = list[index]
    if not known or known.status == "failed" or record.status == "sat" then list[index] = record end
  end
  return list, first.of
end

-- The places without a record, and of those that failed.
local function open_places(list, of)
  local missing = {}
  for index = 1, of do
    if not list[index] or list[index].status == "failed" then missing[#missing + 1] = index end
  end
  return missing
end

local function check_whole(list, whole)
  local found = hash_of(list)
  if found ~= whole then error(("the parts are not those that were made: %s, expected %s"):format(found, whole), 0) end
end

local function summed(list, of)
  local stats = {}
  for index = 1, of do
    for name, value in pairs(list[index] and list[index].stats or {}) do stats[name] = (stats[name] or 0) + value end
  end
  return stats
end

local JOIN = {}

-- A counterexample counts when the network confirms it.
local function confirmed(record)
  local net, problem = question_of(record)
  local found = record.counterexample
  for _, case in ipairs(problem.cases) do
    local region = core.region(net, vnnlib().domain_of(case))
    local x, y = found.x, net:eval(found.x)
    local value = vnnlib().target_of(case):value(x, y)
    if region:contains(x) and value >= -1e-9 * (1 + math.abs(y[1])) then return problem end
  end
  error(("part %d: its counterexample is none"):format(record.index), 0)
end

function JOIN.verify(list, of, missing)
  local joined = { task = "verify", stats = summed(list, of), missing = missing }
  for index = 1, of do
    local record = list[index]
    if record and record.status == "sat" then
      joined.verdict, joined.counterexample, joined.problem = "sat", record.counterexample, confirmed(record)
      return joined
    end
  end
  joined.verdict = #missing == 0 and "unsat" or "unknown"
  for index = 1, of do
    local status = list[index] and list[index].status
    if status == "timeout" and joined.verdict ~= "unknown" or status == "unknown" then joined.verdict = status end
  end
  if joined.verdict == "unsat" then check_whole(list, list[1].whole) end
  return joined
end

local SAMPLES, SEED, Z = 20000, 1, 3.290526731491926 -- 99.95 % quantile of the normal distribution

-- The share of the property that the regions hold (under), or of the regions that has the property (over), by a sample.
local function sampled(net, domain, goal, regions, over)
  local random, rows = sample.random(SEED), {}
  for k = 1, SAMPLES do
    rows[k] = sample.input(random, domain)
    if not rows[k] then break end
  end
  if #rows == 0 then return { value = 0, lo = 0, hi = 1, samples = 0, seed = SEED } end
  local data, covered = core.data(rows), {}
  for _, region in ipairs(regions) do
    for _, row in ipairs(region:members(data)) do covered[row] = true end
  end
  local both, total = 0, 0
  for row, y in ipairs(net:eval(data)) do
    local good = goal:value(rows[row], y) >= 0
    both = both + (good and covered[row] and 1 or 0)
    if over then total = total + (covered[row] and 1 or 0) else total = total + (good and 1 or 0) end
  end
  if total == 0 then return { value = 0, lo = 0, hi = 1, samples = 0, seed = SEED } end
  local value, lo, hi = sample.share(both, total, Z)
  return { value = value, lo = lo, hi = hi, samples = total, seed = SEED }
end

-- Where every part is exact, so is the whole: its share lies between theirs.
local function exact(results)
  local lo, hi = 1, 0
  for _, result in ipairs(results) do
    local coverage = result.coverage
    if not coverage or coverage.samples ~= 0 then return nil end
    lo, hi = math.min(lo, coverage.lo), math.max(hi, coverage.hi)
  end
  if lo < hi then return nil end
  return { value = lo, lo = lo, hi = hi, samples = 0 }
end

-- The whole domain, from the file.
local function whole_question(record)
  local net = require("relucid").load(record.network.file)
  local problem = vnnlib().read(record.property.file, net)
  check_hash("network", record.network, net.sha256)
  check_hash("property", record.property, problem.sha256)
  return net, problem:domain(1), problem:target(1)
end

function JOIN.preimage(list, of, missing)
  local first = select(2, next(list))
  local net, domain, goal = whole_question(first)
  local results, regions, status = {}, {}, #missing == 0 and "proved" or "unknown"
  local over = first.options.mode == "over"
  for index = 1, of do
    local record = list[index]
    if record and record.result then
      local result = Result.decode(json.encode(record.result), ("part %d"):format(index))
      results[#results + 1] = result
      for i = 1, #result do regions[#regions + 1] = result:region(i) end
      if record.status ~= "proved" and status == "proved" then status = record.status end
    end
  end
  if over and #missing > 0 then error("mode over: parts are missing, without them nothing is refuted", 0) end
  if #missing == 0 then check_whole(list, first.whole) end
  local named = {}
  for i, region in ipairs(regions) do named[i] = { region = region } end
  return { task = "preimage", missing = missing, result = Result.new {
    net = net, domain = domain, goal = goal, strategy = "preimage", status = status, regions = named,
    note = #missing > 0 and "parts are missing" or nil, stats = summed(list, of),
    options = { mode = over and "over" or "under", method = "split", coverage = first.options.coverage },
    coverage = #missing == 0 and exact(results) or sampled(net, domain, goal, regions, over) } }
end

--- Are these records of parts?
---@param records table[]
---@return boolean
function parts.are(records)
  return #records > 0 and DO[records[1].task] ~= nil
end

---@class relucid.Joined
---@field task "verify"|"preimage"
---@field missing integer[]           places without a record, or whose part failed
---@field stats table|nil
---@field verdict string|nil          verify: as relucid.verify gives it
---@field counterexample table|nil
---@field problem relucid.Vnnlib|nil  of the counterexample's part
---@field result relucid.Result|nil   preimage

--- Join the records of the parts of one question.
---@param records table[]
---@return relucid.Joined
function parts.join(records)
  local list, of = in_order(records)
  return JOIN[records[1].task](list, of, open_places(list, of))
end

return parts
