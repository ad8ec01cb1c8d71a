-- Every method of every type, on a closed value, on nothing and on values of other types, and with arguments of every
-- wrong kind: a message that names what was expected, and no crash.
local lu = require "luaunit"
local core = require "relucid.core"
local relucid = require "relucid"
local support = require "spec.support"

local T = {}

local KINDS = {}
for kind in pairs(core.methods) do KINDS[#KINDS + 1] = kind end
table.sort(KINDS)

-- One value of each type.
local function values()
  local net, domain = support.small(), support.square()
  local goal, pattern = relucid.property.argmax(net, 1), net:pattern { 0.5, 0.25 }
  return {
    network = net, domain = domain, property = goal, pattern = pattern, data = relucid.data { { 1, 2 } },
    region = relucid.region(net, domain, pattern),
    search = net:search { domain = domain, target = goal, pattern = pattern },
    minimize = net:minimize { domain = domain, pattern = pattern, property = goal },
    preimage = net:preimage { domain = domain, property = goal, samples = 100, points = 16 },
    enumerate = net:enumerate { domain = domain },
    inflate = net:inflate { domain = domain, goal = goal, point = { 0.5, 0 } },
    process = core.process { "cat" },
  }
end

local function each_method(f)
  for _, kind in ipairs(KINDS) do
    for name, method in pairs(core.methods[kind]) do f(kind, name, method) end
  end
end

function T.test_there_is_a_value_of_each_type()
  local all = values()
  for _, kind in ipairs(KINDS) do core.check(all[kind], kind) end
end

function T.test_closed()
  local all = values()
  for _, kind in ipairs(KINDS) do
    all[kind]:close()
    lu.assertEquals(tostring(all[kind]):gsub("relucid%.(%w+): .*", "%1 (closed)"), kind .. " (closed)")
  end
  each_method(function(kind, name, method)
    if name == "close" then return method(all[kind]) end
    support.raises(("%s: attempt to use a closed %s"):format(kind, kind), method, all[kind], {}, all.network,
                   all.property)
  end)
  for _, field in ipairs { "n", "m", "sizes", "file", "lo", "hi", "neurons" } do
    for _, kind in ipairs(KINDS) do
      local ok, message = pcall(function() return all[kind][field] end)
      if not ok then lu.assertEquals(message, ("%s: attempt to use a closed %s"):format(kind, kind)) end
    end
  end
end

function T.test_self_of_a_wrong_type()
  local all = values()
  each_method(function(kind, name, method)
    local other = all[kind == "region" and "data" or "region"]
    for _, self in ipairs { false, 1, "text", {}, print, relucid.null, io.stdout, other } do
      local ok, message = pcall(method, self, {}, all.network, all.property)
      lu.assertEquals({ kind, name, ok }, { kind, name, false })
      lu.assertStrContains(message, ("%s: relucid.%s expected, got "):format(kind, kind))
    end
    local _, message = pcall(method)
    lu.assertStrMatches(message, ("%s: relucid.%s expected, got n[oi].*"):format(kind, kind))
  end)
end

-- What can be given where something else is expected.
local function wrong_arguments(all)
  local closed = values()
  for _, kind in ipairs(KINDS) do closed[kind]:close() end
  local list = { relucid.null, true, -1, 0, 1, 1.5, 2 ^ 53, 1 / 0, -1 / 0, 0 / 0, math.mininteger, math.maxinteger, "1",
                 "text", {}, { {} }, { 1 }, { "1", 2 }, { 0.5, 0 / 0 }, { 0.5, 1 / 0 }, { { 1 }, { 2, 3 } },
                 { domain = all.domain }, { property = all.property, domain = closed.domain },
                 { target = {}, domain = all.domain }, { A = 1, b = { 1 } }, { lo = { 1 }, hi = {} }, print, io.stdout,
                 coroutine.create(print) }
  for _, kind in ipairs(KINDS) do
    list[#list + 1] = all[kind]
    list[#list + 1] = closed[kind]
  end
  return list
end

-- Arguments of all kinds: nothing but a message, or a value.  Jobs may be ended by it, so each call has its own.
function T.test_wrong_arguments()
  support.random("wrong arguments", function(rng)
    local all = values()
    local list = wrong_arguments(all)
    local function pick() return rng(1, 6) > 1 and list[rng(1, #list)] or nil end
    local refused, calls = 0, 0
    local function try(f, ...)
      local ok, message = pcall(f, ...)
      calls, refused = calls + 1, refused + (ok and 0 or 1)
      if not ok then
        lu.assertEquals(type(message), "string")
        lu.assertNil(message:find "attempt to [^u]", message) -- but for "attempt to use a closed ..."
      end
    end
    each_method(function(kind, name, method)
      if name == "close" or name == "run" or name == "step" or name == "wait" then return end -- may take long
      for _ = 1, 60 do try(method, all[kind], pick(), pick(), pick(), pick()) end
    end)
    for _, name in ipairs { "network", "pattern", "domain", "region", "data" } do
      for _ = 1, 60 do try(core[name], pick(), pick(), pick(), pick()) end
    end
    for _, f in pairs { relucid.property.argmax, relucid.property.argmin, relucid.property.linear,
                        relucid.property.any } do
      for _ = 1, 60 do try(f, pick(), pick(), pick()) end
    end
    lu.assertTrue(refused > calls / 3)
  end)
end

return T
