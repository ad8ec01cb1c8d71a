--- Tables of words as text, CSV, Markdown or LaTeX.
local tabular = {}

---@class relucid.Table
---@field header string[]
---@field rows string[][]

--- Names of the formats.
tabular.names = { "text", "csv", "markdown", "latex" }

local formats = {}

-- Columns in line, numbers to the right.
function formats.text(table_)
  local width, right = {}, {}
  for _, row in ipairs { table_.header, table.unpack(table_.rows) } do
    for i, word in ipairs(row) do width[i] = math.max(width[i] or 0, utf8.len(word) or #word) end
  end
  for i in ipairs(table_.header) do
    right[i] = #table_.rows > 0
    for _, row in ipairs(table_.rows) do right[i] = right[i] and row[i]:match "^[%-%d]?" == row[i]:sub(1, 1) end
  end
  local lines = {}
  for _, row in ipairs { table_.header, table.unpack(table_.rows) } do
    local words = {}
    for i, word in ipairs(row) do
      local space = (" "):rep(width[i] - (utf8.len(word) or #word))
      words[i] = right[i] and space .. word or word .. space
    end
    lines[#lines + 1] = (table.concat(words, "  "):gsub("%s+$", ""))
  end
  return table.concat(lines, "\n")
end

-- RFC 4180.
function formats.csv(table_)
  local lines = {}
  for _, row in ipairs { table_.header, table.unpack(table_.rows) } do
    local words = {}
    for i, word in ipairs(row) do
      words[i] = word:find '[,"\n]' and '"' .. word:gsub('"', '""') .. '"' or word
    end
    lines[#lines + 1] = table.concat(words, ",")
  end
  return table.concat(lines, "\n")
end

function formats.markdown(table_)
  local function line(row)
    local words = {}
    for i, word in ipairs(row) do words[i] = word:gsub("|", "\\|") end
    return "| " .. table.concat(words, " | ") .. " |"
  end
  local lines = { line(table_.header), "|" .. ("---|"):rep(#table_.header) }
  for _, row in ipairs(table_.rows) do lines[#lines + 1] = line(row) end
  return table.concat(lines, "\n")
end

local LATEX = { ["\\"] = "\\textbackslash{}", ["^"] = "\\textasciicircum{}", ["~"] = "\\textasciitilde{}" }

local function latex_word(word)
  return (word:gsub("[\\%^~&%%$#_{}]", function(c) return LATEX[c] or "\\" .. c end))
end

-- With booktabs.
function formats.latex(table_)
  local function line(row)
    local words = {}
    for i, word in ipairs(row) do words[i] = latex_word(word) end
    return table.concat(words, " & ") .. " \\\\"
  end
  local lines = { ("\\begin{tabular}{l%s}"):format(("r"):rep(#table_.header - 1)), "\\toprule", line(table_.header),
                  "\\midrule" }
  for _, row in ipairs(table_.rows) do lines[#lines + 1] = line(row) end
  lines[#lines + 1], lines[#lines + 2] = "\\bottomrule", "\\end{tabular}"
  return table.concat(lines, "\n")
end

--- The table as text in a format.
---@param table_ relucid.Table
---@param format string  one of tabular.names
---@return string
function tabular.format(table_, format)
  local write = formats[format]
  if not write then
    error(("format: is %s, expected one of %s"):format(tostring(format), table.concat(tabular.names, ", ")), 0)
  end
  return write(table_)
end

return tabular
