#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tmaild with many at once: sessions that IDLE are all told of one delivery; senders in parallel, whose every 250 is a message in its
mailbox, once; and a server that is as small afterwards as before. TMAIL_EFFORT makes it more."""
import os, selectors, smtplib, socket, sys, threading, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tm import EFFORT, WAIT_S, Place, check

IDLERS = max(20, min(5000, int(400 * EFFORT)))
SENDERS, EACH = max(4, int(20 * min(EFFORT, 3))), 20
ACCOUNTS = ("ann", "bob", "cai", "dee", "eve")


class Idler:
    """One IMAP session in IDLE on its inbox, read by whoever owns the selector."""

    def __init__(self, port, user):
        self.socket = socket.create_connection(("127.0.0.1", port), WAIT_S)
        self.got = b""
        self.socket.sendall(f"a LOGIN {user} pw\r\nb SELECT INBOX\r\nc IDLE\r\n".encode())
        self.until(b"+ idling\r\n")
        self.socket.setblocking(False)

    def until(self, what):
        while what not in self.got:
            more = self.socket.recv(65536)
            check(more, "an IMAP session was closed")
            self.got += more


def wait_for_all(idlers, what):
    """Until each has heard it."""
    deadline = time.monotonic() + WAIT_S
    with selectors.DefaultSelector() as readable:
        for i in idlers:
            i.got = b""
            readable.register(i.socket, selectors.EVENT_READ, i)
        while readable.get_map():
            check(time.monotonic() < deadline, f"{len(readable.get_map())} of {len(idlers)} sessions were not told")
            for key, _ in readable.select(1):
                key.data.got += key.data.socket.recv(65536)
                if what in key.data.got:
                    readable.unregister(key.data.socket)


def text(subject):
    return f"Subject: {subject}\r\n\r\n{subject}\r\n".encode()


def send(port, who, count, failures):
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=WAIT_S) as s:
            for k in range(count):
                s.sendmail("x@example.org", [f"{ACCOUNTS[(who + k) % len(ACCOUNTS)]}@example.org"], text(f"s{who}.{k}"))
    except Exception as e:  # the thread's own end; the main thread tells
        failures.append(e)


def subjects(server, user):
    with open(f"{server.root}/mail.root/mail/{user}/INBOX", "rb") as f:
        return [line[9:].strip() for line in f if line.startswith(b"Subject: s")]


def resident(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))


def idle(server):
    idlers = [Idler(server.ports["imap"], ACCOUNTS[k % 2]) for k in range(IDLERS)]
    with smtplib.SMTP("127.0.0.1", server.ports["smtp"], timeout=WAIT_S) as s:
        for user in ACCOUNTS[:2]:
            s.sendmail("x@example.org", [f"{user}@example.org"], text("one for all"))
    wait_for_all(idlers, b" EXISTS\r\n")
    print(f"{IDLERS} sessions in IDLE: {resident(server.process.pid)} kB")
    for i in idlers:
        i.socket.close()


def senders(server):
    failures = []
    threads = [threading.Thread(target=send, args=(server.ports["smtp"], k, EACH, failures)) for k in range(SENDERS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check(not failures, f"a sender failed: {failures[:1]}")
    got = sorted(s for user in ACCOUNTS for s in subjects(server, user))
    want = sorted(f"s{who}.{k}".encode() for who in range(SENDERS) for k in range(EACH))
    check(got == want, f"{len(want)} were sent, {len(got)} are there, {len(set(got))} of them different")


with Place() as place:
    users = [word for name in ACCOUNTS for word in ("--user", f"{name}:pw")]
    server = place.tmaild("--domain", "example.org", "--limit", f"connections={IDLERS + 100}", *users)
    idle(server)
    senders(server)
