# SPDX-License-Identifier: MIT
"""A server that has one copy of each message and labels in place of folders, as Gmail shows them by IMAP: nothing comes twice,
archiving takes the label of the INBOX away, and undo puts it back."""
import contextlib, os, re, shutil, sqlite3, sys, tempfile, zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from engine import FLAGGED, SEEN, Store, message, subjects
from fake_imap import Fake
from tm import check

CAPS = ("IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS ENABLE MOVE UTF8=ACCEPT LIST-EXTENDED "
        "LIST-STATUS LITERAL- SPECIAL-USE APPENDLIMIT=35651584")
ALL, TRASH, STARRED = "[Gmail]/All Mail", "[Gmail]/Trash", "[Gmail]/Starred"


class Gmail(Fake):
    def __init__(self, silent):
        super().__init__(CAPS)
        self.bodies = 0  # that went out
        self.silent = silent  # COPYUID does not tell of what has that label already
        self.spaces = b'(("" "/")) NIL NIL'
        self.uses = {"[Gmail]": "\\HasChildren \\Noselect", ALL: "\\All", TRASH: "\\Trash", STARRED: "\\Flagged",
                     "[Gmail]/Sent Mail": "\\Sent"}
        for name in (*self.uses, "work"):
            self.folders[name] = {}

    def label(self, entry, name):
        """Its uid in that folder, which it gets if it has none."""
        for uid, other in self.folders[name].items():
            if other is entry:
                return uid
        uid = super().put(name, entry[1])
        self.folders[name][uid] = entry
        return uid

    def put(self, name, body, flags=()):
        entry = [set(flags), body]
        self.label(entry, ALL)
        return self.label(entry, name)

    def transfer(self, box, verb, arg):
        target, pairs = arg[1], []
        source = next(name for name, other in self.folders.items() if other is box)
        for uid in self.uids(box, arg[0]):
            entry = box[uid]
            new = all(entry is not other for other in self.folders[target].values())
            here = self.label(entry, target)
            pairs += [(uid, here)] * (new or not self.silent)
            for name, other in self.folders.items():
                if name != target and (target == TRASH or (name == source != ALL and "MOVE" in verb)):
                    self.folders[name] = {u: e for u, e in other.items() if e is not entry}
        code = f"[COPYUID 7 {','.join(str(a) for a, _ in pairs)} {','.join(str(b) for _, b in pairs)}] " if pairs else ""
        return f"* OK {code}(Success)\r\nTAG OK (Success)\r\n".encode()

    def fetch(self, box, arg):
        out = b""
        for u in self.uids(box, arg[0]):
            self.bodies += "BODY.PEEK[]" in " ".join(arg)
            name = f"X-GM-MSGID {zlib.crc32(box[u][1]) + 1} ".encode() if "X-GM-MSGID" in " ".join(arg) else b""
            out += super().fetch(box, [str(u)] + arg[1:]).replace(b"(UID", b"(" + name + b"UID", 1)
        return out


def there(server, name):
    return sorted(re.search(rb"Subject: (.*)\r", m[1]).group(1).decode() for m in server.folders[name].values())


def agree(s, server, what, bodies):
    s.sync()
    s.sync()
    check(s.drive("journal").strip() == "0", f"{what}: nothing is open: {server.commands}\n{s.log()}")
    for name in ("INBOX", ALL, TRASH, STARRED, "work"):
        check(subjects(s.list(name)) == there(server, name), f"{what}: {name}: {s.list(name)}, there {there(server, name)}\n{s.log()}")
    check(server.bodies == bodies, f"{what}: no body again: {server.commands[-40:]}")
    check(not any(c.startswith(("APPEND", "CREATE")) for c in server.commands), f"{what}: {server.commands}")


def labels(place, silent):
    server = Gmail(silent)
    for i in range(8):
        server.put("INBOX" if i < 5 else ALL, message(i), ["\\Seen"] if i % 2 else [])
    server.label(server.folders["INBOX"][1], "work")
    server.label(server.folders["INBOX"][2], STARRED)
    s = Store(place, f"gmail{silent}", server.port)
    check(s.sync()["fetched"] == 8, f"each once: {server.commands}\n{s.log()}")
    agree(s, server, "first sync", 8)
    with contextlib.closing(sqlite3.connect(s.db)) as db:
        names = [n for n, in db.execute("SELECT name FROM folder WHERE role = 5")]
    check(names == [ALL], f"All Mail is the archive: {names}")

    s.drive("move", s.find("INBOX", "message 0")["id"], "INBOX", ALL)
    s.drive("move", s.find("INBOX", "message 4")["id"], "INBOX", ALL)
    agree(s, server, "archived", 8)
    check(there(server, "INBOX") == [f"message {i}" for i in (1, 2, 3)] and "message 0" in there(server, "work"), "a label less")
    s.drive("undo")
    agree(s, server, "undone", 8)
    check("message 4" in there(server, "INBOX") and there(server, ALL).count("message 4") == 1, f"{there(server, ALL)}")

    s.drive("flag", s.find("work", "message 0")["id"], "work", f"+{FLAGGED}")
    s.drive("flag", s.find(ALL, "message 6")["id"], ALL, f"+{SEEN}")
    agree(s, server, "flags", 8)
    check(s.find(ALL, "message 0")["flags"] & FLAGGED, "a flag of one is a flag of all")

    s.drive("move", s.find("work", "message 0")["id"], "work", TRASH)
    agree(s, server, "deleted", 8)
    check("message 0" not in there(server, ALL) and there(server, TRASH) == ["message 0"], "out of All Mail too")
    s.drive("move", s.find(TRASH, "message 0")["id"], TRASH, "INBOX")
    agree(s, server, "brought back", 8)
    s.stop()


def main():
    place = tempfile.mkdtemp(prefix="tmail-gmail-")
    try:
        for silent in (False, True):
            labels(place, silent)
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
