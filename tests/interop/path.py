# SPDX-License-Identifier: MIT
"""A mail and back: script send, tmaild, sync, list, show, save, offline, the queue, and the exit codes of what can go wrong."""
import filecmp, os, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tm import Place, check, rc_for

with Place() as place:
    server = place.tmaild("--domain", "example.org", "--user", "jane:pw")
    p = place.profile(rc_for(server))
    pdf = os.path.join(place.path, "f.pdf")
    with open(pdf, "wb") as f:
        f.write(b"%PDF-1.4\r\n" + os.urandom(100_000) + b"\n.\n\r\nFrom x\n")

    # Sent, fetched, shown, saved bit for bit.
    p.run("-s", "test", "-a", pdf, "jane@example.org", stdin=b"hi\n")
    p.run("sync")
    inbox = [m for m in p.json("list", "-f", "INBOX")]
    check(len(inbox) == 1, f"one message in INBOX, not {inbox}")
    m = inbox[0]
    check(m["subject"] == "test" and m["attachments"], f"subject and attachment: {m}")
    shown = p.run("show", str(m["id"])).stdout.decode()
    check("hi" in shown.splitlines(), f"the text is shown: {shown}")
    out = os.path.join(place.path, "out")
    os.mkdir(out)
    p.run("save", str(m["id"]), "-d", out)
    check(filecmp.cmp(pdf, os.path.join(out, "f.pdf"), shallow=False), "the attachment comes back bit for bit")
    p.run("save", str(m["id"]), "-d", out)
    check(len(os.listdir(out)) == 2, "saving again overwrites nothing")
    check(any("Sent" in x["folders"] for x in p.json("list", "-f", "Sent")), "a copy lies in Sent")

    # The server is gone: all is readable, what is written waits, and goes when the server is back.
    server.stop()
    check("hi" in p.run("--offline", "show", str(m["id"])).stdout.decode(), "read offline")
    q = p.run("-s", "later", "jane@example.org", stdin=b"wait\n")
    check(q.stderr != b"", "a queued message is told on stderr")
    check(any(o["subject"] == "later" for o in p.json("outbox")), "it is in the outbox")
    p.run("--no-queue", "-s", "never", "jane@example.org", stdin=b"x\n", code=75)
    server.start()
    p.run("outbox", "flush")
    p.run("sync")
    subjects = sorted(x["subject"] for x in p.json("list", "-f", "INBOX"))
    check(subjects == ["later", "test"], f"once each: {subjects}")
    check(p.json("outbox") == [], "the outbox is empty")

    # Mistakes have their exit codes, and one sentence.
    for argv, code in [
        (["-s", "x", "-a", "/nonexistent", "jane@example.org"], 66),
        (["-s", "x", "not an address"], 67),
        (["-s", "x\nBcc: evil@example.org", "jane@example.org"], 64),
        (["-s", "x", "nobody@elsewhere.example"], 67),
        (["--nonsense"], 64),
        (["show", "999999"], 1),
    ]:
        r = p.run(*argv, stdin=b"x\n", code=code)
        check(len(r.stderr.decode().strip().splitlines()) >= 1, f"{argv}: a sentence")
    p.write_rc(rc_for(server, password="wrong"))
    check(b"work" in p.run("sync", code=77).stderr, "a wrong password names its account")
    p.write_rc(rc_for(server).replace("receive", "recieve"))
    check(b"line 6" in p.run("sync", code=78).stderr, "a wrong key names its line")
    p.write_rc(rc_for(server).replace("127.0.0.1:%d" % server.ports["imap"], "127.0.0.1:1"))
    p.run("sync", code=75)
