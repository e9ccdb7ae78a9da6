# Everything a person types. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
RELEASED := 0002

.PHONY: help run test check bench bench-peers fuzz lint sql format types arch schema access golden migrate migration graphiql lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# --- set-up: each stamp is made anew when what it depends on has changed ---
$(VENV)/made:
	@echo "Setting up Python in $(VENV) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with PYTHON=… ."; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run: requirements/run.lock pyproject.toml | $(VENV)/made
	@test -e $(VENV)/dev || { echo "Installing the locked dependencies …"; $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/run.lock; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@ln -sf $(BIN)/lma-graph lma-graph
	@touch $@

$(VENV)/dev: requirements/dev.lock $(VENV)/run
	@echo "Installing the tools for tests and checks …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

$(VENV)/s3/made: requirements/s3.lock | $(VENV)/made
	@echo "Installing an S3 server for the tests …"
	@$(PYTHON) -m venv $(VENV)/s3
	@$(VENV)/s3/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/s3.lock
	@touch $@

graphiql: | $(VENV)/made ## Build GraphiQL into the package (needs Node 20 or newer)
	@$(BIN)/python graphiql/build.py

# --- for users ---
run: $(VENV)/run graphiql ## Set everything up and serve http://127.0.0.1:8000/graphql with demo data
	@PORT=$(PORT) $(BIN)/lma-graph dev

test: $(VENV)/dev $(VENV)/s3/made graphiql ## Set everything up and run the tests
	@LMA_TEST_S3_PYTHON=$(CURDIR)/$(VENV)/s3/bin/python $(BIN)/python -m pytest -n 2 $(TESTS)

bench: $(VENV)/dev ## Run the benchmarks
	@$(BIN)/python -m bench

bench-peers: $(VENV)/dev ## Compare with PostGraphile, Mercurius, Strawberry and others (installs them under bench/)
	@$(BIN)/python -m bench.peers

# --- for developers ---
check: $(VENV)/dev lint types arch schema access sql ## Everything CI checks before the tests
	@echo "All checks passed."

lint: $(VENV)/dev ## Formatting, lint rules, unused dependencies
	@$(BIN)/ruff format --check -q . || { echo "Run make format."; exit 1; }
	@$(BIN)/ruff check -q .
	@$(BIN)/deptry src 2>&1 | grep -v "^$$" | tail -n 3; exit $${PIPESTATUS[0]}

sql: $(VENV)/dev ## Lint the SQL of migrations that came after the first release
	@$(BIN)/lma-graph migration-sql --after $(RELEASED) > $(VENV)/new.sql
	@if test -s $(VENV)/new.sql; then $(BIN)/squawk --pg-version 15 $(VENV)/new.sql; fi

format: $(VENV)/dev ## Format the code
	@$(BIN)/ruff format -q . && $(BIN)/ruff check -q --fix .

types: $(VENV)/dev ## Types, strictly
	@$(BIN)/mypy

arch: $(VENV)/dev ## Import contracts
	@$(BIN)/lint-imports --no-cache

schema: $(VENV)/dev ## schema.graphql is what the code says
	@$(BIN)/lma-graph schema --check schema.graphql

access: $(VENV)/dev ## docs/access.md and docs/data-model.md are what the code says
	@$(BIN)/lma-graph documents --check docs

fuzz: $(VENV)/dev ## Many thousand random queries by plan and field by field, and random changes against the invariants
	@LMA_FUZZ_EXAMPLES=$${LMA_FUZZ_EXAMPLES:-20000} $(BIN)/python -m pytest -q tests/execution/test_differential.py
	@LMA_FUZZ_EXAMPLES=$$(( $${LMA_FUZZ_EXAMPLES:-20000} / 40 )) $(BIN)/python -m pytest -q tests/invariants

golden: $(VENV)/dev ## Rewrite schema, generated documents and golden files
	@$(BIN)/lma-graph schema --write schema.graphql
	@$(BIN)/lma-graph documents --write docs
	@LMA_UPDATE_GOLDEN=1 $(BIN)/python -m pytest -q tests/golden

migrate: $(VENV)/run ## Bring the database up to the newest migration
	@$(BIN)/lma-graph migrate

migration: $(VENV)/dev ## Draft a migration from the models: make migration NAME="add a column"
	@$(BIN)/lma-graph migration "$(NAME)"

lock: $(VENV)/dev ## Resolve the dependencies anew (needs uv)
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --group build -o requirements/run.lock
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --group dev -o requirements/dev.lock
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements/s3.in -o requirements/s3.lock

clean: ## Remove what set-up made, embedded data included
	rm -rf $(VENV) .lma .lma-bench lma-graph src/lma_graph/app/graphiql graphiql/node_modules
