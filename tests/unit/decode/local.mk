# SPDX-License-Identifier: MIT
DECODE_TESTS = tests/unit/decode/test_client
check_PROGRAMS += $(DECODE_TESTS)
TESTS += $(DECODE_TESTS)
tests_unit_decode_test_client_SOURCES = tests/unit/decode/test_client.c tests/unit/test.h
tests_unit_decode_test_client_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_decode_test_client_LDADD = $(LINK_DECODE) $(CMOCKA_LIBS)
