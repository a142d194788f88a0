# Every target sets the clone up first (.venv and node_modules follow their locks), then runs `python -m stack`.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do command -v $$p && break; done)
export PORT FLOTILLA_PHASES
stack = @test -n "$(PYTHON)" || { echo "flotilla: needs Python 3.11 or newer; none is on PATH" >&2; exit 1; }; exec "$(PYTHON)" stack/bootstrap.py

.PHONY: help demo demo-reset test lint run bench screenshots load lock
help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile | expand -t 22
demo load: FLOTILLA_PHASES = 9
demo: ## everything on this machine against a simulated AWS, until Ctrl-C; state is kept (PORT=8000)
	$(stack) demo demo
demo-reset: ## forget the demo's state: database, queues, mails and the simulated AWS
	$(stack) demo reset
run: FLOTILLA_PHASES = 6
run: ## the product against the AWS of the environment (DATABASE_URL, REDIS_URL, FLOTILLA_REGIONS, PORT)
	$(stack) demo run
test: ## all test lanes, or one: LANE=unit|data|aws|stack|browser
	$(stack) test test $(LANE)
lint: ## ruff, mypy, import rules, templates, missing migrations
	$(stack) test lint
bench: ## benchmarks as ratios to peers in the same run; FULL=1: up to 10,000 endpoints, renews docs/performance.md
	$(stack) test bench $(if $(FULL),full)
screenshots: ## start a demo of its own and photograph its pages into docs/screenshots
	$(stack) test screenshots
load: ## the demo with a simulated fleet of 10,000 endpoints (PORT=8000)
	$(stack) demo load
lock: ## recompute requirements/*.txt from pyproject.toml
	@requirements/relock.sh
