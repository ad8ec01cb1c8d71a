--- What a task came to: relucid.Task's methods region and result.
local core = require "relucid.core"
local Result = require "relucid.result"

local outcome = {}

local ENDED_NOTE = {
  interrupted = "interrupted", timeout = "the time limit was reached", stopped = "stopped by the user's function",
}

--- The region of a part.
---@param self relucid.Task
---@param part relucid.Part
---@return table region  relucid.region
function outcome.region(self, part)
  if part.lo then
    local box = core.domain { lo = part.lo, hi = part.hi, A = self.domain.A, b = self.domain.b }
    return core.region(self.net, box)
  end
  local halfspaces = { A = {}, b = {} }
  for j, row in ipairs(part.rows or {}) do halfspaces.A[j], halfspaces.b[j] = row.a, row.b end
  return core.region(self.net, self.domain, part.pattern, halfspaces)
end

---@class relucid.Part  a proved region: a pattern cut by rows, or a box
---@field pattern? table                    relucid.pattern
---@field rows? {a: number[], b: number}[]
---@field lo? number[]                      a box
---@field hi? number[]
---@field boxes? table                      {width = box, volume = box} where they are known already

--- The result of the task.
---@param self relucid.Task
---@param parts relucid.Part[]  proved regions
---@param fields {status: string, implied: boolean?, minimal: boolean?}
---@return relucid.Result
function outcome.result(self, parts, fields)
  local contained = false
  for _, part in ipairs(parts) do
    part.region = part.region or self:region(part)
    part.kind = part.lo and "box" or part.region:is_polytope() and "polytope" or "pattern"
    contained = contained or part.region:contains(self.point)
  end
  if #parts > 0 and not contained then
    self:note("the region does not contain the point%s",
              self.anchored and ": there is no box around it (use anchor = false)" or "")
  end
  local status = fields.status
  if self.ended then
    status = self.ended
    self:note("%s%s", ENDED_NOTE[self.ended],
              #parts > 0 and ": the region is proved, but may not be what a longer run would give" or "")
  end
  self.stats.seconds = self:seconds()
  local result = Result.new {
    net = self.net, domain = self.domain, goal = self.goal, point = self.point, strategy = self.strategy,
    options = self.options, status = status, implied = fields.implied, anchored = self.anchored,
    stats = self.stats, note = #self.notes > 0 and table.concat(self.notes, "; ") or nil, regions = parts,
  }
  result.minimal = fields.minimal
  if self.hooks.data and #parts > 0 then result:support(self.hooks.data) end
  return result
end

return outcome
