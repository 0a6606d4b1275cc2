# SPDX-License-Identifier: MIT
"""tmail search: words in mail that is here, and in mail of which only the header is here and the server has the rest; servers that
search in their own ways, refuse to, or are not there. Against Dovecot, tmaild and fake_imap.Fake."""
import base64, os, re, select, shutil, sys, tempfile, threading, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dovecot import Dovecot, installed
from engine import Ours
from fake_imap import Fake
from setup_wizard_terminal import Terminal
from tm import TMAIL, WAIT_S, Profile, check

RC = ('[account work]\naddress = "jane@example.org"\nreceive = "imap://jane@127.0.0.1:{port}"\n'
      'send = "sendmail:/bin/false"\npassword-command = "printf pw"\noffline = headers\n\n[folder INBOX]\noffline = all\n')


def letter(subject, text, who="Anna <anna@example.org>", day=5):
    body = base64.encodebytes(text.encode()).replace(b"\n", b"\r\n")
    return (f"From: {who}\r\nTo: jane@example.org\r\nSubject: {subject}\r\nDate: Mon, {day:02} Jan 2026 10:00:00 +0000\r\n"
            f"Message-ID: <{subject.replace(' ', '.')}@example.org>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n").encode() + body


def plain(subject, text):
    return f"From: a@example.org\r\nSubject: {subject}\r\nDate: Mon, 05 Jan 2026 10:00:00 +0000\r\n\r\n{text}\r\n".encode()


def found(p, *query, code=0):
    return sorted(m["subject"] for m in p.json("search", *query, code=code))


def said(p, *query, code):
    err = p.run("search", *query, code=code).stderr.decode()
    check(err.count("\n") == 1 and err.startswith("tmail: "), f"{query}: one sentence: {err!r}")
    return err


def stop(p):
    """The engine of a store ends when its socket says so; the test leaves none behind."""
    from engine import Store
    s = Store.__new__(Store)
    s.dir, s.db, s.rc = p.path, os.path.join(p.path, "mail.db"), os.path.join(p.path, "tmailrc")
    s.env = dict(p.env, DRIVE_LOG=os.path.join(p.path, "log"))
    s.stop()


def real(place, name, server):
    with server.login() as c:
        for folder in ("Lists", "Lists/dev", "Alte"):
            c.create(folder)
        c.append("INBOX", None, None, letter("held", "the zebra is here"))
        c.append("Lists", None, None, letter("away", "a ZEBRA crossing\r\nat the \"old\" c:\\mill"))
        c.append("Lists/dev", None, None, letter("deep", "Die Überg\u00f6\u00dfe der zebras", "Bob <bob@example.org>", 7))
        c.append("Alte", None, None, letter("other", "nothing to see"))
        c.select("Lists")
        c.store("1", "+FLAGS", "\\Flagged")
        c.unselect() if hasattr(c, "unselect") else c.close()
    p = Profile(os.path.join(place, name), RC.format(port=server.port))
    p.run("sync")
    bodies = {m["subject"] for m in p.json("--offline", "search", "body:e", code=0)}
    check(bodies == {"held"}, f"{name}: only the INBOX is held: {bodies}")

    for query, want in ((["zebra"], ["away", "deep", "held"]), (["ZEBRA", "-from:bob"], ["away", "held"]),
                        (["\"zebra crossing\""], ["away"]), (["\"\\\"old\\\" c:\\\\mill\""], ["away"]),
                        (["\u00fcbergr\u00f6sse"], []), (["\u00dcberg\u00f6\u00dfe"], ["deep"]), (["zebra", "is:flagged"], ["away"]),
                        (["zebra", "in:dev"], ["deep"]), (["zebra", "since:2026-01-06"], ["deep"]),
                        (["body:zebra", "subject:held OR subject:deep"], ["deep", "held"]),
                        (["-zebra"], ["other"]), (["giraffe"], []), (["from:anna"], ["away", "held", "other"])):
        got = found(p, *query, code=0 if want else 1)
        check(got == want, f"{name}: {query}: {got}, wanted {want}\n{p.log()}")
    rows = p.json("search", "zebra", "-n", "2")
    check(len(rows) == 2 and rows[0]["subject"] == "held", f"{name}: here first, two in all: {rows}")
    check(rows[1]["folders"] and rows[1]["account"] == "work" and rows[1]["id"] > 0, f"{name}: a whole row: {rows}")
    check(b"away" in p.run("search", "zebra").stdout, f"{name}: as a list")

    with server.login() as c:
        c.append("Lists", None, None, letter("newer", "one more zebra"))
    check("newer" in found(p, "zebra"), f"{name}: what came meanwhile is found, and comes")
    p.run("sync")
    check(sorted(m["subject"] for m in p.json("list", "-f", "Lists")) == ["away", "newer"], f"{name}: nothing is doubled")

    for query in (["a\r\nt9 LOGOUT"], ["a\nb"], ["is:nice"], ["(a"], [""]):
        check(p.run("search", *query, code=64).stdout == b"", f"{name}: {query}")
    check(found(Offline(p), "zebra") == ["held"], f"{name}: what is here")
    check("Lists" in said(Offline(p), "zebra", code=0), f"{name}: it is said where not")
    said(Offline(p), "crossing", code=75)
    check(Offline(p).run("search", "in:none", "x", code=1).stderr == b"", f"{name}: no server would know more")
    server.stop()
    check(found(p, "zebra") == ["held"], f"{name}: without the server, what is here")
    err = said(p, "crossing", code=75)
    check("Lists" in err and "work" in err, f"{name}: where not: {err}")
    stop(p)


class Offline:
    """A profile that touches no network."""

    def __init__(self, p):
        self.p = p

    def run(self, *argv, **more):
        return self.p.run("--offline", *argv, **more)

    def json(self, *argv, **more):
        return self.p.json("--offline", *argv, **more)


def fake(place, name, caps="IMAP4rev1", mails=("a zebra", "a lion")):
    server = Fake(caps)
    server.folders["Lists"] = {}
    for i, text in enumerate(mails):
        server.put("Lists", plain(f"mail {i}", text))
    p = Profile(os.path.join(place, re.sub(r"\W", "", name)), RC.format(port=server.port))
    p.run("sync")
    server.commands.clear()
    return server, p


def asked(server):
    return [c for c in server.commands if c.startswith("UID SEARCH")]


def shows(t, *words):
    """Has the screen drawn anew, without steps that only a terminal could follow, until it has them all."""
    deadline = time.monotonic() + WAIT_S
    while True:
        start = len(t.out)
        t.say("\x0c")
        while "\x1b[2J" not in t.out[start:] or select.select([t.fd], [], [], 0.05)[0]:
            t.read(deadline)
        screen = t.out[start:].rpartition("\x1b[2J")[2]
        if all(w in screen for w in words):
            return screen
        check(time.monotonic() < deadline, f"{words} in {screen!r}")


def in_the_reader(place):
    """What is here is shown at once, what the server has when it comes; a key works meanwhile."""
    server, p = fake(place, "reader")
    server.put("INBOX", plain("held", "a zebra"))
    p.run("sync")
    gate = threading.Event()

    def before(s, line):
        if line.startswith("UID SEARCH"):
            gate.wait(60)
        return None
    server.before = before
    t = Terminal([TMAIL, "--profile", p.path], dict(p.env, TERM="xterm-256color"))
    t.expect("INBOX")
    t.say("/zebra\r")
    shows(t, "Found: zebra  1/1", "held", "searching at work")
    t.say("?")
    shows(t, "search all mail")
    t.say("q")
    gate.set()
    check("searching" not in shows(t, "Found: zebra  1/2", "mail 0", "held"), "it is over")
    t.say("q")
    shows(t, "INBOX  1/1")
    t.say("q")
    check(t.end() == 0, "it ends well")
    stop(p)


def no_esearch(place):
    server, p = fake(place, "rev1")
    check(found(p, "zebra") == ["mail 0"], f"SEARCH: {server.commands}")
    check(asked(server) == ['UID SEARCH TEXT "zebra"'], f"no RETURN: {server.commands}")
    check(server.commands.index('UID SEARCH TEXT "zebra"') == server.commands.index("EXAMINE Lists") + 1, f"{server.commands}")
    check(not any("FETCH" in c for c in server.commands), f"its header is here: {server.commands}")
    stop(p)


def esearch(place):
    """ESEARCH; what it finds that is not there, and an answer that nobody can read."""
    server, p = fake(place, "esearch", "IMAP4rev1 ESEARCH")
    for answer, want in ((b"UID ALL 1", ["mail 0"]), (b"UID", None), (b"UID ALL 1:4294967295", ["mail 0", "mail 1"]),
                         (b"UID ALL 2,77,4000000000", ["mail 1"])):
        server.before = lambda s, line: (b"* ESEARCH (TAG \"x\") " + answer + b"\r\nTAG OK\r\n"
                                         if line.startswith("UID SEARCH") else None)
        got = found(p, "zebra", code=0 if want else 1)
        check(got == (want or []), f"{answer}: {got} {server.commands}")
    check(asked(server)[0] == 'UID SEARCH RETURN (ALL) TEXT "zebra"', f"{server.commands}")
    stop(p)


def searchres(place):
    """Messages that are not here yet: found, and their headers, in one turn."""
    server, p = fake(place, "searchres", "IMAP4rev1 ESEARCH SEARCHRES")
    for i in (2, 3):
        server.put("Lists", plain(f"mail {i}", "a zebra" if i == 2 else "a lion"))
    saved = []

    def before(s, line):
        if line.startswith("UID SEARCH RETURN (SAVE ALL)"):
            saved[:] = [1, 3]
            return b"* ESEARCH (TAG \"x\") UID ALL 1,3\r\nTAG OK\r\n"
        if line.startswith("UID SEARCH RETURN (SAVE) UID $ NOT UID 1:2"):
            saved[:] = [3]
            return b"* ESEARCH (TAG \"x\") UID\r\nTAG OK\r\n"
        if line.startswith("UID FETCH $"):
            return s.fetch(s.folders["Lists"], [",".join(map(str, saved)), *line.split(" ")[3:]]) + b"TAG OK\r\n"
        if line.startswith("UID FETCH 3:4") or line.startswith("UID FETCH 4"):
            return b"TAG NO not now\r\n"  # so that the pass leaves them
        return None
    server.before = before
    p.run("sync", code=None)  # it has seen that there are four
    server.commands.clear()
    got = found(p, "zebra")
    check(got == ["mail 0", "mail 2"], f"all of it: {got} {server.commands}\n{p.log()}")
    stop(p)


def badcharset(place):
    server, p = fake(place, "badcharset", mails=("der L\u00f6we", "ein Z\u00fcndholz", "Zoo"))
    for refusal in (b"TAG NO [BADCHARSET (US-ASCII)] no\r\n", b"TAG BAD what\r\n"):
        server.commands.clear()
        server.before = lambda s, line: refusal if "CHARSET" in line else None
        check(found(p, "z\u00fcndholz") == ["mail 1"], f"its ASCII part: {server.commands}")
        check(asked(server) == ["UID SEARCH CHARSET UTF-8 TEXT {9}", 'UID SEARCH TEXT "ndholz"'], f"{server.commands}")
    err = said(p, "\u00f6\u00fc", code=69)
    check("ASCII" in err, f"nothing is left to look for: {err}")
    stop(p)


def charset(place):
    """What is not ASCII goes as it is, in a literal."""
    server, p = fake(place, "charset", "IMAP4rev1 LITERAL+")
    server.before = lambda s, line: b"* SEARCH 2\r\nTAG OK\r\n" if line.startswith("UID SEARCH CHARSET UTF-8 TEXT {") else None
    check(found(p, "l\u00f6we") == ["mail 1"], f"{server.commands}")
    check("{5+}" in asked(server)[0], f"{server.commands}")
    stop(p)


def refused(place):
    """A server that will not search, one that cannot open a folder: said once; the rest is searched."""
    server, p = fake(place, "refused")
    server.folders["More"] = {}
    server.put("More", plain("more", "a zebra"))
    p.run("sync")
    server.before = lambda s, line: b"TAG NO too hard\r\n" if line.startswith("UID SEARCH") else None
    check("too hard" in said(p, "zebra", code=69), "its reason is told")
    server.before = lambda s, line: b"TAG NO [NOPERM] closed\r\n" if line == "EXAMINE More" else None
    r = p.run("search", "zebra", "--json")
    check(b"mail 0" in r.stdout and b"more" not in r.stdout and b"More" in r.stderr, f"the others are searched: {r}")
    check(b"mail 1" not in r.stdout, f"and of a refused folder nothing is believed: {r}")
    stop(p)


def two_accounts(place):
    """One server is gone: what the other finds is shown, and it is said of the one where nothing was searched."""
    servers = [Fake("IMAP4rev1 ESEARCH"), Fake()]
    rc = ""
    for name, server in zip(("work", "home"), servers):
        server.folders["Lists"] = {}
        server.put("Lists", plain(f"at {name}", "a zebra"))
        rc += RC.format(port=server.port).replace("account work", f"account {name}").partition("[folder")[0]
    p = Profile(os.path.join(place, "two"), rc)
    p.run("sync")
    servers[0].before = lambda s, line: b"* ESEARCH UID ALL 1\r\nTAG OK\r\n" if line.startswith("UID SEARCH") else None
    check(found(p, "zebra") == ["at home", "at work"], f"both: {servers[0].commands} {servers[1].commands}")
    stop(p)
    servers[1].end()
    r = p.run("search", "--json", "zebra")
    err = r.stderr.decode()
    check(b"at work" in r.stdout and b"at home" not in r.stdout, f"one of them: {r}")
    check(err.count("\n") == 1 and "home" in err and "Lists" in err, f"of the other it is said: {err}")
    stop(p)


def renumbered(place):
    server, p = fake(place, "renumbered")
    server.after = lambda s, line, answer: answer.replace(b"UIDVALIDITY 7", b"UIDVALIDITY 8")
    said(p, "zebra", code=76)
    stop(p)


def main():
    place = tempfile.mkdtemp(prefix="tmail-search-")
    try:
        for scenario in (in_the_reader, no_esearch, esearch, searchres, badcharset, charset, refused, two_accounts, renumbered):
            scenario(place)
        with Ours() as server:
            real(place, "tmaild", server)
        if installed():
            with Dovecot() as server:
                real(place, "dovecot", server)
    finally:
        shutil.rmtree(place, ignore_errors=True)


main()
