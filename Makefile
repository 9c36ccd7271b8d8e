# The commands of this project; README.md explains them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

STACK ?= dev
POLICY_CONFIG ?= $(wildcard policy/policy-config.json)
PYTHON ?= $(firstword $(foreach p,python3 python3.11 python3.12 python3.13 python3.14,\
    $(if $(shell $(p) -c 'import sys; print(sys.version_info >= (3, 11) or "")' 2>/dev/null),$(p))))
BIN := .venv/bin
DEPS := .venv/.installed
SOURCES := sizing cluster plugin policy sandbox tests benchmarks __main__.py

.PHONY: help deps check format test test-deps up down env preview policy schema docs pictures lock

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' \
	  | while IFS='|' read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done

deps: $(DEPS) ## make .venv with everything pinned

$(DEPS): requirements.lock pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed: install python3 and its venv module" >&2; exit 1; }
	@echo "Installing the pinned dependencies into .venv (about two minutes the first time) ..." >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@# Compiled once here: the command starts fast even where Python may not write bytecode.
	@$(BIN)/python -m compileall -q sizing cluster plugin policy sandbox
	@touch $(DEPS)

check: deps ## lint and type-check
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/basedpyright --warnings

format: deps ## rewrite the code in its one style
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

test: deps test-deps ## run the tests, the real engine included
	@# Built first, where it can be: else every process of the tests would wait for it.
	@$(BIN)/python -m sandbox yaml >&2 || true
	@$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

test-deps: ## install cloud-init, systemd, shellcheck and Chromium for the tests (root only)
	@.ci/test-deps

preview: deps ## print the plan and the cost of STACK (JSON=1 for scripts); needs no account
	@$(BIN)/sizing preview --stack $(STACK) $(if $(JSON),--json)

policy: deps ## preview STACK under the policy pack (POLICY_CONFIG=FILE configures it)
	@command -v pulumi >/dev/null || { echo 'pulumi is not on PATH; in the local AWS: make up; eval "$$(make env)"' >&2; exit 1; }
	@pulumi preview --stack $(STACK) --suppress-outputs --policy-pack policy \
	  $(if $(POLICY_CONFIG),--policy-pack-config $(POLICY_CONFIG))

up: deps ## preview the cost of the local stack, then deploy it into the local AWS
	@$(BIN)/sizing preview --stack local
	@$(BIN)/python -m sandbox up

down: deps ## destroy the local stack and stop the local AWS
	@$(BIN)/python -m sandbox down

env: deps ## print the exports for looking around the local AWS by hand
	@$(BIN)/python -m sandbox env

schema: deps ## renew plugin/schema.json, from which other languages' SDKs are made
	@$(BIN)/python -m plugin.schema_file

docs: deps schema ## renew what README.md and docs/ print, from the commands themselves
	@$(BIN)/python benchmarks/readme_examples.py README.md docs/architecture.md
	@$(BIN)/python benchmarks/examples.py
	@$(BIN)/python benchmarks/accuracy.py --write >/dev/null

pictures: deps ## draw docs/pictures/ anew; needs Chromium and the engine
	@$(BIN)/python -m benchmarks.pictures

lock: ## renew requirements.lock from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --output-file requirements.lock --upgrade
