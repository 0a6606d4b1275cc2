# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libwire.a
libwire_a_SOURCES = \
	src/wire/imap_token.c src/wire/imap_token.h \
	src/wire/imap_set.c src/wire/imap_set.h \
	src/wire/imap_resp.c src/wire/imap_resp.h src/wire/imap_read.h \
	src/wire/imap_code.c src/wire/imap_data.c \
	src/wire/reply.c src/wire/reply.h \
	src/wire/pop3.c src/wire/pop3.h \
	src/wire/smtp_cmd.c src/wire/smtp_cmd.h \
	src/wire/smtp_dsn.c src/wire/smtp_dsn.h \
	src/wire/imap_cmd.c src/wire/imap_cmd.h \
	src/wire/imap_name.c src/wire/imap_name.h
