# SPDX-License-Identifier: MIT
EXTRA_DIST += doc/journal.md doc/store.md
