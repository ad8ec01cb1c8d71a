-- The 1st, 2nd, 3rd ... allocation of every entry point fails: each says so, breaks nothing, leaks nothing (the
-- sanitizers look), and a later call succeeds with the same answer.  A table says what each entry point does; one
-- that is not in it is an error.
local lu = require "luaunit"
local core = require "relucid.core"
local relucid = require "relucid"
local lua_memory = require "lua_memory"
local onnx = require "spec.onnx"
local support = require "spec.support"

local T = {}

-- Values that the operations are tried on.
local function fixture()
  local net, domain = support.small(), support.square()
  local goal = relucid.property.argmax(net, 1)
  local pattern = net:pattern { 0.5, 0.25 }
  local cut = relucid.domain { lo = { -1, -1 }, hi = { 1, 1 }, A = { { 1, 1 } }, b = { 1.5 } }
  local region = relucid.region(net, domain, pattern, { A = { { 1, 1 } }, b = { 1 } })
  return { net = net, domain = domain, goal = goal, pattern = pattern, cut = cut, region = region,
           point = { 0.5, 0.25 }, either = relucid.property.any { goal, relucid.property.argmin(net, 2) },
           loose = relucid.region(net, domain, pattern:with(1, 1, nil)),
           data = relucid.data { { 0.5, 0.25 }, { -0.5, 0.5 } } }
end

local function new_search(f) return f.net:search { domain = f.cut, pattern = f.pattern, target = f.either } end

local function finished_search(f)
  local search = new_search(f)
  search:run()
  return search
end

-- A proof: nothing in the domain beats output 1 by 3.
local function recorded_search(f)
  local search = f.net:search { domain = f.cut, target = relucid.property.linear(f.net, { { c = { 1, 0 }, d = -3 } }),
                                record = 1 }
  search:run()
  return search
end

local function new_minimize(f) return f.net:minimize { domain = f.domain, pattern = f.pattern, property = f.goal } end

local function new_preimage(f, more)
  local fields = { domain = f.cut, property = f.goal, samples = 100, points = 16, coverage = 0.9 }
  for name, value in pairs(more or {}) do fields[name] = value end
  return f.net:preimage(fields)
end

local function new_inflate(f)
  return f.net:inflate { domain = f.cut, goal = f.goal, point = { 0.5, 0 }, weights = { 1, 2 }, steps = 20,
                         leaves = 2, stage_steps = 5 }
end

local function new_enumerate(f) return f.net:enumerate { domain = f.cut, property = f.goal } end

local function finished(job)
  while not job:step() do end
  return job
end

local function finished_enumerate(f) return finished(new_enumerate(f)) end

local function with_content(content, suffix, f)
  local answer
  support.with_file(content, function(path) answer = f(path) end, suffix)
  return answer
end

local function with_process(words, f)
  local process <close> = core.process(words)
  return f(process)
end

local function echoed(f) return with_process({ "cat" }, f) end

local NPY = "\147NUMPY\1\0\118\0" .. ("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }"):format()
NPY = NPY .. (" "):rep(127 - #NPY) .. "\n" .. string.pack("<dd", 0.5, -0.25)

local function test_model()
  local function t(name, ...) return { name = name, dims = { ... }, data = { 1, 2, 3, 4, 5, 6, 7, 8 } } end
  return onnx.model {
    inputs = { { name = "x", dims = { 1, 1, 2, 2 } } }, outputs = { "y" },
    tensors = { t("w", 2, 1, 2, 2), { name = "s", dims = { 2 }, data = { 1, -1 }, type = "int64" },
                { name = "m", dims = { 2, 2 }, data = { 1, 2, 3, 4 } },
                { name = "c", dims = { 2 }, data = { 1, 2 } } },
    nodes = { { "Conv", { "x", "w" }, "k" }, { "Relu", { "k" }, "r" }, { "Reshape", { "r", "s" }, "f" },
              { "Gemm", { "f", "m", "c" }, "g" }, { "LeakyRelu", { "g" }, "l", { alpha = 0.1 } },
              { "Add", { "l", "g" }, "a" }, { "Concat", { "a", "f" }, "j", { axis = 1 } },
              { "ReduceMax", { "j" }, "h", { axes = { 1 } } }, { "Split", { "j" }, { "p", "q" }, { axis = 1 } },
              { "Abs", { "p" }, "b" }, { "Clip", { "q" }, "e", { min = -1.0, max = 3.0 } },
              { "Sum", { "b", "e", "h" }, "z" }, { "Softmax", { "z" }, "y", { axis = 1 } } }, opset = 10,
  }
end

local VNNLIB = [[
(declare-const X_0 Real) (declare-const X_1 Real) (declare-const Y_0 Real) (declare-const Y_1 Real)
(assert (<= X_0 1)) (assert (>= X_0 0)) (assert (<= X_1 1)) (assert (>= X_1 0.5))
(assert (<= (+ Y_0 Y_1) (- X_0 7)))
]]

-- Each: the operation, given the fixture.  Its answer must not depend on failures before.  A second element `true`:
-- it takes no memory of the core's, and so succeeds at once.
local CASES = {
  ["network"] = { function() return support.small():eval { 1, 2 } end },
  ["name_network"] = { function()
    local net = support.small()
    core.name_network(net, { inputs = { "height", "rate" }, outputs = { "clear", "climb" } })
    return net.inputs
  end },
  ["machine"] = { function() return core.machine().cores end, true },
  ["sha256"] = { function() return core.sha256 "text" end, true },
  ["process"] = { function() return { with_process({ "true" }, function(process) return process:wait() end) } end },
  ["poll"] = { function()
    return with_process({ "true" }, function(process) return core.poll({ process }, 60) end)
  end },
  ["process:send"] = { function() return echoed(function(process)
    process:send "word"
    process:finish()
    return (process:wait())
  end) end },
  ["process:finish"] = { function() return echoed(function(process)
    process:finish()
    return (process:wait())
  end) end },
  ["process:receive"] = { function() return with_process({ "true" }, function(process)
    process:wait()
    return process:receive()
  end) end },
  ["process:kill"] = { function() return echoed(function(process)
    process:kill()
    return (process:wait())
  end) end },
  ["process:wait"] = { function()
    return { with_process({ "false" }, function(process) return process:wait() end) }
  end },
  ["read_nnet"] = { function() return with_content(support.NNET, ".nnet", function(path)
    return { core.read_nnet(path, false):eval { 1, 2 }, core.read_nnet(path, true):eval { 1, 2 } }
  end) end },
  ["read_onnx"] = { function() return with_content(test_model(), ".onnx", function(path)
    return core.read_onnx(path):eval { 1, 2, 3, 4 }
  end) end },
  ["read_file"] = { function() return with_content("text", ".txt", core.read_file) end },
  ["pattern"] = { function(f) return tostring(core.pattern(f.net, { { 1, 0 } })) end, true },
  ["domain"] = { function() relucid.domain { lo = { -1, -1 }, hi = { 1, 1 }, A = { { 1, 1 } }, b = { 1.5 } } end },
  ["region"] = { function(f)
    return { core.region(f.net, f.cut, f.pattern, { A = { { 1, 1 } }, b = { 1 } }):rows(),
             core.region(f.net, f.cut, f.pattern:with(1, 1, nil)):rows(), core.region(f.net, f.cut):rows() }
  end },
  ["data"] = { function() return { core.data({ { 1, 2 } }):row(1),
    with_content("a,b\n1,2\n3,4\n", ".csv", function(path) return core.data(path):row(2) end),
    with_content(NPY, ".npy", function(path) return core.data(path):row(1) end),
    with_content("\0\0\8\2\0\0\0\1\0\0\0\2\255\0", ".idx", function(path) return core.data(path):row(1) end) }
  end },
  ["property.argmax"] = { function(f) return relucid.property.argmax(f.net, 1):margins() end },
  ["property.argmin"] = { function(f) return relucid.property.argmin(f.net, 2):margins() end },
  ["property.linear"] = { function(f)
    return relucid.property.linear(f.net, { { c = { 1, 2 }, a = { 3, 4 } } }):margins()
  end },
  ["property.any"] = { function(f) return relucid.property.any({ f.goal, { { c = { 1, 2 }, d = 1 } } }):clauses() end },
  ["property.vnnlib"] = { function(f) return with_content(VNNLIB, ".vnnlib", function(path)
    return (relucid.property.vnnlib(path, f.net)):clauses()
  end) end },

  ["network:eval"] = { function(f) return { f.net:eval(f.point), #f.net:eval { f.point, f.point } } end },
  ["network:eval_bounds"] = { function(f) return { f.net:eval_bounds(f.point) } end },
  ["network:pattern"] = { function(f) return tostring(f.net:pattern(f.point)) end },
  ["network:affine"] = { function(f) return { f.net:affine(f.pattern) } end },
  ["network:box"] = { function(f) return f.net:box() end, true },
  ["network:layer"] = { function(f) return f.net:layer(1) end, true },
  ["network:structure"] = { function(f) return f.net:structure() end, true },
  ["network:search"] = { function(f) return new_search(f):run() end },
  ["network:minimize"] = { function(f)
    local minimize = new_minimize(f)
    minimize:run()
    return tostring(minimize:pattern())
  end },
  ["network:preimage"] = { function(f) return finished(new_preimage(f)):count() end },
  ["network:inflate"] = { function(f) return finished(new_inflate(f)):box() end },
  ["network:enumerate"] = { function(f) return finished_enumerate(f):count() end },
  ["network:implies"] = { function(f) return f.net:implies(f.domain, f.pattern, f.goal) end },
  ["network:maximize"] = { function(f) return f.net:maximize(f.cut, f.pattern, f.goal).lower end },

  ["property:value"] = { function(f) return f.goal:value(f.point, { 1, 2 }) end, true },
  ["property:negate"] = { function(f) return f.either:negate():clauses() end },
  ["property:clauses"] = { function(f) return f.either:clauses() end, true },
  ["property:margins"] = { function(f) return f.goal:margins() end, true },
  ["data:row"] = { function(f) return f.data:row(1) end, true },

  ["pattern:get"] = { function(f) return f.pattern:get(1, 1) end, true },
  ["pattern:with"] = { function(f) return tostring(f.pattern:with(1, 1, 0)) end, true },
  ["pattern:prefix"] = { function(f) return tostring(f.pattern:prefix(0)) end, true },
  ["pattern:layers"] = { function(f) return f.pattern:layers() end, true },
  ["pattern:list"] = { function(f) return f.pattern:list() end, true },
  ["pattern:literals"] = { function(f) return f.pattern:literals() end, true },
  ["pattern:is_prefix"] = { function(f) return f.pattern:is_prefix() end, true },

  ["region:contains"] = { function(f) return { f.region:contains(f.point), f.loose:contains(f.point) } end, true },
  ["region:support"] = { function(f) return { f.region:support(f.data), f.loose:support(f.data) } end, true },
  ["region:members"] = { function(f) return { f.region:members(f.data), f.loose:members(f.data) } end, true },
  ["region:box"] = { function(f) return { f.region:box("width").width, f.region:box("width", f.point).width,
    f.region:box("volume").log_volume, f.region:box("volume", f.point).log_volume }
  end },
  ["region:volume"] = { function(f) return { f.region:volume() } end },
  ["region:rows"] = { function(f) return f.region:rows() end, true },
  ["region:pattern"] = { function(f) return tostring(f.region:pattern()) end, true },
  ["region:is_polytope"] = { function(f) return f.region:is_polytope() end, true },
  ["region:includes"] = { function(f)
    local inner = relucid.region(f.net, f.domain, f.pattern, { A = { { 1, 2 }, { 2, 1 } }, b = { 0.5, 0.5 } })
    return { f.region:includes(inner), (inner:includes(f.region)) }
  end },

  ["region:domain"] = { function(f) return f.region:domain().b end },
  ["region:maximize"] = { function(f) return f.region:maximize({ 1, 1 }).x end },
  ["region:is_empty"] = { function(f) return (f.region:is_empty()) end },
  ["region:bounds"] = { function(f) return { f.region:bounds() } end },
  ["region:facets"] = { function(f) return (f.region:facets()) end },
  ["region:intersect"] = { function(f) return f.region:intersect(f.region):rows() end },
  ["region:vertices"] = { function(f) return f.region:vertices() end },
  ["region:centre"] = { function(f) return { f.region:centre() } end },
  ["region:distance"] = { function(f) return { f.region:distance { 3, 3 } } end },
  ["region:project"] = { function(f) return f.region:project(1, 2) end },
  ["region:sample"] = { function(f) return f.region:sample(2) end },
  ["region:hit_and_run"] = { function(f) return f.region:hit_and_run((f.region:centre()), 3, 2, 1) end },
  ["network:activations"] = { function(f) return { f.net:activations { { 0.5, 0.25 }, { 1, 0 } } } end },
  ["network:ranges"] = { function(f) return f.net:ranges { domain = f.domain } end },
  ["network:local_form"] = { function(f) return f.net:local_form { 0.5, 0.25 } end },
  ["network:gradient"] = { function(f) return f.net:gradient({ 0.5, 0.25 }, 1) end },
  ["network:attack"] = { function(f) return (f.net:attack(f.goal, { domain = f.domain })) end },

  ["search:step"] = { function(f) return finished_search(f):verdict() end },
  ["search:run"] = { function(f) return finished_search(f):verdict() end },
  ["search:verdict"] = { function(f) return f.search:verdict() end, true },
  ["search:reason"] = { function(f) return f.search:reason() end, true },
  ["search:witness"] = { function(f) return f.search:witness() end, true },
  ["search:lower"] = { function(f) return f.search:lower() end, true },
  ["search:upper"] = { function(f) return f.search:upper() end, true },
  ["search:stats"] = { function(f) return f.search:stats() end, true },
  ["search:proof"] = { function(f) return f.recorded:proof().count end, true },
  ["search:proof_size"] = { function(f) return recorded_search(f):proof_size() end },
  ["search:proof_node"] = { function(f) return f.recorded:proof_node(1) end, true },
  ["search:core"] = { function(f) return tostring(f.search:core()) end, true },
  ["search:pattern"] = { function(f) return tostring(f.search:pattern()) end, true },

  ["minimize:step"] = { function(f) return finished(new_minimize(f)):verdict() end },
  ["minimize:run"] = { function(f) return new_minimize(f):run() end },
  ["minimize:verdict"] = { function(f) return f.minimize:verdict() end, true },
  ["minimize:pattern"] = { function(f) return tostring(f.minimize:pattern()) end, true },
  ["minimize:witness"] = { function(f) return f.minimize:witness() end, true },
  ["minimize:stats"] = { function(f) return f.minimize:stats() end, true },

  ["preimage:step"] = { function(f) return finished(new_preimage(f, { mode = "over" })):count() end },
  ["preimage:check"] = { function(f) return new_preimage(f):check() end },
  ["preimage:demand"] = { function(f) return new_preimage(f):demand(0.1) end },
  ["preimage:best"] = { function(f) return new_preimage(f):best() end },
  ["preimage:reason"] = { function(f) return f.preimage:reason() end, true },
  ["preimage:estimate"] = { function(f) return f.preimage:estimate() end, true },
  ["preimage:coverage"] = { function(f) return new_preimage(f):coverage() end },
  ["preimage:count"] = { function(f) return new_preimage(f):count() end },
  ["preimage:region"] = { function(f) return new_preimage(f, { mode = "over" }):region(1):rows() end },
  ["preimage:parts"] = { function(f) return #new_preimage(f):parts() end },
  ["preimage:split"] = { function(f)
    local preimage = new_preimage(f)
    preimage:split(1, { input = 1, at = 0.25 })
    preimage:split(1, { neuron = { 1, 1 } })
    return #preimage:parts()
  end },
  ["preimage:stats"] = { function(f) return f.preimage:stats().splits end, true },

  ["inflate:step"] = { function(f) return { finished(new_inflate(f)):value() } end },
  ["inflate:box"] = { function(f) return f.inflate:box() end, true },
  ["inflate:value"] = { function(f) return { f.inflate:value() } end, true },

  ["enumerate:step"] = { function(f)
    return finished(f.net:enumerate { domain = f.cut, property = f.either }):count()
  end },
  ["enumerate:merge"] = { function(f)
    local enumerate = finished_enumerate(f)
    enumerate:merge()
    return { enumerate:count(), enumerate:region(1):rows() }
  end },
  ["enumerate:count"] = { function(f) return f.enumerate:count() end, true },
  ["enumerate:region"] = { function(f) return f.enumerate:region(1):rows() end },
  ["enumerate:pattern"] = { function(f) return tostring(f.enumerate:pattern(1)) end, true },
  ["enumerate:volume"] = { function(f) return { f.enumerate:volume(1) } end, true },
  ["enumerate:vertices"] = { function(f) return f.enumerate:vertices(1) end, true },
  ["enumerate:stats"] = { function(f) return f.enumerate:stats().cells end, true },

  ["verify"] = { function(f) return with_content(VNNLIB, ".vnnlib", function(path)
    return relucid.verify(f.net, path).verdict
  end) end },
}

-- What neither takes nor gives memory of the core's.
local NO_PART = { memory_fail_at = true, time_up_at = true, now = true, add_down = true, add_up = true, mul_down = true,
                  mul_up = true,
                  check = true, on_terminal = true, file_kind = true, open_standard = true, output_failure = true,
                  search_options = true, preimage_options = true,
                  inflate_options = true }

-- The names of all entry points, as CASES has them.
local function entry_points()
  local names = { "verify" }
  for name, value in pairs(core) do
    if type(value) == "function" and not NO_PART[name] then names[#names + 1] = name end
  end
  for name in pairs(core.property) do names[#names + 1] = "property." .. name end
  for kind, methods in pairs(core.methods) do
    for name in pairs(methods) do
      if name ~= "close" then names[#names + 1] = kind .. ":" .. name end
    end
  end
  table.sort(names)
  return names
end


-- Parsed while all is well: lazily loaded modules are not what is tried.
require "relucid.verify"
require "relucid.io.vnnlib"

local function full_fixture()
  local f = fixture()
  f.search, f.minimize, f.preimage = finished_search(f), finished(new_minimize(f)), finished(new_preimage(f))
  f.enumerate = finished_enumerate(f)
  f.inflate = finished(new_inflate(f))
  f.recorded = recorded_search(f)
  return f
end

function T.test_every_entry_point()
  local f = full_fixture()
  for _, name in ipairs(entry_points()) do
    local case = CASES[name]
    lu.assertNotNil(case, name .. ": no case fails its allocations")
    local expected, got = case[1](f), nil
    local n = support.each_allocation_fails(function() got = case[1](f) end, true)
    lu.assertEquals({ name, got }, { name, expected })
    lu.assertEquals({ name, "takes none", n == 1 }, { name, "takes none", case[2] or false })
  end
end

-- The same for Lua's own memory: what the core holds when Lua has none is not lost.
function T.test_every_entry_point_without_lua_memory()
  local f = full_fixture()
  for _, name in ipairs(entry_points()) do
    local case, n, untouched = CASES[name], 1, false
    local expected = case[1](f)
    while not untouched do
      local got
      local function operation() got = case[1](f) end
      lua_memory.fail_at(n)
      local ok, message = pcall(operation)
      untouched = lua_memory.fail_at(0) > 0
      if ok then lu.assertEquals({ name, got }, { name, expected }) end
      if not ok then lu.assertEquals({ name, message }, { name, "not enough memory" }) end
      n = support.next_allocation(n)
    end
  end
end

function T.test_closing_takes_no_memory()
  local f = fixture()
  local all = { f.net, f.domain, f.goal, f.pattern, f.region, f.data, new_search(f), new_minimize(f), new_preimage(f),
                new_enumerate(f), new_inflate(f) }
  core.memory_fail_at(1)
  for _, handle in ipairs(all) do
    handle:close()
    handle:close()
  end
  lu.assertFalse((pcall(support.small)))
  core.memory_fail_at(0)
end

return T
