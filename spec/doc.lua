-- Writes build/doc: the guide and the reference as HTML, relucid.md (the reference as Markdown), the man page
-- relucid.1 and completion for bash.  Fails when a public function has no comment.
local file = require "relucid.io.file"
local html = require "relucid.page.html"
local command_line = require "spec.doc.command_line"
local markdown = require "spec.doc.markdown"
local reference = require "spec.doc.reference"
local source = require "spec.doc.source"

local GUIDE, OUT = "examples/guide", arg and arg[1] or (os.getenv "RELUCID_BUILD" or "build") .. "/doc"

-- A link of a guide's page: other pages are here, files of the checkout two directories up.
local function link(target)
  local path, anchor = target:match "^([^#]*)(.*)$"
  if path == "" or path:match "^%a+:" then return target end
  local page = path:match "^([%w-]+)%.md$"
  if page then return (page == "README" and "index" or page) .. ".html" .. anchor end
  local place = GUIDE .. "/" .. path
  while place:find "[^/]+/%.%./" do place = place:gsub("[^/]+/%.%./", "", 1) end
  return "../../" .. place .. anchor
end

local NAVIGATION = '<p class="soft"><a href="index.html">Guide</a> | <a href="reference.html">Reference</a> | '
  .. '<a href="internals.html">Inside the library</a></p>'

local STYLE = "p img { max-width: 100%; } td, th { white-space: normal; vertical-align: top; } "
  .. "h3 { font-family: ui-monospace, monospace; }"

local function write_page(name, text, contents)
  local body, title, headings = markdown.html(text, link)
  local list = {}
  for _, heading in ipairs(contents and headings or {}) do
    if heading.level == 2 then
      list[#list + 1] = ('<li><a href="#%s">%s</a></li>'):format(heading.slug, html.text(heading.text))
    end
  end
  local index = #list > 0 and "<ul>" .. table.concat(list) .. "</ul>" or ""
  file.write(("%s/%s.html"):format(OUT, name), html.page("relucid: " .. title, { NAVIGATION, index, body }, STYLE))
end

-- Functions that others can reach have a comment each; those of helpers inside a module need none.
local function undocumented(modules)
  local list = {}
  for _, module in ipairs(modules) do
    for _, entry in ipairs(module.entries) do
      local reached = entry.root == module.returned or entry.root == "core"
      if reached and #entry.text == 0 and #entry.tags == 0 and not module.name:match "^relucid%.command%." then
        list[#list + 1] = ("%s: %s has no comment"):format(module.path, entry.name)
      end
    end
  end
  return list
end

os.execute(("mkdir -p '%s'"):format(OUT))
local modules = source.modules()
for _, path in ipairs(source.files(GUIDE, ".md")) do
  local page = path:match "([^/]*)%.md$"
  write_page(page == "README" and "index" or page, file.read(path))
end
local public = reference.public(modules)
write_page("reference", public, true)
write_page("internals", reference.internal(modules), true)
file.write(OUT .. "/relucid.md", public)
file.write(OUT .. "/relucid.1", command_line.man())
file.write(OUT .. "/relucid.bash", command_line.completion())
print(OUT .. "/index.html")

local missing = undocumented(modules)
for _, line in ipairs(missing) do print(line) end
os.exit(#missing == 0)
