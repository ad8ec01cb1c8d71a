--- Pictures of the plane: random networks 2-4-2 with their linear regions, the goal's border, the lines of the
--- pattern's neurons, the region, its boxes and the point.
---
---     lua5.4 examples/paper/plane.lua [--seeds N] [--epsilon E]      writes DIR/plane-SEED-MODE.png
local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"
package.path = here .. "../../?.lua;" .. package.path

local common = require "examples.paper.common"
local make_random = require "examples.make_random"
local random = require "examples.paper.random"
local plot = require "relucid.plot"

local plane = {}

local STEPS = 200

-- The pre-activation of neuron i of hidden layer k.
local function pre_activation(net, k, i)
  local layers = {}
  for l = 1, k do layers[l] = net:layer(l) end
  return function(x, y)
    local value = { x, y }
    for l, layer in ipairs(layers) do
      local next_value = {}
      for r, row in ipairs(layer.W) do
        local sum = layer.b[r]
        for c, w in ipairs(row) do sum = sum + w * value[c] end
        next_value[r] = l < k and math.max(sum, 0) or sum
      end
      value = next_value
    end
    return value[i]
  end
end

local function region_layers(add, result)
  local region = result:region()
  add { kind = "polygon", title = "region", points = plot.polygon(region, 1, 2, result.point) }
  local function box_layer(kind, color)
    local box = result:box(kind)
    if box then add { kind = "box", title = kind .. " box", color = color, fill = false, lo = box.lo, hi = box.hi } end
  end
  box_layer("width", "#f58518")
  box_layer("volume", "#54a24b")
end

--- The picture of a result, for plot.write.
---@param case paper.Case
---@param result relucid.Result
---@return table picture
function plane.picture(case, result)
  local net, domain = case.net, case.domain
  local window = { lo = domain.lo, hi = domain.hi }
  local picture = { window = window, xlabel = "x1", ylabel = "x2",
                    title = ("network %d, %s"):format(case.id, common.mode_name(case)) }
  local function add(layer) picture[#picture + 1] = layer end
  add { kind = "border", title = "linear regions",
        segments = plot.partition(function(x, y) return tostring(net:pattern { x, y }) end, window, STEPS) }
  add { kind = "border", title = "goal", color = "#e45756", segments = plot.zero(function(x, y)
    return result.goal:value({ x, y }, net:eval { x, y })
  end, window, STEPS) }
  if #result > 0 then
    for n, literal in ipairs(result:pattern():list()) do
      add { kind = "border", title = n == 1 and "pattern" or nil, color = "#b279a2",
            segments = plot.zero(pre_activation(net, literal[1], literal[2]), window, STEPS) }
    end
    region_layers(add, result)
  end
  add { kind = "point", title = "point", points = { case.point } }
  return picture
end

--- Run the experiment.
---@param options table  seeds, epsilon and paper.Options
---@return boolean sound
---@return paper.Row[] rows
---@return string[] pictures  the files written
function plane.run(options)
  local cases, pictures = {}, {}
  for seed = 0, options.seeds - 1 do
    local net, point, domain = random.own(options.out, seed, make_random.PLANE)
    for _, mode in ipairs { "prophecy", "nninfer" } do
      local eps = mode == "nninfer" and options.epsilon or nil
      cases[#cases + 1] = { family = "plane", id = seed, mode = mode, eps = eps, net = net, point = point,
                            domain = domain, anchor = true }
    end
  end
  local rows = common.run_all("plane", cases, options, function(_, result, case)
    local path = ("%s/plane-%d-%s.png"):format(options.out, case.id, case.mode)
    plot.write(path, plane.picture(case, result))
    pictures[#pictures + 1] = path
  end)
  local checked, sound = common.check_text(rows)
  if not options.quiet then
    common.report("plane", "Networks of the plane, 2-4-2",
                  { common.case_table(rows), ("%d pictures plane-*.png are in %s.\n"):format(#pictures, options.out),
                    checked }, options)
  end
  return sound, rows, pictures
end

if common.is_main "plane" then
  local parser = common.parser("plane", "Pictures of random networks of the plane.")
  parser:option("--seeds", "How many networks.", 6):argname("N"):convert(common.integer)
  parser:option("--epsilon", "For NNInfer.", 0.1):argname("E"):convert(tonumber)
  common.main("plane", parser, plane.run)
end

return plane
