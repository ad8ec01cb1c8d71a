--- The words of an SMT-LIB text: parentheses, numbers, symbols, quoted texts; comments run from `;` to the end of the
--- line.  Messages name file, line and column, what was expected and what is there.
local job = require "relucid.job"
local found, lpeg = pcall(require, "lpeg")
if not found then
  if job.is_interrupt(lpeg) then error(lpeg, 0) end
  error("VNN-LIB files need LPeg: install the package lua-lpeg, or the rock lpeg", 0)
end
local text_file = require "relucid.io.text"

local MAX_DEPTH = 1000    -- nesting of parentheses
local TOKENS_BETWEEN = 500 -- so many tokens are read between two looks at the clock

local P, S, R, C, Cp = lpeg.P, lpeg.S, lpeg.R, lpeg.C, lpeg.Cp

-- token:match(text, at) -> where it starts, its value (a number, or a string: one of ( ) [ ] , or a symbol), where it
-- ends; at the end of the text only where that is.
local token
do
  local space = S " \t\r\n\f\v"
  local blank = (space + P ";" * (1 - S "\r\n") ^ 0) ^ 0
  local inside = 1 - space - S "();[],"
  local digit = R "09"
  local decimal = digit ^ 1 * (P "." * digit ^ 0) ^ -1 + P "." * digit ^ 1
  local number = S "+-" ^ -1 * decimal * (S "eE" * S "+-" ^ -1 * digit ^ 1) ^ -1 * -inside
  local quoted = P "|" * (1 - P "|") ^ 0 * P "|" + P '"' * (1 - P '"') ^ 0 * P '"'
  token = blank * Cp() * (C(S "()[],") + number / tonumber + C(quoted) + C(inside ^ 1)) ^ -1 * Cp()
end

---@class relucid.SexprReader
---@field value number|string|nil  the current token; nil at the end of the text
---@field at integer               where it starts
---@field opened integer[]         where the parentheses start that are open
local Reader = {}
Reader.__index = Reader

--- "FILE:LINE:COLUMN" of a place in the text.
---@param at integer
---@return string
function Reader:place(at)
  local before = self.text:sub(1, at - 1):gsub("\r\n", "\n"):gsub("\r", "\n")
  local _, newlines = before:gsub("\n", "\n")
  return ("%s:%d:%d"):format(self.path, newlines + 1, #before:match "[^\n]*$" + 1)
end

--- Raise "FILE:LINE:COLUMN: message".
---@param at integer
---@param format string
function Reader:fail(at, format, ...)
  error(("%s: %s"):format(self:place(at), format:format(...)), 0)
end

--- Go to the next token.
function Reader:advance()
  self.tokens = self.tokens + 1
  if self.between and self.tokens % TOKENS_BETWEEN == 0 then self.between(self.stop / #self.text) end
  local at, value, stop = token:match(self.text, self.stop)
  if stop then
    self.at, self.value, self.stop = at, value, stop
  else
    self.at, self.value = at, nil
  end
end

--- The current token in words.
---@return string
function Reader:got()
  if self.value == nil then return "the end of the file" end
  local word = self.text:sub(self.at, self.stop - 1)
  if #word > 40 then word = word:sub(1, 40) .. "..." end
  return "'" .. text_file.visible(word) .. "'"
end

--- Raise that something else was expected here.
---@param wanted string
function Reader:unexpected(wanted)
  if self.value == nil then
    local at = self.opened[#self.opened]
    if at then self:fail(at, "this parenthesis is not closed; at the end of the file expected %s", wanted) end
  end
  self:fail(self.at, "expected %s, got %s", wanted, self:got())
end

--- Read an opening parenthesis.
---@param wanted? string  what to say where there is none
function Reader:open(wanted)
  if self.value ~= "(" then self:unexpected(wanted or "'('") end
  self.opened[#self.opened + 1] = self.at
  if #self.opened > MAX_DEPTH then self:fail(self.at, "parentheses are nested deeper than %d", MAX_DEPTH) end
  self:advance()
end

--- Read a closing parenthesis.
---@param wanted? string
function Reader:close(wanted)
  if self.value ~= ")" then self:unexpected(wanted or "')'") end
  self.opened[#self.opened] = nil
  self:advance()
end

--- Skip what stands before the closing parenthesis.
function Reader:skip()
  local depth = #self.opened
  while self.value ~= nil and not (self.value == ")" and #self.opened == depth) do
    if self.value == "(" then
      self:open()
    elseif self.value == ")" then
      self:close()
    else
      self:advance()
    end
  end
end

local sexpr = { Reader = Reader }

--- A reader at the first token of the text.
---@param class table  its metatable's __index leads to Reader
---@param path string  for messages
---@param text string
---@param between? fun(share: number)  called every few hundred tokens with the share of the text that is read; what it
---                raises ends the reading
---@return table reader
function sexpr.open(class, path, text, between)
  local self = setmetatable({ path = path, text = text_file.plain(text, path), stop = 1, opened = {}, tokens = 0,
                              between = between }, class)
  self:advance()
  return self
end

return sexpr
