--- A box around the point, not bound to its linear piece nor to any pattern, in two phases: all faces at once by
--- gradient ascent under certified bounds (relucid.strategy.ascent), then face by face with the decision procedure as
--- judge.  What keeps each face from moving is told: the domain's edge, or a counterexample within
--- delta outside it.  Inputs that keep their whole range are irrelevant to the decision around the point.
local core = require "relucid.core"
local ascent = require "relucid.strategy.ascent"
local claims = require "relucid.strategy.claims"
local hooks = require "relucid.strategy.hooks"
local option = require "relucid.strategy.options"
local registry = require "relucid.strategy.registry"
local forms = require "relucid.strategy.forms"
local grow = require "relucid.strategy.grow"
local measure = require "relucid.measure"
local paper = require "relucid.strategy.paper"
local proved = require "relucid.strategy.proved"

---@class relucid.BoxOptions: relucid.StrategyOptions
---@field start? "ascent"|"paper"|"piece"|{lo: number[], hi: number[]}  where the second phase begins: after an ascent
---                      (default with more than 24 inputs), with the largest box by volume of the paper's regions
---                      (default with fewer), or of the point's linear piece; or with a box, which is proved first
---@field effort? number  of the ascent, default 1: some ten seconds of one core, of a timeout at most three quarters
---@field measure? "volume"|"width"|"least"  what the ascent enlarges: the log-volume (default), the total width
---                      in widths of the domain, the least width
---@field weights? number[]  of the inputs in the measure, default 1 each
---@field within? number|{lo: number[], hi: number[]}  the box does not leave this box, or this distance of the point
---@field delta? number  how far outside a face its counterexample may be, in widths of the domain; default 1e-3
---@field patience? integer  after so many queries in a row without an answer the growth ends; default 10
---@field order? fun(box: table, context: table): integer[]  inputs in the order in which to grow single faces

local function is_box(value)
  return type(value) == "table" and type(value.lo) == "table" and type(value.hi) == "table"
end

local OWN = {
  start = { check = function(value)
    if is_box(value) then return nil end
    return option.one_of("ascent", "paper", "piece")(value) and "ascent, paper, piece or a box {lo, hi}"
  end, help = "ascent (default with more than 24 inputs), paper's regions (default with fewer), piece, or a box" },
  effort = { default = 1, type = "number", check = option.positive,
             help = "of the ascent: 1 is some ten seconds of one core, of a timeout at most three quarters" },
  measure = { default = "volume", check = option.one_of("volume", "width", "least"),
              help = "what the ascent enlarges: volume, total width, least width" },
  weights = { type = "table", help = "of the inputs in the measure, default 1 each" },
  within = { check = function(value)
    if not is_box(value) and option.positive(value) then return "a number > 0 or a box {lo, hi}" end
  end, help = "a box {lo, hi} that is not left, or a distance from the point" },
  delta = { default = 1e-3, type = "number", check = option.positive,
            help = "how far outside a face its counterexample may be, in widths of the domain" },
  patience = { default = 10, type = "number", check = option.count,
               help = "after so many queries in a row without an answer the growth ends" },
}

local FEW_INPUTS = 24 -- with which the paper's regions are cheap to find
local ASCENT_SHARE, QUERY_SHARE = 0.75, 0.02 -- of a timeout

local function of_regions(task)
  local parts = { paper.prophecy(task) or nil }
  local regions = paper.nninfer(task, paper.EPSILONS)
  for _, part in ipairs(regions) do parts[#parts + 1] = part end
  return parts
end

-- Where the faces may go: the domain's box, cut by the option within.
local function room_of(task)
  local domain, within = task.domain, task.own.within
  if not within then return domain end
  local lo, hi = domain.lo, domain.hi
  for i, x in ipairs(task.point) do
    local low, high = math.type(within) and x - within or within.lo[i], math.type(within) and x + within or within.hi[i]
    if not (math.type(low) and math.type(high) and low <= x and x <= high) then
      error(("option within: input %d is %s to %s, expected numbers around the point's %.17g"):format(i, tostring(low),
        tostring(high), x), 0)
    end
    lo[i], hi[i] = math.max(lo[i], low), math.min(hi[i], high)
  end
  return core.domain { lo = lo, hi = hi, A = domain.A, b = domain.b }
end

local function clipped(box, room)
  local lo, hi = {}, {}
  for i, low in ipairs(room.lo) do lo[i], hi[i] = math.max(box.lo[i], low), math.min(box.hi[i], room.hi[i]) end
  return { lo = lo, hi = hi }
end

-- The best box known to have the goal, with its proof, or the point alone.
local function starting_box(task, room)
  local start = task.own.start or (task.net.n > FEW_INPUTS and "ascent" or "paper")
  if type(start) == "table" then return { lo = start.lo, hi = start.hi } end
  if start == "ascent" then
    local box, proof = ascent.box(task, room, { effort = task.own.effort, measure = task.own.measure,
      weights = task.own.weights, seconds = task.hooks.timeout and ASCENT_SHARE * task.hooks.timeout })
    if box then return box, proof end
  end
  local parts = start == "paper" and of_regions(task) or { paper.piece(task) or nil }
  local best, best_proof
  for _, part in ipairs(parts) do
    local box, proof = proved.box(claims.implied(task, part), "volume", task.point, task:left(), task.domain)
    if measure.better(measure.box("volume", box), measure.box("volume", best)) then best, best_proof = box, proof end
  end
  return best and clipped(best, room) or { lo = task.point, hi = task.point }, best_proof
end

local function check_start(task, room, box)
  for i, x in ipairs(task.point) do
    local lo, hi = box.lo[i], box.hi[i]
    if not (math.type(lo) and math.type(hi) and lo >= room.lo[i] and hi <= room.hi[i]) then
      error(("option start: input %d is %s to %s, expected numbers inside %s"):format(i, tostring(lo), tostring(hi),
        task.own.within and "what option within allows" or "the domain"), 0)
    end
    if x < lo or x > hi then error(("option start: the box does not contain the point: input %d"):format(i), 0) end
  end
end

-- What a unit's move of each face may take from some margin, by the point's linear piece.
local function costs(task)
  local list = {}
  for i = 1, task.net.n do
    local lo, hi = 0, 0
    for _, form in ipairs(forms.of(task)) do
      lo, hi = math.max(lo, form.w[i]), math.max(hi, -form.w[i])
    end
    list[i] = { lo, hi }
  end
  return list
end

-- The hook order is about inputs here: patterns are minimised without it.
local function take_order(task)
  local rest = {}
  for name, value in pairs(task.hooks) do rest[name] = value end
  task.input_order, rest.order = rest.order, nil
  task.hooks = rest
end

local function order_of(task, box)
  if not task.input_order then return nil end
  local context = { network = task.net, point = task.point, domain = task.domain, goal = task.goal }
  return hooks.inputs("order", hooks.call("order", task.input_order, box, context), task.net.n)
end

local function grower(task, room, box, proof)
  local domain = task.domain
  local A, b, deltas = domain.A, domain.b, {}
  local limit_lo, limit_hi = room.lo, room.hi
  for i = 1, domain.n do deltas[i] = task.own.delta * (domain.hi[i] - domain.lo[i]) end
  return grow.new {
    lo = box.lo, hi = box.hi, proof = proof, limit_lo = limit_lo, limit_hi = limit_hi, delta = deltas,
    cost = costs(task),
    patience = task.own.patience, order = order_of(task, box), refute = grow.refuter(task.net, domain, task.margins),
    judge = function(lo, hi)
      return task:decide(core.domain { lo = lo, hi = hi, A = A, b = b }, nil, task.goal)
    end,
    poll = function(text)
      task.text = text
      return task:poll()
    end,
  }
end

local WITNESS_INPUTS, WITNESSES = 64, 4 -- with more inputs only so many counterexamples are kept

local function distance(x, y)
  local sum = 0
  for i = 1, #x do sum = sum + (x[i] - y[i]) ^ 2 end
  return sum
end

-- The faces whose counterexamples are kept: all, or with many inputs those nearest to the point.
local function kept_faces(task, faces)
  local list, kept = {}, {}
  for k, face in ipairs(faces) do
    if face.witness then list[#list + 1] = { k = k, far = distance(face.witness, task.point) } end
  end
  table.sort(list, function(a, b) return a.far < b.far or (a.far == b.far and a.k < b.k) end)
  for k = 1, task.net.n <= WITNESS_INPUTS and #list or math.min(#list, WITNESSES) do kept[list[k].k] = true end
  return kept
end

-- For the record: which inputs are irrelevant, and per face 0 (the domain's edge), the number of its counterexample in
-- the list of witnesses, -1 (left out), or null.
local function extra_of(task, faces, lo, hi)
  local extra = { irrelevant = core.json.array {}, faces = { lo = core.json.array {}, hi = core.json.array {} },
                  witnesses = core.json.array {} }
  for i = 1, task.net.n do
    if lo[i] == task.domain.lo[i] and hi[i] == task.domain.hi[i] then
      extra.irrelevant[#extra.irrelevant + 1] = i
    end
  end
  local kept = kept_faces(task, faces)
  for k, face in ipairs(faces) do
    local number = face.ending == "edge" and 0 or core.json.null
    if face.witness then
      if kept[k] then extra.witnesses[#extra.witnesses + 1] = face.witness end
      number = kept[k] and #extra.witnesses or -1
    end
    extra.faces[face.side][face.input] = number
  end
  return extra
end

---@param task relucid.Task
---@return relucid.Result result  result.faces: what ended each face (relucid.Face), with its counterexample
local function run(task)
  take_order(task)
  local room = room_of(task)
  local box, proof = starting_box(task, room)
  check_start(task, room, box)
  if not proof then
    local domain = core.domain { lo = box.lo, hi = box.hi, A = task.domain.A, b = task.domain.b }
    local verdict, _, token = task:decide(domain, nil, task.goal)
    proof = token
    if verdict == "counterexample" and type(task.own.start) == "table" then
      error("option start: the goal does not hold on the box", 0)
    end
    if verdict ~= "proved" then
      task:note("not decided whether the goal holds on the starting box")
      return claims.result(task, {})
    end
  end
  local timeout = task.hooks.timeout
  task.query_seconds = timeout and QUERY_SHARE * timeout -- one query is not to take all that is left
  local growing = grower(task, room, box, proof)
  task:guard(function() growing:run() end)
  local lo, hi, faces, open = growing.lo, growing.hi, growing:endings(), 0
  for _, face in ipairs(faces) do open = open + (face.ending == "unknown" and 1 or 0) end
  if growing.tired then task:note("%d queries in a row had no answer", task.own.patience) end
  if open > 0 then task:note("%d of %d faces may not be maximal", open, #faces) end
  local result = task:claim { box = { lo = lo, hi = hi }, proof = growing.proof,
                              extra = extra_of(task, faces, lo, hi) }
  result.faces, result.maximal = faces, open == 0
  return result
end

return registry.define("box", { run = run, options = OWN,
                                summary = "a box around the point, grown on all faces at once, then one by one" })
