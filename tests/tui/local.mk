# SPDX-License-Identifier: MIT
TUI_PTY_TESTS = tests/tui/test_screens tests/tui/test_demo
check_PROGRAMS += $(TUI_PTY_TESTS)
TESTS += $(TUI_PTY_TESTS)
tests_tui_test_screens_SOURCES = tests/tui/test_screens.c tests/tui/pty.c tests/tui/pty.h \
	tests/tui/fixture.c tests/tui/fixture.h tests/unit/test.h
tests_tui_test_screens_CPPFLAGS = $(TEST_CPPFLAGS) $(VTERM_CFLAGS)
tests_tui_test_screens_LDADD = $(LINK_CACHE) $(LINK_MIME) $(CMOCKA_LIBS) $(VTERM_LIBS) -lutil
EXTRA_tests_tui_test_screens_DEPENDENCIES = tmail tmail-decode
tests_tui_test_demo_SOURCES = tests/tui/test_demo.c tests/tui/pty.c tests/tui/pty.h tests/unit/test.h
tests_tui_test_demo_CPPFLAGS = $(TEST_CPPFLAGS) $(VTERM_CFLAGS)
tests_tui_test_demo_LDADD = $(LINK_BASE) $(CMOCKA_LIBS) $(VTERM_LIBS) -lutil
EXTRA_tests_tui_test_demo_DEPENDENCIES = tmail tmail-sync tmail-decode tmaild data/demo-linked
