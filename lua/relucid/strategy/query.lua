--- Questions to the decision procedure on behalf of a task: relucid.Task's methods decide and upper.
local query = {}

-- Run net:search(fields) to its end or the task's; the caller closes it.
local function run_search(self, net, fields)
  local search = net:search(self:search_options(fields))
  local ok, message = pcall(self.drive, self, function(nodes) return search:step(nodes) ~= "running" end,
                            function() return self:state(search:stats()) end)
  self:add_stats(search:stats())
  self.stats.queries = self.stats.queries + 1
  if ok then return search end
  search:close()
  error(message, 0)
end

--- Does every input of the domain that obeys the pattern have the property?
---@param self relucid.Task
---@param domain table        relucid.domain
---@param pattern table|nil   relucid.pattern
---@param property table      relucid.property
---@param net? table          relucid.network, default: the task's
---@return "proved"|"counterexample"|"unknown"|"running" verdict  running: the task has ended
---@return number[]|nil x     the counterexample
function query.decide(self, domain, pattern, property, net)
  if self:poll() then return "running" end -- queries may be too short for a look at the clock while they run
  local search <close> = run_search(self, net or self.net, { domain = domain, pattern = pattern,
                                                             target = property:negate(), mode = "find_strict" })
  local verdict = search:verdict()
  if verdict == "unknown" and self:poll() then return "running" end -- it is the task's time that was up
  if verdict == "unknown" then self.stats.unknowns = self.stats.unknowns + 1 end
  return verdict, search:witness()
end

--- An upper bound of the target's value where the domain's inputs obey the pattern, valid whenever it is read.
---@param self relucid.Task
---@param pattern table|nil  relucid.pattern
---@param target table       relucid.property
---@return number upper      +inf: none is known
function query.upper(self, pattern, target)
  if self.ended then return math.huge end
  local search <close> = run_search(self, self.net, { domain = self.domain, pattern = pattern, target = target,
                                                      mode = "maximize" })
  local upper = search:upper()
  return upper == upper and upper or math.huge
end

return query
