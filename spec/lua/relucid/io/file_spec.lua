local lu = require "luaunit"
local file = require "relucid.io.file"
local support = require "spec.support"

local T = {}

function T.test_write_and_read()
  support.with_file("old", function(path)
    file.write(path, "new\0text")
    lu.assertEquals(file.read(path), "new\0text")
    lu.assertFalse(file.exists(path .. ".part"))
  end)
end

function T.test_nothing_half_written()
  support.with_file("old", function(path)
    support.raises("no", file.replace, path, function(temporary)
      local handle = assert(io.open(temporary, "w"))
      handle:write "half"
      handle:close()
      error("no", 0)
    end)
    lu.assertEquals(file.read(path), "old")
    lu.assertFalse(file.exists(path .. ".part"))
  end)
end

function T.test_messages_name_the_file()
  support.raises("/nowhere/x: No such file or directory", file.read, "/nowhere/x")
  support.raises("/nowhere/x.part: No such file or directory", file.write, "/nowhere/x", "")
  support.raises_with("/: Is a directory", file.read, "/")
end

return T
