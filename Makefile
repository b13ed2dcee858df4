# Everything runs in .venv, which the first target that needs it creates; nothing else is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ALL := $(sort $(wildcard book/*/*.ipynb))
CHAPTERS ?= $(ALL)
# one thread a process: faster for these sizes, and the same rounding everywhere
export OMP_NUM_THREADS := 1
export PYTHONHASHSEED := 0
# where chapters leave their symbolic pairs for the second algebra system
export ISACNB_PAIRS := $(CURDIR)/.pairs

.DEFAULT_GOAL := help
.PHONY: help env book test check lab run lint bench lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

env: $(STAMP) ## create or update .venv from requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed, this is " + sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@# the packages are fetched again only where the lock has changed, not for every pyproject
	@cmp -s requirements.lock $(VENV)/requirements.lock || { \
	  echo "installing the locked packages into $(VENV) (a minute or two)"; \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock && \
	  cp requirements.lock $(VENV)/requirements.lock; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .
	@touch $(STAMP)

book: env ## build the book from the committed outputs, and say which file to open
	@$(BIN)/jupyter-book build . -W -n --keep-going -q
	@echo "open $(CURDIR)/_build/html/index.html"

test: env ## run every test, execute every chapter again, ask the second algebra system
	@$(BIN)/python -m pytest -n 2 --dist loadfile
	@rm -f $(ISACNB_PAIRS)
	@$(BIN)/python -m pytest --nbval --nbval-current-env -n 2 --dist loadscope $(CHAPTERS)
	@# all pairs are at hand only after all chapters
	@if ! command -v maxima >/dev/null; then echo "Maxima is not installed: its answers are not checked"; \
	  elif [ "$(CHAPTERS)" = "$(ALL)" ]; then $(BIN)/python -m isacnb second-system --check $(ISACNB_PAIRS); fi

check: env ## try what concerns an addition: CHAPTERS="path ...", the ledger, names, doors
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/ledger tests/book/test_notebooks.py tests/test_*.py
	@$(BIN)/python -m pytest --nbval --nbval-current-env $(CHAPTERS)

lab: env ## open the chapters in JupyterLab
	@$(BIN)/jupyter lab book

run: env ## execute and normalise the chapters, all or CHAPTERS="path ..."
	@rm -f $(ISACNB_PAIRS)
	@$(BIN)/jupyter nbconvert --log-level ERROR --to notebook --execute --inplace $(CHAPTERS)
	@# only now: the printed lines of a cell become one output
	@$(BIN)/jupyter nbconvert --log-level ERROR --to notebook --coalesce-streams --inplace $(CHAPTERS)
	@$(BIN)/nb-clean clean --preserve-cell-metadata-field tags -n -o -c $(CHAPTERS)
	@$(BIN)/python -m isacnb readme
	@$(BIN)/python -m isacnb notation
	@if command -v maxima >/dev/null; then $(BIN)/python -m isacnb second-system $(ISACNB_PAIRS); fi
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
