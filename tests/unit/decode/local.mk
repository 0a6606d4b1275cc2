# SPDX-License-Identifier: MIT
DECODE_TESTS = tests/unit/decode/test_client tests/unit/decode/test_grep tests/unit/decode/test_parse tests/unit/decode/test_servers \
	tests/unit/decode/test_text
check_PROGRAMS += $(DECODE_TESTS)
TESTS += $(DECODE_TESTS)
tests_unit_decode_test_client_SOURCES = tests/unit/decode/test_client.c tests/unit/test.h
tests_unit_decode_test_client_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_decode_test_client_LDADD = $(LINK_DECODE) $(CMOCKA_LIBS)
tests_unit_decode_test_grep_SOURCES = tests/unit/decode/test_grep.c tests/unit/test.h
tests_unit_decode_test_grep_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_decode_test_grep_LDADD = $(LINK_DECODE) $(CMOCKA_LIBS)
tests_unit_decode_test_parse_SOURCES = tests/unit/decode/test_parse.c tests/unit/test.h
tests_unit_decode_test_parse_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_decode_test_parse_LDADD = $(LINK_DECODEWORKER) $(CMOCKA_LIBS)
tests_unit_decode_test_text_SOURCES = tests/unit/decode/test_text.c tests/unit/test.h
tests_unit_decode_test_text_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_decode_test_text_LDADD = $(LINK_DECODEWORKER) $(CMOCKA_LIBS)
tests_unit_decode_test_servers_SOURCES = tests/unit/decode/test_servers.c tests/unit/test.h
tests_unit_decode_test_servers_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_decode_test_servers_LDADD = $(LINK_DECODEWORKER) $(CMOCKA_LIBS)
