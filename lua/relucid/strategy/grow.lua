--- Growing a box while a judge proves it.
---
--- Invariant: the box {lo, hi} is proved, by `proof`.  A candidate is refuted without a query when a counterexample
--- found before lies in it, or when a short descent in it finds one; else the judge is asked.  The plan, for a few
--- inputs as for hundreds:
---   1. all faces outwards by one common fraction of their room, by bisection;
---   2. faces to the end of their room at once, groups first and halved when refused, those first that gain much
---      volume for little margin;
---   3. each remaining face alone, by bisection, until a counterexample lies within delta outside it.
--- A counterexample outside one face only stays one as the other faces move: it witnesses that the face is maximal.
local core = require "relucid.core"

local grow = {}

---@class relucid.Grow
---@field lo number[]        the starting box, proved; changed
---@field hi number[]
---@field limit_lo number[]  room
---@field limit_hi number[]
---@field delta number[]     for each input: how close a witness has to be
---@field proof relucid.Proved|nil  the starting box's; changed
---@field judge fun(lo: number[], hi: number[]): string, number[]|nil, relucid.Proved|nil  "proved" with its proof,
---                          "counterexample" with x, "unknown", "running": the task has ended
---@field refute fun(lo: number[], hi: number[], near: number[]|nil): number[]|nil  a counterexample in the box, or nil
---@field cost number[][]    {lo, hi} for each input: what moving that face by a unit may cost in margin
---@field patience integer  after so many queries in a row without an answer the growth ends; `tired` is set
---@field order integer[]|nil inputs in the order in which to grow single faces
---@field poll fun(text: string): boolean  told where the growth is; true ends it

---@class relucid.Face
---@field input integer
---@field side "lo"|"hi"
---@field ending "edge"|"counterexample"|"unknown"  what keeps it from moving: "edge": it is at the end of its room
---@field witness number[]|nil

local Grower = {}
Grower.__index = Grower

local STEPS = 4       -- of a descent
local JOINT_STEPS = 8 -- bisections of the common fraction
local RECENT = 4      -- counterexamples that a descent starts from

local function copy(list) return table.move(list, 1, #list, 1, {}) end

local function in_box(x, lo, hi)
  for i = 1, #x do
    if x[i] < lo[i] or x[i] > hi[i] then return false end
  end
  return true
end

-- Is the candidate proved?  Keeps counterexamples; notes in self.unknown whether the last refusal was for want of an
-- answer.
function Grower:try(lo, hi)
  self.unknown = false
  self.over = self.over or self.poll(self.text)
  if self.over then return false end
  local pool = self.pool
  for k = #pool, 1, -1 do
    if in_box(pool[k], lo, hi) then
      table.insert(pool, table.remove(pool, k)) -- the useful ones at the end
      return false
    end
  end
  local x = self:descend(lo, hi)
  if x then
    pool[#pool + 1] = x
    return false
  end
  local verdict, proof
  verdict, x, proof = self.judge(lo, hi)
  self.unanswered = verdict == "unknown" and self.unanswered + 1 or 0
  if verdict == "proved" then
    self.lo, self.hi, self.proof = lo, hi, proof
    return true
  end
  if verdict == "counterexample" then pool[#pool + 1] = x end
  self.unknown = verdict == "unknown"
  self.tired = self.unanswered >= self.patience
  self.over = verdict == "running" or self.tired
  return false
end

function Grower:descend(lo, hi)
  local pool = self.pool
  local x = self.refute(lo, hi, nil)
  for k = #pool, math.max(#pool - RECENT, 1), -1 do
    if x then break end
    local start = {}
    for i, value in ipairs(pool[k]) do start[i] = math.min(math.max(value, lo[i]), hi[i]) end
    x = self.refute(lo, hi, start)
  end
  return x
end

-- ---- faces ------------------------------------------------------------------------------

function Grower:room(face)
  local i = face.input
  if face.side == "lo" then return self.lo[i] - self.limit_lo[i] end
  return self.limit_hi[i] - self.hi[i]
end

-- The box with these faces moved by the fraction of their room; 1 puts them exactly at its end.
function Grower:moved(faces, fraction)
  local lo, hi = copy(self.lo), copy(self.hi)
  for _, face in ipairs(faces) do
    local i, step = face.input, fraction * self:room(face)
    if face.side == "lo" then
      lo[i] = fraction == 1 and self.limit_lo[i] or math.max(lo[i] - step, self.limit_lo[i])
    else
      hi[i] = fraction == 1 and self.limit_hi[i] or math.min(hi[i] + step, self.limit_hi[i])
    end
  end
  return lo, hi
end

function Grower:open_faces()
  local open = {}
  for _, face in ipairs(self.faces) do
    if self:room(face) > 0 then open[#open + 1] = face end
  end
  return open
end

-- ---- the plan ------------------------------------------------------------------------------

-- All faces by one fraction.
function Grower:together(faces)
  if self:try(self:moved(faces, 1)) then return end
  local from_lo, from_hi = self.lo, self.hi
  local low, high = 0, 1
  for _ = 1, JOINT_STEPS do
    local middle = low == 0 and high / 4 or (low + high) / 2
    local lo, hi = copy(from_lo), copy(from_hi)
    for _, face in ipairs(faces) do
      local i = face.input
      if face.side == "lo" then lo[i] = lo[i] - middle * (lo[i] - self.limit_lo[i])
      else hi[i] = hi[i] + middle * (self.limit_hi[i] - hi[i]) end
    end
    if self:try(lo, hi) then low = middle else high = middle end
    if self.over then return end
  end
end

-- Groups of faces to the end of their room.
function Grower:groups(faces, first, last)
  if self.over or first > last then return end
  local group = table.move(faces, first, last, 1, {})
  self.text = ("%d faces of %d"):format(#group, #self.faces)
  if self:try(self:moved(group, 1)) or first == last then return end
  local middle = (first + last) // 2
  self:groups(faces, first, middle)
  self:groups(faces, middle + 1, last)
end

-- Most volume for the least margin first: what the logarithm of the width gains, over what the move may cost.
function Grower:by_gain(faces)
  local value = {}
  for _, face in ipairs(faces) do
    local i, room = face.input, self:room(face)
    local gain = math.log(1 + room / math.max(self.hi[i] - self.lo[i], 1e-12 * room))
    value[face] = gain / math.max(self.cost[i][face.side == "lo" and 1 or 2] * room, 1e-300)
  end
  table.sort(faces, function(a, b)
    if value[a] ~= value[b] then return value[a] > value[b] end
    return a.number < b.number
  end)
  return faces
end

-- The counterexample that is least far outside this face and inside the other ones, or nil.
function Grower:nearest(face)
  local i, best, place = face.input, nil, nil
  for _, x in ipairs(self.pool) do
    local outside = face.side == "lo" and self.lo[i] - x[i] or x[i] - self.hi[i]
    if outside > 0 and (not place or outside < place) then
      local inside = true
      for k = 1, #x do
        if k ~= i and (x[k] < self.lo[k] or x[k] > self.hi[k]) then
          inside = false
          break
        end
      end
      if inside then best, place = x, outside end
    end
  end
  return best, place
end

-- One face, until it is at the end of its room or a counterexample is within delta.
function Grower:single(face)
  local i = face.input
  local refused = math.huge -- distance known to be refused for want of an answer
  while not self.over do
    local room = self:room(face)
    if room <= 0 then
      face.ending = "edge"
      return
    end
    local witness, distance = self:nearest(face)
    if witness and distance <= self.delta[i] then
      face.ending, face.witness = "counterexample", witness
      return
    end
    if refused <= self.delta[i] then
      face.ending = "unknown"
      return
    end
    local bound = math.min(distance or math.huge, refused)
    local fraction = 1
    if bound < math.huge then
      fraction = (bound <= 2 * self.delta[i] and 0.9 * self.delta[i] or bound / 2) / room
      fraction = math.min(fraction, 1)
    end
    local step = fraction * room
    if self:try(self:moved({ face }, fraction)) then
      refused = refused - step
      if self:room(face) == room then return end -- a step too small for the numbers
    elseif self.unknown then
      refused = math.min(refused, step)
    end
  end
end

local function faces_of(n)
  local faces = {}
  for i = 1, n do
    for s, side in ipairs { "lo", "hi" } do
      faces[#faces + 1] = { input = i, side = side, number = 2 * i - 2 + s, ending = "unknown" }
    end
  end
  return faces
end

-- The open faces in the user's order of inputs, or by gain.
function Grower:single_order()
  local faces = self:by_gain(self:open_faces())
  if not self.order then return faces end
  local rank = {}
  for k, input in ipairs(self.order) do rank[input] = rank[input] or k end
  for k, face in ipairs(faces) do face.place = k end
  table.sort(faces, function(a, b)
    local ra, rb = rank[a.input] or math.huge, rank[b.input] or math.huge
    if ra ~= rb then return ra < rb end
    return a.place < b.place
  end)
  return faces
end

--- A grower; run() grows, and lo, hi, faces are what is proved at any time.
---@param fields relucid.Grow
---@return table grower
function grow.new(fields)
  local self = setmetatable({ pool = {}, faces = faces_of(#fields.lo), text = "all faces", unanswered = 0 }, Grower)
  for name, value in pairs(fields) do self[name] = value end
  return self
end

--- Follow the plan to its end, or until poll says so.
function Grower:run()
  self:together(self:open_faces())
  local faces = self:by_gain(self:open_faces())
  self:groups(faces, 1, #faces)
  faces = self:single_order()
  for k, face in ipairs(faces) do
    self.text = ("face %d of %d"):format(k, #faces)
    self:single(face)
  end
end

--- Why each face is where it is.
---@return relucid.Face[]
function Grower:endings()
  for _, face in ipairs(self.faces) do
    if self:room(face) <= 0 then face.ending, face.witness = "edge", nil end
  end
  return self.faces
end

--- A refute function for a goal of outputs: evaluates the start, then corners that the local affine form of the worst
--- margin points to; what it returns violates the goal in exact arithmetic and obeys the domain's rows.
---@param net table      relucid.network
---@param domain table   relucid.domain
---@param margins table[] of the goal
---@return fun(lo: number[], hi: number[], near: number[]|nil): number[]|nil
function grow.refuter(net, domain, margins)
  local whole = core.region(net, domain)

  local function worst(y)
    local least, place = math.huge, 1
    for j, margin in ipairs(margins) do
      local value = margin.d
      for k, c in ipairs(margin.c) do value = value + c * y[k] end
      if value < least then least, place = value, j end
    end
    return least, place
  end

  -- An upper bound of margin j in exact arithmetic; products are charged their rounding.
  local function upper(x, j)
    local low, high = net:eval_bounds(x)
    local sum = margins[j].d
    for k, c in ipairs(margins[j].c) do
      local product = c * (c > 0 and high[k] or low[k])
      if c ~= 0 then sum = core.add_up(sum, product + math.abs(product) * 0x1p-51 + 0x1p-1000) end
    end
    return sum
  end

  local function corner(x, j, lo, hi)
    local W = net:affine(net:pattern(x)).W
    local result = {}
    for i = 1, #x do
      local slope = 0
      for k, c in ipairs(margins[j].c) do
        if c ~= 0 then slope = slope + c * W[k][i] end
      end
      result[i] = slope > 0 and lo[i] or slope < 0 and hi[i] or x[i]
    end
    return result
  end

  return function(lo, hi, near)
    local x = near
    if not x then
      x = {}
      for i = 1, #lo do x[i] = math.min(math.max(0.5 * lo[i] + 0.5 * hi[i], lo[i]), hi[i]) end
    end
    for step = 1, STEPS do
      local value, j = worst(net:eval(x))
      if value < 0 and upper(x, j) < 0 and whole:contains(x) then return x end
      if step < STEPS then x = corner(x, j, lo, hi) end
    end
    return nil
  end
end

return grow
