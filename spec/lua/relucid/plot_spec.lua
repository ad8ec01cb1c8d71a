local lu = require "luaunit"
local relucid = require "relucid"
local plot = require "relucid.plot"
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
  support.raises("layer 1: kind 'star', expected polygon, box, point, border or map", plot.script, "x.png",
                 { window = WINDOW, { kind = "star" } })
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

return T
