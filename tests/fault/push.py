# SPDX-License-Identifier: MIT
"""What a person did reaches the server, once: flags, keywords, folders, a move, a deletion for good, a copy from elsewhere."""
import os, re

from fault import DISK, NET, STOPS, Store, check, end_orphans, mailboxes, main
from mail import Mail, message

SEEN, FLAGGED = 1, 4


class Pushed(Mail):
    def prepare(self):
        self.healthy("sync")
        end_orphans(self.keep())  # the engine would be faster
        self.ids = {subject: id for id, subject in Ids(self.db).pairs}
        for words in self.deeds:
            self.drive(words[0], self.ids.get(words[1], words[1]), *words[2:])
        deeds, self.deeds = self.deeds, ()
        check(self.store().n("journal") == len(deeds), "what was done waits")


class Ids(Store):
    def read(self):
        self.pairs = self.all("SELECT id, subject FROM message")


class Flags(Pushed):
    name = "flags"
    deeds = (("flag", "message 1", "INBOX", f"+{SEEN}"), ("flag", "message 2", "INBOX", f"+{SEEN}"),
             ("flag", "message 3", "INBOX", f"+{FLAGGED}"))


def keywords(path):
    """Of the messages of a mailbox file by their uid."""
    with open(path, "rb") as f:
        found = re.findall(rb"\nX-UID: (\d{10})\nStatus: [^\n]*\nX-Status: [^\n]*\nX-Keywords:([^\n]*)\n", f.read())
    return sorted((int(uid), sorted(words.decode().split())) for uid, words in found)


class Words(Pushed):
    """Keywords: several are added, one that the server had goes."""
    name = "words"
    kinds = STOPS + ("write", "fsync") + NET
    deeds = (("flag", "message 1", "INBOX", "+todo"), ("flag", "message 2", "INBOX", "+todo"), ("flag", "message 3", "INBOX", "-urgent"),
             ("flag", "message 4", "INBOX", f"+{FLAGGED}"))

    def prepare(self):
        imap = self.imap()
        imap.select("INBOX")
        imap.store("1,3", "+FLAGS", "(urgent)")
        imap.logout()
        super().prepare()

    def equal(self):
        super().equal()
        there = keywords(os.path.join(self.boxes, "INBOX"))
        here = sorted((uid, sorted(words.split())) for uid, words in Tags(self.db).pairs)
        check(here == there == [(1, ["todo", "urgent"]), (2, ["todo"]), (3, []), (4, [])], f"here {here}\nthere {there}")


class Tags(Store):
    def read(self):
        self.pairs = self.all("SELECT uid, keywords FROM placement WHERE folder = (SELECT id FROM folder WHERE name = 'INBOX')")


class Folders(Pushed):
    """Folders are made, renamed with what lies in them, and deleted."""
    name = "folders"
    kinds = STOPS + ("write", "fsync") + NET
    deeds = (("folder", "create", "New"), ("move", "message 1", "INBOX", "New"), ("folder", "rename", "Work", "Done"),
             ("folder", "create", "Gone"), ("folder", "rename", "Gone", "Kept"), ("folder", "delete", "Drafts"))

    def prepare(self):
        imap = self.imap()
        imap.append("Work", None, None, message(5))
        imap.logout()
        super().prepare()

    def before(self):
        self.server.stop()  # folders come and go: it is not to remember them
        super().before()
        check(self.server.start(), "the server is back")

    def equal(self):
        super().equal()
        boxes = mailboxes(self.boxes)
        there = {f: [r[1] for r in rows] for f, rows in boxes.items()}
        want = {"INBOX": ["message 2", "message 3", "message 4"], "New": ["message 1"], "Done": ["message 5"], "Kept": []}
        check({f: there.get(f) for f in want} == want and not {"Work", "Gone", "Drafts"} & there.keys(), f"there: {there}")
        here = {name for name in self.store().folders.values()}
        check(want.keys() <= here and not {"Work", "Gone", "Drafts"} & here, f"here: {here}")


class Move(Pushed):
    name = "move"
    deeds = (("move", "message 1", "INBOX", "Work"), ("move", "message 2", "INBOX", "Work"),
             ("move", "message 4", "INBOX", "Trash"), ("expunge", "message 3", "INBOX"))


class Halves(Move):
    """A server without MOVE: what was copied is not copied again."""
    name = "halves"
    offers = ("--fault", "imap.offer=hide=MOVE")


class Dying(Move):
    """The server ends in the middle, or the link to it."""
    name = "dying"
    programs = ("tmaild",)
    kinds = STOPS + NET

    def act(self, env):
        return self.act_and_die(env, super().act)

    def resume(self, transient):
        check(self.server.start(), "the server is back")
        super().resume(transient)


class Copy(Pushed):
    """The copy of a mail that was sent lies in Sent, once."""
    name = "copy"
    deeds = ()

    def prepare(self):
        self.healthy("sync")
        end_orphans(self.keep())
        self.healthy("-s", "sent", "jane@example.org", stdin=b"hello\n")
        check(self.store().n("journal") == 1, "the copy waits")

    def equal(self):
        super().equal()
        check([r[1] for r in mailboxes(self.boxes)["Sent"]] == ["sent"], "one copy in Sent")


class Deed(Mail):
    """The deed itself: with its operation, or not done."""
    name = "deed"
    programs = ("drive",)
    kinds = STOPS + DISK
    codes = {0, 70}  # those of drive

    def prepare(self):
        self.healthy("sync")
        self.ids = {subject: id for id, subject in Ids(self.db).pairs}

    def act(self, env):
        return self.drive("move", self.ids["message 1"], "INBOX", "Work", env=env, code=None)

    def done(self, store):
        lies = [(f, uid) for f, uid, subject, *_ in store.mail if subject == "message 1"]
        check(lies in ([("INBOX", 1)], [("Work", 0)]), f"in one place: {lies}")
        moved = lies == [("Work", 0)]
        check(store.n("journal") == store.n("ghost") == moved, "with its operation")
        return moved

    def succeeded(self):
        check(self.done(self.store()), "it is done when that was said")

    def resume(self, transient):
        if not self.done(self.store()):
            self.drive("move", self.ids["message 1"], "INBOX", "Work")

    def after(self, done):
        self.succeeded()

    def idle(self):
        pass


main(Flags, Words, Folders, Move, Halves, Dying, Copy, Deed)
