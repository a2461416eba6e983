# SPDX-License-Identifier: GPL-2.0-or-later
# Every target sets up what it needs first: system packages with apt, Python packages in .venv.

ARGS ?=
# How many tests run side by side: they wait more than they compute, but sound wants a processor.
JOBS ?= 3
PREFIX ?= $(HOME)/.local

.DEFAULT_GOAL := help
.PHONY: help run demo test test-unit test-vm lint docs bench install uninstall clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

run: ## place a call to an echo on this machine and show every step (ARGS=...)
	@.ci/setup run
	@.venv/bin/offhook demo $(ARGS)

demo: run ## the same

test: ## all tests but those of test-vm (ARGS="-k name" for some)
	@.ci/setup test
	@.venv/bin/pytest -n $(JOBS) --maxschedchunk 1 $(ARGS)

test-vm: ## the installed phone and fake USB sets in a guest with its own kernel (ARGS=...)
	@.ci/setup vm
	@.venv/bin/python -m tests.vm.stages
	@.venv/bin/pytest tests/vm $(ARGS)

test-unit: ## the fast tests only, without foreign programs
	@.ci/setup lint
	@.venv/bin/pytest tests/unit $(ARGS)

lint: ## ruff and mypy
	@.ci/setup lint
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

docs: ## the reference of D-Bus interface, configuration and commands, into build/docs
	@.ci/setup docs
	@.venv/bin/python docs/reference.py build/docs
	@echo "written: build/docs"

bench: ## measure speed and size, as tables
	@.ci/setup test
	@for program in report mouth_to_ear fuzz_sip; do \
		.venv/bin/python -m tests.bench.$$program || exit; \
	done

install: ## for this user: programs, service, completions (PREFIX=~/.local; ARGS=tray: icon and window too)
	@.ci/install "$(PREFIX)" $(ARGS)

uninstall: ## remove what install put there; configuration, history and recordings stay
	@.ci/install --remove "$(PREFIX)"

clean: ## remove .venv and every cache
	@rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find daemon clients tests -name __pycache__ -prune -exec rm -rf {} +
