# SPDX-License-Identifier: MIT
EXTRA_DIST += doc/ARCHITECTURE.md doc/journal.md doc/store.md doc/violations.md doc/testing.md doc/server.md
dist_man_MANS = doc/tmail.1 doc/tmailrc.5 doc/tmaild.8
