# SPDX-License-Identifier: MIT
NET_TESTS = tests/unit/net/test_stream tests/unit/net/test_smtp tests/unit/net/test_imap tests/unit/net/test_pop3 tests/unit/net/test_transcripts tests/unit/net/test_dns tests/unit/net/test_status tests/unit/net/test_sasl tests/unit/net/test_deflate
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
	tests/interop/transcripts/imap-enable-refused.t \
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
	tests/interop/transcripts/imap-pipelined-select.t \
	tests/interop/transcripts/imap-sasl-ir-broken.t \
	tests/interop/transcripts/imap-search.t \
	tests/interop/transcripts/imap-status-selected.t \
	tests/interop/transcripts/imap-trailing-blanks.t \
	tests/interop/transcripts/imap-uidplus-lies.t \
	tests/interop/transcripts/imap-xoauth2-only.t \
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
