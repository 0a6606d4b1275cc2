# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libcompose.a
libcompose_a_SOURCES =
