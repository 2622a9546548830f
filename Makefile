# The two commands that matter: `make run` and `make test`. Everything lives in .venv and var.
SHELL := /bin/sh
.DEFAULT_GOAL := run
.PHONY: setup run test soak check fix sample reindex browser lock clean

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$candidate && break; done)
UV_VERSION := 0.13.9
COMPILE = $(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header

setup: $(VENV)/.installed ## environment with exactly the locked packages, and the command kb

run: setup ## database, sample knowledge, index, then the server on http://127.0.0.1:8000
	@$(BIN)/kb upgrade
	@$(BIN)/kb sample
	@test -d "$${KB_HOME:-var}/index" || $(BIN)/kb index
	@KB_DEMO=$${KB_DEMO:-1} $(BIN)/kb serve

test: $(VENV)/.installed-dev ## every test; what needs a missing browser skips and says so
	@$(BIN)/python -m pytest -n 3 --dist worksteal

soak: $(VENV)/.installed-dev ## the tests that have a size, at the size before a release
	@KB_KILLS=$${KB_KILLS:-50} KB_HISTORIES=$${KB_HISTORIES:-30} KB_WORLDS=$${KB_WORLDS:-120} \
		$(BIN)/python -m pytest -n 3 --dist worksteal --durations=10 \
		tests/indexer/test_kill.py tests/kb/test_shown_oracle.py tests/kb/test_interleaving.py tests/contract/test_search_rights.py

check: $(VENV)/.installed-dev ## style, types, import rules, architecture
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest tests/architecture

fix: $(VENV)/.installed-dev ## mend what ruff can mend
	@$(BIN)/ruff check --fix .

sample: setup ## load the sample knowledge
	@$(BIN)/kb upgrade
	@$(BIN)/kb sample

reindex: setup ## build the index anew beside the old one
	@$(BIN)/kb reindex

browser: $(VENV)/.installed-dev ## only the tests that drive a browser
	@$(BIN)/python -m pytest -m browser

lock: setup ## make the lock files anew from the .in files
	@$(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip --disable-pip-version-check --quiet install uv==$(UV_VERSION)
	@for name in requirements-build requirements requirements-dev requirements-bench; do \
		$(COMPILE) -o $$name.txt $$name.in || exit 1; done

clean: ## remove the environment and caches; the knowledge in var stays
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "需要 Python 3.11 或更高版本 / Python 3.11 or later is needed" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements-build.txt requirements.txt setup.cfg pyproject.toml | $(VENV)/bin/python
	@echo "安装依赖，首次约需一两分钟 / installing packages" >&2
	@$(PIP) install --require-hashes -r requirements-build.txt
	@$(PIP) install --require-hashes --no-build-isolation -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@
