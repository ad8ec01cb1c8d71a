--- Driving the core's long work: slices short enough that Ctrl-C, a progress
--- display or a time limit gets its turn several times a second.
local core = require "relucid.core"

local job = {}

local SLICE_SHORT, SLICE_LONG = 0.05, 0.15 -- seconds
-- Some slices end early, after a trivial query: a short slice does not say that nodes are cheap, hence the cap.
local NODES_FIRST, NODES_MOST = 4, 200

--- Is this the error that stock Lua raises from a hook after Ctrl-C?
---@param message any
---@return boolean
function job.is_interrupt(message)
  return type(message) == "string" and message:match "^[^\n]*interrupted!%f[\n\0]" ~= nil
end

--- Call step(nodes) until it returns true, choosing `nodes` so that a call takes about a tenth of a second.
---@param step fun(nodes: integer): boolean  true at the end
---@param callback? fun(): boolean?  called after each slice; true stops
---@return boolean finished  false when the callback stopped it
function job.drive(step, callback)
  local nodes = NODES_FIRST
  while true do
    local started = core.now()
    local done = step(nodes)
    local seconds = core.now() - started
    if done then return true end
    if callback and callback() then return false end
    if seconds < SLICE_SHORT then nodes = math.min(2 * nodes, NODES_MOST) end
    if seconds > SLICE_LONG then nodes = math.max(nodes // 2, 1) end
  end
end

--- search:run([callback]) -> verdict: "proved", "counterexample", "unknown"; "running" when the callback stopped it.
---@param callback? fun(search: table): boolean?
---@return string verdict
function core.methods.search.run(self, callback)
  core.check(self, "search")
  job.drive(function(nodes) return self:step(nodes) ~= "running" end, callback and function() return callback(self) end)
  return self:verdict()
end

--- minimize:run([callback]) -> true when finished, false when the callback stopped it.
---@param callback? fun(minimize: table): boolean?
---@return boolean finished
function core.methods.minimize.run(self, callback)
  core.check(self, "minimize")
  return job.drive(function(nodes) return self:step(nodes) end, callback and function() return callback(self) end)
end

local function merged(base, options)
  if options ~= nil and type(options) ~= "table" then
    error(("options: table expected, got %s"):format(type(options)), 0)
  end
  for name, value in pairs(options or {}) do base[name] = value end
  return base
end

--- Does every input in the domain that obeys the pattern have the property?
---@param domain table  relucid.domain
---@param pattern table|nil  relucid.pattern
---@param property table  relucid.property
---@param options? table  search options
---@return "proved"|"counterexample"|"unknown" verdict
---@return number[]|string|nil  the counterexample, or why it is unknown
function core.methods.network.implies(self, domain, pattern, property, options)
  core.check(self, "network")
  core.check(property, "property")
  local search = self:search(merged({ domain = domain, pattern = pattern, target = property:negate(),
                                      mode = "find_strict" }, options))
  local verdict = search:run()
  if verdict == "counterexample" then return verdict, search:witness() end
  return verdict, search:reason()
end

--- The maximum of a property's value (see property:value) over the domain and pattern.
---@param domain table  relucid.domain
---@param pattern table|nil  relucid.pattern
---@param target table  relucid.property
---@param options? table  search options
---@return {verdict: string, reason: string?, lower: number, upper: number, x: number[]?, stats: table}
function core.methods.network.maximize(self, domain, pattern, target, options)
  core.check(self, "network")
  local search = self:search(merged({ domain = domain, pattern = pattern, target = target, mode = "maximize" },
                                    options))
  search:run()
  return { verdict = search:verdict(), reason = search:reason(), lower = search:lower(), upper = search:upper(),
           x = search:witness(), stats = search:stats() }
end

return job
