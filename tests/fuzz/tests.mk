# Fuzzers, bounded by a number of seconds: the loader's as an ordinary program over the loader's own objects (with
# CC=clang, FUZZER=1 also as a libFuzzer target), the calls' as a FreeBSD guest.

FUZZ_PROGRAMS := $(T)/fuzz/loader_fuzz $(T)/fuzz/call_fuzz

$(T)/fuzz/loader_fuzz: tests/fuzz/loader_fuzz.c $(UNIT_OBJ)
	@mkdir -p $(@D)
	$(CC) $(BASE) -MF $@.d -Itests/unit -O1 -g -pie $(UNIT_SAN) $(if $(FUZZER),-DFUZZER -fsanitize=fuzzer) -o $@ $< $(UNIT_OBJ) $(LIBS)
$(T)/fuzz/call_fuzz: tests/fuzz/call_fuzz.c $(FBSD_RT)
	@mkdir -p $(@D)
	$(FBSD_CC) $(FBSD_FLAG) -MF $@.d $(FBSD_LINK) -o $@ $< $(FBSD_RT)
-include $(FUZZ_PROGRAMS:=.d)
