# SPDX-License-Identifier: MIT
"""A store comes to be, an older one is brought up to date, a draft is saved: each is whole, or as it was before."""
import os, sqlite3, subprocess

from fault import DISK, DRIVE, RUN_S, STOPS, Scenario, Store, check, main

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "store-1.sql")


class Alone(Scenario):
    """A store and drive, no engine and no server."""
    programs = ("drive",)
    kinds = STOPS + DISK
    codes = {0, 70}  # those of drive
    words = ("outbox",)

    def __init__(self, place):
        super().__init__(place)
        self.db = os.path.join(place.path, "mail.db")
        self.expected = None

    def before(self):
        for end in ("", "-wal", "-shm"):
            if os.path.exists(self.db + end):
                os.unlink(self.db + end)

    def act(self, env):
        return subprocess.run([DRIVE, self.db, *self.words], capture_output=True, timeout=RUN_S, env=dict(os.environ, **env))

    def resume(self, transient):
        done = self.act({})
        check(done.returncode == 0, f"drive in health: {done.returncode} {done.stderr.decode()}")

    def succeeded(self):
        rows = self.state()[0]
        self.expected = self.expected or rows
        check(rows == self.expected, f"other rows than always: {rows}")

    def after(self, done):
        self.succeeded()

    def idle(self):
        self.resume(False)

    def state(self):
        return (Store(self.db).rows,)


class Create(Alone):
    name = "create"


class Migrate(Alone):
    name = "migrate"

    def before(self):
        super().before()
        db = sqlite3.connect(self.db)
        with open(SCRIPT) as f:
            db.executescript(f.read())
        self.old = Counts(db).n
        db.close()

    def succeeded(self):
        super().succeeded()
        db = sqlite3.connect(f"file:{self.db}?mode=ro", uri=True)
        counts = Counts(db)
        db.close()
        check(counts.version > 1, f"still of version {counts.version}")
        check(counts.n | self.old == counts.n, f"was {self.old}, is {counts.n}")


class Counts:
    def __init__(self, db):
        tables = [t for (t,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        self.n = {t: db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables if t != "meta"}
        (self.version,) = db.execute("PRAGMA user_version").fetchone()


class Draft(Alone):
    """The old text or the new, and the new one when that was said."""
    name = "draft"

    def before(self):
        super().before()
        self.words = ("draft", "0", "first", "old text")
        self.resume(False)
        self.words = ("draft", "1", "second", "x" * 20000)

    def draft(self):
        rows = Store(self.db).rows["draft"]
        check(len(rows) == 1, f"one draft: {rows}")
        text = rows[0][-1]
        check((rows[0][4], text) in (("first", b"old text"), ("second", b"x" * 20000)), f"a draft half saved: {rows[0][:5]}")
        return text

    def succeeded(self):
        check(self.draft() != b"old text", "what was said to be saved is")

    def resume(self, transient):
        if os.path.exists(self.db + "-wal"):
            self.draft()
        super().resume(transient)

    def state(self):
        return ({"draft": self.draft()},)


main(Create, Migrate, Draft)
