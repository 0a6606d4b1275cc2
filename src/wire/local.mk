# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libwire.a
libwire_a_SOURCES =
