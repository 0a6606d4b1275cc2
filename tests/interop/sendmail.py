# SPDX-License-Identifier: MIT
"""Sendmail mode: what other programs hand over reaches the wire as they built it, Bcc apart; nothing they wrote is lost."""
import os, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tm import Place, check, rc_for

PATCH = (b"From: Jane <jane@example.org>\nTo: list <jane@example.org>,\n joe@example.org\nBcc: sue@example.org\n"
         b"Subject: [PATCH] x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
         b"Content-Transfer-Encoding: 8bit\nX-Odd:  two  blanks\n\n--- a\n+++ b\n. \n.\nFrom here\n")

with Place() as place:
    server = place.tmaild("--domain", "example.org", "--user", "jane:pw", "--user", "joe:pw", "--user", "sue:pw")
    p = place.profile(rc_for(server))
    letter = os.path.join(p.path, "dead.letter")

    p.run("-t", "-i", stdin=PATCH)
    p.run("sync")
    m = p.json("list", "-f", "INBOX")[0]
    raw = p.run("show", str(m["id"]), "--raw").stdout
    head, body = raw.split(b"\r\n\r\n", 1)
    check(body == b"--- a\r\n+++ b\r\n. \r\n.\r\nFrom here\r\n", f"the body as it was: {body}")
    check(b"X-Odd:  two  blanks\r\n" in raw and b"list <jane@example.org>,\r\n joe@example.org" in head, "the header as it was")
    check(b"Bcc" not in raw and b"sue@" not in head.split(b"From: Jane")[-1], "no word of the blind copy")
    check(b"\r\nDate: " in raw and b"\r\nMessage-ID: <" in raw, "what was missing was filled in")
    for name in ("joe", "sue"):
        box = os.path.join(server.root, "mail.root", "mail", name, "INBOX")
        check(os.path.exists(box) and b"PATCH" in open(box, "rb").read(), f"{name} has it")

    # Without -i a dot ends the message; recipients may stand on the command line alone.
    p.run("-t", "jane@example.org", stdin=b"Subject: dot\n\none\n.\ntwo\n")
    p.run("sync")
    m = [x for x in p.json("list", "-f", "INBOX") if x["subject"] == "dot"][0]
    raw = p.run("show", str(m["id"]), "--raw").stdout
    check(raw.endswith(b"\r\n\r\none\r\n"), f"the dot ended it: {raw}")
    check(b"\r\nFrom: " in raw, "the account's own address is the sender")

    # Nobody to send to, a server that is gone: one sentence, and the text is kept.
    p.run("-t", stdin=b"Subject: x\n\nlost?\n", code=67)
    check(b"lost?" in open(letter, "rb").read(), "the text is in dead.letter")
    server.stop()
    p.run("-t", "--no-queue", "jane@example.org", stdin=b"Subject: x\n\nnot now\n", code=75)
    check(b"not now" in open(letter, "rb").read(), "--no-queue keeps the text")
    check(p.json("outbox") == [], "and no entry")
    p.run("-t", "jane@example.org", stdin=b"Subject: later\n\nx\n")
    check(p.json("outbox")[0]["subject"] == "later", "else it waits")
