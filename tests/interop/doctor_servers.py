#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tmail doctor and servers of many kinds: what it says of certificates, of logins that it does not try, of clocks, and of servers that let in
everybody."""
import os, re, socket, threading, time
from certificate import dated
from fake_imap import Fake
from fake_smtp import EHLO, Peer
from tm import Place, check

SECRET = "Sesam-oeffne-dich"
GMAIL = "IMAP4rev1 UIDPLUS MOVE IDLE SPECIAL-USE LIST-EXTENDED X-GM-EXT-1 AUTH=PLAIN SASL-IR"


class Greets(threading.Thread):
    """An IMAP server that lets everybody in."""

    def __init__(self, caps):
        super().__init__(daemon=True)
        self.caps, self.heard = caps, b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            link = self.listener.accept()[0]
            f = link.makefile("rb")
            try:
                link.sendall(b"* PREAUTH come in\r\n")
                for line in f:
                    self.heard += line
                    tag, verb = line.split()[:2]
                    link.sendall((b"* CAPABILITY " + self.caps + b"\r\n" if verb == b"CAPABILITY" else b"") + tag + b" OK\r\n")
            except OSError:
                pass
            link.close()


with Place() as place:
    made = 0

    def doctor(receive, send, code=0, keys="", password=f'password = "{SECRET}"\n'):
        """Its lines, by level."""
        global made
        made += 1
        p = place.profile(f'[account work]\naddress = "Jane <jane@example.org>"\nreceive = "{receive}"\nsend = "{send}"\n{password}{keys}', name=f"p{made}")
        lines = p.json("doctor", code=code)
        check(not any(SECRET in l["text"] for l in lines), f"{lines}")
        return lines

    def has(lines, level, words, about=""):
        check(any(l["level"] == level and words in l["text"] and about in l["about"] for l in lines), f"wanted {level} {words!r}: {lines}")

    def has_not(lines, words):
        check(not any(words in l["text"] for l in lines), f"unwanted {words!r}: {lines}")

    def tls(name, start, end, subject=None):
        dated(place.path, name, start, end, subject)
        pem = f"{place.path}/{name}.pem"
        server = place.tmaild("--user", f"jane:{SECRET}", "--tls-cert", pem, "--tls-key", f"{place.path}/{name}.key", name=name + ".d", tls=True)
        return server, f'tls-ca = "{pem}"\n', (f"imaps://jane@localhost:{server.ports['imaps']}", f"smtps://jane@localhost:{server.ports['submissions']}")

    # certificates
    server, ca, urls = tls("good", -1, 30.5, "/O=The Signers of Example/CN=x")
    lines = doctor(*urls, keys=ca)
    has(lines, "ok", "by The Signers of Example, holds for 30 more days")
    has(lines, "ok", "TLSv1.")
    has(lines, "ok", "the login works (SCRAM-SHA-256)", "receiving")
    has(lines, "ok", "the login works (SCRAM-SHA-256)", "sending")
    lines = doctor(*urls, code=76)
    pin = next(re.search(r'tls-pin = "([^"]*)"', l["text"])[1] for l in lines if l["level"] == "wrong")
    has(doctor(*urls, keys=f'tls-pin = "{pin}"\n'), "ok", "the key is one of tls-pin, whatever its certificate says (by The Signers of Example")
    other, ca_soon, soon = tls("soon", -30, 5)
    has(doctor(*soon, keys=ca_soon), "note", "its operator must renew it")
    other, ca_old, old = tls("old", -30, -5)
    has(doctor(*old, keys=ca_old, code=76), "wrong", "has expired (" + time.strftime("%Y-%m-%d", time.gmtime(time.time() - 5 * 86400)))

    # a login that was refused is not tried with the same user and password elsewhere; another user's is
    wrong = 'password = "wrong-one"\n'
    lines = doctor(*urls, keys=ca, code=77, password=wrong)
    has(lines, "wrong", "refuses the login by SCRAM-SHA-256", "receiving")
    has(lines, "note", "no login is tried (SCRAM-SHA-256)", "sending")
    for user, tried, password, words in (("jane", False, wrong, "no login is tried (PLAIN): the same user and password"), ("john", True, wrong, "535 no"),
                                         ("jane", False, "password-command = false\n", "no login is tried, because there is no password")):
        peer = Peer("127.0.0.1", ehlo=[*EHLO, "AUTH PLAIN"], says={"AUTH": "535 no"})
        lines = doctor(urls[0], f"smtp://{user}@127.0.0.1:{peer.port}", keys=ca, code=77, password=password)
        has(lines, "wrong" if tried else "note", words, "sending")
        check(any(l.startswith("AUTH") for l in peer.lines) == tried, f"{user}: {peer.lines}")

    # where it would fit nothing, that is told; and what goes without a login
    only = Peer("127.0.0.1", ehlo=[*EHLO, "AUTH XOAUTH2"])
    lines = doctor(urls[0], f"smtp://jane@127.0.0.1:{only.port}", keys=ca, code=77, password=wrong)
    has(lines, "wrong", "takes no password", "sending")
    poor = Peer("127.0.0.1", ehlo=["AUTH PLAIN"])
    lines = doctor(urls[0], f"smtp://127.0.0.1:{poor.port}", keys=ca + "receipt = yes\n")
    for words in ("8BITMIME", "SMTPUTF8", "PIPELINING", "DSN"):
        has(lines, "note", words, "sending")
    check(not any(l.startswith("AUTH") for l in poor.lines), f"{poor.lines}")

    # the clock, by a server that tells its own
    for skew, words, level, code in ((0, "has the same time", "ok", 0), (3600, "60 minutes behind", "wrong", 74), (-7200, "120 minutes ahead", "wrong", 74)):
        at = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(time.time() + skew + 20 * (skew > 0) - 20 * (skew < 0)))
        has(doctor(urls[0], f"smtp://127.0.0.1:{Peer('127.0.0.1', greet='220 mx ESMTP ' + at).port}", keys=ca, code=code), level, words, "sending")

    # folders, by what the server says and by their names; Gmail
    for caps, uses, words in ((GMAIL, {"[Gmail]/Gesendet": "\\Sent"}, ("is kept in [Gmail]/Gesendet: the server says", "Gmail keeps a copy")),
                              ("IMAP4rev1 AUTH=PLAIN SASL-IR", {}, ("is kept in Sent, because of its name",))):
        fake = Fake(caps)
        fake.folders.update({name: {} for name in uses} or {"Sent": {}, "Trash": {}})
        fake.uses = uses
        lines = doctor(f"imap://jane@127.0.0.1:{fake.port}", f"smtp://127.0.0.1:{poor.port}")
        for w in words:
            has(lines, "ok", w, "receiving")
    for words in ("IDLE", "CONDSTORE", "UIDPLUS", "MOVE", "SPECIAL-USE"):
        has(lines, "note", words, "receiving")

    # who lets in everybody: told, and refused where there has to be TLS first; no password is shown
    lets = Greets(b"IMAP4rev1 STARTTLS AUTH=PLAIN")
    lines = doctor(f"imap://jane@127.localhost:{lets.port}", f"smtp://127.0.0.1:{poor.port}", code=76)
    has(lines, "wrong", "lets us in before TLS (PREAUTH)", "receiving")
    has_not(lines, "the login works")
    lets = Greets(b"IMAP4rev1")
    lines = doctor(f"imap://jane@127.0.0.1:{lets.port}", f"smtp://127.0.0.1:{poor.port}")
    has(lines, "note", "lets everybody in without a login", "receiving")
    has_not(lines, "the login works")
    check(b"LOGIN" not in lets.heard and b"AUTH" not in lets.heard, f"{lets.heard}")
