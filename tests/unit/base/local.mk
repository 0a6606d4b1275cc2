# SPDX-License-Identifier: MIT
BASE_TESTS = \
	tests/unit/base/test_buf \
	tests/unit/base/test_child \
	tests/unit/base/test_clock \
	tests/unit/base/test_file \
	tests/unit/base/test_log \
	tests/unit/base/test_queue \
	tests/unit/base/test_str \
	tests/unit/base/test_utf8
check_PROGRAMS += $(BASE_TESTS)
TESTS += $(BASE_TESTS)
EXTRA_DIST += tests/unit/test.h
tests_unit_base_test_buf_SOURCES = tests/unit/base/test_buf.c
tests_unit_base_test_buf_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_base_test_buf_LDADD = $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_base_test_child_SOURCES = tests/unit/base/test_child.c
tests_unit_base_test_child_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_base_test_child_LDADD = $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_base_test_clock_SOURCES = tests/unit/base/test_clock.c
tests_unit_base_test_clock_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_base_test_clock_LDADD = $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_base_test_file_SOURCES = tests/unit/base/test_file.c
tests_unit_base_test_file_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_base_test_file_LDADD = $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_base_test_log_SOURCES = tests/unit/base/test_log.c
tests_unit_base_test_log_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_base_test_log_LDADD = $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_base_test_queue_SOURCES = tests/unit/base/test_queue.c
tests_unit_base_test_queue_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_base_test_queue_LDADD = $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_base_test_str_SOURCES = tests/unit/base/test_str.c
tests_unit_base_test_str_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_base_test_str_LDADD = $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_base_test_utf8_SOURCES = tests/unit/base/test_utf8.c
tests_unit_base_test_utf8_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_base_test_utf8_LDADD = $(LINK_BASE) $(CMOCKA_LIBS)
