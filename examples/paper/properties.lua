--- ACAS Xu, beyond single points: property 6 grown to the largest box, property 10 decomposed.
---
---     RELUCID_DATA=DIR lua5.4 examples/paper/properties.lua [--query-timeout 20] [--boxes 40] [--check 1000]
---
--- Property 6 (network 1_1): in two boxes the advisory is clear of conflict.  Both are proved whole, then grown: all
--- inputs together, and each input first, then the others.  The box of largest volume is the result.
---
--- Property 10 (network 4_5), as Prophecy decomposes properties (Gopinath et al., 2019): the pattern of a layer holds
--- on the property's box; and it implies the advisory, here on the network's whole input box.  The second part serves
--- every other box too, so the first is timed on many boxes beside direct proofs.
local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"
package.path = here .. "../../?.lua;" .. package.path

local common = require "examples.paper.common"
local relucid = require "relucid"
local check = require "examples.paper.check"
local literals = require "relucid.strategy.literals"
local sample = require "relucid.sample"

local properties = {}

local HALVES = { 0.01, 0.03, 0.1, 0.2 } -- half widths of the boxes, in widths of the input box

-- Result of f and the CPU seconds it took.
local function timed(f)
  local started = os.clock()
  local value = f()
  return value, os.clock() - started
end

local function read(directory, network, number)
  local net = relucid.load(("%s/acasxu/nnet/ACASXU_experimental_v2a_%s.nnet"):format(directory, network))
  return net, relucid.vnnlib(("%s/acasxu/vnnlib/prop_%d.vnnlib"):format(directory, number), net)
end

local function middle(box)
  local x = {}
  for i, lo in ipairs(box.lo) do x[i] = 0.5 * lo + 0.5 * box.hi[i] end
  return x
end

-- ---- growing ------------------------------------------------------------------------------------

--- The network's input box, made as large as to hold the property's boxes.
---@param net table
---@param problem relucid.Vnnlib
---@return table domain  relucid.domain
function properties.outer(net, problem)
  local box = net:box()
  for k = 1, #problem.cases do
    local case = problem:domain(k)
    for i = 1, net.n do
      box.lo[i], box.hi[i] = math.min(box.lo[i], case.lo[i]), math.max(box.hi[i], case.hi[i])
    end
  end
  return relucid.domain(box)
end

-- The box of the strategy, grown from `start` within `room`.
local function grow(net, goal, start, room, options)
  return relucid.strategy.box(net, middle(start), goal, {
    domain = room, start = { lo = start.lo, hi = start.hi }, timeout = options.timeout,
    query_timeout = options.query_timeout })
end

-- `outer` in one input, `start` in the others.
local function room_of_one(start, outer, input)
  local lo, hi = start.lo, start.hi
  lo[input], hi[input] = outer.lo[input], outer.hi[input]
  return relucid.domain { lo = lo, hi = hi }
end

-- How many times the volume of `first` the volume of `second` is.
local function ratio(second, first)
  local sum = 0
  local a, b, c, d = first.lo, first.hi, second.lo, second.hi
  for i = 1, #a do sum = sum + math.log((d[i] - c[i]) / (b[i] - a[i])) end
  return math.exp(sum)
end

---@class paper.Growth
---@field first integer|nil  the input grown first; nil: all together
---@field region table       relucid.region, the box
---@field volume number      in volumes of the start
---@field status string
---@field maximal boolean    each face is at the domain's edge or has a counterexample within delta outside
---@field faces relucid.Face[]
---@field queries integer
---@field unknowns integer
---@field seconds number     CPU

--- Grow a box that has the goal in several orders of the inputs; the largest volume comes first.
---@param net table
---@param goal table    relucid.property
---@param start table   relucid.domain: the box
---@param outer table   relucid.domain: its room
---@param options paper.Options
---@return paper.Growth[]
function properties.growths(net, goal, start, outer, options)
  local list = {}
  local function add(first)
    local queries, unknowns = 0, 0
    local result, seconds = timed(function()
      local from, result = start, nil
      for _, room in ipairs { first and room_of_one(start, outer, first) or outer, first and outer or nil } do
        result = grow(net, goal, from, room, options)
        queries, unknowns = queries + result.stats.queries, unknowns + (result.stats.unknowns or 0)
        if #result == 0 then return nil end
        from = result:region()
      end
      return result
    end)
    if not result then return end
    list[#list + 1] = { first = first, region = result:region(), volume = ratio(result:region(), start),
                        status = result.status, maximal = result.maximal, faces = result.faces, queries = queries,
                        unknowns = unknowns, seconds = seconds }
  end
  add(nil)
  for i = 1, net.n do
    if start.lo[i] > outer.lo[i] or start.hi[i] < outer.hi[i] then add(i) end
  end
  table.sort(list, function(a, b) return a.volume > b.volume end)
  return list
end

local function faces_text(growth, input)
  local text = {}
  for _, face in ipairs(growth.faces) do
    if face.input == input then text[#text + 1] = face.ending end
  end
  return table.concat(text, ", ")
end

local function growth_section(k, start, list)
  local lines, bounds, best = {}, {}, list[1]
  for i, growth in ipairs(list) do
    lines[i] = { growth.first and ("input %d"):format(growth.first) or "all together", growth.status,
                 growth.maximal and "yes" or "no", common.number(growth.volume, 2), tostring(growth.queries),
                 tostring(growth.unknowns), common.number(growth.seconds, 2) }
  end
  local lo, hi = best.region.lo, best.region.hi
  for i = 1, #lo do
    bounds[i] = { tostring(i), common.number(start.lo[i], 6), common.number(start.hi[i], 6), common.number(lo[i], 6),
                  common.number(hi[i], 6), faces_text(best, i) }
  end
  return ("Box %d, grown in %d ways; the volume is in volumes of the property's box:\n\n"):format(k, #list)
    .. common.table({ "first", "status", "maximal", "volume", "queries", "unknown", "CPU s" }, lines)
    .. "\nThe largest (normalised inputs; what keeps its lower and its upper face from moving):\n\n"
    .. common.table({ "input", "from", "to", "grown from", "to", "faces" }, bounds)
end

-- Property 6: proofs, growth, samples.
local function property_6(directory, options, rows)
  local net, problem = read(directory, "1_1", 6)
  local outer, proofs, sections = properties.outer(net, problem), {}, {}
  for k = 1, #problem.cases do
    local start = problem:domain(k)
    local goal = problem:goal(start)
    local verdict, seconds = timed(function() return (net:implies(start, nil, goal)) end)
    proofs[k] = { tostring(k), verdict, common.number(seconds, 2) }
    rows[k] = { verdict = verdict }
    local list = verdict == "proved" and properties.growths(net, goal, start, outer, options) or {}
    if list[1] then
      if options.check then
        local region = list[1].region
        rows[k].sampled, rows[k].violations = check.region(net, region, goal, { region }, options.check)
      end
      sections[#sections + 1] = growth_section(k, start, list)
    end
  end
  local _, verify_seconds = timed(function() return relucid.verify(net, problem) end)
  return "## Property 6, network 1_1\n\nThe property on its two boxes, each whole (Prophecy, as published: 5,276 boxes"
    .. " that cover 6.6 % and\n1.9 % of the two):\n\n"
    .. common.table({ "box", "clear of conflict", "CPU s" }, proofs)
    .. ("\nBoth at once by `verify`: %.2f CPU s.\n\n"):format(verify_seconds) .. table.concat(sections, "\n")
end

-- ---- decomposing -------------------------------------------------------------------------------------

-- Per layer and neuron the sign that all points have, or false.
local function common_signs(net, points)
  local signs = {}
  for _, x in ipairs(points) do
    for k, layer in ipairs(net:pattern(x):layers()) do
      signs[k] = signs[k] or {}
      for i, sign in ipairs(layer) do
        if signs[k][i] == nil then signs[k][i] = sign elseif signs[k][i] ~= sign then signs[k][i] = false end
      end
    end
  end
  return signs
end

---@class paper.Decomposition
---@field layer integer
---@field pattern table          relucid.pattern: the layer's signs that are proved to hold on the domain
---@field candidates integer     signs that all sampled points have
---@field hold_seconds number    CPU seconds for all these questions
---@field implies string         does the pattern imply the goal on the outer domain?
---@field implies_seconds number

--- For each hidden layer, the decomposition of "the domain implies the goal" at its pattern.
---@param net table
---@param domain table  relucid.domain
---@param outer table   relucid.domain
---@param goal table    relucid.property
---@param options paper.Options
---@return paper.Decomposition[]
function properties.decompositions(net, domain, outer, goal, options)
  local random, points, list = sample.random(1), {}, {}
  for s = 1, 2000 do points[s] = sample.input(random, domain) end
  for k, signs in ipairs(common_signs(net, points)) do
    local pattern, candidates = relucid.pattern(net), 0
    local _, hold_seconds = timed(function()
      for i, sign in ipairs(signs) do
        local literal = sign and relucid.pattern(net):with(k, i, sign)
        candidates = candidates + (sign and 1 or 0)
        if literal and literals.hold(net, domain, literal, { seconds = options.query_timeout }) == "proved" then
          pattern = pattern:with(k, i, sign)
        end
      end
    end)
    local implies, implies_seconds = timed(function()
      return (net:implies(outer, pattern, goal, { seconds = options.query_timeout }))
    end)
    list[k] = { layer = k, pattern = pattern, candidates = candidates, hold_seconds = hold_seconds,
                implies = implies, implies_seconds = implies_seconds }
  end
  return list
end

local function decomposition_table(list)
  local lines = {}
  for i, entry in ipairs(list) do
    lines[i] = { tostring(entry.layer), tostring(entry.candidates), tostring(entry.pattern:literals()),
                 common.number(entry.hold_seconds, 3), entry.implies, common.number(entry.implies_seconds, 4) }
  end
  return common.table({ "layer", "signs all points have", "proved on the box", "CPU s",
                        "implies the advisory everywhere", "CPU s" }, lines)
end

-- A box around x of the given half width, cut to the domain.
local function around(x, half, domain)
  local lo, hi = domain.lo, domain.hi
  for i, value in ipairs(x) do
    local d = half * (hi[i] - lo[i])
    lo[i], hi[i] = math.max(lo[i], value - d), math.min(hi[i], value + d)
  end
  return relucid.domain { lo = lo, hi = hi }
end

-- Points of the domain that obey the pattern, and the shares of it that obey it and that have the goal.
local function obeying(net, domain, pattern, goal, count)
  local random, region = sample.random(2), relucid.region(net, domain, pattern)
  local points, obey, good, total = {}, 0, 0, 10000
  for _ = 1, total do
    local x = sample.input(random, domain)
    good = good + (goal:value(nil, net:eval(x)) >= 0 and 1 or 0)
    if region:contains(x) then
      obey = obey + 1
      if #points < count then points[#points + 1] = x end
    end
  end
  return points, obey / total, good / total
end

--- Boxes proved directly, and by the pattern alone: how many, and each way's CPU seconds for all of them (`seconds`)
--- and for those that both prove (`common`).
---@param net table
---@param goal table     relucid.property
---@param pattern table  relucid.pattern: implies the goal everywhere
---@param boxes table[]  relucid.domain
---@param options paper.Options
---@return {proved: integer, refuted: integer, seconds: number, common: number} direct
---@return {proved: integer, refuted: integer, seconds: number, common: number} decomposed
function properties.compare(net, goal, pattern, boxes, options)
  local search = { seconds = options.query_timeout }
  local function count(way, verdict, seconds)
    way.seconds = way.seconds + seconds
    way.proved = way.proved + (verdict == "proved" and 1 or 0)
    way.refuted = way.refuted + (verdict == "counterexample" and 1 or 0)
  end
  local direct = { proved = 0, refuted = 0, seconds = 0, common = 0 }
  local decomposed = { proved = 0, refuted = 0, seconds = 0, common = 0 }
  for _, box in ipairs(boxes) do
    local first, first_seconds = timed(function() return (net:implies(box, nil, goal, search)) end)
    local second, second_seconds = timed(function() return (literals.hold(net, box, pattern, search)) end)
    count(direct, first, first_seconds)
    count(decomposed, second, second_seconds)
    if first == "proved" and second == "proved" then
      direct.common, decomposed.common = direct.common + first_seconds, decomposed.common + second_seconds
    end
  end
  return direct, decomposed
end

local function compare_section(net, outer, goal, pattern, options)
  local points, obey, good = obeying(net, outer, pattern, goal, options.boxes)
  local lines = {}
  for i, half in ipairs(HALVES) do
    local boxes = {}
    for k, x in ipairs(points) do boxes[k] = around(x, half, outer) end
    local direct, decomposed = properties.compare(net, goal, pattern, boxes, options)
    lines[i] = { ("%g"):format(half), tostring(direct.proved), tostring(direct.refuted),
                 common.number(direct.seconds, 2), tostring(decomposed.proved), tostring(decomposed.refuted),
                 common.number(decomposed.seconds, 2), common.number(direct.common, 3),
                 common.number(decomposed.common, 3) }
  end
  return ("The pattern's inputs are %.1f %% of the input box, and %.1f %% have the advisory (10,000 sampled points).\n"
    .. "Boxes around %d points that obey it, directly, and by asking whether the box obeys the pattern (refuted: it\n"
    .. "does not, which says nothing about the advisory); `both` are the CPU seconds of boxes proved in both ways:\n\n")
    :format(100 * obey, 100 * good, #points)
    .. common.table({ "half width", "directly: proved", "refuted", "CPU s", "by the pattern: proved", "refuted",
                      "CPU s", "both: directly", "by the pattern" }, lines)
end

-- Property 10: directly, decomposed at each layer, and where that pays.
local function property_10(directory, options)
  local net, problem = read(directory, "4_5", 10)
  local domain, outer = problem:domain(1), relucid.domain(net:box())
  local goal = problem:goal(domain)
  local verdict, seconds = timed(function() return (net:implies(domain, nil, goal)) end)
  local list = properties.decompositions(net, domain, outer, goal, options)
  local sections = {
    ("## Property 10, network 4_5\n\nDirectly: %s in %.3f CPU s.  Decomposed at the pattern of one layer (Prophecy,\n"
      .. "as published: 20 queries, 717 s, one of them failing); \"everywhere\" is the network's whole input box:\n")
      :format(verdict, seconds),
    decomposition_table(list) }
  for k = #list, 1, -1 do
    local entry = list[k]
    if entry.implies == "proved" then
      local obeys, obeys_seconds = timed(function() return (literals.hold(net, domain, entry.pattern)) end)
      sections[#sections + 1] = ("At layer %d, the whole pattern in one question: the box obeys it: %s in %.3f CPU s.\n"
        .. "For this box alone that is %.1f times the direct proof.\n")
        :format(k, obeys, obeys_seconds, (obeys_seconds + entry.implies_seconds) / seconds)
      sections[#sections + 1] = compare_section(net, outer, goal, entry.pattern, options)
      break
    end
  end
  return table.concat(sections, "\n"), verdict
end

--- Run the experiment.
---@param options table  boxes, and paper.Options
---@return boolean sound
function properties.run(options)
  local directory, message = common.data()
  if not directory then error(message .. ": networks and properties are in its folder acasxu", 0) end
  local rows = {}
  local six = property_6(directory, options, rows)
  local ten, verdict = property_10(directory, options)
  local checked, sound = common.check_text(rows)
  for _, row in ipairs(rows) do sound = sound and row.verdict == "proved" end
  common.report("properties", "ACAS Xu: property 6 grown, property 10 decomposed",
                { six, checked, ten, ("Peak memory: %.0f MB.\n"):format(common.peak_memory() or 0 / 0) }, options)
  return sound and verdict == "proved"
end

if common.is_main "properties" then
  local parser = common.parser("properties", "ACAS Xu: property 6 grown, property 10 decomposed.")
  parser:option("--boxes", "How many boxes of each width are proved both ways.", 40):argname("N")
    :convert(common.integer)
  common.main("properties", parser, function(options)
    options.query_timeout = options.query_timeout or 20
    return properties.run(options)
  end)
end

return properties
