# SPDX-License-Identifier: MIT
WIRE_TESTS = tests/unit/wire/test_imap_token \
	tests/unit/wire/test_imap_resp \
	tests/unit/wire/test_imap_set \
	tests/unit/wire/test_imap_cmd \
	tests/unit/wire/test_imap_name \
	tests/unit/wire/test_reply \
	tests/unit/wire/test_pop3 \
	tests/unit/wire/test_smtp_cmd \
	tests/unit/wire/test_smtp_dsn \
	tests/unit/wire/test_imap_random
check_PROGRAMS += $(WIRE_TESTS)
TESTS += $(WIRE_TESTS)
tests_unit_wire_test_imap_token_SOURCES = tests/unit/wire/test_imap_token.c tests/unit/wire/split.c tests/unit/wire/split.h
tests_unit_wire_test_imap_token_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_wire_test_imap_token_LDADD = $(LINK_WIRE) $(CMOCKA_LIBS)
tests_unit_wire_test_imap_resp_SOURCES = tests/unit/wire/test_imap_resp.c
tests_unit_wire_test_imap_resp_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_wire_test_imap_resp_LDADD = $(LINK_WIRE) $(CMOCKA_LIBS)
tests_unit_wire_test_imap_set_SOURCES = tests/unit/wire/test_imap_set.c
tests_unit_wire_test_imap_set_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_wire_test_imap_set_LDADD = $(LINK_WIRE) $(CMOCKA_LIBS)
tests_unit_wire_test_imap_cmd_SOURCES = tests/unit/wire/test_imap_cmd.c
tests_unit_wire_test_imap_cmd_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_wire_test_imap_cmd_LDADD = $(LINK_WIRE) $(CMOCKA_LIBS)
tests_unit_wire_test_imap_name_SOURCES = tests/unit/wire/test_imap_name.c
tests_unit_wire_test_imap_name_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_wire_test_imap_name_LDADD = $(LINK_WIRE) $(CMOCKA_LIBS)
tests_unit_wire_test_reply_SOURCES = tests/unit/wire/test_reply.c
tests_unit_wire_test_reply_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_wire_test_reply_LDADD = $(LINK_WIRE) $(CMOCKA_LIBS)
tests_unit_wire_test_smtp_cmd_SOURCES = tests/unit/wire/test_smtp_cmd.c
tests_unit_wire_test_smtp_cmd_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_wire_test_smtp_cmd_LDADD = $(LINK_WIRE) $(CMOCKA_LIBS)
tests_unit_wire_test_imap_random_SOURCES = tests/unit/wire/test_imap_random.c tests/unit/wire/split.c tests/unit/wire/split.h
tests_unit_wire_test_imap_random_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_wire_test_imap_random_LDADD = $(LINK_WIRE) $(CMOCKA_LIBS)
tests_unit_wire_test_pop3_SOURCES = tests/unit/wire/test_pop3.c
tests_unit_wire_test_pop3_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_wire_test_pop3_LDADD = $(LINK_WIRE) $(CMOCKA_LIBS)
tests_unit_wire_test_smtp_dsn_SOURCES = tests/unit/wire/test_smtp_dsn.c
tests_unit_wire_test_smtp_dsn_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_wire_test_smtp_dsn_LDADD = $(LINK_WIRE) $(CMOCKA_LIBS)
