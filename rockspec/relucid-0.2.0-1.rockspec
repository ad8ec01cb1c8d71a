rockspec_format = "3.0"
package = "relucid"
version = "0.2.0-1"
source = {
  -- `make dist` makes the archive, and a copy of this file with its address.
  url = "file://relucid-0.2.0.tar.gz",
  dir = "relucid-0.2.0",
}
description = {
  summary = "For which inputs does a ReLU network provably keep a property?",
  detailed = "Finds regions of a network's input space on which a property of its output is proved.",
  license = "MIT",
}
-- The command needs the rock argparse or Debian's lua-argparse, and VNN-LIB files the rock lpeg or lua-lpeg; each says so
-- where it is missing.  They are not listed, as Debian's do not count as rocks.  The specs need luaunit and luafilesystem.
dependencies = {
  "lua >= 5.4, < 5.5",
}
-- GMP is needed as well; its header lies in a directory of its own on some systems, where only the compiler finds it.
-- The build calls protoc-c (Debian's protobuf-c-compiler) and names the package of whatever is missing.
external_dependencies = {
  GLPK = { header = "glpk.h" },
  JANSSON = { header = "jansson.h" },
  NETTLE = { header = "nettle/sha2.h" },
  PROTOBUF_C = { header = "protobuf-c/protobuf-c.h" },
  ZLIB = { header = "zlib.h" },
}
build = {
  type = "make",
  build_target = "all",
  install_target = "install-lua",
  build_variables = {
    BUILD = "build/rock",
    CFLAGS = "$(CFLAGS)",
    LUA_INC = "-I$(LUA_INCDIR)",
  },
  install_variables = {
    BUILD = "build/rock",
    CFLAGS = "$(CFLAGS)",
    LUA_INC = "-I$(LUA_INCDIR)",
    LUA_LIBDIR = "$(LIBDIR)",
    LUA_LUADIR = "$(LUADIR)",
    BINDIR = "$(BINDIR)",
  },
}
test = {
  type = "command",
  command = "make test",
}
