# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libconfig.a
libconfig_a_SOURCES = \
	src/config/config.c src/config/config.h \
	src/config/ini.c src/config/ini.h \
	src/config/lex.c src/config/lex.h \
	src/config/option.c src/config/option_login.c src/config/option_oauth.c src/config/option.h \
	src/config/path.c \
	src/config/secret.c \
	src/config/url.c src/config/url.h \
	src/config/write.c src/config/write.h
libconfig_a_CPPFLAGS = $(AM_CPPFLAGS) $(INIPARSER_CFLAGS)
