# SPDX-License-Identifier: MIT
SYNC_TESTS = tests/unit/sync/test_commit \
	tests/unit/sync/test_plan \
	tests/unit/sync/test_popplan \
	tests/unit/sync/test_look \
	tests/unit/sync/test_mdname \
	tests/unit/sync/test_spooltext \
	tests/unit/sync/test_mbhead tests/unit/sync/test_mbscan tests/unit/sync/test_mbchange \
	tests/unit/sync/test_probe \
	tests/unit/sync/test_rank \
	tests/unit/sync/test_sched \
	tests/unit/sync/test_roam \
	tests/unit/sync/test_pace \
	tests/unit/sync/test_roles \
	tests/unit/sync/test_spaces \
	tests/unit/sync/test_doubt \
	tests/unit/sync/test_columns \
	tests/unit/sync/test_searchkeys \
	tests/unit/sync/test_batch \
	tests/unit/sync/test_flagcut \
	tests/unit/sync/test_head \
	tests/unit/sync/test_judge
check_PROGRAMS += $(SYNC_TESTS)
TESTS += $(SYNC_TESTS)
tests_unit_sync_test_plan_SOURCES = tests/unit/sync/test_plan.c tests/unit/test.h
tests_unit_sync_test_plan_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_plan_LDADD = libsync.a libwire.a $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_sync_test_sched_SOURCES = tests/unit/sync/test_sched.c tests/unit/test.h
tests_unit_sync_test_sched_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_sched_LDADD = libsync.a $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_sync_test_batch_SOURCES = tests/unit/sync/test_batch.c tests/unit/test.h
tests_unit_sync_test_batch_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_batch_LDADD = libsync.a libwire.a $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_sync_test_head_SOURCES = tests/unit/sync/test_head.c tests/unit/test.h
tests_unit_sync_test_head_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_head_LDADD = libsync.a $(LINK_BASE) $(CRYPTO_LIBS) $(CMOCKA_LIBS)
tests_unit_sync_test_judge_SOURCES = tests/unit/sync/test_judge.c tests/unit/test.h
tests_unit_sync_test_judge_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_judge_LDADD = libsync.a $(LINK_NET) $(CMOCKA_LIBS)
tests_unit_sync_test_commit_SOURCES = tests/unit/sync/test_commit.c tests/unit/test.h
tests_unit_sync_test_commit_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_commit_LDADD = libsync.a $(LINK_CACHE) $(CMOCKA_LIBS)
tests_unit_sync_test_roles_SOURCES = tests/unit/sync/test_roles.c tests/unit/test.h
tests_unit_sync_test_roles_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_roles_LDADD = libsync.a $(LINK_NET) $(CMOCKA_LIBS)
tests_unit_sync_test_doubt_SOURCES = tests/unit/sync/test_doubt.c tests/unit/test.h
tests_unit_sync_test_doubt_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_doubt_LDADD = libsync.a $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_sync_test_columns_SOURCES = tests/unit/sync/test_columns.c tests/unit/test.h
tests_unit_sync_test_columns_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_columns_LDADD = libsync.a libmime.a $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_sync_test_spaces_SOURCES = tests/unit/sync/test_spaces.c tests/unit/test.h
tests_unit_sync_test_spaces_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_spaces_LDADD = libsync.a $(LINK_NET) $(CMOCKA_LIBS)
tests_unit_sync_test_popplan_SOURCES = tests/unit/sync/test_popplan.c tests/unit/test.h
tests_unit_sync_test_popplan_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_popplan_LDADD = libsync.a $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_sync_test_probe_SOURCES = tests/unit/sync/test_probe.c tests/unit/test.h
tests_unit_sync_test_probe_CPPFLAGS = $(TEST_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_sync_test_probe_LDADD = $(LINK_SYNC) $(CMOCKA_LIBS)
tests_unit_sync_test_rank_SOURCES = tests/unit/sync/test_rank.c tests/unit/test.h
tests_unit_sync_test_rank_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_rank_LDADD = libsync.a $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_sync_test_look_SOURCES = tests/unit/sync/test_look.c tests/unit/test.h
tests_unit_sync_test_look_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_look_LDADD = libsync.a $(LINK_NET) $(CMOCKA_LIBS)
tests_unit_sync_test_roam_SOURCES = tests/unit/sync/test_roam.c tests/unit/test.h
tests_unit_sync_test_roam_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_roam_LDADD = libsync.a $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_sync_test_mdname_SOURCES = tests/unit/sync/test_mdname.c tests/unit/test.h
tests_unit_sync_test_mdname_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_mdname_LDADD = libsync.a libwire.a $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_sync_test_pace_SOURCES = tests/unit/sync/test_pace.c tests/unit/test.h
tests_unit_sync_test_pace_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_pace_LDADD = libsync.a $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_sync_test_spooltext_SOURCES = tests/unit/sync/test_spooltext.c tests/unit/test.h
tests_unit_sync_test_spooltext_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_flagcut_SOURCES = tests/unit/sync/test_flagcut.c tests/unit/test.h
tests_unit_sync_test_flagcut_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_flagcut_LDADD = libsync.a libcache.a libwire.a $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_sync_test_searchkeys_SOURCES = tests/unit/sync/test_searchkeys.c tests/unit/test.h
tests_unit_sync_test_searchkeys_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_searchkeys_LDADD = libsync.a libwire.a $(LINK_CACHE) $(CMOCKA_LIBS)
tests_unit_sync_test_spooltext_LDADD = libsync.a libmime.a $(LINK_BASE) $(CMOCKA_LIBS)
tests_unit_sync_test_mbhead_SOURCES = tests/unit/sync/test_mbhead.c tests/unit/test.h
tests_unit_sync_test_mbhead_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_mbhead_LDADD = libsync.a libmime.a $(LINK_BASE) $(CRYPTO_LIBS) $(CMOCKA_LIBS)
tests_unit_sync_test_mbscan_SOURCES = tests/unit/sync/test_mbscan.c tests/unit/test.h
tests_unit_sync_test_mbscan_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_mbscan_LDADD = libsync.a libmime.a $(LINK_BASE) $(CRYPTO_LIBS) $(CMOCKA_LIBS)
tests_unit_sync_test_mbchange_SOURCES = tests/unit/sync/test_mbchange.c tests/unit/test.h
tests_unit_sync_test_mbchange_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_sync_test_mbchange_LDADD = libsync.a libmime.a $(LINK_BASE) $(CRYPTO_LIBS) $(CMOCKA_LIBS)
