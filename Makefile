# Every target makes .venv first, from requirements.lock, when it is not there or is older than the lock.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --use-pep517 --no-build-isolation
# Glue 5.x runs Python 3.11, so we do: the first of these that is a 3.11 makes .venv. PYTHON=/path/to/python overrides.
PYTHON ?= $(shell for p in python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && echo $$p && break; done)
# make run INPUT=FOLDER takes the logs of a folder; without it, logs that `logloom sample` generates.
INPUT ?=
# make run PARAMETERS=parameters/aws.yaml runs on AWS; ARGS is handed on to the command.
PARAMETERS ?= parameters/local.yaml
ARGS ?=
# Tests run in so many processes at once; each may start a local AWS and a Spark of its own (about 2 GB).
JOBS ?= 2

.PHONY: help run test lab dashboard bench docs lint format clean lock

help:  ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: $(STAMP)  ## raw logs to reports: the six notebooks, headlessly (INPUT=FOLDER for your own logs)
	@$(BIN)/logloom run --parameters $(PARAMETERS) $(if $(INPUT),--input '$(INPUT)') $(ARGS)

test: $(STAMP)  ## all tests (ARGS='-k name' for some)
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile $(ARGS)

lab: $(STAMP)  ## JupyterLab on the notebooks
	@# No question about a build (Dash's inline mode needs none here), no news from the net.
	@JUPYTER_CONFIG_PATH=notebooks/.jupyter $(BIN)/jupyter lab --LabApp.news_url=None --notebook-dir=. \
		notebooks/01_land.ipynb $(ARGS)

dashboard: $(STAMP)  ## the dashboard in the browser
	@$(BIN)/logloom dashboard --parameters $(PARAMETERS) $(ARGS)

bench: $(STAMP)  ## measure, side by side, and print a table (bench/latest.json)
	@$(BIN)/python -m bench $(ARGS)

docs: $(STAMP)  ## write the page of what the local AWS has (docs/local_aws.md)
	@$(BIN)/python -m localaws.support > docs/local_aws.md.new && mv docs/local_aws.md.new docs/local_aws.md

lint: $(STAMP)  ## what the style asks for
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: $(STAMP)  ## put the code into the style, and take the outputs out of the notebooks
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format . && $(BIN)/nbstripout --extra-keys "metadata.papermill cell.metadata.papermill" notebooks/*.ipynb

clean:  ## stop the local AWS and remove .venv, .local and runs
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m localaws stop; fi
	rm -rf $(VENV) .local runs bench/latest.json .pytest_cache .ruff_cache .hypothesis lib/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: $(STAMP)  ## pin anew: requirements.lock and environment.yml from pyproject.toml
	@$(BIN)/uv pip compile --system-certs --quiet --universal --python-version 3.11 --generate-hashes --extra dev --no-header --no-annotate \
		--upgrade --output-file requirements.lock pyproject.toml
	@$(BIN)/python tests/test_environment.py > environment.yml

$(STAMP): requirements.lock pyproject.toml
	@if [ -z "$(PYTHON)" ]; then echo "Logloom needs Python 3.11 (with venv): install it, or say where it is: make PYTHON=/path/to/python3.11" >&2; exit 2; fi
	@echo "Making $(VENV) from requirements.lock (about 1 GB: a minute or two the first time)"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@# The installer and the builder of source packages come first, from the lock too, so that nothing unpinned takes part.
	@# uv is several times faster than pip, but does not read pip's settings: where those name an index, or uv fails, pip it is.
	@$(PIP) --require-hashes --requirement <(awk '/^[^ ]/ {wanted = /^(setuptools|uv)==/} wanted' requirements.lock)
	@if $(BIN)/pip config list | grep -q 'index-url' || ! $(BIN)/uv pip sync --quiet --python $(BIN)/python --system-certs \
			--no-build-isolation --compile-bytecode --require-hashes requirements.lock; then \
		$(PIP) --require-hashes --requirement requirements.lock; \
	fi
	@$(PIP) --editable .
	@touch $@
