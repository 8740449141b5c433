# Every target does its own set-up on a Debian machine that has the Rust toolchain: see scripts/setup.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

CARGO ?= cargo
# All commands name the whole workspace, so that every crate is compiled with one set of features, once.
WORKSPACE := --workspace --locked
# `make up ARGS="--config deploy/crossgate.toml"`.
ARGS ?=
# Seconds for each fuzz target of `make fuzz`, and which ones (a part of a test's name; empty means all).
FUZZ_SECONDS ?= 60
FUZZ ?=
# Cases of `make conformance`; empty means all.
CASES ?=

.PHONY: help up test check bench dist fuzz conformance clean setup-build setup-test

help: ## show this list
	@printf 'Crossgate. What make can do:\n\n'
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@printf '\nStart with: make up\n'

up: setup-build ## build and start Crossgate with a demo realm, users, data and certificates
	@printf 'Building Crossgate. The first build takes a few minutes; later ones take seconds.\n'
	@$(CARGO) build $(WORKSPACE) --exclude crossgate-tests --exclude crossgate-benches --profile up
	@exec target/up/crossgate up $(ARGS)

test: setup-test ## run every test: unit, property, fuzz (briefly), journeys, browser, tidy
	@scripts/test

check: setup-build ## formatting, lints, layout, licences, documentation
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(WORKSPACE) --all-targets -- -D warnings
	$(CARGO) test $(WORKSPACE) --test it -- tidy::
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
	  set -x; $(CARGO) deny --offline check licenses bans sources; \
	else \
	  echo 'cargo-deny is not installed; the tidy test has checked licences and duplicates.'; \
	fi
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc $(WORKSPACE) --no-deps

bench: setup-build ## measure HTTP and WAMP against bare servers (ARGS=http, ARGS=wamp: one of them)
	@scripts/bench $(ARGS)

dist: setup-build ## build the program for speed: target/release/crossgate
	$(CARGO) build --locked --release -p crossgate
	@ls -l target/release/crossgate

fuzz: setup-build ## run the fuzz targets for FUZZ_SECONDS (60) each; FUZZ=name picks some
	@FUZZ_SECONDS='$(FUZZ_SECONDS)' scripts/fuzz '$(FUZZ)'

conformance: setup-build ## Autobahn's WebSocket suite against the doors; needs a Python 2.7 (CASES='6.*,7.*' picks some)
	@scripts/conformance $(if $(CASES),'$(CASES)')

clean: ## remove everything that was built (the data of `make up` stays)
	$(CARGO) clean

setup-build:
	@scripts/setup build

setup-test:
	@scripts/setup test
