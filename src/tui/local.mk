# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libtui.a
libtui_a_SOURCES = \
	src/tui/theme.c src/tui/theme.h \
	src/tui/grid.c src/tui/grid.h \
	src/tui/term.c src/tui/term.h \
	src/tui/wrap.c src/tui/wrap.h \
	src/tui/list.c src/tui/list.h \
	src/tui/textview.c src/tui/textview.h \
	src/tui/lineedit.c src/tui/lineedit.h \
	src/tui/editor.c src/tui/editor.h \
	src/tui/keymap.c src/tui/keymap.h
libtui_a_CPPFLAGS = $(AM_CPPFLAGS) $(NCURSES_CFLAGS)
