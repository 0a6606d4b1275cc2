# SPDX-License-Identifier: MIT
CLI_TESTS = tests/unit/cli/test_cli tests/unit/cli/test_out tests/unit/cli/test_muttrc
check_PROGRAMS += $(CLI_TESTS)
TESTS += $(CLI_TESTS)
tests_unit_cli_test_out_SOURCES = tests/unit/cli/test_out.c
tests_unit_cli_test_out_CPPFLAGS = $(TEST_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_cli_test_out_LDADD = $(LINK_CLI) $(CMOCKA_LIBS)
tests_unit_cli_test_cli_SOURCES = tests/unit/cli/test_cli.c
tests_unit_cli_test_cli_CPPFLAGS = $(TEST_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_cli_test_cli_LDADD = $(LINK_CLI) $(CMOCKA_LIBS)
tests_unit_cli_test_muttrc_SOURCES = tests/unit/cli/test_muttrc.c
tests_unit_cli_test_muttrc_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_cli_test_muttrc_LDADD = $(LINK_CLI) $(CMOCKA_LIBS)
