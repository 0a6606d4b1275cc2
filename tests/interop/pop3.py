# SPDX-License-Identifier: MIT
"""POP3 accounts, with the whole program: against tmaild, against Dovecot, and against a server that loses the link, changes its unique-ids or
has none. Mail comes in once, stays what the person made of it, and goes from the server when its time has come. Usage: pop3.py [MESSAGES]"""
import imaplib, os, random, signal, socket, sqlite3, subprocess, sys, threading, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dovecot
from fake_pop3 import LOST, FakePop3
from tm import BUILD, EFFORT, SEED, TMAIL, WAIT_S, Place, check, fail

DRIVE = os.path.join(BUILD, "tests/interop/drive")
N = int(sys.argv[1]) if len(sys.argv) > 1 else 200
SEEN, FLAGGED = 1, 4
DAY_S = 24 * 3600


def message(i, extra=""):
    return (f"From: Sender {i} <s{i}@example.org>\r\nTo: jane@example.org\r\nSubject: message {i}\r\n"
            f"Date: Mon, 05 Jan 2026 {i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02} +0000\r\n"
            f"Message-ID: <m{i}@example.org>\r\n{extra}\r\nBody of {i}.\r\n" + ".dots\r\n..\r\n" + "x" * 70 * (i % 40) + "\r\n").encode()


def reply(i, to):
    return message(i, f"References: <m{to}@example.org>\r\nIn-Reply-To: <m{to}@example.org>\r\n")


def thread_of(i):
    return reply(i, i - 1) if i % 10 else message(i)  # conversations of ten


class Client:
    """A profile with one POP3 account, and what drive does to its store."""

    def __init__(self, place, name, port, keep, scheme="pop3", extra=""):
        command = os.path.join(place.path, "sendmail")
        with open(command, "w") as f:
            f.write("#!/bin/sh\ncat >/dev/null\n")
        os.chmod(command, 0o755)
        rc = (f'[tmail]\nundo-send = 0\n\n[account work]\naddress = "Jane Roe <jane@example.org>"\n'
              f'receive = "{scheme}://jane@127.0.0.1:{port}"\nsend = "sendmail:{command}"\nkeep-on-server = {keep}\n'
              f'password-command = "printf pw"\n{extra}')
        self.p = place.profile(rc, name)
        self.store = os.path.join(self.p.path, "mail.db")

    def sync(self, code=0):
        """What the pass said at its end."""
        events = self.p.json("sync", code=code)
        return {"fetched": 0, "text": "", **events[-1]}, events

    def list(self, folder="INBOX"):
        """Oldest first."""
        code = None if folder != "INBOX" else 0
        return self.p.json("list", "-f", folder, "-n", "100000", code=code)[::-1]

    def subjects(self, folder="INBOX"):
        return sorted(m["subject"] for m in self.list(folder))

    def drive(self, *words):
        p = subprocess.run([DRIVE, self.store, *map(str, words)], capture_output=True, env=self.p.env, timeout=100)
        if p.returncode != 0:
            fail(f"drive {words}: {p.returncode} {p.stderr.decode()}\n{self.p.log()}")
        return p.stdout.decode()

    def engine(self, *words):
        subprocess.run([DRIVE, self.store, os.path.join(self.p.path, "tmailrc"), os.path.join(BUILD, "tmail-sync"), *words],
                       stdout=subprocess.DEVNULL, env=self.p.env, timeout=100)

    def raw(self, m):
        return self.p.run("--offline", "show", str(m["id"]), "--raw").stdout

    def sql(self, text, *values):
        db = sqlite3.connect(self.store, timeout=20)
        rows = db.execute(text, values).fetchall()
        db.commit()
        db.close()
        return rows

    def engine_pids(self):
        pids = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    argv = f.read().split(b"\0")
            except OSError:
                continue
            if argv[0].endswith(b"/tmail-sync") and self.store.encode() in argv:
                pids.append(int(pid))
        return pids

    def kill(self):
        for pid in self.engine_pids():
            os.kill(pid, signal.SIGKILL)

    def away(self):
        """The engine has ended."""
        until = time.monotonic() + WAIT_S
        while self.engine_pids():
            check(time.monotonic() < until, "the engine stays")
            time.sleep(0.01)


class Ours:
    def __init__(self, place):
        self.server = place.tmaild("--domain", "example.org", "--user", "jane:pw", name=f"ours{len(place.servers)}")
        self.port = self.server.ports["pop3"]

    def imap(self):
        imap = imaplib.IMAP4("127.0.0.1", self.server.ports["imap"], timeout=20)
        imap.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        imap.login("jane", "pw")
        return imap

    def deliver(self, messages):
        imap = self.imap()
        for m in messages:
            imap.append("INBOX", None, None, m)
        imap.logout()


class Theirs:
    def __init__(self, server):
        self.server, self.port = server, server.pop3_port
        self.imap, self.deliver = server.login, server.deliver


def on_server(server, delete=None):
    """How many messages lie there; another client may delete some first."""
    imap = server.imap()
    imap.select("INBOX")
    if delete:
        imap.store(delete, "+FLAGS", "\\Deleted")
        imap.expunge()
    n = len(imap.uid("search", None, "ALL")[1][0].split())
    imap.logout()
    return n


def plain(text):
    return text.replace(b"\r\n", b"\n")


# ---------------------------------------------------------------- real servers

def comes_once(server, c):
    done, events = c.sync()
    check(done["fetched"] == N, f"all are told as fetched: {done}")
    totals = [(e.get("done", 0), e["total"]) for e in events if e["event"] == "progress"]
    check(totals and totals[-1] == (N, N), f"progress ends with all: {totals}")
    check([e["state"] for e in events if e["event"] == "state"][-1] == "idle", "and then it is idle")
    rows = c.list()
    check(c.subjects() == sorted(f"message {i}" for i in range(1, N + 1)), f"{N} messages, not {len(rows)}")
    check(all("seen" not in m["flags"] for m in rows), "none is read yet")
    for i in (0, N // 2, N - 1):
        check(plain(c.raw(rows[i])) == plain(thread_of(i + 1)), f"message {i + 1} is bit for bit what was sent")
    check(c.sync()[0]["fetched"] == 0, "a second pass fetches nothing")
    check(len(c.list()) == N, "and doubles nothing")
    check(on_server(server) == N, "all is kept there")
    folders = {line.split(" ", 4)[4] for line in c.drive("folders").splitlines()}
    check(folders == {"INBOX", "Drafts", "Sent", "Trash", "Archive"}, f"folders are made here: {folders}")


def threads_join(server, c):
    by_thread = {}
    for m in c.list():
        by_thread.setdefault(m["thread"], []).append(int(m["subject"].split()[1]))
    check(all(len({i // 10 for i in t}) == 1 for t in by_thread.values()), "no conversation mixes two")
    check(len(by_thread) == N // 10 + 1, f"conversations join: {len(by_thread)}")
    check(len(c.p.json("list", "-f", "INBOX", "--threads", "-n", "1000")) == N // 10 + 1, "and are listed")


def what_the_person_does_stays(server, c):
    rows = c.list()
    for m in rows[:5]:
        c.drive("flag", m["id"], "INBOX", f"+{SEEN | FLAGGED}")
    for m in rows[5:8]:
        c.drive("move", m["id"], "INBOX", "Archive")
    for m in rows[8:10]:
        c.drive("move", m["id"], "INBOX", "Trash")
    check(len(c.list("Archive")) == 3 and len(c.list()) == N - 5, "at once")
    check(c.sync()[0]["fetched"] == 0, "nothing comes back")
    check(c.drive("journal").strip() == "0", "all operations are completed")
    check(all(set(m["flags"]) >= {"seen", "flagged"} for m in c.list()[:5]), "flags stay")
    check([m["subject"] for m in c.list("Archive")] == [m["subject"] for m in rows[5:8]], "and places")
    c.drive("flag", rows[0]["id"], "INBOX", f"-{FLAGGED}")
    c.drive("move", rows[5]["id"], "Archive", "INBOX")
    c.sync()
    check("flagged" not in c.list()[0]["flags"] and len(c.list("Archive")) == 2, "they change again")
    c.drive("undo")
    check(len(c.list("Archive")) == 3, "an undo takes the last move back, though it was completed")
    c.drive("undo")
    check("flagged" in c.list()[0]["flags"], "and one more the flag")
    for m in c.list("Trash"):
        c.drive("expunge", m["id"], "Trash")
    check(c.sync()[0]["fetched"] == 0, "what was deleted here for good does not come back")
    check(c.list("Trash") == [] and len(c.list()) == N - 5, "nowhere")
    check(c.drive("journal").strip() == "0" and on_server(server) == N, "the server is not asked")


def others_delete(server, c):
    check(on_server(server, "1:4") == N - 4, "another client deletes some")
    check(c.sync()[0]["fetched"] == 0 and len(c.list()) == N - 5, "they are kept here")
    server.deliver([reply(N + 1, N)])
    done, _ = c.sync()
    check(done["fetched"] == 1 and len(c.list()) == N - 4, f"new mail comes alone: {done}")
    news = [m for m in c.list() if m["subject"] == f"message {N + 1}"][0]
    check(news["thread"] in {m["thread"] for m in c.list() if m["subject"] == f"message {N}"} or N % 10 == 9, "and finds its thread")


def sends(server, c):
    c.p.run("-s", "from here", "bob@example.org", stdin=b"hello\n")
    c.sync()
    sent = c.list("Sent")
    check([m["subject"] for m in sent] == ["from here"] and "seen" in sent[0]["flags"], f"a copy lies in Sent: {sent}")
    check(c.drive("journal").strip() == "0", "and waits for nothing")
    c.sync()
    check(len(c.list("Sent")) == 1, "once")
    check(b"hello" in c.p.run("--offline", "show", str(sent[0]["id"])).stdout, "and can be read")


def goes_when_old(server, place):
    """14d: half of them become old; what was deleted here goes with them, what is new stays."""
    n = on_server(server)
    c = Client(place, "days", server.port, "14d")
    c.sync()
    check(on_server(server) == n, "fresh mail stays there")
    c.drive("move", c.list()[0]["id"], "INBOX", "Trash")
    c.sync()
    c.drive("expunge", c.list("Trash")[0]["id"], "Trash")
    c.sync()
    check(on_server(server) == n, "also what was deleted here, until its time comes")
    c.sql("UPDATE pop SET fetched_at = fetched_at - ? WHERE uid IN (SELECT uid FROM pop ORDER BY message LIMIT ?)", 14 * DAY_S, n // 2)
    c.sync()
    check(on_server(server) == n - n // 2, "then it goes, and what is not old stays")
    check(len(c.list()) == n - 1, "all is kept here")
    c.sync()
    check(c.sync()[0]["fetched"] == 0 and on_server(server) == n - n // 2, "and no more of it")
    check(len(c.sql("SELECT 1 FROM pop")) == n - n // 2, "rows go with it")


def goes_at_once(server, place):
    n = on_server(server)
    c = Client(place, "no", server.port, "no")
    done, _ = c.sync()
    check(done["fetched"] == n and len(c.list()) == n, f"all comes in: {done}")
    check(on_server(server) == 0, "and is deleted there")
    check(c.sync()[0]["fetched"] == 0 and len(c.list()) == n, "and stays here")
    server.deliver([message(9000)])
    check(c.sync()[0]["fetched"] == 1 and on_server(server) == 0, "so does what is new")


def real(kind, server, place):
    began = time.monotonic()
    server.deliver(thread_of(i) for i in range(1, N + 1))
    c = Client(place, "yes", server.port, "yes")
    for step in (comes_once, threads_join, what_the_person_does_stays, others_delete, sends):
        step(server, c)
    goes_when_old(server, place)
    goes_at_once(server, place)
    print(f"{kind}: {time.monotonic() - began:.1f} s")


# ---------------------------------------------------------------- a server that is not kind

def filled(n, uid="u"):
    server = FakePop3()
    for i in range(1, n + 1):
        server.put(f"{uid}{i}", message(i))
    return server


def no_unique_ids(place):
    """Known by header and size: once here, kept as long as wanted, never taken for one that only looks alike."""
    server = filled(5)
    server.capa = ("USER", "TOP", "PIPELINING")
    server.before = lambda s, line: b"-ERR what?\r\n" if line.startswith("UIDL") else None
    c = Client(place, "no-uidl", server.port, "14d")
    c.sync()
    check(len(c.list()) == 5, "all come in")
    server.commands.clear()
    check(c.sync()[0]["fetched"] == 0 and server.heard("RETR") == [], "once")
    c.drive("expunge", c.list()[0]["id"], "INBOX")
    check(c.sync()[0]["fetched"] == 0 and len(c.list()) == 4, "what is removed here does not come back")
    server.put("", message(3).replace(b"Body of 3", b"Body of three"))  # the same header, another size
    server.put("", message(4))  # the very same once more
    check(c.sync()[0]["fetched"] == 2 and c.subjects().count("message 3") == 2, f"both come in: {c.subjects()}")
    check(server.heard("DELE") == [], "and nothing is deleted before its time")
    del server.messages[0]  # the numbers of all others change
    check(c.sync()[0]["fetched"] == 0, "numbers mean nothing")
    c2 = Client(place, "no-uidl-once", server.port, "no")
    server.commands.clear()
    c2.sync()
    check(len(c2.list()) == 6 and server.messages == [], "kept not at all: all are here, and gone there")


def nor_headers(place):
    """Neither UIDL nor TOP: all comes at each visit, and is known by its bytes."""
    server = filled(4)
    server.capa = ("USER",)
    server.before = lambda s, line: b"-ERR what?\r\n" if line.split(" ")[0] in ("UIDL", "TOP") else None
    c = Client(place, "no-top", server.port, "14d")
    c.sync()
    check(len(c.list()) == 4, "all come in")
    c.drive("flag", c.list()[0]["id"], "INBOX", f"+{FLAGGED}")
    c.drive("expunge", c.list()[1]["id"], "INBOX")
    for _ in range(2):
        c.sync()
        check(len(c.list()) == 3, f"nothing twice, and what was removed stays so: {c.subjects()}")
        check(sum("flagged" in m["flags"] for m in c.list()) == 1, f"what was done to them stays: {c.list()}")
    check(server.heard("DELE") == [] and len(server.messages) == 4, "nobody can tell how long they lie there: nothing is deleted")
    c2 = Client(place, "no-top-once", server.port, "no")
    c2.sync()
    check(len(c2.list()) == 4 and server.messages == [], "fetched and deleted at once")


def speaks_utf8(place):
    """RFC 6856: asked for before the login where it is offered; a refusal changes nothing."""
    for answer in (b"+OK\r\n", b"-ERR no\r\n"):
        server = filled(1)
        server.capa = ("TOP", "UIDL", "USER", "PIPELINING", "UTF8", "LANG")
        server.before = lambda s, line: answer if line.split(" ")[0] in ("UTF8", "LANG") else None
        c = Client(place, f"utf8{len(answer)}", server.port, "no")
        c.sync()
        check(len(c.list()) == 1, "mail comes in")
        verbs = [line.split(" ")[0] for line in server.commands]
        check(verbs.count("UTF8") == 1 and verbs.index("UTF8") < verbs.index("PASS"), f"asked for: {verbs}")


def listed_twice(place):
    server = filled(4)
    server.messages[1][0] = server.messages[3][0] = "same"
    c = Client(place, "twice", server.port, "no")
    check(c.sync()[0]["fetched"] == 4 and len(c.list()) == 4, "both come in")
    check(server.messages == [], "and both may go")
    for keep in ("14d", "yes"):
        server = filled(4)
        server.messages[1][0] = server.messages[3][0] = "same"
        c = Client(place, f"twice-{keep}", server.port, keep)
        c.sync()
        heard = len(server.heard("RETR"))
        c.sync()
        check(len(server.heard("RETR")) == heard and len(server.messages) == 4, "known, and kept")
        c.sql("UPDATE pop SET fetched_at = fetched_at - ?", 15 * DAY_S)
        del server.messages[3]  # by another client; two come before the others
        server.messages[:0] = [["same", message(7)], ["same", message(8)]]
        c.sync()
        check(c.subjects() == [f"message {i}" for i in (1, 2, 3, 4, 7, 8)], f"what is new is fetched, nothing is doubled: {c.subjects()}")
        left = [m[1] for m in server.messages]
        check(left == [message(i) for i in ((7, 8) if keep == "14d" else (7, 8, 1, 2, 3))], f"only what is old goes: {left}")
    server = filled(2, "same")
    server.messages[0][0] = server.messages[1][0]
    c = Client(place, "twice-places", server.port, "14d")
    c.sync()
    c.sql("UPDATE pop SET fetched_at = fetched_at - ?", 15 * DAY_S)
    server.messages = [[server.messages[1][0], message(9)], server.messages[0]]  # as many, in other places, one of them another
    c.sync()
    check(c.subjects() == [f"message {i}" for i in (1, 2, 9)], f"a place says nothing: {c.subjects()}")
    check([m[1] for m in server.messages] == [message(9)], f"what was just fetched stays its time: {server.messages}")


def other_names(place):
    """The server was rebuilt: all messages have other unique-ids. What the person did with them stands."""
    server = filled(20)
    c = Client(place, "rebuilt", server.port, "yes")
    c.sync()
    rows = c.list()
    c.drive("flag", rows[0]["id"], "INBOX", f"+{FLAGGED}")
    c.drive("move", rows[1]["id"], "INBOX", "Archive")
    c.drive("move", rows[2]["id"], "INBOX", "Trash")
    c.sync()
    c.drive("expunge", rows[2]["id"], "Trash")
    c.sync()
    for m in server.messages:
        m[0] = "new-" + m[0]
    for asked in (20, 20):  # the second time they are known
        c.sync()
        check(len(server.heard("RETR")) == 20 + asked, "their bytes are looked at, once")
        check(c.subjects() == sorted(f"message {i}" for i in range(1, 21) if i not in (2, 3)), f"nothing is doubled: {c.subjects()}")
    check("flagged" in c.list()[0]["flags"] and len(c.list("Archive")) == 1 and c.list("Trash") == [], "and nothing undone")
    empty, server.messages = server.messages, []
    c.sync()
    server.messages = empty
    c.sync()
    check(len(c.list()) == 18, "a mailbox that was empty for a moment doubles nothing")
    for m in server.messages:
        m[1] = message(1000 + int(m[0][5:]))  # the same names, but other messages
    check(c.sync()[0]["fetched"] == 0, "names that are known are not asked for")
    server.messages, kept = [], server.messages
    c.sync()
    server.messages = kept
    check(c.sync()[0]["fetched"] == 20 and len(c.list()) == 38, "unique-ids that are used again bring new mail")


def another_server(place):
    """The account is taken to another server, which happens to give the same unique-ids: nothing there is known, nothing is lost."""
    one, two = filled(6), FakePop3()
    for i in range(1, 7):
        two.put(f"u{i}", message(i if i <= 2 else 100 + i))
    c = Client(place, "another", one.port, "yes")
    c.sync()
    path = os.path.join(c.p.path, "tmailrc")
    with open(path) as f:
        rc = f.read()
    with open(path, "w") as f:
        f.write(rc.replace(f":{one.port}", f":{two.port}").replace('keep-on-server = yes', 'keep-on-server = no'))
    check(c.sync()[0]["fetched"] >= 4, "what the other server has comes in")
    want = sorted(f"message {i}" for i in (1, 2, 3, 4, 5, 6, 103, 104, 105, 106))
    check(c.subjects() == want, f"all of both, and what both had once: {c.subjects()}")
    check(two.messages == [] and len(one.messages) == 6, "and only then it goes there")


def refused(place):
    server = filled(6)
    server.before = lambda s, line: b"-ERR gone\r\n" if line == "RETR 3" else None
    c = Client(place, "refused", server.port, "no")
    done, events = c.sync(code=75)
    check(done["fetched"] == 5 and any(e["event"] == "error" for e in events), "all but one, and a sentence")
    check([m[0] for m in server.messages] == ["u3"], "what did not come is not deleted")
    server.before = None
    check(c.sync()[0]["fetched"] == 1 and server.messages == [] and len(c.list()) == 6, "it comes the next time")


def too_large(place):
    """Its headers come in; it is never deleted there before the person has deleted it here."""
    server = filled(3)
    size = 300 << 20
    server.before = lambda s, line: (b"+OK\r\n1 %d\r\n2 %d\r\n3 %d\r\n.\r\n" % (len(message(1)), size, len(message(3)))
                                     if line == "LIST" and len(s.messages) == 3 else None)
    c = Client(place, "large", server.port, "no")
    c.sync(code=69)
    check("RETR 2" not in server.commands and c.subjects() == ["message 1", "message 2", "message 3"], "listed by its headers")
    check([m[0] for m in server.messages] == ["u2"], "and it stays there")
    server.before = lambda s, line: b"+OK\r\n1 %d\r\n.\r\n" % size if line == "LIST" else None
    m = [m for m in c.list() if m["subject"] == "message 2"][0]
    c.sync()
    check(len(server.heard("TOP")) == 1 and m["size"] == size, f"told once: {m}")
    c.p.run("show", str(m["id"]), code=75)
    c.drive("move", m["id"], "INBOX", "Trash")
    c.drive("expunge", m["id"], "Trash")
    c.sync()
    check(server.messages == [] and len(c.list()) == 2, "deleted here: deleted there")


def lost_at_quit(place):
    """QUIT is asked for and not answered: the server may have deleted or not."""
    for kind in ("before", "after"):
        server = filled(8)

        def before(s, line, kind=kind):
            if line == "QUIT":
                s.before = None
                if kind == "after":
                    s.messages = []
                return LOST
            return None
        server.before = before
        c = Client(place, f"quit-{kind}", server.port, "no")
        c.sync(code=75)
        check(len(c.list()) == 8, f"{kind}: all is here")
        check(c.sync()[0]["fetched"] == 0 and len(c.list()) == 8, f"{kind}: once")
        check(server.messages == [], f"{kind}: and gone there")
        check(len(server.heard("RETR")) == (16 if kind == "before" else 8), f"{kind}: looked at before it is deleted again")
        c.sync()
        check(c.sql("SELECT count(*) FROM pop") == [(0,)], f"{kind}: and forgotten")


def names_used_again(place):
    """Other messages get the unique-ids of those that went: nothing is deleted that is not here."""
    server = filled(4)

    def before(s, line):
        if line == "QUIT":
            s.before = None
            s.messages = [[f"u{i}", message(100 + i)] for i in range(1, 5)]
            return LOST
        return None
    server.before = before
    c = Client(place, "again", server.port, "no")
    c.sync(code=75)
    c.sync()
    check(len(c.list()) == 8 and server.messages == [], f"after an answer that was lost: {c.subjects()}")
    for i in range(1, 5):
        server.put(f"u{i}", message(200 + i))
    check(c.sync()[0]["fetched"] == 4 and len(c.list()) == 12 and server.messages == [], "after one that came")


def forgetful(place):
    """The server says yes to QUIT and lists everything as before."""
    server = filled(3)
    server.expunge = lambda box, marked: None
    c = Client(place, "forgetful", server.port, "no")
    for _ in range(3):
        c.sync()
        check(len(c.list()) == 3, f"nothing is doubled: {c.subjects()}")


def unwilling(place):
    server = filled(2)
    server.before = lambda s, line: b"-ERR no\r\n" if line.startswith("DELE") else None
    c = Client(place, "unwilling", server.port, "no")
    c.sync()
    c.sync()
    check(len(server.heard("RETR")) == 2 and len(server.heard("DELE")) == 4, "asked again, but not fetched again")
    server.before = None
    c.sync()
    check(server.messages == [] and len(c.list()) == 2, "and gone when it may")


def logins(place):
    server = filled(3)
    server.before = lambda s, line: b"-ERR [IN-USE] another session\r\n" if line.startswith("PASS") else None
    c = Client(place, "logins", server.port, "yes")
    c.sync(code=75)
    server.before = None
    check(c.sync()[0]["fetched"] == 3, "a mailbox in use is tried again")
    server.password = "other"
    m = c.list()[0]
    done, events = c.sync(code=77)
    check([e["state"] for e in events if e["event"] == "state"][-1] == "login-needed", f"a wrong password is said: {events}")
    c.drive("move", m["id"], "INBOX", "Archive")
    c.sync(code=77)
    check(c.drive("journal").strip() == "0", "what is done here needs no login")


def broken_off(place):
    """The link breaks in the middle: what came whole is here. The server falls silent there: a cancel ends that at once."""
    server, k = filled(50), 30
    silent = threading.Event()

    def before(s, line):
        if len(s.heard("RETR")) < k:
            return None
        s.before = hush
        return LOST

    def hush(s, line):
        if line.startswith("RETR"):
            silent.set()
            return b""
        return None
    server.before = before
    c = Client(place, "broken-off", server.port, "no")
    c.sync(code=75)
    check(len(c.list()) == k - 1, f"what came whole is stored: {len(c.list())}")
    p = subprocess.Popen([TMAIL, "--profile", c.p.path, "sync"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=c.p.env)
    check(silent.wait(WAIT_S), "it is asked for the rest")
    began = time.monotonic()
    c.engine("cancel")
    check(p.wait(WAIT_S) == 75 and time.monotonic() - began < WAIT_S / 2, "the pass is told to be over")
    server.before = None
    check(c.sync()[0]["fetched"] == 50 - k + 1 and len(c.list()) == 50, "the rest comes with the next one")
    c.engine("stop")


def killed(place):
    """kill -9 of the engine when the server hears its k-th command: nothing is lost, nothing doubled."""
    n, draw = 60, random.Random(SEED)
    print(f"killed: seed {SEED}")
    places = [draw.randrange(1, n + 1) for _ in range(max(2, int(6 * EFFORT)))]
    for at in [("RETR", k) for k in places] + [("DELE", k) for k in places[:2]] + [("QUIT", 1)]:
        server = filled(n)
        c = Client(place, f"killed-{at[0]}-{at[1]}-{draw.random()}", server.port, "no")

        def before(s, line):
            if line.split(" ")[0] == at[0] and len(s.heard(at[0])) == at[1]:
                s.before = None
                c.kill()
                return LOST
            return None
        server.before = before
        c.p.run("sync", code=None)
        c.away()
        c.sync()
        check(c.subjects() == sorted(f"message {i}" for i in range(1, n + 1)), f"{at}: all of them, once: {len(c.list())}")
        check(server.messages == [], f"{at}: and none is left there")
        check(c.sync()[0]["fetched"] == 0, f"{at}: and nothing is left to do")


def unkind(place):
    began = time.monotonic()
    for step in (no_unique_ids, nor_headers, speaks_utf8, listed_twice, other_names, another_server, refused, too_large, lost_at_quit, names_used_again, forgetful, unwilling, logins, broken_off, killed):
        step(place)
    print(f"a server that is not kind: {time.monotonic() - began:.1f} s")


def folders_of_its_own(place):
    """What a person does with folders of an account whose server has none is done here, and lasts."""
    server = Ours(place)
    server.deliver(message(i) for i in range(3))
    c = Client(place, "folders", server.port, "no")
    c.sync()
    names = lambda: {line.split(" ", 4)[4] for line in c.drive("folders").splitlines()}
    id = c.list()[0]["id"]
    c.drive("folder", "create", "Projects/Old")
    c.drive("move", id, "INBOX", "Projects/Old")
    c.sync()
    check([m["id"] for m in c.list("Projects/Old")] == [id] and c.drive("journal").strip() == "0", f"made, with what was moved there: {names()}")
    c.drive("folder", "rename", "Projects/Old", "New")
    c.p.run("folders", "unsubscribe", "New")
    c.sync()
    check("New" in names() and "Projects/Old" not in names() and [m["id"] for m in c.list("New")] == [id], f"renamed: {names()}")
    c.p.run("folders", "delete", "New", code=64)
    check("New" in names(), "there is mail in it")
    c.p.run("folders", "create", "Empty")
    c.p.run("folders", "delete", "Empty")
    c.p.run("folders", "delete", "New", "--with-mail")
    c.sync()
    c.sync()
    check("New" not in names() and "Empty" not in names(), f"deleted: {names()}")
    check(c.drive("journal").strip() == "0" and not c.drive("failures"), f"all is done: {c.drive('failures')}")
    check(len(c.list()) == 2, "what lay elsewhere is there")


def now_imap(place):
    """The account's mail lies nowhere else when its name is given to IMAP: it stays, and a sentence says why nothing comes."""
    server = Ours(place)
    server.deliver(message(i) for i in range(3))
    c = Client(place, "nowimap", server.port, "no")
    check(c.sync()[0]["fetched"] == 3, "it comes by POP3")
    path = os.path.join(c.p.path, "tmailrc")
    with open(path) as f:
        rc = f.read()
    with open(path, "w") as f:
        f.write(rc.replace(f"pop3://jane@127.0.0.1:{server.port}", f"imap://jane@127.0.0.1:{server.server.ports['imap']}")
                .replace("keep-on-server = no\n", ""))
    done, events = c.sync(code=None)
    check(any("another name" in e["text"] for e in events if e["event"] == "error"), f"a sentence: {events}")
    check(len(c.list()) == 3, "nothing is lost")


def encrypted(server, place):
    for scheme, port in (("pop3s", server.pop3s_port), ("pop3", server.pop3_port)):
        c = Client(place, f"tls-{scheme}", port, "yes", scheme, f'tls-ca = "{server.place}/ca.pem"\n')
        check(c.sync()[0]["fetched"] == 30, f"{scheme}: all comes in")
        check("in the clear" not in c.p.log(), f"{scheme}: never in the clear")


def main():
    with Place() as place:
        unkind(place)
        real("tmaild", Ours(place), place)
        folders_of_its_own(place)
        now_imap(place)
    if not dovecot.installed():
        print("no Dovecot here: only tmaild was tried")
        return
    with dovecot.Dovecot(pop3=True) as server, Place() as place:
        real("Dovecot", Theirs(server), place)
    with dovecot.Dovecot(pop3=True, tls=True) as server, Place() as place:
        server.deliver(message(i) for i in range(30))
        encrypted(server, place)


if __name__ == "__main__":
    main()
