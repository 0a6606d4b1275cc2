# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libbus.a
libbus_a_SOURCES = \
	src/bus/bus.c src/bus/bus.h \
	src/bus/event.c src/bus/event.h \
	src/bus/jline.c src/bus/jline.h \
	src/bus/progress.c src/bus/progress.h \
	src/bus/server.c \
	src/bus/socket.c src/bus/socket.h
libbus_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
