# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libserver.a
libserver_a_SOURCES =
