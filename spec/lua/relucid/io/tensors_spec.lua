-- VNN-LIB 2.0.
local lu = require "luaunit"
local relucid = require "relucid"
local support = require "spec.support"

local T = {}

local HEAD = "(vnnlib-version <2.0>)\n(declare-network f (declare-input X Real [2]) (declare-output Y Real [2]))\n"
local BOX = "(assert (and (>= X[0] -1.0) (<= X[0] 1.0))) (assert (<= -1 X[1] 1))"

-- f(problem, path) for a file with this text.
local function read(text, f)
  support.with_file(text, function(path) return f(relucid.vnnlib(path), path) end, ".vnnlib")
end

local function refused(message, text)
  support.with_file(text, function(path)
    support.raises(path .. message, relucid.vnnlib, path)
  end, ".vnnlib")
end

function T.test_a_plain_file()
  read([[
(vnnlib-version <2.0>) ; the version
(declare-network acc
  (declare-input X float32 [2])
  (declare-output Y float32 [2] "out")
)
(assert (and (>= X[0] -1.0) (<= X[0] 1.0)))
(assert (<= -1 X [ 1 ] 1))
(assert (or (<= Y[0] -3.0) (> Y[ 1 ] (* 2 Y[0]))))]], function(problem)
    lu.assertEquals({ problem.version, problem.n, problem.m }, { 2, 2, 2 })
    lu.assertEquals(problem.cases, { { lo = { -1.0, -1.0 }, hi = { 1.0, 1.0 }, A = {}, b = {}, clauses = {
      { { c = { -1.0, 0.0 }, d = -3.0 } }, { { c = { -2.0, 1.0 }, d = 0.0 } } } } })
    lu.assertEquals(problem.tensors[2].node, "out")
  end)
end

-- Elements in row-major order, tensors one behind the other.
function T.test_shapes_and_several_tensors()
  support.random("tensors", function(rng)
    for _ = 1, 20 do
      local a, b, c = rng(1, 3), rng(1, 3), rng(1, 4)
      local lines = { ("(vnnlib-version <2.0>) (declare-network f (declare-input s Real []) (declare-input T float64 "
        .. "[%d,%d,%d]) (declare-output Y Real [3]) (declare-output z_1 Real []))"):format(a, b, c),
        "(assert (<= -7 s 7)) (assert (== z_1 1))" }
      local k = 1
      for i = 0, a - 1 do
        for j = 0, b - 1 do
          for l = 0, c - 1 do
            lines[#lines + 1] = ("(assert (and (>= T[%d,%d,%d] %d) (<= T[%d, %d, %d] %d)))"):format(i, j, l, k, i, j, l,
              k + 1)
            k = k + 1
          end
        end
      end
      read(table.concat(lines, "\n"), function(problem)
        lu.assertEquals({ problem.n, problem.m }, { 1 + a * b * c, 4 })
        local case = problem.cases[1]
        lu.assertEquals({ case.lo[1], case.hi[1] }, { -7.0, 7.0 })
        for i = 1, a * b * c do lu.assertEquals({ case.lo[i + 1], case.hi[i + 1] }, { i + 0.0, i + 1.0 }) end
        lu.assertEquals(case.clauses, { { { c = { 0.0, 0.0, 0.0, -1.0 }, d = 1.0 },
                                          { c = { 0.0, 0.0, 0.0, 1.0 }, d = -1.0 } } })
      end)
    end
  end)
end

-- The same question in both versions has the same answer.
function T.test_verify()
  read(HEAD .. BOX .. "(assert (>= Y[0] 0.5)) (assert (>= Y[1] 0.25))", function(problem)
    local result = relucid.verify(support.small(), problem)
    lu.assertEquals(result.verdict, "sat")
    local x, y = result.counterexample.x, result.counterexample.y
    lu.assertEquals(problem:text { x = { 0.5, -0.1 }, y = { 1, 2 } },
                    "X Real [2]\n0.5\n-0.10000000000000001\nY Real [2]\n1\n2")
    lu.assertEquals(y, support.small():eval(x))
  end)
  read(HEAD .. BOX .. "(assert (<= Y[1] -0.25))", function(problem)
    lu.assertEquals(relucid.verify(support.small(), problem).verdict, "unsat")
  end)
end

-- What is hidden may be declared.
function T.test_hidden()
  local head = '(vnnlib-version <2.0>)(declare-network f (declare-input X Real [2])(declare-hidden H Real [2,1] "z")\n'
    .. "(declare-output Y Real [2]))\n"
  read(head .. BOX .. "(assert (>= Y[0] 1))", function(problem)
    lu.assertEquals(problem:text { x = { 1, 0 }, y = { 1, 0 } }, "X Real [2]\n1\n0\nY Real [2]\n1\n0")
  end)
  refused(':3:13: \'H\' is hidden ("z"): constraints on hidden values are not supported',
          head .. "(assert (>= H[0,0] 1))")
  refused(":1:72: expected the name of an ONNX value in double quotes, got ')'",
          "(declare-network f (declare-input X Real [2])(declare-hidden H Real [2]))")
end

function T.test_refuses()
  refused(":1:17: expected a version such as <2.0>, got 'two'", "(vnnlib-version two)")
  refused(":1:17: version <3.0>: expected <1.0> or <2.0>", "(vnnlib-version <3.0>)")
  refused(":1:47: the version comes before everything else",
          "(declare-const X_0 Real)      (vnnlib-version <2.0>)")
  refused(":3:18: a second network: questions about one network are supported", HEAD .. "(declare-network g)")
  refused(":1:21: equal-to: questions about one network are supported", "(declare-network g (equal-to f))")
  refused(":1:18: expected the name of the network, got '('", "(declare-network (declare-input X Real [2]))")
  refused(":1:21: expected declare-input, declare-hidden or declare-output, got 'declare-const'",
          "(declare-network f (declare-const X Real))")
  refused(":1:37: element type 'int8': expected Real, float64, float32, float16 or bfloat16",
          "(declare-network f (declare-input X int8 [2]))")
  refused(":1:41: expected '[' and the sizes of its dimensions, got ')'", "(declare-network f (declare-input X Real))")
  refused(":1:43: expected the sizes of its dimensions, got '0'", "(declare-network f (declare-input X Real [0]))")
  refused(":1:43: expected the sizes of its dimensions, got '1.5'", "(declare-network f (declare-input X Real [1.5]))")
  refused(":1:45: expected ',' or ']', got '3'", "(declare-network f (declare-input X Real [2 3]))")
  refused(":1:35: more than 100000000 elements", "(declare-network f (declare-input X Real [100000,100000,99]))")
  refused(":1:35: more than 100000000 elements",
          "(declare-network f (declare-input X Real [9223372036854775807,9223372036854775807]))")
  refused(":1:61: 'X' is declared a second time",
          "(declare-network f (declare-input X Real [2])(declare-input X Real [2]))")
  refused(":3:13: 'Z' is not declared", HEAD .. "(assert (<= Z[0] 1))")
  refused(":3:13: 'X_0' is not declared", HEAD .. "(assert (<= X_0 1))")
  refused(":3:15: expected '[' and an index, got '1'", HEAD .. "(assert (<= X 1))")
  refused(":3:13: X has 1 dimensions, got 2 indices", HEAD .. "(assert (<= X[0,0] 1))")
  refused(":3:13: X: index 1 is 2, expected 0 to 1", HEAD .. "(assert (<= X[2] 1))")
  refused(":3:15: expected an index, got '-1'", HEAD .. "(assert (<= X[-1] 1))")
  refused(":3:13: expected a number, an element such as X[0], or '(', got '?'", HEAD .. "(assert (<= ? 1))")
  refused(":3:10: '!=' is not supported: the set it describes is not closed", HEAD .. "(assert (!= X[0] 1))")
  refused(":3:10: expected one of and, or, <=, >=, <, >, ==, got '='", HEAD .. "(assert (= X[0] 1))")
  refused(":3:16: version 2.0 declares tensors, in declare-network", HEAD .. "(declare-const X_0 Real)")
  refused(": declares no outputs, expected a tensor of them in declare-network",
          "(declare-network f (declare-input X Real [1])) (assert (<= X[0] 1))")
end

return T
