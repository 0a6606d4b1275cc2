# SPDX-License-Identifier: MIT
"""tmail -s: a mail goes out once, or waits, or is said to be in doubt; what was not promised may be missing, but never comes twice."""
import base64, os

from fault import NET, STOPS, check, main, mailboxes, same_on_both_sides
from mail import Mail

DOUBT = 2  # enum outbox_state
ATTACHED = b"attached words\n" * 50


class Send(Mail):
    name = "send"
    programs = ("tmail", "tmail-sync")

    def prepare(self):
        self.healthy("sync")
        self.file = os.path.join(self.place.path, "file.txt")
        with open(self.file, "wb") as f:
            f.write(ATTACHED)

    def act(self, env):
        return self.tmail("-s", "to myself", "-a", self.file, "jane@example.org", stdin=b"hello\n", env=env)

    def told(self, done):
        return done is not None and done.returncode == 0 and not done.stderr

    def arrived(self, folder="INBOX"):
        n = sum(subject == "to myself" for _, subject, _, _ in mailboxes(self.boxes)[folder])
        with open(os.path.join(self.boxes, "INBOX" if folder == "INBOX" else f"{folder}.mbox"), "rb") as f:
            whole = f.read().replace(b"\n", b"").count(base64.b64encode(ATTACHED))
        check(whole == n, f"{whole} of {n} attachments in {folder} are whole")
        return n

    def doubts(self):
        store = self.store()
        entries = store.rows.get("outbox", [])
        return sum(e[3] == DOUBT for e in entries), len(entries)

    def succeeded(self):
        check(self.arrived() == 1, "it said that it was sent")

    def resume(self, transient):
        self.tmail("outbox", "flush")
        self.healthy("sync")

    def after(self, done):
        n, (doubts, entries) = self.arrived(), self.doubts()
        check(entries == doubts, "nothing waits but what is in doubt")
        check(n <= 1 and entries <= 1, f"arrived {n} times, in doubt {doubts} times")
        if done.returncode == 0:
            check(n == 1 and doubts == 0 or doubts == 1, "what was sent or queued has arrived, or is in doubt")
        elif done.returncode == 75:
            check(n == 1 or doubts == 1, "what was not promised is in doubt")
        if doubts == 0:
            check(self.arrived("Sent") == n, f"{n} copies in Sent")
            same_on_both_sides(self.store(), mailboxes(self.boxes))

    def state(self):
        store = self.store()
        return {"outbox": store.rows["outbox"], "mail": store.mail, "journal": store.rows["journal"]}, mailboxes(self.boxes)


class Dying(Send):
    """The server ends in the middle, or the link to it."""
    name = "dying"
    programs = ("tmaild",)
    kinds = STOPS + NET

    def act(self, env):
        return self.act_and_die(env, super().act)

    def resume(self, transient):
        check(self.server.start(), "the server is back")
        super().resume(transient)

    def after(self, done):
        if done is not None:
            super().after(done)


main(Send, Dying)
