# SPDX-License-Identifier: MIT
BASE_TESTS = tests/unit/base/test_str
check_PROGRAMS += $(BASE_TESTS)
TESTS += $(BASE_TESTS)
tests_unit_base_test_str_SOURCES = tests/unit/base/test_str.c tests/unit/test.h
tests_unit_base_test_str_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_base_test_str_LDADD = $(LINK_BASE) $(CMOCKA_LIBS)
