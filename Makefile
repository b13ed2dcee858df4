# Everything runs in .venv, which the first target that needs it creates; nothing else is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
VERSION := import sys; print("Python", *sys.version_info[:2])
ALL := $(sort $(wildcard book/*/*.ipynb))
CHAPTERS ?= $(ALL)
# one thread a process: faster for these sizes, and the same rounding everywhere
export OMP_NUM_THREADS := 1
export PYTHONHASHSEED := 0
# where chapters leave their symbolic pairs for the second algebra system
export ISACNB_PAIRS := $(CURDIR)/.pairs
# where nobody can write to the home, the tools keep their settings and caches in the environment
ifneq ($(shell test -d "$$HOME" && test -w "$$HOME" && echo yes),yes)
export HOME := $(CURDIR)/$(VENV)/home
endif

.DEFAULT_GOAL := help
.PHONY: help env book test deep mutants check lab run lint bench lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

env: ## create, repair or update .venv from requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed, this is " + sys.version.split()[0])'
	@# the stamp tells what the environment is made of: one that was moved or does not start is made again,
	@# and one of another Python than PYTHON= asks for
	@made="$$($(BIN)/python -c '$(VERSION)' 2>/dev/null) in $(CURDIR)"; \
	asked="$(if $(filter file,$(origin PYTHON)),$$made,$$($(PYTHON) -c '$(VERSION)') in $(CURDIR))"; \
	if [ "$$(cat $(STAMP) 2>/dev/null)" != "$$made" ] || [ "$$made" != "$$asked" ]; then \
	  rm -rf $(VENV) && $(PYTHON) -m venv $(VENV) && mkdir -p "$$HOME"; fi
	@# the packages are fetched again only where the lock has changed, not for every pyproject
	@cmp -s requirements.lock $(VENV)/requirements.lock || { \
	  echo "installing the locked packages into $(VENV) (a minute or two)"; \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock && \
	  cp requirements.lock $(VENV)/requirements.lock; }
	@[ $(STAMP) -nt pyproject.toml ] || { \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --no-index --no-deps --no-build-isolation -e . && \
	  echo "$$($(BIN)/python -c '$(VERSION)') in $(CURDIR)" > $(STAMP); }

book: env ## build the book from the committed outputs, and say which file to open
	@$(BIN)/jupyter-book build . -W -n --keep-going -q
	@echo "open $(CURDIR)/_build/html/index.html"

test: env ## run every test, execute every chapter again, ask the second algebra system
	@$(BIN)/python -m pytest -n 2 --dist loadfile
	@rm -f "$(ISACNB_PAIRS)"
	@$(BIN)/python -m pytest --nbval --nbval-current-env -n 2 --dist loadscope $(CHAPTERS)
	@# all pairs are at hand only after all chapters
	@if ! command -v maxima >/dev/null; then echo "Maxima is not installed: its answers are not checked"; \
	  elif [ "$(CHAPTERS)" = "$(ALL)" ]; then $(BIN)/python -m isacnb second-system --check "$(ISACNB_PAIRS)"; fi

deep: env ## what takes longer: every page in every mode, extremes in large numbers
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m deep

mutants: env ## change the code by machine and list what no test notices: ONLY="room.module ..."
	@$(BIN)/python tests/mutants.py --module $(ONLY)

check: env ## try what concerns an addition: CHAPTERS="path ...", the ledger, names, doors
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/ledger tests/book/test_notebooks.py tests/test_*.py
	@$(BIN)/python -m pytest --nbval --nbval-current-env $(CHAPTERS)

lab: env ## open the chapters in JupyterLab
	@$(BIN)/jupyter lab book

run: env ## execute and normalise the chapters, all or CHAPTERS="path ..."
	@rm -f "$(ISACNB_PAIRS)"
	@$(BIN)/jupyter nbconvert --log-level ERROR --to notebook --execute --inplace $(CHAPTERS)
	@# only now: the printed lines of a cell become one output
	@$(BIN)/jupyter nbconvert --log-level ERROR --to notebook --coalesce-streams --inplace $(CHAPTERS)
	@$(BIN)/nb-clean clean --preserve-cell-metadata-field tags -n -o -c $(CHAPTERS)
	@$(BIN)/python -m isacnb readme
	@$(BIN)/python -m isacnb notation
	@if command -v maxima >/dev/null; then $(BIN)/python -m isacnb second-system "$(ISACNB_PAIRS)"; fi
	@echo "ran $(CHAPTERS); README.md, book/notation.md and isacnb/second_system.json are current"

lint: env ## check and format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: env ## measure accuracy and speed against the peers, into benchmarks/results.json
	@$(BIN)/python -m benchmarks

lock: env ## resolve the dependencies again into requirements.lock (needs network)
	@$(BIN)/python -m pip install -q uv
	@$(BIN)/python -m uv pip compile pyproject.toml --all-extras --universal --fork-strategy fewest \
	  --generate-hashes --no-header --quiet -o requirements.lock

clean: ## remove the built book and the caches, keep .venv
	@rm -rf _build .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
