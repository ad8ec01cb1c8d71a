--- The linear regions of a network on a plane, coloured by the class that it answers there.
local core = require "relucid.core"
local pieces = require "relucid.plot.pieces"
local words = require "relucid.words"

local classes = {}

-- Tableau's ten colours; further classes take them again.
local COLORS = { "#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f", "#edc948", "#b07aa1", "#ff9da7", "#9c755f",
                 "#bab0ac" }

--- The picture of a network's classes, for plot.write.  Exact: the parts of linear regions where an output is the
--- largest.
---@param net table     relucid.network
---@param domain table  relucid.domain
---@param options {inputs: integer[], at: number[], window: relucid.Window?, title: string?, size: integer[]?}
---@return relucid.Picture
function classes.picture(net, domain, options)
  local i, j = options.inputs[1], options.inputs[2]
  local window = options.window or { lo = { domain.lo[i], domain.lo[j] }, hi = { domain.hi[i], domain.hi[j] } }
  local names = words.names(net)
  local picture = { window = window, title = options.title or net.file, size = options.size or { 900, 760 },
                    xlabel = names.inputs[i], ylabel = names.inputs[j] }
  local all = pieces.of(net, domain, window, i, j, options.at)
  if not all then error("the slice has too many linear regions: choose a smaller window", 0) end
  for output = 1, net.m do
    local parts = pieces.of(net, domain, window, i, j, options.at, core.property.argmax(net, output))
    if parts and #parts > 0 then
      picture[#picture + 1] = { kind = "polygons", color = COLORS[(output - 1) % #COLORS + 1], width = 0, alpha = 0.75,
                                polygons = pieces.polygons(parts), title = names.outputs[output] }
    end
  end
  picture[#picture + 1] = { kind = "polygons", fill = false, width = 0.6, color = "#404040",
                            polygons = pieces.polygons(all), title = ("%d linear regions"):format(#all) }
  return picture
end

return classes
