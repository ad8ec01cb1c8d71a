--- Goals as the command line and experiments name them.
local core = require "relucid.core"
local arguments = require "relucid.strategy.arguments"
local names = require "relucid.io.names"

local goal = {}

---@class relucid.GoalContext
---@field domain? table  relucid.domain; default: the VNN-LIB file's input set around the point, or the network's box
---@field raw? boolean   physical units are meant
---@field dashes? string before the names of arguments in messages: "--" for the command's

local function box_of(net, context)
  local box = net:box()
  if not box then error(("%s gives no input box: use %sdomain FILE"):format(net.file, context.dashes or ""), 0) end
  return core.domain(box)
end

-- What the file's assertions describe is to be excluded.
local function of_vnnlib(net, name, point, context)
  local dashes = context.dashes or ""
  if context.raw then
    error(("%sgoal FILE.vnnlib: is about normalised inputs and outputs, not for %sraw"):format(dashes, dashes), 0)
  end
  local problem = require("relucid.io.vnnlib").read(name, net) -- which needs LPeg
  problem:check_satisfiable()
  if context.domain then return problem:goal(context.domain), context.domain end
  local k = problem:around(point)
  if not k then
    error(("%spoint: lies outside the inputs of %s: use %sdomain FILE"):format(dashes, name, dashes), 0)
  end
  local domain = problem:domain(k)
  return problem:goal(domain), domain
end

--- Is this the name of a VNN-LIB file?
---@param name string
---@return boolean
function goal.is_file(name)
  return name:gsub("%.gz$", ""):match "%.vnnlib$" ~= nil
end

-- "argmax" or "argmin", and the output that is meant.
local function extreme(net, name, point, context)
  if name == "argmax" or name == "argmin" then
    return name, arguments.answer(net:eval(point), name == "argmax" and 1 or -1)
  end
  local kind, word = name:match "^(arg%a+):(.*)$"
  if kind and kind ~= "argmax" and kind ~= "argmin" then kind, word = nil, nil end
  local ok, output = pcall(names.output, net, word or name)
  if ok then return kind or "argmax", output end
  error(("%sgoal %s: %s, argmax, argmin or a file .vnnlib"):format(context.dashes or "", name,
    tostring(output):gsub("^output '.-': ", "")), 0)
end

--- The goal of a name and the domain that it is about.
---@param net table       relucid.network
---@param name string     "argmax": the class that the network answers at the point is the largest output; "argmin": its
---                       smallest output is the smallest; "argmax:OUTPUT", "argmin:OUTPUT": this one; "OUTPUT" for
---                       "argmax:OUTPUT".  An output is a name or a number from 1.  A VNN-LIB file: exclude what it
---                       asserts
---@param point number[]
---@param context? relucid.GoalContext
---@return table goal    relucid.property
---@return table domain  relucid.domain
function goal.of(net, name, point, context)
  context = context or {}
  if goal.is_file(name) then return of_vnnlib(net, name, point, context) end
  local kind, output = extreme(net, name, point, context)
  return core.property[kind](net, output), context.domain or box_of(net, context)
end

return goal
