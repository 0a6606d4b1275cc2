# SPDX-License-Identifier: MIT
"""An engine, its store and what a person does to it, all driven from one thread: thousands of rounds without a process each."""
import collections, json, os, selectors, socket, sqlite3, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
from tm import BUILD, WAIT_S, Profile, check, fail

DRIVE = os.path.join(BUILD, "tests/interop/drive")
ENGINE = os.path.join(BUILD, "tmail-sync")
QUEUED, SENDING, DOUBT, FAILED, SENT = range(5)  # enum outbox_state
SEEN, ANSWERED, FLAGGED, DELETED = 1, 2, 4, 8  # enum cache_flag
OP_FLAGS, OP_MOVE, OP_COPY, OP_EXPUNGE = range(4)  # enum cache_op_kind
Row = collections.namedtuple("Row", "folder uid flags subject message body")


class Engine:
    """A tmail-sync of our own and a line to its bus."""

    def __init__(self, loop, place, name, rc):
        self.loop, self.profile = loop, Profile(os.path.join(place, name), rc)
        self.dir = self.profile.path
        self.db = os.path.join(self.dir, "mail.db")
        self.log_path = os.path.join(self.dir, "tmail.log")
        self.events, self.rest, self.pass_n, self.socket, self.process = [], b"", 1000, None, None
        self.start()
        self.driver = subprocess.Popen([DRIVE, self.db, os.path.join(self.dir, "tmailrc"), ENGINE, "live"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.profile.env)
        self.store = sqlite3.connect(f"file:{self.db}?mode=ro", uri=True, isolation_level=None)

    def start(self):
        self.process = subprocess.Popen([ENGINE, "--store", self.db, "--config", os.path.join(self.dir, "tmailrc"),
                                         "--log", self.log_path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env=self.profile.env)
        said = self.process.stdout.readline()
        check(said == b"\n", f"the engine starts: {said}")
        folder = os.path.join(self.dir, "tmail")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(os.path.join(folder, os.listdir(folder)[0]))
        self.socket.setblocking(False)
        self.rest, self.events = b"", []
        self.loop.watch(self.socket, selectors.EVENT_READ, self.heard)
        hello = self.wait(lambda e: e["event"] == "hello")
        self.hint("hello", version=hello["version"], schema=hello["schema"], config=hello["config"])

    def heard(self, events):
        try:
            data = self.socket.recv(1 << 16)
        except OSError:
            data = b""
        if data == b"":
            self.loop.forget(self.socket)
            self.events.append({"event": "gone"})
            return
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.events.extend(json.loads(line) for line in lines)

    def hint(self, hint, **more):
        self.socket.setblocking(True)
        self.socket.sendall(json.dumps({"hint": hint, **more}).encode() + b"\n")
        self.socket.setblocking(False)

    def wait(self, wanted, wait_s=WAIT_S):
        """The first event that is wanted; those before it are gone."""
        found = []

        def there():
            while self.events and not found:
                e = self.events.pop(0)
                if wanted(e):
                    found.append(e)
                elif e["event"] == "gone":
                    fail(f"the engine is gone: {self.process.wait()}\n{self.log()}")
            return bool(found)

        if not self.loop.until(there, wait_s):
            fail(f"the engine says nothing\n{self.log()}")
        return found[0]

    def done(self, number):
        """The end of what was asked for: code, text."""
        return {"code": 0, "text": "", **self.wait(lambda e: e["event"] == "done" and e.get("id") == number)}

    def do(self, *words, data=b""):
        """What the person does (tests/interop/live.h); the lines of the answer."""
        self.driver.stdin.write((" ".join(map(str, words)) + "\n").encode() + data)
        self.driver.stdin.flush()
        out = []
        while (line := self.driver.stdout.readline()) != b".\n":
            check(line != b"" and line[:1] != b"!", f"the driver did {words}: {line}\n{self.log()}")
            out.append(line.decode().rstrip("\n"))
        return out

    def rows(self):
        """Where each message lies: folder, uid, flags shown, subject."""
        return [Row(*r) for r in self.store.execute(
            "SELECT f.name, p.uid, p.flags, m.subject, m.id, m.body FROM placement p JOIN folder f ON f.id = p.folder"
            " JOIN message m ON m.id = p.message ORDER BY 1, 2")]

    def number(self, sql, *args):
        return number(self.store, sql, *args)

    def outbox(self):
        return self.store.execute("SELECT id, state, subject, reason FROM outbox ORDER BY id").fetchall()

    def stop(self):
        """How long it took, in seconds."""
        began = time.monotonic()
        self.hint("stop")
        self.process.wait(WAIT_S)
        self.loop.forget(self.socket)
        self.socket.close()
        return time.monotonic() - began

    def close(self):
        if self.process.poll() is None:
            self.stop()
        self.process.stdout.close()
        self.driver.stdin.close()
        self.driver.wait(WAIT_S)
        self.store.close()

    def log(self):
        return self.profile.log()


class Hand:
    """Another IMAP client, straight to the server: one write and one answer for each command."""

    def __init__(self, port, user="jane", password="pw"):
        self.socket = socket.create_connection(("127.0.0.1", port), WAIT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest, self.n = b"", 0
        self.line()
        self.do(f"LOGIN {user} {password}")

    def line(self):
        while b"\n" not in self.rest:
            data = self.socket.recv(1 << 16)
            check(data != b"", "the server closed the other client's connection")
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        return line

    def do(self, *commands):
        """All in one write; each must be answered with OK."""
        tags = []
        out = b""
        for c in commands:
            self.n += 1
            tags.append(b"h%d " % self.n)
            out += tags[-1] + (c if isinstance(c, bytes) else c.encode()) + b"\r\n"
        self.socket.sendall(out)
        for tag in tags:
            while not (line := self.line()).startswith(tag):
                pass
            check(line.startswith(tag + b"OK"), f"the other client: {commands}: {line}")

    def append(self, folder, message):
        self.do(b"APPEND %s {%d+}\r\n%s" % (folder.encode(), len(message), message))

    def empty(self, *folders):
        for f in folders:
            self.do(f"SELECT {f}", "UID STORE 1:* +FLAGS.SILENT (\\Deleted)", "EXPUNGE", "UNSELECT")

    def close(self):
        self.socket.close()


def number(store, sql, *args):
    return store.execute(sql, args).fetchone()[0]


def dump(store):
    """All that it knows, without when it looked last."""
    out = {}
    for (table,) in store.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall():
        columns = [c[1] for c in store.execute(f"PRAGMA table_info({table})") if c[1] != "synced_at"]
        if table not in ("meta", "sqlite_sequence", "sqlite_stat1"):
            out[table] = store.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
    return out


def check_store(store):
    """What must hold in any store that is at rest."""
    check(number(store, "PRAGMA integrity_check") == "ok", "the file is whole")
    counts = store.execute("SELECT id, name, total, unread FROM folder").fetchall()
    for folder, name, total, unread in counts:
        have = store.execute("SELECT count(*), coalesce(sum((flags & 1) = 0), 0) FROM placement WHERE folder = ?", (folder,))
        check(have.fetchone() == (total, unread), f"the counts of {name} are not {total}/{unread}")
    for claim, sql in [("each message lies somewhere", "message WHERE id NOT IN (SELECT message FROM placement) AND id NOT IN (SELECT message FROM limbo)"),
                       ("each place has its message", "placement WHERE message NOT IN (SELECT id FROM message)"),
                       ("each message has its body", "message WHERE body NOT IN (SELECT id FROM body)"),
                       ("no frame is left over", "frame WHERE (id >> 20) NOT IN (SELECT id FROM body)")]:
        check(number(store, f"SELECT count(*) FROM {sql}") == 0, claim)
