# SPDX-License-Identifier: MIT
# Benchmarks are built by "make bench" and run by bench/run; no test asserts a time.
bench_list = bench/mkstore bench/send bench/summary bench/wire
if HAVE_TEST_LIBS
bench_list += bench/start
endif
EXTRA_PROGRAMS += bench/mkstore bench/send bench/start bench/summary bench/wire
CLEANFILES += bench/mkstore bench/send bench/start bench/summary bench/wire
EXTRA_DIST += bench/run bench/sync.py bench/far.py bench/push.py bench/quiet.py bench/mail.py bench/codec.py bench/server.py bench/box.py bench/flags.py bench/outbox.py
.PHONY: bench
bench: $(bench_list)
BENCH_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
bench_mkstore_SOURCES = bench/mkstore.c bench/corpus.c bench/corpus.h
bench_mkstore_CPPFLAGS = $(BENCH_CPPFLAGS)
bench_mkstore_LDADD = libcache.a $(LINK_MIME) $(SQLITE_LIBS) $(ZSTD_LIBS) $(CRYPTO_LIBS)
bench_send_SOURCES = bench/send.c bench/lap.c bench/lap.h
bench_send_CPPFLAGS = $(BENCH_CPPFLAGS)
bench_send_LDADD = $(LINK_BASE)
bench_start_SOURCES = bench/start.c bench/lap.c bench/lap.h
bench_start_CPPFLAGS = $(BENCH_CPPFLAGS) $(VTERM_CFLAGS)
bench_start_LDADD = $(LINK_BASE) $(VTERM_LIBS)
bench_summary_SOURCES = bench/summary.c bench/corpus.c bench/corpus.h bench/lap.c bench/lap.h
bench_summary_CPPFLAGS = $(BENCH_CPPFLAGS)
bench_summary_LDADD = $(LINK_DECODE)
bench_wire_SOURCES = bench/wire.c bench/lap.c bench/lap.h
bench_wire_CPPFLAGS = $(BENCH_CPPFLAGS) $(SSL_CFLAGS)
bench_wire_LDADD = $(LINK_BASE) $(SSL_LIBS)
