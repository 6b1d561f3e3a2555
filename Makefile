# Everything runs from .venv, which is made from the committed lock. `make` alone lists the words.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test check docs bench fuzz

help:
	@echo "make demo    install, then the whole loop on real flights (DAYS=45 shortens the replay)"
	@echo "make test    install, then every test (PostgreSQL and MariaDB are needed: as root on Debian they are installed)"
	@echo "make check   install, then formatting, lint, types and the arrows between rooms"
	@echo "make docs    install, then write the generated pages under docs/"
	@echo "make bench   install, then every claim in benchmarks/, one table"
	@echo "make fuzz    install, then the property tests for longer and more kills"

# Reinstalled when the lock or the kernel changed; the stamp is written last.
$(VENV)/.installed: requirements.lock pyproject.toml setup.py $(wildcard src/modelyard/*/*.c src/modelyard/*/*.h)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/modelyard demo $(if $(DAYS),--once --days $(DAYS))

test: $(VENV)/.installed
	@sh tests/services.sh
	$(BIN)/python -m pytest
	$(BIN)/python -m pytest --doctest-modules src

check: $(VENV)/.installed
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.installed
	$(BIN)/python docs/write.py

bench: $(VENV)/.installed
	$(BIN)/python benchmarks/all.py

fuzz: $(VENV)/.installed
	MODELYARD_EXAMPLES=20000 MODELYARD_KILLS=1000 $(BIN)/python -m pytest --timeout 36000
