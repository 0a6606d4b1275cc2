# SPDX-License-Identifier: MIT
NET_TESTS = tests/unit/net/test_stream tests/unit/net/test_smtp tests/unit/net/test_imap tests/unit/net/test_pop3 tests/unit/net/test_transcripts tests/unit/net/test_dns tests/unit/net/test_status tests/unit/net/test_sasl tests/unit/net/test_deflate tests/unit/net/test_oauth tests/unit/net/test_facts tests/unit/net/test_tls
check_PROGRAMS += $(NET_TESTS)
TESTS += $(NET_TESTS)
NET_SCRIPT = tests/unit/net/script.c tests/unit/net/script.h tests/unit/test.h
tests_unit_net_test_smtp_SOURCES = tests/unit/net/test_smtp.c $(NET_SCRIPT)
tests_unit_net_test_smtp_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_net_test_smtp_LDADD = $(LINK_NET) $(CMOCKA_LIBS)
tests_unit_net_test_imap_SOURCES = tests/unit/net/test_imap.c $(NET_SCRIPT)
tests_unit_net_test_imap_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_net_test_imap_LDADD = $(LINK_NET) $(CMOCKA_LIBS)
tests_unit_net_test_pop3_SOURCES = tests/unit/net/test_pop3.c $(NET_SCRIPT)
tests_unit_net_test_pop3_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_net_test_pop3_LDADD = $(LINK_NET) $(CMOCKA_LIBS)
tests_unit_net_test_stream_SOURCES = tests/unit/net/test_stream.c $(NET_SCRIPT)
tests_unit_net_test_stream_CPPFLAGS = $(TEST_CPPFLAGS) $(SSL_CFLAGS)
tests_unit_net_test_stream_LDADD = $(LINK_NET) $(CMOCKA_LIBS)
tests_unit_net_test_transcripts_SOURCES = tests/unit/net/test_transcripts.c $(NET_SCRIPT)
tests_unit_net_test_transcripts_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_net_test_transcripts_LDADD = $(LINK_NET) $(CMOCKA_LIBS)
tests_unit_net_test_dns_SOURCES = tests/unit/net/test_dns.c tests/unit/test.h
tests_unit_net_test_dns_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_net_test_dns_LDADD = $(LINK_NET) $(CMOCKA_LIBS)
tests_unit_net_test_sasl_SOURCES = tests/unit/net/test_sasl.c tests/unit/test.h
tests_unit_net_test_sasl_CPPFLAGS = $(TEST_CPPFLAGS) $(GSASL_CFLAGS)
tests_unit_net_test_sasl_LDADD = $(LINK_NET) $(CMOCKA_LIBS)
tests_unit_net_test_facts_SOURCES = tests/unit/net/test_facts.c tests/unit/test.h
tests_unit_net_test_facts_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_net_test_facts_LDADD = $(LINK_NET) $(CMOCKA_LIBS)
tests_unit_net_test_tls_SOURCES = tests/unit/net/test_tls.c tests/unit/test.h
tests_unit_net_test_tls_CPPFLAGS = $(TEST_CPPFLAGS) $(GSASL_CFLAGS) $(SSL_CFLAGS)
tests_unit_net_test_tls_LDADD = $(LINK_NET) $(CMOCKA_LIBS)
EXTRA_DIST += \
	tests/interop/transcripts/imap-any-order.t \
	tests/interop/transcripts/imap-bare-no.t \
	tests/interop/transcripts/imap-blank-lines.t \
	tests/interop/transcripts/imap-bye-idle.t \
	tests/interop/transcripts/imap-bye-in-session.t \
	tests/interop/transcripts/imap-caps-after-login.t \
	tests/interop/transcripts/imap-compress-in-the-clear.t \
	tests/interop/transcripts/imap-compress-refused.t \
	tests/interop/transcripts/imap-delimiters.t \
	tests/interop/transcripts/imap-double-blanks.t \
	tests/interop/transcripts/imap-enable-refused.t \
	tests/interop/transcripts/imap-enable-twice.t \
	tests/interop/transcripts/imap-expunge-in-fetch.t \
	tests/interop/transcripts/imap-fetch-in-pieces.t \
	tests/interop/transcripts/imap-fetch-literal.t \
	tests/interop/transcripts/imap-gmail.t \
	tests/interop/transcripts/imap-id-wanted.t \
	tests/interop/transcripts/imap-idle-at-once.t \
	tests/interop/transcripts/imap-idle-no.t \
	tests/interop/transcripts/imap-idle-slow.t \
	tests/interop/transcripts/imap-line-without-end.t \
	tests/interop/transcripts/imap-literal-minus.t \
	tests/interop/transcripts/imap-literal-plus-refused.t \
	tests/interop/transcripts/imap-literal-without-end.t \
	tests/interop/transcripts/imap-login-disabled.t \
	tests/interop/transcripts/imap-long-line.t \
	tests/interop/transcripts/imap-mail-like-answers.t \
	tests/interop/transcripts/imap-modseq.t \
	tests/interop/transcripts/imap-nested-without-end.t \
	tests/interop/transcripts/imap-notify.t \
	tests/interop/transcripts/imap-number-too-large.t \
	tests/interop/transcripts/imap-odd-flags.t \
	tests/interop/transcripts/imap-pipelined-select.t \
	tests/interop/transcripts/imap-sasl-ir-broken.t \
	tests/interop/transcripts/imap-search.t \
	tests/interop/transcripts/imap-search-badcharset.t \
	tests/interop/transcripts/imap-search-saved.t \
	tests/interop/transcripts/imap-status-selected.t \
	tests/interop/transcripts/imap-trailing-blanks.t \
	tests/interop/transcripts/imap-uidplus-lies.t \
	tests/interop/transcripts/imap-xoauth2-only.t \
	tests/interop/transcripts/lmtp-each.t \
	tests/interop/transcripts/lmtp-one-answer.t \
	tests/interop/transcripts/pop3-in-use.t \
	tests/interop/transcripts/pop3-lost-in-message.t \
	tests/interop/transcripts/pop3-no-capa.t \
	tests/interop/transcripts/pop3-no-uidl.t \
	tests/interop/transcripts/pop3-quit-refused.t \
	tests/interop/transcripts/pop3-retr-refused.t \
	tests/interop/transcripts/pop3-utf8.t \
	tests/interop/transcripts/pop3-words-behind-sizes.t \
	tests/interop/transcripts/smtp-354-for-mail.t \
	tests/interop/transcripts/smtp-421-greeting.t \
	tests/interop/transcripts/smtp-421-in-the-middle.t \
	tests/interop/transcripts/smtp-ahead-503.t \
	tests/interop/transcripts/smtp-ahead-lost.t \
	tests/interop/transcripts/smtp-bare-lf.t \
	tests/interop/transcripts/smtp-codes-alone.t \
	tests/interop/transcripts/smtp-dot-354.t \
	tests/interop/transcripts/smtp-dot-junk.t \
	tests/interop/transcripts/smtp-dot-no-sense.t \
	tests/interop/transcripts/smtp-ehlo-lost.t \
	tests/interop/transcripts/smtp-ehlo-refused.t \
	tests/interop/transcripts/smtp-greeting-lines.t \
	tests/interop/transcripts/smtp-mixed-lines.t \
	tests/interop/transcripts/smtp-nobody-and-354.t \
	tests/interop/transcripts/smtp-refused-at-dot.t \
	tests/interop/transcripts/smtp-size-lie.t \
	tests/interop/transcripts/smtp-size-no-number.t \
	tests/interop/transcripts/smtp-size-too-small.t \
	tests/interop/transcripts/smtp-so-many.t \
	tests/interop/transcripts/pop3-dots.t \
	tests/interop/transcripts/smtp-250-for-354.t \
	tests/interop/transcripts/smtp-greylisted.t \
	tests/interop/transcripts/smtp-lost-after-dot.t \
	tests/interop/transcripts/smtp-pipelined.t
tests_unit_net_test_deflate_SOURCES = tests/unit/net/test_deflate.c tests/unit/test.h
tests_unit_net_test_deflate_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_net_test_deflate_LDADD = $(LINK_NET) $(CMOCKA_LIBS)
tests_unit_net_test_status_SOURCES = tests/unit/net/test_status.c
tests_unit_net_test_status_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_net_test_status_LDADD = $(LINK_NET) $(CMOCKA_LIBS)
tests_unit_net_test_oauth_SOURCES = tests/unit/net/test_oauth.c tests/unit/test.h
tests_unit_net_test_oauth_CPPFLAGS = $(TEST_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_net_test_oauth_LDADD = $(LINK_NET) $(CMOCKA_LIBS)
