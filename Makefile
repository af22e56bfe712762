# `make` alone prints what there is. Needs Python 3.11 or newer, make and a C compiler; everything else is set up in .venv.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
CONFIG ?= config/pipelines/default.yaml
KERNEL := setup.py $(wildcard pipeline/wire/kernel/*.pyx pipeline/wire/kernel/*.pxd pipeline/wire/kernel/*.h)
ENGINE ?= docker
SECONDS ?= 60
SCHEDULES ?= 200
JOBS ?= 2
JOURNAL ?= disk
.SILENT:

run: .venv/run.stamp ## Set up and serve the default pipeline (CONFIG=… for another)
	SLUICE_JOURNAL_DIR=$${SLUICE_JOURNAL_DIR:-.journal} exec $(BIN)/sluice run --config $(CONFIG)

test: .venv/dev.stamp ## Set up and run the tests, two at a time (ARGS=… for pytest)
	$(BIN)/python -m pytest --numprocesses 2 $(ARGS)

bench: .venv/run.stamp ## Measure, and hold each figure against its bar (CASE=… for one; results as JSON in .bench)
	$(BIN)/python -m benchmarks $(CASE)

bench-compare: .venv/run.stamp ## Show what the working tree changed since BASE=<revision>, in runs that take turns (CASE=… for one)
	$(BIN)/python -m benchmarks.compare $(BASE) $(CASE)

lint: .venv/dev.stamp ## Check style, types, the direction of imports, and the Dockerfile
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

fuzz: .venv/dev.stamp ## Compare kernel and reference on made-up input (SECONDS=60; SEED=… replays an input)
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(SEED:%=--replay %)

# The interpreter never frees all it has, so leaks are not looked for; and it takes each object from malloc, so that reads
# behind the end of one are seen.
fuzz-asan: .venv/dev.stamp ## The same with the kernel under AddressSanitizer and UndefinedBehaviorSanitizer
	CC="sh tests/fuzz/sanitizing-cc" $(BIN)/python setup.py -q build --build-base build/sanitized --build-lib build/sanitized/lib
	ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 PYTHONMALLOC=malloc PYTHONPATH=build/sanitized/lib:. \
		LD_PRELOAD=$$(cc -print-file-name=libasan.so) \
		$(BIN)/python -P -m tests.fuzz --seconds $(SECONDS) $(SEED:%=--replay %)

soak: .venv/dev.stamp ## Live through SCHEDULES=200 random schedules of faults, JOBS=2 at a time (JOURNAL=kafka, SEED=… replays one)
	$(BIN)/python -m tests.faults.soak --journal $(JOURNAL) --schedules $(SCHEDULES) --jobs $(JOBS) $(SEED:%=--seed %)

accuracy: .venv/dev.stamp ## Measure the detectors on labelled sets and write docs/redaction-accuracy.md
	$(BIN)/python -m tests.accuracy

docs: .venv/run.stamp ## Write the pages of docs/ that are made from the code
	$(BIN)/python -m docs.metrics_page

parts: .venv/dev.stamp ## Install the real servers and clients that some tests drive (Debian, root)
	sh tests/parts/install.sh

image: ## Build the container image sluice (ENGINE=docker, podman or buildah)
	BUILDAH_FORMAT=docker $(ENGINE) build --tag sluice .

image-try: ## Build and start the image without a registry, on a bare Debian (Debian, root)
	sh tests/image/try.sh

lock: ## Write the locks anew from pyproject.toml (needs uv)
	sh requirements/lock.sh

clean: ## Remove what was built and installed
	rm -rf .venv .bench .cache .journal .parts build dist *.egg-info

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

.venv/locked.stamp: requirements/run.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements/run.txt
	touch $@

.venv/run.stamp: .venv/locked.stamp pyproject.toml $(KERNEL)
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -c 'import sys; from pipeline.wire import LOSS; sys.stderr.write(LOSS and f"sluice: {LOSS}\n")'
	touch $@

.venv/dev.stamp: requirements/dev.txt .venv/run.stamp
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	touch $@

.PHONY: run test bench bench-compare lint fuzz fuzz-asan soak accuracy docs parts image image-try lock clean help
