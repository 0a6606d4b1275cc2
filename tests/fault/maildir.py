# SPDX-License-Identifier: MIT
"""A Maildir as an account, with the engine ended at every step, one after the other, and with every operation on a file failing once:
afterwards nothing is lost, nothing is doubled, and store and files say the same. KINDS in the environment: only these."""
import os, shutil, sqlite3, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
from local_maildir import FLAGGED, SEEN, Local
from engine import subjects
from tm import EFFORT, Place, check

KINDS = os.environ.get("KINDS", "").split() or ["exit", "open", "read", "write", "fsync", "rename"]
MOST = max(4, int(60 * EFFORT))
LETTERS = {"D": 16, "F": 4, "P": 64, "R": 2, "S": 1, "T": 8}


def prepared(place, name):
    """Mail that comes in, and one operation of each kind that waits."""
    s = Local(place, name)
    s.make(".Side")
    for i in (1, 2, 3, 4):
        s.put(i)
    s.sync()
    s.stop()
    s.drive("flag", s.find("INBOX", "message 1")["id"], "INBOX", f"+{SEEN | FLAGGED}")
    s.drive("move", s.find("INBOX", "message 2")["id"], "INBOX", "Side")
    s.drive("move", s.find("INBOX", "message 3")["id"], "INBOX", "Archive")
    s.drive("expunge", s.find("INBOX", "message 4")["id"], "INBOX")
    for i in (5, 6):
        s.put(i)
    s.put(7, folder=".Side")
    return s


def claim(s, what):
    want = {"INBOX": ["message 1", "message 5", "message 6"], "Side": ["message 2", "message 7"], "Archive": ["message 3"]}
    for folder, there in (("INBOX", ""), ("Side", ".Side"), ("Archive", ".Archive")):
        rows = s.list(folder)
        check(subjects(rows) == want[folder], f"{what}: {folder} has {subjects(rows)}")
        files = s.files(there)
        check(len(files) == len(rows), f"{what}: {folder} has the files {files}")
        flags = sorted(sum(LETTERS.get(c, 0) for c in f.partition(":2,")[2]) for f in files)
        check(flags == sorted(m["flags"] & 127 for m in rows), f"{what}: the flags of {folder}")
        check(not os.listdir(os.path.join(s.mail, there, "tmp")), f"{what}: nothing is left in tmp")
    check(s.find("INBOX", "message 1")["flags"] & 127 == SEEN | FLAGGED, f"{what}: flags are kept")


def loop(place, kind):
    for n in range(1, MOST + 1):
        s = prepared(place, f"{kind}{n}")
        hit = os.path.join(s.dir, "hit")
        plain = dict(s.env)
        s.env.update(TMAIL_FAULT=f"tmail-sync:{kind}:{n}", TMAIL_FAULT_HIT=hit)
        s.engine("sync", code=None)
        s.stop()
        s.env = plain
        s.engine("sync", code=None)
        if s.drive("journal").strip():  # what a disk refused is tried again later
            with sqlite3.connect(s.db) as db:
                db.execute("UPDATE journal SET retry_at = 0")
        s.sync()
        claim(s, f"{kind} {n}")
        s.stop()
        point = open(hit).read().strip() if os.path.exists(hit) else None
        shutil.rmtree(s.dir)
        if point is None:
            return n - 1
    return MOST


def main():
    with Place(in_memory=True) as place:
        for kind in KINDS:
            print(f"{kind}: {loop(place.path, kind)} points")


main()
