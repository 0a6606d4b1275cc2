# SPDX-License-Identifier: MIT
MIME_TESTS = \
	tests/unit/mime/test_summary \
	tests/unit/mime/test_addr \
	tests/unit/mime/test_codec \
	tests/unit/mime/test_guard \
	tests/unit/mime/test_uu \
	tests/unit/mime/test_names \
	tests/unit/mime/test_mbox \
	tests/unit/mime/test_flowed \
	tests/unit/mime/test_build \
	tests/unit/mime/test_seven
check_PROGRAMS += $(MIME_TESTS) tests/unit/mime/build_message
TESTS += $(MIME_TESTS) tests/unit/mime/roundtrip.py tests/unit/mime/sample.py
EXTRA_DIST += tests/unit/mime/roundtrip.py tests/unit/mime/sample.py
tests_unit_mime_test_summary_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_mime_test_summary_LDADD = $(LINK_MIME) $(CMOCKA_LIBS)
tests_unit_mime_test_addr_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_mime_test_addr_LDADD = $(LINK_MIME) $(CMOCKA_LIBS)
tests_unit_mime_test_seven_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_mime_test_seven_LDADD = $(LINK_MIME) $(CMOCKA_LIBS)
tests_unit_mime_test_codec_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_mime_test_codec_LDADD = $(LINK_MIME) $(CMOCKA_LIBS)
tests_unit_mime_test_guard_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_mime_test_guard_LDADD = $(LINK_MIME) $(CMOCKA_LIBS)
tests_unit_mime_test_uu_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_mime_test_uu_LDADD = $(LINK_MIME) $(CMOCKA_LIBS)
tests_unit_mime_test_names_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_mime_test_names_LDADD = $(LINK_MIME) $(CMOCKA_LIBS)
tests_unit_mime_test_mbox_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_mime_test_mbox_LDADD = $(LINK_MIME) $(CMOCKA_LIBS)
tests_unit_mime_test_flowed_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_mime_test_flowed_LDADD = $(LINK_MIME) $(CMOCKA_LIBS)
tests_unit_mime_test_build_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_mime_test_build_LDADD = $(LINK_MIME) $(CMOCKA_LIBS)
tests_unit_mime_build_message_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_mime_build_message_LDADD = $(LINK_MIME)
