# SPDX-License-Identifier: MIT
# One program for each target, built where the sanitizers are. main.c drives them in a check; with --enable-libfuzzer
# clang's engine does (run.sh). corpus/TARGET and dict/TARGET.dict are found by the target's name.
FUZZ_TARGETS = \
	tests/fuzz/imap_resp \
	tests/fuzz/imap_cmd \
	tests/fuzz/imap_name \
	tests/fuzz/deflate \
	tests/fuzz/smtp_reply \
	tests/fuzz/dots \
	tests/fuzz/codec \
	tests/fuzz/smtp_cmd \
	tests/fuzz/dns \
	tests/fuzz/accounts \
	tests/fuzz/smtpd \
	tests/fuzz/imapd \
	tests/fuzz/guard \
	tests/fuzz/structure \
	tests/fuzz/search \
	tests/fuzz/query \
	tests/fuzz/message \
	tests/fuzz/words \
	tests/fuzz/addr \
	tests/fuzz/html \
	tests/fuzz/servers \
	tests/fuzz/charset \
	tests/fuzz/uu \
	tests/fuzz/flowed \
	tests/fuzz/pop3 \
	tests/fuzz/popd \
	tests/fuzz/mbox \
	tests/fuzz/index \
	tests/fuzz/config \
	tests/fuzz/summary \
	tests/fuzz/event \
	tests/fuzz/proto \
	tests/fuzz/store \
	tests/fuzz/names
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/dict tests/fuzz/run.sh
FUZZ_SHARED = tests/fuzz/fuzz.c tests/fuzz/fuzz.h
if !LIBFUZZER
FUZZ_SHARED += tests/fuzz/main.c tests/fuzz/mutate.c tests/fuzz/mutate.h
endif
if SANITIZERS
check_LIBRARIES = tests/fuzz/libfuzz.a
tests_fuzz_libfuzz_a_SOURCES = $(FUZZ_SHARED)
check_PROGRAMS += $(FUZZ_TARGETS)
TESTS += $(FUZZ_TARGETS)
endif
fuzz-targets: $(FUZZ_TARGETS)
.PHONY: fuzz-targets
CLEANFILES += fuzz-*.found fuzz-*.slow
FUZZ_LINK = tests/fuzz/libfuzz.a $(FUZZ_ENGINE)
FUZZ_STORE = tests/fuzz/store_session.c tests/fuzz/store_session.h
FUZZ_IMAP = tests/fuzz/imap_trace.c tests/fuzz/imap_trace.h

tests_fuzz_imap_resp_SOURCES = tests/fuzz/imap_resp.c $(FUZZ_IMAP)
tests_fuzz_imap_resp_LDADD = $(FUZZ_LINK) $(LINK_WIRE)
tests_fuzz_imap_cmd_SOURCES = tests/fuzz/imap_cmd.c $(FUZZ_IMAP)
tests_fuzz_imap_cmd_LDADD = $(FUZZ_LINK) $(LINK_WIRE)
tests_fuzz_imap_name_LDADD = $(FUZZ_LINK) $(LINK_WIRE)
tests_fuzz_deflate_LDADD = $(FUZZ_LINK) $(LINK_NET)
tests_fuzz_smtp_reply_LDADD = $(FUZZ_LINK) $(LINK_WIRE)
tests_fuzz_dots_LDADD = $(FUZZ_LINK) $(LINK_WIRE)
tests_fuzz_codec_LDADD = $(FUZZ_LINK) $(LINK_MIME)
tests_fuzz_smtp_cmd_LDADD = $(FUZZ_LINK) $(LINK_WIRE)
tests_fuzz_dns_LDADD = $(FUZZ_LINK) $(LINK_NET)
tests_fuzz_accounts_LDADD = $(FUZZ_LINK) $(LINK_SERVER)
tests_fuzz_smtpd_LDADD = $(FUZZ_LINK) $(LINK_SERVER)
tests_fuzz_imapd_SOURCES = tests/fuzz/imapd.c $(FUZZ_STORE)
tests_fuzz_imapd_LDADD = $(FUZZ_LINK) $(LINK_SERVER)
tests_fuzz_guard_LDADD = $(FUZZ_LINK) $(LINK_MIME)
tests_fuzz_structure_LDADD = $(FUZZ_LINK) $(LINK_SERVER)
tests_fuzz_search_LDADD = $(FUZZ_LINK) $(LINK_SERVER)
tests_fuzz_query_LDADD = $(FUZZ_LINK) libsync.a $(LINK_CACHE) $(LINK_SERVER)
tests_fuzz_message_LDADD = $(FUZZ_LINK) $(LINK_DECODEWORKER)
tests_fuzz_words_LDADD = $(FUZZ_LINK) $(LINK_DECODEWORKER)
tests_fuzz_addr_LDADD = $(FUZZ_LINK) $(LINK_MIME)
tests_fuzz_html_LDADD = $(FUZZ_LINK) $(LINK_DECODEWORKER)
tests_fuzz_servers_LDADD = $(FUZZ_LINK) $(LINK_DECODEWORKER)
tests_fuzz_charset_LDADD = $(FUZZ_LINK) $(LINK_DECODEWORKER)
tests_fuzz_uu_LDADD = $(FUZZ_LINK) $(LINK_MIME)
tests_fuzz_flowed_LDADD = $(FUZZ_LINK) $(LINK_DECODEWORKER)
tests_fuzz_pop3_LDADD = $(FUZZ_LINK) $(LINK_WIRE)
tests_fuzz_popd_SOURCES = tests/fuzz/popd.c $(FUZZ_STORE)
tests_fuzz_popd_LDADD = $(FUZZ_LINK) $(LINK_SERVER)
tests_fuzz_mbox_LDADD = $(FUZZ_LINK) $(LINK_SERVER)
tests_fuzz_index_LDADD = $(FUZZ_LINK) $(LINK_SERVER)
tests_fuzz_config_LDADD = $(FUZZ_LINK) $(LINK_CONFIG)
tests_fuzz_summary_LDADD = $(FUZZ_LINK) $(LINK_MIME)
tests_fuzz_event_LDADD = $(FUZZ_LINK) $(LINK_BUS)
tests_fuzz_proto_LDADD = $(FUZZ_LINK) $(LINK_DECODE)
tests_fuzz_store_LDADD = $(FUZZ_LINK) $(LINK_CACHE)
tests_fuzz_names_LDADD = $(FUZZ_LINK) $(LINK_DECODEWORKER)
