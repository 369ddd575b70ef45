# Each target does its own set-up: Debian packages that are missing, and a .venv in this folder.

PYTHON ?=
export PYTHON
BIN := .venv/bin
#: Which tests `make test` runs; .ci/run asks for more.
TESTS ?= not slow and not bench and not deb and not pi
SLOW := $(BIN)/pytest -m slow -o faulthandler_timeout=1800
#: Shares them among the processors; what has to stay together says tests/conftest.py. A worker that dies ends the run,
#: as pytest-xdist 3.8 waits for ever for the groups that its substitute was to take over.
SHARED := $(BIN)/pytest -n logical --maxprocesses=8 --max-worker-restart=0
PI := $(BIN)/pytest -o faulthandler_timeout=3600 -s --durations=0

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test shared lint types unit coverage power-loss kill flood slow bench deb lint-deb test-pi test-pi-arm test-pi-all pi-shell docs clean

help: ## List the targets
	@echo "lockd: turns a Raspberry Pi into a smart lock. Begin with: make run"
	@echo
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

run: .venv/simulation ## Start a simulated lock with its front panel
	@$(BIN)/lockctl simulate

test: lint ## Run all checks but the slow ones, the package and the virtual Pi
	@$(MAKE) --no-print-directory --jobs=2 types shared

shared: .venv/test
	@$(SHARED) --cov --cov-report=term -m '$(TESTS)' $(ARGS)

lint: .venv/test ## Check style and architecture
	@$(BIN)/ruff check --quiet --output-format=concise .
	@$(BIN)/python -m tests.architecture

types: .venv/test ## Check types
	@$(BIN)/mypy

unit: .venv/test ## Run the fast tests alone; ARGS goes to pytest
	@$(BIN)/pytest $(ARGS)

coverage: .venv/test ## Show which lines of lockd no fast test runs
	@$(SHARED) --cov=lockd --cov-fail-under=0 --cov-report=term-missing

power-loss: .venv/test ## Lose power in 2000 ways, and look what the store has lost
	@$(SLOW) tests/power

kill: .venv/test ## Kill lockd 300 times at work, and look what it has lost
	@$(SLOW) tests/slow/test_kill.py

flood: .venv/test ## Send 10,000 wrong PINs a second, and open with the right one at the keypad
	@$(SLOW) tests/slow/test_flood.py

slow: .venv/test ## Run these three and every other slow test
	@$(SLOW)

bench: .venv/test ## Measure start, PIN, idling and memory against their yardsticks
	@$(BIN)/python -m tests.bench

deb: ## Build the Debian package in a Debian 13 of its own (as root or with sudo): build/lockd_*.deb
	@debian/in-trixie debian/build

lint-deb: .venv/test deb ## Build it, lint it, and install, use, upgrade and purge it there
	@$(BIN)/pytest -m deb -o faulthandler_timeout=1800 tests/package

test-pi: .venv/test ## Install the package on a virtual Pi, and try the lock there; ARGS goes to pytest
	@$(PI) -m 'pi and not full' tests/pi $(ARGS)

test-pi-arm: .venv/test ## Install the package on an emulated Raspberry Pi 3, and try its pins; ARGS goes to pytest
	@$(PI) -m pi tests/pi/arm $(ARGS)

test-pi-all: .venv/test ## The same with every scenario, the power cut 20 times, and 20 patterns on the lines
	@PI_CUTS=20 PI_PATTERNS=20 $(SHARED) -o faulthandler_timeout=3600 --durations=0 -m pi tests/pi $(ARGS)

pi-shell: .venv/test ## Look inside a virtual Pi
	@$(BIN)/python -m tests.pi

docs: .venv/test ## Write the man page (build/lockctl.1) and the drawn parts of the documents anew
	@mkdir -p build
	@$(BIN)/python -m lockd.cli.manual >build/lockctl.1
	@$(BIN)/python -m tests.pages

clean: ## Remove .venv and everything that was built
	rm -rf .venv build dist *.egg-info .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/%: pyproject.toml .ci/setup
	@.ci/setup $*
