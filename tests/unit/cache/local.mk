# SPDX-License-Identifier: MIT
CACHE_TESTS = tests/unit/cache/test_body \
	tests/unit/cache/test_db \
	tests/unit/cache/test_fault \
	tests/unit/cache/test_find \
	tests/unit/cache/test_folder_op \
	tests/unit/cache/test_journal \
	tests/unit/cache/test_limbo \
	tests/unit/cache/test_list \
	tests/unit/cache/test_model \
	tests/unit/cache/test_outbox \
	tests/unit/cache/test_pop \
	tests/unit/cache/test_query \
	tests/unit/cache/test_schema \
	tests/unit/cache/test_thread \
	tests/unit/cache/test_words
check_PROGRAMS += $(CACHE_TESTS)
TESTS += $(CACHE_TESTS)
CACHE_TEST_CPPFLAGS = $(TEST_CPPFLAGS) $(SQLITE_CFLAGS) $(ZSTD_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_cache_test_body_SOURCES = tests/unit/cache/test_body.c tests/unit/cache/fixture.h
tests_unit_cache_test_body_CPPFLAGS = $(CACHE_TEST_CPPFLAGS)
tests_unit_cache_test_body_LDADD = $(LINK_CACHE) $(CMOCKA_LIBS)
tests_unit_cache_test_db_SOURCES = tests/unit/cache/test_db.c tests/unit/cache/fixture.h
tests_unit_cache_test_db_CPPFLAGS = $(CACHE_TEST_CPPFLAGS)
tests_unit_cache_test_db_LDADD = $(LINK_CACHE) $(CMOCKA_LIBS)
tests_unit_cache_test_journal_SOURCES = tests/unit/cache/test_journal.c tests/unit/cache/fixture.h
tests_unit_cache_test_journal_CPPFLAGS = $(CACHE_TEST_CPPFLAGS)
tests_unit_cache_test_journal_LDADD = $(LINK_CACHE) $(CMOCKA_LIBS)
tests_unit_cache_test_limbo_SOURCES = tests/unit/cache/test_limbo.c tests/unit/cache/fixture.h
tests_unit_cache_test_limbo_CPPFLAGS = $(CACHE_TEST_CPPFLAGS)
tests_unit_cache_test_limbo_LDADD = $(LINK_CACHE) $(CMOCKA_LIBS)
tests_unit_cache_test_list_SOURCES = tests/unit/cache/test_list.c tests/unit/cache/fixture.h
tests_unit_cache_test_list_CPPFLAGS = $(CACHE_TEST_CPPFLAGS)
tests_unit_cache_test_list_LDADD = $(LINK_CACHE) $(CMOCKA_LIBS)
tests_unit_cache_test_model_SOURCES = tests/unit/cache/test_model.c tests/unit/cache/fixture.h
tests_unit_cache_test_model_CPPFLAGS = $(CACHE_TEST_CPPFLAGS)
tests_unit_cache_test_model_LDADD = $(LINK_CACHE) $(CMOCKA_LIBS)
tests_unit_cache_test_outbox_SOURCES = tests/unit/cache/test_outbox.c tests/unit/cache/fixture.h
tests_unit_cache_test_outbox_CPPFLAGS = $(CACHE_TEST_CPPFLAGS)
tests_unit_cache_test_outbox_LDADD = $(LINK_CACHE) $(CMOCKA_LIBS)
tests_unit_cache_test_thread_SOURCES = tests/unit/cache/test_thread.c tests/unit/cache/fixture.h
tests_unit_cache_test_thread_CPPFLAGS = $(CACHE_TEST_CPPFLAGS)
tests_unit_cache_test_thread_LDADD = $(LINK_CACHE) $(CMOCKA_LIBS)
tests_unit_cache_test_fault_SOURCES = tests/unit/cache/test_fault.c tests/unit/cache/fixture.h
tests_unit_cache_test_fault_CPPFLAGS = $(CACHE_TEST_CPPFLAGS)
tests_unit_cache_test_fault_LDADD = $(LINK_CACHE) $(CMOCKA_LIBS)
tests_unit_cache_test_pop_SOURCES = tests/unit/cache/test_pop.c tests/unit/cache/fixture.h
tests_unit_cache_test_pop_CPPFLAGS = $(CACHE_TEST_CPPFLAGS)
tests_unit_cache_test_pop_LDADD = $(LINK_CACHE) $(CMOCKA_LIBS)
tests_unit_cache_test_schema_SOURCES = tests/unit/cache/test_schema.c tests/unit/cache/fixture.h
tests_unit_cache_test_schema_CPPFLAGS = $(CACHE_TEST_CPPFLAGS)
tests_unit_cache_test_schema_LDADD = $(LINK_CACHE) $(CMOCKA_LIBS)
tests_unit_cache_test_find_SOURCES = tests/unit/cache/test_find.c tests/unit/cache/fixture.h
tests_unit_cache_test_find_CPPFLAGS = $(CACHE_TEST_CPPFLAGS)
tests_unit_cache_test_find_LDADD = $(LINK_CACHE) $(CMOCKA_LIBS)
tests_unit_cache_test_query_SOURCES = tests/unit/cache/test_query.c tests/unit/test.h
tests_unit_cache_test_query_CPPFLAGS = $(CACHE_TEST_CPPFLAGS)
tests_unit_cache_test_query_LDADD = $(LINK_CACHE) $(CMOCKA_LIBS)
tests_unit_cache_test_folder_op_SOURCES = tests/unit/cache/test_folder_op.c tests/unit/cache/fixture.h
tests_unit_cache_test_folder_op_CPPFLAGS = $(CACHE_TEST_CPPFLAGS)
tests_unit_cache_test_folder_op_LDADD = $(LINK_CACHE) $(CMOCKA_LIBS)
tests_unit_cache_test_words_SOURCES = tests/unit/cache/test_words.c tests/unit/test.h
tests_unit_cache_test_words_CPPFLAGS = $(CACHE_TEST_CPPFLAGS)
tests_unit_cache_test_words_LDADD = $(LINK_CACHE) $(CMOCKA_LIBS)
