# SPDX-License-Identifier: MIT
"""Mbox files as an account: procmail, mutt and small locked changes on the one side, tmail on the other."""
import fcntl, os, pty, random, re, shutil, signal, sqlite3, subprocess, sys, threading, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from engine import Store, message, subjects
from tm import EFFORT, SEED, Place, check

SEEN, ANSWERED, FLAGGED, DELETED, DRAFT, FORWARDED = 1, 2, 4, 8, 16, 64
LETTERS = {"R": SEEN, "A": ANSWERED, "F": FLAGGED, "D": DELETED, "T": DRAFT}
FROM = re.compile(rb"(?:^|(?<=\n))From [^\n]* \d\d:\d\d:\d\d [^\n]*\d{4}\n")


class Locked:
    """The file as a delivery agent takes it: NAME.lock beside it, then fcntl."""

    def __init__(self, path, mode="r+b"):
        self.path, self.mode = path, mode

    def __enter__(self):
        mine = f"{self.path}.{os.getpid()}.{threading.get_ident()}"
        with open(mine, "w") as f:
            f.write("0\n")
        while True:
            try:
                os.link(mine, self.path + ".lock")
                break
            except FileExistsError:
                time.sleep(0.005)
        os.unlink(mine)
        self.f = open(self.path, self.mode)
        fcntl.lockf(self.f, fcntl.LOCK_EX)
        return self.f

    def __exit__(self, *exc):
        self.f.close()
        os.unlink(self.path + ".lock")


def text(i, status=""):
    """A message as it stands in a file."""
    head, _, body = message(i).replace(b"\r\n", b"\n").partition(b"\n\n")
    return f"From s{i}@example.org Mon Jan  5 {i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02} 2026\n".encode() + head + b"\n" + status.encode() + b"\n" + body


def parts(path):
    """(subject, flags, bytes) of every message, whoever wrote it."""
    data = open(path, "rb").read() if os.path.exists(path) else b""
    starts = [m.start() for m in FROM.finditer(data)]
    check(not data or starts[:1] == [0], f"it is an mbox: {data[:60]}")
    out = []
    for at, end in zip(starts, starts[1:] + [len(data)]):
        head = data[at:end].partition(b"\n\n")[0].decode()
        letters = "".join(re.findall(r"^(?:X-)?Status: *([A-Z]*) *$", head, re.M))
        subject = re.search(r"^Subject: (.*)$", head, re.M)
        forwarded = FORWARDED if re.search(r"^X-Keywords:.*\$Forwarded", head, re.M) else 0
        out.append((subject.group(1) if subject else "", sum(LETTERS.get(c, 0) for c in set(letters)) | forwarded, data[at:end]))
    return out


class Mbox(Store):
    def __init__(self, place, name="local", what="file", rc=True):
        self.own_rc, self.inbox = rc, None
        self.mail = os.path.join(place, name, "mbox" if what == "file" else "Mail")
        self.what = what
        super().__init__(place, name, 0)
        if what == "file":
            open(self.mail, "w").close()
        else:
            os.makedirs(self.mail)
            open(self.path("INBOX"), "w").close()

    def configure(self, password):
        if not self.own_rc:
            return
        with open(self.rc, "w") as f:
            f.write(f'[account work]\naddress = "jane@example.org"\nreceive = "mbox:{self.mail}"\n')

    def path(self, folder="INBOX"):
        if folder == "INBOX" and self.inbox:
            return self.inbox
        if self.what == "file":
            return self.mail if folder == "INBOX" else f"{self.mail}.folders/{folder}"
        return os.path.join(self.mail, folder)

    def put(self, *numbers, folder="INBOX", status=""):
        with Locked(self.path(folder), "ab") as f:
            for i in numbers:
                f.write(text(i, status) + b"\n")

    def parts(self, folder="INBOX"):
        return parts(self.path(folder))

    def there(self, folder="INBOX"):
        return sorted(p[0] for p in self.parts(folder))

    def flags(self, subject, folder="INBOX"):
        hits = [p[1] for p in self.parts(folder) if p[0] == subject]
        check(len(hits) == 1, f"one {subject} in {folder}: {self.there(folder)}")
        return hits[0]

    def same(self, folder="INBOX"):
        """Store and file say the same."""
        here = sorted((m["subject"], m["flags"] & 127) for m in self.list(folder))
        file = sorted((s, f) for s, f, _ in self.parts(folder))
        check(here == file, f"{folder}: here {here}, in the file {file}\n{self.log()}")

    def leftovers(self):
        """Nothing of ours lies about."""
        odd = [f for f in os.listdir(self.dir) if "-mbox-" in f]
        for top, _, files in os.walk(os.path.dirname(self.mail)):
            odd += [f for f in files if (f.endswith(".lock") or ".lock." in f) and not f.startswith(("mail.db", "."))]  # a lock that was about to be
        return odd


def flags(s):
    s.put(1, 2)
    s.put(3, status="Status: RO\nX-Status: A\n")
    before = os.stat(s.path())
    s.sync()
    check(subjects(s.list("INBOX")) == ["message 1", "message 2", "message 3"], "all are here")
    check(s.find("INBOX", "message 3")["flags"] & 127 == SEEN | ANSWERED, "flags are read")
    old = [p[2] for p in s.parts()]
    one = s.find("INBOX", "message 1")
    s.drive("flag", one["id"], "INBOX", f"+{SEEN | FLAGGED}")
    s.sync()
    check(s.flags("message 1") == SEEN | FLAGGED, f"flags are in the file: {s.parts()}")
    check([p[2] for p in s.parts()][1:] == old[1:], "the others are as they were")
    check(s.parts()[0][2].replace(b"Status: RO\nX-Status: F   \n", b"") == old[0], "and so is all else of the first")
    for read, news in ((1, True), (-1, False)):
        now = os.stat(s.path())
        os.utime(s.path(), ns=(now.st_mtime_ns - read * 10**9, now.st_mtime_ns))
        s.drive("flag", s.find("INBOX", "message 2")["id"], "INBOX", f"{'+' if news else '-'}{FLAGGED}")
        s.sync()
        now = os.stat(s.path())
        check(s.flags("message 2") == (FLAGGED if news else 0) and (now.st_mtime_ns > now.st_atime_ns) == news, f"whether there is new mail: {now}")
    size = os.stat(s.path()).st_size
    s.drive("flag", one["id"], "INBOX", f"+{ANSWERED | DELETED | DRAFT}")
    s.drive("flag", one["id"], "INBOX", f"-{SEEN}")
    s.sync()
    check(s.flags("message 1") == ANSWERED | DELETED | DRAFT | FLAGGED, "more of them")
    check(os.stat(s.path()).st_size == size, "there was room for them")
    s.drive("flag", one["id"], "INBOX", f"+{FORWARDED}")
    s.sync()
    check(s.flags("message 1") & FORWARDED, "forwarded is a keyword")
    s.same()
    now = os.stat(s.path())
    check((now.st_ino, now.st_mode, now.st_uid) == (before.st_ino, before.st_mode, before.st_uid), "it is the same file")
    # both at once
    data = open(s.path(), "rb").read()
    with Locked(s.path()) as f:
        f.write(data.replace(b"Status: RO\nX-Status: A\n", b"Status: RO\nX-Status: AF\n"))
    three = s.find("INBOX", "message 3")
    s.drive("flag", three["id"], "INBOX", f"-{ANSWERED}")
    s.sync()
    check(s.flags("message 3") == SEEN | FLAGGED, f"both changes stand: {s.parts()[2]}")
    s.sync()
    s.same()
    check(s.find("INBOX", "message 3")["id"] == three["id"], "it is the same message")


def moves(s):
    s.put(4, 5)
    s.sync()
    four, five = s.find("INBOX", "message 4"), s.find("INBOX", "message 5")
    raw = [p[2] for p in s.parts() if p[0] == "message 4"][0]
    s.drive("move", four["id"], "INBOX", "Trash")
    s.drive("move", five["id"], "INBOX", "Archive")
    s.sync()
    check(s.there("Trash") == ["message 4"] and s.there("Archive") == ["message 5"], f"folders are made: {s.log()}")
    check("message 4" not in s.there() and "message 5" not in s.there(), "and here they are no more")
    check(s.parts("Trash")[0][2] == raw, "byte for byte")
    check(s.find("Trash", "message 4")["id"] == four["id"], "it is the same message")
    for folder in ("INBOX", "Trash", "Archive"):
        s.same(folder)
    r = s.sync()
    check(r["fetched"] == 0, f"nothing is read again: {r}")
    s.drive("move", five["id"], "Archive", "INBOX")
    s.drive("expunge", four["id"], "Trash")
    s.sync()
    check(not s.there("Trash") and not s.there("Archive") and "message 5" in s.there(), "back, and gone")
    check(os.path.exists(s.path("Trash")), "an empty folder is one")
    s.same()
    # another program moves it
    raw = [p[2] for p in s.parts() if p[0] == "message 5"][0]
    with Locked(s.path()) as f:
        rest = f.read().replace(raw, b"")
        f.seek(0)
        f.write(rest)
        f.truncate()
    with Locked(s.path("Archive"), "ab") as f:
        f.write(raw)
    r = s.sync()
    check(s.find("Archive", "message 5")["id"] == five["id"], "a message that was moved is the same")
    s.same()
    s.same("Archive")


def grown(s):
    """What was read is not read again, whatever happens to the file."""
    s.put(*range(20, 40))
    s.sync()
    ids = {m["subject"]: m["id"] for m in s.list("INBOX")}
    s.put(40)
    check(s.sync()["fetched"] <= 1, "only what is new is read")  # 0: it was noticed before
    s.find("INBOX", "message 40")
    data = open(s.path(), "rb").read()
    with Locked(s.path()) as f:  # as mutt does it: lines of its own in the headers
        new = re.sub(rb"(\nMessage-ID: <m2\d@[^\n]*\n)", rb"\1Status: RO\nContent-Length: 70\nLines: 2\n", data)
        f.write(new)
        f.truncate()
    check(new.count(b"Lines: 2") > 9, "it was changed")
    check(s.sync()["fetched"] == 0, "new lines in the header make no new message")
    check(s.find("INBOX", "message 25")["flags"] & 127 == SEEN, "but flags")
    os.rename(s.path(), s.path() + ".old")
    shutil.copy(s.path() + ".old", s.path())
    os.unlink(s.path() + ".old")
    check(s.sync()["fetched"] == 0, "another file with the same in it")
    shuffled = [p[2] for p in s.parts()]
    random.Random(SEED).shuffle(shuffled)
    with Locked(s.path()) as f:
        f.write(b"".join(p if p.endswith(b"\n\n") else p + b"\n" for p in shuffled))
        f.truncate()
    check(s.sync()["fetched"] == 0, "in another order")
    now = {m["subject"]: m["id"] for m in s.list("INBOX")}
    check(all(now[k] == v for k, v in ids.items()), "each is the same as before")
    s.same()
    os.rename(s.path(), s.path() + ".away")
    s.sync(code=None)
    check(len(s.list("INBOX")) == len(now), "a mailbox that is not there is not empty")
    os.rename(s.path() + ".away", s.path())
    check(s.sync()["fetched"] == 0, "back again")
    s.same()


def odd(s):
    """What files in the wild have in them."""
    count = len(s.list("INBOX"))
    body = b"From me to you\n>From quoted\n>>From twice\n\nFrom the end of a line\n"
    with Locked(s.path(), "ab") as f:
        f.write(text(60).split(b"\n\n")[0] + b"\n\n" + body)  # no empty line at its end
    s.sync()
    sixty = s.find("INBOX", "message 60")
    raw = s.drive("raw", sixty["id"]).encode()
    check(raw == text(60).split(b"\n\n")[0].partition(b"\n")[2].replace(b"\n", b"\r\n") + b"\r\n\r\n" + body.replace(b">From", b"From").replace(b"\n", b"\r\n"),
          f"lines lose a quote: {raw}")
    s.drive("move", sixty["id"], "INBOX", "Archive")
    s.put(61)
    s.sync()
    check([p for p in s.parts("Archive") if p[0] == "message 60"][0][2].endswith(body + b"\n"), "moved as it stands")
    # the same twice is two messages
    s.put(62, 62)
    s.sync()
    check(subjects(s.list("INBOX")).count("message 62") == 2, "equal bytes twice are two messages")
    s.drive("expunge", [m for m in s.list("INBOX") if m["subject"] == "message 62"][0]["id"], "INBOX")
    s.sync()
    s.sync()
    check(s.there().count("message 62") == 1 and subjects(s.list("INBOX")).count("message 62") == 1, "and one is one")
    s.same()
    for path in (s.path() + ".lock",):  # left by a process that is gone
        with open(path, "w") as f:
            f.write("4194000\n")
    s.drive("flag", s.find("INBOX", "message 61")["id"], "INBOX", f"+{FLAGGED}")
    s.sync()
    check(s.flags("message 61") == FLAGGED, "a lock that nobody holds is none")
    check(s.leftovers() == [], f"and is gone: {s.leftovers()}")


def program(words, **more):
    """On a terminal of its own, which nobody reads but us; ends when it does."""
    master, slave = pty.openpty()
    p = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, **more)
    os.close(slave)
    out = b""
    try:
        while part := os.read(master, 65536):
            out += part
    except OSError:
        pass
    os.close(master)
    p.wait(60)
    return out


def mutt(s):
    """mutt sees our flags, and we what it does: it flags, deletes, saves to another mailbox, and writes the file in its own way."""
    if shutil.which("mutt") is None:
        print("mutt is not installed, skipped")
        return
    s.put(*range(70, 76))
    s.sync()
    ids = {i: s.find("INBOX", f"message {i}")["id"] for i in range(70, 76)}
    for i in (70, 71):
        s.drive("flag", ids[i], "INBOX", f"+{FLAGGED | SEEN}")
    s.drive("flag", ids[72], "INBOX", f"+{ANSWERED}")
    s.sync()
    fetched = s.sync()["fetched"]
    rc = os.path.join(s.dir, "muttrc")
    with open(rc, "w") as f:
        f.write("set confirmappend=no confirmcreate=no delete=yes quit=yes move=no wait_key=no mark_old=yes sleep_time=0 header_cache=\n"
                f'push "<limit>~s \'message 7\'<enter><tag-pattern>~F<enter><tag-prefix><save-message><kill-line>{s.path("Archive")}<enter>'
                "<untag-pattern>.<enter><tag-pattern>~Q<enter><tag-prefix><set-flag>!"
                "<delete-pattern>~s 'message 73'<enter><sync-mailbox><exit>\"\n")
    out = program(["mutt", "-n", "-F", rc, "-f", s.path()], env=dict(s.env, TERM="vt100"))
    check({"message 70", "message 71"} <= set(s.there("Archive")), f"mutt took what we flagged: {s.there()} {out[-500:]}")
    check("message 73" not in s.there(), "and deleted one")
    check(s.flags("message 72") & (ANSWERED | FLAGGED) == ANSWERED | FLAGGED, f"and flagged what we answered: {s.parts()}")
    check(s.sync()["fetched"] <= 2 and fetched == 0, "of which nothing else is read again")
    check([s.find("Archive", f"message {i}")["id"] for i in (70, 71)] == [ids[70], ids[71]], "they are the same messages")
    check(s.find("INBOX", "message 75")["id"] == ids[75], "the others too")
    s.same()
    s.same("Archive")


def read_only(s):
    """What may be read and not written: what is done there is undone and told."""
    if os.getuid() == 0:
        return
    s.put(80)
    s.sync()
    eighty = s.find("INBOX", "message 80")
    os.chmod(s.path(), 0o400)
    s.drive("flag", eighty["id"], "INBOX", f"+{FLAGGED}")
    s.drive("expunge", eighty["id"], "INBOX")
    events = s.engine("sync", code=None)
    os.chmod(s.path(), 0o600)
    check(any("ermission denied" in e.get("text", "") for e in events), f"it is told: {events}")
    check(s.find("INBOX", "message 80")["flags"] & 127 == 0, "and undone")
    check(s.drive("journal").split()[0] == "0", f"nothing waits: {s.drive('journal')}")


def locked(s):
    """Somebody else has the lock: it waits until that one is done, or until later; nothing comes in between."""
    s.put(90)
    s.sync()
    s.drive("flag", s.find("INBOX", "message 90")["id"], "INBOX", f"+{FLAGGED}")
    with Locked(s.path()) as f:
        before = f.read()
        w = s.start()
        deadline = time.monotonic() + 60
        while not any(n.startswith(".mbox.lock.") for n in os.listdir(s.dir)) and time.monotonic() < deadline:
            pass  # it tries to make the lock
        f.seek(0)
        check(f.read() == before, "nothing is written")
        f.write(text(91) + b"\n")
    w.wait(60)
    s.sync()
    with sqlite3.connect(s.db) as db:
        db.execute("UPDATE journal SET retry_at = 0")
    s.sync()
    check(s.flags("message 90") == FLAGGED, "then it is")
    s.same()


def not_whole(s):
    """A file that is no mailbox any more, and one that is again."""
    here = subjects(s.list("INBOX"))
    data = open(s.path(), "rb").read()
    with Locked(s.path()) as f:
        f.write(b"\x7fELF")
    s.sync(code=None)
    check(subjects(s.list("INBOX")) == here, "what cannot be read is not gone")
    with Locked(s.path()) as f:
        f.write(data[:4])
    s.sync()
    check(subjects(s.list("INBOX")) == here, "and is read")
    with Locked(s.path()) as f:  # half of a message, from somebody without locks
        f.seek(0, 2)
        f.write(text(95)[:200])
    s.sync()
    with Locked(s.path()) as f:
        f.seek(0, 2)
        f.write(text(95)[200:] + b"\n")
    s.sync()
    s.sync()
    check(subjects(s.list("INBOX")) == sorted(here + ["message 95"]), f"it is there once: {subjects(s.list('INBOX'))}")
    s.same()


def together(s):
    """Another program at the same files all the time: nothing is lost, nothing doubled, and in the end both see the same."""
    rnd, stop = random.Random(SEED), threading.Event()
    s.put(*range(1000, 1040))
    s.put(*range(1040, 1060), folder="Side")
    keys = set(range(1000, 1060))
    done, procmail = [], shutil.which("procmail")

    def flip(part):
        return re.sub(rb"^((?:From [^\n]*\n)(?:[^\n]+\n)*?)(?:Status: [^\n]*\nX-Status: [^\n]*\n)?\n",
                      lambda m: m.group(1) + rnd.choice([b"Status: RO\nX-Status: \n", b"Status: O\nX-Status: F\n", b"Status: R\nX-Status: A\n"]) + b"\n", part, count=1)

    def other():
        n = 0
        while not stop.is_set():
            n += 1
            folder = ("INBOX", "Side")[rnd.randrange(2)]
            what = rnd.randrange(4)
            if what == 0 and n < 300:
                if procmail and rnd.randrange(2):
                    subprocess.run([procmail, f"DEFAULT={s.path(folder)}", "LOCKSLEEP=1", "/dev/null"], input=text(2000 + n), check=True)
                else:
                    s.put(2000 + n, folder=folder)
                keys.add(2000 + n)
            elif what == 1:
                with Locked(s.path(folder)) as f:
                    data = f.read()
                    starts = [m.start() for m in FROM.finditer(data)] + [len(data)]
                    k = rnd.randrange(len(starts) - 1) if len(starts) > 1 else None
                    if k is not None:
                        new = data[:starts[k]] + flip(data[starts[k]:starts[k + 1]]) + data[starts[k + 1]:]
                        f.seek(0)
                        f.write(new)
                        f.truncate()
            done.append(n)
            time.sleep(0.002)

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
    for _ in range(2):
        with sqlite3.connect(s.db) as db:
            db.execute("UPDATE journal SET retry_at = 0")
        s.sync()
    names = s.there() + s.there("Side")
    check(sorted(names) == sorted(f"message {i}" for i in keys), f"each is there once after {len(done)} changes: "
          f"{sorted(set(names) ^ {f'message {i}' for i in keys})} {sorted(n for n in names if names.count(n) > 1)}\n{s.log()}")
    s.same()
    s.same("Side")
    check(s.leftovers() == [], f"nothing lies about: {s.leftovers()}")


def watched(place, receive, name, what):
    p = place.profile(f'[account work]\naddress = "jane@example.org"\nreceive = "{receive}"\n', name)
    s = Mbox(place.path, name, what, rc=False)
    w = subprocess.Popen([os.path.join(os.environ.get("top_builddir", os.getcwd()), "tmail"), "--profile", p.path, "sync", "--watch"],
                         env=p.env, stdout=subprocess.DEVNULL)
    try:
        for i, folder in ((1, "INBOX"), (2, "INBOX"), (3, "New")):
            if folder == "New" and what == "file":
                continue
            s.put(i, folder=folder)
            began = time.monotonic()
            while f"message {i}" not in p.run("list", *(["-f", "New"] if folder == "New" else []), code=None).stdout.decode():
                check(time.monotonic() - began < 30, f"message {i} was not noticed: {p.log()}")
            print(f"noticed after {time.monotonic() - began:.2f} s")
    finally:
        w.send_signal(signal.SIGTERM)
        w.wait(30)


def made_here(place):
    """What is sent here becomes part of a file, once; the INBOX lies elsewhere."""
    p = place.profile('[tmail]\nundo-send = 0\n[account work]\naddress = "Jane Roe <jane@example.org>"\nreceive = "mbox:~/Mail:INBOX=~/spool/jane"\n'
                      f'send = "sendmail:{place.path}/sendmail"\n', "made")
    with open(os.path.join(place.path, "sendmail"), "w") as f:
        f.write("#!/bin/sh\nexec cat >/dev/null\n")
    os.chmod(os.path.join(place.path, "sendmail"), 0o755)
    s = Mbox(place.path, "made", "dir", rc=False)
    s.inbox = os.path.join(s.dir, "spool/jane")
    os.unlink(os.path.join(s.mail, "INBOX"))
    os.makedirs(os.path.dirname(s.inbox))
    os.makedirs(s.path("lists"))
    open(s.path("lists/tmail"), "w").close()
    with open(s.path("notes"), "w") as f:
        f.write("This is no mailbox.\n")
    open(s.path(".hidden"), "w").close()
    os.symlink("..", s.path("lists/back"))
    p.run("sync")
    folders = s.drive("folders").split()
    check(set(folders) & {"INBOX", "lists/tmail", "notes", ".hidden"} == {"INBOX", "lists/tmail"} and "back" not in "".join(folders), str(folders))
    s.put(1)
    p.run("-s", "to bob", "bob@example.org", stdin=b"From me\n>From you\n\nwords\n")
    p.run("sync")
    check(s.there("Sent") == ["to bob"] and s.flags("to bob", "Sent") == SEEN, f"the copy of what was sent: {s.parts('Sent')}")
    raw = s.parts("Sent")[0][2]
    check(raw.startswith(b"From jane@example.org ") and b"\n\n>From me\n>>From you\n\nwords\n\n" in raw and b"\r" not in raw, f"as it is written here: {raw}")
    check(b"\r\n\r\nFrom me\r\n>From you\r\n" in s.drive("raw", s.find("Sent", "to bob")["id"]).encode(), "and read")
    check(len(p.json("list", "-f", "Sent")) == 1, "it is here once")
    one = s.find("INBOX", "message 1")
    check(b"no tags" in p.run("mark", "+flagged", "+todo", "--", str(one["id"]), code=64).stderr, "no tags, which would be gone again")
    for synced in (False, True):
        s.drive("move", one["id"], "INBOX", "lists/tmail")
        if synced:
            p.run("sync")
            check(not s.there() and s.there("lists/tmail") == ["message 1"], "moved")
        s.drive("undo")
        p.run("sync")
        check(s.there() == ["message 1"] and not s.there("lists/tmail"), "what was taken back is where it was")
    check(s.find("INBOX", "message 1")["id"] == one["id"], "it is the same message")
    s.same()
    s.same("lists/tmail")
    check(s.leftovers() == [], f"nothing lies about: {s.leftovers()}")
    s.stop()


def main():
    with Place() as place:
        s = Mbox(place.path)
        for part in (flags, moves, grown, odd, mutt, locked, not_whole, read_only):
            part(s)
        s.stop()
        made_here(place)
        watched(place, "mbox:~/mbox", "watched", "file")
        watched(place, "mbox:~/Mail", "watched-dir", "dir")
        t = Mbox(place.path, "together", "dir")
        together(t)
        t.stop()
    print("ok")


if __name__ == "__main__":
    main()
