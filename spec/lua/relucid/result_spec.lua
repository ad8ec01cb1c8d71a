local lu = require "luaunit"
local relucid = require "relucid"
local Result = require "relucid.result"
local make_random = require "examples.make_random"
local nnet_writer = require "examples.nnet_writer"
local sampling = require "spec.sampling"
local support = require "spec.support"
local raises = support.raises

local T = {}

local function characterized(options)
  local net = support.small()
  options = options or {}
  options.domain = support.square()
  return relucid.strategy.prophecy(net, { 0.5, -0.5 }, nil, options)
end

function T.test_contract()
  local record = relucid.json.decode(characterized({ data = relucid.data { { 0.5, -0.5 }, { 0, 0.5 } } }):json())
  lu.assertEquals(record.relucid, 1)
  lu.assertEquals(record.network.layers, { 2, 2, 2 })
  lu.assertEquals(#record.network.sha256, 64)
  lu.assertEquals(record.goal.margins, { { c = { 1.0, -1.0 }, d = 0.0 } })
  lu.assertEquals(record.domain, { lo = { -1, -1 }, hi = { 1, 1 } })
  lu.assertEquals(record.point, { 0.5, -0.5 })
  lu.assertEquals({ record.strategy, record.status, record.implied }, { "prophecy", "proved", true })
  lu.assertEquals(record.options, { anchor = true })
  local region = record.regions[1]
  lu.assertEquals(region.pattern, { { relucid.null, 0 } })
  lu.assertEquals(#region.A, #region.b)
  lu.assertEquals(region.support, 1)
  lu.assertAlmostEquals(region.box_width.sum, 3, 1e-6)
  lu.assertAlmostEquals(region.box_volume.log_volume, math.log(2), 1e-6)
  for _, name in ipairs { "queries", "nodes", "lps", "seconds" } do
    lu.assertEquals(type(record.stats[name]), "number")
  end
end

function T.test_round_trip_is_exact()
  support.random("result", function(rng)
    local net = support.random_network(rng, { 3, 4, 3, 2 })
    local domain = relucid.domain { lo = { -1, -1, -1 }, hi = { 1, 1, 1 } }
    local point = { rng() - 0.5, rng() - 0.5, rng() - 0.5 }
    local result = relucid.strategy.nninfer(net, point, nil, { domain = domain, epsilon = 0.1 })
    local text = result:json()
    local back = Result.decode(text)
    lu.assertEquals(back:json(), text)
    lu.assertEquals(back.point, point)
    lu.assertEquals(back:region():rows(), result:region():rows())
    for _, kind in ipairs { "width", "volume" } do
      local box, again = result:box(kind), back:box(kind)
      lu.assertEquals(again and again.lo, box and box.lo)
      lu.assertEquals(again and again.hi, box and box.hi)
    end
    lu.assertEquals(back.note, result.note)
  end)
end

--- Regions so thin that no gap to the largest box can be proved: written as null.
function T.test_a_gap_that_is_not_known()
  local net, unknown = relucid.network { { W = { { 0, 1 } }, b = { 1 } } }, 0
  local goal = relucid.property.linear(net, { { c = { 1 } } })
  support.random("gap", function(rng)
    for _ = 1, 20 do
      local s, t, a = 2.0 ^ -math.floor(20 + 20 * rng()), 2.0 ^ math.floor(40 * rng()), 2 * rng() - 1
      local x = { rng() - 0.5, 0.75 + s * rng() }
      local slack = 2.0 ^ -math.floor(35 + 18 * rng())
      local v = t * x[1] + a * t * x[2]
      local domain = relucid.domain { lo = { -0.5, 0.75 }, hi = { 0.5, 0.75 + s }, A = { { t, a * t }, { -t, -a * t } },
                                      b = { v + slack * t, slack * t - v } }
      local result = relucid.strategy.prophecy(net, x, goal, { domain = domain, anchor = false })
      local text = result:json()
      local back = Result.decode(text)
      lu.assertEquals(back:json(), text)
      for _, kind in ipairs { "width", "volume" } do
        local box = result:box(kind)
        lu.assertEquals(back:box(kind), box)
        if box and box.gap == math.huge then unknown = unknown + 1 end
      end
    end
  end)
  lu.assertTrue(unknown > 0)
end

-- What strategies find in `net` for the goal, by name.
local function found(net, point, goal, domain, data)
  local list = {}
  for _, name in ipairs { "prophecy", "nninfer", "tight", "guarded", "free", "box", "wide", "union", "rules",
                          "portfolio" } do
    list[name] = relucid.strategy.run(name, net, point, goal, { domain = domain, data = data, timeout = 2 })
  end
  for name, options in pairs { split = { method = "split" }, exact = { method = "exact" }, over = { mode = "over" } } do
    options.domain, options.timeout = domain, 2
    list["preimage, " .. name] = relucid.strategy.preimage(net, goal, options)
  end
  return list
end

-- A region read back has the inputs that it has in memory, and but for an outer approximation only such with the goal.
function T.test_what_is_saved_is_what_was_found()
  support.random("result", function(rng)
    local layers, lo, hi = make_random.layers(rng(1, 1000000), { 3, 8, 6, 2 }), { -1, -1, -1 }, { 1, 1, 1 }
    support.with_file(nil, function(path)
      nnet_writer.write(path, layers, { comments = {}, mins = lo, maxes = hi, means = { 0, 0, 0, 0 },
                                        ranges = { 1, 1, 1, 1 } })
      local net, domain = relucid.load(path), sampling.cube(3)
      local point, rows = sampling.in_box(rng, domain.lo, domain.hi), {}
      for k = 1, 300 do rows[k] = sampling.in_box(rng, domain.lo, domain.hi) end
      local data, goal = relucid.data(rows), relucid.property.argmax(net, sampling.answer(net:eval(point)))
      local outputs, several = net:eval(data), 0
      for name, result in pairs(found(net, point, goal, domain, data)) do
        local back = Result.decode(result:json())
        lu.assertEquals(#back, #result, name)
        lu.assertEquals(back:members(data), result:members(data), name)
        for i = 1, #result do
          lu.assertEquals(back:region(i):members(data), result:region(i):members(data), name)
        end
        for _, row in ipairs(name:find "over" and {} or back:members(data)) do
          lu.assertTrue(goal:value(nil, outputs[row]) >= 0, name)
        end
        several = several + (#result > 1 and 1 or 0)
      end
      lu.assertTrue(several > 0)
    end)
  end)
end

function T.test_a_result_read_from_a_file_answers()
  support.with_file(support.NNET, function(network)
    local result = relucid.strategy.prophecy(relucid.load(network), { 0.5, -0.5 }, nil)
    support.with_file(nil, function(path)
      result:save(path)
      local back = Result.read(path)
      lu.assertTrue(back:pattern() == result:pattern())
      local data = relucid.data { { 0.5, -0.5 }, { 0.5, 0.5 }, { -1, -1 } }
      lu.assertEquals(back:members(data), { 1, 3 })
      lu.assertEquals(back:support(data), 2)
      lu.assertEquals(#back, 1)
    end, ".json")
  end, ".nnet")
end

function T.test_another_network_is_noticed()
  support.with_file(support.NNET, function(network)
    local text = relucid.strategy.prophecy(relucid.load(network), { 0.5, -0.5 }, nil):json()
    local file = assert(io.open(network, "a"))
    file:write "\n"
    file:close()
    local back = Result.decode(text)
    support.raises_with("SHA-256 is", back.pattern, back)
    support.raises_with(network, back.network, back)
  end, ".nnet")
end

function T.test_not_anchored()
  local result = characterized { anchor = false }
  lu.assertFalse(result.options.anchor)
  lu.assertAlmostEquals(result:box("width").sum, 3, 1e-6)
end

function T.test_refuses()
  local result = characterized()
  raises("box: 'height', expected width or volume", result.box, result, "height")
  raises("region 2: the result has 1", result.region, result, 2)
  local function decode(text) return function() return Result.decode(text, "r.json") end end
  raises("r.json: not a relucid result: no field 'relucid'", decode "{}")
  raises("r.json: not a relucid result: no field 'relucid'", decode "3")
  raises("r.json: not a relucid result: version 2, expected 1", decode '{"relucid": 2}')
  raises("r.json: not a relucid result: no field 'network'", decode '{"relucid": 1}')
  local function record(network, domain, more, region)
    return ('{"relucid":1,"network":{%s},"domain":{%s},"stats":{}%s,"regions":[%s]}')
      :format(network, domain, more, region)
  end
  local function region(text) return record('"file":"","sha256":""', '"lo":[0],"hi":[1]', "", text) end
  raises("r.json: not a relucid result: regions[1] has no A", decode(region "{}"))
  raises("r.json: not a relucid result: regions[1] is of kind 'ball', expected polytope, pattern or box",
         decode(region '{"kind":"ball"}'))
  raises("r.json: not a relucid result: regions[1] has no pattern", decode(region '{"kind":"pattern"}'))
  raises("r.json: not a relucid result: regions[1] has no hi", decode(region '{"kind":"box","lo":[0]}'))
  raises("r.json: not a relucid result: regions[1] is no object", decode(region '3'))
  raises("r.json: not a relucid result: network.file is no string",
         decode(record('"sha256":""', '"lo":[0],"hi":[1]', "", "")))
  raises("r.json: not a relucid result: point is no list of 1 numbers",
         decode(record('"file":"","sha256":""', '"lo":[0],"hi":[1]', ',"point":[0,1]', "")))
  raises("r.json: domain: domain is contradictory: lo[1] is 2.0, hi[1] is 1.0",
         decode(record('"file":"","sha256":""', '"lo":[2],"hi":[1]', "", "")))
  raises("r.json: regions[1]: A[1] has 2 numbers, expected 1", function()
    Result.decode(region '{"A":[[1,2]],"b":[0]}', "r.json"):region()
  end)
  support.raises_with("r.json:1:", decode "{")
  support.raises_with("/nowhere/r.json", Result.read, "/nowhere/r.json")
end

return T
