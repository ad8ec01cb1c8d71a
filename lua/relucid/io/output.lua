--- What a command writes: standard output and standard error, where a write that fails is an error like any other.
local core = require "relucid.core"

local output = {}

--- Raise unless there is a standard output.  Of the other two standard files a closed one is replaced by /dev/null.
function output.open()
  if not core.open_standard() then error("standard output is closed", 0) end
end

--- Raise when something could not be written.
function output.check()
  local failure = core.output_failure()
  if failure then error(failure, 0) end
end

--- From now on print writes to standard error: standard output is for data alone.
function output.print_to_stderr()
  io.output(io.stderr)
  print = function(...) -- luacheck: ignore 121
    local words = table.pack(...)
    for i = 1, words.n do words[i] = tostring(words[i]) end
    io.stderr:write(table.concat(words, "\t"), "\n")
  end
end

return output
