--- Preimage: the inputs of a domain that have a property, as a union of polytopes.
---
--- Two methods.  "split": the domain is split, by input or by neuron; on each part affine minorants of the goal's rows
--- cut out a polytope on which the goal is proved (mode "under"), or outside of which it is refuted (mode "over").  The
--- search can be ended at any time; what it has found is proved.  "exact": all linear regions are enumerated, cut by
--- the goal, united where their union is convex; of these the largest are taken.  "auto" enumerates small networks with
--- few inputs and takes of both answers the one with fewer polytopes; elsewhere it splits.
---
--- Where the regions have been enumerated the coverage is exact, else it is measured over a sample; the coverage asked
--- for is reached when the lower end of its 99.9 % interval reaches it.
local core = require "relucid.core"
local arguments = require "relucid.strategy.arguments"
local hooks = require "relucid.strategy.hooks"
local option = require "relucid.strategy.options"
local job = require "relucid.job"
local Result = require "relucid.result"
local sets = require "relucid.strategy.preimage_sets"

---@class relucid.PreimagePart  a part of the domain that is not split yet
---@field volume number     estimate: share of the domain's box that the part's sample points stand for
---@field captured number   estimate: how much of it the part's polytope holds
---@field gain number|nil   estimate: what the proposed split adds to that
---@field undecided integer neurons whose sign is not decided on the part
---@field closed boolean    nothing is left to gain
---@field depth integer
---@field lo number[]       its box
---@field hi number[]
---@field split {input: integer, at: number}|{neuron: integer[]}|nil  the proposed split, once one was looked for

---@class relucid.PreimageOptions
---@field domain? table        relucid.domain or {lo, hi [, A, b]}; default: the box that the network's file gives
---@field coverage? number     stop when so much is covered (default 0.9); 1: only when nothing is left
---@field mode? "under"|"over" default "under"
---@field method? "auto"|"exact"|"split"  default "auto"; "exact": mode "under", at most 10 inputs that vary
---@field timeout? number      seconds in all
---@field polytopes? integer   stop at so many polytopes
---@field seed? integer
---@field samples? integer     points that measure the coverage; more are drawn where the coverage cannot be told from 1
---                            by these
---@field search? table        further options, see relucid.preimage_options()
---@field raw? boolean         true: the network must be one that was loaded with raw = true
---@field choose? fun(parts: relucid.PreimagePart[], state: table): integer?  which part to split next; nil: as usual
---@field split? fun(part: relucid.PreimagePart, state: table): table?  how: {input =, at =} or {neuron =}
---@field stop? fun(state: table): boolean?  called several times a second; true ends the search
---@field progress? fun(state: table)

local function share(value)
  if not (value > 0 and value <= 1) then return "a number above 0 and at most 1" end
end

---@type table<string, relucid.Option>
local OPTIONS = {
  coverage = { type = "number", default = 0.9, check = share, help = "stop when so much is covered" },
  mode = { type = "string", default = "under", check = option.one_of("under", "over"),
           help = "polytopes inside the set, or around it" },
  method = { type = "string", default = "auto", check = option.one_of("auto", "exact", "split"),
             help = "exact: mode under, at most 10 inputs that vary" },
  polytopes = { check = option.count, help = "stop at so many polytopes" },
  samples = { type = "number", help = "points that measure the coverage" },
  choose = { type = "function", help = "choose(parts, state): the number of the part to split next, or nil" },
  split = { type = "function", help = "split(part, state): how, {input =, at =} or {neuron =}, or nil" },
}
OPTIONS.search = { type = "table", check = option.core_options("preimage", core.preimage_options),
                   help = "further options, see relucid.preimage_options()" }
for _, name in ipairs { "domain", "timeout", "seed", "raw", "stop", "progress" } do
  OPTIONS[name] = option.SHARED[name]
end

local SECONDS_EMPTY = 2 -- to tell whether an empty answer holds all there is

-- Where the search ended, as a result's status says it.
local STATUS = { coverage = "proved", exact = "proved", seconds = "timeout", polytopes = "stopped", stuck = "unknown" }
local NOTE = { interrupted = "what was found so far", timeout = "the time limit was reached",
               stopped = "stopped before the coverage was reached", unknown = "no part can be split further" }

-- Call f(...), which may raise what Ctrl-C raises: "interrupted" then, else nil and what f returned.
local function guard(f, ...)
  local ok, value = pcall(f, ...)
  if not ok and not job.is_interrupt(value) then error(value, 0) end
  return not ok and "interrupted" or nil, ok and value or nil
end

-- One split in an order of the user's own; true at the end.
local function step_by_hand(preimage, options, state)
  if preimage:check() then return true end
  local parts = preimage:parts()
  local i = options.choose and hooks.call("choose", options.choose, parts, state)
  if options.choose and i == nil then return preimage:step(1) end
  if not options.choose then
    i = preimage:best()
    if not i then return preimage:step(1) end
  end
  if math.type(i) ~= "integer" or not parts[i] then
    error(("option choose: returned %s, expected the number of a part or nil"):format(tostring(i)), 0)
  end
  local split = options.split and hooks.call("split", options.split, parts[i], state)
  if split ~= nil and type(split) ~= "table" then
    error(("option split: returned %s, expected a table or nil"):format(tostring(split)), 0)
  end
  preimage:split(i, split)
  return false
end

local function state_of(preimage, started)
  local state = preimage:stats()
  state.coverage, state.seconds = preimage:estimate(), core.now() - started
  return state
end

-- ---- exact regions ----------------------------------------------------------------------------

-- Enumeration pays for networks of this size; beyond, its cost is unforeseeable.
local FEW_INPUTS, INPUTS, NEURONS, CELLS, LEAVES, MERGED = 2, 4, 64, 50000, 10000, 50000

local function varying(domain)
  local count, lo, hi = 0, domain.lo, domain.hi
  for i = 1, domain.n do
    if lo[i] < hi[i] then count = count + 1 end
  end
  return count
end

local function is_small(net, domain)
  local inputs = varying(domain)
  return inputs >= 1 and (inputs <= FEW_INPUTS or (inputs <= INPUTS and net.neurons <= NEURONS))
end

-- The enumeration, run to the end, or nil and why it ended early.
local function enumerate(self, cells)
  local found = self.net:enumerate { domain = self.domain, property = self.goal }
  local ended = self:drive(function(count) return found:step(count) end, function()
    local stats = found:stats()
    if cells and stats.cells > cells then return nil end
    return { coverage = 0, parts = found:count(), splits = stats.cuts }
  end)
  if ended then return nil, ended end
  return found
end

-- Regions in the order of their volume until they hold the share asked for of the total, or there are `most`: a
-- result's regions, bounds of their volume, and whether the share is reached.
local function largest_regions(found, asked, most)
  local list, total_hi = {}, select(2, found:volume())
  for i = 1, found:count() do
    local lo, hi = found:volume(i)
    list[i] = { i = i, lo = lo, hi = hi }
  end
  table.sort(list, function(a, b) return a.lo > b.lo or (a.lo == b.lo and a.i < b.i) end)
  local regions, lo, hi = {}, 0.0, 0.0
  for _, entry in ipairs(list) do
    if asked < 1 and lo > 0 and lo >= asked * total_hi or #regions == most then break end
    local region = found:region(entry.i)
    local region_lo, region_hi = region:volume()
    regions[#regions + 1] = { region = region, pattern = found:pattern(entry.i) }
    lo, hi = core.add_down(lo, region_lo), core.add_up(hi, region_hi)
  end
  return regions, lo, hi, #regions == #list or asked < 1 and lo > 0 and lo >= asked * total_hi
end

-- Bounds of a quotient of volumes as a coverage.
local function quotient(lo, hi, total_lo, total_hi)
  if total_hi <= 0 then return { value = 1.0, lo = 1.0, hi = 1.0, samples = 0 } end
  if not (total_hi < math.huge and hi < math.huge) then return { value = 0.0, lo = 0.0, hi = 1.0, samples = 0 } end
  local value = total_lo + total_hi > 0 and math.min((lo + math.min(hi, total_hi)) / (total_lo + total_hi), 1.0) or 1.0
  return { value = value, lo = math.max(core.add_down(lo / total_hi, -4e-16), 0.0),
           hi = total_lo > 0 and math.min(core.add_up(hi / total_lo, 4e-16), 1.0) or 1.0, samples = 0 }
end

-- ---- splitting ----------------------------------------------------------------------------------

local function regions_of(preimage)
  local regions = {}
  for i = 1, preimage:count() do regions[i] = { region = preimage:region(i) } end
  return regions
end

-- Exact coverage of regions that do not overlap, given the property's volume.
local function exact_coverage(self, regions, total_lo, total_hi)
  local lo, hi = 0.0, 0.0
  for _, part in ipairs(regions) do
    local region_lo, region_hi = part.region:volume()
    lo, hi = core.add_down(lo, region_lo), core.add_up(hi, region_hi)
  end
  if self.mode == "under" then return quotient(lo, hi, total_lo, total_hi) end
  return quotient(total_lo, total_hi, lo, hi)
end

-- Split until the coverage is reached, by the exact measure where there is one, or there are `most` parts.
local function split_domain(self, found, most)
  local options, asked = self.options, self.asked
  local fields = {}
  for name, value in pairs(options.search or {}) do fields[name] = value end
  for _, name in ipairs { "coverage", "mode", "seed", "samples" } do fields[name] = options[name] end
  fields.domain, fields.property, fields.seconds = self.domain, self.goal, self:rest()
  if found then fields.confident = 0 end -- measured exactly below
  fields.polytopes = most or options.polytopes
  local interrupted, created = guard(function()
    local preimage = self.net:preimage(fields)
    return preimage -- no tail call: after a long one, this is where Ctrl-C is heard
  end)
  if interrupted then return self:nothing("interrupted") end
  local preimage <close> = created
  local by_hand = options.choose or options.split
  local target, full = asked, false
  while true do
    local function state() return state_of(preimage, self.started) end
    local ended = self:drive(function(splits)
      if not by_hand then return preimage:step(splits) end
      full = fields.polytopes ~= nil and preimage:count() >= fields.polytopes
      return full or step_by_hand(preimage, options, state())
    end, state)
    local reason = preimage:reason()
    local function assemble()
      local regions = regions_of(preimage)
      local exact = found and exact_coverage(self, regions, found:volume())
      local coverage = exact or preimage:coverage()
      if reason == "exact" and coverage.samples == 0 and not exact then coverage.value = 1.0 end
      local answer = { regions = regions, coverage = coverage, stats = preimage:stats(),
                       status = ended or full and "stopped" or STATUS[reason] }
      if answer.status == "proved" and reason == "coverage" and coverage.lo < asked then
        answer.status = "unknown"
        answer.note = "the estimate has reached the coverage, its interval's lower end has not"
      end
      return answer
    end
    local stopped, answer = guard(assemble)
    if stopped then
      answer = assemble()
      answer.status = "interrupted"
    end
    if stopped or not found or reason ~= "coverage" or answer.coverage.lo >= asked then return answer end
    target = math.min(target + asked - answer.coverage.lo + 0.01 * (1 - asked), 1)
    preimage:demand(target)
  end
end

-- ---- the strategy ---------------------------------------------------------------------------------

local Run = {}
Run.__index = Run

--- Seconds that are left; nil: no limit.
function Run:rest()
  local timeout = self.options.timeout
  return timeout and math.max(timeout - (core.now() - self.started), 1e-3)
end

local TRACED = 0.001 -- a smaller growth of the coverage is not worth a line

--- A step of the trace: the estimate of the coverage that steers the search, at most 1.
function Run:note_coverage(value, seconds)
  local trace = self.trace
  local last = trace[#trace]
  if value and value > (last and last.coverage or 0) + TRACED then
    trace[#trace + 1] = { seconds = seconds, coverage = math.min(value, 1.0) }
  end
end

--- Drive a job; nil at its end, else why it ended early.  state() = nil gives the job up: "unknown".
function Run:drive(step, state)
  local options, ended = self.options, nil
  local function between()
    local now = state()
    if not now then
      ended = "unknown"
      return true
    end
    now.seconds = core.now() - self.started
    self:note_coverage(now.coverage, now.seconds)
    if options.progress then hooks.call("progress", options.progress, now) end
    if options.timeout and now.seconds >= options.timeout then
      ended = "timeout"
    elseif options.stop and hooks.asks("stop", options.stop, now) then
      ended = "stopped"
    end
    return ended ~= nil
  end
  return guard(job.drive, step, between) or ended
end

-- The regions of a search that found nothing: none inside the set, all of the domain around it.
function Run:nothing_known()
  return self.mode == "over" and { { region = core.region(self.net, self.domain) } } or {}
end

-- The answer when a search has ended before it had anything.
function Run:nothing(status)
  return { regions = self:nothing_known(), coverage = { value = 0.0, lo = 0.0, hi = 1.0, samples = 0 },
           status = status, stats = { splits = 0, parts = 0, exact = 0, evaluations = 0, checks = 0 } }
end

-- The answer by enumeration: nil where the network is too large for it.
local function exact_answer(self)
  local forced = self.method == "exact"
  if not forced and not is_small(self.net, self.domain) then return nil end
  local found, ended = enumerate(self, not forced and CELLS or nil)
  if not found then
    if not forced and ended == "unknown" then return nil end
    return self:nothing(ended)
  end
  if self.mode == "over" or (not forced and self.asked < 1 and found:count() > LEAVES) then return nil, found end
  local pieces = found:count()
  if #self.goal:clauses() == 1 and pieces <= MERGED then found:merge() end
  local regions, lo, hi, reached = largest_regions(found, self.asked, self.options.polytopes)
  local stats = found:stats()
  return { regions = regions, coverage = quotient(lo, hi, found:volume()), status = reached and "proved" or "stopped",
           stats = { splits = stats.cuts, parts = pieces, exact = pieces, evaluations = 0, checks = 0 } }, found
end

local function choose_answer(self)
  local exact, found
  local by_hand = self.options.choose or self.options.split
  if self.method ~= "split" and not by_hand then exact, found = exact_answer(self) end
  if exact and (self.method == "exact" or exact.status ~= "proved" or self.asked == 1 or #exact.regions <= 1) then
    return exact
  end
  if found and self.mode == "over" and #self.goal:clauses() > 1 then found = nil end -- the polytopes may overlap
  local split = split_domain(self, found, exact and math.max(#exact.regions, 2)) -- more parts are no better answer
  if exact and (split.status ~= "proved" or #exact.regions <= #split.regions) then return exact end
  return split
end

-- Of an answer without regions: whether that is because no input has the property.
local function empty_note(self)
  local search <close> = self.net:search { domain = self.domain, target = self.goal, mode = "find",
                                           seconds = math.min(self:rest() or SECONDS_EMPTY, SECONDS_EMPTY) }
  local interrupted, verdict = guard(search.run, search)
  if not interrupted and verdict == "proved" then return "no input has the property" end
  if not interrupted and verdict == "counterexample" then return "the inputs with the property have no volume" end
  return nil
end

-- Is this what relucid.vnnlib reads?
local function is_problem(goal)
  return type(goal) == "table" and getmetatable(goal) ~= nil and goal.check_satisfiable ~= nil
end

---@param net table  relucid.network
---@param goal table  relucid.property: the set to find, as a property of inputs and outputs; or what relucid.vnnlib
---             reads, whose input sets are then the domain
---@param options? relucid.PreimageOptions
---@return relucid.Result
local function preimage_of(net, goal, options)
  core.check(net, "network")
  options = option.table(options)
  option.check_known("preimage", options, { OPTIONS })
  option.check_raw(net, options)
  if is_problem(goal) then return sets.preimage(preimage_of, net, goal, options) end
  core.check(goal, "property", "goal")
  local own = option.values(options, OPTIONS)
  if own.method == "exact" and own.mode == "over" then error("option method: 'exact' is for mode 'under'", 0) end
  local self = setmetatable({ net = net, goal = goal, options = options, started = core.now(),
                              domain = arguments.domain(net, options.domain), asked = own.coverage, mode = own.mode,
                              method = own.method, trace = {} }, Run)
  arguments.check_domain(self.domain)
  local answer = choose_answer(self)
  if #answer.regions == 0 and answer.status == "proved" then answer.note = empty_note(self) end
  answer.stats.seconds = core.now() - self.started
  self.trace[#self.trace + 1] = { seconds = answer.stats.seconds, coverage = answer.coverage.value,
                                  regions = #answer.regions }
  return Result.new {
    net = net, domain = self.domain, goal = goal, strategy = "preimage", status = answer.status,
    note = answer.note or NOTE[answer.status], regions = answer.regions, coverage = answer.coverage,
    trace = self.trace, stats = answer.stats,
    options = { mode = self.mode, method = self.method, coverage = self.asked, seed = options.seed,
                timeout = options.timeout, polytopes = options.polytopes },
  }
end

return preimage_of
