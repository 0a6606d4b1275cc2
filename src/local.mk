# SPDX-License-Identifier: MIT
# What a program or test links to get a folder: the folder's library and everything below it (DESIGN §3).
LINK_BASE = libbase.a $(UTF8PROC_LIBS) $(LTLIBINTL)
LINK_MIME = libmime.a $(LINK_BASE)
LINK_WIRE = libwire.a $(LINK_BASE)
LINK_CACHE = libcache.a $(LINK_BASE) $(SQLITE_LIBS) $(ZSTD_LIBS) $(CRYPTO_LIBS)
LINK_CONFIG = libconfig.a $(LINK_BASE) $(INIPARSER_LIBS)
LINK_TUI = libtui.a $(LINK_BASE) $(NCURSES_LIBS)
LINK_BUS = libbus.a $(LINK_BASE) $(JANSSON_LIBS)
LINK_DECODE = libdecode.a $(LINK_MIME)
LINK_DECODEWORKER = libdecodeworker.a $(LINK_DECODE) $(GMIME_LIBS) $(XML_LIBS)
LINK_NET = libnet.a $(LINK_WIRE) $(CURL_LIBS) $(GSASL_LIBS) $(CARES_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS) $(JANSSON_LIBS) $(ZLIB_LIBS)
LINK_COMPOSE = libcompose.a $(LINK_CACHE) $(LINK_CONFIG) $(LINK_MIME) $(JANSSON_LIBS)
LINK_SERVER = libserver.a $(LINK_NET) $(LINK_CONFIG) $(LINK_DECODE) $(LINK_WIRE) $(GSASL_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS) $(CRYPT_LIBS) $(ZLIB_LIBS) \
	$(JANSSON_LIBS)
LINK_SYNC = libsync.a $(LINK_NET) $(LINK_CACHE) $(LINK_CONFIG) $(LINK_BUS) $(LINK_DECODE)

pkglibexec_PROGRAMS += tmail-sync
tmail_sync_SOURCES = src/tmail-sync.c
tmail_sync_LDADD = $(LINK_SYNC)
LINK_UI = libui.a $(LINK_TUI) $(LINK_COMPOSE) $(LINK_BUS) $(LINK_DECODE)
LINK_CLI = libcli.a $(LINK_COMPOSE) $(LINK_BUS) $(LINK_DECODE)

bin_PROGRAMS += tmail
tmail_SOURCES = src/tmail.c
tmail_LDADD = $(LINK_UI) $(LINK_CLI)
