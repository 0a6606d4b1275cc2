# SPDX-License-Identifier: MIT
CONFIG_TESTS = tests/unit/config/test_config
check_PROGRAMS += $(CONFIG_TESTS)
TESTS += $(CONFIG_TESTS)
tests_unit_config_test_config_SOURCES = tests/unit/config/test_config.c
tests_unit_config_test_config_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_config_test_config_LDADD = $(LINK_CONFIG) $(CMOCKA_LIBS)
