# The two commands are `make report` and `make test`. Everything they need beyond Debian 12's python3, make and git
# is put into .venv; nothing is sent anywhere while captures are analysed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SAMPLE := sample_pcaps/mixed_plant.pcapng
REPORT := out/mixed_plant.html
WORKERS ?= 2
SECONDS ?= 600
SEED ?= 1

.DEFAULT_GOAL := help
CHECKS := check-format check-style check-types check-imports
.PHONY: deb release help report test test-fast check $(CHECKS) warm golden docs data bench fuzz setup setup-test clean

help: ## List these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

# The tests start kwel a thousand times: Python keeps what it compiles of it, also where the environment forbids that.
test test-fast: export PYTHONDONTWRITEBYTECODE :=

report: setup ## Analyse the sample plant and say where the report is
	@mkdir -p $(dir $(REPORT))
	$(BIN)/kwel report $(SAMPLE) -o $(REPORT)

test: setup-test ## All checks and all tests
	@$(MAKE) --no-print-directory --jobs=$(WORKERS) --output-sync=target warm check
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-fast: setup-test warm ## The tests that take less than a minute together
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow" -q

check: $(CHECKS) ## Formatting, style, types, imports between stages

check-format: setup-test
	$(BIN)/ruff format --check .

check-style: setup-test
	$(BIN)/ruff check .

check-types: setup-test
	$(BIN)/mypy

check-imports: setup-test
	$(BIN)/lint-imports

warm: setup-test
	$(BIN)/kwel warmup

bench: setup-test warm ## The table of speed and memory, beside other tools
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.lookups

fuzz: setup-test warm ## Damaged captures for SECONDS=600 from SEED=1: findings go to out/fuzz, and fail it
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) --seed $(SEED)

golden: setup-test warm ## Write the conclusions of the samples anew: then review the difference
	KWEL_GOLDEN=write $(BIN)/python -m pytest -q tests/test_golden.py tests/test_malformed.py

docs: setup-test ## Write the generated parts of docs/ anew
	$(BIN)/python docs/generate.py

data: $(VENV)/.data ## Build the address tables in rules/data again, from the packages of registries
	$(BIN)/python tools/build_tables.py

deb: $(VENV)/.run ## A Debian package for this machine, in out/release
	$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[release]'
	$(BIN)/python tools/release.py out/release $(OFFLINE) --only deb

release: $(VENV)/.run ## Everything of a release, in out/release; KEY=release.pem signs it
	$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[release]'
	$(BIN)/python tools/release.py out/release $(OFFLINE) $(if $(KEY),--key $(KEY))

setup: $(VENV)/.run
	@$(BIN)/kwel warmup

setup-test: $(VENV)/.test

clean: ## Remove what these commands made
	rm -rf $(VENV) out

# A stamp is newer than pyproject.toml once its packages are installed, so a second run installs nothing.
$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "kwel needs Python 3.11 or newer, and $(PYTHON) is older or absent: set PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "kwel needs Python's venv module: run 'apt-get install python3-venv' as root, then this again" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: pyproject.toml $(VENV)/.venv
	@echo "Installing kwel into $(VENV): once, a minute or two"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.test: pyproject.toml $(VENV)/.venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(VENV)/.run

$(VENV)/.data: pyproject.toml $(VENV)/.venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[data]'
	@touch $@
