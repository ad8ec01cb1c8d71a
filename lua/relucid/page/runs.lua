--- A campaign's records as a page of HTML.
local html = require "relucid.page.html"
local statistics = require "relucid.experiment.statistics"
local tables = require "relucid.experiment.tables"

local runs = {}

local MOST = 2000 -- runs that are listed

local function counted(records, name_of)
  local rows, names, groups = {}, statistics.grouped(records, name_of)
  for k, name in ipairs(names) do rows[k] = { name, tostring(#groups[name]) } end
  return rows
end

local function run_row(record)
  return { (record.network.file:gsub("^.*/", "")), record.label or record.strategy, tostring(record.seed or ""),
           record.status, tables.number(record.log_volume), tables.number(record.literals),
           tables.number(record.support), tables.number(record.seconds) }
end

local function failures(records)
  local rows = {}
  for _, record in ipairs(records) do
    if record.status == "failed" then rows[#rows + 1] = { record.label or record.strategy, record.error or "" } end
  end
  return #rows > 0 and "<h2>Failures</h2>" .. html.table({ "strategy", "error" }, rows) or nil
end

--- The page of a campaign.
---@param records relucid.RunRecord[]
---@param options? {title: string?}
---@return string
function runs.page(records, options)
  local title = options and options.title or "Runs"
  local summary = tables.summary(statistics.distinct(records), {})
  local parts = { "<h1>" .. html.text(title) .. "</h1>",
                  '<p class="verdict">' .. html.text(("%d runs"):format(#records)) .. "</p>", "<h2>By strategy</h2>",
                  '<p class="soft">Median [first quartile, third quartile].</p>',
                  html.table(summary.header, summary.rows), "<h2>How they ended</h2>",
                  html.table({ "status", "runs" }, counted(records, function(record) return record.status end)),
                  failures(records) }
  local rows = {}
  for k = 1, math.min(#records, MOST) do rows[k] = run_row(records[k]) end
  parts[#parts + 1] = "<h2>All runs</h2>"
  parts[#parts + 1] = html.details(("%d runs"):format(#rows), html.table({ "network", "strategy", "seed", "status",
    "log-volume", "literals", "support", "seconds" }, rows))
  local hosts, versions = {}, {}
  for _, record in ipairs(records) do
    hosts[record.host or "?"], versions[record.version or "?"] = true, true
  end
  local function list(set)
    local names = {}
    for name in pairs(set) do names[#names + 1] = name end
    table.sort(names)
    return table.concat(names, ", ")
  end
  parts[#parts + 1] = "<h2>Where they come from</h2>"
  parts[#parts + 1] = html.table({ "", "" }, { { "hosts", list(hosts) }, { "versions", list(versions) } })
  return html.page(title, parts)
end

return runs
