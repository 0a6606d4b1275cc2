#!/bin/sh
# SPDX-License-Identifier: MIT
# The IMAP client against a private Dovecot: TLS, STARTTLS and in the clear; wrong password, certificates that do not hold.
set -u
src=${top_srcdir:-.}
probe=${top_builddir:-.}/tests/interop/net_imap
if [ "$(id -u)" != 0 ] || ! PATH=$PATH:/usr/sbin command -v dovecot >/dev/null; then
    echo "needs root and Dovecot"
    exit 77
fi
dir=$(mktemp -d)
trap 'sh "$src/tests/interop/dovecot.sh" stop "$dir"; rm -rf "$dir"' EXIT
sh "$src/tests/interop/dovecot.sh" start "$dir" || exit 99
imap=$(sed -n 's/^imap //p' "$dir/ports")
imaps=$(sed -n 's/^imaps //p' "$dir/ports")
bad=0

# wanted code and whether it is encrypted, then the arguments of "open"
opens() {
    want=$1
    shift
    got=$("$probe" open "$@" </dev/null)
    case $got in
    "$want "*) ;;
    *)
        echo "FAIL: open $*: $got, wanted $want"
        bad=1
        ;;
    esac
    echo "$* -> $got"
}

tls=$("$probe" code tls)
auth=$("$probe" code auth)
config=$("$probe" code config)
opens "0 1" direct localhost "$imaps" "$dir/ca.pem" pw
opens "0 1" direct 127.0.0.1 "$imaps" "$dir/ca.pem" pw
opens "0 1" starttls 127.0.0.1 "$imap" "$dir/ca.pem" pw
opens "0 1" loopback 127.0.0.1 "$imap" "$dir/ca.pem" pw
opens "0 0" none 127.0.0.1 "$imap" - pw
for way in "direct localhost $imaps" "starttls localhost $imap"; do
    # shellcheck disable=SC2086
    opens "$auth 0" $way "$dir/ca.pem" wrong
    # shellcheck disable=SC2086
    opens "$tls 0" $way - pw
    # shellcheck disable=SC2086
    opens "$config 0" $way "$dir/none.pem" pw
done
opens "$tls 0" direct other.localhost "$imaps" "$dir/ca.pem" pw
opens "$tls 0" direct expired.localhost "$imaps" "$dir/ca.pem" pw
opens "$tls 0" direct localhost "$imap" "$dir/ca.pem" pw
for way in "direct localhost $imaps $dir/ca.pem" "starttls 127.0.0.1 $imap $dir/ca.pem" \
    "none 127.0.0.1 $imap -"; do
    for what in work packed notify search; do
        # shellcheck disable=SC2086
        "$probe" $what $way pw </dev/null || {
            echo "FAIL: $what $way"
            bad=1
        }
    done
done
exit $bad
