# SPDX-License-Identifier: MIT
"""What the engine makes of a server that does something else at the same time, or answers what nobody asked: no mail is lost or
doubled. The server's part is played by fake_imap.Fake."""
import os, shutil, sqlite3, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from engine import SEEN, Store, message, subjects
from fake_imap import Fake
from tm import WAIT_S, check


def expunged_before_the_move(place):
    """The person moves a message that another client has just expunged: it is brought to its target from here."""
    for caps in ("IMAP4rev1 UIDPLUS MOVE", "IMAP4rev1 UIDPLUS"):
        server = Fake(caps)
        server.folders["Work"] = {}
        for i in (1, 2):
            server.put("INBOX", message(i))
        s = Store(place, "expunged" + caps[-4:], server.port)
        s.sync()
        for i in (1, 2):
            s.drive("move", s.find("INBOX", f"message {i}")["id"], "INBOX", "Work")
        del server.folders["INBOX"][1]
        s.sync()
        s.sync()
        check(subjects(s.list("Work")) == ["message 1", "message 2"], f"{caps}: both are here: {s.list('Work')}")
        check(len(server.folders["Work"]) == 2, f"{caps}: and there: {server.folders['Work'].keys()} {server.commands}")
        check(s.drive("journal").strip() == "0", "nothing is open")
        s.stop()


def changed_while_fetching(place):
    """What the person does while a long fetch runs is not taken back by the view of the folders from before."""
    server = Fake()
    for name in ("INBOX", "Big", "Work"):
        server.folders[name] = {}
    for i in (1, 2, 3):
        server.put("INBOX", message(i))
    server.put("Work", message(4))
    s = Store(place, "changed", server.port)
    s.sync()
    moved, read = s.find("INBOX", "message 1"), s.find("Work", "message 4")
    for i in range(10, 210):
        server.put("Big", message(i))
    done = []

    def before(server, line):
        if line.startswith("UID FETCH") and "HEADER" in line and not done:
            done.append(1)  # the views of Big and Work are there
            s.drive("move", moved["id"], "INBOX", "Work")
            s.drive("flag", read["id"], "Work", f"+{SEEN}")

    server.before = before
    s.sync()
    check(done, "it was done in the middle of a fetch")
    rows = s.list("Work")
    check(subjects(rows) == ["message 1", "message 4"], f"what was moved is there: {rows}")
    check(s.find("Work", "message 1")["id"] == moved["id"], "and is the same")
    check(s.find("Work", "message 4")["flags"] & SEEN, "what was read stays read")
    s.stop()


def names_that_cannot_be_said(place):
    """Folder names that no command can carry are left out; the others are synchronised all the same."""
    server = Fake()
    server.folders["Zoo"] = {}
    server.put("INBOX", message(1))
    server.put("Zoo", message(2))
    server.list_more = (b'* LIST () "/" {6}\r\nA\r\nX 1\r\n* LIST () "/" {4}\r\nB\xff\x1b[\r\n* LIST () "." "..\\\\../\x07"\r\n'
                        b'* LIST () NIL "' + b"C" * 5000 + b'"\r\n* LIST () "" "&AGE-&"\r\n')
    s = Store(place, "names", server.port)
    s.sync()
    check(subjects(s.list("INBOX")) == ["message 1"] and subjects(s.list("Zoo")) == ["message 2"], "the others are there")
    s.stop()


def same_message_id(place):
    """A move broke off before its COPY; what the target has under the same Message-ID is another message."""
    server = Fake("IMAP4rev1 UIDPLUS")
    server.folders["Work"] = {}
    server.put("INBOX", message(1))
    server.put("Work", message(1).replace(b"Subject: message 1", b"Subject: another"))
    s = Store(place, "same", server.port)
    s.sync()
    s.drive("move", s.find("INBOX", "message 1")["id"], "INBOX", "Work")

    def before(server, line):
        if line.startswith("UID COPY"):
            server.before = None
            raise OSError("the link breaks")

    server.before = before
    s.sync(code=None)
    s.sync()
    check(subjects(s.list("Work")) == ["another", "message 1"], f"both are here: {s.list('Work')}")
    there = sorted(m[1].split(b"Subject: ")[1].split(b"\r\n")[0] for m in server.folders["Work"].values())
    check(there == [b"another", b"message 1"] and not server.folders["INBOX"], f"and there: {there}")
    s.stop()


def half_moved(place):
    """The server fell in the middle of MOVE: what it had copied lies in both folders (RFC 6851 §3.3). Nothing is doubled."""
    server = Fake("IMAP4rev1 UIDPLUS MOVE")
    server.folders["Work"] = {}
    for i in range(1, 6):
        server.put("INBOX", message(i))
    s = Store(place, "half", server.port)
    s.sync()
    for i in (1, 2, 3):
        s.drive("move", s.find("INBOX", f"message {i}")["id"], "INBOX", "Work")

    def before(server, line):
        if line.startswith("UID MOVE"):
            server.before = None
            server.put("Work", message(1))
            server.put("Work", message(9))
            raise OSError("the link breaks")

    server.before = before
    s.sync(code=None)
    s.sync()
    check(subjects(s.list("Work")) == ["message 1", "message 2", "message 3", "message 9"], f"here: {s.list('Work')}")
    check(subjects(s.list("INBOX")) == ["message 4", "message 5"], f"here: {s.list('INBOX')}")
    check(len(server.folders["Work"]) == 4 and len(server.folders["INBOX"]) == 2, f"there: {server.commands}")
    s.stop()


def lines_that_are_too_long(place):
    """No command is longer than a server has to take (RFC 2683 §3.2.1.5)."""
    server = Fake()
    server.next["INBOX"] = 4000000000
    for i in range(5000):
        server.next["INBOX"] += 1  # a hole behind each, so that no range is possible
        server.put("INBOX", b"Subject: message %d\r\n\r\nshort\r\n" % i)
    s = Store(place, "long", server.port)
    check(s.sync()["fetched"] == 5000, "all came")
    check(max(map(len, server.commands)) < 8000, f"lines of {max(map(len, server.commands))}")
    s.stop()


SENDING, DOUBT, SENT = "1", "2", "4"  # enum outbox_state
NONSENSE = [
    b"* 1 FETCH (BODY[] {3}\r\nabc BODY[] {3}\r\ndef UID 1 FLAGS ())\r\nTAG OK\r\n",
    b"* 1 FETCH (BODY[HEADER] {3}\r\nabc UID 1)\r\n* 1 FETCH (UID 1 BODY[] {2}\r\nxy)\r\nTAG OK\r\n",
    b"* 1 FETCH (UID 1 BODY[] NIL)\r\n* 1 FETCH (UID 1 BODY[] \"\")\r\nTAG OK\r\n",
    b"* 1 FETCH (UID 999 FLAGS () BODY[] {2}\r\nxy)\r\n* 4294967295 FETCH (UID 0 BODY[] {0}\r\n)\r\nTAG OK\r\n",
    b"* 1 FETCH (BODY[] {2}\r\nxy)\r\n* 1 FETCH (FLAGS (\\Seen) UID 1)\r\nTAG OK\r\n",
    b"* 1 FETCH (UID 1 BODY[] {99999999999999999999}\r\n",
    b"* 1 FETCH (UID 1 BODY[] {4294967297}\r\nx",
    b"* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n* 0 EXISTS\r\n* 4294967295 EXISTS\r\n* SEARCH 1 2 3\r\nTAG OK\r\n",
    b"* 1 FETCH (UID 1 BODY[] {2}\r\nxyTAG OK\r\n",
    b"TAG OK [COPYUID 7 1:4294967295 1:4294967295] done\r\n",
    b"TAG NO [APPENDUID 1 1] no\r\n",
    b"* BYE\r\n",
    b"* 1 FETCH (UID 1 FLAGS ()" * 300 + b"\r\n",
    b"* 1 FETCH (UID 1 BODY[]<0> {2}\r\nxy BODY[] {2+}\r\nxy)\r\nTAG OK\r\nTAG OK\r\n",
]


def nonsense(place):
    """Answers to FETCH that no server should give: nothing ends, and a sane server is believed afterwards."""
    for i, answer in enumerate(NONSENSE):
        server = Fake()
        for k in (1, 2, 3):
            server.put("INBOX", message(k))
        s = Store(place, f"nonsense{i}", server.port)

        def before(server, line):
            if line.startswith("UID FETCH") and "BODY" in line:
                server.before = None
                if b"TAG" not in answer or b"TAG OK\r\nTAG" in answer:
                    server.cut = True
                return answer

        server.before = before
        s.sync(code=None)
        done = s.sync(code=None)
        check(done["code"] == 0, f"{answer[:80]}: {done}")
        check("message 2" in subjects(s.list("INBOX")) and len(s.list("INBOX")) == 3, f"{answer[:80]}: {s.list('INBOX')}")
        s.stop()


def sent_before_the_first_sync(place):
    """A script sends before anybody has seen the account's folders: the copy goes to the folder that the server keeps for it."""
    server = Fake()
    server.folders["Gesendet"], server.uses["Gesendet"] = {}, "\\Sent"
    s = Store(place, "sent", server.port)
    with open(os.path.join(s.dir, "sendmail"), "w") as f:
        f.write("#!/bin/sh\ncat >/dev/null\n")
    os.chmod(f.name, 0o755)
    mail = os.path.join(s.dir, "mail")
    with open(mail, "wb") as f:
        f.write(message(1))
    s.drive("queue", mail, 0, "jane@example.org", "joe@example.org")
    s.engine("send", 1)
    s.sync()
    s.sync()
    check(list(server.folders) == ["INBOX", "Gesendet"], f"no folder was made: {list(server.folders)}")
    check(len(server.folders["Gesendet"]) == 1, "the copy is there")
    check(subjects(s.list("Gesendet")) == ["message 1"], "and here, once")
    s.stop()


def unended(place):
    """What became of a mail cannot be written down: it does not stay "sending" for as long as the engine lives."""
    server = Fake()
    s = Store(place, "unended", server.port)
    with open(os.path.join(s.dir, "sendmail"), "w") as f:
        f.write("#!/bin/sh\ncat >>%s/sent\n" % s.dir)
    os.chmod(f.name, 0o755)
    mail = os.path.join(s.dir, "mail")
    with open(mail, "wb") as f:
        f.write(message(1))
    s.sync()
    s.drive("queue", mail, 0, "jane@example.org", "joe@example.org")
    with sqlite3.connect(s.db) as db:
        db.execute("CREATE TRIGGER full BEFORE UPDATE OF state ON outbox WHEN new.state = 4 BEGIN SELECT RAISE(FAIL, 'full'); END")
    s.engine("send", 1, code=None)
    with sqlite3.connect(s.db) as db:
        db.execute("DROP TRIGGER full")
    check(s.drive("outbox").split()[1] == SENDING, "it is still being sent")
    s.sync()
    check(s.drive("outbox").split()[1] == DOUBT, f"in doubt: {s.drive('outbox')}")
    with open(os.path.join(s.dir, "sent"), "rb") as f:
        check(f.read().count(b"Message-ID") == 1, "sent once")
    s.stop()


def unsettled(place):
    """A mail went out, and its copy cannot be stored yet: it follows, once, and nothing is sent again."""
    server = Fake()
    s = Store(place, "unsettled", server.port)
    with open(os.path.join(s.dir, "sendmail"), "w") as f:
        f.write("#!/bin/sh\ncat >>%s/sent\n" % s.dir)
    os.chmod(f.name, 0o755)
    mail = os.path.join(s.dir, "mail")
    s.sync()
    for i in (1, 2):
        with open(mail, "wb") as f:
            f.write(message(i))
        s.drive("queue", mail, 0, "jane@example.org", "joe@example.org")
    with sqlite3.connect(s.db) as db:
        db.execute("CREATE TRIGGER full BEFORE DELETE ON outbox BEGIN SELECT RAISE(FAIL, 'full'); END")
    s.engine("send", 1, code=None)
    check([line.split()[1] for line in s.drive("outbox").splitlines()] == [SENT, SENT], f"both went: {s.drive('outbox')}")
    s.stop()
    with sqlite3.connect(s.db) as db:
        db.execute("DROP TRIGGER full")
    s.sync()
    s.sync()
    check(s.drive("outbox") == "", f"settled: {s.drive('outbox')}")
    check(subjects(s.list("Sent")) == ["message 1", "message 2"], f"two copies: {subjects(s.list('Sent'))}")
    with open(os.path.join(s.dir, "sent"), "rb") as f:
        check(f.read().count(b"Message-ID") == 2, "each sent once")
    s.stop()


def one_odd_folder(place):
    """A folder that says it has messages and lists none is left out with a word; the next ones are synchronised."""
    server = Fake()
    for name in ("Odd", "Zoo"):
        server.folders[name] = {}
    server.put("Zoo", message(2))
    server.before = lambda server, line: (b"* 4294967295 EXISTS\r\n* OK [UIDVALIDITY 3] v\r\nTAG OK\r\n"
                                          if line == "EXAMINE Odd" else None)
    s = Store(place, "odd", server.port)
    events = s.engine("sync")
    check(subjects(s.list("Zoo")) == ["message 2"], "the others are there")
    check(any(e["event"] == "error" and "Odd" in e["text"] and "work" in e["text"] for e in events), "it is told")
    s.stop()


def arrived_before_the_watcher(place):
    """What comes into the INBOX after it was looked at and before the watcher listens is not left for later."""
    server = Fake("IMAP4rev1 UIDPLUS MOVE IDLE")
    server.put("INBOX", message(1))
    s = Store(place, "watcher", server.port)

    def before(server, line):
        if line.startswith("EXAMINE INBOX") and any(c.startswith("UID FETCH") for c in server.commands):
            server.before = None
            server.put("INBOX", message(2))

    server.before = before
    with s.start() as p:
        for line in p.stdout:
            pass
    deadline = time.monotonic() + WAIT_S
    while len(s.list("INBOX")) < 2:
        check(time.monotonic() < deadline, "the second one came")
    s.stop()


def talks_without_end(place):
    """A server that always has news is not asked without a pause."""
    server = Fake("IMAP4rev1 UIDPLUS MOVE IDLE")
    server.idle = b"* 1 EXISTS\r\n"
    server.put("INBOX", message(1))
    s = Store(place, "talks", server.port)
    began = time.monotonic()
    for _ in range(30):
        s.sync()
    idles = server.commands.count("IDLE")
    check(idles <= 3 + 2 * (time.monotonic() - began), f"{idles} times IDLE")  # the pause is half a second
    s.stop()


def too_large(place):
    """A message beyond the ceiling is set aside, told once; what is older in the folder comes in all the same."""
    server, size, odd = Fake(), 300 << 20, message(2, 3)
    for m in (message(1), odd, message(3)):
        server.put("INBOX", m)

    def before(server, line):
        if not line.startswith("UID FETCH") or "BODY" not in line:
            return None
        out = server.fetch(server.folders["INBOX"], line.split(" ")[2:]).replace(b"RFC822.SIZE %d" % len(odd), b"RFC822.SIZE %d" % size)
        head, found, tail = out.partition(b"{%d}\r\n" % len(odd) + odd)
        filler = [b"{%d}\r\n" % size, *[bytes(1 << 20)] * 300] if found else []
        return (piece for piece in [head, *filler, tail + b"TAG OK\r\n"])

    server.before = before
    s = Store(place, "large", server.port)
    told = [e["text"] for e in s.engine("sync") if e["event"] == "error"]
    rows = s.list("INBOX")
    check(len(told) == 1 and "300 MB" in told[0], f"told: {told}")
    check([(m["subject"], m["body"]) for m in rows] == [("message 1", True), ("message 2", False), ("message 3", True)], f"{rows}")
    server.commands.clear()
    check(not any(e["event"] == "error" for e in s.engine("sync")), "told once")
    check(not any("BODY" in c for c in server.commands), f"and asked for once: {server.commands}")
    answer = s.engine("body", s.find("INBOX", "message 2")["id"], code=None)[-1]
    check("300 MB" in answer["text"], f"opened: {answer}")
    check(not any("BODY" in c for c in server.commands), f"nothing was asked: {server.commands}")
    s.stop()


def too_many_folders(place):
    """What is too much is left out, with a sentence told once; the rest works, and what was there before stays."""
    server = Fake("IMAP4rev1 UIDPLUS MOVE UNSELECT LIST-EXTENDED LIST-STATUS")
    server.folders["Work"] = {}
    server.put("INBOX", message(1))
    server.put("Work", message(2))
    s = Store(place, "many", server.port)
    s.sync()
    more = b"".join(b'* LIST (\\Noselect) "/" "f%05d"\r\n' % i for i in range(10010))
    server.after = lambda server, line, answer: more + answer if line.startswith('LIST "" "*"') else answer
    server.put("INBOX", message(3))
    told = []
    for _ in range(2):
        told += [e["text"] for e in s.engine("sync") if e["event"] == "error"]
    check(len(told) == 1 and "10000" in told[0], f"told once: {told}")
    check(subjects(s.list("INBOX")) == ["message 1", "message 3"], f"new mail comes: {s.list('INBOX')}\n{server.commands[-20:]}")
    check(subjects(s.list("Work")) == ["message 2"], f"what is left out stays here: {s.list('Work')}")
    check(len(s.drive("folders").splitlines()) < 10010, "there is an end to it")
    server.after = lambda server, line, answer: answer
    server.put("Work", message(4))
    s.sync()
    check(subjects(s.list("Work")) == ["message 2", "message 4"], f"and goes on: {s.list('Work')}")
    s.stop()


def main():
    place = tempfile.mkdtemp(prefix="tmail-conflict-")
    try:
        for step in (expunged_before_the_move, changed_while_fetching, names_that_cannot_be_said, same_message_id, half_moved,
                     lines_that_are_too_long, nonsense, sent_before_the_first_sync, unended, unsettled, one_odd_folder,
                     arrived_before_the_watcher, talks_without_end, too_large, too_many_folders):
            step(place)
            print(step.__name__)
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
