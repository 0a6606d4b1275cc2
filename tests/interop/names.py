# SPDX-License-Identifier: MIT
"""What folders are called: namespaces (RFC 2342), names in UTF-8 (RFC 6855, RFC 9051), and names that are neither UTF-8 nor
modified UTF-7. However the server has them, a folder stays the same folder, and its mail comes once."""
import os, re, shutil, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dovecot
from engine import Ours, Store, message, subjects
from fake_imap import Fake
from tm import check

ALL = "IMAP4rev1 UIDPLUS MOVE"
BELOW = b'(("INBOX." ".")) NIL (("shared." "."))'


def names(s):
    return {line.split(" ", 4)[4] for line in s.drive("folders").splitlines()}


def bodies(server):
    return sum("BODY.PEEK[]" in c for c in server.commands)


def dotted(caps):
    """A server that keeps all folders below INBOX."""
    server = Fake(caps)
    server.sep, server.prefix, server.spaces = ".", "INBOX.", BELOW
    for i, folder in enumerate(("INBOX", "INBOX.Work", "INBOX.Entw&APw-rfe", "INBOX.a.b", "shared.Work")):
        server.folders.setdefault(folder, {})
        server.put(folder, message(i))
    return server


def below_inbox(place):
    """The prefix is seen on the server alone: what the person makes gets it."""
    server = dotted(ALL + " NAMESPACE")
    s = Store(place, "below", server.port)
    s.sync()
    check(names(s) >= {"INBOX", "Work", "Entw\u00fcrfe", "a/b", "shared/Work"}, f"{names(s)}")
    check(not any(n.startswith("INBOX/") for n in names(s)), f"{names(s)}")
    at = server.commands.index("NAMESPACE")
    check(server.commands[at + 1].startswith("LIST"), f"asked with the folders: {server.commands}")
    s.sync()
    check(server.commands.count("NAMESPACE") == 1, f"once on a link: {server.commands}")
    s.drive("folder", "create", "Projects/2026")
    s.drive("folder", "rename", "a/b", "c/d")
    s.drive("move", s.find("INBOX", "message 0")["id"], "INBOX", "Trash")
    for _ in range(2):
        s.sync()
    check(s.drive("journal").strip() == "0", f"nothing is open: {server.commands}\n{s.log()}")
    check(set(server.folders) >= {"INBOX.Projects.2026", "INBOX.c.d", "INBOX.Trash"}, f"{list(server.folders)}")
    check(subjects(s.list("c/d")) == ["message 3"] and subjects(s.list("Trash")) == ["message 0"], f"{s.log()}")
    check(names(s) >= {"Projects/2026", "c/d", "Trash"} and "INBOX/Trash" not in names(s), f"{names(s)}")
    s.stop()


def made_before(place):
    """A folder that is made before the server was ever asked what its namespaces are."""
    server = dotted(ALL + " NAMESPACE")
    s = Store(place, "before", server.port)
    s.sync()
    s.stop()
    server.commands.clear()
    s.drive("folder", "create", "First")
    s.sync()
    check("INBOX.First" in server.folders and server.commands.count("NAMESPACE") == 1, f"{server.commands}")
    s.stop()


def renamed_here(place):
    """A store from a time when nobody knew of the prefix: folders are called otherwise, and nothing is fetched again."""
    server = dotted(ALL)
    s = Store(place, "renamed", server.port)
    s.sync()
    check(names(s) >= {"INBOX/Work", "INBOX/Entw\u00fcrfe"}, f"{names(s)}")
    s.stop()
    had = bodies(server)
    server.caps += " NAMESPACE"
    s.sync()
    s.sync()
    check(names(s) >= {"Work", "Entw\u00fcrfe"} and "INBOX/Work" not in names(s), f"{names(s)}")
    check(subjects(s.list("Work")) == ["message 1"], f"{s.list('Work')}")
    check(bodies(server) == had, f"nothing is fetched again: {server.commands}")
    s.stop()


def foreign(place):
    """Of very many folders of others those that the person subscribed to are there."""
    server = dotted(ALL + " NAMESPACE LIST-EXTENDED")
    for i in range(600):
        server.folders[f"shared.l{i}"] = {}
    server.uses["shared.l7"] = "\\Subscribed"
    s = Store(place, "foreign", server.port)
    s.sync()
    check({n for n in names(s) if n.startswith("shared/")} == {"shared/l7"} and "Work" in names(s), f"{names(s)}")
    s.stop()


def in_utf8(place):
    """UTF8=ACCEPT, from one day to the next, and gone again: the names are the same."""
    for caps in (" ENABLE UTF8=ACCEPT", " ENABLE IMAP4rev2", " ENABLE UTF8=ONLY"):
        server = Fake(ALL)
        server.texts = {"Entw&APw-rfe": "Entw\u00fcrfe", "a&-b": "a&b"}
        for i, folder in enumerate(("INBOX", "Entw&APw-rfe", "a&-b")):
            server.put(folder, message(i))
        s = Store(place, "utf8" + caps[-4:], server.port)
        s.sync()
        s.stop()
        server.caps = ALL + caps
        server.put("Entw&APw-rfe", message(5))
        had = bodies(server)
        s.sync()
        check(names(s) >= {"Entw\u00fcrfe", "a&b"}, f"{names(s)}")
        check(subjects(s.list("Entw\u00fcrfe")) == ["message 1", "message 5"], f"{server.commands}\n{s.log()}")
        check(bodies(server) == had + 1, f"one is new: {server.commands}")
        check(any(c.startswith("ENABLE") for c in server.commands), f"{server.commands}")
        s.drive("move", s.find("INBOX", "message 0")["id"], "INBOX", "a&b")
        s.drive("folder", "create", "Gr\u00fcn&")
        server.texts["Gr&APw-n&-"] = "Gr\u00fcn&"
        s.sync()
        check("Gr&APw-n&-" in server.folders and len(server.folders["a&-b"]) == 2, f"{list(server.folders)}")
        s.stop()
        server.caps = ALL
        s.sync()
        check(subjects(s.list("a&b")) == ["message 0", "message 2"] and "Gr\u00fcn&" in names(s), f"{names(s)}\n{s.log()}")
        check(s.drive("journal").strip() == "0", "nothing is open")
        s.stop()


def not_enabled(place):
    """UTF8=ACCEPT is offered and refused: the next link does without."""
    server = Fake(ALL + " ENABLE UTF8=ACCEPT")
    server.put("Entw&APw-rfe", message(1))
    server.before = lambda srv, line: b"TAG NO not now\r\n" if line.startswith("ENABLE") else None
    s = Store(place, "refused", server.port)
    for _ in range(3):
        s.sync(code=None)
    check(subjects(s.list("Entw\u00fcrfe")) == ["message 1"], f"{server.commands}\n{s.log()}")
    s.stop()


def raw(place):
    """Names in neither form are said again as they were heard."""
    server = Fake(ALL)
    odd = {"na\u00c3\u00afve": "na\u00efve", "caf\u00e9": "caf\ufffd", "a&b": "a&b", "&AOk-&AOk-": "&AOk-&AOk-"}
    for i, folder in enumerate(odd):
        server.put(folder, message(i))
        server.put("INBOX", message(10 + i))
    s = Store(place, "raw", server.port)
    s.sync()
    for i, folder in enumerate(odd.values()):
        check(subjects(s.list(folder)) == [f"message {i}"], f"{folder}: {names(s)}\n{server.commands}\n{s.log()}")
    for i, folder in enumerate(odd.values()):
        s.drive("move", s.find("INBOX", f"message {10 + i}")["id"], "INBOX", folder)
    s.sync()
    check(all(len(server.folders[f]) == 2 for f in odd), f"{server.commands}\n{s.log()}")
    s.stop()


def of_8bit_headers(place):
    """A message with UTF-8 in its header goes up as such where UTF8=ACCEPT is enabled (RFC 6855 §4)."""
    fake = Fake(ALL + " ENABLE UTF8=ACCEPT")
    fake.folders["Sent"], fake.uses["Sent"] = {}, "\\Sent"
    with Ours() as ours:
        imap = ours.login()
        imap.create("Sent")
        for server in (fake, ours):
            s = Store(place, f"eight{server.port}", server.port)
            s.sync()
            with open(os.path.join(s.dir, "sendmail"), "w") as f:
                f.write("#!/bin/sh\ncat >/dev/null\n")
            os.chmod(f.name, 0o755)
            for i, subject in enumerate(("Gr\u00fc\u00dfe", "plain")):
                mail = os.path.join(s.dir, "mail")
                with open(mail, "wb") as f:
                    f.write(f"From: jane@example.org\r\nSubject: {subject}\r\nMessage-ID: <u{i}@x>\r\n\r\nJ\u00fcrgen\r\n".encode())
                s.drive("queue", mail, 0, "jane@example.org", "joe@example.org")
                s.engine("send", i + 1)
            for _ in range(2):
                s.sync()
            check(subjects(s.list("Sent")) == ["Gr\u00fc\u00dfe", "plain"], f"{s.list('Sent')}\n{s.log()}")
            check(s.drive("journal").strip() == "0", f"nothing is open: {s.log()}")
            s.stop()
        imap.select("Sent")
        check(len(imap.uid("search", None, "ALL")[1][0].split()) == 2, "both are there")
    appends = [c for c in fake.commands if c.startswith("APPEND")]
    check(["UTF8 (~{" in c for c in appends] == [True, False], f"{appends}")


def with_dovecot(place):
    """The same of a Dovecot with a prefix."""
    with dovecot.Dovecot(prefix="INBOX.") as server:
        imap = server.login()
        imap.create("INBOX.Entw&APw-rfe")
        imap.append("INBOX.Entw&APw-rfe", None, None, message(2))
        s = Store(place, "dovecot", server.port)
        s.sync()
        check(names(s) >= {"INBOX", "Sent", "Entw\u00fcrfe"}, f"{names(s)}")
        s.drive("folder", "create", "A/B")
        s.drive("move", s.find("Entw\u00fcrfe", "message 2")["id"], "Entw\u00fcrfe", "Trash")
        for _ in range(2):
            s.sync()
        there = {re.search(rb'"\." "?([^"]*)"?$', row).group(1).decode() for row in imap.list()[1]}
        check(there >= {"INBOX.A.B", "INBOX.Trash", "INBOX.Sent"}, f"{there}")
        check(subjects(s.list("Trash")) == ["message 2"], f"{s.log()}")
        check(s.drive("journal").strip() == "0", "nothing is open")
        s.stop()


def main():
    only = os.environ.get("NAMES")  # this one alone
    place = tempfile.mkdtemp(prefix="tmail-names-")
    steps = [below_inbox, made_before, renamed_here, foreign, in_utf8, not_enabled, raw, of_8bit_headers]
    try:
        for step in steps + [with_dovecot] * bool(dovecot.installed()):
            if only in (None, step.__name__):
                step(place)
                print(step.__name__, flush=True)
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
