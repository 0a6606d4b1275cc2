# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libmime.a
libmime_a_SOURCES = \
	src/mime/summary.c src/mime/summary.h \
	src/mime/addr.c src/mime/addr.h
