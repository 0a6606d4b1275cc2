# SPDX-License-Identifier: MIT
"""What the engine fetches from servers that can much and from servers that can little: after the same random changes by another
client the store has what the server has, whatever ways there are to look at it; what was moved is not fetched again; what has not
changed is not opened. Usage: pull.py [SEED [ROUNDS]]"""
import contextlib, os, random, re, socket, sqlite3, sys, tempfile, threading, time, zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dovecot
from engine import Ours, Store, message
from fake_imap import Fake
from tm import SEED, check, fail

EVERYTHING = "IMAP4rev1 LITERAL+ IDLE ENABLE UIDPLUS MOVE UNSELECT ESEARCH SPECIAL-USE LIST-EXTENDED LIST-STATUS CONDSTORE QRESYNC"
BITS = {b"\\seen": 1, b"\\answered": 2, b"\\flagged": 4, b"\\deleted": 8, b"\\draft": 16, b"$forwarded": 64}
FOLDERS = ["INBOX", "A", "B", "C"]


def without(*words):
    return " ".join(w for w in EVERYTHING.split() if w not in words)


class Wire(threading.Thread):
    """In front of a server: keeps what the client sends; change(line) may rewrite what the server says; pace: its bytes in a second."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.server, self.said, self.change, self.pace = port, {}, None, 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=20)
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server))
            except OSError:
                return
            for s in (client, server):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.pass_on, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.pass_on, args=(server, client, False), daemon=True).start()

    def pass_on(self, a, b, out):
        rest = b""
        try:
            while got := a.recv(1 << 16):
                if out:
                    self.said.setdefault(a, []).append(got)
                elif self.change is not None or rest:
                    lines = (rest + got).split(b"\r\n")
                    rest = lines.pop()
                    got = b"".join(self.change(line + b"\r\n") if self.change else line + b"\r\n" for line in lines)
                while got:
                    b.sendall(got[:8192])
                    if not out and self.pace:
                        time.sleep(min(len(got), 8192) / self.pace)
                    got = got[8192:]
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def take(self):
        """The commands since the last time, without their tags; those of the connection that only waits are left out."""
        said, self.said = [b"".join(pieces) for pieces in list(self.said.values())], {}
        return [line.split(b" ", 1)[-1] for one in said if b" LIST " in one for line in one.split(b"\r\n") if line]


def words(line):
    """Keywords of a FLAGS list: what is no flag that the store has as a bit."""
    return tuple(sorted(w for w in line.split() if not w.startswith(b"\\") and w.lower() != b"$forwarded"))


def there(server):
    """{folder: {uid: (flags, keywords, subject)}} as the server has it."""
    imap, all_of = server.login(), {}
    for line in imap.list()[1]:
        name = re.search(rb'"?([^" ]+)"?$', line).group(1).decode()
        if imap.select(f'"{name}"', readonly=True)[0] != "OK":
            continue
        rows = all_of[name] = {}
        for got in imap.uid("fetch", "1:*", "(UID FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]:
            if not isinstance(got, tuple):
                continue
            flags = re.search(rb"FLAGS \(([^)]*)\)", got[0]).group(1)
            uid = int(re.search(rb"UID (\d+)", got[0]).group(1))
            subject = got[1].decode().split(":", 1)[1].strip()
            bits = sum(BITS.get(f.lower(), 0) for f in flags.split())
            rows[uid] = (bits, words(flags), subject)
    imap.logout()
    return {name: rows for name, rows in all_of.items() if rows}


def here(s, bodies=True):
    db, all_of = sqlite3.connect(s.db), {}
    for name, uid, flags, keywords, subject, body in db.execute(
            "SELECT f.wire, p.uid, p.server_flags, p.keywords, m.subject, m.body FROM placement p JOIN folder f ON f.id = p.folder"
            " JOIN message m ON m.id = p.message"):
        check(body > 0 or not bodies, f"{subject} has its body")
        rows = all_of.setdefault(name.decode(), {})
        check(uid not in rows, f"uid {uid} once")
        rows[uid] = (flags, tuple(sorted(keywords.encode().split())), subject)
    db.close()
    return all_of


def same(server, s, what, bodies=True):
    want, have = there(server), here(s, bodies)
    if want != have:
        for name in sorted(set(want) | set(have)):
            w, h = want.get(name, {}), have.get(name, {})
            for uid in sorted(set(w) | set(h)):
                if w.get(uid) != h.get(uid):
                    print(f"{name}/{uid}: there {w.get(uid)}, here {h.get(uid)}")
        fail(what + "\n" + s.log())


class Other:
    """Another client, which does random things. new: how many messages have come that were nowhere before."""

    def __init__(self, server, rand):
        self.imap, self.rand, self.n, self.new = server.login(), rand, 10000, 0

    def uids(self, folder):
        self.imap.select(folder)
        return self.imap.uid("search", None, "ALL")[1][0].split()

    def some(self, folder):
        uids = self.uids(folder)
        return b",".join(self.rand.sample(uids, self.rand.randint(1, min(4, len(uids))))) if uids else None

    def act(self):
        folder, target = self.rand.sample(FOLDERS, 2)
        what = self.rand.choice(["append", "append", "flag", "flag", "word", "move", "move", "copy", "expunge", "again"])
        if what == "append":
            for _ in range(self.rand.randint(1, 3)):
                self.n += 1
                self.new += 1
                self.imap.append(folder, None, None, message(self.n))
        elif what == "again":
            self.again(folder)
        elif (uids := self.some(folder)) is not None:
            if what == "flag":
                self.imap.uid("store", uids, self.rand.choice(["+FLAGS", "-FLAGS"]),
                              self.rand.choice(["(\\Seen)", "(\\Flagged)", "(\\Answered \\Flagged)", "($Forwarded)"]))
            elif what == "word":
                self.imap.uid("store", uids, self.rand.choice(["+FLAGS", "-FLAGS"]), self.rand.choice(["(work)", "(todo)"]))
            elif what == "move":
                self.imap.uid("move", uids, target)
            elif what == "copy":
                self.imap.uid("copy", uids, target)
            else:
                self.imap.uid("store", uids, "+FLAGS", "(\\Deleted)")
                self.imap.expunge()

    def again(self, folder):
        """The folder goes, and one of that name comes: UIDVALIDITY is another one."""
        if folder == "INBOX":
            return
        uids = self.uids(folder)
        self.imap.create("Kept")
        if uids:
            self.imap.uid("move", b"1:*", "Kept")
        self.imap.unselect() if hasattr(self.imap, "unselect") else self.imap.select("INBOX")
        self.imap.delete(folder)
        self.imap.create(folder)
        self.imap.select("Kept")
        if uids:
            self.imap.uid("move", b"1:*", folder)
        self.imap.select("INBOX")
        self.imap.delete("Kept")


def begin(server, name="store", port=None):
    imap = server.login()
    for folder in FOLDERS[1:]:
        imap.create(folder)
    for i, folder in enumerate(FOLDERS):
        for k in range(8):
            imap.append(folder, None, None, message(100 * i + k))
    imap.logout()
    s = Store(server.place, name, port or server.port)
    s.sync()
    return s


def random_changes(kind, server, seed, rounds):
    rand = random.Random(seed)
    s, other = begin(server), Other(server, rand)
    same(server, s, f"{kind}: the first time")
    for r in range(rounds):
        other.new = 0
        for _ in range(rand.randint(1, 6)):
            other.act()
        if r % 3 == 0:
            s.stop()
        done = s.sync()
        same(server, s, f"{kind}, seed {seed}, round {r}")
        if not rand.randint(0, 3):
            check(s.sync()["fetched"] == 0, "and nothing more comes")
    other.imap.logout()
    s.stop()
    print(f"{kind}: {rounds} rounds")


def moved(kind, server):
    """Moves and renames by another client fetch nothing, in whichever order the folders are looked at."""
    s = begin(server, "moved")
    imap = server.login()
    for a, b in (("A", "B"), ("C", "A"), ("INBOX", "C"), ("B", "INBOX")):
        imap.select(a)
        imap.uid("move", b"1:*", b)
        done = s.sync()
        check(done["fetched"] == 0, f"{kind}: moved from {a} to {b}: {done}")
        same(server, s, f"{kind}: {a} to {b}")
    imap.select("INBOX")
    imap.rename("C", "Renamed")
    done = s.sync()
    check(done["fetched"] == 0, f"{kind}: a folder is renamed: {done}")
    same(server, s, f"{kind}: renamed")
    imap.select("INBOX")
    imap.uid("move", b"1:*", "A")
    server.append("A", message(4711))
    done = s.sync()
    check(done["fetched"] == 1, f"{kind}: one is new among those that were moved: {done}")
    imap.rename("Renamed", "C")
    imap.logout()
    s.sync()
    s.stop()


def quiet(kind, server, ways):
    """What is asked when nothing is new, and when one message is, by an engine that has just been started."""
    wire = Wire(server.port)
    s = begin(server, "quiet", wire.port)
    s.sync()
    s.stop()
    wire.take()
    s.sync()
    asked = wire.take()
    s.stop()
    opened = [c for c in asked if c.startswith((b"EXAMINE", b"SELECT"))]
    fetched = [c for c in asked if c.startswith(b"UID FETCH")]
    if ways != "flags":
        check(not opened and not fetched, f"{kind}: nothing new, nothing opened: {asked}")
    check(sum(c.startswith(b"STATUS") for c in asked) == (0 if "LIST-STATUS" in ways else len(asked) and
          sum(c.startswith(b"STATUS") for c in asked)), f"{kind}: {asked}")
    if "LIST-STATUS" in ways:
        check(not any(c.startswith(b"STATUS") for c in asked), f"{kind}: one LIST says all: {asked}")
    server.append("B", message(90001))
    wire.take()
    check(s.sync()["fetched"] == 1, f"{kind}: one new")
    asked = wire.take()
    same(server, s, f"{kind}: one new")
    s.stop()
    if ways != "flags":
        opened = [c for c in asked if c.startswith((b"EXAMINE", b"SELECT"))]
        check(len(opened) == 1, f"{kind}: one folder is opened: {asked}")
        check((b"QRESYNC" in opened[0]) == ("QRESYNC" in ways), f"{kind}: {opened}")
        check(any(b"CHANGEDSINCE" in c for c in asked) == ("CONDSTORE" in ways), f"{kind}: {asked}")


def lies(server):
    """A server that says what is not so: the store ends up with what is there all the same."""
    wire = Wire(server.port)
    s = begin(server, "lies", wire.port)
    s.sync()

    def vanished(line):
        return line + (b"* VANISHED (EARLIER) 1:3\r\n" if b"HIGHESTMODSEQ" in line and b"* OK" in line else b"")

    def silent(line):
        return b"" if b"VANISHED" in line else line

    def no_modseq(line):
        return re.sub(rb"^\* OK \[HIGHESTMODSEQ \d+\]", b"* OK [NOMODSEQ]", line)

    def backwards(line):
        return re.sub(rb"HIGHESTMODSEQ \d+", b"HIGHESTMODSEQ 2", line)

    for change in (vanished, silent, no_modseq, backwards, None):
        wire.change = change
        imap = server.login()
        imap.select("A")
        uids = imap.uid("search", None, "ALL")[1][0].split()
        imap.uid("store", uids[-1], "+FLAGS", "(\\Flagged)")
        imap.uid("store", uids[0], "+FLAGS", "(\\Deleted)")
        imap.expunge()
        imap.append("A", None, None, message(95000))
        imap.logout()
        s.sync()
        same(server, s, f"a lie: {change and change.__name__}")
        s.stop()


def offline(server):
    """Bodies by policy, and what is opened is fetched."""
    s = Store(server.place, "offline", server.port)
    imap = server.login()
    imap.create("Old")
    old = time.time() - 200 * 86400
    for i in range(3):
        imap.append("Old", None, imap_time(old + i), message(7000 + i))
        imap.append("Old", None, None, message(7100 + i))
        imap.append("INBOX", None, None, message(7200 + i))
    imap.logout()
    rc = open(s.rc).read()

    def policy(account, folders=""):
        with open(s.rc, "w") as f:
            f.write(rc + f"offline = {account}\n" + folders)

    def bodies(folder):
        return {m["subject"]: m["body"] for m in s.list(folder)}

    policy("headers", '[folder Old]\noffline = "90d"\n')
    s.sync()
    check(not any(bodies("INBOX").values()) and len(bodies("INBOX")) > 0, "headers only")
    check(sorted(k for k, v in bodies("Old").items() if v) == [f"message {7100 + i}" for i in range(3)], f"90 days: {bodies('Old')}")
    same(server, s, "headers", bodies=False)
    m = s.list("INBOX")[0]
    check(s.engine("body", m["id"])[-1].get("text", "") == "", "opened")
    check([r["id"] for r in s.list("INBOX") if r["body"]] == [m["id"]], "what is opened is here")
    check(s.sync()["fetched"] == 0, "and nothing else comes")
    s.stop()
    policy("all", '[folder work/old]\noffline = headers\n')
    s.sync()
    check(all(bodies("INBOX").values()), "more is wanted: it comes")
    check(sum(bodies("Old").values()) == 3, "less is wanted: what is here stays")
    s.stop()
    policy("all")
    s.sync()
    check(all(bodies("Old").values()), "all")
    s.stop()


def slow(server):
    """On a slow line a message that is opened does not wait for all the others, and what comes is deflated."""
    n = 600
    server.deliver(message(i, pad=1500) for i in range(n))
    wire = Wire(server.port)
    wire.pace = 256 << 10  # so slow that most is still to come whenever we look
    s = Store(server.place, "slow", wire.port)
    p = s.start()
    while "\n" not in s.drive("list", "INBOX", code=None):
        check(p.poll() is None, "headers come before bodies")
    m = [m for m in s.list("INBOX") if not m["body"]][-1]
    check(s.engine("body", m["id"])[-1].get("text", "") == "", "opened meanwhile")
    rows = s.list("INBOX")
    check([r["body"] for r in rows if r["id"] == m["id"]] == [True], "it is here")
    check(len(rows) < n or not all(r["body"] for r in rows), "and others are not yet")
    wire.pace = 1 << 20
    check(p.wait(60) == 0, "all come in the end")
    check(len(s.list("INBOX")) == n and all(r["body"] for r in s.list("INBOX")), "with their bodies")
    check(b"COMPRESS DEFLATE" in wire.take(), "deflated")
    s.stop()


def sized(place):
    """STATUS=SIZE: asked for once, for the first sync, which then knows from its beginning how much is to come."""
    server = Fake("IMAP4rev1 UIDPLUS LIST-EXTENDED LIST-STATUS STATUS=SIZE")
    for i in range(300):
        server.put("INBOX", message(i))
    all_of_it = sum(len(m[1]) for m in server.folders["INBOX"].values())
    s = Store(place, "sized", server.port)
    events = [e for e in s.engine("sync") if e["event"] == "progress"]
    check(events[0].get("done", 0) == 0 and events[0]["more"] == all_of_it, f"{events[:2]}, not {all_of_it}")
    check(events[-1]["done"] == 300 and "more" not in events[-1], f"{events[-2:]}")
    server.put("INBOX", message(300))
    events = [e for e in s.engine("sync") if e["event"] == "progress"]
    check(all("more" not in e for e in events), f"{events}")
    check([" SIZE)" in c for c in server.commands if c.startswith("LIST")].count(True) == 1, f"{server.commands}")
    check(len(s.list("INBOX")) == 301, "all are here")
    s.stop()


def previews(kind, place, server, put):
    """Of what stays on the server a list still has the beginning of its text, in one line."""
    put(message(1, pad=2))
    s = Store(place, f"previews{server.port}", server.port)
    with open(s.rc, "a") as f:
        f.write("offline = headers\n")
    s.sync()

    def kept():
        with contextlib.closing(sqlite3.connect(s.db)) as db:
            return db.execute("SELECT preview FROM message WHERE subject = 'message 1'").fetchall()
    check(kept()[0][0].startswith("Body of 1. ") and "\n" not in kept()[0][0], f"{kind}: {kept()}\n{s.log()}")
    check(not s.find("INBOX", "message 1")["body"], f"{kind}: the body stays there")
    check(s.engine("body", s.find("INBOX", "message 1")["id"])[-1].get("text", "") == "", f"{kind}: opened")
    check(kept()[0][0].startswith("Body of 1. "), f"{kind}: {kept()}")
    s.stop()


class Named(Fake):
    """A server that has names for messages: EMAILID, or Gmail's numbers."""

    def __init__(self, item):
        super().__init__("IMAP4rev1 UIDPLUS MOVE " + {"EMAILID": "OBJECTID", "X-GM-MSGID": "X-GM-EXT-1"}[item])
        self.item = item

    def fetch(self, box, arg):
        if self.item not in arg[1:] and f"({self.item}" not in arg[1:] and f"{self.item})" not in arg[1:]:
            return super().fetch(box, arg)
        out = b""
        for u in self.uids(box, arg[0]):
            number = zlib.crc32(box[u][1]) + 1
            name = f"(M{number})" if self.item == "EMAILID" else str(number)
            out += super().fetch(box, [str(u)] + arg[1:]).replace(b"(UID", f"({self.item} {name} UID".encode(), 1)
        return out


def named(place, item):
    """What the server calls a message is enough to know it in another folder: of Gmail's All Mail nothing is fetched twice."""
    server = Named(item)
    server.uses["All"] = "\\All"
    for i in range(12):
        server.put("All", message(i))
        if i >= 4:
            server.put("INBOX", message(i), ["\\Seen"])
    s = Store(place, item, server.port)
    done = s.sync()
    check(done["fetched"] == 12, f"{item}: each once: {done}")
    check(len(s.list("INBOX")) == 8 and len(s.list("All")) == 12 and all(m["body"] for m in s.list("All")), "all are there")
    check({m["id"] for m in s.list("INBOX")} <= {m["id"] for m in s.list("All")}, "the same messages")
    check(s.sync()["fetched"] == 0, "and nothing more comes")
    server.put("INBOX", message(50))
    server.put("All", message(50))
    del server.folders["INBOX"][1]
    done = s.sync()
    check(done["fetched"] == 1, f"{item}: a new one once: {done}")
    check(len(s.list("INBOX")) == 8 and len(s.list("All")) == 13, "and one went out of the INBOX only")
    server.folders["Work"] = {}
    server.put("Work", server.folders["INBOX"].pop(3)[1])
    server.folders["All"].clear()
    server.put("All", message(50))
    done = s.sync()
    check(done["fetched"] == 0, f"{item}: moved: {done}")
    check(len(s.list("All")) == 1 and s.list("Work")[0]["body"], "where it is now")
    s.stop()
    server.socket.close()


def imap_time(t):
    import imaplib
    return imaplib.Time2Internaldate(t)


VARIANTS = [
    # NOTIFY would let the engine fetch by itself what a pass is to fetch here; engine.py has it
    ("all that it can", without("NOTIFY"), "QRESYNC LIST-STATUS"),
    ("no QRESYNC", without("QRESYNC"), "CONDSTORE LIST-STATUS"),
    ("no QRESYNC, no ESEARCH", without("QRESYNC", "ESEARCH"), "CONDSTORE LIST-STATUS"),
    ("no LIST-STATUS, no UNSELECT", without("LIST-STATUS", "LIST-EXTENDED", "UNSELECT"), "QRESYNC"),
    ("no CONDSTORE", without("QRESYNC", "CONDSTORE"), "flags"),
]


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else SEED
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    with Ours() as server:
        random_changes("tmaild", server, seed, rounds)
    with Ours() as server:
        moved("tmaild", server)
        offline(server)
    with Ours() as server:
        slow(server)
    with tempfile.TemporaryDirectory(prefix="tmail-pull-") as place:
        for item in ("EMAILID", "X-GM-MSGID"):
            named(place, item)
        sized(place)
        fake = Fake("IMAP4rev1 UIDPLUS PREVIEW")
        previews("PREVIEW", place, fake, lambda m: fake.put("INBOX", m))
        check(any("PREVIEW (LAZY)" in c for c in fake.commands), f"{fake.commands}")
    with Ours() as server:
        quiet("tmaild", server, "QRESYNC LIST-STATUS")
    if not dovecot.installed():
        print("no Dovecot here: only tmaild was tried")
        return
    for kind, capability, ways in VARIANTS:
        with dovecot.Dovecot(capability) as server:
            random_changes(f"Dovecot, {kind}", server, seed, rounds)
        with dovecot.Dovecot(capability) as server:
            moved(f"Dovecot, {kind}", server)
        with dovecot.Dovecot(capability) as server:
            quiet(f"Dovecot, {kind}", server, ways)
    with dovecot.Dovecot() as server:
        lies(server)
    with dovecot.Dovecot() as server:
        with server.login() as imap:
            def put(m):
                imap.append("INBOX", None, None, m)
                imap.select("INBOX")
                imap.fetch("1", "(PREVIEW)")  # which is cheap from then on
            previews("Dovecot", server.place, server, put)


if __name__ == "__main__":
    main()
