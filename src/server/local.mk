# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libserver.a
libserver_a_SOURCES = \
	src/server/accounts.h \
	src/server/agent.h \
	src/server/beside.c \
	src/server/beside.h \
	src/server/boxhead.c \
	src/server/boxhead.h \
	src/server/conn.c \
	src/server/conn.h \
	src/server/deliver.c \
	src/server/deliver.h \
	src/server/envelope.c \
	src/server/envelope.h \
	src/server/fixup.c \
	src/server/fixup.h \
	src/server/folders.c \
	src/server/folders.h \
	src/server/imapd.c \
	src/server/imapd.h \
	src/server/ahead.c \
	src/server/ahead.h \
	src/server/bodystructure.c \
	src/server/bodystructure.h \
	src/server/imapd_box.c \
	src/server/imapd_fetch.c \
	src/server/imapd_in.h \
	src/server/imapd_msg.c \
	src/server/imapd_search.c \
	src/server/limits.h \
	src/server/mailbox.c \
	src/server/mailbox.h \
	src/server/mbox.c \
	src/server/mbox.h \
	src/server/mboxlock.c \
	src/server/mboxlock.h \
	src/server/mboxrewrite.c \
	src/server/mboxrewrite.h \
	src/server/mboxscan.c \
	src/server/mboxscan.h \
	src/server/names.c \
	src/server/names.h \
	src/server/options.c \
	src/server/options.h \
	src/server/popd.c \
	src/server/popd.h \
	src/server/relay.h \
	src/server/sasl.c \
	src/server/sasl.h \
	src/server/secret.h \
	src/server/section.c \
	src/server/section.h \
	src/server/server.c \
	src/server/server.h \
	src/server/session.h \
	src/server/smtpd.c \
	src/server/smtpd.h \
	src/server/smtpd_auth.c \
	src/server/smtpd_data.c \
	src/server/smtpd_in.h \
	src/server/smtpd_mail.c \
	src/server/spill.c \
	src/server/spill.h \
	src/server/store.c \
	src/server/store.h \
	src/server/view.c \
	src/server/view.h
sbin_PROGRAMS += tmaild
tmaild_SOURCES = src/tmaild.c
tmaild_LDADD = $(LINK_SERVER)
