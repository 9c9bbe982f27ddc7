# What a newcomer needs: make demo, make test. Everything is installed into .venv and .cache.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
TESTS ?= tests

.PHONY: demo test test-extension test-editor soak bench lint format types package picture clean help

help:
	@echo "make demo            see it work: attach to a program, watch its threads come and go"
	@echo "make test            all tests (installs the compilers and tools it may)"
	@echo "make test-editor     the extension in VS Code, driven as a person would"
	@echo "make soak            the races, twenty times, with both cores busy"
	@echo "make bench           the figures, beside a bare C tracer; PEERS=1: and beside other debuggers"
	@echo "make lint            ruff and mypy, and the extension's eslint"
	@echo "make package         the VS Code extension as a .vsix"
	@echo "make types           generate dapserver/protocol/types.py from the schema"
	@echo "make picture         draw docs/threads.svg anew"

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "dapserver needs Python 3.11 or later; name one with PYTHON=..."; exit 1; }
	@sh tests/install-tools venv "$(PYTHON)"
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(STAMP)
	@$(VENV)/bin/dapserver demo

test: $(STAMP) test-extension
	@sh tests/install-tools tests
	$(PY) -m pytest $(TESTS)

# Without Node.js only the extension's own tests are left out, and CI has Node.js.
test-extension:
	@sh tests/install-tools extension && cd vscode-extension && npm ci --silent --no-fund --no-audit \
	  && npm run --silent lint && npm run --silent test || { test -z "$$CI" && ! command -v npm >/dev/null; }

# VS Code itself (code-server), driven through a browser: several minutes to install the first time.
test-editor: $(STAMP)
	PY=$(PY) sh tests/editor/run $(SCENARIOS)

soak: $(STAMP)
	@sh tests/install-tools tests
	$(PY) -m tests.soak

bench: $(STAMP)
	$(PY) -m tests.bench $(if $(PEERS),--peers) $(BENCH)

lint: $(STAMP)
	$(VENV)/bin/ruff format --check dapserver tests
	$(VENV)/bin/ruff check dapserver tests
	$(VENV)/bin/mypy

format: $(STAMP)
	$(VENV)/bin/ruff format dapserver tests
	$(VENV)/bin/ruff check --fix dapserver tests

types: $(STAMP)
	$(PY) -m tests.protocol.generate_types

package:
	cd vscode-extension && npm ci --silent --no-fund --no-audit && npm run package

picture: $(STAMP)
	$(PY) -m tests.docs.picture

clean:
	rm -rf $(VENV) .cache build dist .pytest_cache .mypy_cache .ruff_cache vscode-extension/node_modules
