-- README.md: its blocks run, its first screen is what the command prints, its links lead somewhere.
local lu = require "luaunit"
local lfs = require "lfs"
local blocks = require "spec.blocks"
local support = require "spec.support"

local T = {}

function T.test_blocks_run()
  local output, count = blocks.run_all "README.md"
  lu.assertTrue(count >= 3)
  lu.assertStrContains(output, "verdict    proved: the goal is proved on the region")
end

function T.test_first_answer() blocks.check_output("README.md", 1) end

function T.test_links()
  for _, path in ipairs(blocks.links "README.md") do lu.assertNotNil(lfs.attributes(path), path) end
end

-- A visitor's page: what is longer goes to the guide.
function T.test_length()
  local _, lines = support.read("README.md"):gsub("\n", "")
  lu.assertTrue(lines < 200, lines .. " lines")
end

return T
