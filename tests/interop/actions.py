# SPDX-License-Identifier: MIT
"""What a person does to mail and folders, as it reaches servers: keywords, folders, what is refused and undone, flags of a folder that was
renumbered, servers that keep a mailbox open. Against Dovecot (also without UIDPLUS, MOVE, UNSELECT), tmaild and fake_imap.Fake."""
import imaplib, os, shutil, sqlite3, subprocess, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dovecot import Dovecot, installed
from engine import FLAGGED, Store, message, sendmail, subjects
from fake_imap import Fake
from tm import TMAIL, Tmaild, check


def tags(s, folder="INBOX"):
    return {int(i): words.split() for i, _, words in (line.partition(" ") for line in s.drive("tags", folder).splitlines())}


def names(s):
    return {line.split(" ", 4)[4] for line in s.drive("folders").splitlines()}


def failures(s):
    return s.drive("failures").splitlines()


def real(place, name, port, login):
    """All of it on a server that has keywords and folders."""
    with login() as c:
        for i in (1, 2, 3):
            c.append("INBOX", None, None, message(i))
        c.select("INBOX")
        c.store("1", "+FLAGS", "(urgent)")
    s = Store(place, name, port)
    s.sync()
    ids = [m["id"] for m in s.list("INBOX")]
    check(tags(s)[ids[0]] == ["urgent"], f"{name}: the server's keyword is shown: {tags(s)}")
    for i in ids:
        s.drive("flag", i, "INBOX", "+todo")
    s.drive("flag", ids[0], "INBOX", "-urgent")
    check(tags(s)[ids[0]] == ["todo"], f"{name}: shown at once: {tags(s)}")
    s.drive("undo")
    s.drive("flag", "all", "INBOX", f"+{FLAGGED}")
    s.drive("folder", "create", "Projects/Bl\u00e4u")
    s.drive("move", ids[2], "INBOX", "Projects/Bl\u00e4u")
    s.drive("folder", "rename", "Projects/Bl\u00e4u", "Gr\u00fcn")
    s.sync()
    check(s.drive("journal").strip() == "0", f"{name}: nothing waits: {failures(s)}")
    with login() as c:
        c.select("INBOX")
        check(len(c.search(None, "KEYWORD", "todo")[1][0].split()) == 2, f"{name}: tags are there")
        check(len(c.search(None, "KEYWORD", "urgent")[1][0].split()) == 1, f"{name}: what was undone stays")
        check(len(c.search(None, "FLAGGED")[1][0].split()) == 2, f"{name}: flags are there")
        check(c.select('"Gr&APw-n"')[1] == [b"1"], f"{name}: renamed, with what was moved there")
        check(len(c.search(None, "KEYWORD", "todo", "FLAGGED")[1][0].split()) == 1, f"{name}: a tag moves along")
    s.sync()
    check(subjects(s.list("Gr\u00fcn")) == ["message 3"], f"{name}: {names(s)}")
    check(s.list("Gr\u00fcn")[0]["id"] == ids[2] and "Projects/Bl\u00e4u" not in names(s), f"{name}: the same message: {names(s)}")
    check(sorted(tags(s)[ids[0]]) == ["todo", "urgent"], f"{name}: both are shown: {tags(s)}")
    s.drive("folder", "delete", "Gr\u00fcn", code=70)  # there is mail in it
    s.drive("move", ids[2], "Gr\u00fcn", "INBOX")
    s.drive("folder", "delete", "Gr\u00fcn")
    check("Gr\u00fcn" not in names(s), f"{name}: gone at once")
    s.sync()
    s.sync()
    with login() as c:
        check(not any(b"Gr&APw-n" in row for row in c.list()[1]), f"{name}: and there")
        check(c.select("INBOX")[1] == [b"3"], f"{name}: what was in it was moved before")
    check("Gr\u00fcn" not in names(s), f"{name}: it does not come back: {names(s)}")
    s.stop()


def by_command(place):
    """tmail mark and tmail folders, as a person types them; the engine hears of it and does it."""
    server = Fake()
    server.put("INBOX", message(1))
    s = Store(place, "command", server.port)
    s.sync()
    s.stop()
    id = str(s.find("INBOX", "message 1")["id"])

    def tmail(*words, code=0):
        p = subprocess.run([TMAIL, "--offline", "--profile", s.dir, *words], capture_output=True, env=s.env, timeout=30)
        check(p.returncode == code, f"{words}: {p.returncode}: {p.stdout} {p.stderr}")
        return p.stdout.decode()

    tmail("mark", "+todo", "+flagged", "-seen", "--", id)
    check(tags(s)[int(id)] == ["todo"] and s.list("INBOX")[0]["flags"] & FLAGGED, f"marked: {tags(s)}")
    tmail("mark", "+" + "x" * 65, "--", id, code=64)
    tmail("mark", "+a b", "--", id, code=64)
    tmail("mark", "+x", "--", "99", code=66)
    tmail("mark", "+x", code=64)
    tmail("folders", "create", "A/B")
    tmail("folders", "create", "A/B", code=64)
    tmail("folders", "create", "../\x07", code=64)
    tmail("folders", "rename", "A/B", "C", "-a", "work")
    tmail("folders", "delete", "INBOX", "--with-mail", code=64)
    tmail("folders", "delete", "none", code=66)
    check("work/C\n" in tmail("folders"), "listed")
    s.sync()
    check(server.folders["INBOX"][1][0] >= {"todo", "\\Flagged"}, f"{server.folders}")
    check("CREATE C" in server.commands and "C" in server.folders, f"made by its last name: {server.commands}")
    s.stop()


def folders_refused(place):
    """Undone here, with a sentence; a message that was moved there stays where it was."""
    server = Fake()
    server.put("INBOX", message(1))
    server.folders["Kept"] = {}
    server.before = lambda server, line: (b"TAG NO [NOPERM] not for you\r\n" if line.split()[0] in ("CREATE", "RENAME", "DELETE") else None)
    s = Store(place, "refused", server.port)
    s.sync()
    s.drive("folder", "create", "New")
    s.drive("move", s.find("INBOX", "message 1")["id"], "INBOX", "New")
    s.drive("folder", "rename", "Kept", "Other")
    s.sync()
    s.sync()
    check("New" not in names(s) and "Kept" in names(s) and "Other" not in names(s), f"undone: {names(s)}")
    check(subjects(s.list("INBOX")) == ["message 1"], "the message is where it was")
    check(len(failures(s)) == 2 and all("not for you" in f for f in failures(s)), f"told: {failures(s)}")
    told = [subprocess.run([TMAIL, "--profile", s.dir, "sync"], capture_output=True, env=s.env, timeout=30).stderr for _ in range(2)]
    check(told[0].count(b"not for you") == 2 and not told[1], f"told once: {told}")
    s.drive("folder", "delete", "Kept")
    s.sync()
    check("Kept" in names(s) and s.drive("journal").strip() == "0", f"it is back: {names(s)}")
    s.stop()


def folders_with_mail(place):
    """Subscriptions, and a folder that is deleted with its mail, as a person types it; what a server refuses of it is undone."""
    server = Fake("IMAP4rev1 UIDPLUS MOVE UNSELECT")
    server.folders.update(Kept={}, Old={})
    server.put("Old", message(1))
    refuse = []

    def before(server, line):
        verb, *name = line.split(" ")
        if verb in refuse:
            return b"TAG NO [NOPERM] not for you\r\n"
        if verb == "DELETE":
            server.folders.pop(name[0])

    server.before = before
    s = Store(place, "withmail", server.port)
    s.sync()
    s.stop()

    def tmail(*words, code=0):
        p = subprocess.run([TMAIL, "--offline", "--profile", s.dir, "folders", *words], capture_output=True, env=s.env, timeout=30)
        check(p.returncode == code, f"{words}: {p.returncode}: {p.stdout} {p.stderr}")

    for verb in ("subscribe", "unsubscribe"):
        tmail(verb, "Kept")
        s.sync()
        check(f"{verb.upper()} Kept" in server.commands, f"{server.commands}")
    tmail("delete", "Old", code=64)
    refuse[:] = ["DELETE", "SUBSCRIBE"]
    tmail("delete", "Old", "--with-mail")
    tmail("subscribe", "Kept")
    check("Old" not in names(s), "gone at once")
    s.sync()
    check("Old" in names(s) and subjects(s.list("Old")) == ["message 1"], f"it is back, with its mail: {names(s)}")
    check(len(failures(s)) == 2 and all("not for you" in f for f in failures(s)), f"told: {failures(s)}")
    refuse.clear()
    tmail("delete", "Old", "--with-mail")
    s.sync()
    s.sync()
    check("Old" not in server.folders and "Old" not in names(s), f"it is gone: {server.commands}")
    check(s.drive("journal").strip() == "0", "nothing waits")
    s.stop()


def a_full_mailbox(place):
    """OVERQUOTA: a move and a copy are undone with that sentence; a copy of sent mail waits, and is told of once."""
    full = lambda server, line: b"TAG NO [OVERQUOTA] no room\r\n" if line.startswith(("UID MOVE", "UID COPY", "APPEND")) else None
    for caps in ("IMAP4rev1 UIDPLUS MOVE", "IMAP4rev1 UIDPLUS"):
        server = Fake(caps)
        server.folders.update(Work={}, Sent={})
        server.uses["Sent"] = "\\Sent"
        server.put("INBOX", message(1))
        s = Store(place, "full" + str(len(caps)), server.port)
        s.sync()
        sendmail(s, 0)
        with open(os.path.join(s.dir, "mail"), "wb") as f:
            f.write(message(2))
        server.before = full
        s.drive("move", s.find("INBOX", "message 1")["id"], "INBOX", "Work")
        s.drive("queue", os.path.join(s.dir, "mail"), 0, "jane@example.org", "bob@example.org")
        s.engine("send", 1)
        told = [e["text"] for _ in range(3) for e in s.engine("sync", code=None) if e["event"] in ("error", "op-failed")]
        check(subjects(s.list("INBOX")) == ["message 1"] and not s.list("Work"), f"{caps}: the message is where it was")
        check(len(failures(s)) == 1 and "full" in failures(s)[0], f"{caps}: with the reason: {failures(s)}")
        check(sum("Sent" in t for t in told) <= 1, f"{caps}: told once: {told}")
        check(s.drive("journal").strip() == "1" and subjects(s.list("Sent")) == ["message 2"], f"{caps}: the copy waits: {told}")
        s.stop()


def keywords_refused(place):
    """PERMANENTFLAGS without them: the server may say OK, and forget."""
    server = Fake()
    server.put("INBOX", message(1))

    def after(server, line, out):
        server.folders["INBOX"][1][0].discard("todo")
        return b"* OK [PERMANENTFLAGS (\\Seen \\Flagged known)] limited\r\n" + out if line.startswith(("SELECT", "EXAMINE")) else out

    server.after = after
    s = Store(place, "keywords", server.port)
    s.sync()
    id = s.find("INBOX", "message 1")["id"]
    s.drive("flag", id, "INBOX", "+known")
    s.sync()
    check(tags(s) == {id: ["known"]} and not failures(s), f"a keyword that is named there: {tags(s)} {failures(s)}")
    s.drive("flag", id, "INBOX", "+todo")
    s.sync()
    check("todo" not in tags(s)[id], f"undone: {tags(s)}")
    check(len(failures(s)) == 1, f"told: {failures(s)}")
    s.stop()


def half_moves(place):
    """A server without MOVE copies, and then will not mark the source: what was copied is not copied again, with or without UIDPLUS and
    a Message-ID to be known by."""
    for name, caps in (("plus", "IMAP4rev1 UIDPLUS"), ("bare", "IMAP4rev1")):
        for mid in (True, False):
            for words, fate in ((b"TAG NO [INUSE] not now\r\n", "later"), (b"TAG NO [NOPERM] not for you\r\n", "never"), ("cut", "cut")):
                half_move(place, f"half-{name}-{mid}-{fate}", caps, mid, words)


def half_move(place, name, caps, mid, words):
    server, state = Fake(caps), {"refuse": True}
    server.folders["Work"] = {}
    for i in (1, 2, 3):
        server.put("INBOX", message(i) if mid else message(i).replace(b"Message-ID", b"X-ID"))

    def before(server, line):
        if not line.startswith("UID STORE") or "Deleted" not in line or not state["refuse"]:
            return None
        server.cut = words == "cut"
        return b"" if server.cut else words

    server.before = before
    s = Store(place, name, server.port)
    s.sync()
    for i in (1, 2):
        s.drive("move", s.find("INBOX", f"message {i}")["id"], "INBOX", "Work")
    for refuse in (True, True, False, False):
        state["refuse"] = refuse
        s.sync(code=None)
        with sqlite3.connect(s.db) as db:
            db.execute("UPDATE journal SET retry_at = 0")
    copied = [c for c in server.commands if c.startswith("UID COPY")]
    check(len(copied) == 1, f"{name}: copied once: {copied}")
    never = b"NOPERM" in words if words != "cut" else False
    check(len(server.folders["Work"]) == 2 and len(server.folders["INBOX"]) == (3 if never else 1), f"{name}: on the server: {server.folders}")
    check(subjects(s.list("Work")) == ["message 1", "message 2"], f"{name}: in the target: {s.list('Work')}\n{s.log()}")
    check(subjects(s.list("INBOX")) == [f"message {i}" for i in ((1, 2, 3) if never else (3,))], f"{name}: in the source: {s.list('INBOX')}")
    check(len(failures(s)) == (2 if never else 0), f"{name}: told: {failures(s)}")
    check(s.drive("journal").strip() == "0", f"{name}: nothing is open")
    s.stop()


def renumbered(place):
    """The folder was made anew while the person was offline: what went to its new messages by their numbers is put back."""
    server = Fake("IMAP4rev1 UIDPLUS MOVE UNSELECT")
    for i in (1, 2):
        server.put("INBOX", message(i))
    s = Store(place, "renumbered", server.port)
    s.sync()
    s.stop()
    s.drive("flag", "all", "INBOX", f"+{FLAGGED}")
    server.folders["INBOX"] = {1: [{"\\Flagged"}, message(8)], 2: [set(), message(9)], 3: [set(), message(2)]}
    server.next["INBOX"] = 3
    validity = [8]
    server.after = lambda server, line, out: out.replace(b"UIDVALIDITY 7", b"UIDVALIDITY %d" % validity[0])
    s.sync()
    box = server.folders["INBOX"]
    check("\\Flagged" in box[1][0] and "\\Flagged" not in box[2][0], f"others' flags are as they were: {box} {server.commands}")
    s.stop()


def a_mailbox_that_stays_open(place):
    """A server whose refused SELECT leaves the old mailbox open: the STOREs behind it change nothing there."""
    for caps in ("IMAP4rev1 UIDPLUS UNSELECT", "IMAP4rev1 UIDPLUS"):
        server, opened = Fake(caps), [None]
        server.folders["Work"] = {}
        server.put("INBOX", message(1))
        server.put("INBOX", message(2))
        for i in (3, 4):
            server.put("Work", message(i))
        s = Store(place, "open" + str(len(caps)), server.port)
        s.sync()
        s.stop()
        s.drive("flag", s.find("INBOX", "message 1")["id"], "INBOX", f"+{FLAGGED}")
        s.drive("flag", s.find("Work", "message 4")["id"], "Work", f"+{FLAGGED}")
        true = server.answer

        def answer(words, body, at):
            if words[1] in ("SELECT", "EXAMINE") and words[2].strip('"') == "Work":
                return b"TAG NO [NOPERM] not now\r\n"  # and the one before stays
            if words[1] == "UNSELECT":
                at[0] = None
            return true(words, body, at)

        server.answer = answer
        s.sync()
        check("\\Flagged" in server.folders["INBOX"][1][0], f"{caps}: what was meant is done")
        check("\\Flagged" not in server.folders["INBOX"][2][0], f"{caps}: and nothing else: {server.commands}")
        check(len(failures(s)) == 1, f"{caps}: told: {failures(s)}")
        s.stop()


def one_is_refused(place):
    """A set of uids is refused for one of its messages: the others are changed, the person is told of that one, once."""
    for words, fails in ((b"TAG NO cannot\r\n", 1), (b"TAG BAD what\r\n", 1), (b"TAG NO [EXPUNGEISSUED] some are gone\r\n", 0)):
        server = Fake("IMAP4rev1 UIDPLUS MOVE UNSELECT")
        server.folders["Work"] = {}
        for i in range(1, 31):
            server.put("INBOX", message(i))
        for i in (41, 42):
            server.put("Work", message(i))
        s = Store(place, "refused" + words[4:12].decode().replace(" ", ""), server.port)
        s.sync()
        s.stop()
        for folder in ("INBOX", "Work"):
            s.drive("flag", "all", folder, f"+{FLAGGED}")
        if not fails:
            del server.folders["INBOX"][17]
        server.commands.clear()

        def before(server, line):
            verb, *rest = line.split(" ")
            odd = verb == "UID" and rest[0] == "STORE" and 17 in server.uids({n: 0 for n in range(1, 43)}, rest[1])
            return words if odd else None

        server.before = before
        s.sync(code=None)
        server.before = None
        s.sync(code=None)
        flagged = [u for u, m in server.folders["INBOX"].items() if "\\Flagged" in m[0]]
        check(flagged == [u for u in range(1, 31) if u != 17], f"{words}: {flagged}\n{server.commands}\n{s.log()}")
        check(all("\\Flagged" in m[0] for m in server.folders["Work"].values()), f"{words}: another folder: {server.commands}")
        check(len(failures(s)) == fails, f"{words}: told: {failures(s)}")
        check(s.drive("journal").strip() == "0", f"{words}: nothing is left: {server.commands}")
        check(sum(c.startswith("UID STORE") for c in server.commands) < 20, f"{words}: in few commands: {server.commands}")
        s.stop()


def all_are_refused(place):
    """There is an end to it."""
    server = Fake("IMAP4rev1 UIDPLUS MOVE UNSELECT")
    for i in range(1, 301):
        server.put("INBOX", message(i))
    server.before = lambda server, line: b"TAG NO cannot\r\n" if line.startswith("UID STORE") else None
    s = Store(place, "all", server.port)
    s.sync()
    s.drive("flag", "all", "INBOX", f"+{FLAGGED}")
    s.sync()
    check(s.drive("journal").strip() == "0" and len(failures(s)) > 0, f"undone, and told: {failures(s)}")
    check(sum(c.startswith("UID STORE") for c in server.commands) < 70, "in so many commands")
    check(not any(m["flags"] & FLAGGED for m in s.list("INBOX")), "undone")
    s.stop()


def with_the_login(place):
    """At a server that is known changes of flags go with the login. Where that is refused, or was too early, they are still due."""
    server, state = Fake("IMAP4rev1 UIDPLUS MOVE UNSELECT LIST-EXTENDED LIST-STATUS"), {"in": True, "early": []}
    for i in (1, 2, 3):
        server.put("INBOX", message(i))

    def before(server, line):
        verb = line.split(" ")[0]
        if verb == "LOGIN":
            return None if state["in"] else b"TAG NO [AUTHENTICATIONFAILED] no\r\n"
        if verb in state["early"]:
            state["early"].remove(verb)
            return b"TAG BAD not now\r\n"
        return None if state["in"] or verb in ("CAPABILITY", "LOGOUT") else b"TAG BAD log in first\r\n"

    server.before = before
    s = Store(place, "login", server.port)
    s.sync()
    s.stop()
    flagged = lambda: ["\\Flagged" in m[0] for m in server.folders["INBOX"].values()]
    s.drive("flag", "all", "INBOX", f"+{FLAGGED}")
    server.commands.clear()
    state["in"] = False
    s.sync(code=6)
    check(any(c.startswith("UID STORE 1:3 ") for c in server.commands), f"they went with it: {server.commands}")
    check(s.drive("journal").strip() == "3" and not any(flagged()) and not failures(s), f"they are due: {failures(s)}")
    s.stop()
    state["in"] = True
    s.sync()
    check(s.drive("journal").strip() == "0" and all(flagged()) and not failures(s), f"they are there: {server.commands}\n{s.log()}")
    s.stop()
    s.drive("flag", "all", "INBOX", f"-{FLAGGED}")
    state["early"] = ["SELECT", "UID", "UID", "UNSELECT", "LIST"]
    server.commands.clear()
    s.sync()
    check(s.drive("journal").strip() == "0" and not any(flagged()) and not failures(s), f"too early: {server.commands} {failures(s)}")
    s.stop()
    for i in (4, 5):
        server.put("INBOX", message(i))
    s.drive("flag", "all", "INBOX", f"+{FLAGGED}")
    server.commands.clear()
    s.sync()
    verbs = [c.split(" ")[0] for c in server.commands]
    at = verbs.index("LIST")
    check(verbs[at - 1] == "UNSELECT" and verbs.count("LIST") == 1, f"the folders are asked for behind them, once: {server.commands}")
    check(flagged() == [True, True, True, False, False] and len(s.list("INBOX")) == 5, f"and new mail comes: {server.commands}")
    s.stop()


def main():
    place = tempfile.mkdtemp(prefix="tmail-actions-")
    try:
        for step in (by_command, folders_refused, folders_with_mail, a_full_mailbox, keywords_refused, half_moves, renumbered, a_mailbox_that_stays_open,
                     one_is_refused, all_are_refused, with_the_login):
            step(place)
            print(step.__name__)
        server = Tmaild(os.path.join(place, "tmaild"), "--domain", "example.org", "--user", "jane:pw")

        def login():
            c = imaplib.IMAP4("127.0.0.1", server.ports["imap"])
            c.login("jane", "pw")
            return c

        real(place, "tmaild", server.ports["imap"], login)
        server.stop()
        print("tmaild")
        hidden = "IMAP4rev1 SASL-IR LITERAL+"
        for capability in (None, hidden) if installed() else ():
            with Dovecot(capability) as dovecot:
                real(place, "dovecot" + str(len(capability or "")), dovecot.port, dovecot.login)
            print("Dovecot" + (" that says it can nothing else" if capability else ""))
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
