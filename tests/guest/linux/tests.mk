# Linux programs: run by guise and natively, the two must print the same. raw_*: no libc at all; dyn_*: linked
# dynamically; all others statically with glibc.

LINUX_SRC := $(wildcard tests/guest/linux/*.c)
LINUX_BIN := $(LINUX_SRC:tests/%.c=$(T)/%)
LINUX_FLAG := -std=gnu17 -O1 -g -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-unused-parameter -pthread -MMD -MP -Ipersonalities/linux
GUEST_PROGRAMS += $(LINUX_BIN)

$(T)/guest/linux/raw_%: tests/guest/linux/raw_%.c
	@mkdir -p $(@D)
	$(CC) $(LINUX_FLAG) -MF $@.d -ffreestanding -fno-stack-protector -nostdlib -static -o $@ $<
$(T)/guest/linux/dyn_%: tests/guest/linux/dyn_%.c
	@mkdir -p $(@D)
	$(CC) $(LINUX_FLAG) -MF $@.d -fPIE -pie -o $@ $< -ldl
$(T)/guest/linux/%: tests/guest/linux/%.c
	@mkdir -p $(@D)
	$(CC) $(LINUX_FLAG) -MF $@.d -static -o $@ $<
-include $(LINUX_BIN:=.d)
