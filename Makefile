# The one list of commands. `make demo` and `make test` are all a newcomer needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGE := $(VENV)/.package
STAMP := $(VENV)/.tools
WORKERS ?= 2
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test test-all lint format native-test bench clean

$(PACKAGE): pyproject.toml CMakeLists.txt $(shell find native -name '*.cpp' -o -name '*.hpp' -o -name CMakeLists.txt)
	@echo "building rocchio into $(VENV): about a minute"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --editable .
	@touch $(PACKAGE)

$(STAMP): $(PACKAGE)
	@echo "installing the tools that tests need"
	@$(PIP) --editable '.[test,lint]'
	@touch $(STAMP)

demo: $(PACKAGE)  ## build a collection of the standard library's docstrings, search it, evaluate it
	@$(BIN)/rocchio demo
	@echo "try it yourself: . $(BIN)/activate; rocchio --help"

test: $(STAMP) lint native-test  ## everything CI runs
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-all: $(STAMP) lint native-test  ## with the long randomised rounds, and the frameworks that weigh more
	@$(PIP) --editable '.[integrations]'
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --slow

lint: $(STAMP)  ## style, types, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/clang-format --dry-run --Werror $$(find native -name '*.cpp' -o -name '*.hpp')
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(STAMP)  ## apply the style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/clang-format -i $$(find native -name '*.cpp' -o -name '*.hpp')

native-test: $(STAMP)  ## C++ tests under address and undefined-behaviour sanitizers
	$(PIP) 'cmake>=3.18' ninja
	$(BIN)/cmake -S . -B build/sanitize -G Ninja -DCMAKE_MAKE_PROGRAM=$(CURDIR)/$(BIN)/ninja -DCMAKE_BUILD_TYPE=Debug \
		-DROCCHIO_SANITIZE=ON -DROCCHIO_TESTS=ON -DROCCHIO_PYTHON=OFF > /dev/null
	$(BIN)/cmake --build build/sanitize
	$(BIN)/ctest --test-dir build/sanitize --output-on-failure --no-tests=error

bench: $(STAMP)  ## lexical benchmark beside the peers that are installed
	$(PIP) --editable '.[bench]'
	$(BIN)/python benchmarks/lexical.py

clean:
	rm -rf build dist $(VENV)
