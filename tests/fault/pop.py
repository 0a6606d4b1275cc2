# SPDX-License-Identifier: MIT
"""A POP3 account: what comes in is kept and then removed on the server; what was removed there is here."""
from fault import check, main, mailboxes
from mail import Mail, message, rc_for


def rc_pop(server, keep):
    rc = rc_for(server).replace(f'imap://jane@127.0.0.1:{server.ports["imap"]}', f'pop3://jane@127.0.0.1:{server.ports["pop3"]}')
    return rc + f'keep-on-server = "{keep}"\n'


class Pop(Mail):
    """Four messages, two of which were fetched before."""
    keeps = "no"

    def prepare(self):
        self.profile.write_rc(rc_pop(self.server, "yes"))
        imap = self.imap()
        imap.select("INBOX")
        imap.uid("store", b"3:4", "+FLAGS", "(\\Deleted)")
        imap.expunge()
        imap.logout()
        self.healthy("sync")
        self.profile.write_rc(rc_pop(self.server, self.keeps))
        imap = self.imap()
        for n in (5, 6):
            imap.append("INBOX", None, None, message(n, "words\r\n" * n))
        imap.logout()

    def equal(self):
        left = [r[1] for r in mailboxes(self.boxes)["INBOX"]]
        check(left == ([] if self.keeps == "no" else [f"message {n}" for n in (1, 2, 5, 6)]), f"on the server: {left}")
        self.here(self.store())

    def here(self, store):
        subjects = sorted(m[2] for m in store.mail)
        check(subjects == [f"message {n}" for n in (1, 2, 5, 6)], f"each is here, once: {subjects}")

    def act(self, env):
        self.done = super().act(env)
        self.nothing_lost()
        return self.done

    def nothing_lost(self):
        """At no time is a message neither here nor there."""
        left = {r[1] for r in mailboxes(self.boxes)["INBOX"]}
        here = {m[2] for m in self.store().mail}
        check(left | here == {f"message {n}" for n in (1, 2, 5, 6)}, f"here {here}, there {left}")


class Fetched(Pop):
    """Fetched and left there."""
    name = "fetched"
    keeps = "yes"


class Removed(Pop):
    """Fetched and removed there."""
    name = "removed"

    def state(self):
        rows, boxes = super().state()
        rows.pop("pop")  # what is known to be gone is forgotten at the next visit
        return rows, boxes


main(Fetched, Removed)
