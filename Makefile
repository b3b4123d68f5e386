# `make run` and `make test` do everything; `make help` lists the rest.
# They need Python 3.11+, make and the package registries. Node comes from PyPI when the machine has none.

PYTHON ?= python3
BIN := .venv/bin
export SAFECONDUCT_HOME ?= ./var
WORKERS ?= 2
.DEFAULT_GOAL := help

.PHONY: help
help: ## list what can be made
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.venv/installed: requirements/dev.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || (echo "Python 3.11 or later is needed" && exit 1)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: setup
setup: .venv/installed assets ## make the environment and the browser assets

.PHONY: assets
assets: .venv/installed
	@$(BIN)/python frontend/assets.py

.PHONY: run
run: setup ## serve the portal; an empty data folder gets the demo
	@test -e "$$SAFECONDUCT_HOME/folder.json" || $(BIN)/safeconduct demo
	@$(BIN)/safeconduct serve

.PHONY: test
test: setup ## run the test suite
	$(BIN)/pytest -q -n $(WORKERS)

.PHONY: test-postgres
test-postgres: setup ## run the test suite on the PostgreSQL of TEST_DATABASE_URL
	DATABASE_URL=$${TEST_DATABASE_URL:-postgresql://postgres@127.0.0.1:5432/safeconduct} $(BIN)/pytest -q -n $(WORKERS)

.PHONY: e2e
e2e: setup ## run the journeys in a real browser (needs Chromium)
	$(BIN)/pytest -q -m e2e -n $(WORKERS) tests/e2e

.PHONY: lint
lint: .venv/installed ## ruff, djlint, import contracts
	$(BIN)/ruff check .
	$(BIN)/djlint --lint --quiet safeconduct
	$(BIN)/lint-imports

.PHONY: types
types: .venv/installed ## mypy --strict
	$(BIN)/mypy

.PHONY: bench
bench: setup ## measure against peers; ONLY=fanout,reverse,start for some
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/bench.txt
	$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY))

.PHONY: facts
facts: .venv/installed ## rebuild the shipped country and city facts from their packages
	$(BIN)/safeconduct build_facts

.PHONY: lock
lock: ## rewrite the locked requirements
	for f in bootstrap runtime dev bench; do \
	  $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal \
	    --python-version 3.11 requirements/$$f.in -o requirements/$$f.txt; done

.PHONY: messages
messages: .venv/installed ## collect the strings to translate (needs gettext)
	cd safeconduct && ../$(BIN)/python -m django makemessages -a --no-location --no-wrap -e html,txt,py --settings safeconduct.config.settings
