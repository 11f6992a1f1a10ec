# What a developer types; each is what CI runs too.  `make` alone lists them.

SHELL := /bin/bash
VENV ?= .venv
PY := $(VENV)/bin/python
# Test processes side by side; more than cores only makes each slower.
WORKERS ?= 2
# More words for pytest: make test ARGS="tests/server -k gzip"
ARGS ?=
BROWSER := $(or $(ARGS),tests/e2e)
ROOMS := app evals integrations server tracing weave_core
# The file that says which versions are installed; a second run installs nothing.
READY := $(VENV)/.ready
PIP := $(PY) -m pip install --quiet --disable-pip-version-check

.PHONY: help install demo test metrics-test frameworks-test wandb-test check floor-plan docs docs-test lock bench programs clean
.DEFAULT_GOAL := help

help: ## List the targets.
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: $(READY) ## Start server and app, run a traced program, print the links; Ctrl-C ends it.
	@$(PY) examples/demo.py $(if $(DEMO_ONCE),--once)

test: $(READY) programs ## Run all tests, browser included.
	@# Where PYTHONDONTWRITEBYTECODE is set, each server that a test starts would compile all of us: 0.4 s of CPU.
	@$(PY) -m compileall -q $(ROOMS)
	@# Apart, since Playwright keeps an event loop running in its process; 5 is "none of these match".
	@# What failed gets one more try, alone: on a busy machine a deadline may be missed, a defect fails twice.
	@# All of them lie in one folder, so that no other one is read for them.
	@if $(HAS_CHROMIUM); then set -x; $(PY) -m pytest -m browser -n $(WORKERS) --dist worksteal $(BROWSER) || [ $$? = 5 ] || $(PY) -m pytest -m browser --last-failed $(BROWSER); fi
	$(PY) -m pytest -m "not browser" -n $(WORKERS) --dist loadgroup $(ARGS) || $(PY) -m pytest -m "not browser" --last-failed $(ARGS)

metrics-test: $(READY) ## Run the tests of ragas, deepeval and evaluate, in an environment of their own.
	$(PY) tests/metrics/run.py $(ARGS)

frameworks-test: $(READY) ## Run real trainings of PyTorch, Keras, Ray and others, in an environment of their own.
	$(PY) tests/frameworks/run.py $(ARGS)

wandb-test: $(READY) ## Run the real wandb client against a server of ours, in an environment of its own.
	$(PY) tests/wandb_clients/run.py $(ARGS)

check: $(READY) ## Format, lint, types and floor plan.
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	@# The count proves that the links were followed: mypy is as content with nothing to check.
	@files=$$(find $(ROOMS) -name '*.py' | wc -l); \
		checked=$$($(PY) -m mypy -p weave_core | tee -a /dev/stderr | sed -n 's/.*no issues found in \([0-9]*\) source files/\1/p'); \
		[ "$${checked:-0}" -ge "$$files" ] || { echo "mypy must find no issue in all $$files files of the package" >&2; exit 1; }
	$(PY) -m mypy tests examples docs/generate.py
	$(MAKE) --no-print-directory floor-plan

floor-plan: $(READY)
	$(PY) -m pytest -q tests/test_floor_plan.py

docs: $(READY) ## Build the manual into site/.
	$(PY) docs/generate.py
	$(PY) -m mkdocs build --strict --quiet
	@echo "The manual is in site/index.html"

docs-test: $(READY) ## Run every code block of README and docs.
	$(PY) -m pytest tests/test_docs.py $(ARGS)

bench: $(READY) ## Measure: one run, on this machine.
	@for file in tests/benchmarks/*.py; do echo "== $$file"; $(PY) "$$file" || exit 1; done

lock: $(READY) ## Resolve the newest versions that pyproject.toml allows into requirements.lock.
	$(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --extra all \
		--group test --group lint --group docs --generate-hashes --no-annotate \
		--custom-compile-command "make lock" --output-file requirements.lock pyproject.toml
	@# Libraries that do not go together with the newest of the others, or are large: tests/apart/, metrics/, wandb_clients/, frameworks/.
	$(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --extra server --extra postgres \
		--extra crewai --extra instructor --generate-hashes --no-annotate \
		--custom-compile-command "make lock" --output-file tests/apart/requirements.lock pyproject.toml tests/apart/requirements.in
	$(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --extra server --extra postgres --extra evals \
		--extra autoevals --extra deepeval --extra huggingface --extra ragas --generate-hashes --no-annotate \
		--custom-compile-command "make lock" --output-file tests/metrics/requirements.lock pyproject.toml tests/metrics/requirements.in
	$(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --extra server --extra postgres --extra data \
		--generate-hashes --no-annotate \
		--custom-compile-command "make lock" --output-file tests/wandb_clients/requirements.lock pyproject.toml tests/wandb_clients/requirements.in
	$(FRAMEWORKS_LOCK)

FRAMEWORKS := catboost jax keras lightgbm lightning ray sklearn torch transformers xgboost
FRAMEWORKS_LOCK = $(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --extra server --extra postgres \
	$(FRAMEWORKS:%=--extra %) --override tests/frameworks/overrides.txt --generate-hashes --no-annotate \
	--custom-compile-command "make lock" --output-file tests/frameworks/requirements.lock pyproject.toml tests/frameworks/requirements.in

frameworks-lock: $(READY)
	$(FRAMEWORKS_LOCK)

clean: ## Remove what was built and the demo's data; .venv stays.
	rm -rf build dist site .demo *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

install: $(READY) ## Make .venv with everything that development needs.

$(READY): requirements.lock pyproject.toml | $(PY)
	@echo "Installing into $(VENV) (a minute or two, once)"
	@# uv is many times as fast; pip where only pip has been told of this machine's registry.
	@$(PIP) --require-hashes -r <(sed -n '/^uv==/,/[^\\]$$/p' requirements.lock)
	@# Where Python may not keep what it compiles, it is compiled now: each process would do it again.
	@$(PY) -m uv pip install --quiet --python $(PY) --require-hashes -r requirements.lock \
		$(if $(PYTHONDONTWRITEBYTECODE),--compile-bytecode) || $(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

# The first Python that fits.  Debian ships venv apart from Python, in python3-venv.
$(PY):
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
		"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null || continue; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null || $(call apt_install,python3-venv) || continue; \
		echo "Making $(VENV) with $$("$$python" --version)"; \
		exec "$$python" -m venv $(VENV); \
	done; \
	echo "No Python from 3.11 to 3.14 with venv was found. Install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1

HAS_CHROMIUM := command -v chromium >/dev/null || command -v chromium-browser >/dev/null
# The server's programs; Debian keeps them off the PATH.
HAS_POSTGRESQL := command -v pg_ctl >/dev/null || ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1
HAS_WORDNET := test -e /usr/share/wordnet/index.noun

# Not before Python is there: apt-get may be what brings it, and runs once at a time.
programs: | $(PY)
	@wanted="$$($(HAS_CHROMIUM) || echo chromium; $(HAS_POSTGRESQL) || echo postgresql; $(HAS_WORDNET) || echo wordnet-base)"; \
	[ -z "$$wanted" ] || $(call apt_install,$$wanted) \
		|| for each in $$wanted; do $(call apt_install,$$each) \
		|| echo "No $$each here and no way to install it (apt-get as root): its tests are left out." >&2; done

# As root, or where sudo asks nothing; says nothing when it works.
apt_install = { command -v apt-get >/dev/null && { [ "$$(id -u)" = 0 ] || sudo -n true 2>/dev/null; } && echo "Installing" $(1) \
	&& $$([ "$$(id -u)" = 0 ] || echo sudo) apt-get update -qq \
	&& $$([ "$$(id -u)" = 0 ] || echo sudo) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1) >/dev/null; }
