# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libui.a
libui_a_SOURCES =
