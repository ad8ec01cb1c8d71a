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
  support.raises("/: Is a directory", file.write, "/", "")
  support.raises("path: string expected, got nil", file.write, nil, "")
  support.raises("path: string expected, got table", file.read, {})
end

function T.test_check_writable()
  support.with_file("old", function(path)
    file.check_writable(path)
    lu.assertEquals(file.read(path), "old")
    lu.assertFalse(file.exists(path .. ".part"))
    os.remove(path)
    file.check_writable(path)
    lu.assertFalse(file.exists(path))
  end)
  support.raises("/nowhere/x.part: No such file or directory", file.check_writable, "/nowhere/x")
  support.raises("/: Is a directory", file.check_writable, "/")
end

-- A device stays one: it is written to, not replaced.
function T.test_devices()
  file.check_writable "/dev/null"
  file.write("/dev/null", "text")
  lu.assertEquals(require("relucid.core").file_kind "/dev/null", "other")
  lu.assertFalse(file.exists "/dev/null.part")
  local _, output = support.lua 'require("relucid.io.file").write("/dev/stdout", "text")'
  lu.assertEquals(output, "text")
  if require("relucid.core").file_kind "/dev/full" ~= "other" then return end
  support.raises("/dev/full: No space left on device", file.write, "/dev/full", ("x"):rep(100000))
end

return T
