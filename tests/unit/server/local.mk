# SPDX-License-Identifier: MIT
SERVER_TESTS = tests/unit/server/test_names tests/unit/server/test_mbox
check_PROGRAMS += $(SERVER_TESTS)
TESTS += $(SERVER_TESTS)
tests_unit_server_test_names_SOURCES = tests/unit/server/test_names.c tests/unit/test.h
tests_unit_server_test_names_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_names_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_mbox_SOURCES = tests/unit/server/test_mbox.c tests/unit/test.h
tests_unit_server_test_mbox_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_mbox_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
