#!/bin/sh
# The locks carry names, versions and hashes for every platform and Python from 3.11; never an index.
set -eu
compile() { uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate "$@"; }
compile pyproject.toml --group build --output-file requirements/run.txt
compile pyproject.toml --group build --group test --group lint --constraint requirements/run.txt --output-file requirements/dev.txt
