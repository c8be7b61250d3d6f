# One source, twice: a FreeBSD guest and a Linux program. The guest makes all its calls through one stub, its runtime's too:
# it has no other syscall instruction and can be sealed (its constants lie where no address spells one: 0x..050f). What other fragments define is expanded late: they are read after
# this one.
BENCH_PROGRAMS := $(T)/bench/calls.freebsd $(T)/bench/calls.linux $(T)/bench/steps $(T)/bench/bare

BENCH_RT := $(T)/bench/rt.o $(T)/guest/freebsd/rt/start.o $(T)/guest/freebsd/rt/stub.o
$(T)/bench/rt.o: tests/guest/freebsd/rt/rt.c
	@mkdir -p $(@D)
	$(FBSD_CC) $(FBSD_FLAG) -DTHROUGH_STUB -c $< -o $@
$(T)/bench/calls.freebsd: tests/bench/calls.c $(BENCH_RT)
	@mkdir -p $(@D)
	$(FBSD_CC) $(FBSD_FLAG) -O2 -MF $@.d $(FBSD_LINK) -Wl,--section-start=.rodata=0x210600 -o $@ $< $(BENCH_RT)
$(T)/bench/calls.linux: tests/bench/calls.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O2 -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers -pthread -static -MMD -MF $@.d -o $@ $<
$(T)/bench/steps: tests/bench/steps.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O2 -g -D_GNU_SOURCE -Wall -Wextra -Werror -MMD -MF $@.d -o $@ $< -lelf
$(T)/bench/bare: tests/bench/bare.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O2 -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers -static -MMD -MF $@.d -o $@ $<
-include $(BENCH_PROGRAMS:=.d) $(BENCH_RT:.o=.d)
