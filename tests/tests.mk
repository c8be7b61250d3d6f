# Tests. `make check` is all of them; each part can be run alone. What can be built without a part of the project is
# built without it, so that one missing tool makes its tests skip with a reason and nothing else.
#
#   check-unit   cmocka programs over the runtime's own sources        check-real   foreign programs of the wild
#   check-guest  freestanding programs, each on every engine           check-fuzz   bounded: loader and calls
#   ONLY=word    only tests whose name holds the word

T         := $(B)/tests
ONLY      ?=
RUN        = python3 tests/run --guise $(B)/guise --built $(T) $(if $(ONLY),--only '$(ONLY)')
TEST_DIRS := unit guest real fuzz

include $(wildcard tests/*/tests.mk tests/guest/*/tests.mk)

TEST_PROGRAMS := $(UNIT_PROGRAMS) $(GUEST_PROGRAMS) $(FUZZ_PROGRAMS)

check: all $(TEST_PROGRAMS)
	$(RUN) unit guest real fuzz
check-unit: $(UNIT_PROGRAMS)
	$(RUN) unit
check-guest: all $(GUEST_PROGRAMS)
	$(RUN) guest
check-real: all
	$(RUN) real
check-fuzz: all $(FUZZ_PROGRAMS)
	$(RUN) fuzz
bench: all $(BENCH_PROGRAMS)
	python3 tests/bench/bench.py --guise $(B)/guise --built $(T)
	python3 tests/bench/trace.py --guise $(B)/guise --built $(T)

.PHONY: check check-unit check-guest check-real check-fuzz bench
