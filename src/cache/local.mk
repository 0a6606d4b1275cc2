# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libcache.a
libcache_a_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS) $(ZSTD_CFLAGS) $(CRYPTO_CFLAGS)
libcache_a_SOURCES = \
	src/cache/body.c src/cache/body.h \
	src/cache/db.c src/cache/db.h \
	src/cache/faults.c src/cache/faults.h \
	src/cache/find.c src/cache/find.h \
	src/cache/folder.c src/cache/folder.h \
	src/cache/apply.c src/cache/apply.h \
	src/cache/draft.c \
	src/cache/drop.c \
	src/cache/journal.c src/cache/journal.h \
	src/cache/limbo.c \
	src/cache/list.c \
	src/cache/message.c src/cache/message.h \
	src/cache/outbox.c src/cache/outbox.h \
	src/cache/pending.c src/cache/pending.h \
	src/cache/folder_op.c src/cache/folder_op.h \
	src/cache/words.c src/cache/words.h \
	src/cache/place.c src/cache/place.h \
	src/cache/pop.c src/cache/pop.h \
	src/cache/query.c src/cache/query.h \
	src/cache/schema.c src/cache/schema.h \
	src/cache/spool.c src/cache/spool.h \
	src/cache/sql.c src/cache/sql.h \
	src/cache/sweep.c src/cache/sweep.h \
	src/cache/thread.c src/cache/thread.h \
	src/cache/where.c
