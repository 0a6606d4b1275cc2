# SPDX-License-Identifier: MIT
check_PROGRAMS += tests/interop/net_imap
tests_interop_net_imap_SOURCES = tests/interop/net_imap.c
tests_interop_net_imap_LDADD = $(LINK_NET)
TESTS += tests/interop/net_imap.sh
EXTRA_DIST += tests/interop/dovecot.sh tests/interop/net_imap.sh
