--- Goals as the command line and experiments name them.
local core = require "relucid.core"
local arguments = require "relucid.strategy.arguments"

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
  local problem = require("relucid.io.vnnlib").read(name, net) -- it needs LPeg
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

--- The goal of a name and the domain that it is about.
---@param net table       relucid.network
---@param name string     "argmax": the class that the network answers at the point; "argmin": its smallest output; a
---                       VNN-LIB file: exclude what it asserts
---@param point number[]
---@param context? relucid.GoalContext
---@return table goal    relucid.property
---@return table domain  relucid.domain
function goal.of(net, name, point, context)
  context = context or {}
  if goal.is_file(name) then return of_vnnlib(net, name, point, context) end
  if name ~= "argmax" and name ~= "argmin" then
    error(("%sgoal %s: expected argmax, argmin or a file .vnnlib"):format(context.dashes or "", name), 0)
  end
  local sign = name == "argmax" and 1 or -1
  return core.property[name](net, arguments.answer(net:eval(point), sign)), context.domain or box_of(net, context)
end

return goal
