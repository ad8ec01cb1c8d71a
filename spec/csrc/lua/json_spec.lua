local lu = require "luaunit"
local json = require "relucid".json
local support = require "spec.support"
local raises = support.raises

local T = {}

function T.test_doubles_read_back_the_same()
  support.random("json", function(rng)
    local list = { 0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, 1e22, 123456789012345678.0, 30.0 }
    for _ = 1, 1000 do
      local value = string.unpack("d", string.pack("I4I4", rng(0, 4294967295), rng(0, 4294967295)))
      if value == value and math.abs(value) ~= math.huge then list[#list + 1] = value end
    end
    local back = json.decode(json.encode(list))
    for i, value in ipairs(list) do
      lu.assertEquals(string.pack("d", back[i]), string.pack("d", value))
      lu.assertEquals(math.type(back[i]), "float")
    end
  end)
end

function T.test_shapes()
  lu.assertEquals(json.encode { 1, 2.5, true, "x", json.null }, '[1, 2.5, true, "x", null]')
  lu.assertEquals(json.encode {}, "[]")
  lu.assertEquals(json.encode(json.object {}), "{}")
  lu.assertEquals(json.encode(json.array {}), "[]")
  lu.assertEquals(json.encode { b = 1, a = {}, c = json.object {} }, '{"a": [], "b": 1, "c": {}}')
  lu.assertEquals(json.encode(json.object({ b = 1, a = 2, z = 3, y = 4 }, { "z", "none", "b" })),
                  '{"z": 3, "b": 1, "a": 2, "y": 4}')
  lu.assertEquals(json.encode "\u{e4}\n\0", '"\u{e4}\\n\\u0000"')
end

function T.test_decoded_values_encode_the_same()
  local object = '{"z": {"b": 1, "a": [1.5]}, "a": null}'
  for _, text in ipairs { "[]", "{}", "[[], {}, null]", object, '"x"', "1", "true" } do
    lu.assertEquals(json.encode(json.decode(text)), text)
  end
end

function T.test_null()
  lu.assertEquals(tostring(json.null), "null")
  lu.assertEquals(json.decode "null", json.null)
  lu.assertEquals(require "relucid".null, json.null)
end

function T.test_decode_errors_name_file_and_place()
  raises("f.json:2:3: invalid token near 'x'", json.decode, "[1\n, x", "f.json")
  support.raises_with("json:1:", json.decode, "")
  support.raises_with("duplicate object key", json.decode, '{"a": 1, "a": 2}')
  support.raises_with("near end of file", json.decode, "{")
  support.raises_with("real number overflow", json.decode, "[1e999]")
end

function T.test_encode_refuses()
  local cycle = {}
  cycle[1] = cycle
  raises("json: value.a[2] is not a finite number", json.encode, { a = { 1, 0 / 0 } })
  raises("json: value is not a finite number", json.encode, math.huge)
  raises("json: value.f is a function", json.encode, { f = print })
  raises("json: value[1] mixes a list with other keys", json.encode, { { 1, x = 2 } })
  raises("json: value is a list with holes", json.encode, json.array { [3] = 1 })
  raises("json: value has a key that is not a string", json.encode, { [true] = 1 })
  raises("json: value is not UTF-8", json.encode, "\xff")
  raises("json: key '\xff' is not UTF-8, or out of memory", json.encode, { ["\xff"] = 1 })
  raises("json: value is nested more than 200 deep", json.encode, cycle)
end

return T
