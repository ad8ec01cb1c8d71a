--- What the benchmarks share: settings from the environment, data, memory, order statistics.
local support = {}

--- $RELUCID_DATA; nil, and a message, where it is not set.
---@param bench string name for the message
---@return string?
function support.data(bench)
  local directory = os.getenv "RELUCID_DATA"
  if directory and directory ~= "" then return directory end
  print(bench .. ": skipped, RELUCID_DATA is not set")
  return nil
end

--- The number in an environment variable.
---@param name string
---@param default number
---@return number
function support.setting(name, default)
  local text = os.getenv(name)
  if not text or text == "" then return default end
  return assert(tonumber(text), name .. ": expected a number, got " .. text)
end

--- Linux keeps the peak of a process's resident size and forgets it on request; elsewhere nothing happens.
function support.forget_peak()
  collectgarbage()
  local file = io.open("/proc/self/clear_refs", "w")
  if not file then return end
  file:write "5"
  file:close()
end

--- Peak resident size in megabytes since support.forget_peak; 0 where it is not known.
---@return number
function support.peak_megabytes()
  local file = io.open "/proc/self/status"
  if not file then return 0 end
  local kilobytes = file:read("a"):match "VmHWM:%s*(%d+)"
  file:close()
  return (tonumber(kilobytes) or 0) / 1024
end

--- The value below which the given share of the list lies; NaN of nothing.
---@param list number[]
---@param share number 0.5: the median; 1: the largest
---@return number
function support.quantile(list, share)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  return sorted[math.max(1, math.ceil(share * #sorted))] or 0 / 0
end

--- "load 1.52": how busy the machine is (average over a minute; its own process included).
---@return string
function support.load()
  local file = io.open "/proc/loadavg"
  if not file then return "load unknown" end
  local value = file:read "n"
  file:close()
  return ("load %.2f"):format(value)
end

--- Number of the largest output.
---@param y number[]
---@return integer
function support.largest(y)
  local best = 1
  for i = 2, #y do
    if y[i] > y[best] then best = i end
  end
  return best
end

---@param n integer
---@return table domain [0,1]^n
function support.unit_box(n)
  local lo, hi = {}, {}
  for i = 1, n do lo[i], hi[i] = 0, 1 end
  return require("relucid").domain { lo = lo, hi = hi }
end

--- A random network: standard normal weights and biases (see examples.make_random), each layer's weights divided by the
--- square root of its inputs.
---@param seed integer
---@param inputs integer
---@param layers integer  hidden ones
---@param width integer   neurons in each
---@param outputs integer
---@return table network
function support.random_network(seed, inputs, layers, width, outputs)
  local sizes, list = { inputs }, {}
  for k = 1, layers do sizes[k + 1] = width end
  sizes[#sizes + 1] = outputs
  for k, layer in ipairs(require("examples.make_random").layers(seed, sizes)) do
    local W, b = {}, {}
    for i = 1, layer.outputs do
      W[i] = {}
      for j = 1, layer.inputs do
        W[i][j] = layer.weights[(i - 1) * layer.inputs + j] / math.sqrt(layer.inputs)
      end
      b[i] = layer.weights[layer.inputs * layer.outputs + i]
    end
    list[k] = { W = W, b = b }
  end
  return require("relucid").network(list)
end

--- Run a search to its end and measure it.
---@param search table relucid search
---@return {verdict: string, seconds: number, cpu: number, nodes: integer, lps: integer, megabytes: number}
function support.measure(search)
  support.forget_peak()
  local cpu = os.clock()
  local verdict = search:run()
  local stats = search:stats()
  return { verdict = verdict, seconds = stats.seconds, cpu = os.clock() - cpu, nodes = stats.nodes, lps = stats.lps,
           megabytes = support.peak_megabytes() }
end

return support
