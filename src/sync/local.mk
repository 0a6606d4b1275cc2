# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libsync.a
libsync_a_SOURCES = \
	src/sync/plan.c src/sync/plan.h \
	src/sync/sched.c src/sync/sched.h \
	src/sync/pace.c src/sync/pace.h \
	src/sync/roam.c src/sync/roam.h src/sync/roles.c src/sync/roles.h src/sync/spaces.c src/sync/spaces.h \
	src/sync/batch.c src/sync/batch.h \
	src/sync/columns.c src/sync/columns.h \
	src/sync/judge.c src/sync/judge.h \
	src/sync/head.c src/sync/head.h \
	src/sync/say.c src/sync/say.h \
	src/sync/want.c src/sync/want.h \
	src/sync/commit.c src/sync/commit.h \
	src/sync/account.c src/sync/account.h \
	src/sync/link.c src/sync/link.h \
	src/sync/folders.c src/sync/folders.h \
	src/sync/intake.c src/sync/intake.h \
	src/sync/fetch.c src/sync/fetch.h src/sync/doubt.c src/sync/doubt.h \
	src/sync/ranges.c src/sync/ranges.h \
	src/sync/view.c src/sync/view.h \
	src/sync/bring.c src/sync/bring.h \
	src/sync/popplan.c src/sync/popplan.h \
	src/sync/pop.c src/sync/pop.h \
	src/sync/popname.c src/sync/popname.h \
	src/sync/local.c src/sync/local.h \
	src/sync/mdname.c src/sync/mdname.h \
	src/sync/maildir.c src/sync/mddirs.c src/sync/md_in.h src/sync/spoolkind.h src/sync/spoolrows.c src/sync/spoolrows.h \
	src/sync/mbhead.c src/sync/mbhead.h \
	src/sync/mbscan.c src/sync/mbscan.h \
	src/sync/mbchange.c src/sync/mbchange.h \
	src/sync/mbox.c src/sync/mboxdirs.c src/sync/mboxedit.c src/sync/mbox_in.h \
	src/sync/spooltext.c src/sync/spooltext.h \
	src/sync/spoolscan.c src/sync/spoolscan.h \
	src/sync/spool.c src/sync/spool.h \
	src/sync/spoolpush.c \
	src/sync/spoolwatch.c src/sync/spoolwatch.h \
	src/sync/pull.c src/sync/pull.h \
	src/sync/search.c src/sync/search.h src/sync/searchkeys.c src/sync/searchkeys.h \
	src/sync/searches.c src/sync/searches.h \
	src/sync/seek.c src/sync/seek.h \
	src/sync/boxes.c src/sync/boxes.h \
	src/sync/fate.c src/sync/fate.h \
	src/sync/flags.c src/sync/flags.h \
	src/sync/flagcut.c src/sync/flagcut.h \
	src/sync/push.c src/sync/push.h src/sync/letter.c src/sync/letter.h \
	src/sync/outbox.c src/sync/outbox.h \
	src/sync/outbox_send.c src/sync/outbox_copy.c src/sync/attempt.h \
	src/sync/watch.c src/sync/watch.h \
	src/sync/worker.c src/sync/worker.h \
	src/sync/engine.c src/sync/engine.h \
	src/sync/checkup.c src/sync/checkup.h src/sync/checkup_in.h src/sync/checkup_imap.c \
	src/sync/checkup_mail.c src/sync/checkup_local.c \
	src/sync/tokens.c src/sync/tokens.h src/sync/signin.c src/sync/signin.h src/sync/signin_kind.c \
	src/sync/probe.c src/sync/probe.h src/sync/probe_kinds.c \
	src/sync/reach.c src/sync/reach.h \
	src/sync/provider.c src/sync/provider.h \
	src/sync/rank.c src/sync/rank.h \
	src/sync/look.c src/sync/look.h \
	src/sync/trial.c src/sync/trial.h \
	src/sync/findjob.c src/sync/findjob.h \
	src/sync/find.c src/sync/find.h
libsync_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
