# relucid.  `make` builds build/relucid.so, the command build/relucid and the
# static core; see README.md for the other targets.

LUA      ?= lua5.4
LUA_INC  ?= $(shell pkg-config --cflags lua5.4 2>/dev/null || echo -I/usr/include/lua5.4)
CC       ?= cc
OPT      ?= -O3 -march=native
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Werror
CFLAGS   ?= $(OPT) -g
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -fPIC -ffp-contract=off $(WARN) -Iinclude -Icsrc $(CFLAGS)
LIBS     := -lglpk -ljansson -lnettle -lz -lgmp -lm -lpthread
BUILD    ?= build
RELUCID_DATA ?= $(wildcard ../shared/data)
export RELUCID_DATA

PACKAGES := gcc libc6-dev pkg-config lua5.4 liblua5.4-dev libglpk-dev libjansson-dev nettle-dev zlib1g-dev libgmp-dev \
            lua-unit lua-argparse lua-filesystem gnuplot-nox
LINT_PACKAGES := lua-check clang-tidy-14 cppcheck
