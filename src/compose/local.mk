# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libcompose.a
libcompose_a_SOURCES = \
	src/compose/draft.c src/compose/draft.h \
	src/compose/edit.c src/compose/edit.h \
	src/compose/people.c src/compose/people.h \
	src/compose/queue.c \
	src/compose/reply.c \
	src/compose/review.c \
	src/compose/takeback.c \
	src/compose/text.c \
	src/compose/when.c src/compose/when.h
libcompose_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
