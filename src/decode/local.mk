# SPDX-License-Identifier: MIT
# The client side is linked into every program, the worker side into tmail-decode alone.
noinst_LIBRARIES += libdecode.a libdecodeworker.a
libdecode_a_SOURCES = \
	src/decode/client.c src/decode/client.h \
	src/decode/grep.c src/decode/grep.h \
	src/decode/marks.c src/decode/marks.h \
	src/decode/part.c src/decode/part.h \
	src/decode/proto.c src/decode/proto.h
libdecodeworker_a_SOURCES = \
	src/decode/charset.c src/decode/charset.h \
	src/decode/header.c src/decode/header.h \
	src/decode/html.c src/decode/html.h \
	src/decode/layout.c src/decode/layout.h \
	src/decode/links.c src/decode/links.h \
	src/decode/parse.c src/decode/parse.h \
	src/decode/preview.c src/decode/preview.h \
	src/decode/servers.c src/decode/servers.h \
	src/decode/text.c src/decode/text.h \
	src/decode/words.c src/decode/words.h \
	src/decode/worker.c src/decode/worker.h
libdecodeworker_a_CPPFLAGS = $(AM_CPPFLAGS) $(GMIME_CFLAGS) $(XML_CFLAGS)

pkglibexec_PROGRAMS += tmail-decode
tmail_decode_SOURCES = src/tmail-decode.c
tmail_decode_LDADD = $(LINK_DECODEWORKER)
