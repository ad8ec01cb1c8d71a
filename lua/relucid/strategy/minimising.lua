--- The loop that minimises a pattern: relucid.Task's method minimize.
local hooks = require "relucid.strategy.hooks"
local memo = require "relucid.strategy.memo"
local proved = require "relucid.strategy.proved"

local minimising = {}

-- The user's order in which to try to drop neurons, or nil.
local function order_of(self, property)
  if not self.hooks.order then return nil end
  local context = { network = self.net, point = self.point, domain = self.domain, goal = self.goal,
                    property = property }
  local order = hooks.call("order", self.hooks.order, self.full, context)
  if type(order) ~= "table" then error(("option order: returned %s, expected a list"):format(type(order)), 0) end
  return order
end

---@class relucid.Minimize
---@field mode? "prefix"|"deletion"|"divide"  default "prefix"
---@field domain? table                       relucid.domain, default: the task's
---@field pattern? table                      relucid.pattern to start from, default: the point's whole pattern
---@field order? table                        used when the user gives none
---@field queries? integer                    end after so many

---@class relucid.Outcome
---@field verdict string    does the starting pattern imply the property?
---@field pattern table     the smallest pattern that is proved to
---@field proof relucid.Proved|nil  that it does, for task:claim
---@field ended string      "done" or why the task ended
---@field unknowns integer  queries without an answer, whose literals were kept
---@field settled boolean   nothing was left open: no literal can go, or the starting pattern does not do
---@field witness number[]|nil  for "counterexample": an input that obeys the starting pattern without the property

-- Minimise, with so many queries at most; the outcome's stats are those of the job.
local function minimised(self, question, property, fields)
  local started, finished, ended = os.clock(), false, nil
  self.verdict = "running"
  question.limits = self:search_options {}
  function question.drive(minimize)
    ended = self:drive(function(nodes)
      finished = minimize:step(nodes)
      return finished or fields.queries and minimize:stats().queries > fields.queries
    end, function()
      self.verdict, self.pattern = minimize:verdict(), minimize:pattern()
      return self:state(minimize:stats())
    end)
  end
  local outcome = proved.minimize(question, property, fields)
  local unknowns = outcome.stats.unknowns
  if ended == "done" and unknowns > 0 and self:poll() then ended = self.ended end -- the task's time was up
  outcome.ended, outcome.unknowns, outcome.settled = ended, unknowns, finished and unknowns == 0
  outcome.cpu_seconds = os.clock() - started
  return outcome
end

--- Minimise the point's pattern while it implies the property.
---@param self relucid.Task
---@param property table  relucid.property
---@param fields? relucid.Minimize
---@return relucid.Outcome
function minimising.minimize(self, property, fields)
  fields = fields or {}
  local start, domain, mode = fields.pattern or self.full, fields.domain or self.domain, fields.mode or "prefix"
  if self.ended then
    return { verdict = "running", pattern = start, ended = self.ended, unknowns = 0, settled = false }
  end
  local kept = not self.hooks.order and self.hooks.memo
  local key = kept and memo.key(start, property, mode, fields.order)
  local outcome = kept and memo.find(kept, self.net, domain, key)
  if outcome then
    self.stats.reused_seconds = (self.stats.reused_seconds or 0) + outcome.cpu_seconds
  else
    outcome = minimised(self, { net = self.net, domain = domain, pattern = start }, property,
                        { mode = mode, order = order_of(self, property) or fields.order, point = self.point,
                          queries = fields.queries })
    if kept and outcome.settled then
      memo.keep(kept, self.net, domain, key, outcome)
    end
  end
  self:add_stats(outcome.stats)
  self.verdict, self.pattern = outcome.verdict, outcome.pattern
  if outcome.verdict == "proved" and outcome.unknowns > 0 then
    self:note("%d %s left without an answer, their literals were kept", outcome.unknowns,
              outcome.unknowns == 1 and "query was" or "queries were")
  end
  return outcome
end

return minimising
