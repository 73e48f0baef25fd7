# All common tasks, for people and for continuous integration. `make help` lists them.
# Needs Python 3.11 or newer, make and git. Everything is installed into $(VENV), nothing outside it.

VENV ?= .venv
PYTHON ?=
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet

# What `make test` runs and how: make test TESTS=tests/core PYTEST_FLAGS="-k silence"
TESTS ?=
PYTEST_FLAGS ?=
WORKERS ?= 2
MARKS ?= not slow
COVERAGE ?=

DEMO := build/parcelshop

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench fuzz mutants docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.ready-demo ## invent a parcel shop's log and replay it: where each customer stands, and why
	@mkdir -p build
	$(BIN)/python examples/parcelshop/make_log.py --out $(DEMO).csv
	$(BIN)/trustcurve replay $(DEMO).csv --mapping examples/parcelshop/mapping.toml --allow-rejects --out $(DEMO)
	@echo
	@echo "Next, see why one customer fell:"
	@echo "  $(BIN)/trustcurve explain $(DEMO).csv --mapping examples/parcelshop/mapping.toml --customer C00037"
	@echo "Then read docs/tutorials/replay.md about this log, or docs/how-to/mapping.md to replay your own."

test: $(VENV)/.ready-test ## run the tests, docs and examples included, except the slow ones
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "$(MARKS)" $(COVERAGE) $(PYTEST_FLAGS) $(TESTS)

check: $(VENV)/.ready-dev ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright --warnings
	$(BIN)/lint-imports --no-logo
	$(BIN)/towncrier build --draft --version next >/dev/null

format: $(VENV)/.ready-dev ## format, and fix what can be fixed safely
	$(BIN)/ruff check --fix --exit-zero --quiet .
	$(BIN)/ruff format .

bench: $(VENV)/.ready-dev $(VENV)/.ready-storm ## compare speed side by side with other libraries, in one run
	$(BIN)/python benchmarks/run.py

fuzz: $(VENV)/.ready-test ## give damaged inputs to every door, on from where the last run ended; takes half an hour
	$(BIN)/python -m tools.fuzz

mutants: $(VENV)/.ready-test ## change the code in single places, and see whether the tests notice; takes half an hour
	$(BIN)/python tools/mutants.py

docs: $(VENV)/.ready-dev ## build the documentation, strictly, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean: ## remove what was built; the virtual environment stays (rm -rf .venv to start over)
	rm -rf build dist site .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .cache
	find src tests examples benchmarks docs tools -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the virtual environment ---------------------------------------------------------------------
# One stamp for each set of packages: a second call is quick, a change of pyproject.toml installs again.

$(VENV)/.made: tools/make_venv.sh
	@sh tools/make_venv.sh $(VENV) $(PYTHON)
	@touch $@

$(VENV)/.ready-demo: pyproject.toml $(VENV)/.made
	@echo "installing trustcurve into $(VENV)"
	@$(PIP) --editable '.[all]'
	@touch $@

$(VENV)/.ready-test: pyproject.toml $(VENV)/.made
	@echo "installing trustcurve and what its tests need into $(VENV)"
	@$(PIP) --editable '.[all]' --group test
	@touch $@ $(VENV)/.ready-demo

$(VENV)/.ready-dev: pyproject.toml $(VENV)/.made
	@echo "installing trustcurve and all its tools into $(VENV)"
	@$(PIP) --editable '.[all]' --group test --group check --group bench --group docs
	@touch $@ $(VENV)/.ready-demo $(VENV)/.ready-test

# Storm has no packages for some machines; what needs it is skipped there.
$(VENV)/.ready-storm: pyproject.toml $(VENV)/.made
	@$(PIP) --only-binary :all: --group storm || echo "Storm does not install here: nothing is compared with it"
	@touch $@
