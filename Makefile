# SPDX-License-Identifier: ISC
#
# The door: what a person or CI asks for, in one word.  Meson and Ninja do the
# work, each kind of build in a directory of its own.
#
#	make			build/pinhole
#	make demo		audit two border firewalls and this machine, fix, prove
#	make test		build strictly, run everything; last line: N passed, ...
#	make lint		layers, sizes, headers, clang-tidy, shellcheck
#	make fuzz		every parser, FUZZ_SECONDS each
#	make oracle		a million packets through the kernel
#	make accept		browsers and other programs call through the relay
#	make soak		10,000 allocations for SOAK_SECONDS, an hour: is memory flat?
#	make bench [PART=relay]	the figures of docs/PERFORMANCE.md
#	make corpus CORPUS=DIR	third-party files with known answers
#	make golden-update	take what fmt prints now as right; read the diff
#	make install		DESTDIR= PREFIX=/usr/local

PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
CORPUS ?=

all: build/pinhole

deps:
	@tools/deps build

build/build.ninja: | deps
	@mkdir -p build
	@meson setup build -Dwerror=false -Dprefix=$(PREFIX) >build/setup.log 2>&1 || \
	    { cat build/setup.log; exit 1; }

build/pinhole: build/build.ninja FORCE
	@ninja -C build --quiet pinhole

demo: build/pinhole
	@tools/demo

test:
	@tools/deps build test
	@tests/run

lint:
	@tools/deps build lint
	@tools/lint

fuzz:
	@tools/deps build test
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/run fuzz

oracle: build/pinhole
	@tools/deps build test
	@tests/oracle/run --million

accept: build/pinhole
	@tools/deps build test accept
	@tests/judges/run

bench: build/pinhole
	@tests/bench/run $(PART)

soak: build/pinhole
	@tools/deps build test
	@tests/relay/soak

corpus: build/pinhole
	@tests/corpus/run "$(CORPUS)"

golden-update: build/pinhole
	@tests/golden/run --update

install: build/pinhole
	@meson configure build -Dprefix=$(PREFIX)
	@ninja -C build --quiet
	@meson install -C build --no-rebuild --quiet $(if $(DESTDIR),--destdir "$(abspath $(DESTDIR))")

help:
	@sed -n 's/^#	//p' Makefile

clean:
	rm -rf build build-test

FORCE:
.PHONY: all help deps demo test lint fuzz oracle accept bench soak corpus golden-update install clean FORCE
