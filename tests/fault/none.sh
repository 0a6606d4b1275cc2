#!/bin/sh
# SPDX-License-Identifier: MIT
# A build that somebody may install has nothing of the points where tests make operations fail.
for program in tmail tmail-sync tmail-decode tmaild; do
    if grep -q TMAIL_FAULT "${top_builddir:-.}/$program"; then
        echo "$program can be told to fail"
        exit 1
    fi
done
