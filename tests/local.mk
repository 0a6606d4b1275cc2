# SPDX-License-Identifier: MIT
# Unit tests mirror src/, one program for each file: tests/unit/FOLDER/test_FILE.c. Scripts are *.sh or *.py.
TEST_EXTENSIONS = .sh .py
LOG_COMPILER = $(TSAN_RUN)
SH_LOG_COMPILER = $(TSAN_RUN) $(SHELL)
PY_LOG_COMPILER = $(TSAN_RUN) python3
# The engine and the decoder have no terminal: what the sanitizers find in them goes to files, which sanitizer-reports shows.
if SANITIZERS
# How much the long tests do: 1 in a check, less under the sanitizers, more in check --all.
TEST_EFFORT = 0.1
SANITIZER_ENVIRONMENT = \
	ASAN_OPTIONS='log_path=$(abs_top_builddir)/sanitizer-report:detect_leaks=1'; \
	UBSAN_OPTIONS='log_path=$(abs_top_builddir)/sanitizer-report:print_stacktrace=1'; \
	export ASAN_OPTIONS UBSAN_OPTIONS;
else
if THREAD_SANITIZER
TEST_EFFORT = 0.01
SANITIZER_ENVIRONMENT = \
	TSAN_OPTIONS='log_path=$(abs_top_builddir)/sanitizer-report:suppressions=$(abs_top_srcdir)/tests/tsan.supp'; \
	export TSAN_OPTIONS;
else
TEST_EFFORT = 1
endif
endif
EXTRA_DIST += tests/tsan.supp
# A remark of the leak detector about a thread that ended meanwhile is no finding.
sanitizer-reports:
	@found=`grep -lE 'ERROR: |runtime error: |WARNING: ThreadSanitizer' sanitizer-report.* 2>/dev/null`; \
	[ -z "$$found" ] || { cat $$found; exit 1; }
.PHONY: sanitizer-reports

# What has threads in it: tmail's two, those of tmail-sync, those of tmaild.
THREAD_NEEDS = tests/unit/base/test_queue tests/unit/base/test_log $(BUS_TESTS) $(SYNC_TESTS) $(TUI_PTY_TESTS) \
	tests/interop/drive
THREAD_TESTS = tests/unit/base/test_queue tests/unit/base/test_log $(BUS_TESTS) $(SYNC_TESTS) $(TUI_PTY_TESTS) \
	tests/interop/engine.py tests/interop/path.py tests/interop/search.py tests/interop/parallel.py tests/interop/tmaild.py \
	tests/interop/tmaild_model.py tests/interop/tmaild_queue.py tests/interop/tmaild_load.py tests/interop/tmaild_smtp.py \
	tests/interop/tmaild_host.py tests/interop/tmaild_faults.py tests/interop/tmaild_imap_dovecot.py tests/fault/model.py
# For a build with --enable-thread-sanitizer, where all of check would take too long.
check-threads: tmail tmail-sync tmail-decode tmaild $(THREAD_NEEDS)
	$(MAKE) check-TESTS TESTS='$(THREAD_TESTS)'
.PHONY: check-threads

AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; export top_srcdir top_builddir; \
	LC_ALL=C.UTF-8; LANGUAGE=; TZ=UTC; export LC_ALL LANGUAGE TZ; TMAIL_EFFORT=$${TMAIL_EFFORT:-$(TEST_EFFORT)}; TMAIL_SEED=$${TMAIL_SEED-1}; export TMAIL_EFFORT TMAIL_SEED; $(SANITIZER_ENVIRONMENT)
TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests $(CMOCKA_CFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"' -DTEST_BUILDDIR='"$(abs_top_builddir)"'
EXTRA_DIST += tests/lint/layers.sh tests/lint/layers.txt tests/lint/headers.sh tests/lint/source.sh tests/lint/size.sh \
	tests/lint/size.allow tests/lint/format.sh

include $(top_srcdir)/tests/unit/base/local.mk
include $(top_srcdir)/tests/unit/mime/local.mk
include $(top_srcdir)/tests/unit/wire/local.mk
include $(top_srcdir)/tests/unit/cache/local.mk
include $(top_srcdir)/tests/unit/config/local.mk
include $(top_srcdir)/tests/unit/tui/local.mk
include $(top_srcdir)/tests/unit/bus/local.mk
include $(top_srcdir)/tests/unit/decode/local.mk
include $(top_srcdir)/tests/unit/net/local.mk
include $(top_srcdir)/tests/unit/compose/local.mk
include $(top_srcdir)/tests/unit/sync/local.mk
include $(top_srcdir)/tests/unit/server/local.mk
include $(top_srcdir)/tests/unit/cli/local.mk
include $(top_srcdir)/tests/unit/ui/local.mk
include $(top_srcdir)/tests/interop/local.mk
include $(top_srcdir)/tests/fault/local.mk
include $(top_srcdir)/tests/tui/local.mk
include $(top_srcdir)/tests/fuzz/local.mk

# What the tree must look like; a part of every check.
lint:
	cd $(srcdir) && sh tests/lint/layers.sh
	cd $(srcdir) && sh tests/lint/source.sh
	cd $(srcdir) && sh tests/lint/size.sh
	cd $(srcdir) && sh tests/lint/format.sh
	top=`pwd` && cd $(srcdir) && sh tests/lint/headers.sh $(CC) -Isrc -I$$top -D_GNU_SOURCE \
		$(NCURSES_CFLAGS) $(CURL_CFLAGS) $(SQLITE_CFLAGS) $(GMIME_CFLAGS) $(XML_CFLAGS) $(INIPARSER_CFLAGS)
check-local: lint
.PHONY: lint
CLEANFILES += sanitizer-report.*
