# What the tests of this folder need of their own: tools of the host's, an object to be loaded late.
REAL_PROGRAMS := $(T)/real/interrupt $(T)/real/hold $(T)/real/late.so

$(T)/real/interrupt: tests/real/interrupt.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O2 -g -D_GNU_SOURCE -Wall -Wextra -Werror -MMD -MF $@.d -o $@ $<
$(T)/real/hold: tests/real/hold.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O1 -g -D_GNU_SOURCE -Wall -Wextra -Werror -pthread -static -MMD -MF $@.d -o $@ $<
$(T)/real/late.so: tests/real/late.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O2 -fPIC -shared -Wall -Wextra -Werror -MMD -MF $@.d -o $@ $<
-include $(REAL_PROGRAMS:=.d)
