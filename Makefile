# guise: everything is found by wildcard; a new file, personality, engine or subcommand joins by existing.
#
# Two kinds of code: RT (syscalls/, personalities/) runs inside the guest, with the guest's thread pointer and vector
# registers loaded, so it is built for general registers only and may call nothing of libc (checked at the link of
# runtime.o). The rest (loader/, tools/) runs before the guest does, or behind the gate, and is ordinary C.

ifeq ($(origin CC),default)
CC      := gcc
endif
PREFIX  ?= /usr/local
B       := build/$(notdir $(firstword $(CC)))$(if $(DEBUG),-debug)
VERSION := 0.1.0

WARN    := -Wall -Wextra -Werror -Wno-unused-parameter -Wmissing-prototypes -Wno-missing-field-initializers $(if $(findstring clang,$(CC)),,-Wno-format-truncation)
CFLAGS  ?= -O2 -g
BASE    := -std=gnu17 -fPIE -D_GNU_SOURCE -DGUISE_VERSION='"$(VERSION)"' -I. -Isyscalls -Ipersonalities -MMD -MP $(WARN)
RTFLAGS := -mgeneral-regs-only -ffreestanding -fno-stack-protector -fno-builtin -fno-strict-aliasing -fcf-protection=none \
           -fno-asynchronous-unwind-tables -mno-red-zone
# DEBUG=1: undefined behaviour traps everywhere; the unit tests and fuzzers, being ordinary programs, get ASan as well
ifdef DEBUG
BASE    += -fsanitize=undefined -fsanitize-undefined-trap-on-error -fno-sanitize=alignment
endif
LIBS    := -lelf -lz -lzstd
LIBDW   := -ldw
# Where guise lies in every process: nothing to relocate at a start, no page of tables copied by a fork (measured: 0.24 ms
# a start), and the same place after an exec, which the seccomp engine needs. Below what sanitizers take (0x7fff8000), and
# so that what a guest's process writes lies within two page tables of the processor's (2 MiB each, from 0x7c000000). A multiple of
# 2 MiB: the host can then have the file's beginning, where what runs most is, in one large page.
BASE_AT := 0x7be00000

# A file that is written in one piece lies in the host's memory in large pieces, and each look at it is cheaper: a tenth of an
# exec, and of a fork. Text and what is only read are one mapping, which saves two in every process: 3 % of a fork.
WHOLE := dd bs=64M status=none

# What every fork and nearly every call runs is linked first and together: a forked child finds it all in one look at the
# file's pages (64 KiB), and pays for each such look.
RT_FIRST := $(wildcard $(addprefix syscalls/,engines/entry.S engines/trap.c engines/rewrite.c engines/sites.c engines/change.c \
            dispatch.c direct.c proc.c fd.c thread.c signal.c arrive.c carrier.c mem.c lock.c xlate.c pending.c pace.c handlers/proc.c \
            handlers/wait.c handlers/rw.c handlers/time.c observe/trace.c observe/report.c) personalities/*/personality.c \
            personalities/*/thr.c personalities/*/umtx_mutex.c personalities/*/umtx_shm.c personalities/*/proc_note.c)
# The same for an exec: what it runs before and what a start runs after it comes next; of loader/, tools/ and libc: loader/start.ld.
RT_START := $(wildcard $(addprefix syscalls/,exec.c path.c root.c walk.c arena.c lib.c gate.c fpu.c segment.c handlers/vm.c engines/site.c \
            engines/slot.c insn.c engines/patch.c engines/seal.c mem_atomic.S observe/audit.c observe/cover.c debug/tracee.c mount.c confine.c snapshot.c \
            machine/privilege.c))
RT_SRC   := $(RT_FIRST) $(RT_START) $(filter-out $(RT_FIRST) $(RT_START),$(shell find syscalls personalities -name '*.[cS]' | sort))
HOST_SRC := $(shell find loader tools -name '*.c' | sort)
# The way from a command line to a guest, which a guest's exec goes without a libc that was started: they find what they need of
# one in own.c, under other names.
OWN_SRC  := $(addprefix loader/,again.c start.c plan.c elf.c map.c stack.c title.c own.c)
RT_OBJ   := $(RT_SRC:%=$(B)/%.o)
HOST_OBJ := $(filter-out $(OWN_SRC:%=$(B)/%.o),$(HOST_SRC:%=$(B)/%.o)) $(B)/own.o

# The link is for whoever says make; what tests or installs uses what it has built.
all: $(B)/guise
	@ln -sf $< guise

$(B)/%.S.o: %.S
	@mkdir -p $(@D)
	$(CC) $(BASE) -c $< -o $@
$(B)/syscalls/%.c.o $(B)/personalities/%.c.o: RT := $(RTFLAGS)
$(B)/%.c.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BASE) $(CFLAGS) $(RT) -c $< -o $@

$(B)/tools/trace/html.c.o: tools/trace/page.html      # a part of it, by .incbin

# gcc and clang call memcpy and friends on their own; libc's use vector registers, so the runtime has its own (lib.c).
RT_MEM := memcpy memmove memset memcmp
$(B)/runtime.o: $(RT_OBJ) tools/runtime.allow
	$(LD) -r -o $@ $(RT_OBJ)
	objcopy $(foreach f,$(RT_MEM),--redefine-sym $(f)=rt_$(f)) $@
	@nm -u $@ | awk '{print $$2}' | grep -vxFf tools/runtime.allow > $@.bad; \
	if [ -s $@.bad ]; then echo "runtime.o may not use:"; cat $@.bad; rm -f $@; exit 1; fi

$(B)/loader/own.c.o: RT := -fno-builtin -ffreestanding
$(B)/own.o: $(OWN_SRC:%=$(B)/%.o) $(B)/runtime.o tools/own.allow
	$(LD) -r -o $@.all $(OWN_SRC:%=$(B)/%.o)
	objcopy $(foreach f,$(RT_MEM),--redefine-sym $(f)=rt_$(f)) \
		$$(nm -g --defined-only $(B)/loader/own.c.o | awk '{ print "--redefine-sym " $$3 "=own_" $$3 }') $@.all $@
	@{ nm -g --defined-only $(B)/runtime.o | awk '{ print $$3 }'; cat tools/own.allow; } >$@.known; \
	nm -u $@ | awk '{ print $$2 }' | grep -vxFf $@.known >$@.bad; \
	if [ -s $@.bad ]; then echo "own.o may not use:"; cat $@.bad; rm -f $@; exit 1; fi

$(B)/guise: $(B)/runtime.o $(HOST_OBJ) loader/start.ld
	$(CC) -static -no-pie $(CFLAGS) -Wl,-z,noseparate-code,-Ttext-segment=$(BASE_AT),-e,front,-T,loader/start.ld -o $@.ld $(filter %.o,$^) $(LIBDW) $(LIBS)
	@$(WHOLE) if=$@.ld of=$@.whole && chmod +x $@.whole && mv $@.whole $@ && rm $@.ld

-include $(RT_OBJ:.o=.d) $(HOST_SRC:%=$(B)/%.d)
-include tests/tests.mk

install: $(B)/guise
	install -Dm755 /dev/null $(DESTDIR)$(PREFIX)/bin/guise
	$(WHOLE) if=$(B)/guise of=$(DESTDIR)$(PREFIX)/bin/guise
	install -Dm644 docs/guise.1 $(DESTDIR)$(PREFIX)/share/man/man1/guise.1
	install -Dm644 tools/completion.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/guise
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/guise $(DESTDIR)$(PREFIX)/share/man/man1/guise.1 \
	      $(DESTDIR)$(PREFIX)/share/bash-completion/completions/guise

# docs/compat/OS.md from the rows, with the tests that the last whole `make check` has seen to show them
docs: $(B)/guise
	@mkdir -p docs/compat
	@if [ -e $(T)/proofs.txt ]; then cp $(T)/proofs.txt docs/compat/tests.txt; else \
		echo "no whole make check was made here: the tests are named as before"; touch docs/compat/tests.txt; fi
	@for os in $$($(B)/guise --version | sed -nE 's/^  ([a-z0-9]+) .*/\1/p'); do \
		$(B)/guise doc --tests docs/compat/tests.txt $$os >docs/compat/$$os.md || exit; done

clean:
	rm -rf build guise

.PHONY: all install uninstall docs clean
.DELETE_ON_ERROR:
