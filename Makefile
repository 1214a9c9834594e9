# Everything starts from a plain Python 3.11+ and make; `make help` lists the targets.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
RUN := $(BIN)/python
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links $(UPGRADE)

# uv installs in seconds; pip reads the same hashes where uv cannot reach the packages.
define install
	@echo "Installing $(1) ..."
	@umask 022; $(BIN)/uv pip install --quiet --python $(RUN) --require-hashes -r $(1) \
		|| $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(1)
endef

.PHONY: help demo demo-reset test test-clock lint format bench shots requirements clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The demo takes the terminal, so Ctrl-C ends it with status 0. A make that is itself sent a signal ends by it.
demo: .venv/demo.stamp ## Run the portal with demo vendors on http://localhost:8000 (PORT= to change)
	@PORT=$(PORT) exec $(RUN) manage.py demo

demo-reset: .venv/demo.stamp ## The same, starting from an empty demo database
	@PORT=$(PORT) exec $(RUN) manage.py demo --reset

# A file stays with one worker: some share what is costly to set up.
test: .venv/dev.stamp ## Run the whole test suite on two workers (ARGS= for pytest, such as "-n 0 tests/portal/test_scope.py")
	@$(RUN) -m pytest -n 2 --dist loadfile $(ARGS)

# Needs Debian's faketime.
test-clock: .venv/dev.stamp ## The suite without browser and bench at awkward moments (ARGS="--clock leap-day" for one, and for pytest)
	@$(RUN) -m tests.at_clocks -n 2 --dist loadfile $(ARGS)

lint: .venv/dev.stamp ## Check style, types, layers, templates, migrations and deployment settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(RUN) manage.py makemigrations --check --dry-run
	DEBUG=0 DEMO=0 HTTPS=1 ALLOWED_HOSTS=portal.example.com SECRET_KEY="$$($(RUN) -c 'import secrets; print(secrets.token_urlsafe(64))')" \
		$(RUN) manage.py check --deploy --fail-level WARNING

format: .venv/dev.stamp ## Put Python into the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/dev.stamp ## Measure pages and the nightly recompute in a scratch database (ARGS= for sizes)
	@$(RUN) manage.py bench $(ARGS)

shots: .venv/dev.stamp ## Photograph every page as every role into var/shots/
	@$(RUN) -m tests.shots $(ARGS)

requirements: .venv/installer.stamp ## Pin the dependencies again (UPGRADE=--upgrade for newer ones)
	$(COMPILE) requirements/installer.in -o requirements/installer.txt
	$(COMPILE) requirements/base.in -o requirements/base.txt
	$(COMPILE) -c requirements/base.txt requirements/demo.in -o requirements/demo.txt
	$(COMPILE) -c requirements/demo.txt requirements/dev.in -o requirements/dev.txt

clean: ## Remove the virtual environment, databases and caches
	rm -rf .venv var staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/installer.stamp: requirements/installer.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed; set PYTHON=")'
	@umask 022; test -x $(RUN) || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/installer.txt
	@touch $@

.venv/demo.stamp: .venv/installer.stamp requirements/demo.txt
	$(call install,requirements/demo.txt)
	@touch $@

# dev.txt holds all of demo.txt, so it satisfies both.
.venv/dev.stamp: .venv/installer.stamp requirements/dev.txt
	$(call install,requirements/dev.txt)
	@touch $@ .venv/demo.stamp
