-- Installing into an empty tree and removing without a trace, with `make` and with LuaRocks; the C library and its
-- example through pkg-config; what is said where something is missing.
local lu = require "luaunit"
local lfs = require "lfs"
local relucid = require "relucid"
local support = require "spec.support"

local T = {}

local BUILD = os.getenv "RELUCID_BUILD" or "build"

-- Run a shell script with an empty directory $T: status and output, both streams.
local function sh(script, directory)
  local pipe = assert(io.popen(("T='%s' B='%s'; %s"):format(directory, BUILD, "exec 2>&1; set -e\n" .. script)))
  local output = pipe:read "a"
  local ok, _, status = pipe:close()
  return ok and 0 or status, output
end

local function needs(...)
  for _, program in ipairs { ... } do
    if not os.execute(("command -v %s >/dev/null"):format(program)) then lu.skip(program .. " is not installed") end
  end
  if os.getenv "LD_PRELOAD" then lu.skip "the library is built for the sanitizers" end
end

local function in_tree(f)
  local directory = os.tmpname()
  os.remove(directory)
  assert(lfs.mkdir(directory))
  local ok, message = pcall(f, directory)
  os.execute("rm -rf '" .. directory .. "'")
  if not ok then error(message, 0) end
end

local MAKE = "env -u MAKEFLAGS -u MAKELEVEL make -s BUILD=\"$B\" DESTDIR= PREFIX=\"$T\" "

-- Files and links below a directory, and directories whose name has relucid in it.
local function traces(directory)
  local _, output = sh([[find "$T" \( -type f -o -type l -o -path '*relucid*' \) | sort]], directory)
  return output
end

-- The functions that relucid.h declares.
local function declared()
  local set = {}
  local header = support.read("include/relucid.h"):gsub("/%*.-%*/", ""):gsub("typedef [^\n]*", "")
  for name in header:gmatch "(rl_[%w_]+)%(" do set[name] = true end
  return set
end

function T.test_install_and_uninstall()
  needs "make"
  in_tree(function(directory)
    local status, output = sh(MAKE .. "install", directory)
    lu.assertEquals(status, 0, output)
    for _, path in ipairs { "bin/relucid", "include/relucid.h", "lib/librelucid.a", "lib/librelucid.so",
      "lib/pkgconfig/relucid.pc", "lib/lua/5.4/relucid/core.so", "share/lua/5.4/relucid/init.lua",
      "share/doc/relucid/README.md", "share/doc/relucid/examples/guide/README.md",
      "share/doc/relucid/html/index.html", "share/man/man1/relucid.1",
      "share/bash-completion/completions/relucid" } do
      lu.assertNotNil(lfs.attributes(directory .. "/" .. path), path)
    end
    -- From elsewhere: the command finds its modules by itself.
    status, output = sh([[cd / && env -u LUA_PATH_5_4 -u LUA_CPATH_5_4 "$T/bin/relucid" --version]], directory)
    lu.assertEquals({ status, output }, { 0, "relucid " .. relucid.version .. "\n" })
    sh(MAKE .. "uninstall", directory)
    lu.assertEquals(traces(directory), "")
  end)
end

-- What the library exports is what its header declares.
function T.test_symbols()
  needs("nm", "readelf")
  local function exported(path)
    local _, output = sh(('nm -D --defined-only "$B/%s"'):format(path), "")
    local set = {}
    for name in output:gmatch "%x+ %u ([%w_]+)\n" do set[name] = true end
    return set
  end
  local library = "librelucid.so." .. relucid.version
  lu.assertEquals(exported(library), declared())
  lu.assertEquals(exported "lib/relucid/core.so", { luaopen_relucid_core = true })
  local _, output = sh(('readelf -d "$B/%s"'):format(library), "")
  lu.assertStrContains(output, "soname: [librelucid.so." .. relucid.version:match "^%d+%.%d+" .. "]")
end

-- The box of the example in C is that of the same strategy in Lua.
local function check_example(output)
  local net = relucid.load "examples/demo/climb.nnet"
  local point = { 0.25, 0, 0, 0.2368 }
  local result = relucid.strategy.prophecy(net, point)
  lu.assertStrContains(output, "output 1 is the largest: proved\n")
  lu.assertStrContains(output, ("%d of 32 signs"):format(result:pattern():literals()))
  local box, seen = result:box "volume", 0
  for i, lo, hi in output:gmatch "x(%d) in %[(%S+), (%S+)%]" do
    seen = seen + 1
    lu.assertAlmostEquals(tonumber(lo), box.lo[tonumber(i)], 1e-5)
    lu.assertAlmostEquals(tonumber(hi), box.hi[tonumber(i)], 1e-5)
  end
  lu.assertEquals(seen, 4)
end

for _, compiler in ipairs { "gcc", "clang" } do
  T["test_example_in_c_with_" .. compiler] = function()
    needs(compiler, "make", "pkg-config")
    in_tree(function(directory)
      local status, output = sh(MAKE .. "install >/dev/null\n" .. compiler .. [[
 -std=c11 -Wall -Wextra -Werror examples/c/region.c -o "$T/region" \
  $(PKG_CONFIG_PATH="$T/lib/pkgconfig" pkg-config --cflags --libs relucid)
LD_LIBRARY_PATH="$T/lib" "$T/region" examples/demo/climb.nnet 0.25 0 0 0.2368]], directory)
      lu.assertEquals(status, 0, output)
      check_example(output)
    end)
  end
end

function T.test_static_library()
  needs("make", "pkg-config")
  in_tree(function(directory)
    local status, output = sh(MAKE .. [[install >/dev/null
libs=$(PKG_CONFIG_PATH="$T/lib/pkgconfig" pkg-config --static --libs-only-l relucid)
cc -I"$T/include" examples/c/region.c "$T/lib/librelucid.a" ${libs#-lrelucid} -o "$T/region"
"$T/region" examples/demo/climb.nnet 0.25 0 0 0.2368]], directory)
    lu.assertEquals(status, 0, output)
    check_example(output)
  end)
end

-- The header of each library, and each program, of which the build speaks before it compiles anything.
function T.test_missing_packages()
  needs "make"
  in_tree(function(directory)
    local function fails_with(text, arguments)
      local status, output = sh("env -u MAKEFLAGS -u MAKELEVEL make -s BUILD=\"$T/build\" " .. arguments, directory)
      lu.assertEquals(status, 2)
      lu.assertStrContains(output, text)
    end
    fails_with("relucid: no_such.h is missing: install the package libnothing-dev", "NEEDED=no_such.h:libnothing-dev")
    fails_with("relucid: no-such-cc is missing: install the package gcc or clang", "CC=no-such-cc")
  end)
end

-- A module that is optional: the rest works, and what needs it names the package.
function T.test_missing_modules()
  local _, _, errors = support.lua [[
    package.preload.argparse = function() error "module 'argparse' not found" end
    os.exit(require("relucid.cli").main { "--help" })]]
  lu.assertEquals(errors,
    "relucid: the command needs argparse: install the package lua-argparse, or the rock argparse\n")
  local status, output = support.lua [[
    for _, name in ipairs { "argparse", "lpeg", "lfs", "luaunit" } do
      package.preload[name] = function() error("module '" .. name .. "' not found") end
    end
    local relucid = require "relucid"
    print(relucid.strategy.prophecy(relucid.load "examples/demo/climb.nnet", { 0.25, 0, 0, 0.2368 }).status)]]
  lu.assertEquals({ status, output }, { 0, "proved\n" })
end

-- Takes minutes: LuaRocks compiles everything again, twice.
function T.test_luarocks()
  if not os.getenv "RELUCID_LONG" then lu.skip "RELUCID_LONG is not set" end
  needs("luarocks", "git", "make")
  in_tree(function(directory)
    local rocks = "luarocks --lua-version 5.4 --tree \"$T/tree\" "
    for _, install in ipairs { rocks .. "make rockspec/relucid-scm-1.rockspec",
      "make -s dist BUILD=\"$T\"; cd \"$T\"; luarocks --lua-version 5.4 pack relucid-*.rockspec; "
        .. rocks .. "install relucid-*.src.rock" } do
      local status, output = sh(install, directory)
      lu.assertEquals(status, 0, output)
      _, output = sh([[cd / && env -u LUA_PATH_5_4 -u LUA_CPATH_5_4 "$T/tree/bin/relucid" --version]], directory)
      lu.assertEquals(output, "relucid " .. relucid.version .. "\n")
      sh(rocks .. "remove relucid", directory)
      _, output = sh([[find "$T/tree" -type f ! -name manifest]], directory)
      lu.assertEquals(output, "")
    end
  end)
end

return T
