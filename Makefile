# The one door to Paraph. On a fresh Debian 12 with Python 3.11, `make demo` needs nothing done before.
#
#   make demo    install what is missing, sign three PDFs end to end in a throw-away instance, show the verdicts
#   make run     serve until Ctrl-C: portal, authorization service, development phone
#   make check   format, lint, types, import contracts, fast tests
#   make test    the whole test suite
#   make bench   measurements as ratios, in one run on this machine (`python -m bench authority` for one part)
#   make attack  only the tests in which an attacker tries something
#   make lock    write requirements/*.txt anew with the newest versions that setup.cfg allows (needs uv)

SHELL := /bin/bash
BIN := .venv/bin
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo run check test bench attack format lock setup setup-dev clean

help:
	@sed -n 's/^#   //p' Makefile

setup:
	@tools/bootstrap runtime

setup-dev:
	@tools/bootstrap dev

demo: setup
	@$(BIN)/python -m apps.demo

run: setup
	@$(BIN)/paraph init --if-missing
	@$(BIN)/paraph run

check: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/unit tests/property -q -n $(WORKERS) -m "not slow"

test: setup-dev
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup

attack: setup-dev
	$(BIN)/pytest tests/attacks -n $(WORKERS) --dist loadgroup

bench: setup-dev
	@$(BIN)/python -m bench

format: setup-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:
	@tools/lock

clean:
	rm -rf var .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage *.egg-info
