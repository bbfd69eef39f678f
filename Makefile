# anydoa: `make demo` and `make test` are all a fresh machine needs (Python 3.11+ and git).
PYTHON ?= python3
TORCH ?= torch==2.13.0
BIN := .venv/bin
# One thread a test worker; with more, two workers would fight for the same cores. Compiled modules are kept,
# whatever the shell says: every worker and every program that a test starts would compile all of them anew.
ENV := OMP_NUM_THREADS=1 MPLBACKEND=Agg PYTHONDONTWRITEBYTECODE=
JOBS ?= 2

.PHONY: setup demo test check check-wheel check-ros fuzz fix bench bench-doctor measure results paper docs clean

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "anydoa needs Python 3.11 or newer; run: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv

.venv/runtime.stamp: .venv/bin/python pyproject.toml
	$(BIN)/pip install --quiet --editable .
	touch $@

.venv/dev.stamp: .venv/bin/python pyproject.toml
	$(BIN)/pip install --quiet "$(TORCH)"
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@ .venv/runtime.stamp

setup: .venv/dev.stamp  ## everything a developer needs, in .venv

demo: .venv/runtime.stamp  ## locate the two talkers of the bundled recording, write a picture
	mkdir -p out
	$(BIN)/anydoa locate examples/two_talkers.wav --array examples/two_talkers.array.toml --sources 2 --plot out/two_talkers.png
	@echo "truth: examples/two_talkers.truth.json   picture: out/two_talkers.png"

# Files go out in the order of tests/conftest.py, not those with the most tests first.
test: setup  ## the whole suite
	tests/system-packages $(BIN)/python
	$(ENV) $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

check: setup docs  ## style, types, layers, doors, scripts, files of deployment, and that the manual can be built
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python benchmarks/house.py --doors
	$(BIN)/shellcheck -x -P SCRIPTDIR .ci/run tests/system-packages runs/*.sh
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml
	case "$$(uname -sm)" in "Linux x86_64") $(BIN)/hadolint deploy/Containerfile ;; esac

fuzz: setup  ## wrong values and damaged files by the thousand, for every command and reader
	ANYDOA_FUZZ_CASES=120 $(ENV) $(BIN)/python -m pytest -n $(JOBS) --timeout 3600 tests/integration -k fuzz

check-wheel: .venv/bin/python  ## build wheel and sdist, try the wheel on the lowest and newest versions
	$(BIN)/python tests/packaging/check_wheel.py $(if $(RECORD),--record $(RECORD))

check-ros: .venv/bin/python  ## run the ROS 2 example under ROS 2 from wheels (Linux, Python 3.11)
	$(BIN)/python tests/packaging/check_ros.py

fix: setup  ## mend what tools can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup  ## accuracy and speed against public peers, on this machine
	$(BIN)/python benchmarks/classical.py
	$(BIN)/python benchmarks/network.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/tracking.py
	$(BIN)/python benchmarks/live.py cost
	$(BIN)/python benchmarks/web.py
	$(BIN)/python benchmarks/calibration.py --quick
	$(BIN)/python benchmarks/cost.py
	$(BIN)/python benchmarks/sphere.py --rooms 4
	$(BIN)/python benchmarks/clean.py --clips 1

bench-doctor: setup  ## what the doctor names and confuses, 384 simulated recordings
	$(BIN)/python benchmarks/doctor.py

measure: setup  ## what docs/results.md shows and nobody has recorded, hours: make measure SPEECH=DIR REAL=DIR HEAD=FILE EVENTS=DIR
	$(ENV) $(BIN)/python benchmarks/measure.py $(if $(SPEECH),--speech $(SPEECH)) $(if $(REAL),--real $(REAL)) \
		$(if $(HEAD),--head $(HEAD)) $(if $(EVENTS),--events $(EVENTS))

results: setup  ## docs/results.md, docs/paper.md, the README's table and figures of cards from results/, the index of the log
	$(ENV) $(BIN)/python benchmarks/results_page.py
	$(ENV) $(BIN)/python benchmarks/paper_tables.py
	$(ENV) $(BIN)/python benchmarks/log_index.py --write

paper: setup  ## the paper's comparison and ablations, days: make paper SPEECH=DIR NOISE=DIR OUT=DIR
	runs/paper.sh $(SPEECH) $(NOISE) $(OUT)

docs: setup  ## the manual as a site in out/site; every warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:
	rm -rf .venv out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
