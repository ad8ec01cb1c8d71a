-- examples/guide: the blocks of every page run, its links lead somewhere, and its index has it.
local lu = require "luaunit"
local lfs = require "lfs"
local blocks = require "spec.blocks"
local support = require "spec.support"

local T = {}

local GUIDE = "examples/guide"

local pages = {}
for name in lfs.dir(GUIDE) do
  if name:match "%.md$" then pages[#pages + 1] = name end
end
table.sort(pages)

-- What the blocks of some pages must print.
local EXPECTED = {
  ["first-region.md"] = { "proved: the goal is proved on the region", "by volume" },
  ["reading-a-result.md"] = { "points in examples/demo/encounters.csv", "proved" },
  ["experiments.md"] = { "15 runs, 0 of them done before", "halving steps=6", "log_volume against prophecy",
                         "15 runs from 2 files, 0 doubled" },
  ["heuristic.md"] = { "halving\tproved", "2\t2\t4\ttrue\ttrue", "true\tproved" },
  ["command.md"] = { "points covered" },
  ["c-api.md"] = { "output 1 is the largest: proved" },
}

-- Why the blocks of some pages do not run under the sanitizers, which every program started then has loaded.
local FOREIGN = {
  ["c-api.md"] = "the library is built for the sanitizers",
  ["experiments.md"] = "split is not for the sanitizers",
  ["pictures.md"] = "gnuplot has leaks of its own",
}

for _, page in ipairs(pages) do
  T["test_" .. page] = function()
    if FOREIGN[page] and os.getenv "LD_PRELOAD" then lu.skip(FOREIGN[page]) end
    local output = blocks.run_all(GUIDE .. "/" .. page)
    for _, text in ipairs(EXPECTED[page] or {}) do lu.assertStrContains(output, text) end
  end
end

function T.test_links()
  for _, page in ipairs(pages) do
    for _, path in ipairs(blocks.links(GUIDE .. "/" .. page)) do
      lu.assertNotNil(lfs.attributes(path), page .. ": " .. path)
    end
  end
end

function T.test_the_index_has_every_page()
  local index = support.read(GUIDE .. "/README.md")
  for _, page in ipairs(pages) do
    if page ~= "README.md" then lu.assertStrContains(index, "(" .. page .. ")") end
  end
end

-- The verdicts; which counterexample is found depends on the search.
function T.test_verdicts_of_the_command()
  local number = "%-?[%d.e+-]+"
  local pattern = "unsat\nsat\n%(%(X_0 N%)\n %(X_1 N%)\n %(X_2 N%)\n %(X_3 N%)\n %(Y_0 N%)\n %(Y_1 N%)\n "
    .. "%(Y_2 N%)%)\nstatus 1\n"
  pattern = ".*" .. pattern:gsub("N", (number:gsub("%%", "%%%%"))) .. ".*"
  lu.assertStrMatches(blocks.run_all(GUIDE .. "/command.md"), pattern)
  lu.assertStrMatches(support.read(GUIDE .. "/command.md"), pattern)
end

return T
