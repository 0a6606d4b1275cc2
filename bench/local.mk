# SPDX-License-Identifier: MIT
# Benchmarks are built by "make bench" and run by bench/run; no test asserts a time.
bench_list = bench/mkstore
EXTRA_PROGRAMS += $(bench_list)
CLEANFILES += $(bench_list)
.PHONY: bench
bench: $(bench_list)
BENCH_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
bench_mkstore_SOURCES = bench/mkstore.c bench/corpus.c bench/corpus.h
bench_mkstore_CPPFLAGS = $(BENCH_CPPFLAGS)
bench_mkstore_LDADD = libcache.a $(LINK_MIME) $(SQLITE_LIBS) $(ZSTD_LIBS) $(CRYPTO_LIBS)
EXTRA_DIST += bench/sync.py
