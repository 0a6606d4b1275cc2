# SPDX-License-Identifier: MIT
SERVER_TESTS = \
	tests/unit/server/test_link tests/unit/server/test_tlscert \
	tests/unit/server/test_maillog \
	tests/unit/server/test_peers \
	tests/unit/server/test_relay \
	tests/unit/server/test_confine \
	tests/unit/server/test_accounts \
	tests/unit/server/test_faults \
	tests/unit/server/test_sasl \
	tests/unit/server/test_names \
	tests/unit/server/test_mbox \
	tests/unit/server/test_index \
	tests/unit/server/test_rows \
	tests/unit/server/test_fixup \
	tests/unit/server/test_smtpd \
	tests/unit/server/test_smtpd_table \
	tests/unit/server/test_network \
	tests/unit/server/test_rate \
	tests/unit/server/test_deliver \
	tests/unit/server/test_spill \
	tests/unit/server/test_section \
	tests/unit/server/test_search \
	tests/unit/server/test_thread \
	tests/unit/server/test_bodystructure \
	tests/unit/server/test_control tests/unit/server/test_schedule tests/unit/server/test_spool \
	tests/unit/server/test_mailq tests/unit/server/test_bounce tests/unit/server/test_options \
	tests/unit/server/test_popd tests/unit/server/test_popd_table \
	tests/unit/server/test_imapd tests/unit/server/test_imapd_table
check_PROGRAMS += $(SERVER_TESTS)
TESTS += $(SERVER_TESTS)
tests_unit_server_test_names_SOURCES = tests/unit/server/test_names.c tests/unit/test.h
tests_unit_server_test_names_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_names_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_mbox_SOURCES = tests/unit/server/test_mbox.c tests/unit/test.h
tests_unit_server_test_mbox_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_mbox_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_fixup_SOURCES = tests/unit/server/test_fixup.c tests/unit/test.h
tests_unit_server_test_fixup_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_fixup_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_smtpd_SOURCES = tests/unit/server/test_smtpd.c tests/unit/test.h
tests_unit_server_test_smtpd_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_smtpd_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_section_SOURCES = tests/unit/server/test_section.c tests/unit/test.h
tests_unit_server_test_section_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_section_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_bodystructure_SOURCES = tests/unit/server/test_bodystructure.c tests/unit/test.h
tests_unit_server_test_bodystructure_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_bodystructure_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_search_SOURCES = tests/unit/server/test_search.c tests/unit/test.h
tests_unit_server_test_search_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_search_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_thread_SOURCES = tests/unit/server/test_thread.c tests/unit/test.h
tests_unit_server_test_thread_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_thread_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_imapd_SOURCES = tests/unit/server/test_imapd.c tests/unit/test.h
tests_unit_server_test_imapd_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_imapd_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_popd_SOURCES = tests/unit/server/test_popd.c tests/unit/test.h
tests_unit_server_test_popd_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_popd_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_control_SOURCES = tests/unit/server/test_control.c tests/unit/test.h
tests_unit_server_test_control_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_control_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_schedule_SOURCES = tests/unit/server/test_schedule.c tests/unit/test.h
tests_unit_server_test_schedule_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_schedule_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_spool_SOURCES = tests/unit/server/test_spool.c tests/unit/test.h
tests_unit_server_test_spool_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_spool_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_mailq_SOURCES = tests/unit/server/test_mailq.c tests/unit/test.h
tests_unit_server_test_mailq_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_mailq_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_bounce_SOURCES = tests/unit/server/test_bounce.c tests/unit/test.h
tests_unit_server_test_bounce_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_bounce_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_options_SOURCES = tests/unit/server/test_options.c tests/unit/test.h
tests_unit_server_test_options_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_options_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_spill_SOURCES = tests/unit/server/test_spill.c tests/unit/test.h
tests_unit_server_test_spill_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_spill_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_smtpd_table_SOURCES = tests/unit/server/test_smtpd_table.c tests/unit/test.h
tests_unit_server_test_smtpd_table_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_smtpd_table_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_accounts_SOURCES = tests/unit/server/test_accounts.c tests/unit/test.h
tests_unit_server_test_accounts_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_accounts_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_sasl_SOURCES = tests/unit/server/test_sasl.c tests/unit/test.h
tests_unit_server_test_sasl_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_sasl_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_network_SOURCES = tests/unit/server/test_network.c tests/unit/test.h
tests_unit_server_test_network_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_network_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_popd_table_SOURCES = tests/unit/server/test_popd_table.c tests/unit/test.h
tests_unit_server_test_popd_table_CPPFLAGS = $(TEST_CPPFLAGS) $(SSL_CFLAGS)
tests_unit_server_test_popd_table_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_rate_SOURCES = tests/unit/server/test_rate.c tests/unit/test.h
tests_unit_server_test_rate_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_rate_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_index_SOURCES = tests/unit/server/test_index.c tests/unit/test.h
tests_unit_server_test_index_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_index_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_rows_SOURCES = tests/unit/server/test_rows.c tests/unit/test.h
tests_unit_server_test_rows_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_rows_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_imapd_table_SOURCES = tests/unit/server/test_imapd_table.c tests/unit/test.h
tests_unit_server_test_imapd_table_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_imapd_table_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_confine_SOURCES = tests/unit/server/test_confine.c tests/unit/test.h
tests_unit_server_test_confine_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_confine_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_peers_SOURCES = tests/unit/server/test_peers.c tests/unit/test.h
tests_unit_server_test_peers_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_peers_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_maillog_SOURCES = tests/unit/server/test_maillog.c tests/unit/test.h
tests_unit_server_test_maillog_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_maillog_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_relay_SOURCES = tests/unit/server/test_relay.c tests/unit/test.h
tests_unit_server_test_relay_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_relay_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_faults_SOURCES = tests/unit/server/test_faults.c tests/unit/test.h
tests_unit_server_test_faults_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_faults_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_deliver_SOURCES = tests/unit/server/test_deliver.c tests/unit/test.h
tests_unit_server_test_deliver_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_deliver_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_link_SOURCES = tests/unit/server/test_link.c tests/unit/test.h
tests_unit_server_test_link_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_link_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
tests_unit_server_test_tlscert_SOURCES = tests/unit/server/test_tlscert.c tests/unit/test.h
tests_unit_server_test_tlscert_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_server_test_tlscert_LDADD = $(LINK_SERVER) $(CMOCKA_LIBS)
