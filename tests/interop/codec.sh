#!/bin/sh
# SPDX-License-Identifier: MIT
# tmail encode and decode as filters: there and back, with the system's own base64, and what they say of bad input.
set -eu
tmail=$top_builddir/tmail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fail() {
    echo "FAIL: $*"
    exit 1
}

# A program has every byte; more than one chunk of it.
head -c 100000 "$tmail" > some
cat some some some some some some some some some some some some some some some some > binary
printf 'caf\303\251 = \200 and a very long line, %s\n.\nFrom x\n' "$(printf '%0200d' 1)" > text

for kind in uu base64; do
    "$tmail" encode --$kind name < binary > coded
    "$tmail" decode --$kind < coded | cmp - binary || fail "$kind, told"
    "$tmail" decode < coded | cmp - binary || fail "$kind, found out"
done
for kind in uu base64 qp; do
    "$tmail" encode --$kind < text | "$tmail" decode | cmp - text || fail "$kind of a text"
done
"$tmail" encode --base64 < binary | base64 -d | cmp - binary || fail "base64 as the system reads it"
base64 binary | "$tmail" decode | cmp - binary || fail "base64 as the system writes it"

code=0; "$tmail" encode < text 2> /dev/null || code=$?
[ $code = 64 ] || fail "no codec named: $code"
code=0; printf 'begin 644 x\n#86)C\n' | "$tmail" decode > part 2> /dev/null || code=$?
[ $code = 0 ] || [ $code = 65 ] || fail "a cut file: $code"
[ "$(cat part)" = abc ] || fail "what could be decoded is given"
if [ -w /dev/full ]; then
    code=0; "$tmail" encode --base64 < binary > /dev/full 2> /dev/null || code=$?
    [ $code = 74 ] || fail "a full disk: $code"
fi
