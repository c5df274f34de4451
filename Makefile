# Needs make and Python 3.11 or newer; everything else goes into .venv, with the versions in constraints.txt.
#   make demo    two questions about the demo panel: a student with a known teacher, and an innocent
#   make test    the whole test suite           make lint    formatting, style, types
#   make readme  the help texts in README.md    make clean   removes what make made
#   make demo-data  trains the demo panel anew (Debian; installs torch; see data/demo/README.md)

#   make minhash-peers  the tables of MinHash speed, beside other libraries (installs them; AUDIT_TEST_DATA)
#   make scan-scores  how well audit scan tells licences, generators and signs, and how fast (AUDIT_TEST_DATA)
#   make zoo-demo  the white-box corner of the demo again, from a zoo (ZOO=folder; see data/zoo/README.md)

# What the demo asks.
DEMO_STUDENT  = pupil-100
DEMO_INNOCENT = classmate-1
DEMO_TEACHERS = northwind-1 kestrel-1

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN = .venv/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
AUDIT = $(BIN)/audit
DATA = data
OUT = demo-out
ASK = $(AUDIT) compare --panel $(DATA)/demo/panel.parquet --lineage $(DATA)/demo/lineage.csv \
	--evidence $(OUT)/audit.duckdb $(foreach teacher,$(DEMO_TEACHERS),--teacher panel:$(teacher))
# Tiny models of known history: docs/detectors/contrast.md, data/zoo/README.md.
ZOO_DATA = $(DATA)/demo/zoo
ZOO_STUDENT = student-TA-100-1
ZOO_INNOCENT = same-corpus-TA-B2
ZOO_TUNED = tuned-TA-neutral
ASK_ZOO = $(AUDIT) compare --panel $(ZOO_DATA)/answers.parquet --lineage $(ZOO_DATA)/lineage.csv --teacher panel:TA \
	--scores $(ZOO_DATA)/scores --same-data TA=control-TA --same-data TA=same-corpus-TA-1 --calibration none \
	--evidence $(OUT)/audit.duckdb

.PHONY: demo ask zoo-demo minhash-peers scan-scores test lint readme demo-data wheel clean
.DELETE_ON_ERROR:

demo: .venv/base
	@$(MAKE) --no-print-directory ask

# Exit codes 0 and 1 are answers (1: evidence found); from 2 on something is wrong.
ask:
	@rm -rf $(OUT) && mkdir $(OUT)
	@echo "Was $(DEMO_STUDENT) distilled from one of $(DEMO_TEACHERS)?"
	@$(ASK) --student panel:$(DEMO_STUDENT) -o $(OUT)/accused.html || test $$? -eq 1
	@echo; echo "And $(DEMO_INNOCENT)?"
	@$(ASK) --student panel:$(DEMO_INNOCENT) -o $(OUT)/innocent.html || test $$? -eq 1
	@echo; echo "With log-probabilities: was $(ZOO_STUDENT) distilled from TA? And $(ZOO_INNOCENT), which read TA's books?"
	@$(ASK_ZOO) --student panel:$(ZOO_STUDENT) -o $(OUT)/by-log-probabilities.html || test $$? -eq 1
	@$(ASK_ZOO) --student panel:$(ZOO_INNOCENT) -o $(OUT)/same-books.html || test $$? -eq 1
	@echo; echo "With weights: was $(ZOO_TUNED) made from TA?"
	@$(AUDIT) compare --student hf:$(ZOO_DATA)/weights/$(ZOO_TUNED) --teacher hf:$(ZOO_DATA)/weights/TA \
		--base hf:$(ZOO_DATA)/weights/B --evidence $(OUT)/audit.duckdb -o $(OUT)/weights.html || test $$? -eq 1

zoo-demo: .venv/test
	$(BIN)/python data/zoo/make_demo.py $(ZOO)

minhash-peers: .venv/peers
	.venv/peers/bin/python docs/measurements/minhash/peers.py
	.venv/peers/bin/python docs/measurements/minhash/accuracy.py

scan-scores: .venv/test
	$(BIN)/python docs/measurements/licences.py
	$(BIN)/python docs/measurements/scan_datasets.py
	$(BIN)/python docs/measurements/scan_rules.py
	$(BIN)/python docs/measurements/scan_rows.py

test: .venv/test
	$(BIN)/python -m pytest -n auto $(ARGS)

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict

readme: .venv/test
	$(BIN)/python -m tests.readme_blocks

demo-data: .venv/demo
	$(BIN)/python data/demo/make_demo_panel.py

wheel: .venv/test
	rm -rf dist
	$(BIN)/python -m hatchling build -t wheel

clean:
	rm -rf .venv $(OUT) dist build .mypy_cache .ruff_cache .hypothesis

.venv/python:
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "distill-audit needs Python 3.11 or newer; $(or $(PYTHON),python3) is" \
	  "'$$($(or $(PYTHON),python3) --version 2>&1 | head -n 1)'. Install a newer one, or name it:" \
	  "make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/base: .venv/python pyproject.toml constraints.txt
	$(PIP) -e .
	@touch $@

# An environment of its own, without our constraints: Daft needs another pyarrow than we run with.
.venv/peers: .venv/python docs/measurements/minhash/peers.txt
	$(BIN)/python -m venv --clear $@
	$@/bin/python -m pip install --quiet --disable-pip-version-check -e . -r docs/measurements/minhash/peers.txt

.venv/test: .venv/base
	$(PIP) -e '.[test,lint]'
	@touch $@

.venv/demo: .venv/base
	$(PIP) -e '.[demo]'
	@touch $@
