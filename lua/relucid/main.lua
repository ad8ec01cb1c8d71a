#!/usr/bin/env lua5.4
-- The command `relucid`; see relucid.cli.
local ok, status = pcall(function() return require("relucid.cli").main(arg) end)
if not ok then -- while the modules were loaded: one is missing, or Ctrl-C
  local interrupted = tostring(status):match "interrupted!$"
  io.stderr:write("relucid: ", interrupted and "interrupted" or tostring(status), "\n")
  status = interrupted and 3 or 2
end
os.exit(status, true)
