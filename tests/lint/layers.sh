#!/bin/sh
# SPDX-License-Identifier: MIT
# Fails on any include that layers.txt does not allow, and on any without its folder. Run at the top of the tree.
grep -rn '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' src | awk -v f="${1:-tests/lint/layers.txt}" '
BEGIN { while ((getline l < f) > 0) { k = l; sub(/:.*/, "", k); sub(/^[^:]*:/, "", l); ok[k] = " " k l " " } }
{ split($0, p, "/"); split($0, q, "\""); n = split(q[2], t, "/")
  if (q[2] == "config.h" || p[2] ~ /\./) next            # autoconf; src/*.c: the mains see all
  if (n != 2 || !index(ok[p[2]], " " t[1] " ")) { print "layer: " $0; bad = 1 } }
END { exit bad }'
