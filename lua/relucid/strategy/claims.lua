--- What a task claims, proves and comes to: relucid.Task's methods region, prove and claim.
---
--- A claim is a part of the domain on which the goal is said to hold.  It is settled by proofs that come with it, or by
--- the decision procedure; what is not proved is left out of the result.
local core = require "relucid.core"
local proved = require "relucid.strategy.proved"
local Result = require "relucid.result"

local claims = {}

local ENDED_NOTE = {
  interrupted = "interrupted", timeout = "the time limit was reached", stopped = "stopped by the user's function",
}

---@class relucid.Part  a part of the domain: the inputs that obey all that is given
---@field pattern? table                    relucid.pattern
---@field rows? {a: number[], b: number}[]  a.x <= b; also {A = rows, b = list}
---@field box? {lo: number[], hi: number[]} what lies outside the domain does not count
---@field region? table                     relucid.region, in place of all these
---@field proof? relucid.Proved|relucid.Proved[]  what shows that the goal holds on it; where that does not, or nothing
---                                                is given, the decision procedure is asked
---@field extra? table<string, any>         further fields of the region's record

---@class relucid.MeasuredPart: relucid.Part
---@field kind? "polytope"|"pattern"|"box"  default: what the fields say
---@field boxes? table  {width = box, volume = box} where they are known already

-- ---- reading ------------------------------------------------------------------------------------------

local KNOWN = { pattern = true, rows = true, box = true, region = true, proof = true, extra = true }

local function check_part(part, name)
  if type(part) ~= "table" then error(("%s: table expected, got %s"):format(name, type(part)), 0) end
  for field in pairs(part) do
    if not KNOWN[field] then
      error(("%s: unknown field '%s', expected box, extra, pattern, proof, region, rows"):format(name,
        tostring(field)), 0)
    end
  end
  if part.pattern ~= nil then core.check(part.pattern, "pattern", name .. ": pattern") end
  if part.region ~= nil then core.check(part.region, "region", name .. ": region") end
end

-- The rows as {A, b}.
local function rows_of(rows)
  if type(rows or {}) ~= "table" then error(("rows: table expected, got %s"):format(type(rows)), 0) end
  if rows and rows.A then return { A = rows.A, b = rows.b } end
  local list = { A = {}, b = {} }
  for j, row in ipairs(rows or {}) do
    if type(row) ~= "table" or not row.a or not row.b then
      error(("rows: row %d is no {a = list, b = number}"):format(j), 0)
    end
    list.A[j], list.b[j] = row.a, row.b
  end
  return list
end

-- The domain cut to a box.
local function cut(domain, box)
  if not box then return domain end
  if type(box) ~= "table" or type(box.lo) ~= "table" or type(box.hi) ~= "table" then
    error("box: expected {lo = list, hi = list}", 0)
  end
  local lo, hi = domain.lo, domain.hi
  for i = 1, domain.n do
    if not (math.type(box.lo[i]) and math.type(box.hi[i])) then
      error(("box: input %d is %s to %s, expected numbers"):format(i, tostring(box.lo[i]), tostring(box.hi[i])), 0)
    end
    lo[i], hi[i] = math.max(lo[i], box.lo[i]), math.min(hi[i], box.hi[i])
  end
  return core.domain { lo = lo, hi = hi, A = domain.A, b = domain.b }
end

---@return relucid.Set
local function set_of(task, part)
  local region = part.region
  if not region then
    return { domain = cut(task.domain, part.box), pattern = part.pattern, rows = rows_of(part.rows) }
  end
  local pattern = region:pattern()
  return { domain = cut(task.domain, { lo = region.lo, hi = region.hi }), rows = region:rows(), pattern = pattern }
end

local function tokens_of(part)
  local proof = part.proof
  if proof == nil then return {} end
  return type(proof) == "table" and getmetatable(proof) == nil and proof or { proof }
end

--- The region of a part, proved or not.
---@param self relucid.Task
---@param part relucid.Part
---@return table region  relucid.region
function claims.region(self, part)
  return part.region or proved.region(self.net, set_of(self, part), self:left())
end

--- The region of a part whose proofs show that the goal holds on it, which is remembered (relucid.Task's own).
---@param task relucid.Task
---@param part relucid.Part
---@return table region  relucid.region
function claims.implied(task, part)
  local set = set_of(task, part)
  return proved.implied_region(tokens_of(part), task.net, set, task.goal, task:left())
    or proved.region(task.net, set, task:left())
end

-- ---- proving --------------------------------------------------------------------------------------------

-- Ask the decision procedure about a set.
local function ask(task, set)
  local domain, A, b = set.domain, set.domain.A, set.domain.b
  for r, row in ipairs(set.rows.A) do A[#A + 1], b[#b + 1] = row, set.rows.b[r] end
  domain = core.domain { lo = domain.lo, hi = domain.hi, A = A, b = b }
  return task:decide(domain, set.pattern, task.goal)
end

-- Settle a part: its region where it is proved.
local function settle(task, part)
  local region = part.region
  if region and proved.holds(region, task.net, task.goal) then return "proved", nil, region end
  local set, tokens = set_of(task, part), tokens_of(part)
  region = proved.implied_region(tokens, task.net, set, task.goal, task:left())
  if region then return "proved", nil, region end
  local verdict, x, token = ask(task, set)
  if verdict ~= "proved" then return verdict, x end
  return verdict, nil, proved.implied_region({ token }, task.net, set, task.goal, task:left())
end

--- Does the goal hold on the part?  Uses the proofs that come with it, else asks the decision procedure.
---@param self relucid.Task
---@param part relucid.Part
---@return "proved"|"counterexample"|"unknown"|"running" verdict  running: the task has ended
---@return number[]|nil x       the counterexample
---@return table|nil region     relucid.region: the part's, proved; task:claim takes it as {region = region}
function claims.prove(self, part)
  check_part(part, "prove")
  return settle(self, part)
end

-- ---- the result -------------------------------------------------------------------------------------------

-- result -> its status when it was made
local made = setmetatable({}, { __mode = "k" })

--- The status that the library gave a result, or nil: it was made by hand.
---@param result any
---@return string|nil
function claims.status(result)
  return made[result]
end

local function kind_of(part, region)
  if part.box and not part.pattern and not part.rows then return "box" end
  return region:is_polytope() and "polytope" or "pattern"
end

-- The parts that are proved, as Result wants them; notes about the others.
local function settled(task, parts)
  local kept = {}
  for i, part in ipairs(parts) do
    local verdict, x, region = settle(task, part)
    local name = #parts == 1 and "the claim" or ("claim %d of %d"):format(i, #parts)
    if region then
      kept[#kept + 1] = { region = region, kind = part.kind or kind_of(part, region), boxes = part.boxes,
                          pattern = part.pattern or part.region and region:pattern() or nil, extra = part.extra }
    elseif verdict == "counterexample" then
      task.counterexample = x
      task:note("%s is refuted: there is an input in it without the goal", name)
    elseif verdict == "unknown" then
      task:note("%s was not decided", name)
    end
  end
  return kept
end

local function note_point(task, parts)
  local contained = #parts == 0
  for _, part in ipairs(parts) do contained = contained or part.region:contains(task.point) end
  if not contained then
    task:note("the region does not contain the point%s",
              task.anchored and ": there is no box around it (use anchor = false)" or "")
  end
end

local function is_point(region)
  local lo, hi = region.lo, region.hi
  for i, low in ipairs(lo) do
    if low < hi[i] then return false end
  end
  return true
end

local function note_size(task, parts)
  if #parts == 1 and is_point(parts[1].region) and not is_point(task.domain) then
    task:note("the region is the point alone")
  end
end

local function note_ending(task, parts)
  if task.ended then
    task:note("%s%s", ENDED_NOTE[task.ended],
              #parts > 0 and ": the region is proved, but may not be what a longer run would give" or "")
  end
end

---@class relucid.Ending  what a result says besides its regions
---@field status? string    "unknown": the regions are proved, but not what was asked for
---@field implied? boolean
---@field minimal? boolean

--- The result of the task: the parts that are proved, of those claimed.
---@param task relucid.Task
---@param parts relucid.MeasuredPart[]
---@param ending? relucid.Ending
---@return relucid.Result
function claims.result(task, parts, ending)
  ending = ending or {}
  local notes = #task.notes -- those of this claim go again
  task.counterexample = nil
  local kept = settled(task, parts)
  note_point(task, kept)
  note_size(task, kept)
  note_ending(task, kept)
  task.stats.seconds = task:seconds()
  local status = task.ended or #kept > 0 and (ending.status or "proved") or "unknown"
  local result = Result.new {
    net = task.net, domain = task.domain, goal = task.goal, point = task.point, strategy = task.strategy,
    options = task.options, status = status, implied = ending.implied, anchored = task.anchored,
    stats = task.stats, note = #task.notes > 0 and table.concat(task.notes, "; ") or nil, regions = kept,
  }
  result.minimal, result.counterexample = ending.minimal, task.counterexample
  for i = #task.notes, notes + 1, -1 do task.notes[i] = nil end
  if task.hooks.data and #kept > 0 then result:support(task.hooks.data) end
  made[result] = status
  return result
end

--- The regions of a result that the library made, as parts to claim.
---@param result relucid.Result
---@return relucid.MeasuredPart[]
function claims.parts(result)
  local parts = {}
  for i = 1, #result do
    parts[i] = { region = result:region(i), kind = result:kind(i), pattern = result:pattern(i) }
  end
  return parts
end

-- A list of parts, or one.
local function list_of(given)
  if type(given) ~= "table" then error(("claim: table expected, got %s"):format(type(given)), 0) end
  local list = given[1] and given or { given }
  for i, part in ipairs(list) do check_part(part, #list == 1 and "claim" or ("claim %d"):format(i)) end
  return list
end

--- Claim that the goal holds on a part of the domain, or on each of a list; what is proved becomes the result.
---@param self relucid.Task
---@param given relucid.Part|relucid.Part[]
---@param ending? relucid.Ending
---@return relucid.Result result  to be returned by run; a later claim replaces it
function claims.claim(self, given, ending)
  self.claimed = claims.result(self, list_of(given), ending)
  return self.claimed
end

return claims
