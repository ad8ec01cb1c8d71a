--- What text files of all kinds have in common: marks in front, characters that one does not see.
local text = {}

local MARKS = {
  { "\xff\xfe\0\0", "UTF-32" }, { "\0\0\xfe\xff", "UTF-32" }, { "\xff\xfe", "UTF-16" }, { "\xfe\xff", "UTF-16" },
}

--- The text without a byte order mark; raises for other encodings than UTF-8.
---@param bytes string
---@param path string  for messages
---@return string
function text.plain(bytes, path)
  if bytes:sub(1, 3) == "\xef\xbb\xbf" then return bytes:sub(4) end
  for _, mark in ipairs(MARKS) do
    if bytes:sub(1, #mark[1]) == mark[1] then
      error(("%s: is %s text, expected UTF-8 or ASCII: save it so"):format(path, mark[2]), 0)
    end
  end
  return bytes
end

--- The number that a word is: decimal, with sign, point and exponent; nil for others, such as 0x10 and nan.
---@param word string
---@return number|nil
function text.number(word)
  local mantissa, exponent = word:match "^[+-]?([%d.]+)([eE]?[+-]?%d*)$"
  if not mantissa or not (mantissa:match "^%d+%.?%d*$" or mantissa:match "^%.%d+$") then return nil end
  if exponent ~= "" and not exponent:match "^[eE][+-]?%d+$" then return nil end
  return tonumber(word)
end

-- Characters that look like a blank or like nothing.
local INVISIBLE = {
  ["\xc2\xa0"] = "U+00A0", ["\xc2\xad"] = "U+00AD", ["\xe2\x80\x8b"] = "U+200B", ["\xe2\x80\x8c"] = "U+200C",
  ["\xe2\x80\x8d"] = "U+200D", ["\xe2\x80\x8e"] = "U+200E", ["\xe2\x80\x8f"] = "U+200F", ["\xe2\x80\xa8"] = "U+2028",
  ["\xe2\x80\xa9"] = "U+2029", ["\xe2\x80\xaf"] = "U+202F", ["\xe2\x81\xa0"] = "U+2060", ["\xe3\x80\x80"] = "U+3000",
  ["\xef\xbb\xbf"] = "U+FEFF", ["\xe2\x88\x92"] = "U+2212",
}

--- A word for a message: invisible characters by their number, control characters as question marks.
---@param word string
---@return string
function text.visible(word)
  word = word:gsub("[\xc2-\xf4][\x80-\xbf]+", function(character)
    local code = INVISIBLE[character]
    return code and "<" .. code .. ">"
  end)
  return (word:gsub("%c", "?"))
end

return text
