--- relucid report: a page of HTML about a saved result, or a campaign's runs.
local relucid = require "relucid"
local Result = require "relucid.result"
local file = require "relucid.io.file"
local input = require "relucid.io.input"
local page = require "relucid.page"
local words = require "relucid.words"

local command = { summary = "Write a page of HTML about a saved result, or the runs of a campaign.", no_json = true }

function command.define(parser)
  parser:argument("result", "What --json wrote, or what `relucid experiment` wrote."):argname "RESULT|RUNS"
  parser:option("-o --output", "The page (default: beside RESULT, .html)."):argname "FILE"
  parser:option("--data", "Data whose rows in the region are counted."):argname "FILE"
  parser:option("--inputs", "The two inputs of the slice, numbers from 1 or names."):argname "I,J"
  parser:option("--image", "The inputs are an image of this shape, such as 28x28 or 32x32x3."):argname "HxW[xC]"
  parser:option("--title", "A title."):argname "TEXT"
end

-- A result is one object; runs are one in each line, and name their network in each.
local function is_result(text, path)
  local ok, record = pcall(relucid.json.decode, text, path)
  return ok and type(record) == "table" and record.relucid ~= nil
end

local function of_result(text, args)
  local result = Result.decode(text, args.result)
  local data = args.data and input.data(args.data, result.domain.n)
  local inputs = args.inputs and input.pair(args.inputs, words.names_of(result).inputs)
  return page.result(result, { data = data, data_name = args.data, inputs = inputs, image = args.image,
                               title = args.title })
end

local function of_runs(text, args)
  local lines = require "relucid.experiment.lines"
  return require("relucid.page.runs").page(lines.decode(text, args.result, "key"), { title = args.title })
end

---@param args table  as argparse gives them
---@return integer status
function command.run(args)
  local output = args.output or (args.result:gsub("%.%w+$", "")) .. ".html"
  local text = file.read(args.result)
  file.write(output, is_result(text, args.result) and of_result(text, args) or of_runs(text, args))
  print(output)
  return 0
end

return command
