--- What a strategy found: regions with their proofs' circumstances, in memory and as JSON.
local core = require "relucid.core"
local file = require "relucid.io.file"

local json = core.json

---@class relucid.Result
---@field net table|nil          relucid.network; nil for a result read from a file, until needed
---@field status string          "proved"; "interrupted", "timeout", "stopped": ended early; "unknown"
---@field strategy string
---@field point number[]
---@field note string|nil        what the reader has to know about this result
---@field implied boolean|nil    does the whole pattern of the point imply what was asked?
---@field stats table            queries, nodes, lps, seconds, ...
local Result = {}
Result.__index = Result

local VERSION = 1
local KEYS = { "relucid", "network", "goal", "domain", "point", "strategy", "options", "status", "note", "implied",
               "regions", "coverage", "stats", "certificate" }
local REGION_KEYS = { "pattern", "A", "b", "box_width", "box_volume", "support" }
local BOX_FIELD = { width = "box_width", volume = "box_volume" }

--- A new result.  fields: net, domain, goal, point, strategy, options, status, note, implied, stats, anchored, and
--- regions, a list of {region = relucid.region, pattern = relucid.pattern}; all regions listed are proved.
---@param fields table
---@return relucid.Result
function Result.new(fields)
  local self = setmetatable(fields, Result)
  self.parts = {}
  for i, part in ipairs(fields.regions) do
    self.parts[i] = { region = part.region, pattern = part.pattern, boxes = {} }
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

local function check(condition, name, what)
  if not condition then error(("%s: not a relucid result: %s"):format(name, what), 0) end
end

local function options_of(record)
  return type(record.options) == "table" and record.options or {}
end

--- The result in a JSON text; `name` is used in messages.
---@param text string
---@param name? string
---@return relucid.Result
function Result.decode(text, name)
  name = name or "result"
  local record = json.decode(text, name)
  check(type(record) == "table" and record.relucid ~= nil, name, "no field 'relucid'")
  check(record.relucid == VERSION, name, ("version %s, expected %d"):format(tostring(record.relucid), VERSION))
  for _, field in ipairs { "network", "domain", "regions", "stats" } do
    check(type(record[field]) == "table", name, ("no field '%s'"):format(field))
  end
  local function optional(value) if value ~= json.null then return value end end
  local self = setmetatable({ record_ = record, name = name, status = record.status, strategy = record.strategy,
    point = record.point, note = optional(record.note), implied = optional(record.implied), stats = record.stats,
    options = options_of(record), domain = core.domain(record.domain), parts = {} }, Result)
  for i, region in ipairs(record.regions) do
    check(type(region) == "table" and type(region.A) == "table" and type(region.b) == "table", name,
          ("regions[%d] has no A and b"):format(i))
    self.parts[i] = { record = region, boxes = {} }
  end
  return self
end

--- The result in a file.
---@param path string
---@return relucid.Result
function Result.read(path)
  return Result.decode(file.read(path), path)
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
  self.net = net
  return net
end

-- ---- what is in it -------------------------------------------------------------------

-- The region of a record needs no network: its rows say everything.
local function region_of_record(self, part)
  local n = self.domain.n
  local row = {}
  for i = 1, n do row[i] = 0 end
  return core.region(core.network { { W = { row }, b = { 0 } } }, self.domain, nil, part.record)
end

--- Region i as relucid.region.
---@param i? integer  default 1
---@return table region
function Result:region(i)
  local part = part_of(self, i)
  part.region = part.region or region_of_record(self, part)
  return part.region
end

--- The decision pattern of region i.
---@param i? integer  default 1
---@return table|nil pattern  relucid.pattern
function Result:pattern(i)
  local part = part_of(self, i)
  if not part.pattern and part.record and type(part.record.pattern) == "table" then
    part.pattern = core.pattern(self:network(), part.record.pattern)
  end
  return part.pattern
end

--- The largest box inside region i: it contains the point unless the strategy ran with anchor = false.
---@param kind? "width"|"volume"  default "width"
---@param i? integer  default 1
---@return {lo: number[], hi: number[], sum: number, log_volume: number, gap: number, fixed: integer}|nil box
function Result:box(kind, i)
  kind = kind or "width"
  if not BOX_FIELD[kind] then error(("box: '%s', expected width or volume"):format(tostring(kind)), 0) end
  local part = part_of(self, i)
  if part.boxes[kind] == nil then
    if part.record then
      local box = part.record[BOX_FIELD[kind]]
      part.boxes[kind] = box ~= json.null and box or false
    else
      part.boxes[kind] = part.region:box(kind, self.anchored and self.point or nil) or false
    end
  end
  return part.boxes[kind] or nil
end

--- How many rows of the data lie in some region.  For one region also kept in the JSON, as its support.
---@param data table  relucid.data
---@return integer
function Result:support(data)
  local covered = #self:members(data)
  if #self.parts == 1 and not self.record_ then self.parts[1].support = covered end
  return covered
end

--- The numbers of the rows that lie in some region, ascending.
---@param data table  relucid.data
---@return integer[]
function Result:members(data)
  local seen, list = {}, {}
  for i in ipairs(self.parts) do
    for _, row in ipairs(self:region(i):members(data)) do
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
  return json.object({ lo = box.lo, hi = box.hi, sum = box.sum, log_volume = box.log_volume, gap = box.gap,
                       fixed = box.fixed }, { "lo", "hi", "sum", "log_volume", "gap", "fixed" })
end

local function region_record(self, i)
  local part = self.parts[i]
  local rows = part.region:rows()
  return json.object({
    pattern = part.pattern and part.pattern:layers() or json.null,
    A = rows.A,
    b = rows.b,
    box_width = box_record(self:box("width", i)),
    box_volume = box_record(self:box("volume", i)),
    support = part.support,
  }, REGION_KEYS)
end

local function goal_record(goal)
  local margins = goal:margins()
  for i, margin in ipairs(margins) do margins[i] = json.object(margin, { "c", "d" }) end
  return { margins = margins }
end

local function domain_record(domain)
  local record = { lo = domain.lo, hi = domain.hi }
  if #domain.b > 0 then record.A, record.b = domain.A, domain.b end
  return json.object(record, { "lo", "hi" })
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
    network = json.object({ file = net.file, sha256 = net.sha256, layers = net.sizes, raw = self.raw },
                          { "file", "sha256", "layers" }),
    goal = goal_record(self.goal),
    domain = domain_record(self.domain),
    point = self.point,
    strategy = self.strategy,
    options = json.object(self.options),
    status = self.status,
    note = self.note,
    implied = self.implied,
    regions = regions,
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

return Result
