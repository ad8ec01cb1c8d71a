--- What a strategy found: regions with their proofs' circumstances, in memory and as JSON.
local core = require "relucid.core"
local file = require "relucid.io.file"
local inputs = require "relucid.inputs"
local job = require "relucid.job"

local names = require "relucid.io.names"
local words = require "relucid.words"

local json = core.json

---@class relucid.Result
---@field net table|nil          relucid.network; nil for a result read from a file, until needed
---@field status string          "proved"; "interrupted", "timeout", "stopped": ended early; "unknown"
---@field strategy string
---@field point number[]|nil     nil: the strategy has none
---@field note string|nil        what the reader has to know about this result
---@field implied boolean|nil    does the whole pattern of the point imply what was asked?
---@field minimal boolean|nil    is the pattern minimal?  false: up to queries without an answer, or ended early
---@field portfolio table|nil    of the strategy portfolio: what each of its strategies came to
---@field coverage table|nil     {value, lo, hi, samples, seed}: share of the inputs with the property that is covered
---@field trace table|nil        how coverage grew: list of {seconds, coverage, regions}; of union and preimage
---@field stats table            queries, nodes, lps, seconds, ...
local Result = {}
Result.__index = Result

local VERSION = 1
local KEYS = { "relucid", "network", "names", "goal", "domain", "point", "strategy", "options", "status", "note",
               "implied",
               "minimal", "regions", "coverage", "trace", "portfolio", "stats", "certificate" }
local REGION_KEYS = { "kind", "pattern", "rule", "lo", "hi", "A", "b", "box_width", "box_volume", "support" }
local BOX_FIELD = { width = "box_width", volume = "box_volume" }

--- A new result.  fields: net, domain, goal, point, strategy, options, status, note, implied, stats, anchored, and
--- regions, a list of relucid.ResultPart; all regions listed are proved.
---
--- Regions are of three kinds.  "polytope": the rows say everything, the pattern tells where they come from.
--- "pattern": the literals are no decision prefix, the region is where they and the rows hold; not convex in general.
--- "box": the region's own bounds say everything, but for the domain's rows.
---@class relucid.ResultPart
---@field region table       relucid.region
---@field kind? "polytope"|"pattern"|"box"  default "polytope"
---@field pattern? table     relucid.pattern
---@field boxes? table       {width = box, volume = box}: boxes inside that are known already; false: there is none
---@field extra? table       further fields for the record

---@param fields table
---@return relucid.Result
function Result.new(fields)
  local self = setmetatable(fields, Result)
  self.parts = {}
  for i, part in ipairs(fields.regions) do
    self.parts[i] = { region = part.region, kind = part.kind or "polytope", pattern = part.pattern,
                      boxes = part.boxes or {}, extra = part.extra }
  end
  self.regions = nil
  return self
end

---@return integer  how many regions there are
function Result:__len()
  return #self.parts
end

local function part_of(self, i)
  i = i or 1
  local part = self.parts[i]
  if not part then error(("region %s: the result has %d"):format(tostring(i), #self.parts), 0) end
  return part
end

-- ---- reading a record ---------------------------------------------------------------

-- What a region of each kind must have.
local KINDS = { polytope = { "A", "b" }, pattern = { "pattern" }, box = { "lo", "hi" } }

local function check(condition, name, what)
  if not condition then error(("%s: not a relucid result: %s"):format(name, (what:gsub("%c", "?"))), 0) end
end

-- f(...), whose message gets the name of the text and the place in it.
local function at(name, place, f, ...)
  local ok, value = pcall(f, ...)
  if ok then return value end
  if job.is_interrupt(value) then error(value, 0) end
  error(("%s: %s: %s"):format(name, place, tostring(value)), 0)
end

-- The list of numbers in the record's field, or nil where it has none.
local function numbers_in(record, field, count, name)
  local list = record[field]
  if list == nil or list == json.null then return nil end
  local right = type(list) == "table" and (not count or #list == count)
  for i = 1, right and #list or 0 do right = right and type(list[i]) == "number" end
  check(right, name, ("%s is no list of %snumbers"):format(field, count and count .. " " or ""))
  return list
end

local function check_network(network, name)
  for _, field in ipairs { "file", "sha256" } do
    check(type(network[field]) == "string", name, ("network.%s is no string"):format(field))
    check(not network[field]:find "%c", name, ("network.%s has control characters"):format(field))
  end
  numbers_in(network, "answer", nil, name)
end

local function options_of(record)
  return type(record.options) == "table" and record.options or {}
end

-- The goal of a record, relucid.property; nil where it has none.
local function goal_of(record)
  local goal = record.goal
  if type(goal) ~= "table" then return nil end
  if type(goal.margins) == "table" then return core.property.linear(goal.margins) end
  return type(goal.clauses) == "table" and core.property.any(goal.clauses) or nil
end

--- The result in a JSON text; `name` is used in messages.
---@param text string
---@param name? string
---@return relucid.Result
function Result.decode(text, name)
  name = name or "result"
  if type(text) ~= "string" then error(("text: string expected, got %s"):format(type(text)), 0) end
  local record = json.decode(text, name)
  check(type(record) == "table" and record.relucid ~= nil, name, "no field 'relucid'")
  check(record.relucid == VERSION, name, ("version %s, expected %d"):format(tostring(record.relucid), VERSION))
  for _, field in ipairs { "network", "domain", "regions", "stats" } do
    check(type(record[field]) == "table", name, ("no field '%s'"):format(field))
  end
  check_network(record.network, name)
  local function optional(value) if value ~= json.null then return value end end
  local domain = at(name, "domain", core.domain, record.domain)
  local self = setmetatable({ record_ = record, name = name, status = record.status, strategy = record.strategy,
    point = numbers_in(record, "point", domain.n, name), note = optional(record.note),
    implied = optional(record.implied),
    minimal = optional(record.minimal), coverage = optional(record.coverage), stats = record.stats,
    options = options_of(record), domain = domain, parts = {} }, Result)
  self.goal, self.trace = at(name, "goal", goal_of, record), optional(record.trace)
  for i, region in ipairs(record.regions) do
    check(type(region) == "table", name, ("regions[%d] is no object"):format(i))
    local kind = region.kind or "polytope"
    check(KINDS[kind], name,
          ("regions[%d] is of kind '%s', expected polytope, pattern or box"):format(i, tostring(kind)))
    for _, field in ipairs(KINDS[kind]) do
      check(type(region[field]) == "table", name, ("regions[%d] has no %s"):format(i, field))
    end
    for _, field in pairs(BOX_FIELD) do
      local box = region[field]
      check(box == nil or box == json.null or type(box) == "table", name,
            ("regions[%d].%s is no object"):format(i, field))
    end
    self.parts[i] = { record = region, kind = kind, boxes = {}, place = ("regions[%d]"):format(i) }
  end
  return self
end

--- The result in a file.
---@param path string
---@return relucid.Result
function Result.read(path)
  return Result.decode(file.read(path), path)
end

-- The same file gives two networks, with raw and without: the answer at the point tells them apart.
local function check_answer(self, net, record)
  if type(record.answer) ~= "table" or type(self.point) ~= "table" then return end
  for k, y in ipairs(net:eval(self.point)) do
    check(record.answer[k], self.name, ("network.answer has %d numbers, expected %d"):format(#record.answer, net.m))
    if math.abs(y - record.answer[k]) > 1e-6 * math.max(1, math.abs(y)) then
      error(("%s: output %d at the result's point is %.17g, the result's network has %.17g; was it loaded with raw?")
        :format(record.file, k, y, record.answer[k]), 0)
    end
  end
end

--- The network: for a result read from a file, that file's network, whose SHA-256 must be the recorded one.
---@return table network  relucid.network
function Result:network()
  if self.net then return self.net end
  local record = self.record_.network
  local net = require("relucid").load(record.file, { raw = record.raw == true })
  if net.sha256 ~= record.sha256 then
    error(("%s: SHA-256 is %s, the result's network has %s"):format(record.file, net.sha256, record.sha256), 0)
  end
  check_answer(self, net, record)
  if self.record_.names then names.give(net, self.record_.names, self.name) end
  self.net = net
  return net
end

-- ---- what is in it -------------------------------------------------------------------

-- Rows and bounds say everything about polytopes and boxes; a pattern is about its network.
local function region_of_record(self, part)
  local record = part.record
  if part.kind == "pattern" then
    local rows = type(record.A) == "table" and { A = record.A, b = record.b } or nil
    return core.region(self:network(), self.domain, core.pattern(self:network(), record.pattern), rows)
  elseif part.kind == "box" then
    local box = core.domain { lo = record.lo, hi = record.hi, A = self.domain.A, b = self.domain.b }
    return core.region(inputs.network(self.domain.n), box)
  end
  return core.region(inputs.network(self.domain.n), self.domain, nil, { A = record.A, b = record.b })
end

--- Region i as relucid.region.
---@param i? integer  default 1
---@return table region
function Result:region(i)
  local part = part_of(self, i)
  part.region = part.region or at(self.name, part.place, region_of_record, self, part)
  return part.region
end

--- Do the regions hold all inputs with the goal (an outer approximation, `preimage` with mode "over"), rather than
--- only such?
---@return boolean
function Result:is_outer()
  return self.strategy == "preimage" and (self.options or {}).mode == "over"
end

--- What kind of region region i is.
---@param i? integer  default 1
---@return "polytope"|"pattern"|"box"
function Result:kind(i)
  return part_of(self, i).kind
end

--- The decision pattern of region i.
---@param i? integer  default 1
---@return table|nil pattern  relucid.pattern
function Result:pattern(i)
  local part = part_of(self, i)
  if not part.pattern and part.record and type(part.record.pattern) == "table" then
    part.pattern = at(self.name, part.place, core.pattern, self:network(), part.record.pattern)
  end
  return part.pattern
end

--- The decision prefix of a pattern's literals and the point's signs in all layers before the last literal's: its
--- polytope lies inside the pattern's region.
---@param net table      relucid.network
---@param pattern table  relucid.pattern
---@param point number[]
---@return table prefix  relucid.pattern
function Result.closed_pattern(net, pattern, point)
  local last, list = 0, pattern:list()
  for _, literal in ipairs(list) do last = math.max(last, literal[1]) end
  local closed = net:pattern(point):prefix(math.max(last - 1, 0))
  for _, literal in ipairs(list) do closed = closed:with(literal[1], literal[2], literal[3]) end
  return closed
end

-- A pattern that is no decision prefix has no rows to put a box into.  Those of a smaller set do.
local function inner_polytope(self, part, seconds)
  local closed = Result.closed_pattern(self:network(), part.pattern, self.point)
  return core.region(self:network(), self.domain, closed, part.region:rows(), seconds)
end

-- Whoever ended a strategy early does not wait for boxes: seconds for each.
local ENDED_EARLY, SHORT = { interrupted = true, timeout = true, stopped = true }, 0.5

-- The largest box inside a region, as far as there is a way to find it.
local function find_box(self, part, kind)
  local seconds = ENDED_EARLY[self.status] and SHORT or nil
  local anchor = self.anchored and self.point or nil
  if anchor and not part.region:contains(anchor) then return nil end
  if part.kind == "box" and #self.domain.b == 0 then return part.region:box("width", anchor) end -- is itself the box
  if part.kind ~= "pattern" then return part.region:box(kind, anchor, seconds) end
  if not self.point then return nil end
  part.inner = part.inner or inner_polytope(self, part, seconds)
  if not part.inner:is_polytope() then return nil end -- its rows take too long
  local box = part.inner:box(kind, anchor, seconds)
  if box then box.gap = nil end -- a larger one may exist
  return box
end

-- The box in a region's record, or false.
local function box_of_record(self, part, field)
  local box = part.record[field]
  if not box or box == json.null then return false end
  local place = ("%s.%s"):format(part.place, field)
  check(type(box) == "table", self.name, place .. " is no object")
  for _, side in ipairs { "lo", "hi" } do
    check(numbers_in(box, side, self.domain.n, self.name), self.name, ("%s has no %s"):format(place, side))
  end
  if box.gap == json.null then box.gap = part.kind ~= "pattern" and math.huge or nil end
  return setmetatable(box, words.Box)
end

--- The largest box inside region i: it contains the point unless the strategy ran with anchor = false.  In a region
--- of kind "pattern" one that is proved to be inside, not the largest: its gap is nil;
--- elsewhere math.huge where none could be proved.
---@param kind? "width"|"volume"  default "width"
---@param i? integer  default 1
---@return {lo: number[], hi: number[], sum: number, log_volume: number, gap: number?, fixed: integer}|nil box
function Result:box(kind, i)
  kind = kind or "width"
  if not BOX_FIELD[kind] then error(("box: '%s', expected width or volume"):format(tostring(kind)), 0) end
  local part = part_of(self, i)
  if part.boxes[kind] == nil then
    if part.record then
      part.boxes[kind] = box_of_record(self, part, BOX_FIELD[kind])
    else
      part.boxes[kind] = find_box(self, part, kind) or false
    end
  end
  return part.boxes[kind] or nil
end

--- How many rows of the data lie in some region.  Each region's own number is kept in the JSON, as its support.
---@param data table  relucid.data
---@return integer
function Result:support(data)
  return #self:members(data)
end

--- The numbers of the rows that lie in some region, ascending.
---@param data table  relucid.data
---@return integer[]
function Result:members(data)
  local seen, list = {}, {}
  for i, part in ipairs(self.parts) do
    local members = self:region(i):members(data)
    if not self.record_ then part.support = #members end
    for _, row in ipairs(members) do
      if not seen[row] then
        seen[row] = true
        list[#list + 1] = row
      end
    end
  end
  table.sort(list)
  return list
end

-- ---- writing a record ----------------------------------------------------------------

local function box_record(box)
  if not box then return json.null end
  local gap = box.gap and box.gap < math.huge and box.gap or json.null
  return json.object({ lo = box.lo, hi = box.hi, sum = box.sum, log_volume = box.log_volume, gap = gap,
                       fixed = box.fixed }, { "lo", "hi", "sum", "log_volume", "gap", "fixed" })
end

-- The region's rows, and its bounds that are not the domain's as further ones: the record's reader has only these.
local function rows_within(region, domain)
  local rows = region:rows()
  local function add(j, sign, bound)
    local a = {}
    for k = 1, domain.n do a[k] = k == j and sign or 0.0 end
    rows.A[#rows.A + 1], rows.b[#rows.b + 1] = a, sign * bound
  end
  local lo, hi, outer_lo, outer_hi = region.lo, region.hi, domain.lo, domain.hi
  for j = 1, domain.n do
    if lo[j] > outer_lo[j] then add(j, -1.0, lo[j]) end
    if hi[j] < outer_hi[j] then add(j, 1.0, hi[j]) end
  end
  return rows
end

local function region_record(self, i)
  local part = self.parts[i]
  local rows = rows_within(part.region, self.domain)
  local bare = part.kind == "pattern" and #rows.b == 0
  local record = {
    kind = part.kind,
    pattern = part.pattern and part.pattern:layers() or json.null,
    rule = part.pattern and words.rule(part.pattern) or nil,
    A = bare and json.null or json.array(part.kind == "box" and {} or rows.A),
    b = bare and json.null or json.array(part.kind == "box" and {} or rows.b),
    box_width = box_record(self:box("width", i)),
    box_volume = box_record(self:box("volume", i)),
    support = part.support,
  }
  if part.kind == "box" then record.lo, record.hi = part.region.lo, part.region.hi end
  for name, value in pairs(part.extra or {}) do record[name] = value end
  return json.object(record, REGION_KEYS)
end

-- {margins = rows}, or {clauses = list of lists of rows} for an or of several conjunctions.
local function goal_record(goal)
  local clauses = goal:clauses()
  for _, margins in ipairs(clauses) do
    for i, margin in ipairs(margins) do margins[i] = json.object(margin, { "a", "c", "d" }) end
  end
  if #clauses == 1 then return { margins = clauses[1] } end
  return { clauses = clauses }
end

local function domain_record(domain)
  local record = { lo = domain.lo, hi = domain.hi }
  if #domain.b > 0 then record.A, record.b = domain.A, domain.b end
  return json.object(record, { "lo", "hi" })
end

local function trace_record(trace)
  local steps = json.array {}
  for k, step in ipairs(trace) do steps[k] = json.object(step, { "seconds", "coverage", "regions" }) end
  return steps
end

--- The result as a table of plain values: the JSON contract's shape.
---@return table
function Result:record()
  if self.record_ then return self.record_ end
  local regions = json.array {}
  for i in ipairs(self.parts) do regions[i] = region_record(self, i) end
  local net = self.net
  local stats = {}
  for name, value in pairs(self.stats) do stats[name] = value end
  return json.object({
    relucid = VERSION,
    network = json.object({ file = net.file, sha256 = net.sha256, layers = net.sizes, raw = net.raw or nil,
                            answer = self.point and net:eval(self.point) or nil }, { "file", "sha256", "layers" }),
    names = words.names_record(net),
    goal = goal_record(self.goal),
    domain = domain_record(self.domain),
    point = self.point,
    strategy = self.strategy,
    options = json.object(self.options),
    status = self.status,
    note = self.note,
    implied = self.implied,
    minimal = self.minimal,
    regions = regions,
    coverage = self.coverage and json.object(self.coverage, { "value", "lo", "hi", "samples", "seed" }) or nil,
    trace = self.trace and trace_record(self.trace) or nil,
    portfolio = self.portfolio,
    stats = json.object(stats, { "queries", "nodes", "lps", "seconds" }),
  }, KEYS)
end

--- The result as JSON text, one line; every number reads back to the same double.
---@return string
function Result:json()
  return json.encode(self:record())
end

--- Write the JSON to a file, whole or not at all.
---@param path string
function Result:save(path)
  file.write(path, self:json() .. "\n")
end

--- "result (prophecy, proved, 1 region)".
---@return string
function Result:__tostring()
  return ("result (%s, %s, %d region%s)"):format(self.strategy, self.status, #self, #self == 1 and "" or "s")
end

return Result
