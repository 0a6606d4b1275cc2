# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libnet.a
libnet_a_SOURCES = \
	src/net/trace.c src/net/trace.h src/net/words.c src/net/words.h src/net/deflate.c src/net/deflate.h \
	src/net/tls.c src/net/tls.h \
	src/net/dns.c src/net/dns.h src/net/status.c src/net/status.h \
	src/net/cancel.c src/net/cancel.h src/net/tunnel.c src/net/tunnel.h \
	src/net/stream.c src/net/stream.h src/net/stream_conn.h src/net/stream_setup.c src/net/stream_starttls.c src/net/stream_fail.c \
	src/net/autoconfig.c src/net/autoconfig.h \
	src/net/oauth.c src/net/oauth.h src/net/oauth_flow.c src/net/oauth_http.c src/net/oauth_http.h \
	src/net/oauth_listen.c src/net/oauth_listen.h \
	src/net/facts.c src/net/facts.h src/net/login.c src/net/login.h src/net/sasl.c src/net/sasl.h \
	src/net/smtp.c src/net/smtp.h src/net/smtp_conn.h src/net/smtp_send.c src/net/smtp_login.c \
	src/net/pop3.c src/net/pop3.h src/net/pop3_conn.h src/net/pop3_run.c src/net/pop3_login.c \
	src/net/imap.c src/net/imap.h src/net/imap_conn.h src/net/imap_out.c src/net/imap_login.c \
	src/net/imap_cmds.c src/net/imap_names.c src/net/imap_wait.c
libnet_a_CPPFLAGS = $(AM_CPPFLAGS) $(CURL_CFLAGS) $(CARES_CFLAGS) $(GSASL_CFLAGS) $(SSL_CFLAGS) $(ZLIB_CFLAGS) $(JANSSON_CFLAGS)
