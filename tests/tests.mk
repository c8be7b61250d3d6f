# Tests. `make check` is all of them; each part can be run alone. Without what they are built and run with nothing begins;
# a tool that only some tests use makes these skip, with a reason.
#
#   check-unit   cmocka programs over the runtime's own sources        check-real   foreign programs of the wild
#   check-guest  freestanding programs, each on every engine           check-fuzz   bounded: loader and calls
#   ONLY=word    only tests whose name holds the word
#
# `make bench` measures and tests nothing; FULL=1 takes longer over it; `make bench-docs` puts what it found into docs/;
# `make bench-steps` counts instructions. That they run
# at all is tested by real/bench.test.

T         := $(B)/tests
ONLY      ?=
RUN        = python3 tests/run --guise $(B)/guise --built $(T) $(if $(ONLY),--only '$(ONLY)')
TEST_DIRS := unit guest real fuzz

ifneq ($(filter check% bench%,$(MAKECMDGOALS)),)
LACKS := $(shell tools/deps.sh --missing)
ifneq ($(LACKS),)
$(error make $(firstword $(filter check% bench%,$(MAKECMDGOALS))) needs $(LACKS): tools/deps.sh installs what is missing)
endif
endif

include $(wildcard tests/*/tests.mk tests/guest/*/tests.mk)

TEST_PROGRAMS := $(UNIT_PROGRAMS) $(GUEST_PROGRAMS) $(FUZZ_PROGRAMS) $(BENCH_PROGRAMS) $(REAL_PROGRAMS)

check: $(B)/guise $(TEST_PROGRAMS)
	$(RUN) unit guest real fuzz
check-unit: $(UNIT_PROGRAMS)
	$(RUN) unit
check-guest: $(B)/guise $(GUEST_PROGRAMS)
	$(RUN) guest
check-real: $(B)/guise $(BENCH_PROGRAMS) $(REAL_PROGRAMS)
	$(RUN) real
check-fuzz: $(B)/guise $(FUZZ_PROGRAMS)
	$(RUN) fuzz
bench: $(B)/guise $(BENCH_PROGRAMS)
	python3 tests/bench/bench.py --guise $(B)/guise --built $(T) --out $(B)/bench $(if $(FULL),--mode full) \
		$(if $(ONLY),--only '$(ONLY)')
# docs/PERFORMANCE.md, its numbers and its chart, of the last run of make bench
bench-docs:
	python3 tests/bench/page.py docs $(B)/bench/bench.json
bench-steps: $(B)/guise $(BENCH_PROGRAMS)
	$(T)/bench/steps $(B)/guise $(T)/bench/calls.freebsd $(T)/bench/calls.linux

.PHONY: check check-unit check-guest check-real check-fuzz bench bench-docs bench-steps
