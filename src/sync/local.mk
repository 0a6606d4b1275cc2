# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libsync.a
libsync_a_SOURCES = \
	src/sync/plan.c src/sync/plan.h \
	src/sync/sched.c src/sync/sched.h \
	src/sync/roles.c src/sync/roles.h \
	src/sync/batch.c src/sync/batch.h \
	src/sync/head.c src/sync/head.h \
	src/sync/say.c src/sync/say.h \
	src/sync/want.c src/sync/want.h \
	src/sync/commit.c src/sync/commit.h
libsync_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
