--- A pattern with as few literals as the proof needs, in any layer.
---
--- The literals are tried in order, by default from the last layer to the first: as Prophecy drops them, so that
--- what is left is part of Prophecy's prefix where every query has an answer.  In general it is no decision prefix;
--- then the region is not convex, and the result carries the pattern in place of rows.
local core = require "relucid.core"
local claims = require "relucid.strategy.claims"
local option = require "relucid.strategy.options"
local registry = require "relucid.strategy.registry"
local forms = require "relucid.strategy.forms"
local grow = require "relucid.strategy.grow"
local literals = require "relucid.strategy.literals"
local Result = require "relucid.result"

---@class relucid.FreeOptions: relucid.StrategyOptions
---@field mode? "divide"|"deletion"  default "divide": the outcome of "deletion" with far fewer queries
---@field grow? boolean  where the region is no polytope, grow the largest box of the polytope inside it that is known,
---                      proving that the literals hold on it; default: with at most 16 inputs
---@field start? table  relucid.pattern of literals that the point obeys, such as Prophecy's; default: the whole pattern
---@field queries? integer  end after so many queries: the first ones drop most
---@field layers? "backward"|"forward"  which layers are tried first; default "backward", the last one

local function layer_order(net, backward)
  local sizes, list, first = net.sizes, {}, {}
  local hidden, count = #sizes - 2, 0
  for k = 1, hidden do first[k], count = count, count + sizes[k + 1] end
  for step = 1, hidden do
    local k = backward and hidden + 1 - step or step
    for i = 1, sizes[k + 1] do list[#list + 1] = first[k] + i end
  end
  return list
end

local MOST_INPUTS = 16 -- for growing a box by default
local PATIENCE = 5

-- The box, grown while every literal is proved on it.
local function grown(task, pattern, region, box)
  local net, domain = task.net, task.domain
  local A, b, deltas, cost = domain.A, domain.b, {}, {}
  for i = 1, net.n do
    deltas[i] = 1e-2 * (domain.hi[i] - domain.lo[i])
    cost[i] = { 1, 1 }
  end
  local questions = literals.questions(net, pattern)
  local growing = grow.new {
    lo = box.lo, hi = box.hi, limit_lo = domain.lo, limit_hi = domain.hi, delta = deltas, cost = cost,
    patience = PATIENCE,
    refute = function(_, _, near)
      if near and not region:contains(near) then return near end
    end,
    judge = function(lo, hi)
      local inside = core.domain { lo = lo, hi = hi, A = A, b = b }
      for _, question in ipairs(questions) do
        local verdict, x = task:decide(inside, nil, question.property, question.net)
        if verdict ~= "proved" then return verdict, x end
      end
      return "proved"
    end,
    poll = function(text)
      task.text = "box, " .. text
      return task:poll()
    end,
  }
  task:guard(function() growing:run() end)
  return core.region(net, core.domain { lo = growing.lo, hi = growing.hi, A = A, b = b })
end

-- Boxes inside the region of a pattern that is no decision prefix.
local function boxes_of(task, pattern, region)
  local inner = core.region(task.net, task.domain, Result.closed_pattern(task.net, pattern, task.point))
  local boxes, anchor, before = {}, task.anchored and task.point or nil, task.stats.queries
  for _, kind in ipairs { "width", "volume" } do
    local box = inner:box(kind, anchor, task:left())
    if box and not task.ended then
      box = grown(task, pattern, region, box):box(#task.domain.b == 0 and "width" or kind, anchor)
    end
    if box then box.gap = nil end -- a larger one may exist
    boxes[kind] = box or false
  end
  task.stats.box_queries = task.stats.queries - before -- the others were about the pattern
  return boxes
end

local function check_start(value)
  if type(value) ~= "userdata" or not value.literals then return "a relucid.pattern" end
end

local OWN = {
  mode = { default = "divide", check = option.one_of("divide", "deletion"),
           help = "divide, or deletion: the same outcome with far more queries" },
  start = { check = check_start,
            help = "relucid.pattern of literals that the point obeys; default: the whole pattern" },
  queries = { check = option.count, help = "end after so many queries" },
  grow = { type = "boolean",
           help = "grow boxes where the region is no polytope; default: with at most 16 inputs" },
  layers = { default = "backward", check = option.one_of("backward", "forward"),
             help = "which layers are tried first: backward, the last one, or forward" },
}

---@param task relucid.Task
---@return relucid.Result
local function run(task)
  local net, start, growing = task.net, task.own.start, task.own.grow
  if growing == nil then growing = net.n <= MOST_INPUTS end
  task.options.grow = growing
  if start and not core.region(net, task.domain, start):contains(task.point) then
    error("option start: the point does not obey the pattern", 0)
  end
  local outcome = task:minimize(task.goal, { mode = task.own.mode, pattern = start, queries = task.own.queries,
                                             order = layer_order(net, task.own.layers == "backward") })
  if outcome.verdict ~= "proved" then return forms.cut_by_margins(task, outcome) end
  local minimal = outcome.settled
  if minimal then
    task:note("the pattern is minimal: none of its literals can go")
  elseif outcome.ended == "done" and outcome.unknowns == 0 then
    task:note("the minimisation ended after %d queries: literals may be left that could go", task.own.queries)
  elseif outcome.ended == "done" then
    task:note("the pattern is minimal up to queries without an answer")
  end
  local part = { pattern = outcome.pattern, proof = outcome.proof }
  local region = task:region(part)
  if growing and not region:is_polytope() then part.boxes = boxes_of(task, outcome.pattern, region) end
  return claims.result(task, { part }, { implied = true, minimal = minimal })
end

return registry.define("free", { run = run, options = OWN,
                                 summary = "a pattern with as few literals as the proof needs, in any layer" })
