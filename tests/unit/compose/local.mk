# SPDX-License-Identifier: MIT
COMPOSE_TESTS = tests/unit/compose/test_draft tests/unit/compose/test_reply tests/unit/compose/test_when
check_PROGRAMS += $(COMPOSE_TESTS)
TESTS += $(COMPOSE_TESTS)
tests_unit_compose_test_draft_SOURCES = tests/unit/compose/test_draft.c
tests_unit_compose_test_draft_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_compose_test_draft_LDADD = $(LINK_COMPOSE) $(CMOCKA_LIBS)
tests_unit_compose_test_reply_SOURCES = tests/unit/compose/test_reply.c
tests_unit_compose_test_reply_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_compose_test_reply_LDADD = $(LINK_COMPOSE) $(CMOCKA_LIBS)
tests_unit_compose_test_when_SOURCES = tests/unit/compose/test_when.c
tests_unit_compose_test_when_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_compose_test_when_LDADD = $(LINK_COMPOSE) $(CMOCKA_LIBS)
