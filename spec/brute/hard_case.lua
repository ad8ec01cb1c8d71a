--- A hard problem (hard.lua) with its exact maximum, changed and shifted: what spec/csrc/decide/hard_spec.lua decides.
---
---     lua5.4 spec/brute/hard_case.lua SEED [MODE [THREADS]]
---
--- shows one of them: `find`, `find_strict` or `maximize`.
local Prng = require "examples.prng"
local brute = require "brute"
local exact = require "spec.exact"
local hard = require "spec.brute.hard"
local relucid = require "relucid"

local MOST_NODES, MOST_LPS, GAP = 10000, 4000, 1e-9

local cases = { GAP = GAP }

---@class HardCase
---@field name string
---@field plain PlainProblem
---@field empty boolean
---@field sign? integer of the maximum
---@field maximum? table exact: numerator of the maximum, which times the denominator
---@field denominator? table
---@field near boolean the maximum is so close to 0 that a point above 0 may be hard to come by
---@field solid {find: boolean, find_strict: boolean, maximize: boolean} what is asked for has an interior

-- The oracle's answer to an or of ands: that of the clause with the largest maximum; and what has an interior.
local function reference_of(problem)
  local best, solid = nil, {}
  for _, clause in ipairs(problem.clauses) do
    problem.target = clause
    local answer = brute.maximum(problem)
    if not answer or answer.empty then return answer, solid end
    if not best or answer.value > best.value then best = answer end
    solid.find = solid.find or answer.solid_at_least
    solid.find_strict = solid.find_strict or answer.solid_above
    solid.maximize = solid.maximize or answer.solid
  end
  return best, solid
end

-- A shift of all rows after which the maximum is 0 or within 2^-bits of it, above or below; as far as sums stay exact.
local function shift_of(prng, problem, reference)
  local largest = math.abs(reference.value) + 100
  for _, clause in ipairs(problem.clauses) do
    for _, row in ipairs(clause) do largest = math.max(largest, math.abs(row.d)) end
  end
  local bits = math.min(prng:integer(1, 4) * 10, 48 - math.ceil(math.log(largest, 2)))
  if bits < 1 then return 0.0, 0 end
  local steps = math.floor(reference.value * 2.0 ^ bits) + prng:integer(0, 1)
  return steps / 2.0 ^ bits, bits
end

--- The case of a seed; nil where its numbers are too large for the oracle.
---@param seed integer
---@return HardCase?
function cases.of(seed)
  local problem, prng = hard.problem(seed), Prng.new(~seed)
  local reference, solid = reference_of(problem)
  if not reference then return nil end
  local case = { name = "seed " .. seed, empty = reference.empty, solid = solid }
  local shift, bits = 0.0, 0
  if not case.empty then
    if prng:chance(0.6) then shift, bits = shift_of(prng, problem, reference) end
    case.denominator = exact.of(reference.denominator)
    case.maximum = exact.add(exact.of(reference.numerator), exact.mul(exact.of(-shift), case.denominator))
    case.sign, case.near = exact.sign(case.maximum), bits > 0
  end
  case.plain = hard.plain(problem, shift)
  for _, name in ipairs(hard.ORDER) do
    if prng:chance(name == "idle_clauses" and 0.1 or 0.3) and (#case.plain.layers > 1 or name ~= "many_inputs") then
      hard.changes[name](prng, case.plain)
      case.name = case.name .. ", " .. name
    end
  end
  return case
end

local function pattern_of(net, plain)
  local hidden, at = {}, 0
  for k = 1, #plain.layers - 1 do
    hidden[k] = {}
    for i = 1, #plain.layers[k].b do
      at = at + 1
      hidden[k][i] = plain.pattern[at] < 0 and relucid.null or plain.pattern[at]
    end
  end
  return relucid.pattern(net, hidden)
end

--- Run a search on it, within limits in work, not in time: the same on every machine.
---@param plain PlainProblem
---@param mode "find"|"find_strict"|"maximize"
---@param threads integer
---@param more? table  other options
---@return table search
---@return string verdict
function cases.run(plain, mode, threads, more)
  local net, clauses = relucid.network(plain.layers), {}
  for k, clause in ipairs(plain.clauses) do clauses[k] = relucid.property.linear(net, clause) end
  local fields = {
    domain = relucid.domain { lo = plain.lo, hi = plain.hi, A = #plain.A > 0 and plain.A or nil,
                              b = #plain.A > 0 and plain.b or nil },
    pattern = plain.pattern and pattern_of(net, plain), target = relucid.property.any(clauses), mode = mode,
    gap = GAP, nodes = MOST_NODES, lps = MOST_LPS, threads = threads,
  }
  for name, value in pairs(more or {}) do fields[name] = value end
  local search = net:search(fields)
  return search, search:run()
end

local function show(seed, mode, threads)
  local case = assert(cases.of(seed), "too large for the oracle")
  print(case.name)
  print(("%d inputs, %d half-spaces, %d affine layers, the first of %d neurons"):format(#case.plain.lo, #case.plain.A,
    #case.plain.layers, #case.plain.layers[1].b))
  print(case.empty and "empty" or ("sign of the maximum: %d; an interior: %s"):format(case.sign, case.solid[mode]))
  local search, verdict = cases.run(case.plain, mode, threads)
  local stats = search:stats()
  print(verdict, search:reason() or "", search:lower(), search:upper())
  print(("%.3f s, %d nodes, %d LPs"):format(stats.seconds, stats.nodes, stats.lps))
  local x = search:witness()
  if x then print("sign at the witness, exactly:", exact.sign_at(case.plain, x) or "outside") end
end

if arg and arg[0] and arg[0]:match "hard_case%.lua$" then
  show(math.tointeger(tonumber(arg[1])), arg[2] or "find", math.tointeger(tonumber(arg[3] or 1)))
end

return cases
