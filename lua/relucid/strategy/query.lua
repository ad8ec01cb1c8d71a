--- Questions to the decision procedure on behalf of a task: relucid.Task's methods decide and upper.
local proved = require "relucid.strategy.proved"

local query = {}

-- What is asked of proved: its search is run to its end or the task's, and counted.
local function question(self, net, domain, pattern)
  local function drive(search)
    local ok, message = pcall(self.drive, self, function(nodes) return search:step(nodes) ~= "running" end,
                              function() return self:state(search:stats()) end)
    self:add_stats(search:stats())
    self.stats.queries = self.stats.queries + 1
    if not ok then error(message, 0) end
  end
  return { net = net, domain = domain, pattern = pattern, limits = self:search_options {}, drive = drive }
end

--- Does every input of the domain that obeys the pattern have the property?
---@param self relucid.Task
---@param domain table        relucid.domain
---@param pattern table|nil   relucid.pattern
---@param property table      relucid.property
---@param net? table          relucid.network, default: the task's
---@return "proved"|"counterexample"|"unknown"|"running" verdict  running: the task has ended
---@return number[]|nil x     the counterexample
---@return relucid.Proved|nil proof  for task:claim
function query.decide(self, domain, pattern, property, net)
  if self:poll() then return "running" end -- queries may be too short for a look at the clock while they run
  local verdict, x, proof = proved.decide(question(self, net or self.net, domain, pattern), property)
  if verdict == "unknown" and self:poll() then return "running" end -- it is the task's time that was up
  if verdict == "unknown" then self.stats.unknowns = self.stats.unknowns + 1 end
  return verdict, x, proof
end

--- An upper bound of the target's value where the domain's inputs obey the pattern, valid whenever it is read.
---@param self relucid.Task
---@param pattern table|nil  relucid.pattern
---@param target table       relucid.property of one row
---@return number upper      +inf: none is known
---@return relucid.Proved|nil proof  for task:claim
function query.upper(self, pattern, target)
  if self.ended then return math.huge end
  return proved.upper(question(self, self.net, self.domain, pattern), target)
end

return query
