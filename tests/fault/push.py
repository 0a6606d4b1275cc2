# SPDX-License-Identifier: MIT
"""What a person did reaches the server, once: flags, a move, a deletion for good, a copy from elsewhere."""
from fault import DISK, NET, STOPS, Store, check, end_orphans, mailboxes, main
from mail import Mail

SEEN, FLAGGED = 1, 4


class Pushed(Mail):
    def prepare(self):
        self.healthy("sync")
        end_orphans(self.keep())  # the engine would be faster
        self.ids = {subject: id for id, subject in Ids(self.db).pairs}
        for words in self.deeds:
            self.drive(words[0], self.ids[words[1]], *words[2:])
        deeds, self.deeds = self.deeds, ()
        check(self.store().n("journal") == len(deeds), "what was done waits")


class Ids(Store):
    def read(self):
        self.pairs = self.all("SELECT id, subject FROM message")


class Flags(Pushed):
    name = "flags"
    deeds = (("flag", "message 1", "INBOX", f"+{SEEN}"), ("flag", "message 2", "INBOX", f"+{SEEN}"),
             ("flag", "message 3", "INBOX", f"+{FLAGGED}"))


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


main(Flags, Move, Halves, Dying, Copy, Deed)
