--- Every public function with wrong arguments of every kind: what it says is a message of its own, about the argument,
--- never a slip inside the library.
local lu = require "luaunit"
local relucid = require "relucid"
local core = require "relucid.core"
local support = require "spec.support"

local T = {}

local net, square = support.small(), support.square()
local goal = relucid.property.argmax(net, 1)

local WRONG = { false, 5, -1, 0 / 0, 1e300, "x", {}, { {} }, { 1, "x" }, { lo = "x", hi = 5 }, print, io.stdout, net,
                goal, square }

-- Raises where a message is one of Lua's about the library's own code.
local function check(name, f, ...)
  local ok, message = pcall(f, ...)
  if ok then return end
  lu.assertEquals(type(message), "string", name)
  for _, slip in ipairs { "%.lua:%d+:", "bad argument", "attempt to [^u]" } do
    if message:find(slip) then error(("%s: %s"):format(name, message), 0) end
  end
end

local function try(name, f, ...)
  local first = table.pack(...)
  check(name, f, ...)
  for _, wrong in ipairs(WRONG) do
    first[first.n + 1] = wrong
    check(name, f, table.unpack(first, 1, first.n + 1))
    for _, second in ipairs(WRONG) do
      first[first.n + 2] = second
      check(name, f, table.unpack(first, 1, first.n + 2))
    end
    first[first.n + 2] = nil
  end
end

local function selves()
  return { network = net, domain = square, property = goal, pattern = net:pattern { 1, 1 },
           region = relucid.region(net, square), data = relucid.data { { 1, 2 } },
           search = net:search { domain = square, target = goal },
           preimage = net:preimage { domain = square, property = goal, samples = 100 },
           enumerate = net:enumerate { domain = square },
           minimize = net:minimize { domain = square, pattern = net:pattern { 1, 1 }, property = goal } }
end

function T.test_methods()
  for kind, self in pairs(selves()) do
    for name, f in pairs(core.methods[kind]) do
      if name ~= "close" and name ~= "run" then try(kind .. ":" .. name, f, self) end
    end
  end
end

function T.test_functions()
  for _, name in ipairs { "load", "network", "pattern", "domain", "region", "data", "vnnlib", "verify" } do
    try(name, relucid[name])
    try(name, relucid[name], net)
  end
  for _, name in ipairs { "argmax", "argmin", "linear", "any", "vnnlib" } do
    try("property." .. name, relucid.property[name])
    try("property." .. name, relucid.property[name], net)
  end
  for _, name in ipairs { "decode", "encode", "array", "object" } do try("json." .. name, relucid.json[name]) end
  try("domain.ball", relucid.domain.ball)
  try("domain.ball", relucid.domain.ball, { 0, 0 })
  try("plot.partition", relucid.plot.partition, print)
  try("plot.zero", relucid.plot.zero)
end

function T.test_strategies()
  for _, name in ipairs(relucid.strategy.names) do
    local strategy = relucid.strategy[name]
    local function call(...) return strategy(...) end
    for _, wrong in ipairs(WRONG) do
      check(name, call, wrong)
      check(name, call, net, wrong)
      check(name, call, net, { 0.5, -0.5 }, wrong)
      check(name, call, net, { 0.5, -0.5 }, goal, wrong)
      check(name, call, net, { 0.5, -0.5 }, goal, { domain = wrong })
    end
  end
  for _, wrong in ipairs(WRONG) do
    check("preimage", relucid.strategy.preimage, wrong)
    check("preimage", relucid.strategy.preimage, net, wrong)
    check("preimage", relucid.strategy.preimage, net, goal, wrong)
    check("decompose", relucid.strategy.decompose, net, square, wrong, goal)
    check("decompose", relucid.strategy.decompose, net, wrong, net:pattern { 1, 1 }, goal)
  end
end

return T
