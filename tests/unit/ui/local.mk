# SPDX-License-Identifier: MIT
UI_TESTS = tests/unit/ui/test_ui
check_PROGRAMS += $(UI_TESTS)
TESTS += $(UI_TESTS)
tests_unit_ui_test_ui_SOURCES = tests/unit/ui/test_ui.c tests/tui/fixture.c tests/tui/fixture.h tests/unit/test.h
tests_unit_ui_test_ui_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_ui_test_ui_LDADD = $(LINK_UI) $(CMOCKA_LIBS)
EXTRA_tests_unit_ui_test_ui_DEPENDENCIES = tmail-decode
