--- A small vertical collision-avoidance problem, solved by dynamic programming.
---
--- Two aircraft meet.  Every second the own aircraft gets one of three
--- advisories: clear of conflict, climb, descend.  The model is a reduced form
--- of VerticalCAS (K. D. Julian, M. J. Kochenderfer, "Guaranteeing safety for
--- neural network-based aircraft collision avoidance systems", DASC 2019), which
--- has nine advisories; the numbers here are of the same size, not the same.
---
--- State
---   h    [ft]    altitude of the intruder above the own aircraft
---   vo   [ft/s]  own vertical rate
---   vi   [ft/s]  vertical rate of the intruder
---   tau  [s]     time until horizontal separation is lost; falls by 1 a second
---   the previous advisory
--- Dynamics, one second, ao and ai the two vertical accelerations:
---   h' = h + (vi - vo) + (ai - ao) / 2,  vo' = vo + ao,  vi' = vi + ai
---   ai is -5, 0 or 5 ft/s^2 with probabilities 1/4, 1/2, 1/4;
---   ao is the same without an advisory.  On climb the pilot brings vo up to at
---   least 25 ft/s (1500 ft/min) with at most g/4 = 8 ft/s^2, give or take
---   1 ft/s^2; descend mirrors it.
--- Reward
---   -1 for a near mid-air collision, |h| < 100 ft at tau = 0, and small costs:
---   for a new alert, for each second of alert, for reversing an alert.
local mdp = {}

mdp.ADVISORIES = { "clear", "climb", "descend" } -- outputs 0, 1, 2 of the network
local CLEAR, CLIMB, DESCEND = 1, 2, 3

--- The inputs the network is made for, in order h, vo, vi, tau.
mdp.LO = { -1000, -40, -40, 1 }
mdp.HI = { 1000, 40, 40, 20 }

local COLLISION_FT = 100
local COST_COLLISION = 1.0
local COST_NEW_ALERT = 0.001
local COST_ALERT_SECOND = 0.0001
local COST_REVERSAL = 0.01

local TARGET_RATE = 25 -- ft/s
local STRENGTH = 8 -- ft/s^2
local NOISE = { { -1, 0.25 }, { 0, 0.5 }, { 1, 0.25 } } -- factor, probability
local FREE_NOISE, ADVISED_NOISE = 5, 1 -- ft/s^2

-- Grid: fine in h where a collision is near, even in the rates.
local POSITIVE_H = { 25, 50, 75, 100, 125, 150, 200, 250, 300, 400, 500, 600, 750, 900, 1100, 1300, 1500 }
local H = { 0 }
for _, h in ipairs(POSITIVE_H) do
  H[#H + 1] = h
  table.insert(H, 1, -h)
end
local RATE_MIN, RATE_STEP, RATES = -45, 5, 19

--- Index i and weight w with value = (1-w) H[i] + w H[i+1], clamped to the grid.
local function locate_altitude(h)
  if h <= H[1] then return 1, 0.0 end
  if h >= H[#H] then return #H - 1, 1.0 end
  local low, high = 1, #H
  while high - low > 1 do
    local middle = (low + high) // 2
    if H[middle] <= h then
      low = middle
    else
      high = middle
    end
  end
  return low, (h - H[low]) / (H[low + 1] - H[low])
end

local function locate_rate(v)
  local position = (v - RATE_MIN) / RATE_STEP
  if position <= 0 then return 1, 0.0 end
  if position >= RATES - 1 then return RATES - 1, 1.0 end
  local i = math.floor(position)
  return i + 1, position - i
end

--- Trilinear interpolation of values[(h * RATES + vo) * RATES + vi] (all from 0, plus 1).
local function interpolate(values, h, vo, vi)
  local i, a = locate_altitude(h)
  local j, b = locate_rate(vo)
  local k, c = locate_rate(vi)
  local p = ((i - 1) * RATES + j - 1) * RATES + k
  local q = p + RATES * RATES
  local p0, p1, q0, q1 = values[p], values[p + RATES], values[q], values[q + RATES]
  p0 = p0 + c * (values[p + 1] - p0)
  p1 = p1 + c * (values[p + RATES + 1] - p1)
  q0 = q0 + c * (values[q + 1] - q0)
  q1 = q1 + c * (values[q + RATES + 1] - q1)
  local below, above = p0 + b * (p1 - p0), q0 + b * (q1 - q0)
  return below + a * (above - below)
end

--- Mean and spread of the own acceleration under an advisory.
local function own_acceleration(vo, advisory)
  if advisory == CLIMB then
    return math.max(0, math.min(STRENGTH, TARGET_RATE - vo)), ADVISED_NOISE
  elseif advisory == DESCEND then
    return -math.max(0, math.min(STRENGTH, TARGET_RATE + vo)), ADVISED_NOISE
  end
  return 0, FREE_NOISE
end

local function advisory_cost(previous, advisory)
  if advisory == CLEAR then return 0 end
  if previous == CLEAR then return COST_NEW_ALERT + COST_ALERT_SECOND end
  return COST_ALERT_SECOND + (previous ~= advisory and COST_REVERSAL or 0)
end

--- Expectation of `values` one second after (h, vo, vi) under an advisory.
local function expectation(values, h, vo, vi, advisory)
  local mean, spread = own_acceleration(vo, advisory)
  local sum = 0
  for _, own in ipairs(NOISE) do
    local ao = mean + own[1] * spread
    for _, other in ipairs(NOISE) do
      local ai = other[1] * FREE_NOISE
      sum = sum + own[2] * other[2] * interpolate(values, h + vi - vo + (ai - ao) / 2, vo + ao, vi + ai)
    end
  end
  return sum
end

--- Call visit(p, h, vo, vi) for every grid point, p its position in a table of values.
local function each_point(visit)
  local p = 0
  for i = 1, #H do
    for j = 0, RATES - 1 do
      for k = 0, RATES - 1 do
        p = p + 1
        visit(p, H[i], RATE_MIN + j * RATE_STEP, RATE_MIN + k * RATE_STEP)
      end
    end
  end
end

--- One step of value iteration: from best[previous] one second later to the
--- value future[advisory] of giving an advisory now (before its cost), and best
--- for now.
local function step_back(best)
  local future, now = { {}, {}, {} }, { {}, {}, {} }
  each_point(function(p, h, vo, vi)
    for advisory = CLEAR, DESCEND do
      future[advisory][p] = expectation(best[advisory], h, vo, vi, advisory)
    end
    for previous = CLEAR, DESCEND do
      local value = -math.huge
      for advisory = CLEAR, DESCEND do
        value = math.max(value, future[advisory][p] - advisory_cost(previous, advisory))
      end
      now[previous][p] = value
    end
  end)
  return future, now
end

---@class Policy
---@field private future number[][][] by tau, advisory, grid point
local Policy = {}
Policy.__index = Policy

--- Solve the problem backwards from tau = 0.
---@param progress? fun(tau: integer)
---@return Policy
function mdp.solve(progress)
  local terminal = {}
  each_point(function(p, h)
    terminal[p] = math.abs(h) < COLLISION_FT and -COST_COLLISION or 0
  end)
  local best, future = { terminal, terminal, terminal }, {}
  for tau = 1, mdp.HI[4] do
    future[tau], best = step_back(best)
    if progress then progress(tau) end
  end
  return setmetatable({ future = future }, Policy)
end

--- The value of each advisory in a state without an active advisory.
---@param h number
---@param vo number
---@param vi number
---@param tau number 1 <= tau <= mdp.HI[4]
---@return number[] values clear, climb, descend
function Policy:values(h, vo, vi, tau)
  local early = math.min(math.floor(tau), mdp.HI[4] - 1)
  local weight = tau - early
  local values = {}
  for advisory = CLEAR, DESCEND do
    local a = interpolate(self.future[early][advisory], h, vo, vi)
    local b = interpolate(self.future[early + 1][advisory], h, vo, vi)
    values[advisory] = a + weight * (b - a) - advisory_cost(CLEAR, advisory)
  end
  return values
end

return mdp
