local lu = require "luaunit"
local relucid = require "relucid"
local plot = require "relucid.plot"
local bars = require "relucid.plot.bars"
local coverage = require "relucid.plot.coverage"
local image = require "relucid.plot.image"
local pieces = require "relucid.plot.pieces"
local slice = require "relucid.plot.slice"
local support = require "spec.support"

local T = {}

local WINDOW = { lo = { -1, -1 }, hi = { 1, 1 } }

function T.test_polygon_of_a_slice()
  local net = support.small()
  local region = relucid.region(net, support.square(), nil, { A = { { 1, 1 } }, b = { 0 } })
  lu.assertEquals(plot.polygon(region, 1, 2, { 0, 0 }), { { -1, -1 }, { 1, -1 }, { -1, 1 } })
  local empty = relucid.region(net, support.square(), nil, { A = { { 1, 0 } }, b = { -2 } })
  lu.assertEquals(plot.polygon(empty, 1, 2, { 0, 0 }), {})
end

function T.test_zero_and_partition()
  local segments = plot.zero(function(x) return x - 0.25 end, WINDOW, 10)
  lu.assertTrue(#segments >= 10)
  for _, segment in ipairs(segments) do lu.assertAlmostEquals(segment[1][1], 0.25, 1e-9) end
  segments = plot.partition(function(x) return x > 0.05 end, WINDOW, 10)
  for _, segment in ipairs(segments) do lu.assertAlmostEquals(segment[1][1], 0.1, 1e-9) end
end

function T.test_script_quotes()
  local script = plot.script("it's.png", { window = WINDOW, title = "a 'title'",
                                           { kind = "point", points = { { 0, 0.1 } }, title = "p" } })
  lu.assertStrContains(script, "set output 'it''s.png'")
  lu.assertStrContains(script, "set title 'a ''title'''")
  lu.assertStrContains(script, "0 0.10000000000000001")
end

function T.test_refuses()
  support.raises("layer 1: kind 'star', expected polygon, polygons, box, point, border, lines, map, pixels or labels",
                 plot.script, "x.png", { window = WINDOW, { kind = "star" } })
  support.raises("x.gif: no format of pictures, expected a name that ends in .png, .svg or .pdf", plot.write, "x.gif",
                 {})
  support.raises("the picture has nothing to draw", plot.script, "x.png", { window = WINDOW })
end

function T.test_result_refuses()
  local net = support.small()
  local result = relucid.strategy.prophecy(net, { 0.5, 0.25 }, nil, { domain = support.square() })
  support.raises("result: a result of a strategy expected, got table", plot.result, {}, "x.png")
  support.raises("path: string expected, got nil", plot.result, result)
  support.raises("options: table expected, got number", plot.result, result, "x.png", 1)
  support.raises("option inputs: [2] is 3, expected an integer from 1 to 2", plot.result, result, "x.png",
                 { inputs = { 1, 3 } })
end

function T.test_polygons_end_at_the_window()
  local script = plot.script("x.png", { window = WINDOW, { kind = "box", lo = { 0, 0 }, hi = { 5, 0.5 } } })
  lu.assertStrContains(script, "0 0\n1 0\n1 0.5\n0 0.5\n0 0\nEND")
end

function T.test_map()
  local script = plot.script("x.png", { window = WINDOW, { kind = "map", steps = 2, areas = {
    { title = "left", color = "#ff0000" }, { title = "right", color = "#00ff10" } },
    label = function(x) return x < 0 and 1 or 2 end } })
  lu.assertStrContains(script, "-0.5 -0.5 255 0 0\n0.5 -0.5 0 255 16\n-0.5 0.5 255 0 0\n0.5 0.5 0 255 16\n")
  lu.assertStrContains(script, "with rgbimage notitle, keyentry")
  lu.assertStrContains(script, "title 'right'")
  support.raises("map: colour 'red', expected #rrggbb", plot.script, "x.png", { window = WINDOW,
    { kind = "map", areas = { { title = "", color = "red" } }, label = function() return 1 end } })
end

function T.test_missing_gnuplot_is_said()
  local status, _, messages = support.lua([[
    require("relucid").plot.write("x.png", {window = {lo = {0, 0}, hi = {1, 1}}, {kind = "point", points = {{0, 0}}}})
  ]], "GNUPLOT=/nowhere/gnuplot")
  lu.assertEquals(status, 1)
  lu.assertStrContains(messages, "pictures need gnuplot: install the package gnuplot-nox")
end

function T.test_picture()
  support.needs_gnuplot()
  local result = relucid.strategy.prophecy(support.small(), { 0.5, -0.5 }, nil, { domain = support.square() })
  support.with_file(nil, function(path)
    plot.result(result, path, { steps = 20, title = "a slice" })
    lu.assertEquals(support.read(path):sub(2, 4), "PNG")
  end, ".png")
end

-- A region of a pattern has no corners: its border is drawn where membership changes.
function T.test_picture_of_a_pattern()
  support.needs_gnuplot()
  local net = relucid.load("examples/demo/climb.nnet", { raw = true })
  local result = relucid.strategy.free(net, relucid.data("examples/demo/encounters.csv"):row(2), nil, { grow = false })
  lu.assertEquals(result:kind(), "pattern")
  support.with_file(nil, function(path)
    plot.result(result, path, { steps = 20, inputs = { 4, 1 } })
    lu.assertEquals(support.read(path):sub(2, 4), "PNG")
  end, ".png")
end

-- A random network's pieces of a plane: inside each, the network's pattern is the piece's; together they fill the
-- window.
function T.test_pieces()
  support.random("plot pieces", function(rng)
    for _ = 1, 5 do
      local net = support.random_network(rng, { 3, 6, 5, 2 })
      local domain, at = relucid.domain { lo = { -1, -1, -1 }, hi = { 1, 1, 1 } }, { 0.25, 0, 0 }
      local list, area = pieces.of(net, domain, WINDOW, 2, 3, at), 0
      for _, piece in ipairs(list) do
        local x, y, last = 0, 0, piece.points[#piece.points]
        for _, p in ipairs(piece.points) do
          x, y = x + p[1] / #piece.points, y + p[2] / #piece.points
          area = area + (last[1] * p[2] - p[1] * last[2]) / 2
          last = p
        end
        lu.assertEquals(tostring(net:pattern { 0.25, x, y }), tostring(piece.pattern))
      end
      lu.assertAlmostEquals(area, 4, 1e-9)
    end
  end)
end

-- Where the goal is shaded it holds, and nowhere else: by evaluation at random points.
function T.test_pieces_of_a_goal()
  support.random("plot goal", function(rng)
    local net = support.random_network(rng, { 2, 6, 3 })
    local domain = support.square()
    local goal = relucid.property.argmax(net, 1)
    local list = pieces.of(net, domain, WINDOW, 1, 2, { 0, 0 }, goal)
    local function shaded(x, y)
      for _, piece in ipairs(list) do
        local inside, last = true, piece.points[#piece.points]
        for _, p in ipairs(piece.points) do
          inside = inside and (p[1] - last[1]) * (y - last[2]) >= (p[2] - last[2]) * (x - last[1]) - 1e-12
          last = p
        end
        if inside then return true end
      end
      return false
    end
    for _ = 1, 200 do
      local point = { 2 * rng() - 1, 2 * rng() - 1 }
      local value = goal:value(point, net:eval(point))
      if math.abs(value) > 1e-9 then lu.assertEquals(shaded(point[1], point[2]), value > 0) end
    end
  end)
end

function T.test_shapes_of_images()
  lu.assertEquals(image.shape("28x28", 784), { height = 28, width = 28, channels = 1 })
  lu.assertEquals(image.shape("2x4x3", 24), { height = 2, width = 4, channels = 3 })
  support.raises("image: '28', expected HEIGHTxWIDTH or HEIGHTxWIDTHx3", image.shape, "28", 784)
  support.raises("image: '2x2x4', expected HEIGHTxWIDTH or HEIGHTxWIDTHx3", image.shape, "2x2x4", 16)
  support.raises("image: 3x3 is 9 numbers, the network has 8 inputs", image.shape, "3x3", 8)
end

-- The colours say what they mean: black and white at the domain's ends, white and blue at shares 0.0001 and 1, pixels
-- with their whole range do not decide.
function T.test_panels()
  local net = support.random_network(support.generator(3), { 4, 4, 2 })
  local domain = relucid.domain { lo = { 0, 0, 0, 0 }, hi = { 1, 1, 1, 1 } }
  local point = { 0, 1, 0.5, 0 }
  local result = relucid.strategy.box(net, point, nil, { domain = domain })
  local panels = image.panels(result, image.shape("2x2", 4))
  lu.assertEquals(panels[1][1].colors, { { { 0, 0, 0 }, { 255, 255, 255 } }, { { 128, 128, 128 }, { 0, 0, 0 } } })
  local box = result:box "volume"
  for i = 1, 4 do
    local r, c = (i - 1) // 2 + 1, (i - 1) % 2 + 1
    local moves, decides = panels[2][1].colors[r][c], panels[3][1].colors[r][c]
    if box.hi[i] - box.lo[i] == 1 then
      lu.assertEquals(moves, { 0, 60, 130 })
      lu.assertEquals(decides[2], decides[1])
    else
      lu.assertTrue(moves[1] > 0 and decides[2] < decides[1])
    end
  end
  if #panels == 4 then -- the counterexample is one
    local witness = result:record().regions[1].witnesses[1]
    lu.assertTrue(result.goal:value(witness, net:eval(witness)) < 0)
  end
end

-- Bars: the row of an input starts and ends where its box does, in shares of the domain.
function T.test_bars()
  local net = relucid.load("examples/demo/climb.nnet", { raw = true })
  local result = relucid.strategy.prophecy(net, { 500, 0, 0, 15 })
  local picture = bars.picture(result, { data = relucid.data "examples/demo/encounters.csv" })
  local box, domain = result:box "volume", result.domain
  local rows
  for _, layer in ipairs(picture) do
    if layer.title == "largest box by volume" then rows = layer.polygons end
  end
  for i = 1, 4 do
    local range = domain.hi[i] - domain.lo[i]
    lu.assertAlmostEquals(rows[i][1][1], (box.lo[i] - domain.lo[i]) / range, 0.002)
    lu.assertAlmostEquals(rows[i][2][1], (box.hi[i] - domain.lo[i]) / range, 0.002)
  end
end

-- One entry of the legend for each kind of thing, however many regions there are.
function T.test_legends()
  support.needs_gnuplot()
  local net = relucid.load("examples/demo/climb.nnet", { raw = true })
  local result = relucid.strategy.run("union", net, { -250, -20, 0, 10.5 }, nil, { regions = 15 })
  local picture = slice.picture({ result }, { inputs = { 4, 1 }, at = result.point })
  local titles = {}
  for _, layer in ipairs(picture) do titles[#titles + 1] = layer.title end
  lu.assertEquals(#titles, 4)
  lu.assertStrContains(table.concat(titles, "\n"), "union: 15 regions")
  local layer = coverage.picture({ result }, {})[1]
  lu.assertEquals(layer.points[#layer.points], { result.trace[15].seconds, result.coverage.value })
end

-- Every kind in every format, by the command.
function T.test_command()
  support.needs_gnuplot()
  support.with_file(nil, function(json)
    local net = "examples/demo/climb.nnet"
    lu.assertEquals(support.command("characterize", net, "--raw", "--point", "500,0,0,15", "--strategy", "union",
      "--regions", 2, "--json", json), 0)
    for _, case in ipairs { { ".png", "\137PNG", json, "--inputs", "4,1" }, { ".svg", "<?xml", json, "--zoom" },
      { ".pdf", "%PDF", json, "--kind", "coverage" }, { ".png", "\137PNG", json, "--image", "2x2" },
      { ".svg", "<?xml", net, "--inputs", "4,1" }, { ".png", "\137PNG", json, json, "--inputs", "1,2" },
      { ".pdf", "%PDF", json, "--data", "examples/demo/encounters.csv" } } do
      support.with_file(nil, function(picture)
        local status, output, errors = support.command("plot", "-o", picture, table.unpack(case, 3))
        lu.assertEquals({ status, errors }, { 0, "" })
        lu.assertEquals(output, picture .. "\n")
        lu.assertEquals(support.read(picture):sub(1, #case[2]), case[2])
      end, case[1])
    end
    local function refused(message, ...)
      local status, _, errors = support.command("plot", json, ...)
      lu.assertEquals({ status, errors }, { 2, "relucid: " .. message .. "\n" })
    end
    refused("--inputs: '9' is no input, expected a name or an integer from 1 to 4", "--inputs", "1,9")
    refused("--inputs: has 3 inputs, expected two", "--inputs", "1,2,3")
    refused("option inputs: both are the same input", "--inputs", "1,1")
    refused("image: 2x3 is 6 numbers, the network has 4 inputs", "--image", "2x3")
    refused("--kind image: give the shape with --image", "--kind", "image")
    refused("--kind classes: give a network, not a result", "--kind", "classes")
    refused("--kind bars: of one result, got 2", json, "--kind", "bars")
  end, ".json")
end

return T
