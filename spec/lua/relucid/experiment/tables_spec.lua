local lu = require "luaunit"
local merge = require "relucid.experiment.merge"
local statistics = require "relucid.experiment.statistics"
local tables = require "relucid.experiment.tables"
local tabular = require "relucid.io.tabular"
local support = require "spec.support"

local T = {}

-- Records of two strategies on `count` points.
local function campaign(rng, count)
  local records = {}
  for i = 1, count do
    for k, label in ipairs { "one", "two" } do
      local proved = rng() < 0.8
      records[#records + 1] = { key = label .. i, index = 2 * i + k - 2, of = 2 * count, label = label,
        strategy = label,
        network = { file = "a/net.nnet", sha256 = "s", raw = false }, point = { i, 0.5 }, goal = "argmax", seed = 1,
        status = proved and "proved" or "unknown", regions = 1, width = proved and rng(1, 6) or nil,
        seconds = rng(), stats = { queries = rng(1, 9) } }
    end
  end
  return records
end

local function sorted(list)
  table.sort(list)
  return list
end

function T.test_quartiles_by_their_definition()
  lu.assertEquals({ statistics.quartiles { 4, 1, 3, 2 } }, { 1.75, 2.5, 3.25 })
  lu.assertEquals({ statistics.quartiles { 7 } }, { 7, 7, 7 })
  lu.assertEquals({ statistics.quartiles {} }, {})
  support.random("quartiles", function(rng)
    for _ = 1, 50 do
      local values = {}
      for i = 1, rng(1, 30) do values[i] = rng() end
      local lower, median, upper = statistics.quartiles(values)
      local below, above = 0, 0
      for _, value in ipairs(values) do
        below, above = below + (value <= median and 1 or 0), above + (value >= median and 1 or 0)
      end
      lu.assertTrue(2 * below >= #values and 2 * above >= #values and lower <= median and median <= upper)
    end
  end)
end

function T.test_the_summary_counts()
  support.random("summary", function(rng)
    local records = campaign(rng, 15)
    local result = tables.summary(records, { measures = { "width", "queries" }, best = "width", plain = true })
    lu.assertEquals(table.concat(result.header, ","), "strategy,runs,proved,failed,width,width_q1,width_q3,queries,"
      .. "queries_q1,queries_q3,wins,width against one: better,width against one: equal,width against one: worse,"
      .. "width against one: difference")
    -- Once more, by hand.
    local proved, wins, better, equal, worse, differences = {}, { one = 0, two = 0 }, 0, 0, 0, {}
    for i = 1, #records, 2 do
      local a, b = records[i].width, records[i + 1].width
      for _, record in ipairs { records[i], records[i + 1] } do
        proved[record.label] = (proved[record.label] or 0) + (record.status == "proved" and 1 or 0)
      end
      if a and (not b or a >= b) then wins.one = wins.one + 1 end
      if b and (not a or b >= a) then wins.two = wins.two + 1 end
      local x, y = a or -1, b or -1
      better, equal, worse = better + (y > x and 1 or 0), equal + (x == y and 1 or 0), worse + (y < x and 1 or 0)
      if a and b then differences[#differences + 1] = b - a end
    end
    sorted(differences)
    local middle = #differences
    local median = middle > 0 and (differences[(middle + 1) // 2] + differences[middle // 2 + 1]) / 2
    for k, label in ipairs { "one", "two" } do
      local row = result.rows[k]
      lu.assertEquals({ row[1], row[2], row[3], row[4], row[11] },
                      { label, "15", tostring(proved[label]), "0", tostring(wins[label]) })
    end
    lu.assertEquals({ table.unpack(result.rows[2], 12, 14) }, { tostring(better), tostring(equal), tostring(worse) })
    if median then lu.assertEquals(tonumber(result.rows[2][15]), median) end
    lu.assertEquals({ table.unpack(result.rows[1], 12, 15) }, { "", "", "", "" })
  end)
end

function T.test_columns_and_names()
  support.random("columns", function(rng)
    local records = campaign(rng, 4)
    records[1].network = { file = "b/other.onnx", sha256 = "t", raw = false }
    lu.assertEquals({ table.unpack(tables.summary(records).header, 1, 3) }, { "strategy", "network", "runs" })
    lu.assertEquals(#tables.summary(records, { by = { "seed" } }).rows, 1)
    support.raises("by: 'colour', expected strategy, network, goal, seed", tables.summary, records,
                   { by = { "colour" } })
    support.raises_with("measures: 'height', expected log_volume, width", tables.summary, records,
                        { measures = { "height" } })
    support.raises("against: no strategy 'three', expected one of: one; two", tables.summary, records,
                   { against = "three" })
    support.raises("there are no runs", tables.summary, {})
  end)
end

function T.test_compare_two_campaigns()
  support.random("compare", function(rng)
    local first, second = campaign(rng, 10), campaign(rng, 8)
    local result = tables.compare(first, second, { measures = { "width" }, plain = true })
    for k = 1, 2 do
      local gained, lost = 0, 0
      for i = k, 16, 2 do
        local before, after = first[i].status == "proved", second[i].status == "proved"
        gained, lost = gained + (after and not before and 1 or 0), lost + (before and not after and 1 or 0)
      end
      lu.assertEquals({ table.unpack(result.rows[k], 2, 6) }, { "8", "2", "0", tostring(gained), tostring(lost) })
    end
    for _, record in ipairs(second) do record.label = "other" end
    support.raises("the two have no strategy in common", tables.compare, first, second)
  end)
end

function T.test_formats()
  local sample = { header = { "a|b", "n_1" }, rows = { { 'say "x", y', "1" }, { "50%", "-20" } } }
  lu.assertEquals(tabular.format(sample, "text"), 'a|b         n_1\nsay "x", y    1\n50%         -20')
  lu.assertEquals(tabular.format(sample, "csv"), 'a|b,n_1\n"say ""x"", y",1\n50%,-20')
  lu.assertEquals(tabular.format(sample, "markdown"), '| a\\|b | n_1 |\n|---|---|\n| say "x", y | 1 |\n| 50% | -20 |')
  lu.assertStrContains(tabular.format(sample, "latex"),
                       'a|b & n\\_1 \\\\\n\\midrule\nsay "x", y & 1 \\\\\n50\\% & -20 \\\\')
  support.raises("format: is html, expected one of text, csv, markdown, latex", tabular.format, sample, "html")
end

-- ---- merging ------------------------------------------------------------------------------------------

function T.test_merging()
  support.random("merge", function(rng)
    local records = campaign(rng, 6)
    local missing = table.remove(records, 5)
    local twice, failed = records[2], { key = records[3].key, index = records[3].index, of = 12, status = "failed" }
    local shuffled = { twice, failed, table.unpack(records) }
    for i = #shuffled, 2, -1 do
      local k = rng(1, i)
      shuffled[i], shuffled[k] = shuffled[k], shuffled[i]
    end
    local merged = merge.records(shuffled)
    lu.assertEquals({ #merged.records, merged.doubled, merged.conflicts, merged.missing }, { 11, 2, {}, { 5 } })
    for i = 2, 11 do lu.assertTrue(merged.records[i - 1].index < merged.records[i].index) end
    for _, record in ipairs(merged.records) do lu.assertNotEquals(record.status, "failed") end
    -- Against the runs of a campaign: one is missing, one is none of its.
    local runs = { { key = missing.key, index = 1 } }
    for i = 2, #records do runs[i] = { key = records[i].key, index = i } end
    merged = merge.records(shuffled, runs)
    lu.assertEquals({ #merged.records, merged.missing, merged.strangers }, { 10, { 1 }, 1 })
    local other = {}
    for name, value in pairs(twice) do other[name] = value end
    other.regions = 2
    shuffled[#shuffled + 1] = other
    lu.assertEquals(merge.records(shuffled).conflicts, { twice.key })
  end)
end

return T
