--- Coverage against time of the strategies that add region after region.
local coverage = {}

local COLORS = { "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9" }

-- The steps of a trace as a staircase: what is covered stays so until the next step.
local function staircase(trace)
  local points, before = { { 0, 0 } }, 0
  for _, step in ipairs(trace) do
    points[#points + 1] = { step.seconds, before }
    points[#points + 1] = { step.seconds, step.coverage }
    before = step.coverage
  end
  return points
end

--- The picture of results with a trace, for plot.write.
---@param results relucid.Result[]
---@param options {title: string?, size: integer[]?}
---@return relucid.Picture
function coverage.picture(results, options)
  local seconds, layers = 0, {}
  for k, result in ipairs(results) do
    local trace = result.trace
    if not trace or #trace == 0 then
      error(("result %d (%s) has no trace of its coverage: only union and preimage have one"):format(k,
        tostring(result.strategy)), 0)
    end
    seconds = math.max(seconds, trace[#trace].seconds)
    layers[k] = { kind = "lines", color = COLORS[(k - 1) % #COLORS + 1], points = staircase(trace), width = 2,
                  title = ("%s: %d regions"):format(result.strategy, #result) }
  end
  layers.window = { lo = { 0, 0 }, hi = { seconds > 0 and seconds or 1, 1 } }
  layers.xlabel, layers.ylabel = "seconds", "share that is covered"
  layers.title, layers.size = options.title or "Coverage against time", options.size or { 800, 560 }
  return layers
end

return coverage
