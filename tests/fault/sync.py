# SPDX-License-Identifier: MIT
"""The first sync of an account, and one that finds new mail, other flags, and mail that is gone."""
from fault import main
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


main(First, Again)
