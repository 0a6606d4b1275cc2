# SPDX-License-Identifier: MIT
"""Mbox files as an account, with the engine ended at every step, one after the other, and with every operation on a file failing
once. Between that and the next look another program delivers, as it may: afterwards nothing is lost, nothing is doubled, and
store and files say the same. KINDS in the environment: only these."""
import os, shutil, sqlite3, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
from local_mbox import ANSWERED, FLAGGED, SEEN, Mbox
from engine import subjects
from tm import EFFORT, Place, check

KINDS = os.environ.get("KINDS", "").split() or ["exit", "torn", "open", "read", "write", "full", "fsync", "rename"]
MOST = max(4, int(400 * EFFORT))


def prepared(place, name):
    """Mail that comes in, and operations of each kind that wait: with and without another length, in the midst and at the end."""
    s = Mbox(place, name, "dir")
    s.put(11, 12, folder="Side")
    s.put(1, 2, 3, 4)
    s.put(8, status="Status: O \nX-Status:     \n")
    s.put(*range(30, 36))
    s.sync()
    s.stop()
    s.drive("flag", s.find("INBOX", "message 1")["id"], "INBOX", f"+{SEEN | FLAGGED}")
    s.drive("flag", s.find("INBOX", "message 8")["id"], "INBOX", f"+{ANSWERED}")
    s.drive("move", s.find("INBOX", "message 2")["id"], "INBOX", "Side")
    s.drive("move", s.find("Side", "message 11")["id"], "Side", "INBOX")
    s.drive("move", s.find("INBOX", "message 3")["id"], "INBOX", "Archive")
    s.drive("expunge", s.find("INBOX", "message 4")["id"], "INBOX")
    s.put(5, 6)
    s.put(7, folder="Side")
    return s


def claim(s, what, late):
    want = {"INBOX": [1, 5, 6, 8, 11, *range(30, 36)] + ([9] if late else []), "Side": [2, 7, 12] + ([10] if late else []), "Archive": [3]}
    for folder, numbers in want.items():
        names = sorted(f"message {i}" for i in numbers)
        check(s.there(folder) == names, f"{what}: the file {folder} has {s.there(folder)}\n{s.log()}")
        check(subjects(s.list(folder)) == names, f"{what}: {folder} has {subjects(s.list(folder))}")
        s.same(folder)
        check(b"\0" not in open(s.path(folder), "rb").read(), f"{what}: a hole in {folder}")
    check(s.flags("message 1") == SEEN | FLAGGED and s.flags("message 8") == ANSWERED, f"{what}: flags are kept")


def loop(place, kind):
    for n in range(1, MOST + 1):
        s = prepared(place, f"{kind}{n}")
        inodes = [os.stat(s.path(f)).st_ino for f in ("INBOX", "Side")]
        hit = os.path.join(s.dir, "hit")
        plain = dict(s.env)
        s.env.update(TMAIL_FAULT=f"tmail-sync:{kind}:{n}", TMAIL_FAULT_HIT=hit)
        s.engine("sync", code=None)
        s.stop()
        s.env = plain
        late = n % 2 == 0
        if late:
            for folder in ("INBOX", "Side"):
                if os.path.exists(s.path(folder) + ".lock"):  # a program that finds it left behind, later
                    os.unlink(s.path(folder) + ".lock")
            s.put(9)
            s.put(10, folder="Side")
        s.engine("sync", code=None)
        if s.drive("journal").strip():  # what a disk refused is tried again later
            with sqlite3.connect(s.db) as db:
                db.execute("UPDATE journal SET retry_at = 0")
        s.sync()
        point = open(hit).read().strip() if os.path.exists(hit) else None
        claim(s, f"{kind} {n} ({point})", late)
        check(point == "lock release" or s.leftovers() == [], f"{kind} {n} ({point}): left are {s.leftovers()}")
        check([os.stat(s.path(f)).st_ino for f in ("INBOX", "Side")] == inodes, f"{kind} {n}: the files are the same")
        s.stop()
        shutil.rmtree(s.dir)
        if point is None:
            return n - 1
    return MOST


def main():
    with Place(in_memory=True) as place:
        for kind in KINDS:
            print(f"{kind}: {loop(place.path, kind)} points", flush=True)


main()
