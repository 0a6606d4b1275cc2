# SPDX-License-Identifier: MIT
CONFIG_TESTS = tests/unit/config/test_config tests/unit/config/test_write
check_PROGRAMS += $(CONFIG_TESTS)
TESTS += $(CONFIG_TESTS)
tests_unit_config_test_config_SOURCES = tests/unit/config/test_config.c
tests_unit_config_test_config_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_config_test_config_LDADD = $(LINK_CONFIG) $(CMOCKA_LIBS)
tests_unit_config_test_write_SOURCES = tests/unit/config/test_write.c tests/unit/test.h
tests_unit_config_test_write_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_config_test_write_LDADD = $(LINK_CONFIG) $(CMOCKA_LIBS)
