# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libcli.a
libcli_a_SOURCES = \
	src/cli/cli.c src/cli/cli.h \
	src/cli/demo.c src/cli/demo.h \
	src/cli/demo_show.c src/cli/demo_show.h \
	src/cli/engine.c src/cli/engine.h \
	src/cli/letter.c src/cli/letter.h \
	src/cli/message.c src/cli/message.h \
	src/cli/muttrc.c src/cli/muttrc.h \
	src/cli/out.c src/cli/out.h \
	src/cli/probe.c src/cli/probe.h \
	src/cli/signin.c src/cli/signin.h \
	src/cli/tty.c src/cli/tty.h \
	src/cli/send.h src/cli/sendmail.c \
	src/cli/setup.h src/cli/setup_find.c src/cli/setup_try.c src/cli/setup_keep.c src/cli/sub_setup.c \
	src/cli/sub_doctor.c src/cli/sub_codec.c \
	src/cli/sub_folders.c src/cli/sub_list.c src/cli/sub_mark.c src/cli/sub_list.h \
	src/cli/sub_outbox.c \
	src/cli/sub_save.c src/cli/sub_search.c \
	src/cli/sub_send.c \
	src/cli/sub_show.c \
	src/cli/sub_sync.c src/cli/watch.c src/cli/watch.h
libcli_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
