# SPDX-License-Identifier: MIT
SYNC_TESTS = tests/unit/sync/test_plan tests/unit/sync/test_sched
check_PROGRAMS += $(SYNC_TESTS)
TESTS += $(SYNC_TESTS)
tests_unit_sync_test_plan_SOURCES = tests/unit/sync/test_plan.c tests/unit/test.h
tests_unit_sync_test_plan_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_plan_LDADD = libsync.a $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_sync_test_sched_SOURCES = tests/unit/sync/test_sched.c tests/unit/test.h
tests_unit_sync_test_sched_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_sched_LDADD = libsync.a $(LINK_BASE) $(CMOCKA_LIBS)
