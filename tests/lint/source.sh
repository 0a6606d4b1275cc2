#!/bin/sh
# SPDX-License-Identifier: MIT
# What every source file must have, and what none may have. Run at the top of the tree.
bad=0
complain() { echo "source: $*"; bad=1; }

for f in src/*.c src/*/*.c src/*/*.h tests/unit/*/*.[ch]; do
    [ -f "$f" ] || continue
    head -n 1 "$f" | grep -q 'SPDX-License-Identifier: MIT' || complain "$f: no SPDX line at the top"
done
# banned.h is the last include, so that no system header is compiled under it.
for f in src/*.c src/*/*.c; do
    [ -f "$f" ] || continue
    last=$(grep -E '^#include' "$f" | tail -n 1)
    [ "$last" = '#include "base/banned.h"' ] || complain "$f: the last include is not base/banned.h"
done
grep -nE '\b(TODO|FIXME|XXX|HACK)\b' src/*.c src/*/*.[ch] && complain "unfinished work"
grep -nE '\b(gettext|_|N_)\("' src/wire/*.c && complain "src/wire speaks to programs, not to people"
grep -lE '<ncurses|<curses' src/*/*.[ch] | grep -v '^src/tui/term\.' && complain "ncurses belongs to src/tui/term"
grep -lE '<curl/' src/*/*.[ch] | grep -v '^src/net/' && complain "libcurl belongs to src/net"
grep -lE '<(gmime|libxml)/' src/*/*.[ch] | grep -v '^src/decode/' && complain "GMime and libxml2 belong to src/decode"
# Every file with a sentence for people is known to the translators.
for f in $(grep -lE '\b(_|N_|P_)\(' src/*.c src/*/*.c); do
    grep -qx "$f" po/POTFILES.in || complain "$f: not in po/POTFILES.in"
done
# A translation whose formats are not those of its sentence would make a program read what is not there.
if command -v msgfmt >/dev/null; then
    for f in po/*.po; do
        msgfmt -c -o /dev/null "$f" || complain "$f: msgfmt does not take it"
    done
fi
exit $bad
