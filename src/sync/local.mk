# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libsync.a
libsync_a_SOURCES = \
	src/sync/plan.c src/sync/plan.h \
	src/sync/sched.c src/sync/sched.h
