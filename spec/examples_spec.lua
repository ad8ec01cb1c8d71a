-- The examples of strategies run, and print what they promise.
local lu = require "luaunit"
local lfs = require "lfs"
local support = require "spec.support"

local T = {}

local EXPECTED = {
  box = { "proved", "x1 hi  1000.0000  edge", "counterexample at" },
  free = { "the pattern is minimal", "of 3000 recorded encounters obey it" },
  guarded = { "nninfer", "guarded", "literals" },
  halving = {}, -- returns what `define` returns
  heuristic = { "proved", "literals" },
  own = { "halving\tproved" },
  portfolio = { "best: " },
  rules = { "domain implies rule: proved", "rule implies goal: proved" },
  tight = { "epsilon 1e-05", "contained: true" },
  union = { "regions cover", "proved" },
  wide = { "prophecy", "wide", "encounters" },
}

function T.test_they_run()
  local seen = 0
  for name in lfs.dir "examples/strategies" do
    local word = name:match "^(%w+)%.lua$"
    if word then
      seen = seen + 1
      lu.assertNotNil(EXPECTED[word], name .. " is not in this spec")
      local status, output, errors = support.lua(("dofile 'examples/strategies/%s'"):format(name))
      lu.assertEquals(status, 0, errors)
      for _, text in ipairs(EXPECTED[word]) do lu.assertStrContains(output, text) end
    end
  end
  lu.assertEquals(seen, 11)
end

function T.test_a_heuristic_takes_few_lines()
  local count = 0
  for line in io.lines "examples/strategies/heuristic.lua" do
    if not line:match "^%s*%-%-" and line:match "%S" then count = count + 1 end
  end
  lu.assertTrue(count < 40)
end

return T
