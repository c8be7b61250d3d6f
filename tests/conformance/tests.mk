# Other people's programs. FREEBSD_ROOT is a FreeBSD base tree with headers, FREEBSD_SRC a source tree of it: what is not
# given is not run. The tables are in docs/CONFORMANCE.md.

conformance: $(B)/guise
	$(if $(FREEBSD_ROOT),,@echo 'FREEBSD_ROOT=DIR, a FreeBSD base tree with headers, is not given: programs on its libraries are not built')
	$(if $(FREEBSD_ROOT),tests/conformance/twins --guise $(B)/guise --root $(FREEBSD_ROOT))
	$(if $(FREEBSD_SRC),,@echo 'FREEBSD_SRC=DIR, a FreeBSD source tree, is not given: its test suites are not built')
	$(if $(and $(FREEBSD_ROOT),$(FREEBSD_SRC)),tests/conformance/run --guise $(B)/guise --root $(FREEBSD_ROOT) --src $(FREEBSD_SRC) --show)

.PHONY: conformance
