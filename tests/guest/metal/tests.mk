# Bare-metal programs: freestanding, each one file and a start. m32_*: 32 bits; bare_*: they bring their own start, and are
# assembled as they are.

METAL_SRC  := $(wildcard tests/guest/metal/*.c)
METAL_BIN  := $(METAL_SRC:tests/%.c=$(T)/%)
METAL_HAVE := tests/guest/metal/start.S tests/guest/metal/link.ld
METAL_FLAG := -std=gnu17 -O1 -Wall -Wextra -Werror -Wno-unused-parameter -ffreestanding -fno-stack-protector -fno-pic -fno-pie \
              -fcf-protection=none -fno-asynchronous-unwind-tables -mgeneral-regs-only -mno-red-zone -nostdlib -static \
              -Wl,--build-id=none,-z,max-page-size=4096,-T,tests/guest/metal/link.ld,--no-warn-rwx-segments
GUEST_PROGRAMS += $(METAL_BIN) $(T)/guest/metal/disk.img

# Four sectors, each full of its own digit
$(T)/guest/metal/disk.img:
	@mkdir -p $(@D)
	for i in 0 1 2 3; do head -c 512 /dev/zero | tr '\0' $$i; done >$@

$(T)/guest/metal/m32_%: tests/guest/metal/m32_%.c $(METAL_HAVE)
	@mkdir -p $(@D)
	$(CC) -m32 $(METAL_FLAG) -MMD -MP -MF $@.d -o $@ $< tests/guest/metal/start.S
$(T)/guest/metal/bare_%: tests/guest/metal/bare_%.c $(METAL_HAVE)
	@mkdir -p $(@D)
	$(CC) $(METAL_FLAG) $(shell sed -n 's/.*TEST build: //p' $<) -MMD -MP -MF $@.d -o $@ $<
$(T)/guest/metal/%: tests/guest/metal/%.c $(METAL_HAVE)
	@mkdir -p $(@D)
	$(CC) $(METAL_FLAG) -MMD -MP -MF $@.d -o $@ $< tests/guest/metal/start.S
-include $(METAL_BIN:=.d)
