--- Pictures, as PNG, SVG or PDF by the ending of the file's name; drawn by gnuplot.
---
---     local plot = require "relucid.plot"
---     plot.result(result, "slice.png", { inputs = { 4, 1 } })     -- a slice through two inputs
---     plot.bars(result, "bars.svg", { data = data })              -- its boxes, input by input
---     plot.image(result, "digit.png", { image = "28x28" })        -- an image's result as images
---     plot.write("own.pdf", {                                     -- layers of one's own
---       window = {lo = {0, 0}, hi = {1, 1}},
---       {kind = "border", segments = plot.partition(label_of, window, 100), title = "linear regions"},
---       {kind = "polygon", points = plot.polygon(result:region(), 1, 2, point), title = "region"},
---       {kind = "point", points = {{0.3, 0.4}}}})
local core = require "relucid.core"
local Result = require "relucid.result"
local bars = require "relucid.plot.bars"
local classes = require "relucid.plot.classes"
local coverage = require "relucid.plot.coverage"
local geometry = require "relucid.plot.geometry"
local gnuplot = require "relucid.plot.gnuplot"
local grid = require "relucid.plot.grid"
local image = require "relucid.plot.image"
local slice = require "relucid.plot.slice"

local plot = { polygon = geometry.polygon, partition = grid.partition, zero = grid.zero, script = gnuplot.script,
               exists = gnuplot.exists }

-- ---- arguments ------------------------------------------------------------------------------------

local function check_result(result, what)
  if getmetatable(result) ~= Result then
    error(("%s: a result of a strategy expected, got %s"):format(what or "result", type(result)), 0)
  end
end

-- One result, or a list of them about inputs of one number.
local function results_of(given)
  if type(given) ~= "table" or getmetatable(given) == Result or #given == 0 then
    check_result(given)
    return { given }
  end
  for k, result in ipairs(given) do
    check_result(result, ("result %d"):format(k))
    if result.domain.n ~= given[1].domain.n then
      error(("result %d has %d inputs, the first one has %d"):format(k, result.domain.n, given[1].domain.n), 0)
    end
  end
  return given
end

local function checked(path, options)
  if type(path) ~= "string" then error(("path: string expected, got %s"):format(type(path)), 0) end
  if options ~= nil and type(options) ~= "table" then
    error(("options: table expected, got %s"):format(type(options)), 0)
  end
  return setmetatable({}, { __index = options })
end

local function check_inputs(inputs, n)
  inputs = inputs or { 1, 2 }
  if type(inputs) ~= "table" then error(("option inputs: table expected, got %s"):format(type(inputs)), 0) end
  for k = 1, 2 do
    local i = inputs[k]
    if math.type(i) ~= "integer" or i < 1 or i > n then
      error(("option inputs: [%d] is %s, expected an integer from 1 to %d"):format(k, tostring(i), n), 0)
    end
  end
  if inputs[1] == inputs[2] then error("option inputs: both are the same input", 0) end
  return inputs
end

local function middle(domain)
  local lo, hi, at = domain.lo, domain.hi, {}
  for i = 1, domain.n do at[i] = lo[i] / 2 + hi[i] / 2 end
  return at
end

-- ---- pictures --------------------------------------------------------------------------------------

--- Write a picture of layers.
---@param path string  ends in .png, .svg or .pdf
---@param picture relucid.Picture
function plot.write(path, picture)
  gnuplot.write(path, function(temporary, format) return gnuplot.script(temporary, picture, format) end)
end

--- A slice of results through inputs i and j: linear regions, where the goal holds, regions, boxes, point.
---@param result relucid.Result|relucid.Result[]  several: of one network, each in a colour of its own
---@param path string
---@param options? relucid.SliceOptions
function plot.result(result, path, options)
  local results = results_of(result)
  options = checked(path, options)
  options.inputs = check_inputs(options.inputs, results[1].domain.n)
  options.at = options.at or results[1].point or middle(results[1].domain)
  plot.write(path, slice.picture(results, options))
end

--- The largest boxes inside a region, input by input, with the data's histogram behind.
---@param result relucid.Result
---@param path string
---@param options? {region: integer?, data: table?, title: string?, size: integer[]?}  region: its number; data:
---                relucid.data
function plot.bars(result, path, options)
  check_result(result)
  plot.write(path, bars.picture(result, checked(path, options)))
end

--- An image's result as images: the input, how far each pixel may move, which pixels decide, a counterexample.
---@param result relucid.Result
---@param path string
---@param options {image: string, title: string?, size: integer[]?}  image: such as "28x28", "32x32x3" (channel after
---               channel)
function plot.image(result, path, options)
  check_result(result)
  options = checked(path, options)
  local panels, title = image.panels(result, image.shape(options.image, result.domain.n))
  gnuplot.write(path, function(temporary, format)
    return gnuplot.panels(temporary, panels, { title = options.title or title, size = options.size }, format)
  end)
end

--- Coverage against time of results of union and preimage.
---@param result relucid.Result|relucid.Result[]
---@param path string
---@param options? {title: string?, size: integer[]?}
function plot.coverage(result, path, options)
  local results = results_of(result)
  plot.write(path, coverage.picture(results, checked(path, options)))
end

--- The linear regions of a network on a plane, coloured by the class that it answers.
---@param net table  relucid.network
---@param path string
---@param options? {inputs: integer[]?, domain: table?, at: number[]?, window: relucid.Window?, title: string?,
---                size: integer[]?}  domain: default the box that the network's file gives; at: the values of the other
---                inputs, default the domain's middle
function plot.classes(net, path, options)
  core.check(net, "network")
  options = checked(path, options)
  local domain = require("relucid.strategy.arguments").domain(net, options.domain)
  options.inputs = check_inputs(options.inputs, net.n)
  options.at = options.at or middle(domain)
  plot.write(path, classes.picture(net, domain, options))
end

return plot
