# `make demo` plays the demonstration, `make test` runs every check; each sets up all that it needs.

VENV ?= .venv
PYTHON ?= python3
BIN = $(VENV)/bin
DONE = $(VENV)/.installed
CHROMIUM ?= /usr/bin/chromium

MOST ?= 10000

.PHONY: demo redteam test nightly check computations bench bench-all browser weights dashboard clean

demo: $(DONE)
	$(BIN)/arena fetch qwen2.5-1.5b
	$(BIN)/arena run quickstart
	@echo
	@echo "The results lie in $${ARENA_DB:-arena.db}: \`$(BIN)/arena show\` lists the matches, \`make dashboard\` opens the dashboard."

# How often an attack in a speech turns the judge: some 320 verdicts.
redteam: $(DONE)
	$(BIN)/arena fetch qwen2.5-1.5b
	$(BIN)/arena run redteam
	$(BIN)/python -m arena.redteam redteam

test: check weights browser
	$(BIN)/python -m pytest -m alone
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not alone"

# The first 2,000 schedules of faults, where `make test` plays 200.
nightly: $(DONE)
	ARENA_FAULTS=2000 $(BIN)/python -m pytest -n 2 --dist loadgroup tests/faults

check: $(DONE)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

computations: $(DONE)
	$(BIN)/python bench/computations.py

# docs/benchmarks.md says what is measured. Inspect is compared with, and has a virtual environment of its own.
bench: weights browser .venv-inspect/.installed
	$(BIN)/python bench/prefix.py
	$(BIN)/python bench/throughput.py
	$(BIN)/python bench/growth.py --most $(MOST)
	$(BIN)/python bench/nodes.py
	$(BIN)/python bench/estimates.py
	$(BIN)/python bench/pages.py

bench-all:
	$(MAKE) bench MOST=100000

dashboard: $(DONE)
	$(BIN)/arena dashboard

weights: $(DONE)
	$(BIN)/arena fetch smollm2-135m

# Tests look at the pages in a real browser, which no Python package brings.
browser:
	@test -x $(CHROMIUM) || { apt-get update -qq && apt-get install -y -qq chromium; } \
	  || { echo "install Chromium, or set ARENA_NO_BROWSER=1 to leave the browser tests out"; test -n "$$ARENA_NO_BROWSER"; }

$(DONE): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

.venv-inspect/.installed:
	$(PYTHON) -m venv .venv-inspect
	.venv-inspect/bin/python -m pip install --quiet --disable-pip-version-check inspect_ai openai
	touch $@

clean:
	rm -rf $(VENV) .venv-inspect build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
