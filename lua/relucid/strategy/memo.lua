--- Outcomes of minimisations, kept by a caller who runs several strategies on one network: prophecy, tight, guarded
--- and box begin with the same questions.
local memo = {}

local function numbers(list)
  local words = {}
  for i, value in ipairs(list or {}) do words[i] = ("%a"):format(value) end
  return table.concat(words, " ")
end

--- What tells one minimisation from another, apart from network and domain: all that its outcome depends on but the
--- limits of the search.
---@param pattern table   relucid.pattern
---@param property table  relucid.property
---@param mode string
---@param order integer[]|nil
---@return string
function memo.key(pattern, property, mode, order)
  local words = { mode, tostring(pattern), order and table.concat(order, " ") or "" }
  for _, clause in ipairs(property:clauses()) do
    words[#words + 1] = "or"
    for _, row in ipairs(clause) do
      words[#words + 1] = ("%s;%s;%a"):format(numbers(row.a), numbers(row.c), row.d)
    end
  end
  return table.concat(words, "\n")
end

--- The outcome kept for a network, a domain and a key, or nil.
---@param kept table
---@param net table
---@param domain table
---@param key string
---@return table|nil
function memo.find(kept, net, domain, key)
  return kept[net] and kept[net][domain] and kept[net][domain][key]
end

--- Keep an outcome.
---@param kept table
---@param net table
---@param domain table
---@param key string
---@param outcome table
function memo.keep(kept, net, domain, key, outcome)
  kept[net] = kept[net] or {}
  kept[net][domain] = kept[net][domain] or {}
  kept[net][domain][key] = outcome
end

return memo
