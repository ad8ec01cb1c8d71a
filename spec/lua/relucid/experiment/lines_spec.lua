local lu = require "luaunit"
local lines = require "relucid.experiment.lines"
local support = require "spec.support"

local T = {}

-- What a file with this content holds when it is opened to add a record; its text after that.
local function opened(content)
  local records, text
  support.with_file(content, function(path)
    local file = lines.open(path, "key")
    records = file.records
    file:add '{"key": "new"}'
    file:close()
    text = support.read(path)
    lu.assertEquals(#lines.read(path, "key"), #records + 1)
  end)
  return records, text
end

function T.test_any_beginning_of_a_file_is_mended()
  local whole = '{"key": "a", "x": 1}\n{"key": "b", "x": [0.5, "y"]}\n'
  for length = 0, #whole do
    local records, text = opened(whole:sub(1, length))
    -- A record counts when all of it is there, its newline apart.
    local expected = (length >= 20 and 1 or 0) + (length >= #whole - 1 and 1 or 0)
    lu.assertEquals(#records, expected, length)
    lu.assertEquals(text:sub(-15), '{"key": "new"}\n')
    for line in text:gmatch "[^\n]+" do lu.assertTrue(line:match "^{.*}$" ~= nil or not line:match "%S", line) end
  end
end

function T.test_a_reader_leaves_out_what_is_being_written()
  support.with_file('{"key": "a"}\n{"key": "b"', function(path) lu.assertEquals(#lines.read(path, "key"), 1) end)
  support.with_file('{"key": "a"}\n{"key": "b"}', function(path) lu.assertEquals(#lines.read(path, "key"), 2) end)
end

function T.test_says_which_line_is_wrong()
  support.with_file('{"key": 1}\n\n{"other": 2}\n', function(path)
    support.raises(path .. ":3: no field 'key'", lines.read, path, "key")
    support.raises(path .. ":3: no field 'key'", lines.open, path, "key")
  end)
  support.with_file('{"key": 1}\nnonsense\n{"key": 2}\n', function(path)
    support.raises_with(path .. ":2: column 8: invalid token", lines.read, path, "key")
  end)
end

function T.test_one_process_at_a_time()
  support.with_file("", function(path)
    local file <close> = lines.open(path, "key")
    local status, _, errors = support.lua(("require('relucid.experiment.lines').open(%q, 'key')"):format(path))
    lu.assertEquals(status, 1)
    lu.assertStrContains(errors, path .. ": another process is adding to it")
    file:add '{"key": 1}'
  end)
  support.raises("/: Is a directory", lines.open, "/", "key")
  support.raises_with("no/such/file", lines.open, "no/such/file", "key")
end

return T
