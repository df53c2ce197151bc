# One verb a chore: the same for a person and for CI. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUST_SOURCES := $(shell find rust -name '*.rs' -o -name 'Cargo.*' 2>/dev/null | grep -v target/)
# What measures, built apart from what is measured.
BENCH_CRATES := traffic stages
BENCH_CARGO := CARGO_TARGET_DIR=$(CURDIR)/build/bench/target cargo
# The binding is built for the Python it runs in.
export PYO3_PYTHON := $(CURDIR)/$(BIN)/python

.PHONY: help
help:  ## List the chores
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: build
build: $(VENV)/.built  ## Set up .venv with all that is needed and build podwire into it

$(VENV)/.dependencies: requirements/dev.txt scripts/make-venv
	@scripts/make-venv $(VENV) $(PYTHON)
	@touch $@

$(VENV)/.built: $(VENV)/.dependencies pyproject.toml lab/pyproject.toml $(RUST_SOURCES)
	@scripts/install-podwire $(VENV)
	@touch $@

.PHONY: demo
demo: build  ## Show the reference page's tables on live packets, in network namespaces
	@$(BIN)/podwire-lab demo --podwire $(BIN)/podwire

.PHONY: test
test: build  ## Run every check and test, the live ones too
	@scripts/test-tools
	@$(MAKE) --no-print-directory lint test-rust test-python

.PHONY: lint
lint: build  ## Check style, types and the direction of imports
	$(BIN)/ruff format --check --quiet python lab tests bench
	$(BIN)/ruff check --quiet python lab tests bench
	$(BIN)/mypy python/podwire lab/podwire_lab bench
	$(BIN)/python -m mypy.stubtest podwire.capture._core
	$(BIN)/lint-imports
	cd rust && cargo fmt --all --check
	cd rust && cargo clippy --workspace --all-targets --quiet -- -D warnings
	$(foreach crate,$(BENCH_CRATES),cargo fmt --manifest-path bench/$(crate)/Cargo.toml --check &&) true
	$(foreach crate,$(BENCH_CRATES),$(BENCH_CARGO) clippy --manifest-path bench/$(crate)/Cargo.toml --all-targets --quiet \
	  --locked -- -D warnings &&) true

.PHONY: test-rust
test-rust: build  ## Test the packet core
	cd rust && cargo test --workspace --quiet
	$(BENCH_CARGO) test --manifest-path bench/traffic/Cargo.toml --quiet --locked

.PHONY: test-python
test-python: build  ## Test everything else, on live packets where root allows it: both halves side by side
	@echo "The live tests and the others run side by side; what each prints comes when it has ended."
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target test-live test-unit

.PHONY: test-live
test-live: build  ## Test on live packets: network namespaces, packet sockets, the daemon and its clients
	$(BIN)/pytest tests/live

.PHONY: test-unit
test-unit: build  ## Test what needs no root
	$(BIN)/pytest --ignore tests/live

.PHONY: test-real
test-real: build  ## Test beside a real API server and real flannel, which Go builds first (ten minutes, once)
	scripts/build-kubernetes build/kubernetes
	PODWIRE_TEST_PROGRAMS=$(CURDIR)/build/kubernetes $(BIN)/pytest tests/live/test_real_cluster.py

.PHONY: fuzz
fuzz:  ## Fuzz the packet core: every target for 20 seconds
	scripts/fuzz 20

.PHONY: sanitize
sanitize:  ## Test the unsafe code under the address sanitizer
	@scripts/sanitize

.PHONY: bench
bench: build  ## Measure, and print the tables of docs/performance.md
	$(BIN)/python -m bench

.PHONY: docs
docs: build  ## Write the generated pages again
	$(BIN)/python scripts/write-reference docs/reference/commands.md

.PHONY: format
format: build  ## Format the sources
	$(BIN)/ruff format python lab tests bench
	$(BIN)/ruff check --fix --quiet python lab tests bench
	cd rust && cargo fmt --all

.PHONY: wheel
wheel: build  ## Build what can be installed elsewhere, into dist/
	PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/maturin build --release --out dist

.PHONY: lock
lock:  ## Pin the Python dependencies anew, by version and hash (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --custom-compile-command "make lock" pyproject.toml --all-extras -o requirements/runtime.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --custom-compile-command "make lock" pyproject.toml --all-extras --group dev --group lab \
	  -o requirements/dev.txt

.PHONY: clean
clean:  ## Remove what was built
	rm -rf $(VENV) rust/target build dist
