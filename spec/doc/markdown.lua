-- The Markdown of the guide and the reference as HTML: headings, paragraphs, lists, tables, code, links.
local html = require "relucid.page.html"

local markdown = {}

--- The anchor of a heading, as GitHub makes it.
---@param text string
---@return string
function markdown.slug(text)
  return (text:lower():gsub("[^%w%s_-]", ""):gsub("%s", "-"))
end

-- `code` is set aside, as nothing in it is marked up.
local function inline(text, link)
  local codes = {}
  text = text:gsub("`([^`]+)`", function(code)
    codes[#codes + 1] = "<code>" .. html.text(code) .. "</code>"
    return "\0" .. #codes .. "\0"
  end)
  text = html.text(text)
  text = text:gsub("!%[([^%]]*)%]%(([^)%s]+)%)", function(label, target)
    return ('<img src="%s" alt="%s">'):format(link(target), label)
  end)
  text = text:gsub("%[([^%]]+)%]%(([^)%s]+)%)", function(label, target)
    return ('<a href="%s">%s</a>'):format(link(target), label)
  end)
  text = text:gsub("%*%*([^*]+)%*%*", "<strong>%1</strong>"):gsub("%f[%w*]%*([^*]+)%*", "<em>%1</em>")
  return (text:gsub("\0(%d+)\0", function(k) return codes[tonumber(k)] end))
end

local function cells_of(line)
  local cells = {}
  line = line:gsub("\\|", "\1"):match "^|(.*)|%s*$"
  for cell in (line .. "|"):gmatch "([^|]*)|" do cells[#cells + 1] = (cell:match "^%s*(.-)%s*$":gsub("\1", "|")) end
  return cells
end

local function table_html(lines, link)
  local out = { '<div class="scroll"><table>' }
  for k, line in ipairs(lines) do
    if k ~= 2 then
      local tag, texts = k == 1 and "th" or "td", {}
      for c, cell in ipairs(cells_of(line)) do texts[c] = ("<%s>%s</%s>"):format(tag, inline(cell, link), tag) end
      out[#out + 1] = "<tr>" .. table.concat(texts) .. "</tr>"
    end
  end
  out[#out + 1] = "</table></div>"
  return table.concat(out, "\n")
end

local function list_html(lines, link)
  local items = {}
  for _, line in ipairs(lines) do
    local text = line:match "^%- (.*)$"
    if text then items[#items + 1] = text else items[#items] = items[#items] .. " " .. line:match "^%s*(.*)$" end
  end
  for k, item in ipairs(items) do items[k] = "<li>" .. inline(item, link) .. "</li>" end
  return "<ul>" .. table.concat(items, "\n") .. "</ul>"
end

--- The HTML of a text.
---@param text string
---@param link? fun(target: string): string  what a link's target becomes
---@return string html
---@return string title   of the first heading
---@return {level: integer, text: string, slug: string}[] headings
function markdown.html(text, link)
  link = link or function(target) return target end
  local lines, out, headings, k = {}, {}, {}, 1
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  -- The lines from k on for which f holds.
  local function take(f)
    local block = {}
    while lines[k] and f(lines[k]) do
      block[#block + 1] = lines[k]
      k = k + 1
    end
    return block
  end
  local function starts(line)
    return line:match "^#+ " or line:match "^```" or line:match "^|" or line:match "^%- " or not line:match "%S"
  end
  while lines[k] do
    local line = lines[k]
    local marks, heading = line:match "^(#+) (.*)$"
    if marks then
      local slug = markdown.slug(heading)
      headings[#headings + 1] = { level = #marks, text = heading, slug = slug }
      out[#out + 1] = ('<h%d id="%s">%s</h%d>'):format(#marks, slug, inline(heading, link), #marks)
      k = k + 1
    elseif line:match "^```" then
      k = k + 1
      local block = take(function(l) return not l:match "^```" end)
      k = k + 1
      out[#out + 1] = "<pre>" .. html.text(table.concat(block, "\n")) .. "</pre>"
    elseif line:match "^    %s*%S" then
      local block = take(function(l) return l:match "^    " end)
      for b, l in ipairs(block) do block[b] = l:sub(5) end
      out[#out + 1] = "<pre>" .. html.text(table.concat(block, "\n")) .. "</pre>"
    elseif line:match "^|" then
      out[#out + 1] = table_html(take(function(l) return l:match "^|" end), link)
    elseif line:match "^%- " then
      out[#out + 1] = list_html(take(function(l) return l:match "^%- " or l:match "^%s+%S" end), link)
    elseif not line:match "%S" then
      k = k + 1
    else
      local block = { line }
      k = k + 1
      table.move(take(function(l) return not starts(l) end), 1, 1000, 2, block)
      out[#out + 1] = "<p>" .. inline(table.concat(block, " "), link) .. "</p>"
    end
  end
  return table.concat(out, "\n"), headings[1] and headings[1].text or "", headings
end

return markdown
