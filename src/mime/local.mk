# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libmime.a
libmime_a_SOURCES =
