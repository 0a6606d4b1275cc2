# SPDX-License-Identifier: MIT
TUI_TESTS = \
	tests/unit/tui/test_grid \
	tests/unit/tui/test_keymap \
	tests/unit/tui/test_lineedit \
	tests/unit/tui/test_textview \
	tests/unit/tui/test_editor
check_PROGRAMS += $(TUI_TESTS)
TESTS += $(TUI_TESTS)
tests_unit_tui_test_grid_SOURCES = tests/unit/tui/test_grid.c tests/unit/test.h
tests_unit_tui_test_grid_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_tui_test_grid_LDADD = $(LINK_TUI) $(CMOCKA_LIBS)
tests_unit_tui_test_keymap_SOURCES = tests/unit/tui/test_keymap.c tests/unit/test.h
tests_unit_tui_test_keymap_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_tui_test_keymap_LDADD = $(LINK_TUI) $(CMOCKA_LIBS)
tests_unit_tui_test_lineedit_SOURCES = tests/unit/tui/test_lineedit.c tests/unit/test.h
tests_unit_tui_test_lineedit_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_tui_test_lineedit_LDADD = $(LINK_TUI) $(CMOCKA_LIBS)
tests_unit_tui_test_textview_SOURCES = tests/unit/tui/test_textview.c tests/unit/test.h
tests_unit_tui_test_textview_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_tui_test_textview_LDADD = $(LINK_TUI) $(CMOCKA_LIBS)
tests_unit_tui_test_editor_SOURCES = tests/unit/tui/test_editor.c tests/unit/test.h
tests_unit_tui_test_editor_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_tui_test_editor_LDADD = $(LINK_TUI) $(CMOCKA_LIBS)
