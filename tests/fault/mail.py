# SPDX-License-Identifier: MIT
"""What the scenarios with a client and a healthy server share: jane's account, and the templates of her store and mailboxes."""
import imaplib, os, shutil, subprocess

from fault import DRIVE, RUN_S, Scenario, Store, check, end_orphans, files, mailboxes, same_on_both_sides, without_numbers
from fault import Profile, TMAIL, rc_for, signal

FOLDERS = ("Drafts", "Sent", "Trash", "Work")


def message(n, body="short"):
    return (f"From: Sender {n} <s{n}@example.org>\r\nTo: jane@example.org\r\nSubject: message {n}\r\n"
            f"Date: Mon, 05 Jan 2026 10:00:{n:02} +0000\r\nMessage-ID: <m{n}@example.org>\r\n\r\n{body}\r\n").encode()


def put_back(template, folder):
    """In the folder itself, which the server holds open; each file is another one, so that it looks."""
    names = os.listdir(template)
    for name in set(os.listdir(folder)) - set(names):
        os.unlink(os.path.join(folder, name))
    for name in names:
        shutil.copy2(os.path.join(template, name), os.path.join(folder, ".put"))
        os.rename(os.path.join(folder, ".put"), os.path.join(folder, name))


class Mail(Scenario):
    """jane has four messages; the template is made by template() and what the scenario adds in prepare()."""

    offers = ()  # options of tmaild: less of what it can do

    def __init__(self, place):
        super().__init__(place)
        self.server = place.tmaild(*self.offers, "--domain", "example.org", "--user", "jane:pw")
        self.boxes = os.path.join(self.server.root, "mail.root", "mail", "jane")
        self.profile = place.profile(rc_for(self.server))
        self.db = os.path.join(self.profile.path, "mail.db")
        imap = self.imap()
        for folder in FOLDERS:
            imap.create(folder)
        for n in (1, 2, 3, 4):
            imap.append("INBOX", None, None, message(n, "x" * 70 if n < 4 else "long line\r\n" * 500))
        imap.logout()
        self.prepare()
        end_orphans(self.keep())
        for what, where in ((self.boxes, "boxes"), (self.profile.path, "profile")):
            shutil.copytree(what, os.path.join(place.path, "template", where))
        self.expected = None

    def imap(self):
        imap = imaplib.IMAP4("127.0.0.1", self.server.ports["imap"], timeout=RUN_S)
        imap.sock.setsockopt(6, 1, 1)
        imap.login("jane", "pw")
        return imap

    def prepare(self):
        """What happens before the template is taken."""

    def before(self):
        shutil.rmtree(self.profile.path)
        shutil.copytree(os.path.join(self.place.path, "template", "profile"), self.profile.path)
        put_back(os.path.join(self.place.path, "template", "boxes"), self.boxes)

    def tmail(self, *argv, env=None, stdin=b""):
        return subprocess.run([TMAIL, "--profile", self.profile.path, *argv], input=stdin, capture_output=True,
                              env=dict(self.profile.env, **(env or {})), timeout=RUN_S)

    def drive(self, *words, env=None, code=0):
        p = subprocess.run([DRIVE, self.db, *map(str, words)], capture_output=True, timeout=RUN_S,
                           env=dict(self.profile.env, **(env or {})))
        check(code is None or p.returncode == code, f"drive {words}: {p.returncode} {p.stderr.decode()}")
        return p

    def act_and_die(self, env, act):
        """act while the server runs with env; it ends then."""
        self.server.stop()
        done = act({}) if self.server.start(env, must=False) else None
        self.server.stop()
        return done

    def store(self):
        return Store(self.db)

    def healthy(self, *argv, stdin=b""):
        done = self.tmail(*argv, stdin=stdin)
        check(done.returncode == 0, f"tmail {argv} in health: {done.returncode} {done.stderr.decode()}\n{self.profile.log()}")
        return done

    def act(self, env):
        return self.tmail("sync", env=env)

    def resume(self, transient):
        self.healthy("sync")

    def equal(self):
        store, boxes = self.store(), mailboxes(self.boxes)
        same_on_both_sides(store, boxes)
        check(store.n("journal") == 0 and store.n("ghost") == 0, f"the journal is empty: {store.rows['journal']}")
        now = without_numbers(boxes)
        if self.expected is None:
            self.expected = now
        check(now == self.expected, f"on the server {now}\nwanted {self.expected}")

    def succeeded(self):
        self.equal()

    def after(self, done):
        self.equal()

    def idle(self):
        self.healthy("sync")

    def state(self):
        return self.store().rows, files(self.boxes)
