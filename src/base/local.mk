# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = \
	src/base/banned.h \
	src/base/i18n.h \
	src/base/mem.c src/base/mem.h \
	src/base/buf.c src/base/buf.h \
	src/base/str.c src/base/str.h \
	src/base/utf8.c src/base/utf8.h \
	src/base/error.c src/base/error.h \
	src/base/queue.c src/base/queue.h \
	src/base/log.c src/base/log.h \
	src/base/file.c src/base/file.h \
	src/base/child.c src/base/child.h \
	src/base/clock.c src/base/clock.h \
	src/base/idna.c src/base/idna.h \
	src/base/mboxlock.c src/base/mboxlock.h \
	src/base/fault.c src/base/fault.h
libbase_a_CPPFLAGS = $(AM_CPPFLAGS) $(UTF8PROC_CFLAGS)
