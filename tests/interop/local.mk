# SPDX-License-Identifier: MIT
check_PROGRAMS += tests/interop/net_imap
tests_interop_net_imap_SOURCES = tests/interop/net_imap.c
tests_interop_net_imap_LDADD = $(LINK_NET)
TESTS += tests/interop/net_imap.sh
EXTRA_DIST += tests/interop/dovecot.sh tests/interop/net_imap.sh
check_PROGRAMS += tests/interop/drive
tests_interop_drive_SOURCES = tests/interop/drive.c tests/interop/live.c tests/interop/live.h
tests_interop_drive_LDADD = $(LINK_SYNC)
TESTS += tests/interop/engine.py
tests/interop/engine.log: tests/interop/drive tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/interop/tm.py tests/interop/dovecot.py tests/interop/postfix.py tests/interop/engine.py
check_PROGRAMS += tests/interop/net_smtp
tests_interop_net_smtp_SOURCES = tests/interop/net_smtp.c
tests_interop_net_smtp_LDADD = $(LINK_NET)
TESTS += tests/interop/net_smtp.py
EXTRA_DIST += tests/interop/net_smtp.py
TESTS += tests/interop/path.py tests/interop/uuencode.py tests/interop/demo.py tests/interop/parallel.py tests/interop/secure.py
tests/interop/path.log tests/interop/demo.log tests/interop/parallel.log tests/interop/secure.log: tmail tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/interop/path.py tests/interop/uuencode.py tests/interop/demo.py tests/interop/parallel.py tests/interop/secure.py
TESTS += tests/interop/tmaild_faults.py tests/interop/tmaild_mail.py tests/interop/tmaild_login.py
tests/interop/tmaild_faults.log tests/interop/tmaild_mail.log tests/interop/tmaild_login.log: tmaild tmail-decode
EXTRA_DIST += tests/interop/tmaild_faults.py tests/interop/tmaild_mail.py tests/interop/tmaild_login.py
TESTS += tests/interop/tmaild.py tests/interop/tmaild_pop3.py tests/interop/tmaild_sync.py tests/interop/tmaild_model.py
tests/interop/tmaild.log tests/interop/tmaild_pop3.log tests/interop/tmaild_sync.log tests/interop/tmaild_model.log: tmaild
EXTRA_DIST += tests/interop/tmaild.py tests/interop/tmaild_pop3.py tests/interop/tmaild_sync.py tests/interop/tmaild_model.py tests/interop/rawimap.py
TESTS += tests/interop/sendmail.py
tests/interop/sendmail.log: tmail tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/interop/sendmail.py
TESTS += tests/interop/codec.sh
tests/interop/codec.log: tmail
EXTRA_DIST += tests/interop/codec.sh
TESTS += tests/interop/bad_input.py
tests/interop/bad_input.log: tmail tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/interop/bad_input.py
TESTS += tests/interop/actions.py tests/interop/conflict.py tests/interop/quirks.py tests/interop/names.py tests/interop/gmail.py
tests/interop/gmail.log: tests/interop/drive tmail-sync tmail-decode
tests/interop/names.log: tests/interop/drive tmail-sync tmail-decode tmaild
tests/interop/conflict.log: tests/interop/drive tmail-sync tmail-decode
tests/interop/quirks.log: tests/interop/drive tmail tmail-sync tmail-decode
TESTS += tests/interop/net_imap_tmaild.py
tests/interop/net_imap_tmaild.log: tests/interop/net_imap tmaild
EXTRA_DIST += tests/interop/net_imap_tmaild.py
EXTRA_DIST += tests/interop/actions.py tests/interop/conflict.py tests/interop/quirks.py tests/interop/names.py tests/interop/gmail.py tests/interop/fake_imap.py tests/interop/fake_smtp.py
check_PROGRAMS += tests/interop/net_pop3
tests_interop_net_pop3_SOURCES = tests/interop/net_pop3.c
tests_interop_net_pop3_LDADD = $(LINK_NET)
TESTS += tests/interop/net_pop3.py
EXTRA_DIST += tests/interop/net_pop3.py
TESTS += tests/interop/pop3.py
tests/interop/pop3.log: tests/interop/drive tmail tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/interop/pop3.py tests/interop/fake_pop3.py
TESTS += tests/interop/tmaild_clients.py
tests/interop/tmaild_clients.log: tmaild
EXTRA_DIST += tests/interop/tmaild_clients.py
TESTS += tests/interop/tmaild_load.py
tests/interop/tmaild_load.log: tmaild
EXTRA_DIST += tests/interop/tmaild_load.py
TESTS += tests/interop/tmaild_smtp.py
tests/interop/tmaild_smtp.log: tmaild
EXTRA_DIST += tests/interop/tmaild_smtp.py
check_PROGRAMS += tests/interop/relay_once
tests_interop_relay_once_SOURCES = tests/interop/relay_once.c
tests_interop_relay_once_LDADD = $(LINK_SERVER)
TESTS += tests/interop/tmaild_relay.py
tests/interop/tmaild_relay.log: tests/interop/relay_once tmaild
EXTRA_DIST += tests/interop/tmaild_relay.py tests/interop/dns.py
TESTS += tests/interop/tmaild_imap_dovecot.py
tests/interop/tmaild_imap_dovecot.log: tmaild tmail-decode
EXTRA_DIST += tests/interop/tmaild_imap_dovecot.py tests/interop/mixed_mail.py
TESTS += tests/interop/tmaild_peers.py
tests/interop/tmaild_peers.log: tests/interop/relay_once tmaild
EXTRA_DIST += tests/interop/tmaild_peers.py
TESTS += tests/interop/tmaild_tls.py
tests/interop/tmaild_tls.log: tmaild
EXTRA_DIST += tests/interop/tmaild_tls.py
TESTS += tests/interop/tmaild_queue.py
tests/interop/tmaild_queue.log: tmaild
EXTRA_DIST += tests/interop/tmaild_queue.py
TESTS += tests/interop/tmaild_through.py
tests/interop/tmaild_through.log: tmaild
EXTRA_DIST += tests/interop/tmaild_through.py
TESTS += tests/interop/tmaild_host.py
tests/interop/tmaild_host.log: tmaild
EXTRA_DIST += tests/interop/tmaild_host.py
TESTS += tests/interop/tmaild_quota.py
tests/interop/tmaild_quota.log: tmaild
EXTRA_DIST += tests/interop/tmaild_quota.py
TESTS += tests/interop/setup_find.py tests/interop/setup_try.py
tests/interop/setup_find.log tests/interop/setup_try.log: tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/interop/setup_find.py tests/interop/setup_try.py tests/interop/setup_world.py
TESTS += tests/interop/setup_wizard.py
tests/interop/setup_wizard.log: tmail tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/interop/setup_wizard.py tests/interop/setup_wizard_terminal.py
TESTS += tests/interop/oauth.py tests/interop/doctor.py
TESTS += tests/interop/watch.py
tests/interop/watch.log: tmail tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/interop/watch.py
tests/interop/doctor.log: tmail tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/interop/doctor.py
TESTS += tests/interop/oauth.py tests/interop/doctor.py tests/interop/doctor_servers.py
tests/interop/doctor.log tests/interop/doctor_servers.log: tmail tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/interop/doctor.py tests/interop/doctor_servers.py tests/interop/certificate.py tests/interop/kerberos.py
tests/interop/oauth.log: tmail tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/interop/oauth.py tests/interop/oauth_server.py
TESTS += tests/interop/outbox.py
tests/interop/outbox.log: tmail tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/interop/outbox.py
TESTS += tests/interop/pull.py
tests/interop/pull.log: tests/interop/drive tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/interop/pull.py
check_PROGRAMS += tests/interop/net_login
tests_interop_net_login_SOURCES = tests/interop/net_login.c
tests_interop_net_login_LDADD = $(LINK_NET)
TESTS += tests/interop/net_login.py
tests/interop/net_login.log: tests/interop/net_login tmaild
TESTS += tests/interop/login.py
tests/interop/login.log: tmail tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/interop/net_login.py tests/interop/login.py
EXTRA_DIST += tests/interop/net_login.py
TESTS += tests/interop/roam.py
tests/interop/roam.log: tmail tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/interop/roam.py
TESTS += tests/interop/local_maildir.py
tests/interop/local_maildir.log: tests/interop/drive tmail tmail-sync tmail-decode
EXTRA_DIST += tests/interop/local_maildir.py
TESTS += tests/interop/search.py
tests/interop/search.log: tests/interop/drive tmail tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/interop/search.py
TESTS += tests/interop/local_mbox.py
tests/interop/local_mbox.log: tests/interop/drive tmail tmail-sync tmail-decode
EXTRA_DIST += tests/interop/local_mbox.py
