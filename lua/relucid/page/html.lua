--- Pieces of HTML, and one page of it that needs nothing else: no file, no server, no script.
local html = {}

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

--- A text as HTML.
---@param text any
---@return string
function html.text(text) return (tostring(text):gsub("[&<>\"']", ESCAPES)) end

--- A table; the cells of columns whose words are numbers stand to the right.
---@param header string[]
---@param rows string[][]
---@param caption? string
---@return string
function html.table(header, rows, caption)
  local out = { '<div class="scroll"><table>' }
  if caption then out[#out + 1] = "<caption>" .. html.text(caption) .. "</caption>" end
  local function row(cells, tag)
    local texts = {}
    for k, cell in ipairs(cells) do
      local class = tag == "td" and tostring(cell):match "^[<>]? ?%-?%d" and ' class="number"' or ""
      texts[k] = ("<%s%s>%s</%s>"):format(tag, class, html.text(cell), tag)
    end
    return "<tr>" .. table.concat(texts) .. "</tr>"
  end
  out[#out + 1] = "<thead>" .. row(header, "th") .. "</thead><tbody>"
  for _, cells in ipairs(rows) do out[#out + 1] = row(cells, "td") end
  out[#out + 1] = "</tbody></table></div>"
  return table.concat(out, "\n")
end

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

--- RFC 4648.
---@param bytes string
---@return string
function html.base64(bytes)
  local out = {}
  for k = 1, #bytes, 3 do
    local a, b, c = bytes:byte(k, k + 2)
    local word = a << 16 | (b or 0) << 8 | (c or 0)
    for shift = 18, 0, -6 do
      local place = (word >> shift & 63) + 1
      out[#out + 1] = ALPHABET:sub(place, place)
    end
    if not b then out[#out - 1] = "=" end
    if not c then out[#out] = "=" end
  end
  return table.concat(out)
end

--- A picture inside the page.
---@param svg string
---@param caption string
---@param class "drawn"|"photo"  the colours of a photo mean something: they stay as they are in the dark
---@return string
function html.figure(svg, caption, class)
  return ('<figure class="%s"><img src="data:image/svg+xml;base64,%s" alt="%s"><figcaption>%s</figcaption></figure>')
    :format(class, html.base64(svg), html.text(caption), html.text(caption))
end

--- Something to be opened by the reader.
---@param summary string
---@param content string  HTML
---@return string
function html.details(summary, content)
  return ("<details><summary>%s</summary>%s</details>"):format(html.text(summary), content)
end

-- Drawings have a white ground: in the dark they are turned, hues kept.
local STYLE = [[
:root { color-scheme: light dark; --ink: #1b1b1f; --ground: #ffffff; --soft: #f3f4f7; --line: #d5d7de;
        --mark: #0a5fb4; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6ea; --ground: #17181c; --soft: #22242a; --line: #3c3f48; --mark: #7db8f5; }
  figure.drawn img { filter: invert(0.91) hue-rotate(180deg); }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 62rem; color: var(--ink); background: var(--ground);
       font: 1rem/1.55 system-ui, "Liberation Sans", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0.5rem 0; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.6rem; padding-top: 0.6rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 0.4rem; }
p, li { max-width: 46rem; }
a { color: var(--mark); }
.verdict { font-size: 1.15rem; padding: 0.8rem 1rem; background: var(--soft); border-left: 4px solid var(--mark); }
.soft { opacity: 0.75; font-size: 0.9rem; }
.scroll { overflow-x: auto; margin: 0.6rem 0; }
table { border-collapse: collapse; font-size: 0.92rem; }
caption { text-align: left; opacity: 0.75; padding-bottom: 0.3rem; }
th, td { padding: 0.3rem 0.8rem 0.3rem 0; text-align: left; border-bottom: 1px solid var(--line);
         white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
pre, code { font: 0.88rem/1.45 ui-monospace, "Liberation Mono", monospace; }
pre { background: var(--soft); padding: 0.8rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
figure { margin: 1rem 0; overflow-x: auto; }
figure img { display: block; width: 100%; min-width: 36rem; max-width: 56rem; height: auto; }
figcaption { opacity: 0.75; font-size: 0.9rem; }
details { margin: 0.6rem 0; }
summary { cursor: pointer; color: var(--mark); }
@media print {
  :root { --ink: #000; --ground: #fff; --soft: #f4f4f4; --line: #bbb; --mark: #000; }
  body { max-width: none; font-size: 10pt; }
  figure, table, pre { break-inside: avoid; }
  figure.drawn img { filter: none; }
  figure img { min-width: 0; max-width: 16cm; }
}
]]

--- A whole page.
---@param title string
---@param parts string[]  HTML
---@param style? string   more CSS
---@return string
function html.page(title, parts, style)
  return table.concat({
    '<!DOCTYPE html>', '<html lang="en">', "<head>", '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<link rel="icon" href="data:,">',
    "<title>" .. html.text(title) .. "</title>", "<style>" .. STYLE .. (style or "") .. "</style>", "</head>", "<body>",
    table.concat(parts, "\n"), "</body>", "</html>", "" }, "\n")
end

return html
