--- What the decision procedure has proved: tokens.
---
--- A token stands for "every input of this domain that obeys this pattern has this property".  Tokens are made in this
--- file alone, by asking the core; they say nothing themselves, so that one that was made by hand is worth nothing.
--- A region that was shown to have a goal is remembered with it.
local core = require "relucid.core"

local proved = {}

---@class relucid.Proved  an opaque proof: what relucid.Task's decide, upper, minimize and prove give

---@class relucid.Fact  what a token stands for
---@field net table           relucid.network
---@field domain table        relucid.domain
---@field pattern table|nil   relucid.pattern
---@field rows table[]|nil    the property's one conjunction: {a =, c =, d =}; nil: no input obeys

---@type table<relucid.Proved, relucid.Fact>
local facts = setmetatable({}, { __mode = "k" })

-- region -> {net =, goal =}: it has the goal.
local regions = setmetatable({}, { __mode = "k" })

local TOKEN = { __name = "relucid.Proved", __tostring = function() return "proof" end, __metatable = "relucid.Proved" }

local function issue(fact)
  local token = setmetatable({}, TOKEN)
  facts[token] = fact
  return token
end

local function conjunction(property)
  local clauses = property:clauses()
  return #clauses == 1 and clauses[1] or nil
end

-- A token for a property that is one conjunction; others have no use for one.
local function implication(net, domain, pattern, property)
  local rows = conjunction(property)
  return rows and issue { net = net, domain = domain, pattern = pattern, rows = rows }
end

local function merged(limits, fields)
  local all = {}
  for _, source in ipairs { limits, fields } do
    for name, value in pairs(source) do all[name] = value end
  end
  return all
end

-- ---- asking -------------------------------------------------------------------------------------

---@class relucid.Question
---@field net table          relucid.network
---@field domain table       relucid.domain
---@field pattern table|nil  relucid.pattern
---@field limits table       search options
---@field drive fun(job: table)  steps the job as far as it is to go

--- Does every input of the domain that obeys the pattern have the property?
---@param question relucid.Question
---@param property table  relucid.property
---@return string verdict        "proved", "counterexample", "unknown", "running"
---@return number[]|nil x         the counterexample
---@return relucid.Proved|nil proof
function proved.decide(question, property)
  local net, domain, pattern = question.net, question.domain, question.pattern
  local search <close> = net:search(merged(question.limits, { domain = domain, pattern = pattern,
                                                              target = property:negate(), mode = "find_strict" }))
  question.drive(search)
  local verdict = search:verdict()
  return verdict, search:witness(), verdict == "proved" and implication(net, domain, pattern, property) or nil
end

local function negated(list)
  local result = {}
  for i, value in ipairs(list or {}) do result[i] = -value end
  return result
end

-- a.x + c.y + d <= upper, as a row; nil where no input obeys.
local function upper_rows(target, upper)
  if upper == -math.huge then return nil end
  local row = conjunction(target)[1]
  return { { a = negated(row.a), c = negated(row.c), d = core.add_up(upper, -row.d) } }
end

--- An upper bound of the value of a target of one row where the domain's inputs obey the pattern.
---@param question relucid.Question
---@param target table  relucid.property
---@return number upper  valid whenever it is read; +inf: none is known
---@return relucid.Proved|nil proof
function proved.upper(question, target)
  local net, domain, pattern = question.net, question.domain, question.pattern
  local search <close> = net:search(merged(question.limits, { domain = domain, pattern = pattern, target = target,
                                                              mode = "maximize" }))
  question.drive(search)
  local upper = search:upper()
  if upper ~= upper or upper == math.huge then return math.huge end
  local rows = conjunction(target)
  if not rows or #rows ~= 1 then return upper end
  return upper, issue { net = net, domain = domain, pattern = pattern, rows = upper_rows(target, upper) }
end

--- Drop literals of a pattern while it implies the property.
---@param question relucid.Question  pattern: where to start
---@param property table  relucid.property
---@param fields {mode: string, order: integer[]|nil, point: number[]}
---@return {verdict: string, pattern: table, proof: relucid.Proved|nil, witness: number[]|nil, stats: table}
function proved.minimize(question, property, fields)
  local net, domain = question.net, question.domain
  local minimize <close> = net:minimize(merged(question.limits, {
    domain = domain, pattern = question.pattern, property = property, mode = fields.mode, order = fields.order,
    point = fields.point }))
  question.drive(minimize)
  local verdict, pattern = minimize:verdict(), minimize:pattern()
  return { verdict = verdict, pattern = pattern, witness = minimize:witness(), stats = minimize:stats(),
           proof = verdict == "proved" and implication(net, domain, pattern, property) or nil }
end

--- A box grown around a point by gradient ascent on all its faces (relucid.network's method inflate).
---@param question relucid.Question  without a pattern; limits: options of inflate
---@param goal table      relucid.property, one conjunction
---@param point number[]
---@return {lo: number[], hi: number[]}|nil box
---@return relucid.Proved|nil proof  the goal holds on the box, cut by the domain's rows
function proved.inflate(question, goal, point)
  local net, domain = question.net, question.domain
  local inflate <close> = net:inflate(merged(question.limits, { domain = domain, goal = goal, point = point }))
  question.drive(inflate)
  local box = inflate:box()
  if not box then return nil end
  local inner = core.domain { lo = box.lo, hi = box.hi, A = domain.A, b = domain.b }
  return box, implication(net, inner, nil, goal)
end

-- ---- what follows ---------------------------------------------------------------------------------

---@class relucid.Set  the inputs of a domain that obey a pattern and some more rows
---@field domain table                       relucid.domain
---@field pattern table|nil                  relucid.pattern
---@field rows {A: number[][], b: number[]}

---@class relucid.Described  a set in lists: lo <= x <= hi with A x <= b, and its literals
---@field lo number[]
---@field hi number[]
---@field A number[][]
---@field b number[]
---@field signs table<string, integer>

local function equal(a, b)
  if #a ~= #b then return false end
  for i = 1, #a do
    if a[i] ~= b[i] then return false end
  end
  return true
end

local function is_zero(list)
  for _, value in ipairs(list or {}) do
    if value ~= 0 then return false end
  end
  return true
end

local function has_row(set, a, b)
  for r, row in ipairs(set.A) do
    if set.b[r] <= b and equal(row, a) then return true end
  end
  return false
end

local function signs_of(pattern)
  local signs = {}
  for _, literal in ipairs(pattern and pattern:list() or {}) do
    signs[literal[1] .. "." .. literal[2]] = literal[3]
  end
  return signs
end

---@param set relucid.Set
---@return relucid.Described
local function described(set)
  local domain, A, b = set.domain, set.domain.A, set.domain.b
  for r, row in ipairs(set.rows.A) do A[#A + 1], b[#b + 1] = row, set.rows.b[r] end
  return { lo = domain.lo, hi = domain.hi, A = A, b = b, signs = signs_of(set.pattern) }
end

-- Is every input of the set one that the fact is about, as one sees from how both are described?
local function covers(fact, set)
  local lo, hi, A, b = fact.domain.lo, fact.domain.hi, fact.domain.A, fact.domain.b
  for i = 1, #lo do
    if set.lo[i] < lo[i] or set.hi[i] > hi[i] then return false end
  end
  for r, row in ipairs(A) do
    if not has_row(set, row, b[r]) then return false end
  end
  for name, sign in pairs(signs_of(fact.pattern)) do
    if set.signs[name] ~= sign then return false end
  end
  return true
end

-- Does the fact's row a.x + c.y + d >= 0 give the margin c.y + D >= 0 on the set?  By itself where a = 0 and d <= D;
-- with a row a.x <= b of the set where b <= D - d, as then c.y + D >= D - d - a.x >= D - d - b >= 0.
local function gives(row, margin, set)
  if not equal(row.c, margin.c) then return false end
  if is_zero(row.a) then return row.d <= margin.d end
  return has_row(set, row.a, core.add_down(margin.d, -row.d))
end

local function fact_gives(fact, margin, set)
  if not fact.rows then return true end
  for _, row in ipairs(fact.rows) do
    if gives(row, margin, set) then return true end
  end
  return false
end

-- Do the tokens show that every input of the set has the margins, as far as one sees from the descriptions?
local function implied(tokens, net, set, margins)
  local useful = {}
  for _, token in ipairs(tokens) do
    local fact = facts[token]
    if fact and fact.net == net and covers(fact, set) then useful[#useful + 1] = fact end
  end
  for _, margin in ipairs(margins) do
    local found = false
    for _, fact in ipairs(useful) do found = found or fact_gives(fact, margin, set) end
    if not found then return false end
  end
  return true
end

-- ---- regions ----------------------------------------------------------------------------------------

local function same_rows(left, right)
  if #left ~= #right then return false end
  for j, row in ipairs(left) do
    if row.d ~= right[j].d or not equal(row.c, right[j].c) then return false end
  end
  return true
end

--- The region of a set.
---@param net table  relucid.network
---@param set relucid.Set
---@param seconds? number  where the rows of its pattern take longer it is no polytope, but given by the pattern alone
---@return table region  relucid.region
function proved.region(net, set, seconds)
  return core.region(net, set.domain, set.pattern, set.rows, seconds)
end

--- The region of a set that the tokens show to have a goal, which is remembered.
---@param tokens relucid.Proved[]
---@param net table   relucid.network
---@param set relucid.Set
---@param goal table  relucid.property, one conjunction about outputs
---@param seconds? number  see proved.region
---@return table|nil region  relucid.region; nil: they do not show it, as far as one sees from how they are described
function proved.implied_region(tokens, net, set, goal, seconds)
  local region, margins = proved.region(net, set, seconds), conjunction(goal)
  if not margins or not implied(tokens, net, described(set), margins) then return nil end
  regions[region] = { net = net, margins = margins }
  return region
end

--- Was the region shown to have the goal?
---@param region table  relucid.region
---@param net table     relucid.network
---@param goal table    relucid.property
---@return boolean
function proved.holds(region, net, goal)
  local known, margins = regions[region], conjunction(goal)
  return known ~= nil and margins ~= nil and known.net == net and same_rows(known.margins, margins)
end

--- The largest box inside a region that has a goal, and a proof that the box with these rows has it.
---@param region table   relucid.region
---@param kind string    "width", "volume"
---@param anchor number[]|nil
---@param seconds number|nil
---@param rows {A: number[][], b: number[]}  of the domain
---@return table|nil box
---@return relucid.Proved|nil proof
function proved.box(region, kind, anchor, seconds, rows)
  local box, known = region:box(kind, anchor, seconds), regions[region]
  if not box or not known then return box end
  local domain = core.domain { lo = box.lo, hi = box.hi, A = rows.A, b = rows.b }
  return box, issue { net = known.net, domain = domain, rows = known.margins }
end

return proved
