# relucid.
#
#   all (default)  build/relucid (the command), build/lib/relucid/core.so (the Lua module), build/librelucid.a and
#                  build/librelucid.so.VERSION (the core)
#   demo           the examples, start to end
#   test           all specs; test-long: the slow ones too; .ci/run calls test
#   debug          build/debug: -O0 and assertions       asan       build/asan: sanitizers; runs the specs
#   tsan           build/tsan: ThreadSanitizer; runs the threaded specs
#   valgrind       the specs under valgrind              lint       warnings, luacheck, clang-tidy, cppcheck
#   format         clang-format in place                 bench      spec/bench
#   doc            build/doc: guide and reference as HTML, man page, completion for bash
#   install        all of it; DESTDIR, PREFIX            uninstall    removes what install put there
#   dist           build/relucid-VERSION.tar.gz, .rockspec   clean
#
# `test` and `demo` first install the Debian packages that are missing.

LUA      ?= lua5.4
LUA_INC  ?= $(shell pkg-config --cflags lua5.4 2>/dev/null || echo -I/usr/include/lua5.4)
CC       ?= cc
OPT      ?= -O3 -march=native
WARN     := -Wall -Wextra -Wno-psabi -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
CFLAGS   ?= $(OPT) -g
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -fPIC -ffp-contract=off $(WARN) $(ERROR) -Iinclude -Icsrc -I$(BUILD)/gen $(CFLAGS)
CORE_LIBS := -lglpk -lnettle -lprotobuf-c -lz -lgmp -lm -lpthread
LIBS     := -ljansson $(CORE_LIBS)
# Before 1.0.0 each minor version has an interface of its own.
VERSION  := $(shell sed -n 's/^\#define RELUCID_VERSION "\(.*\)"/\1/p' include/relucid.h)
SONAME   := librelucid.so.$(basename $(VERSION))
BUILD    ?= build
ERROR    ?= # -Werror: lint and continuous integration take no warning
RELUCID_DATA ?= $(wildcard ../shared/data)
export RELUCID_DATA
PREFIX   ?= /usr/local
LIBDIR   ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR  ?= $(PREFIX)/share
LUA_LIBDIR ?= $(PREFIX)/lib/lua/5.4
LUA_LUADIR ?= $(PREFIX)/share/lua/5.4
BINDIR   ?= $(PREFIX)/bin

PACKAGES := gcc libc6-dev pkg-config lua5.4 liblua5.4-dev libglpk-dev libjansson-dev nettle-dev zlib1g-dev libgmp-dev \
            libprotobuf-c-dev protobuf-c-compiler lua-unit lua-argparse lua-filesystem lua-lpeg gnuplot-nox
LINT_PACKAGES := lua-check clang-tidy-14 cppcheck

CORE_SOURCES := $(filter-out csrc/lua/%,$(wildcard csrc/*/*.c csrc/*/*/*.c))
LUA_SOURCES  := $(wildcard csrc/lua/*.c)
PROTO        := $(BUILD)/gen/format/onnx/onnx.pb-c
CORE_OBJECTS := $(CORE_SOURCES:csrc/%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/gen/onnx.pb-c.o
LUA_OBJECTS  := $(LUA_SOURCES:csrc/%.c=$(BUILD)/obj/%.o)
HEADERS      := $(wildcard include/*.h csrc/*/*.h csrc/*/*/*.h)
LUA_FILES     = $(shell find lua -name '*.lua' | sort)

# Run Lua with this build's module and the checkout's Lua files.
ROOT     := $(CURDIR)
WITH_LUA  = LUA_PATH_5_4="$(ROOT)/lua/?.lua;$(ROOT)/lua/?/init.lua;$(ROOT)/?.lua;;" \
            LUA_CPATH_5_4="$(abspath $(BUILD))/lib/?.so;;" RELUCID_BUILD="$(abspath $(BUILD))"

.PHONY: all demo test test-long debug asan tsan valgrind lint lint-lua lint-warnings lint-cppcheck lint-tidy format bench doc \
        install install-lua uninstall dist clean deps lint-deps run-specs spec-modules
.DELETE_ON_ERROR:

comma := ,
# $(call run,WORD,command): one short line for each file; with V=1 the whole command.
run = @$(if $(V),echo '$(2)',printf '  %-7s%s\n' $(1) $(patsubst $(CURDIR)/%,%,$@)); $(2)

all: $(BUILD)/relucid $(BUILD)/lib/relucid/core.so $(BUILD)/librelucid.a $(BUILD)/librelucid.so.$(VERSION)

# What must be there before anything is compiled: HEADER:PACKAGE, the package as Debian names it.
NEEDED := glpk.h:libglpk-dev jansson.h:libjansson-dev nettle/sha2.h:nettle-dev zlib.h:zlib1g-dev gmp.h:libgmp-dev \
          protobuf-c/protobuf-c.h:libprotobuf-c-dev lua.h:liblua5.4-dev
$(BUILD)/.needed: Makefile
	@mkdir -p $(@D)
	@command -v $(firstword $(CC)) >/dev/null || { echo "relucid: $(CC) is missing: install the package gcc or clang"; exit 1; }
	@for pair in $(NEEDED); do \
	  echo "#include <$${pair%%:*}>" | $(CC) $(CFLAGS) $(LUA_INC) -E - >/dev/null 2>&1 || \
	    { echo "relucid: $${pair%%:*} is missing: install the package $${pair##*:}"; exit 1; }; done
	@command -v protoc-c >/dev/null || \
	  { echo "relucid: protoc-c is missing: install the package protobuf-c-compiler"; exit 1; }
	@touch $@
$(CORE_OBJECTS) $(LUA_OBJECTS) $(PROTO).c: | $(BUILD)/.needed

$(BUILD)/obj/lua/%.o: csrc/lua/%.c
	@mkdir -p $(@D)
	$(call run,CC,$(CC) $(ALL_CFLAGS) $(LUA_INC) -MMD -MP -c $< -o $@)

# What protoc-c makes of the .proto; only the ONNX reader includes it.
$(PROTO).c: csrc/format/onnx/onnx.proto
	@mkdir -p $(BUILD)/gen
	$(call run,PROTOC,protoc-c --proto_path=csrc --c_out=$(BUILD)/gen $<)

$(PROTO).h: $(PROTO).c ;

$(BUILD)/obj/gen/onnx.pb-c.o: $(PROTO).c
	@mkdir -p $(@D)
	$(call run,CC,$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@)

$(filter $(BUILD)/obj/format/onnx/%,$(CORE_OBJECTS)): | $(PROTO).h

$(BUILD)/obj/%.o: csrc/%.c
	@mkdir -p $(@D)
	$(call run,CC,$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@)

$(BUILD)/librelucid.a: $(CORE_OBJECTS)
	@rm -f $@
	$(call run,AR,$(AR) rcs $@ $^)

# Shared objects export what their callers need and nothing else: the functions that relucid.h declares, and the one
# that Lua looks for.
$(BUILD)/gen/librelucid.map: include/relucid.h Makefile
	@mkdir -p $(@D)
	@{ echo '{ global:'; grep -oE '\brl_[A-Za-z0-9_]+\(' $< | sort -u | sed 's/($$/;/'; echo 'local: *; };'; } > $@
$(BUILD)/gen/core.map: Makefile
	@mkdir -p $(@D)
	@echo '{ global: luaopen_relucid_core; local: *; };' > $@

$(BUILD)/librelucid.so.$(VERSION): $(CORE_OBJECTS) $(BUILD)/gen/librelucid.map
	$(call run,LINK,$(CC) -shared $(CFLAGS) $(LDFLAGS) -Wl$(comma)-soname$(comma)$(SONAME) \
	  -Wl$(comma)--version-script=$(BUILD)/gen/librelucid.map $(CORE_OBJECTS) $(CORE_LIBS) -o $@)

$(BUILD)/lib/relucid/core.so: $(LUA_OBJECTS) $(CORE_OBJECTS) $(BUILD)/gen/core.map
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) -shared $(CFLAGS) $(LDFLAGS) -Wl$(comma)--version-script=$(BUILD)/gen/core.map $(LUA_OBJECTS) \
	  $(CORE_OBJECTS) $(LIBS) -o $@)

# $(call command,DIR,LIB): lines of a script that starts the command with the modules in these directories.
command = 'LUA_PATH_5_4="$(1)/?.lua;$(1)/?/init.lua;$${LUA_PATH_5_4:-$${LUA_PATH:-;}}"' \
  'LUA_CPATH_5_4="$(2)/?.so;$${LUA_CPATH_5_4:-$${LUA_CPATH:-;}}"' \
  'export LUA_PATH_5_4 LUA_CPATH_5_4' \
  'exec "$${LUA:-$(LUA)}" "$(1)/relucid/main.lua" "$$@"'

# The command for use from the checkout: finds everything relative to itself.
$(BUILD)/relucid: Makefile
	@mkdir -p $(@D)
	@printf '%s\n' '#!/bin/sh' \
	  'here=$$(dirname "$$(readlink -f "$$0")")' \
	  'root=$$here/$(shell realpath -m --relative-to=$(BUILD) .)' \
	  $(call command,$$root/lua,$$here/lib) > $@
	@chmod +x $@

-include $(CORE_OBJECTS:.o=.d) $(LUA_OBJECTS:.o=.d)

# ---- packages ---------------------------------------------------------------

# $(call need,packages): install those that are missing; nothing where there is no dpkg.
define need
@command -v dpkg-query >/dev/null || exit 0; \
missing=; for p in $(1); do \
  [ "$$(dpkg-query -W -f='$${db:Status-Status}' $$p 2>/dev/null)" = installed ] || missing="$$missing $$p"; done; \
[ -z "$$missing" ] || { echo "installing:$$missing"; \
  if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
  $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing; }
endef

deps:
	$(call need,$(PACKAGES))

lint-deps:
	$(call need,$(LINT_PACKAGES))

# ---- running ------------------------------------------------------------------

test: deps
	@$(MAKE) --no-print-directory spec-modules
	@$(WITH_LUA) $(LUA) spec/run.lua $(SPEC)

test-long: deps
	@$(MAKE) --no-print-directory spec-modules
	@RELUCID_LONG=1 $(WITH_LUA) $(LUA) spec/run.lua $(SPEC)

# examples/demo/run.lua when it is there; else a region of the demo network.
DEMO = $(firstword $(wildcard examples/demo/run.lua))
demo: deps
	@$(MAKE) --no-print-directory all
	@$(if $(DEMO),$(WITH_LUA) PATH="$(abspath $(BUILD)):$$PATH" $(LUA) $(DEMO),$(BUILD)/relucid characterize \
	  examples/demo/climb.nnet --raw --point -125,0,0,5.75 --data examples/demo/encounters.csv)

debug:
	@$(MAKE) --no-print-directory BUILD=build/debug OPT="-O0 -g3 -DRL_DEBUG" all

# Leaks that Lua itself or its libraries keep until exit are listed in spec/lsan.supp.
SANITIZE := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
asan: deps
	@$(MAKE) --no-print-directory BUILD=build/asan OPT="$(SANITIZE)" spec-modules
	@ASAN_OPTIONS=detect_leaks=1:verify_asan_link_order=0:abort_on_error=0 \
	 LSAN_OPTIONS=suppressions=$(ROOT)/spec/lsan.supp:print_suppressions=0 UBSAN_OPTIONS=print_stacktrace=1 \
	 LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
	 $(MAKE) --no-print-directory BUILD=build/asan run-specs

# Data races between the threads of a search: the specs that use several, alone.
THREADED := csrc/decide/edge csrc/core/clock csrc/lua/job
TSANITIZE := -O1 -fsanitize=thread -fno-omit-frame-pointer
tsan: deps
	@$(MAKE) --no-print-directory BUILD=build/tsan OPT="$(TSANITIZE)" spec-modules
	@$(MAKE) --no-print-directory BUILD=build/tsan run-specs SPEC="$(or $(SPEC),$(THREADED))" \
	 RUNNER="env LD_PRELOAD=$$($(CC) -print-file-name=libtsan.so) TSAN_OPTIONS=halt_on_error=1:exitcode=66"

run-specs:
	@$(WITH_LUA) $(RUNNER) $(LUA) spec/run.lua $(SPEC)

# Without the specs that give the search so many seconds: they are about speed.
VALGRIND := valgrind -q --suppressions=$(ROOT)/spec/valgrind.supp --leak-check=full --error-exitcode=9
valgrind: deps
	$(call need,valgrind)
	@$(MAKE) --no-print-directory BUILD=build/valgrind OPT="-O1" spec-modules
	@$(MAKE) --no-print-directory BUILD=build/valgrind RUNNER="$(VALGRIND)" SPEC="$(or $(SPEC),csrc/core csrc/format csrc/lua lua/)" run-specs

bench: all
	@for f in spec/bench/*_bench.lua; do echo "== $$f"; $(WITH_LUA) $(LUA) $$f || exit 1; done

# ---- checking the source --------------------------------------------------------

lint: lint-deps
	@$(MAKE) --no-print-directory -k lint-lua lint-warnings lint-cppcheck lint-tidy

lint-lua:
	luacheck -q lua spec examples

lint-warnings:
	@$(MAKE) --no-print-directory BUILD=build/lint OPT="-O2" ERROR=-Werror all

lint-cppcheck:
	cppcheck -q --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	  --suppress=missingIncludeSystem --suppress=duplicateAssignExpression -Iinclude -Icsrc csrc

# One file at a time: the analyser's state leaks from one to the next.
lint-tidy: $(PROTO).h
	printf '%s\n' $(CORE_SOURCES) $(LUA_SOURCES) | xargs -P 2 -I FILE \
	  clang-tidy-14 --quiet FILE -- -std=c11 -D_GNU_SOURCE -Iinclude -Icsrc -I$(BUILD)/gen $(LUA_INC)

format:
	clang-format -i $(CORE_SOURCES) $(LUA_SOURCES) $(HEADERS)

doc: all
	@$(WITH_LUA) $(LUA) spec/doc.lua

# ---- installing -------------------------------------------------------------------

# What `install` puts where, as MODE:SOURCE:TARGET; `uninstall` removes the same targets.
DOCDIR    = $(DATADIR)/doc/relucid
DOC_FILES = README.md CHANGELOG.md LICENSE $(shell find examples -type f | sort)
INSTALLED = 644:include/relucid.h:$(INCLUDEDIR)/relucid.h \
            644:$(BUILD)/librelucid.a:$(LIBDIR)/librelucid.a \
            755:$(BUILD)/librelucid.so.$(VERSION):$(LIBDIR)/librelucid.so.$(VERSION) \
            644:$(BUILD)/relucid.pc:$(LIBDIR)/pkgconfig/relucid.pc \
            $(foreach f,$(DOC_FILES),644:$(f):$(DOCDIR)/$(f)) \
            644:$(BUILD)/doc/relucid.1:$(DATADIR)/man/man1/relucid.1 \
            644:$(BUILD)/doc/relucid.bash:$(DATADIR)/bash-completion/completions/relucid
# The pages of HTML, which stand beside the examples there.
HTML_FILES = $(patsubst examples/guide/%.md,%.html,$(filter-out %/README.md,$(wildcard examples/guide/*.md))) index.html \
             reference.html internals.html
INSTALLED_LUA = 755:$(BUILD)/lib/relucid/core.so:$(LUA_LIBDIR)/relucid/core.so \
                $(foreach f,$(LUA_FILES),644:$(f):$(LUA_LUADIR)/$(f:lua/%=%))
LINKS = $(LIBDIR)/$(SONAME) $(LIBDIR)/librelucid.so
# Directories that are relucid's own.
OWN = $(LUA_LUADIR)/relucid $(LUA_LIBDIR)/relucid $(DOCDIR)

put = for entry in $(1); do \
  target=$${entry\#\#*:}; entry=$${entry%:*}; \
  install -D -m $${entry%%:*} $${entry\#*:} "$(DESTDIR)$$target" || exit 1; done

$(BUILD)/relucid.pc: Makefile include/relucid.h
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' 'Name: relucid' \
	  'Description: For which inputs does a ReLU network provably keep a property?' 'Version: $(VERSION)' \
	  'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -lrelucid' 'Libs.private: $(CORE_LIBS)' > $@
# The prefix may be another one than last time.
.PHONY: $(BUILD)/relucid.pc

install: install-lua $(BUILD)/relucid.pc doc
	@printf '%s\n' '#!/bin/sh' $(call command,$(LUA_LUADIR),$(LUA_LIBDIR)) > $(DESTDIR)$(BINDIR)/relucid
	@$(call put,$(INSTALLED))
	@mkdir -p "$(DESTDIR)$(DOCDIR)/html"
	@for page in $(HTML_FILES); do \
	  sed 's,\(href\|src\)="../../,\1="../,g' $(BUILD)/doc/$$page > "$(DESTDIR)$(DOCDIR)/html/$$page" || exit 1; done
	@for link in $(LINKS); do ln -sf librelucid.so.$(VERSION) "$(DESTDIR)$$link"; done
	@echo "relucid $(VERSION) is in $(DESTDIR)$(PREFIX); the command is $(DESTDIR)$(BINDIR)/relucid"
	@[ -n "$(DESTDIR)" ] || ldconfig 2>/dev/null || true

# The Lua module and the command alone, as LuaRocks wants them.
install-lua: all
	@$(call put,$(INSTALLED_LUA) 755:lua/relucid/main.lua:$(BINDIR)/relucid)

uninstall:
	@for entry in $(INSTALLED) $(INSTALLED_LUA) $(LINKS) $(BINDIR)/relucid \
	  $(foreach f,$(HTML_FILES),$(DOCDIR)/html/$(f)); do rm -f "$(DESTDIR)$${entry##*:}"; done
	@for own in $(OWN); do [ ! -d "$(DESTDIR)$$own" ] || find "$(DESTDIR)$$own" -depth -type d -empty -delete; done
	@[ -n "$(DESTDIR)" ] || ldconfig 2>/dev/null || true

# The files of the current commit, and a rockspec that fetches them from DIST_URL: `luarocks pack` and `install` take it.
DIST_URL ?= file://$(abspath $(BUILD))/relucid-$(VERSION).tar.gz
dist:
	@mkdir -p $(BUILD)
	git archive --prefix=relucid-$(VERSION)/ -o $(BUILD)/relucid-$(VERSION).tar.gz HEAD
	sed 's|url = ".*"|url = "$(DIST_URL)"|' rockspec/relucid-$(VERSION)-1.rockspec > $(BUILD)/relucid-$(VERSION)-1.rockspec

clean:
	rm -rf build

# ---- modules that only the specs load ----------------------------------------------

spec-modules: all $(BUILD)/lib/brute.so $(BUILD)/lib/lua_memory.so

$(BUILD)/lib/brute.so: spec/brute/brute.c
$(BUILD)/lib/lua_memory.so: spec/lua_memory.c
$(BUILD)/lib/brute.so $(BUILD)/lib/lua_memory.so:
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) -std=c11 -fPIC $(WARN) $(ERROR) $(CFLAGS) $(LUA_INC) -shared $(LDFLAGS) $< -lm -o $@)
