--- One status line on the terminal, rewritten in place.  Silent where stderr is not a terminal.
local core = require "relucid.core"

---@class relucid.Progress
local Progress = {}
Progress.__index = Progress

local INTERVAL = 0.2 -- seconds between two rewrites

---@param enabled? boolean  default: stderr is a terminal
---@return relucid.Progress
function Progress.new(enabled)
  if enabled == nil then enabled = core.on_terminal() end
  return setmetatable({ enabled = enabled, last = -math.huge, width = 0 }, Progress)
end

--- Show a line, unless another was shown a moment ago.
---@param text string
function Progress:show(text)
  if not self.enabled or core.now() - self.last < INTERVAL then return end
  self.last = core.now()
  io.stderr:write("\r", text, (" "):rep(self.width - #text))
  io.stderr:flush()
  self.width = #text
end

--- Remove the line.
function Progress:clear()
  if self.width > 0 then io.stderr:write("\r", (" "):rep(self.width), "\r") end
  self.width = 0
end

return Progress
