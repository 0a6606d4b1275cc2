# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libserver.a
libserver_a_SOURCES = \
	src/server/boxhead.c src/server/boxhead.h \
	src/server/limits.h \
	src/server/mbox.c src/server/mbox.h \
	src/server/mboxlock.c src/server/mboxlock.h \
	src/server/mboxrewrite.c src/server/mboxrewrite.h \
	src/server/mboxscan.c src/server/mboxscan.h \
	src/server/names.c src/server/names.h
