# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libdecode.a
libdecode_a_SOURCES =
