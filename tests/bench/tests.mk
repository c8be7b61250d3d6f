# One source, twice: a FreeBSD guest and a Linux program, both without a libc's start-up in the way. The runtime is
# expanded late: its fragment is read after this one.
BENCH_PROGRAMS := $(T)/bench/calls.freebsd $(T)/bench/calls.linux

.SECONDEXPANSION:
$(T)/bench/calls.freebsd: tests/bench/calls.c $$(FBSD_RT)
	@mkdir -p $(@D)
	$(FBSD_CC) $(FBSD_FLAG) -O2 -MF $@.d $(FBSD_LINK) -o $@ $< $(FBSD_RT)
$(T)/bench/calls.linux: tests/bench/calls.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O2 -D_GNU_SOURCE -Wall -Wextra -Werror -static -MMD -MF $@.d -o $@ $<
-include $(BENCH_PROGRAMS:=.d)

# The way of a call without an engine: linked with the runtime as the unit tests are.
BENCH_PROGRAMS += $(T)/bench/path
$(T)/bench/path.o: tests/bench/path.c
	@mkdir -p $(@D)
	$(CC) $(BASE) -O2 -g -c $< -o $@
$(T)/bench/path: $(T)/bench/path.o $(B)/runtime.o $(filter $(B)/loader/%,$(HOST_OBJ))
	$(CC) -pie -g -o $@ $^ $(LIBS)
-include $(T)/bench/path.d
