local lu = require "luaunit"
local relucid = require "relucid"
local exact = require "spec.exact"
local support = require "spec.support"

local T = {}

local function declarations(n, m)
  local lines = {}
  for i = 0, n - 1 do lines[#lines + 1] = ("(declare-const X_%d Real)"):format(i) end
  for j = 0, m - 1 do lines[#lines + 1] = ("(declare-const Y_%d Real)"):format(j) end
  return table.concat(lines, " ") .. "\n"
end

-- f(problem, path) for a file of one input, one output and this text on line 2.
local function read(text, f, n, m)
  support.with_file(declarations(n or 1, m or 1) .. text, function(path)
    return f(relucid.vnnlib(path), path)
  end, ".vnnlib")
end

local BOX = "(assert (>= X_0 -1)) (assert (<= X_0 1)) "

local function refused(message, text, n, m)
  support.with_file(declarations(n or 1, m or 1) .. text, function(path)
    support.raises(path .. message, relucid.vnnlib, path)
  end, ".vnnlib")
end

-- ---- what is read ------------------------------------------------------------------------------------

function T.test_a_plain_file()
  read([[
; a comment with (parentheses
(assert (<= X_0 0.7))  ; another
(assert (>= X_0 (- 1)))
(assert (and (<= Y_0 2.5e-1) (>= Y_0 -1E2)))
]], function(problem, path)
    lu.assertEquals({ problem.file, problem.n, problem.m, #problem.sha256 }, { path, 1, 1, 64 })
    lu.assertEquals(problem.cases, { { lo = { -1.0 }, hi = { 0.7 }, A = {}, b = {},
      clauses = { { { c = { -1.0 }, d = 0.25 }, { c = { 1.0 }, d = 100.0 } } } } })
  end)
end

function T.test_several_input_sets()
  read([[
(assert (or (and (<= X_0 1) (>= X_0 0) (<= Y_0 1)) (and (>= 5 X_0) (<= 4 X_0) (<= Y_0 2))
  (and (<= X_0 1) (>= X_0 0) (>= Y_0 3))))]], function(problem)
    lu.assertEquals(#problem.cases, 2)
    lu.assertEquals({ problem.cases[1].lo, problem.cases[1].hi }, { { 0.0 }, { 1.0 } })
    lu.assertEquals(#problem.cases[1].clauses, 2)
    lu.assertEquals({ problem.cases[2].lo, problem.cases[2].hi }, { { 4.0 }, { 5.0 } })
    lu.assertEquals(problem:around { 4.5 }, 2)
    lu.assertEquals(problem:around { 1 }, 1)
    lu.assertNil(problem:around { 2 })
    -- Only case 1 meets this domain: y <= 1 or y >= 3 is excluded.
    local goal = problem:goal(relucid.domain { lo = { 0 }, hi = { 2 } })
    lu.assertEquals(goal:value(nil, { 2 }), 1)
    lu.assertEquals(goal:value(nil, { 3.5 }), -0.5)
    local both = problem:goal(relucid.domain { lo = { 1 }, hi = { 4 } })
    lu.assertEquals(both:value(nil, { 2.5 }), 0.5)
    support.raises(problem.file .. ": its inputs lie outside the domain", problem.goal, problem,
                   relucid.domain { lo = { 2 }, hi = { 3 } })
    support.raises(("%s: has 2 input sets, expected one; relucid.vnnlib gives them all"):format(problem.file),
                   relucid.property.vnnlib, problem.file)
  end)
end

-- Bounds with a coefficient are kept as rows; the box around them is never too small.
function T.test_bounds_with_coefficients()
  read("(assert (<= (* 3 X_0) 1)) (assert (>= (* -7 X_0) -1)) (assert (>= (* 3 X_0) -1)) (assert (<= Y_0 0))",
       function(problem)
    local case = problem.cases[1]
    lu.assertTrue(case.hi[1] > 1 / 7 and case.hi[1] < 1 / 7 + 1e-15)
    lu.assertTrue(case.lo[1] < -1 / 3 and case.lo[1] > -1 / 3 - 1e-15)
    lu.assertEquals({ case.A, case.b }, { { { 3.0 }, { 7.0 }, { -3.0 } }, { 1.0, 1.0, 1.0 } })
    lu.assertEquals(problem:domain(1).b, { 1.0, 1.0, 1.0 })
    lu.assertEquals(problem:around { 0.15 }, nil)
  end)
end

function T.test_rows_over_inputs_and_both()
  read("(assert (<= (+ X_0 X_1) 1)) (assert (<= -1 X_0 1)) (assert (<= -1 X_1 1)) "
    .. "(assert (>= Y_0 (- X_0 (* 2 X_1) 3)))", function(problem)
    local case = problem.cases[1]
    lu.assertEquals({ case.A, case.b }, { { { 1.0, 1.0 } }, { 1.0 } })
    lu.assertEquals(case.clauses, { { { a = { -1.0, 2.0 }, c = { 1.0 }, d = 3.0 } } })
  end, 2)
end

function T.test_no_row_over_outputs()
  read(BOX, function(problem)
    lu.assertEquals(problem:target(1):value(nil, { 5 }), 1)
  end)
end

function T.test_harmless_commands_and_gzip()
  read('(set-logic QF_LRA) (set-info :source |a (b c|) (set-info :by "(x")' .. BOX
    .. "(assert (= Y_0 X_0)) (check-sat) (get-model) (exit)", function(problem, path)
    lu.assertEquals(#problem.cases[1].clauses[1], 2)
    if not os.execute("gzip -k " .. path .. " 2>/dev/null") then lu.skip "gzip is not installed" end
    local zipped = relucid.vnnlib(path .. ".gz")
    os.remove(path .. ".gz")
    lu.assertEquals(zipped.cases, problem.cases)
  end)
end

function T.test_property()
  read(BOX .. "(assert (>= Y_0 Y_1)) ", function(_, path)
    local goal, domain = relucid.property.vnnlib(path, support.random_network(function(a) return a end, { 1, 2, 2 }))
    lu.assertEquals(goal:margins(), { { c = { -1.0, 1.0 }, d = 0 } })
    lu.assertEquals({ domain.lo, domain.hi }, { { -1.0 }, { 1.0 } })
  end, 1, 2)
end

-- ---- random formulas against their meaning -------------------------------------------------------------

-- Each maker returns the text and a function (x, y) -> value; all numbers are small multiples of 1/4, so that
-- arithmetic on them is exact.
local function number(rng)
  local value = rng(-12, 12) / 4
  if value < 0 and rng(1, 2) == 1 then return ("(- %g)"):format(-value), value end
  return ("%g"):format(value), value
end

local expression

local function leaf(rng, n, m)
  if rng(1, 3) == 1 then
    local text, value = number(rng)
    return text, function() return value end
  end
  local k = rng(0, n + m - 1)
  if k < n then return "X_" .. k, function(x) return x[k + 1] end end
  return "Y_" .. k - n, function(_, y) return y[k - n + 1] end
end

local function sum(rng, n, m, depth, operator)
  local texts, terms = {}, {}
  for i = 1, rng(1, 3) do texts[i], terms[i] = expression(rng, n, m, depth - 1) end
  return ("(%s %s)"):format(operator, table.concat(texts, " ")), function(x, y)
    local total = terms[1](x, y)
    if operator == "-" and #terms == 1 then return -total end
    for i = 2, #terms do total = operator == "+" and total + terms[i](x, y) or total - terms[i](x, y) end
    return total
  end
end

function expression(rng, n, m, depth)
  if depth == 0 or rng(1, 2) == 1 then return leaf(rng, n, m) end
  local kind = rng(1, 3)
  if kind < 3 then return sum(rng, n, m, depth, kind == 1 and "+" or "-") end
  local text, factor = number(rng)
  local other, f = expression(rng, n, m, depth - 1)
  local text_of = rng(1, 2) == 1 and ("(* %s %s)"):format(text, other) or ("(* %s %s)"):format(other, text)
  return text_of, function(x, y) return factor * f(x, y) end
end

local MEANING = {
  ["<="] = function(a, b) return a <= b end, [">="] = function(a, b) return a >= b end,
  ["<"] = function(a, b) return a <= b end, [">"] = function(a, b) return a >= b end,
  ["="] = function(a, b) return a == b end,
}
local COMPARE = { "<=", ">=", "<", ">", "=" }

local function formula(rng, n, m, depth)
  if depth == 0 or rng(1, 3) == 1 then
    local operator = COMPARE[rng(1, 10) == 1 and 5 or rng(1, 4)]
    local a, f = expression(rng, n, m, 2)
    local b, g = expression(rng, n, m, 2)
    return ("(%s %s %s)"):format(operator, a, b), function(x, y) return MEANING[operator](f(x, y), g(x, y)) end
  end
  local operator = rng(1, 2) == 1 and "and" or "or"
  local texts, parts = {}, {}
  for i = 1, rng(1, 3) do texts[i], parts[i] = formula(rng, n, m, depth - 1) end
  return ("(%s %s)"):format(operator, table.concat(texts, " ")), function(x, y)
    local result = operator == "and"
    for _, part in ipairs(parts) do
      if operator == "and" then result = part(x, y) and result else result = part(x, y) or result end
    end
    return result
  end
end

local function holds(problem, x, y)
  for k in ipairs(problem.cases) do
    local one = setmetatable({ cases = { problem.cases[k] } }, { __index = problem })
    if one:around(x) and problem:target(k):value(x, y) >= 0 then return true end
  end
  return false
end

-- A point at which many constraints are tight: multiples of 1/4 within the box [-3, 3].
local function point(rng, count)
  local list = {}
  for i = 1, count do list[i] = rng(-12, 12) / 4 end
  return list
end

function T.test_random_formulas_keep_their_meaning()
  support.random("formulas", function(rng)
    local empty, met = 0, 0
    for _ = 1, 150 do
      local n, m = rng(1, 3), rng(1, 2)
      local lines, parts = {}, {}
      for i = 0, n - 1 do lines[#lines + 1] = ("(assert (<= -3 X_%d 3))"):format(i) end
      for i = 1, rng(1, 3) do
        local text
        text, parts[i] = formula(rng, n, m, 3)
        lines[#lines + 1] = "(assert " .. text .. ")"
      end
      local text = declarations(n, m) .. table.concat(lines, "\n")
      support.with_file(text, function(path)
        local problem = relucid.vnnlib(path)
        if #problem.cases == 0 then empty = empty + 1 end
        for _ = 1, 40 do
          local x, y, expected = point(rng, n), point(rng, m), true
          for _, part in ipairs(parts) do expected = part(x, y) and expected end
          lu.assertEquals(holds(problem, x, y), expected, text)
          if expected then met = met + 1 end
        end
      end)
    end
    lu.assertTrue(met > 100 and empty < 75)
  end)
end

-- ---- what is refused -----------------------------------------------------------------------------------

function T.test_refuses_syntax()
  refused(":2:1: expected '(' and a command, got 'assert'", "assert")
  refused(":2:1: expected '(' and a command, got ')'", ")")
  refused(":2:2: expected declare-const, declare-network or assert, got 'define-fun'", "(define-fun f () Real 1)")
  refused(":2:2: expected declare-const, declare-network or assert, got '('", "((assert))")
  refused(":2:18: expected '()': a variable has no arguments, got 'Real'", "(declare-fun X_1 Real)")
  refused(":2:19: expected '()': a variable has no arguments, got 'Real'", "(declare-fun X_1 (Real) Real)")
  refused(":2:1: this parenthesis is not closed; at the end of the file expected ')'", "(assert (<= X_0 1)\n; more")
  refused(":3:9: this parenthesis is not closed; at the end of the file expected a number, a variable X_i or Y_j, "
    .. "or '('",
          "\n(assert (<= X_0")
  refused(":2:20: expected '(' and a command, got ')'", "(assert (<= X_0 1)))")
  refused(":2:9: expected '(' and a constraint, got 'true'", "(assert true)")
  refused(":2:10: expected one of and, or, <=, >=, <, >, =, got 'not'", "(assert (not (<= X_0 1)))")
  refused(":2:10: expected one of and, or, <=, >=, <, >, =, got ')'", "(assert ())")
  refused(":2:16: expected a number, a variable X_i or Y_j, or '(', got ')'", "(assert (<= X_0))")
  refused(":2:14: expected '(' and a constraint, got ')'", "(assert (and ))")
  refused(":2:13: expected '(' and a constraint, got 'X_0'", "(assert (or X_0))")
  refused(":2:15: expected one of + - *, got '<='", "(assert (= 1 (<= X_0 1)))")
  refused(":2:14: expected one of + - *, got '/'", "(assert (<= (/ X_0 2) 1))")
  refused(":2:13: expected a number, a variable X_i or Y_j, or '(', got '1.2.3'", "(assert (<= 1.2.3 X_0))")
  refused(":2:13: expected a number, a variable X_i or Y_j, or '(', got 'nan'", "(assert (<= nan X_0))")
  refused(":2:13: expected a number, a variable X_i or Y_j, or '(', got '" .. ("z"):rep(40) .. "...'",
          "(assert (<= " .. ("z"):rep(99) .. " X_0))")
  refused(":2:13: expected a number, a variable X_i or Y_j, or '(', got 'a?b'", "(assert (<= a\1b X_0))")
  refused(":2:20: expected ')', got '('", "(assert (<= X_0 1) (and))")
  refused(":2:5004: parentheses are nested deeper than 1000", "(assert " .. ("(and "):rep(2000))
end

function T.test_refuses_variables()
  refused(":2:13: variable 'X_1' is not declared", "(assert (<= X_1 1))")
  refused(":2:13: variable 'X_1' is not declared", "(assert (<= X_1 1)) (declare-const X_1 Real)")
  refused(":2:16: variable 'X_0' is declared a second time", "(declare-const X_0 Real)")
  refused(":2:16: expected a variable X_i or Y_j, got 'Z_0'", "(declare-const Z_0 Real)")
  refused(":2:16: expected a variable X_i or Y_j, got 'X_01'", "(declare-const X_01 Real)")
  refused(":2:16: expected a variable X_i or Y_j, got '5'", "(declare-const 5 Real)")
  refused(":2:20: expected Real, got 'Int'", "(declare-const X_1 Int)")
  refused(": declares X_2 but not X_1", "(declare-const X_2 Real)" .. BOX)
  refused(": declares Y_999999998 but not Y_1", "(declare-const Y_999999998 Real)" .. BOX)
  refused(": declares no inputs, expected X_0, X_1, ...", "(assert (<= Y_0 1))", 0, 1)
  refused(": declares no outputs, expected Y_0, Y_1, ...", BOX, 1, 0)
  refused(": has no assertions", "")
end

-- What rounding would change is refused, or makes the set larger.
function T.test_rounding()
  refused(":2:13: the sum of the coefficients 0.10000000000000001 and 0.20000000000000001 is no double: "
          .. "write it as one number", "(assert (>= (+ (* 0.1 Y_0) (* 0.2 Y_0)) 1))")
  refused(":2:13: the product of 0.10000000000000001 and 0.10000000000000001 is no double: write it as one number",
          "(assert (>= (* 0.1 0.1 Y_0) 1))")
  refused(":2:13: the product of 9.9999999999999998e-201 and 9.9999999999999998e-201 is no double: "
          .. "write it as one number", "(assert (>= (* 1e-200 1e-200 Y_0) 1))")
  refused(":2:13: a factor here is no double: write it as one number", "(assert (>= (* (+ 0.1 0.2) Y_0) 1))")
  read(BOX .. "(assert (>= (+ Y_0 0.1) 0.4)) (assert (<= (- Y_0 0.1) (+ 0.2 0.1)))", function(problem)
    local rows = problem.cases[1].clauses[1]
    lu.assertEquals({ rows[1].c, rows[2].c }, { { 1.0 }, { -1.0 } })
    -- 0.1 - 0.4 rounds to below itself; what is kept is the double above it, and so for 0.2 + 0.1 + 0.1.
    lu.assertTrue(exact.sign(exact.add(exact.of(rows[1].d), exact.add(exact.of(0.4), exact.of(-0.1)))) >= 0)
    lu.assertTrue(exact.sign(exact.add(exact.of(rows[2].d),
      exact.add(exact.of(-0.2), exact.add(exact.of(-0.1), exact.of(-0.1))))) >= 0)
    lu.assertTrue(rows[1].d > 0.1 - 0.4)
  end)
end

-- With X_0 = 0.1 the sum 3 * 0.1 + 0.1 - 0.4 of doubles is exactly 0.
function T.test_rounding_keeps_counterexamples()
  local net = relucid.network { { W = { { 3 } }, b = { 0 } }, { W = { { 1 } }, b = { 0 } } }
  read("(assert (<= 0 X_0 0.1)) (assert (>= (+ Y_0 0.1) 0.4))", function(problem)
    lu.assertEquals(relucid.verify(net, problem).verdict, "sat")
  end)
end

function T.test_comments_end_with_the_line()
  for _, newline in ipairs { "\n", "\r", "\r\n" } do
    read(BOX .. "; outputs" .. newline .. "(assert (<= Y_0 -1))", function(problem)
      lu.assertEquals(problem.cases[1].clauses, { { { c = { -1.0 }, d = -1.0 } } })
    end)
  end
end

function T.test_refuses_numbers()
  refused(":2:17: a number here exceeds the range of doubles", "(assert (<= X_0 1e999))")
  refused(":2:13: a number here exceeds the range of doubles", "(assert (<= (* 1e300 1e300 X_0) 1))")
  refused(":2:9: a number here exceeds the range of doubles", "(assert (<= (* 1e308 Y_0) (* -1e308 Y_0)))")
  for _, word in ipairs { "inf", "-inf", "NaN", "0x10", "1d5", "1,5", "1e", "1.5.2", "1_000", "1/3", "--1", "1e5f",
                          "#b1" } do
    support.with_file(declarations(1, 1) .. "(assert (<= X_0 " .. word .. "))", function(path)
      support.raises_with(path .. ":2:1", relucid.vnnlib, path)
    end)
  end
  refused(":2:13: a product of two expressions with variables is not linear", "(assert (<= (* X_0 Y_0) 1))")
end

function T.test_refuses_input_sets()
  refused(": input X_0 has no lower bound", "(assert (<= X_0 1))")
  refused(": input X_0 has no upper bound", "(assert (>= X_0 1))")
  refused(": input X_1 has no lower bound", BOX .. "(assert (<= (+ X_0 X_1) 1))", 2)
  refused(": input X_0 has no upper bound in case 2 of 2", "(assert (or (<= 0 X_0 1) (<= 0 X_0)))")
  local alternatives = "(assert (or (<= Y_0 1) (>= Y_0 2)))"
  read(BOX .. alternatives:rep(17), function(problem, path)
    lu.assertTrue(problem:is_large())
    support.raises(path .. ": multiplied out, the assertions have more than 100000 cases", function()
      return problem.cases
    end)
  end)
end

-- What nothing satisfies is an answer: no cases, and why.
function T.test_empty_sets()
  local box = BOX .. "(assert (<= Y_0 1))"
  for text, why in pairs {
    ["(assert (<= X_0 1)) (assert (or (>= X_0 2)))"] = ":2:33: input X_0: lower bound 2 is above upper bound 1",
    [box .. "\n(assert (<= 1 0))"] = ":3:9: this constraint is never true",
    [box .. "\n(assert (>= (- Y_0 Y_0) 1))"] = ":3:9: this constraint is never true",
    [box .. "\n(assert (or (<= 1 0) (and (<= Y_0 0) (<= 2 1))))"] = ":3:13: no alternative of this or is possible",
    [box .. "\n(assert (or (>= X_0 2) (<= X_0 -2)))"] = ":3:13: no alternative of this or is possible",
    [box .. "\n(assert (or (>= X_0 2) (and (<= X_0 0) (>= X_0 0.5))))"] =
      ":3:13: no alternative of this or is possible",
    [box .. "\n(assert (<= 2 X_0 -2))"] = ":3:9: input X_0: lower bound 2 is above upper bound 1",
    [box .. "\n(assert (or (<= X_0 0) (<= 2 Y_0)))(assert (>= X_0 0.5))(assert (>= X_0 2))"] =
      ":3:65: input X_0: lower bound 2 is above upper bound 1",
  } do
    read(text, function(problem, path)
      lu.assertEquals({ problem.cases, problem.contradiction }, { {}, path .. why }, text)
      local net = relucid.network { { W = { { 1 } }, b = { 0 } } }
      local result = relucid.verify(net, problem)
      lu.assertEquals({ result.verdict, result.reason, result.stats.cases }, { "unsat", nil, 0 }, text)
      support.raises(("%s: no input satisfies the assertions (%s%s)"):format(path, path, why), relucid.property.vnnlib,
                     path)
    end)
  end
  -- General rows: the search proves it.
  read(BOX .. "(assert (<= -1 X_1 1)) (assert (>= (+ X_0 X_1) 3))", function(problem)
    lu.assertEquals({ #problem.cases, problem.contradiction }, { 1, false })
    lu.assertEquals(relucid.verify(relucid.network { { W = { { 1, 1 } }, b = { 0 } } }, problem).verdict, "unsat")
  end, 2)
end

-- A byte order mark is skipped; other encodings, and characters that one does not see, are named.
function T.test_encodings()
  local text = declarations(1, 1) .. BOX .. "(assert (<= Y_0 -1))"
  support.with_file("\xef\xbb\xbf" .. text, function(path)
    lu.assertEquals(relucid.vnnlib(path).cases[1].clauses, { { { c = { -1.0 }, d = -1.0 } } })
  end)
  for mark, name in pairs { ["\xff\xfe"] = "UTF-16", ["\xfe\xff"] = "UTF-16", ["\xff\xfe\0\0"] = "UTF-32",
                            ["\0\0\xfe\xff"] = "UTF-32" } do
    support.with_file(mark .. text:gsub(".", "%0\0"), function(path)
      support.raises(("%s: is %s text, expected UTF-8 or ASCII: save it so"):format(path, name), relucid.vnnlib, path)
    end)
  end
  refused(":2:20: expected '(' and a command, got '<U+FEFF>'", "(assert (<= X_0 1))\xef\xbb\xbf(assert (>= X_0 0))")
  refused(":2:13: expected a number, a variable X_i or Y_j, or '(', got '<U+00A0>X_0'",
          "(assert (<= \xc2\xa0X_0 1))")
  refused(":2:17: expected a number, a variable X_i or Y_j, or '(', got '<U+2212>1'",
          "(assert (<= X_0 \xe2\x88\x921))")
  refused(":2:17: expected a number, a variable X_i or Y_j, or '(', got '1<U+200B>'",
          "(assert (<= X_0 1\xe2\x80\x8b))")
end

-- Places are told in lines, however these end.
function T.test_line_ends()
  for _, newline in ipairs { "\n", "\r", "\r\n" } do
    local lines = { "; one", "(declare-const X_0 Real)", "(declare-const Y_0 Real)", "", "  (assert z)" }
    support.with_file(table.concat(lines, newline), function(path)
      support.raises(path .. ":5:11: expected '(' and a constraint, got 'z'", relucid.vnnlib, path)
    end)
  end
end

function T.test_declare_fun()
  local text = "(declare-fun X_0 () Real)\n(declare-fun Y_0 ( ) Real)" .. BOX .. "(assert (<= Y_0 -1))"
  support.with_file(text, function(path)
    local problem = relucid.vnnlib(path)
    lu.assertEquals({ problem.n, problem.m, problem.version }, { 1, 1, 1 })
    lu.assertEquals(problem.cases[1].clauses, { { { c = { -1.0 }, d = -1.0 } } })
  end)
end

-- Only VNN-LIB files need LPeg.
function T.test_missing_lpeg()
  local _, output = support.lua [[
    package.preload.lpeg = function() error "no lpeg" end
    require("relucid.cli").main { "--help" }]]
  lu.assertStrContains(output, "Usage: relucid")
  _, output = support.lua [[
    package.preload.lpeg = function() error "no lpeg" end
    print(select(2, pcall(require("relucid").vnnlib, "p.vnnlib")))]]
  lu.assertEquals(output, "VNN-LIB files need LPeg: install the package lua-lpeg, or the rock lpeg\n")
end

function T.test_refuses_other_networks()
  read(BOX, function(_, path)
    support.raises(path .. ": declares 1 inputs, the network has 2", relucid.vnnlib, path, support.small())
  end, 1, 2)
  read(BOX .. "(assert (<= -1 X_1 1))", function(_, path)
    support.raises(path .. ": declares 3 outputs, the network has 2", relucid.vnnlib, path, support.small())
  end, 2, 3)
  support.raises("path: string expected, got nil", relucid.vnnlib)
  support.raises_with("/nowhere/p.vnnlib: cannot open", relucid.vnnlib, "/nowhere/p.vnnlib")
end

return T
