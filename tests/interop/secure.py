# SPDX-License-Identifier: MIT
"""The whole program against a private Dovecot over TLS and over STARTTLS: everything comes in, reads offline, flags go both ways."""
import imaplib, os, ssl, subprocess, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tm import SRC, Place, check

if os.geteuid() != 0:
    print("needs root for a private Dovecot")
    sys.exit(77)

DOVECOT = os.path.join(SRC, "tests/interop/dovecot.sh")
MESSAGES = 120


def rc(url, ca):
    return (f'[account work]\naddress = "jane@example.org"\nreceive = "{url}"\nsend = "sendmail:/bin/false"\n'
            f'password-command = "printf pw"\ntls-ca = "{ca}"\n')


with Place() as place:
    os.chmod(place.path, 0o711)  # Dovecot reads its own files there as another user
    where = os.path.join(place.path, "dovecot")
    if subprocess.run(["sh", DOVECOT, "start", where], stdout=subprocess.DEVNULL).returncode != 0:
        print("no Dovecot here")
        sys.exit(77)
    try:
        ca = os.path.join(where, "ca.pem")
        with open(os.path.join(where, "ports")) as f:
            port = {n: int(p) for n, p in (line.split() for line in f)}
        server = imaplib.IMAP4_SSL("127.0.0.1", port["imaps"], ssl_context=ssl.create_default_context(cafile=ca))
        server.login("jane", "pw")
        for i in range(MESSAGES):
            server.append("INBOX", None, None, f"From: s{i}@example.org\r\nSubject: message {i}\r\n"
                          f"Message-ID: <{i}@example.org>\r\n\r\nline {i}\r\n".encode())
        profiles = []
        for name, url in (("direct", f"imaps://jane@127.0.0.1:{port['imaps']}"), ("starttls", f"imap://jane@127.0.0.1:{port['imap']}")):
            p = place.profile(rc(url, ca), name)
            p.run("sync")
            check(len(p.json("list", "-f", "INBOX", "-n", "1000")) == MESSAGES, f"{name}: all came in")
            check("in the clear" not in p.log(), f"{name}: never in the clear\n{p.log()}")
            profiles.append(p)
        server.select("INBOX")
        server.store("7", "+FLAGS", "\\Flagged")
        for p in profiles:
            p.run("sync")
            flagged = [m for m in p.json("list", "-f", "INBOX", "-n", "1000") if "flagged" in m["flags"]]
            check([m["subject"] for m in flagged] == ["message 6"], "a flag set there shows here")
        server.logout()
    finally:
        subprocess.run(["sh", DOVECOT, "stop", where], check=False)
    p = profiles[0]
    for m in p.json("list", "-f", "INBOX", "-n", "1000")[:10]:
        text = p.run("--offline", "show", str(m["id"])).stdout.decode()
        check(m["subject"].replace("message", "line") in text, "read with the server gone")
