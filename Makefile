# The targets people use; `make demo` and `make test` work on a fresh clone with nothing before them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.synced

.PHONY: demo test setup lint types check unit fix lock servers clean
.DEFAULT_GOAL := help

help:
	@echo "make demo     the whole system on this machine, simulated hall included; prints one URL and key"
	@echo "make test     lint, types and every test this machine can run (skips name what is missing)"
	@echo "make servers  installs the real servers of the integration tests (mosquitto, chromium; needs root)"
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

servers:
	sh tests/servers/install.sh

clean:
	rm -rf $(VENV)
