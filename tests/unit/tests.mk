# cmocka programs over the runtime as it is linked into guise: one file each.

UNIT_SRC      := $(wildcard tests/unit/*.c)
UNIT_PROGRAMS := $(UNIT_SRC:tests/%.c=$(T)/%)
LOADER_OBJ    := $(filter $(B)/loader/%,$(HOST_OBJ))

$(T)/unit/%: tests/unit/%.c $(B)/runtime.o $(LOADER_OBJ) tests/unit/tests.mk
	@mkdir -p $(@D)
	$(CC) $(BASE) $(CFLAGS) -MF $@.d -pie -o $@ $< $(LOADER_OBJ) $(B)/runtime.o $(LIBS) -lcmocka
-include $(UNIT_PROGRAMS:=.d)
