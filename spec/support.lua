-- What specs share: a small network, temporary files, running the command, seeded random numbers.
local lu = require "luaunit"
local relucid = require "relucid"
local core = require "relucid.core"

local support = {}

--- Assert that f(...) raises exactly this message.
function support.raises(message, f, ...)
  local ok, actual = pcall(f, ...)
  lu.assertFalse(ok, "expected an error: " .. message)
  lu.assertEquals(actual, message)
end

--- Assert that f(...) raises a message that contains the text.
function support.raises_with(text, f, ...)
  local ok, actual = pcall(f, ...)
  lu.assertFalse(ok, "expected an error with: " .. text)
  lu.assertStrContains(tostring(actual), text)
end

--- Two inputs, two hidden neurons x1 and x2, outputs (relu x1 - relu x2, relu x2).
function support.small()
  return relucid.network {
    { W = { { 1, 0 }, { 0, 1 } }, b = { 0, 0 } },
    { W = { { 1, -1 }, { 0, 1 } }, b = { 0, 0 } },
  }
end

function support.square(lo, hi)
  return relucid.domain { lo = { lo or -1, lo or -1 }, hi = { hi or 1, hi or 1 } }
end

--- A random network; all weights are multiples of 1/64.
function support.random_network(rng, sizes)
  local layers = {}
  for k = 1, #sizes - 1 do
    local layer = { W = {}, b = {} }
    for r = 1, sizes[k + 1] do
      layer.W[r] = {}
      for c = 1, sizes[k] do layer.W[r][c] = rng(-128, 128) / 64 end
      layer.b[r] = rng(-64, 64) / 64
    end
    layers[k] = layer
  end
  return relucid.network(layers)
end

--- The network with about a third of its hidden neurons linear, at least one.
function support.some_linear(rng, net)
  local layers, last = {}, #net.sizes - 1
  for k = 1, last do
    layers[k] = net:layer(k)
    if k < last then
      layers[k].linear = {}
      for i = 1, net.sizes[k + 1] do layers[k].linear[i] = rng(1, 3) == 1 end
    end
  end
  layers[1].linear[rng(1, net.sizes[2])] = true
  return relucid.network(layers)
end

--- A seeded generator.  rng(a, b): an integer from a to b; rng(): a number in [0,1).
function support.generator(seed)
  local state = seed & 0xffffffffffff
  local function next48()
    state = (state * 25214903917 + 11) & 0xffffffffffff
    return state >> 16
  end
  for _ = 1, 8 do next48() end
  return function(a, b)
    local value = next48()
    if not a then return value / 4294967296 end
    return a + value % (b - a + 1)
  end
end

--- Run f(rng) with a seeded generator ($RELUCID_SEED, else the clock's); a failure prints the seed.
function support.random(name, f)
  local seed = math.tointeger(tonumber(os.getenv "RELUCID_SEED")) or os.time()
  local ok, message = pcall(f, support.generator(seed))
  if not ok then
    print(("%s: failed with RELUCID_SEED=%d"):format(name, seed))
    error(message, 0)
  end
end

--- f(path) with the name of a temporary file with this content (nil: no file); it is removed afterwards.
function support.with_file(content, f, suffix)
  local name = os.tmpname()
  local path = name .. (suffix or "")
  if path ~= name then os.remove(name) end
  if content then
    local file = assert(io.open(path, "wb"))
    file:write(content)
    file:close()
  else
    os.remove(path)
  end
  local ok, message = pcall(f, path)
  os.remove(path)
  if not ok then error(message, 0) end
end

function support.read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("a")
  file:close()
  return text
end

local function quote(text) return "'" .. tostring(text):gsub("'", "'\\''") .. "'" end

local function run(line)
  local errors = os.tmpname()
  local pipe = assert(io.popen(line .. " 2>" .. errors))
  local output = pipe:read("a")
  local _, _, status = pipe:close()
  local messages = support.read(errors)
  os.remove(errors)
  return status, output, messages
end

--- Run the built command: its exit status, stdout and stderr.
function support.command(...)
  local words = { quote((os.getenv "RELUCID_BUILD" or "build") .. "/relucid") }
  for i, word in ipairs { ... } do words[i + 1] = quote(word) end
  return run(table.concat(words, " "))
end

--- Run a piece of Lua in a process of its own, as support.command; environment: such as "A=b".
function support.lua(code, environment)
  return run(("%s %s -e %s"):format(environment or "", quote(arg[-1] or "lua5.4"), quote(code)))
end

--- The text of a .nnet file: the network of support.small with the box [-1,1]^2.
support.NNET = [[
// a small network
2,2,2,2,
2,2,2,
0,
-1.0,-1.0,
1.0,1.0,
0.0,0.0,0.0,
1.0,1.0,1.0,
1.0,0.0,
0.0,1.0,
0.0,
0.0,
1.0,-1.0,
0.0,1.0,
0.0,
0.0,
]]

--- Skip the test where no picture can be drawn.
function support.needs_gnuplot()
  if not os.execute "command -v gnuplot >/dev/null" then lu.skip "gnuplot is not installed" end
  if os.getenv "LD_PRELOAD" then lu.skip "gnuplot has leaks of its own" end
end

--- The allocation to fail after the n-th: where there are hundreds not every one, but with RELUCID_LONG.
---@param n integer
---@return integer
function support.next_allocation(n)
  return os.getenv "RELUCID_LONG" and n + 1 or n + 1 + n // 20
end

--- Make the 1st, 2nd, 3rd ... allocation fail until the operation makes no more.  It raises "out of memory", or can
--- do without what it asked for (a try at a counterexample, say).
---@param operation fun()
---@param may_need_none? boolean  it may succeed without any
---@return integer  the first allocation that it does not need
function support.each_allocation_fails(operation, may_need_none)
  local n = 1
  while n < 100000 do
    core.memory_fail_at(n)
    local ok, message = pcall(operation)
    local untouched = core.memory_fail_at(0) > 0
    if not ok then lu.assertEquals(message, "out of memory") end
    if untouched then
      lu.assertTrue(n > 1 or may_need_none, "no allocation failed")
      return n
    end
    n = support.next_allocation(n)
  end
  lu.fail("never succeeds")
end

return support
