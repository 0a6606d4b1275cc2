#!/bin/sh
# SPDX-License-Identifier: MIT
# Functions over 60 lines or a complexity of 15 (pmccabe), files over 700 lines. size.allow may only shrink.
command -v pmccabe >/dev/null 2>&1 || { echo "size: pmccabe is not installed, skipped"; exit 0; }
pmccabe src/*.c src/*/*.c | awk -v allow="${1:-tests/lint/size.allow}" '
BEGIN { while ((getline l < allow) > 0) ok[l] = 1 }
{ file = $6; sub(/\(.*/, "", file); name = file ":" $7
  if (($1 > 15 || $5 > 60) && !(name in ok)) { print "size: " name " complexity " $1 ", lines " $5; bad = 1 } }
END { exit bad }' || exit 1
bad=0
for f in src/*.c src/*/*.c; do
    n=$(wc -l <"$f")
    [ "$n" -le 700 ] || grep -qx "$f" "${1:-tests/lint/size.allow}" || { echo "size: $f has $n lines"; bad=1; }
done
exit $bad
