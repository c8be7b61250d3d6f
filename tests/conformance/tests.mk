# Other people's suites and programs. FREEBSD_ROOT is a FreeBSD base tree with headers, FREEBSD_SRC a source tree of it:
# what is not given is not run, and said. What was measured is written to docs/conformance. CONFORMANCE: more options.

conformance: $(B)/guise
	python3 tests/conformance/run --guise $(B)/guise --write docs/conformance $(if $(ONLY),--only '$(ONLY)') \
		$(if $(FREEBSD_ROOT),--root '$(FREEBSD_ROOT)') $(if $(FREEBSD_SRC),--src '$(FREEBSD_SRC)') $(CONFORMANCE)

.PHONY: conformance
