# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libcli.a
libcli_a_SOURCES = \
	src/cli/demo.c src/cli/demo.h
