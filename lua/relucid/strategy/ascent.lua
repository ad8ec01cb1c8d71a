--- A box around a task's point by gradient ascent on all faces at once, as far as a given amount of work goes: the
--- first phase of strategy box.
local proved = require "relucid.strategy.proved"

local ascent = {}

-- Multiplications that an ascent may take at effort 1: some ten seconds of one core.
local WORK = 5e10
-- Steps of the first stage: with fewer than the least the barrier falls too fast to be followed; more than the most
-- gain next to nothing, where more parts gain much.
local LEAST_STEPS, MOST_STEPS = 100, 1500
local FEWEST = 10 -- where fewer can be paid for, none are made
local STAGES = 5 -- steps of the first stage in those of a later one
local MOST_LEAVES = 256

-- Multiplications of one step over one leaf: two bounds of each neuron through all layers before its own, once for
-- the bounds and once for their derivatives.
local function step_work(sizes)
  local work, through = 0, 0
  for k = 2, #sizes do
    through = through + sizes[k - 1] * (sizes[k - 2] or 0)
    work = work + 2 * sizes[k] * (through + sizes[1])
  end
  return 2 * work
end

--- How an ascent spends its work on a network.
---@param sizes integer[]  of the network's layers
---@param effort number
---@return {steps: integer, stage_steps: integer, leaves: integer}|nil  nil: the network is too large for it
function ascent.plan(sizes, effort)
  local passes = effort * WORK / step_work(sizes)
  if passes < FEWEST then return nil end
  local steps = math.max(LEAST_STEPS, math.min(MOST_STEPS, math.floor(passes)))
  local stage, leaves, spent = steps // STAGES, 1, steps
  while 2 * leaves <= MOST_LEAVES and spent + 2 * leaves * stage <= passes do
    leaves = 2 * leaves
    spent = spent + leaves * stage
  end
  return { steps = steps, stage_steps = stage, leaves = leaves }
end

--- Grow a box around the task's point.
---@param task relucid.Task
---@param domain table  relucid.domain: the box stays inside it
---@param options {effort: number, measure: string, weights: number[]|nil, seconds: number|nil}  seconds: end earlier
---@return {lo: number[], hi: number[]}|nil box  nil: not even a small box could be proved
---@return relucid.Proved|nil proof
function ascent.box(task, domain, options)
  local limits = ascent.plan(task.net.sizes, options.effort)
  if not limits then return nil end
  limits.seconds = options.seconds
  limits.measure, limits.weights = options.measure, options.weights
  local function drive(inflate)
    task:drive(function(steps)
      local done = inflate:step(steps)
      task.text = ("all faces at once, %d steps, %d parts"):format(select(2, inflate:value()))
      return done
    end)
    task.stats.ascent_steps = select(2, inflate:value())
  end
  return proved.inflate({ net = task.net, domain = domain, limits = limits, drive = drive }, task.goal, task.point)
end

return ascent
