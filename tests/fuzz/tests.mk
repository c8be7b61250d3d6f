# Fuzzers, bounded by a number of seconds: the loader's as an ordinary program over the loader's own sources, with
# sanitizers wherever the compiler has them (with CC=clang, FUZZER=1 also as a libFuzzer target), the calls' as a FreeBSD
# guest. What other fragments define is expanded late, because they may be read after this one.

FUZZ_PROGRAMS := $(T)/fuzz/loader_fuzz $(T)/fuzz/check_fuzz $(T)/fuzz/call_fuzz $(T)/fuzz/wall_fuzz $(T)/fuzz/snap_fuzz
FUZZ_LOADER   := loader/elf.c loader/bare.c loader/map.c
FUZZ_CHECK    := $(addprefix tools/check/,module.c dynamic.c frames.c go.c code.c effect.c track.c reach.c) \
                 loader/elf.c syscalls/insn.c
FUZZ_SNAP     := loader/snapfile.c loader/snapimage.c
FUZZ_SAN_1    := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-sanitize=alignment
FUZZ_SAN       = $(shell echo 'int main(void){return 0;}' | $(CC) $(FUZZ_SAN_1) -x c -o /dev/null - 2>/dev/null && \
                   echo '$(FUZZ_SAN_1)')

.SECONDEXPANSION:
$(T)/fuzz/loader_fuzz: tests/fuzz/loader_fuzz.c tests/fuzz/random.h tests/unit/elf_image.h $(FUZZ_LOADER) loader/image.h
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(BASE)) -Itests/unit -O1 -g -pie $(FUZZ_SAN) \
		$(if $(FUZZER),-DFUZZER -fsanitize=fuzzer) -o $@ $< $(FUZZ_LOADER) $(LIBS)
$(T)/fuzz/check_fuzz: tests/fuzz/check_fuzz.c tests/fuzz/random.h tests/unit/elf_image.h $(FUZZ_CHECK) tools/check/check.h loader/image.h loader/sorted.h
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(BASE)) -Itests/unit -O1 -g -pie $(FUZZ_SAN) -Dmmap=case_map -Dmunmap=case_unmap \
		-Wno-missing-prototypes -include sys/mman.h -o $@ $< $(FUZZ_CHECK) $(LIBS)
$(T)/fuzz/snap_fuzz: tests/fuzz/snap_fuzz.c tests/fuzz/random.h $(FUZZ_SNAP) loader/snapfile.h loader/snapimage.h loader/sorted.h syscalls/snapshot.h syscalls/pending.h
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(BASE)) -O1 -g -pie $(FUZZ_SAN) -o $@ $< $(FUZZ_SNAP) $(LIBS)
$(T)/fuzz/call_fuzz: tests/fuzz/call_fuzz.c $$(FBSD_RT)
	@mkdir -p $(@D)
	$(FBSD_CC) $(FBSD_FLAG) -MF $@.d $(FBSD_LINK) -o $@ $< $(FBSD_RT)
$(T)/fuzz/wall_fuzz: tests/fuzz/wall_fuzz.c
	@mkdir -p $(@D)
	$(CC) $(LINUX_FLAG) -MF $@.d -Wno-unused-result -static -o $@ $< -lrt
-include $(T)/fuzz/call_fuzz.d $(T)/fuzz/wall_fuzz.d
