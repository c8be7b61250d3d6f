# Unit tests: cmocka programs linked with the runtime and the loader. With DEBUG=1 these are built once more as ordinary
# hosted C with the address and undefined-behaviour sanitizers (lib.c keeps its own memcpy, under another name).

UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT_BIN := $(if $(wildcard /usr/include/cmocka.h),$(UNIT_SRC:tests/%.c=$(T)/%))
UNIT_PROGRAMS += $(UNIT_BIN)
UNIT_SAN_1 := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-sanitize=alignment
UNIT_SAN := $(if $(DEBUG),$(UNIT_SAN_1))
UNIT_DIR := $(T)/unit/obj
UNIT_OWN := $(filter-out loader/own.c,$(filter loader/%,$(HOST_SRC)))
UNIT_OBJ := $(if $(DEBUG),$(RT_SRC:%=$(UNIT_DIR)/%.o) $(UNIT_OWN:%=$(UNIT_DIR)/%.o),$(B)/runtime.o $(UNIT_OWN:%=$(B)/%.o))
UNIT_MEM := -Dmemcpy=rt_memcpy -Dmemmove=rt_memmove -Dmemset=rt_memset -Dmemcmp=rt_memcmp

$(UNIT_DIR)/%.S.o: %.S
	@mkdir -p $(@D)
	$(CC) $(BASE) -c $< -o $@
$(UNIT_DIR)/%/lib.c.o: UNIT_KEEP := $(UNIT_MEM) -fno-builtin
$(UNIT_DIR)/%.c.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BASE) -DUNIT -O1 -g $(UNIT_SAN) $(UNIT_KEEP) -Wno-missing-prototypes -c $< -o $@
$(T)/unit/test_%.o: tests/unit/test_%.c
	@mkdir -p $(@D)
	$(CC) $(BASE) -DUNIT -O1 -g $(UNIT_SAN) -c $< -o $@
$(T)/unit/test_%: $(T)/unit/test_%.o $(UNIT_OBJ)
	$(CC) -pie -g $(UNIT_SAN) -o $@ $^ -lcmocka $(LIBS) -pthread
.SECONDARY: $(UNIT_BIN:%=%.o) $(UNIT_OBJ)
-include $(UNIT_BIN:%=%.d) $(if $(DEBUG),$(UNIT_OBJ:.o=.d))
