--- relucid plot: pictures of saved results, or of a network's classes.
local relucid = require "relucid"
local Result = require "relucid.result"
local file = require "relucid.io.file"
local input = require "relucid.io.input"
local words = require "relucid.words"
local converters = require "relucid.command.argument"

local plot = { no_json = true,
               summary = "Draw saved results: a slice through two inputs, boxes as bars, an image's pixels, coverage." }

local KINDS = { "slice", "bars", "image", "coverage", "classes" }

function plot.define(parser)
  parser:argument("results", "Results that --json wrote, about one network; or a network, for its classes.")
    :argname("RESULT"):args "+"
  parser:option("-o --output", "The picture: FILE.png, .svg or .pdf (default: beside RESULT, .png)."):argname "FILE"
  parser:option("--kind", "What to draw (default: image with --image; slice with --inputs or of two inputs; coverage "
    .. "where there is no point; else bars)."):choices(KINDS)
  parser:option("--inputs", "The two inputs of a slice, numbers from 1 or names."):argname "I,J"
  parser:option("--image", "The inputs are an image of this shape, such as 28x28 or 32x32x3."):argname "HxW[xC]"
  parser:option("--data", "bars: data whose histogram stands behind."):argname "FILE"
  parser:option("--region", "bars: the number of the region (default 1)."):argname("N"):convert(converters.count)
  parser:flag("--zoom", "slice: the regions and what is around them, rather than the whole domain.")
  parser:flag("--raw", "classes: physical units of the .nnet file.")
  parser:option("--title", "A title."):argname "TEXT"
  converters.names(parser)
end

local function is_result(path) return file.read(path):match "^%s*{" ~= nil end

local function default_kind(args, first)
  if args.image then return "image" end
  if args.inputs or first.domain.n == 2 then return "slice" end
  if not first.point and first.trace then return "coverage" end
  return "bars"
end

-- "climb.json" -> "climb.png"
local function default_output(path) return (path:gsub("%.gz$", ""):gsub("%.%w+$", "")) .. ".png" end

local function draw_classes(args, output)
  local net = relucid.load(args.results[1], { raw = args.raw, names = args.names })
  local inputs = args.inputs and input.pair(args.inputs, words.names(net).inputs)
  relucid.plot.classes(net, output, { inputs = inputs, title = args.title })
end

local function draw_results(args, output)
  local results = {}
  for k, path in ipairs(args.results) do results[k] = Result.read(path) end
  local first = results[1]
  local kind = args.kind or default_kind(args, first)
  local options = { title = args.title, zoom = args.zoom, image = args.image, region = args.region }
  if kind == "slice" or kind == "coverage" then
    options.inputs = args.inputs and input.pair(args.inputs, words.names_of(first).inputs)
    return relucid.plot[kind == "slice" and "result" or kind](results, output, options)
  end
  if #results > 1 then error(("--kind %s: of one result, got %d"):format(kind, #results), 0) end
  if kind == "image" and not args.image then error("--kind image: give the shape with --image", 0) end
  if kind == "classes" then error("--kind classes: give a network, not a result", 0) end
  options.data = args.data and input.data(args.data, first.domain.n)
  relucid.plot[kind](first, output, options)
end

---@param args table  as argparse gives them
---@return integer status
function plot.run(args)
  local output = args.output or default_output(args.results[1])
  if is_result(args.results[1]) then draw_results(args, output) else draw_classes(args, output) end
  print(output)
  return 0
end

return plot
