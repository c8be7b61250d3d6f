# Freestanding FreeBSD programs: one file each, no libc, linked with the small runtime in rt/. clang and lld build for
# FreeBSD whatever CC is.

FBSD_CC   := clang --target=x86_64-unknown-freebsd13
FBSD_FLAG := -std=gnu17 -O1 -g -ffreestanding -fno-stack-protector -fno-pic -fno-asynchronous-unwind-tables -Wall -Wextra -Werror \
             -Wno-unused-parameter -Wno-missing-field-initializers -Itests/guest/freebsd/rt -Ipersonalities/freebsd -MMD -MP
FBSD_LINK := -nostdlib -static -fuse-ld=lld -Wl,--no-dynamic-linker
FBSD_RT   := $(addprefix $(T)/guest/freebsd/rt/,start.o full.o regs.o enter.o rt.o)
FBSD_ALONE := seal
FBSD_SRC  := $(wildcard tests/guest/freebsd/*.c)
FBSD_BIN  := $(FBSD_SRC:tests/%.c=$(T)/%)
GUEST_PROGRAMS += $(FBSD_BIN)

$(T)/guest/freebsd/rt/%.o: tests/guest/freebsd/rt/%.S
	@mkdir -p $(@D)
	$(FBSD_CC) -I. -MMD -MP -c $< -o $@
$(T)/guest/freebsd/rt/%.o: tests/guest/freebsd/rt/%.c
	@mkdir -p $(@D)
	$(FBSD_CC) $(FBSD_FLAG) -c $< -o $@
$(T)/guest/freebsd/%: tests/guest/freebsd/%.c $(FBSD_RT) tests/guest/freebsd/tests.mk
	@mkdir -p $(@D)
	$(FBSD_CC) $(FBSD_FLAG) -MF $@.d $(FBSD_LINK) -o $@ $< $(if $(filter $(FBSD_ALONE),$*),,$(FBSD_RT))
.SECONDARY: $(FBSD_RT)
-include $(FBSD_BIN:=.d) $(FBSD_RT:.o=.d)
