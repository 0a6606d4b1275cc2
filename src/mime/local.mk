# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libmime.a
libmime_a_SOURCES = \
	src/mime/summary.c src/mime/summary.h \
	src/mime/addr.c src/mime/addr.h \
	src/mime/guard.c src/mime/guard_tree.c src/mime/guard.h src/mime/guard_tree.h \
	src/mime/codec.c src/mime/codec.h \
	src/mime/codec_pack.c src/mime/codec_pack.h \
	src/mime/codec_line.c src/mime/codec_line.h \
	src/mime/uu.c src/mime/uu.h \
	src/mime/names.c src/mime/names.h \
	src/mime/mbox.c src/mime/mbox.h \
	src/mime/flowed.c src/mime/flowed.h \
	src/mime/field.c src/mime/field.h \
	src/mime/build.c src/mime/build.h \
	src/mime/seven.c src/mime/seven.h
