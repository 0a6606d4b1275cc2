#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tmail sync --watch prints new mail as it comes, once, and as events with the names of folders where that is asked for; no mail that is
read, or was here before."""
import imaplib, json, os, signal, smtplib, subprocess
from tm import TMAIL, WAIT_S, Place, check, rc_for


def watching(p, *options):
    return subprocess.Popen([TMAIL, "--profile", p.path, "sync", "--watch", *options], env=p.env, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, text=True, bufsize=1)


def stop(w):
    w.send_signal(signal.SIGTERM)
    rest = w.stdout.read()
    check(w.wait(WAIT_S) == 0, f"exit status {w.returncode}")
    return rest


def deliver(server, subject):
    with smtplib.SMTP("127.0.0.1", server.ports["smtp"]) as s:
        s.sendmail("joe@example.org", ["jane@example.org"], f"From: Joe <joe@example.org>\r\nSubject: {subject}\r\n\r\nx\r\n")


with Place() as place:
    server = place.tmaild("--user", "jane:pw", "--domain", "example.org")
    p = place.profile(rc_for(server))
    deliver(server, "long ago")
    w = watching(p)
    check(w.stdout.readline() == "1 fetched, 0 sent\n", "what was there is counted")
    for i in range(3):
        deliver(server, f"number {i}")
        line = w.stdout.readline()
        check(line.endswith(f" N   {line[11:27]}  Joe                   number {i}\n"), f"told as in a list: {line!r}")
    number = line.split()[0]
    check([str(m["id"]) for m in p.json("list") if m["subject"] == "number 2"] == [number], f"by its number: {line!r}")
    # read elsewhere: the folder changes, nothing is told; nor is what comes read already
    m = imaplib.IMAP4("127.0.0.1", server.ports["imap"])
    m.login("jane", "pw")
    m.append("INBOX", "\\Seen", None, b"Subject: known\r\n\r\nx\r\n")
    m.select("INBOX")
    m.store("1:*", "+FLAGS", "\\Seen")
    deliver(server, "the last")
    check(w.stdout.readline().endswith("  the last\n"), "nothing between")
    check(stop(w) == "", "nothing after it")

    w = watching(p, "--json")
    while json.loads(w.stdout.readline())["event"] != "done":
        pass
    deliver(server, "for programs")
    event = {"event": ""}
    while event["event"] != "folder":
        event = json.loads(w.stdout.readline())
    check(event["account"] == "work" and event["folder"] == "INBOX", f"folders have names: {event}")
    stop(w)
    m.append("INBOX", None, None, "From: Zo\u00eb J\u00fcrgens \u65e5\u672c <z@example.org>\r\nSubject: letters\r\n\r\nx\r\n".encode())
    m.logout()
    p.run("sync")
    lists = [p.run("list", "-n", "1", env={"LC_ALL": locale}).stdout for locale in ("C.UTF-8", "POSIX", "xx_XX.UTF-8")]
    check("Zo\u00eb J\u00fcrgens \u65e5\u672c     " in lists[0].decode(), f"{lists[0]}")
    check(lists[1:] == lists[:2], f"columns are as wide in every locale: {lists}")
