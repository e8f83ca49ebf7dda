# A handful of words: sandbox, test, security, lint, types, docs, bench; now and then nightly and mutation; and for the
# build server: matrix, wheel.
# Needs Python >= 3.11, make and a package index. Everything else is installed into .venv.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# Where it is set, each of hundreds of processes would compile all of this anew.
unexport PYTHONDONTWRITEBYTECODE
PIP := -m pip --quiet --disable-pip-version-check

.PHONY: help sandbox test security lint types docs bench nightly mutation matrix wheel browser clean

help:
	@echo "make sandbox   a demo site, a stand-in for every provider and a real one, Acme SSO, to be clicked through"
	@echo "make test      the tests; some of them at night alone, as make nightly"
	@echo "make security  the 48 attacks and faults, on SQLite, PostgreSQL and MariaDB, as a table"
	@echo "make lint      ruff, the import contracts, bandit, and known vulnerabilities of what this stands on"
	@echo "make types     mypy --strict"
	@echo "make docs      the documentation, warnings being errors"
	@echo "make bench     what a worker and a login cost"
	@echo "make nightly   test, matrix, security: ten thousand examples, all rounds, every provider on every database"
	@echo "make mutation  change every guard, and see whether a test notices"
	@echo "make matrix    the tests on every Django and Python that are supported and present"
	@echo "make wheel     build the wheel and test it"

.venv/.runtime: pyproject.toml constraints.txt
	$(if $(PYTHON),,$(error No Python >= 3.11 was found; say which: make PYTHON=/path/to/python3))
	@# Also where an environment was left half made, or its Python has gone since.
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	$(BIN)/python $(PIP) install --upgrade "pip>=25.1"
	$(BIN)/python $(PIP) install --constraint constraints.txt --editable . --group sandbox
	@touch $@

.venv/.dev: .venv/.runtime
	$(BIN)/python $(PIP) install --constraint constraints.txt --group dev
	@touch $@

sandbox: .venv/.runtime
	@$(BIN)/python -m sandbox

test: .venv/.dev browser
	@mkdir -p build
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder --cases-report=build/cases.json

security: .venv/.dev browser
	$(BIN)/python -m tests.security.table $(if $(REPORT),--sqlite $(REPORT))

nightly:
	EFFORT=nightly $(MAKE) --keep-going test matrix; status=$$?; \
	EFFORT=nightly $(MAKE) security REPORT=build/cases.json && exit $$status

mutation: .venv/.dev
	$(BIN)/python -m tests.mutation

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml socialreg providers
	$(BIN)/python tests/audit.py

types: .venv/.dev
	$(BIN)/mypy

docs: .venv/.dev
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench: .venv/.dev
	$(BIN)/python -m benchmarks

matrix: .venv/.dev
	$(BIN)/python -m tests.matrix

wheel: .venv/.dev
	rm -rf dist build/wheel
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .
	$(BIN)/python tests/wheel.py

# Chromium and its driver, for the browser walk, and Memcached: from the system's packages where they may be installed.
browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null && command -v memcached >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends -y \
			chromium chromium-driver fonts-noto-color-emoji memcached; } \
	|| echo "No Chromium or Memcached here and none could be installed: the tests will say so."

clean:
	rm -rf .venv .venv-* build dist docs/_build .pytest_cache .mypy_cache .ruff_cache
