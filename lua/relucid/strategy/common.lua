--- What all strategies share: the task (checked arguments, clock, statistics), the local affine form of the
--- margins, the loop that minimises a pattern, and the regions that come out of it.
local core = require "relucid.core"
local job = require "relucid.job"
local Result = require "relucid.result"

local common = {}

---@class relucid.StrategyOptions
---@field domain? table             relucid.domain or {lo, hi [, A, b]}; default: the box that the network's file gives
---@field data? table               relucid.data, for the support
---@field anchor? boolean           boxes contain the point (default true)
---@field raw? boolean              the network was loaded with raw = true; recorded in the result
---@field timeout? number           seconds in all
---@field query_timeout? number     seconds for each query; an unanswered one keeps its literal
---@field seed? integer             of the counterexample sampler
---@field threads? integer
---@field search? table             further search options, for each query
---@field order? fun(pattern: table, stats: table): table  order in which to drop neurons: numbers or {layer, neuron}
---@field stop? fun(state: table): boolean?  called several times a second; true ends the strategy
---@field progress? fun(state: table)

local KNOWN = { domain = true, data = true, anchor = true, raw = true, timeout = true, query_timeout = true,
                seed = true, threads = true, search = true, order = true, stop = true, progress = true }

---@class relucid.Task
local Task = {}
Task.__index = Task

-- ---- arguments ---------------------------------------------------------------------------

local function check_options(options, own)
  for name in pairs(options) do
    if not KNOWN[name] and not own[name] then
      local names = {}
      for known in pairs(KNOWN) do names[#names + 1] = known end
      for known in pairs(own) do names[#names + 1] = known end
      table.sort(names)
      error(("unknown option '%s'; known are: %s"):format(tostring(name), table.concat(names, " ")), 0)
    end
  end
end

local function check_type(name, value, expected)
  if value ~= nil and type(value) ~= expected then
    error(("option %s: %s expected, got %s"):format(name, expected, type(value)), 0)
  end
end

local function domain_of(net, given)
  local domain = given or net:box()
  if not domain then error("the network's file gives no input box: a domain is needed", 0) end
  if type(domain) == "table" then domain = core.domain(domain) end
  if domain.n ~= net.n then
    error(("domain: has %d inputs, the network has %d"):format(domain.n, net.n), 0)
  end
  return domain
end

local function check_inside(domain, point)
  local lo, hi = domain.lo, domain.hi
  for i, x in ipairs(point) do
    if x < lo[i] or x > hi[i] then
      error(("point[%d] is %.17g, the domain has %.17g to %.17g"):format(i, x, lo[i], hi[i]), 0)
    end
  end
  local A, b = domain.A, domain.b
  for r, row in ipairs(A) do
    local sum = 0
    for i, x in ipairs(point) do sum = sum + row[i] * x end
    if sum > b[r] then error(("the point is outside the domain: row %d is %.17g > %.17g"):format(r, sum, b[r]), 0) end
  end
end

local function margins_of(goal)
  local clauses = goal:clauses()
  if #clauses ~= 1 then
    error(("the goal is an or of %d conjunctions; this strategy takes a single conjunction"):format(#clauses), 0)
  end
  for j, margin in ipairs(clauses[1]) do
    for _, a in ipairs(margin.a or {}) do
      if a ~= 0 then error(("margin %d of the goal is about inputs; this strategy takes outputs only"):format(j), 0) end
    end
  end
  return clauses[1]
end

local function dot(c, y)
  local sum = 0
  for k, value in ipairs(c) do sum = sum + value * y[k] end
  return sum
end

local function check_goal(margins, y)
  for j, margin in ipairs(margins) do
    local value = dot(margin.c, y) + margin.d
    if value < 0 then
      error(("the goal does not hold at the point: margin %d is %.17g, expected >= 0"):format(j, value), 0)
    end
  end
end

--- The number of the largest (smallest) element.
---@param y number[]
---@param sign? number  -1: the smallest
---@return integer
function common.answer(y, sign)
  sign = sign or 1
  local best = 1
  for k = 2, #y do
    if sign * y[k] > sign * y[best] then best = k end
  end
  return best
end

--- Check the arguments of a strategy and start its clock.
---@param strategy string  its name
---@param net table  relucid.network
---@param point number[]
---@param goal table|nil  relucid.property, one conjunction; default: the class that the network answers at the point
---@param options relucid.StrategyOptions|nil
---@param own table  defaults of the strategy's own options; they are recorded in the result
---@return relucid.Task
function common.task(strategy, net, point, goal, options, own)
  options = options or {}
  check_type("options", options, "table")
  check_options(options, own)
  for _, name in ipairs { "order", "stop", "progress" } do check_type(name, options[name], "function") end
  check_type("search", options.search, "table")
  for _, name in ipairs { "timeout", "query_timeout" } do check_type(name, options[name], "number") end
  if type(point) ~= "table" then error(("point: list expected, got %s"):format(type(point)), 0) end
  if #point ~= net.n then error(("point has %d numbers, expected %d"):format(#point, net.n), 0) end
  local y = net:eval(point)
  goal = goal or core.property.argmax(net, common.answer(y))
  local task = setmetatable({
    strategy = strategy, net = net, point = point, goal = goal, hooks = options, started = core.now(), notes = {},
    domain = domain_of(net, options.domain), margins = margins_of(goal), output = y, anchored = options.anchor ~= false,
    stats = { queries = 0, nodes = 0, lps = 0 },
  }, Task)
  task.options = { anchor = task.anchored }
  for name, default in pairs(own) do
    local value = options[name]
    if value == nil then value = default end
    check_type(name, value, type(default))
    task.options[name] = value
  end
  for _, name in ipairs { "seed", "threads", "timeout", "query_timeout" } do task.options[name] = options[name] end
  check_inside(task.domain, point)
  check_goal(task.margins, y)
  task.full = net:pattern(point)
  return task
end

-- ---- time, interrupts and hooks --------------------------------------------------------------

function Task:seconds()
  return core.now() - self.started
end

function Task:note(format, ...)
  self.notes[#self.notes + 1] = format:format(...)
end

function Task:add_stats(stats)
  for name, value in pairs(stats) do
    if name ~= "seconds" then self.stats[name] = (self.stats[name] or 0) + value end
  end
end

-- Stock Lua raises this from a hook after Ctrl-C.
local function is_interrupt(message)
  return type(message) == "string" and message:match("interrupted!$") ~= nil
end

--- Drive a job; returns "done", or why it ended early: "interrupted" (Ctrl-C), "timeout", "stopped" (options.stop).
--- Any other error passes through.
---@param step fun(nodes: integer): boolean
---@param state? fun(): table  for the hooks
---@return "done"|"interrupted"|"timeout"|"stopped"
function Task:drive(step, state)
  if self.ended then return self.ended end
  local hooks, ended = self.hooks, nil
  local function between()
    if hooks.timeout and self:seconds() >= hooks.timeout then
      ended = "timeout"
    elseif state and (hooks.progress or hooks.stop) then
      local now = state()
      if hooks.progress then hooks.progress(now) end
      if hooks.stop and hooks.stop(now) then ended = "stopped" end
    end
    return ended ~= nil
  end
  local ok, message = pcall(job.drive, step, between)
  if not ok and not is_interrupt(message) then error(message, 0) end
  self.ended = not ok and "interrupted" or ended
  return self.ended or "done"
end

function Task:search_options(base)
  base.seed, base.threads, base.seconds = self.hooks.seed, self.hooks.threads, self.hooks.query_timeout
  for name, value in pairs(self.hooks.search or {}) do base[name] = value end
  return base
end

-- ---- the local affine form ---------------------------------------------------------------------

--- The margins' local affine form m0_j(x) = w.x + c at the point, rounded to nearest, and its value there.
---@return {w: number[], c: number, value: number}[]
function Task:local_forms()
  if self.forms then return self.forms end
  local affine = self.net:affine(self.full)
  self.forms = {}
  for j, margin in ipairs(self.margins) do
    local w = {}
    for i = 1, self.net.n do w[i] = 0.0 end
    for k, c in ipairs(margin.c) do
      if c ~= 0 then
        for i, value in ipairs(affine.W[k]) do w[i] = w[i] + c * value end
      end
    end
    local c = dot(margin.c, affine.b) + margin.d
    self.forms[j] = { w = w, c = c, value = dot(w, self.point) + c }
  end
  return self.forms
end

local function negated(list)
  local result = {}
  for i, value in ipairs(list) do result[i] = -value end
  return result
end

--- A row {-w.x <= b} of a region.
---@param w number[]
---@param b number
function common.row(w, b)
  return { a = negated(w), b = b }
end

--- Rows that imply the goal on R(pattern of the point): {m0_j >= threshold}.
---
--- There m_j is affine, but w and c are rounded.  So the largest value U of w.x - c_j.F(x) on R(s0) is bounded
--- rigorously; then -w.x <= b with b <= d_j - U gives m_j = c_j.F(x) + d_j >= w.x - U + d_j >= 0.
---@param threshold number
---@return {a: number[], b: number}[]|nil rows  nil: U could not be bounded
function Task:local_rows(threshold)
  local rows = {}
  for j, form in ipairs(self:local_forms()) do
    local margin = self.margins[j]
    local target = core.property.linear(self.net, { { a = form.w, c = negated(margin.c), d = 0 } })
    local search = self.net:search(self:search_options { domain = self.domain, pattern = self.full, target = target,
                                                         mode = "maximize" })
    self:drive(function(nodes) return search:step(nodes) ~= "running" end)
    self:add_stats(search:stats())
    self.stats.queries = self.stats.queries + 1
    local upper = search:upper()
    if upper == math.huge or upper ~= upper then return nil end
    local b = core.add_down(margin.d, -upper)
    if threshold > 0 then b = math.min(b, core.add_down(form.c, -threshold)) end
    rows[j] = common.row(form.w, b)
  end
  return rows
end

-- ---- minimising -----------------------------------------------------------------------------------

--- Find a minimal decision prefix of the point's pattern that implies the property.
---@param property table  relucid.property
---@return {verdict: string, pattern: table, ended: string}
function Task:minimize(property)
  local order
  if self.hooks.order then
    order = self.hooks.order(self.full, { network = self.net, point = self.point, domain = self.domain,
                                          goal = self.goal, property = property })
    if type(order) ~= "table" then error(("option order: returned %s, expected a list"):format(type(order)), 0) end
  end
  local minimize = self.net:minimize(self:search_options {
    domain = self.domain, pattern = self.full, property = property, mode = "prefix", order = order })
  local function state()
    local now = minimize:stats()
    now.seconds, now.verdict, now.pattern, now.strategy = self:seconds(), minimize:verdict(), minimize:pattern(),
      self.strategy
    return now
  end
  local ended = self:drive(function(nodes) return minimize:step(nodes) end, state)
  local stats = minimize:stats()
  self:add_stats(stats)
  local verdict = minimize:verdict()
  if verdict == "proved" and stats.unknowns > 0 then
    self:note("%d %s left without an answer, their literals were kept", stats.unknowns,
              stats.unknowns == 1 and "query was" or "queries were")
  end
  return { verdict = verdict, pattern = minimize:pattern(), ended = ended }
end

local ENDED_NOTE = {
  interrupted = "interrupted", timeout = "the time limit was reached", stopped = "stopped by the user's function",
}

--- The result of the task: the region of the pattern cut by the rows, or none.
---@param pattern table|nil  relucid.pattern; nil: nothing is proved
---@param rows {a: number[], b: number}[]
---@param fields {status: string, implied: boolean?}
---@return relucid.Result
function Task:result(pattern, rows, fields)
  local regions = {}
  if pattern then
    local halfspaces = { A = {}, b = {} }
    for j, row in ipairs(rows) do halfspaces.A[j], halfspaces.b[j] = row.a, row.b end
    local region = core.region(self.net, self.domain, pattern, halfspaces)
    regions[1] = { region = region, pattern = pattern }
    if not region:contains(self.point) then
      self:note("the region does not contain the point%s",
                self.anchored and ": there is no box around it (use anchor = false)" or "")
    end
  end
  local status = fields.status
  if self.ended then
    status = self.ended
    self:note("%s%s", ENDED_NOTE[self.ended],
              pattern and ": the pattern may not be minimal, the region is proved" or "")
  end
  self.stats.seconds = self:seconds()
  local result = Result.new {
    net = self.net, domain = self.domain, goal = self.goal, point = self.point, strategy = self.strategy,
    options = self.options, status = status, implied = fields.implied, anchored = self.anchored, raw = self.hooks.raw,
    stats = self.stats, note = #self.notes > 0 and table.concat(self.notes, "; ") or nil, regions = regions,
  }
  if self.hooks.data and pattern then result:support(self.hooks.data) end
  return result
end

--- The result when the full pattern is not known to imply the property asked for: R(s0) and {m0_j >= threshold}.
---@param outcome {verdict: string, pattern: table, ended: string}
---@param threshold number
---@return relucid.Result
function Task:local_result(outcome, threshold)
  local rows = self:local_rows(threshold)
  local refuted = outcome.verdict == "counterexample"
  local implied
  if refuted then implied = false end
  return self:result(rows and self.full, rows or {}, { status = refuted and rows and "proved" or "unknown",
                                                       implied = implied })
end

return common
