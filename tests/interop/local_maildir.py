# SPDX-License-Identifier: MIT
"""A Maildir as an account: Python's mailbox module, and plain renames as other programs make them, on the one side, tmail on the other."""
import mailbox, os, random, signal, subprocess, sys, threading, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from engine import Store, message, subjects
from tm import EFFORT, SEED, Place, check

SEEN, ANSWERED, FLAGGED, DELETED, DRAFT, FORWARDED = 1, 2, 4, 8, 16, 64


class Local(Store):
    def __init__(self, place, name="local", rc=True):
        self.mail, self.own_rc = os.path.join(place, name, "Maildir"), rc
        super().__init__(place, name, 0)
        for part in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(self.mail, part))
        self.n = 0

    def configure(self, password):
        if not self.own_rc:
            return
        with open(self.rc, "w") as f:
            f.write(f'[account work]\naddress = "jane@example.org"\nreceive = "maildir:{self.mail}"\n')

    def folder(self, name=""):
        return mailbox.Maildir(os.path.join(self.mail, name) if name else self.mail, factory=None)

    def put(self, i, where="new", name=None, folder=""):
        """As an MDA does it."""
        self.n += 1
        name = name or f"{1700000000 + i}.M{self.n}P1.host"
        tmp = os.path.join(self.mail, folder, "tmp", name)
        with open(tmp, "wb") as f:
            f.write(message(i).replace(b"\r\n", b"\n"))
        os.rename(tmp, os.path.join(self.mail, folder, where, name))
        return name

    def files(self, folder=""):
        return sorted(part + "/" + name for part in ("new", "cur") for name in os.listdir(os.path.join(self.mail, folder, part)))

    def file(self, base, folder=""):
        hits = [f for f in self.files(folder) if f[4:].split(":")[0] == base]
        check(len(hits) == 1, f"one file {base} in {folder or 'INBOX'}: {self.files(folder)}")
        return hits[0]

    def make(self, folder):
        for part in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(self.mail, folder, part), exist_ok=True)


def flags(s):
    a, b = s.put(1), s.put(2, "cur", "1700000002.b.host:2,Zax")
    s.sync()
    check(subjects(s.list("INBOX")) == ["message 1", "message 2"], "both are here")
    one, two = s.find("INBOX", "message 1"), s.find("INBOX", "message 2")
    s.drive("flag", one["id"], "INBOX", f"+{SEEN | FLAGGED}")
    s.drive("flag", two["id"], "INBOX", f"+{ANSWERED | FORWARDED | DRAFT}")
    s.sync()
    check(s.file(a) == f"cur/{a}:2,FS", f"flags are in the name: {s.files()}")
    check(s.file("1700000002.b.host") == "cur/1700000002.b.host:2,DPRZax", f"letters of others stay: {s.files()}")
    box = s.folder()
    box[a] = m = box[a]
    m.set_flags("RT")
    box[a] = m
    s.sync()
    check(s.find("INBOX", "message 1")["flags"] & 127 == ANSWERED | DELETED, "what Python's mailbox wrote is here")
    # flags of both at the same time, the file renamed under us
    os.rename(os.path.join(s.mail, s.file(a)), os.path.join(s.mail, f"cur/{a}:2,S"))
    s.drive("flag", one["id"], "INBOX", f"+{FLAGGED}")
    s.sync()
    check(s.file(a) == f"cur/{a}:2,FS", f"both changes stand: {s.files()} {s.drive('journal')} {s.log()}")
    check(s.find("INBOX", "message 1")["flags"] & 127 == SEEN | FLAGGED, "and are seen")
    check(s.find("INBOX", "message 1")["id"] == one["id"], "it is the same message")


def moves(s):
    s.make(".Archive.2026")
    s.make("lists/tmail")
    s.put(3)
    s.sync()
    three = s.find("INBOX", "message 3")
    old = s.file(s.files()[[f"Body of 3." in open(os.path.join(s.mail, f)).read() for f in s.files()].index(True)][4:].split(":")[0])
    os.rename(os.path.join(s.mail, old), os.path.join(s.mail, ".Archive.2026/cur/1800000000.other.name:2,S"))
    r = s.sync()
    check(r["fetched"] <= 1, f"it is read at most once more: {r}")
    check(s.find("Archive/2026", "message 3")["id"] == three["id"], "a message that was moved is the same")
    check("message 3" not in subjects(s.list("INBOX")), "and lies here no more")
    s.drive("move", three["id"], "Archive/2026", "lists/tmail")
    s.sync()
    check(s.files("lists/tmail") == ["cur/1800000000.other.name:2,S"] and not s.files(".Archive.2026"), "ours is a rename")
    check(s.find("lists/tmail", "message 3")["id"] == three["id"], "the same")
    s.drive("move", three["id"], "lists/tmail", "Trash")
    s.sync()
    check(s.files(".Trash") == ["cur/1800000000.other.name:2,S"], f"Trash is made, in the style of Maildir++: {os.listdir(s.mail)}")
    s.drive("expunge", three["id"], "Trash")
    s.sync()
    check(not s.files(".Trash") and not s.list("Trash"), "expunged")
    s.make(".Gone")
    s.put(4, folder=".Gone")
    s.sync()
    check(subjects(s.list("Gone")) == ["message 4"], "a new folder is seen")
    for part in ("new", "cur", "tmp"):
        os.rename(os.path.join(s.mail, ".Gone", part), os.path.join(s.mail, "lists", part))
    os.rmdir(os.path.join(s.mail, ".Gone"))
    s.sync()
    check("Gone" not in s.drive("folders"), "a folder that is gone is gone")
    check(subjects(s.list("lists")) == ["message 4"], "and its mail where it went")




def made_here(place):
    """What is sent, drafted and copied here becomes files, once each."""
    p = place.profile('[tmail]\nundo-send = 0\n[account work]\naddress = "Jane Roe <jane@example.org>"\nreceive = "maildir:~/Maildir"\n'
                      f'send = "sendmail:{place.path}/sendmail"\n', "made")
    with open(os.path.join(place.path, "sendmail"), "w") as f:
        f.write("#!/bin/sh\nexec cat >/dev/null\n")
    os.chmod(os.path.join(place.path, "sendmail"), 0o755)
    s = Local(place.path, "made", rc=False)
    s.make("Kept")  # plain folders are the style of this one
    s.put(1)
    p.run("sync")
    p.run("-s", "to bob", "bob@example.org", stdin=b"words\n")
    p.run("sync")
    sent = s.files("Sent")
    check(len(sent) == 1 and sent[0].startswith("cur/") and sent[0].endswith(":2,S"), f"the copy of what was sent: {sent}")
    text = open(os.path.join(s.mail, "Sent", sent[0]), "rb").read()
    check(b"Subject: to bob\n" in text and b"\r" not in text, "lines end as they do here")
    check(len(p.json("list", "-f", "Sent")) == 1, "and it is here once")
    one = s.find("INBOX", "message 1")
    s.drive("move", one["id"], "INBOX", "Kept")
    s.drive("undo")
    p.run("sync")
    check(len(s.files()) == 1 and not s.files("Kept"), "what was taken back is where it was")
    s.drive("move", one["id"], "INBOX", "Kept")
    p.run("sync")
    check(not s.files() and len(s.files("Kept")) == 1, "moved")
    s.drive("undo")
    p.run("sync")
    check(len(s.files()) == 1 and not s.files("Kept"), "and taken back")
    check(s.find("INBOX", "message 1")["id"] == one["id"], "it is the same message")
    p.run("mark", "+flagged", "--", str(one["id"]))
    check(b"Maildir" in p.run("mark", "+flagged", "+todo", "--", str(one["id"]), code=64).stderr, "no tags, which would be gone again")
    check(b"files" in p.run("folders", "create", "Other", code=64).stderr, "nor folders by tmail")
    s.stop()


def read_only(s):
    """A Maildir that may be read and not written: what is done there is undone and told."""
    if os.getuid() == 0:
        return
    s.put(80)
    s.sync()
    eighty = s.find("INBOX", "message 80")
    for part in ("cur", "new", "tmp", "."):
        os.chmod(os.path.join(s.mail, part), 0o500)
    s.drive("flag", eighty["id"], "INBOX", f"+{FLAGGED}")
    s.drive("expunge", eighty["id"], "INBOX")
    events = s.engine("sync", code=None)
    for part in ("cur", "new", "tmp", "."):
        os.chmod(os.path.join(s.mail, part), 0o700)
    check(any("ermission denied" in e.get("text", "") for e in events), f"it is told: {events}")
    check(s.find("INBOX", "message 80")["flags"] & 127 == 0, "and undone")
    check(s.drive("journal").split()[0] == "0", f"nothing waits: {s.drive('journal')}")


def hostile(s):
    cur = os.path.join(s.mail, "cur")
    before = subjects(s.list("INBOX"))
    os.mkfifo(os.path.join(cur, "1700000100.fifo.host:2,S"))
    os.symlink("/etc/passwd", os.path.join(cur, "1700000101.link.host:2,S"))
    os.mkdir(os.path.join(cur, "1700000102.dir.host:2,S"))
    names = {50: "1700000050.\n\x1b[31m.host", 51: "1700000051." + "x" * 240, 52: "no-time", 53: "1700000053.a:2,:2,S", 54: ":2,S",
             55: "1700000055.\udcff.host"}
    for i, name in names.items():
        s.put(i, "cur", name)
    s.sync()
    have = subjects(s.list("INBOX"))
    check(set(have) - set(before) == {f"message {i}" for i in (50, 51, 52, 53, 55)}, f"files are messages, all else is not: {have}")
    for i in (50, 52, 53, 55):
        s.drive("flag", s.find("INBOX", f"message {i}")["id"], "INBOX", f"+{FLAGGED}")
    s.drive("flag", s.find("INBOX", "message 51")["id"], "INBOX", f"+{SEEN | ANSWERED | FLAGGED}")
    s.sync()
    check(s.find("INBOX", "message 50")["flags"] & FLAGGED and "1700000050.\n\x1b[31m.host:2,F" in os.listdir(cur), "any name will do")
    check(any(n.startswith("1700000051") and len(os.fsencode(n)) == 251 for n in os.listdir(cur)) and
          s.find("INBOX", "message 51")["flags"] & 127 in (0, 7), "a name that would be too long stays")
    for i in (50, 51, 52, 53, 55):
        s.drive("expunge", s.find("INBOX", f"message {i}")["id"], "INBOX")
    s.sync()
    check(subjects(s.list("INBOX")) == before, "gone")
    # doubles are two messages; a file that is empty is one
    s.put(60, name="1700000060.one.host")
    s.put(60, name="1700000060.two.host")
    s.sync()
    check(subjects(s.list("INBOX")).count("message 60") == 2, "equal bytes twice are two messages")
    os.unlink(os.path.join(s.mail, s.file("1700000060.one.host")))
    s.sync()
    s.find("INBOX", "message 60")


def denied(s):
    if os.getuid() == 0:
        return
    s.make(".Shut")
    s.put(70, folder=".Shut")
    s.sync()
    for mode in (0, 0o500, 0o444):
        os.chmod(os.path.join(s.mail, ".Shut"), mode)
        s.put(71 + mode)
        s.sync()
        check(subjects(s.list("Shut")) == ["message 70"], f"mode {mode:o}: what cannot be looked at is not gone")
        check(f"message {71 + mode}" in subjects(s.list("INBOX")), "the rest goes on")
        os.chmod(os.path.join(s.mail, ".Shut"), 0o700)
    os.rename(s.mail, s.mail + ".away")
    before = subjects(s.list("INBOX"))
    s.sync(code=None)
    check(subjects(s.list("INBOX")) == before, "an account that is not there is not empty")
    os.rename(s.mail + ".away", s.mail)
    s.sync()
    check(subjects(s.list("INBOX")) == before, "back again")


def together(s):
    """Another program at the same files all the time: nothing is lost, nothing doubled, and in the end both see the same."""
    rnd, stop = random.Random(SEED), threading.Event()
    s.make(".Side")
    keys = [s.put(1000 + i)[:] for i in range(60)]
    done = []

    def other():
        n = 0
        while not stop.is_set():
            n += 1
            folders = ["", ".Side"]
            there = folders[rnd.randrange(2)]
            files = s.files(there)
            what = rnd.randrange(4)
            try:
                if what == 0 and n < 400:
                    keys.append(s.put(2000 + n, folder=there))
                elif files and what == 1:
                    f = rnd.choice(files)
                    base = f[4:].split(":")[0]
                    os.rename(os.path.join(s.mail, there, f), os.path.join(s.mail, there, "cur", base + ":2," + rnd.choice(["", "S", "FS", "RS"])))
                elif files and what == 2:
                    f = rnd.choice(files)
                    os.rename(os.path.join(s.mail, there, f), os.path.join(s.mail, folders[there == ""], "cur", f[4:]))
            except FileNotFoundError:
                pass
            done.append(n)
            time.sleep(0.001)

    t = threading.Thread(target=other)
    t.start()
    for _ in range(max(3, int(6 * EFFORT))):
        s.sync(code=None)
        for folder in ("INBOX", "Side"):
            rows = s.list(folder)
            for m in rnd.sample(rows, min(4, len(rows))):
                s.drive("flag", m["id"], folder, f"+{FLAGGED}", code=None)
            for m in rnd.sample(rows, min(2, len(rows))):
                s.drive("move", m["id"], folder, "Side" if folder == "INBOX" else "INBOX", code=None)
    stop.set()
    t.join()
    s.sync()
    s.sync()
    bases = sorted(f[4:].split(":")[0] for there in ("", ".Side") for f in s.files(there))
    check(len(bases) == len(set(bases)), "no name twice")
    check(set(keys) <= set(bases), f"nothing is lost: {set(keys) - set(bases)}")
    for folder, there in (("INBOX", ""), ("Side", ".Side")):
        rows = s.list(folder)
        check(len(rows) == len(s.files(there)), f"{folder}: {len(rows)} here, {len(s.files(there))} files after {len(done)} changes")
        letters = {"S": SEEN, "F": FLAGGED, "R": ANSWERED, "T": DELETED, "D": DRAFT, "P": FORWARDED}
        files = sorted(sum(letters.get(c, 0) for c in f.partition(":2,")[2]) for f in s.files(there))
        check(sorted(m["flags"] & 127 for m in rows) == files, f"{folder}: the same flags")


def watched(place):
    p = place.profile('[account work]\naddress = "jane@example.org"\nreceive = "maildir:~/Maildir"\n', "watched")
    s = Local(place.path, "watched", rc=False)
    w = subprocess.Popen([os.path.join(os.environ.get("top_builddir", os.getcwd()), "tmail"), "--profile", p.path, "sync", "--watch"],
                         env=p.env, stdout=subprocess.DEVNULL)
    try:
        for i, where in ((1, ""), (2, ""), (3, ".New"), (4, ""), (5, ".Late")):
            if where:
                s.make(where)
            if i == 4:  # once this is noticed, the half of a folder has been seen
                os.makedirs(os.path.join(s.mail, ".Late", "cur"))
            s.put(i, folder=where)
            began = time.monotonic()
            while f"message {i}" not in p.run("list", *(["-f", where[1:]] if where else []), code=None).stdout.decode():
                check(time.monotonic() - began < 30, f"message {i} was not noticed: {p.log()}")
            print(f"noticed after {time.monotonic() - began:.2f} s")
    finally:
        w.send_signal(signal.SIGTERM)
        w.wait(30)


def main():
    with Place() as place:
        s = Local(place.path)
        for part in (flags, moves, hostile, denied, read_only):
            part(s)
        s.stop()
        watched(place)
        made_here(place)
        t = Local(place.path, "together")
        together(t)
        t.stop()
    print("ok")


if __name__ == "__main__":
    main()
