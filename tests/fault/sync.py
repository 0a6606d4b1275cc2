# SPDX-License-Identifier: MIT
"""The first sync of an account, one that finds new mail, other flags, and mail that is gone, and a search on the server."""
from fault import check, mailboxes, main, rc_for
from mail import Mail, message


class First(Mail):
    name = "first"

    def prepare(self):
        self.drive("outbox")  # an empty store: how one comes to be is tried in store.py


class Again(Mail):
    name = "again"
    programs = ("tmail", "tmail-sync")

    def prepare(self):
        self.healthy("sync")
        imap = self.imap()
        imap.append("INBOX", None, None, message(5))
        imap.append("Work", "(\\Seen)", None, message(6))
        imap.select("INBOX")
        imap.uid("store", b"1:2", "+FLAGS", "(\\Flagged \\Seen)")
        imap.uid("move", b"2", "Work")
        imap.uid("store", b"3", "+FLAGS", "(\\Deleted)")
        imap.expunge()
        imap.logout()


class Search(Mail):
    """A word that the server alone has, in a message that is known here by its header, and in one that is not."""
    name = "search"

    def prepare(self):
        self.profile.write_rc(rc_for(self.server, extra="offline = headers\n"))
        imap = self.imap()
        imap.append("Work", None, None, message(5, "a zebra"))
        self.healthy("sync")
        imap.append("Work", None, None, message(6, "a zebra"))
        imap.logout()

    def act(self, env):
        done = self.tmail("search", "zebra", env=env)
        self.tmail("sync", env=env)  # what the engine does beside it is over, too
        return done

    def resume(self, transient):
        self.healthy("sync")
        found = self.healthy("search", "zebra").stdout.decode()
        check(found.count("\n") == 2 and "message 5" in found and "message 6" in found, f"found: {found}")

    def equal(self):
        """Headers, each once; no text."""
        here = sorted((f, uid, subject, identity) for f, uid, subject, _, _, identity, _ in self.store().mail)
        there = sorted((f, uid, subject, "") for f, rows in mailboxes(self.boxes).items() for uid, subject, _, _ in rows)
        check(here == there, f"here {here}\nthere {there}")

    def succeeded(self):
        """What was shown is in the store; the sync beside it may have been broken off."""


main(First, Again, Search)
