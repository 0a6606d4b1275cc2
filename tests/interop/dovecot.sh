#!/bin/sh
# SPDX-License-Identifier: MIT
# A private Dovecot with TLS for the tests, on free ports of the loopback; run as root.
#   dovecot.sh start DIR    makes DIR; writes DIR/ports ("imap N", "imaps N") and DIR/ca.pem; user jane, password pw
#   dovecot.sh stop DIR     ends it; DIR stays
# Its certificate is for localhost and 127.0.0.1; asked for expired.localhost it shows one that has expired.
set -eu
PATH=$PATH:/usr/sbin:/usr/local/sbin
verb=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# name, subjectAltName, days: DIR/name.pem and DIR/name.key, signed by DIR/ca.pem
certificate() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/$1.key" \
        -out "$dir/$1.csr" -subj "/CN=$1" 2>/dev/null
    printf 'subjectAltName=%s\n' "$2" >"$dir/$1.ext"
    openssl x509 -req -in "$dir/$1.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial \
        -days "$3" -extfile "$dir/$1.ext" -out "$dir/$1.pem" 2>/dev/null
}

certificates() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/ca.key" \
        -out "$dir/ca.pem" -days 30 -subj "/CN=tmail test CA" 2>/dev/null
    certificate server "DNS:localhost,IP:127.0.0.1" 30
    certificate expired "DNS:expired.localhost" -1
}

configuration() {
    cat <<EOF
base_dir = $dir/run
state_dir = $dir/state
log_path = $dir/dovecot.log
protocols = imap
ssl = yes
ssl_cert = <$dir/server.pem
ssl_key = <$dir/server.key
local_name expired.localhost {
  ssl_cert = <$dir/expired.pem
  ssl_key = <$dir/expired.key
}
disable_plaintext_auth = no
auth_mechanisms = plain
auth_failure_delay = 0 secs
mail_fsync = never
protocol imap {
  mail_plugins = imap_zlib
}
first_valid_uid = 1
mail_location = maildir:$dir/mail/%u
mail_max_userip_connections = 100
passdb {
  driver = passwd-file
  args = scheme=PLAIN $dir/passwd
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=$dir/mail/%u
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    special_use = \\Sent
    auto = create
  }
  mailbox Trash {
    special_use = \\Trash
    auto = create
  }
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  inet_listener imap {
    address = 127.0.0.1
    port = $imap
  }
  inet_listener imaps {
    address = 127.0.0.1
    port = $imaps
    ssl = yes
  }
}
EOF
}

case $verb in
start)
    imap=$(free_port)
    imaps=$(free_port)
    chmod 755 "$dir"
    mkdir -p "$dir/mail"
    chown nobody "$dir/mail"
    echo 'jane:pw' >"$dir/passwd"
    chmod 644 "$dir/passwd"
    certificates
    configuration >"$dir/dovecot.conf"
    dovecot -c "$dir/dovecot.conf" # in the background once it listens
    printf 'imap %s\nimaps %s\n' "$imap" "$imaps" >"$dir/ports"
    ;;
stop)
    doveadm -c "$dir/dovecot.conf" stop
    ;;
*)
    echo "usage: dovecot.sh start|stop DIR" >&2
    exit 64
    ;;
esac
