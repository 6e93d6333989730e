# Everything a person types. Each target works on a fresh checkout of a machine with Python >= 3.11, make and git.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
LAB := tests/lab/lab
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

.PHONY: help run demo pictures test lint format golden docs lab lab-test record wheel clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo 'kinstall needs Python 3.11 or newer; on Debian and Ubuntu: apt install python3 python3-venv'; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo 'Python has no venv module; on Debian and Ubuntu: apt install python3-venv'; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: $(VENV)/ready ## everything it needs into .venv, then kinstall (ARGS="--headless answers.yaml")
	@$(BIN)/kinstall $(ARGS)

demo: $(VENV)/ready ## a recorded installation, played in the Run screen; no machine is touched
	@$(BIN)/kinstall demo $(ARGS)

pictures: $(VENV)/ready ## the pictures of the README anew, from the recorded installations, through the real screen
	@mkdir -p docs/pictures
	$(BIN)/kinstall export assets/sessions/01-first-cluster.jsonl --svg docs/pictures/run.svg --at 72.5 --size 100x30
	$(BIN)/kinstall export assets/sessions/02-a-worker-fails.jsonl --svg docs/pictures/failure.svg --at 17.3 --size 100x30

test: $(VENV)/ready ## everything it needs into .venv, then every test that needs no lab
	$(BIN)/python -m pytest

lint: $(VENV)/ready ## form, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/mypy kinstall tests
	$(BIN)/lint-imports --no-cache

format: $(VENV)/ready ## mend what the linter can mend by itself
	$(BIN)/ruff check --fix .

golden: $(VENV)/ready ## write the golden files anew; read the diff before you commit it
	GOLDEN=write $(BIN)/python -m pytest tests/golden

docs: $(VENV)/ready ## write the generated documents anew
	$(BIN)/python -m kinstall.answers.reference > docs/answers.md
	$(BIN)/python -m kinstall.checks.reference > docs/checks.md
	$(BIN)/python -m kinstall.diagnosis.document > docs/troubleshooting.md

lab: $(VENV)/ready ## three real hosts on this machine, and kinstall against them (root, Go >= 1.26, Debian's apt)
	@$(LAB) doctor
	$(LAB) build
	$(LAB) up
	@mkdir -p build/lab
	$(LAB) answers > build/lab/answers.yaml
	LAB_PASSWORD=lab-pass $(LAB) run $(CURDIR)/$(BIN)/kinstall --headless $(CURDIR)/build/lab/answers.yaml

lab-test: $(VENV)/ready ## the tests on real hosts; PYTEST_ARGS chooses some
	@$(LAB) doctor
	@$(LAB) down
	$(LAB) build --with 1.36
	$(BIN)/python -m pytest tests/lab $(PYTEST_ARGS)

record: $(VENV)/ready ## the sessions that come along, recorded anew on real hosts (what lab needs, and five minutes)
	@$(LAB) doctor
	@$(LAB) down
	$(LAB) build
	LAB_PASSWORD=lab-pass $(BIN)/python -m tests.lab.record

wheel: $(VENV)/ready ## the wheel, in dist/
	rm -rf build/lib build/bdist.* dist
	$(BIN)/python -m build --wheel --outdir dist .

clean: ## what was built here (not the lab: tests/lab/lab down)
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
