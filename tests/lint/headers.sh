#!/bin/sh
# SPDX-License-Identifier: MIT
# Each header compiles alone. Arguments: the compiler with its flags. Run at the top of the tree.
bad=0
for h in src/*/*.h; do
    printf '#include "%s"\n' "${h#src/}" | "$@" -std=gnu17 -Wall -Werror -fsyntax-only -x c - || {
        echo "header: $h does not compile alone"
        bad=1
    }
done
exit $bad
