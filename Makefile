# Every target is one line over a .venv made from the hash-pinned locks; CONTRIBUTING.md lists the same lines for people without make.
.POSIX:
.PHONY: browser page schemas demo test lint bench bench-all bench-views bench-agents bench-peers bench-files bench-calls placebo truth faults cost-truth latency-truth gate-power focus spark hostile fuzz audit licences lock wheel clean

PYTHON = python3
BIN = .venv/bin
READY = .venv/.ready
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url
UPGRADE =
BENCH =
SPARK =

demo: $(READY)
	$(BIN)/infercheck analyze sample_logs/demo/

test: $(READY)
	$(BIN)/python -m pytest -n auto

lint: $(READY)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

# Both tables are printed and written, also when the first finds a budget broken.
bench: $(READY)
	$(BIN)/python benchmarks/bench.py $(BENCH); broken=$$?; $(BIN)/python benchmarks/views.py && exit $$broken

# Both logs, plain and packed: about an hour.
bench-all: $(READY)
	$(BIN)/python benchmarks/bench.py --log all --packed --runs 5

bench-calls: $(READY)
	$(BIN)/python benchmarks/calls.py $(BENCH)

bench-files: $(READY)
	$(BIN)/python benchmarks/files.py $(BENCH)

placebo: $(READY)
	$(BIN)/python benchmarks/placebo.py

faults: $(READY)
	$(BIN)/python benchmarks/faults.py $(BENCH)

bench-views: $(READY)
	$(BIN)/python benchmarks/views.py $(BENCH)

bench-agents: $(READY)
	$(BIN)/python benchmarks/agents.py $(BENCH)

bench-peers: $(READY)
	$(BIN)/python benchmarks/peers.py $(BENCH)

truth: $(READY)
	$(BIN)/python benchmarks/truth.py

cost-truth: $(READY)
	$(BIN)/python benchmarks/cost_truth.py

latency-truth: $(READY)
	$(BIN)/python benchmarks/latency_truth.py

gate-power: $(READY)
	$(BIN)/python benchmarks/gate_power.py

# FOCUS exports through the official validator, offline. Needs a Python 3.12: one that it finds, or FOCUS_PYTHON.
focus: $(READY)
	$(BIN)/python benchmarks/focus.py

# Every rule and view, and whole reports, on a standalone cluster of two workers on loopback. Needs Java 17 and 4 GB of memory.
spark: .venv-spark/.ready
	INFERCHECK_SPARK=1 .venv-spark/bin/python -m pytest -p no:cacheprovider tests/test_spark.py $(SPARK)

# What the tests of the HTML page need besides .venv: Debian's chromium and axe-core. Without them those tests say that they skipped.
browser:
	command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; }
	npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund --silent

# The HTML page of the demo (or PAGE_LOGS) and pictures of it, for a person to look at: build/page/.
PAGE_LOGS = sample_logs/demo/
page: $(READY)
	$(BIN)/python benchmarks/page.py $(PAGE_LOGS)

# Logs written to do harm, at absurd sizes; the test suite runs them at small ones.
hostile: $(READY)
	$(BIN)/python benchmarks/hostile.py

# Five minutes, then a few thousand tries of each test. atheris has an environment of its own, and wheels for Linux only.
fuzz: $(READY)
	$(BIN)/python benchmarks/fuzz.py $(BENCH)

audit: $(READY)
	$(BIN)/python benchmarks/supply_chain.py audit

licences: $(READY)
	$(BIN)/python benchmarks/supply_chain.py licences

schemas: $(READY)
	$(BIN)/python benchmarks/official_schemas.py

# Needs uv on the PATH. Keeps the versions that are locked already: `make lock UPGRADE=--upgrade` moves them.
lock:
	$(COMPILE) $(UPGRADE) pyproject.toml -o requirements/run.txt && $(COMPILE) $(UPGRADE) pyproject.toml --extra html --group dev -c requirements/run.txt -o requirements/dev.txt && $(COMPILE:3.11=3.12) $(UPGRADE) requirements/focus.in -o requirements/focus.txt && $(COMPILE) $(UPGRADE) requirements/audit.in -o requirements/audit.txt && $(COMPILE) $(UPGRADE) requirements/fuzz.in -c requirements/run.txt -o requirements/fuzz.txt && $(COMPILE) $(UPGRADE) pyproject.toml requirements/spark.in -c requirements/run.txt -o requirements/spark.txt

wheel: $(READY)
	$(BIN)/python -m build --no-isolation --outdir dist .

clean:
	rm -rf .venv .venv-focus .venv-audit .venv-fuzz .venv-spark dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache benchmarks/data

# The stamp is older than a changed lock or pyproject.toml, so set-up runs again then and only then.
$(READY): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv .venv && $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt && $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . && $(BIN)/python -m compileall -q src && touch $(READY)

.venv-spark/.ready: requirements/spark.txt pyproject.toml
	$(PYTHON) -m venv .venv-spark && .venv-spark/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/spark.txt && .venv-spark/bin/python -m pip install -q --disable-pip-version-check --no-deps -e . && touch $@
