--- Draws the pictures of the guide and of the README, into examples/guide/pictures.
---
---     lua5.4 examples/guide/pictures.lua
---
--- The digit needs the MNIST network and digits in $RELUCID_DATA; without them it is left out.
local relucid = require "relucid"
local gnuplot = require "relucid.plot.gnuplot"
local slice = require "relucid.plot.slice"

local here = arg and arg[0]:match "^(.*/)" or "examples/guide/"
local OUT = here .. "pictures/"

os.execute(("mkdir -p '%s'"):format(OUT))

-- ---- the strategies, side by side, on one slice ---------------------------------------------------------

local WINDOW = { lo = { 1, -500 }, hi = { 20, 200 } }

local function strategies()
  local net = relucid.load("examples/demo/climb.nnet", { raw = true,
    outputs = { "clear of conflict", "climb", "descend" },
    inputs = { "altitude [ft]", "own rate [ft/s]", "intruder's rate [ft/s]", "time [s]" } })
  local data = relucid.data "examples/demo/encounters.csv"
  local point, panels = { -250, -20, 0, 10.5 }, {}
  for _, name in ipairs { "prophecy", "nninfer", "tight", "guarded", "free", "wide", "box", "union" } do
    local result = relucid.strategy.run(name, net, point, nil, { data = data,
      epsilon = name == "nninfer" and 0.1 or nil, regions = name == "union" and 40 or nil })
    panels[#panels + 1] = slice.picture({ result }, { inputs = { 4, 1 }, at = point, title = name, window = WINDOW })
  end
  local found = relucid.strategy.preimage(net, relucid.property.argmax(net, 2), { coverage = 0.6, timeout = 20 })
  panels[9] = slice.picture({ found }, { inputs = { 4, 1 }, at = point, title = "preimage", window = WINDOW })
  for _, picture in ipairs(panels) do
    picture.xtics = { { 5, "5" }, { 10, "10" }, { 15, "15" }, { 20, "20" } }
    picture.ytics = { { -400, "-400" }, { -200, "-200" }, { 0, "0" }, { 200, "200" } }
  end
  gnuplot.write(OUT .. "strategies.png", function(path, format)
    return gnuplot.panels(path, panels, { rows = 3, size = { 870, 820 } }, format)
  end)
end

-- ---- a digit ---------------------------------------------------------------------------------------------

local ROW = 204 -- a seven whose class needs 21 of 100 signs

local function digit()
  local root = (os.getenv "RELUCID_DATA" or "../shared/data") .. "/mnist/"
  local found, net = pcall(relucid.load, root .. "mnist10x10.nnet",
    { outputs = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" } })
  if not found then return print("no digit: " .. tostring(net)) end
  local data = relucid.data(root .. "mnist-images.idx3-ubyte.gz")
  local result = relucid.strategy.prophecy(net, data:row(ROW), nil, { timeout = 60 })
  relucid.plot.image(result, OUT .. "digit.png", { image = "28x28", title = "For every image in the region the network "
    .. "answers 7" })
end

strategies()
digit()
