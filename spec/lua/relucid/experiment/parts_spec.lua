local lu = require "luaunit"
local relucid = require "relucid"
local parts = require "relucid.experiment.parts"
local splitting = require "relucid.experiment.splitting"
local tasks = require "relucid.experiment.tasks"
local sampling = require "spec.sampling"
local support = require "spec.support"

local T = {}

local json = relucid.json
local NET = "examples/demo/climb.nnet"

-- A box of the demo network's inputs and "output 3 is at least output 1 plus t", or that of two such boxes.
local function property(rng, boxes)
  local text, cases = { (("(declare-const %s Real) "):rep(7)):format("X_0", "X_1", "X_2", "X_3", "Y_0", "Y_1", "Y_2") },
    {}
  for b = 1, boxes do
    local words = {}
    for i = 0, 3 do
      local lo = -0.5 + rng(0, 8) / 16
      words[#words + 1] = ("(>= X_%d %.17g) (<= X_%d %.17g)"):format(i, lo, i, lo + rng(1, 6) / 16)
    end
    cases[b] = ("(and %s (>= Y_2 (+ Y_0 %.17g)))"):format(table.concat(words, " "), rng(-20, 60) / 32)
  end
  text[2] = ("(assert (or %s))"):format(table.concat(cases, " "))
  return table.concat(text, "\n")
end

-- Through JSON, as on the way to a worker and back.
local function travelled(value) return json.decode(json.encode(value)) end

local function done(list)
  local records = {}
  for i, part in ipairs(list) do records[i] = travelled(tasks.execute(travelled(part))) end
  return records
end

local function with_problem(rng, boxes, f)
  support.with_file(property(rng, boxes), function(path)
    local net = relucid.load(NET)
    f(net, relucid.vnnlib(path, net), path)
  end, ".vnnlib")
end

T.test_boxes_cover_and_are_as_many_as_asked = sampling.each(8, function(rng, net, domain)
  local count, lo, hi = rng(1, 9), domain.lo, domain.hi
  local clauses = { { { c = { 1, -1, 0 }, d = 0 } } }
  if rng(0, 1) == 1 then hi[1] = lo[1] end
  local boxes, volume = splitting.boxes(net, clauses, lo, hi, count), 0
  lu.assertEquals(#boxes, count)
  for _, box in ipairs(boxes) do
    local product = 1
    for i = 1, #lo do
      lu.assertTrue(lo[i] <= box.lo[i] and box.lo[i] <= box.hi[i] and box.hi[i] <= hi[i])
      if hi[i] > lo[i] then product = product * (box.hi[i] - box.lo[i]) / (hi[i] - lo[i]) end
    end
    volume = volume + product
  end
  lu.assertAlmostEquals(volume, 1, 1e-9) -- and they overlap in faces only:
  for _ = 1, 200 do
    local x, inside = sampling.in_box(rng, lo, hi), 0
    for _, box in ipairs(boxes) do
      local all = true
      for i = 1, #x do all = all and box.lo[i] <= x[i] and x[i] <= box.hi[i] end
      inside = inside + (all and 1 or 0)
    end
    lu.assertTrue(inside >= 1)
  end
  lu.assertEquals(#splitting.boxes(net, clauses, lo, lo, 5), 1) -- a point has no parts
end)

function T.test_the_verdict_is_that_of_the_whole()
  support.random("parts", function(rng)
    local seen = {}
    for round = 1, 12 do
      with_problem(rng, round % 3 == 0 and 2 or 1, function(net, problem)
        local list = parts.make("verify", net, problem, rng(1, 7), { seed = 1 })
        local joined, whole = parts.join(done(list)), relucid.verify(net, problem)
        lu.assertEquals(joined.verdict, whole.verdict)
        lu.assertEquals(joined.missing, {})
        seen[joined.verdict] = true
        if joined.verdict == "sat" then
          local target, x = problem:goal(relucid.domain { lo = joined.counterexample.x, hi = joined.counterexample.x }),
            joined.counterexample.x
          lu.assertTrue(target:value(x, net:eval(x)) <= 1e-9)
        end
      end)
    end
    lu.assertTrue(seen.sat and seen.unsat)
  end)
end

function T.test_unsat_needs_every_part()
  support.random("parts", function(rng)
    local tries = 0
    repeat
      tries = tries + 1
      local unsat = false
      with_problem(rng, 1, function(net, problem)
        local list = parts.make("verify", net, problem, 4, {})
        local records = done(list)
        unsat = parts.join(records).verdict == "unsat"
        if not unsat then return end
        local missing = table.remove(records, rng(1, 4))
        local joined = parts.join(records)
        lu.assertEquals({ joined.verdict, joined.missing }, { "unknown", { missing.index } })
        local failed = travelled(missing)
        failed.status = "failed"
        records[4] = failed
        lu.assertEquals(parts.join(records).verdict, "unknown")
        records[5] = missing
        lu.assertEquals(parts.join(records).verdict, "unsat")
        -- A part that was made smaller on its way, one of another question, a counterexample that is none.
        local smaller = travelled(missing)
        smaller.boxes[1].hi[1] = smaller.boxes[1].lo[1]
        records[5], records[4] = nil, smaller
        support.raises_with("the parts are not those that were made: ", parts.join, records)
        local other = travelled(missing)
        other.whole = "f00"
        records[4] = other
        support.raises_with("parts of different questions: ", parts.join, records)
        local forged = travelled(missing)
        forged.status, forged.counterexample = "sat", { x = forged.boxes[1].lo, y = { 0, 0, 0 } }
        records[4] = forged
        support.raises(("part %d: its counterexample is none"):format(forged.index), parts.join, records)
      end)
    until unsat or tries == 50
    lu.assertTrue(tries < 50)
  end)
end

for _, mode in ipairs { "under", "over" } do
  T["test_preimages_of_parts_" .. mode] = function()
    support.random("parts", function(rng)
      for _ = 1, 2 do
        with_problem(rng, 1, function(net, problem)
          local list = parts.make("preimage", net, problem, rng(2, 4), { coverage = 0.4, mode = mode, seed = 1 })
          local result = parts.join(done(list)).result
          lu.assertEquals({ result.status, result.strategy }, { "proved", "preimage" })
          local target, domain, good, covered, both = problem:target(1), problem:domain(1), 0, 0, 0
          for _ = 1, 2000 do
            local x = sampling.in_box(rng, domain.lo, domain.hi)
            local value, inside = target:value(x, net:eval(x)), false
            for i = 1, #result do inside = inside or result:region(i):contains(x) end
            if mode == "under" and inside then lu.assertTrue(value >= -1e-9) end
            if mode == "over" and value > 1e-9 then lu.assertTrue(inside) end
            good, covered = good + (value >= 0 and 1 or 0), covered + (inside and 1 or 0)
            both = both + (value >= 0 and inside and 1 or 0)
          end
          local total = mode == "under" and good or covered
          if total > 200 then
            local _, lo, hi = require("relucid.sample").share(both, total, 4.5)
            lu.assertTrue(result.coverage.hi >= lo and result.coverage.lo <= hi)
          end
          lu.assertEquals(#relucid.result.decode(result:json()), #result)
        end)
      end
    end)
  end
end

function T.test_the_command()
  local command = (os.getenv "RELUCID_BUILD" or "build") .. "/relucid"
  support.with_file(nil, function(path)
    os.execute(("%s verify %s examples/demo/below.vnnlib --split 3 | %s worker > %s"):format(command, NET, command,
                                                                                           path))
    local status, output = support.command("merge", path)
    lu.assertEquals({ status, output }, { 0, "unsat\n" })
    local text = support.read(path)
    local file = assert(io.open(path, "w"))
    file:write((text:gsub("[^\n]*\n", "", 1)))
    file:close()
    local errors
    status, output, errors = support.command("merge", path)
    lu.assertEquals({ status, output, errors }, { 3, "unknown\n", "relucid: parts without an answer: 1\n" })
    local json_path = path .. ".json"
    os.execute(("%s preimage %s examples/demo/below.vnnlib --split 2 | %s worker > %s"):format(command, NET, command,
                                                                                             path))
    status, output = support.command("merge", path, "--json", json_path)
    lu.assertEquals(status, 0)
    lu.assertStrContains(output, "verdict    proved")
    lu.assertEquals(relucid.result.read(json_path).strategy, "preimage")
    os.remove(json_path)
    status, output, errors = support.command("verify", NET, "examples/demo/below.vnnlib", "--split", "0")
    lu.assertEquals(output, "")
    lu.assertEquals(status, 2)
    lu.assertStrContains(errors, "--split: '0' is not an integer of at least 1")
  end)
end

return T
