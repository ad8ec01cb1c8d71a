--- A strategy of one's own: the widest box around the point that halving its radius finds, cut by nothing.  What is
--- claimed is proved by the library; hooks, time limits, options and statistics come with it.
---
---     relucid characterize examples/demo/climb.nnet --raw --point 500,0,0,15 --option steps=6 \
---       --strategy examples/strategies/halving.lua
local relucid = require "relucid"

-- The box around x that reaches to a share of the way to each of the domain's faces.
local function shrunk(domain, x, share)
  local lo, hi = domain.lo, domain.hi
  for i = 1, #x do lo[i], hi[i] = x[i] + share * (lo[i] - x[i]), x[i] + share * (hi[i] - x[i]) end
  return { lo = lo, hi = hi }
end

return relucid.strategy.define("halving", {
  summary = "the first proved of boxes around the point, each half as wide as the one before",
  options = { steps = { default = 10, type = "number", help = "boxes to try" } },
  run = function(task)
    local share = 1
    for step = 1, task.own.steps do
      task.text = ("box %d"):format(step)
      local box = shrunk(task.domain, task.point, share)
      local verdict, _, region = task:prove { box = box }
      if verdict == "proved" then
        task:note("share %g of the way to the domain's faces", share)
        return task:claim { region = region }
      end
      share = share / 2
    end
  end,
})
