# The targets people use; `make demo` and `make test` work on a fresh clone with nothing before them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.synced

.PHONY: demo web screenshots test setup lint types check unit fix lock servers bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo     the whole system on this machine, simulated hall included; prints one URL and key"
	@echo "make test     lint, types and every test this machine can run (skips name what is missing)"
	@echo "make servers  gets the real servers of the tests (mosquitto, chromium, VictoriaMetrics by apt-get as root;"
	@echo "              InfluxDB 2.7 built from its Go module, four minutes once per machine)"
	@echo "make bench    measures ingest beside its peers, prints a table, writes bench/results.json (an hour's quarter)"
	@echo "make web      builds the page from api/web into api/static (node >= 20.19)"
	@echo "make screenshots  takes the pictures of the page in docs/screenshots from a running demo (two minutes)"
	@echo "make fix      formats and repairs what ruff can"
	@echo "make lock     resolves pyproject.toml into requirements.lock"

setup: $(STAMP)

# uv comes from PATH, else the version and hashes that requirements.lock names are put into the venv.
$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@command -v uv >/dev/null || test -x $(BIN)/uv || { \
	  awk '/^uv==/{p=1} p{print} p&&!/\\$$/{exit}' requirements.lock > $(VENV)/uv.txt && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt; }
	@echo "setting up $(VENV) from requirements.lock"
	@PATH="$$PATH:$(abspath $(BIN))" VIRTUAL_ENV=$(abspath $(VENV)) uv pip sync --quiet --require-hashes requirements.lock
	@PATH="$$PATH:$(abspath $(BIN))" VIRTUAL_ENV=$(abspath $(VENV)) uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup
	$(BIN)/venueair demo

test: setup lint types
	$(BIN)/pytest

check: lint types

lint: setup
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/lint-imports --no-logo

types: setup
	$(BIN)/mypy

unit: setup
	$(BIN)/pytest -m "not integration and not browser"

fix: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:
	PATH="$$PATH:$(abspath $(BIN))" uv pip compile --quiet --universal --generate-hashes --all-extras --group dev \
	  --python-version 3.11 --no-annotate --custom-compile-command 'make lock' -o requirements.lock pyproject.toml

# What cannot be had does not keep the others away; the exit code tells.
servers:
	@status=0; \
	sh tests/servers/install.sh || status=1; \
	sh tests/servers/influxdb/build.sh || status=1; \
	exit $$status

# Peers first (once per machine), then all benchmarks, then the page. LONG=1 adds 10^8 stored rows.
# BENCH="singles-q1 idle" runs some.
bench: setup
	sh bench/servers/get.sh
	@status=0; \
	LONG=$(LONG) $(BIN)/python -m bench $(BENCH) || status=1; \
	$(BIN)/python -m bench.page || status=1; \
	exit $$status

# The built files are committed: only who changes the page needs node.
web:
	cd api/web && npm ci --silent && npm run --silent check && npm run --silent build

screenshots: setup
	$(BIN)/python -m tests.browser.screenshots

clean:
	rm -rf $(VENV)
