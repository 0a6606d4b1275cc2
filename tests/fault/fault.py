# SPDX-License-Identifier: MIT
"""The two loops: stop at every step, and fail the n-th operation, once and for ever, until a run passes without meeting it.

A scenario is a Scenario: how things are before (a template made once), what is done, how it is gone on with, and what must hold
then. rounds() makes the loops. What is compared is read by us from the store's file and from tmaild's mailbox files."""
import ctypes, hashlib, os, random, re, shutil, signal, sqlite3, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from tm import BUILD, EFFORT, SEED, Place, Profile, Tmaild, TMAIL, check, fail, rc_for

DRIVE = os.path.join(BUILD, "tests/interop/drive")
STOPS = ("exit", "torn")
DISK = ("open", "read", "write", "full", "fsync", "rename")
NET = ("connect", "recv", "send")
RUN_S, END_S = 60, 20
CODES = {0, 66, 69, 71, 73, 74, 75, 76}  # what a command may end with when something under it fails
PR_SET_CHILD_SUBREAPER = 36


def adopt():
    """What our children leave behind becomes ours, so that we see how each ended."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children():
    found = {}
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/children") as f:
                pids = f.read().split()
        except OSError:
            continue
        for pid in pids:
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    found[int(pid)] = f.read().split(b"\0")[0].decode()
            except OSError:
                pass
    return found


def end_orphans(keep=(), kill=None):
    """Engines are told to end, or killed; all that was left to us must end, and not by a signal of its own making."""
    told, deadline = {}, time.monotonic() + END_S
    while True:
        left = {pid: name for pid, name in children().items() if pid not in keep}
        if not left:
            return
        for pid, name in left.items():
            engine = os.path.basename(name) == "tmail-sync"
            if engine and pid not in told:
                told[pid] = kill or signal.SIGTERM
                os.kill(pid, told[pid])
            done, status = os.waitpid(pid, os.WNOHANG)
            if done and os.WIFSIGNALED(status):
                check(os.WTERMSIG(status) in (signal.SIGKILL, signal.SIGTERM, signal.SIGPIPE),
                      f"{name} ended by signal {os.WTERMSIG(status)}")
        check(time.monotonic() < deadline, f"these do not end: {left}")
        time.sleep(0.001)


# ---------------------------------------------------------------------------------------------- what is there

HEAD = re.compile(rb"From [^\n]*\nX-Tmaild: (\d{12}) (\d{12}) (\d{12}) ([n-])([x-])\n(?:X-IMAPbase: (\d{10}) (\d{10})\n)?"
                  rb"X-UID: (\d{10})\nStatus: (..)\nX-Status: (....)\nX-Keywords:[^\n]*\n")
LETTERS = {b"R": 1, b"A": 2, b"F": 4, b"D": 8, b"T": 16}


def subject_of(served):
    found = re.search(rb"^Subject: ([^\r\n]*)", served, re.M | re.I)
    return found.group(1).decode() if found else "?"


def mailbox(path):
    """The messages of a mailbox file as (uid, subject, flags, hash); fails on a file that is not whole."""
    with open(path, "rb") as f:
        data = f.read()
    at, rows, last = 0, [], 0
    while at < len(data):
        head = HEAD.match(data, at)
        check(head, f"{path}: torn at {at}: {data[at:at + 200]!r}")
        size, uid = int(head.group(1)), int(head.group(8))
        stored = data[head.end():head.end() + size]
        check(len(stored) == size and data[head.end() + size:head.end() + size + 1] == b"\n", f"{path}: torn at {at}")
        check(uid > last, f"{path}: uid {uid} after {last}")
        last, at = uid, head.end() + size + 1
        if head.group(5) == b"x":
            continue
        if head.group(4) == b"n":
            stored = stored[:-1]
        served = stored.replace(b"\n", b"\r\n")
        check(len(served) == int(head.group(2)), f"{path}: {uid} has another size than its head says")
        flags = sum(v for k, v in LETTERS.items() if k in head.group(9) + head.group(10))
        rows.append((uid, subject_of(served), flags, hashlib.sha256(served).hexdigest()))
    return rows


def mailboxes(root):
    found = {}
    for dirpath, _, names in os.walk(root):
        for name in names:
            path = os.path.join(dirpath, name)
            folder = os.path.relpath(path, root)
            if name == "INBOX" or (name.endswith(".mbox") and not name.startswith(".")):
                found[folder.removesuffix(".mbox")] = mailbox(path)
    return found


def files(root):
    """Every byte under a folder, but for locks and for indexes, which are made again at any time."""
    found = {}
    for dirpath, _, names in os.walk(root):
        for name in names:
            if not name.endswith((".lock", ".index")):
                with open(os.path.join(dirpath, name), "rb") as f:
                    found[os.path.relpath(os.path.join(dirpath, name), root)] = f.read()
    return found


HINTS = ("synced_at", "compared_at", "there_unseen")  # when a folder was looked at, and what was said of it then


class Store:
    """What a store has, read by SQLite alone."""

    def __init__(self, path):
        self.rows, self.db = {}, None
        if not os.path.exists(path):
            return
        self.db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
        try:
            self.read()
        finally:
            self.db.close()

    def all(self, sql):
        return self.db.execute(sql).fetchall()

    def columns(self, table):
        return ", ".join(f'"{c}"' for _, c, *_ in self.all(f"PRAGMA table_info({table})") if c not in HINTS)

    def read(self):
        check(self.all("PRAGMA integrity_check") == [("ok",)], "the store is no sound database")
        tables = [t for (t,) in self.all("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        self.rows = {t: self.all(f"SELECT {self.columns(t)} FROM {t}") for t in tables if t != "meta"}
        if "placement" not in self.rows:
            return
        self.folders = dict(self.all("SELECT id, name FROM folder"))
        self.mail = sorted(self.all(
            "SELECT f.name, p.uid, m.subject, p.flags & 31, p.server_flags & 31, lower(hex(b.identity)), b.state"
            " FROM placement p JOIN folder f ON f.id = p.folder JOIN message m ON m.id = p.message"
            " LEFT JOIN body b ON b.id = m.body"))
        self.whole()

    def whole(self):
        """The counts are those of the rows, and what refers to something finds it."""
        for claim, sql in (
                ("the folders' counts", "SELECT name FROM folder f WHERE total <> (SELECT count(*) FROM placement WHERE folder ="
                 " f.id) OR unread <> (SELECT count(*) FROM placement WHERE folder = f.id AND (flags & 1) = 0) OR threads <>"
                 " (SELECT count(*) FROM folder_thread WHERE folder = f.id)"),
                ("placements of messages", "SELECT * FROM placement WHERE message NOT IN (SELECT id FROM message)"),
                ("bodies of messages", "SELECT id FROM message WHERE body > 0 AND body NOT IN (SELECT id FROM body)"),
                ("frames of bodies", "SELECT id FROM body WHERE state > 0 AND size > 0 AND id NOT IN (SELECT id >> 20 FROM frame)"),
                ("operations of ghosts", "SELECT * FROM ghost WHERE op NOT IN (SELECT id FROM journal)"),
                ("recipients", "SELECT id FROM outbox WHERE id NOT IN (SELECT entry FROM outbox_rcpt)"),
                ("messages stored twice", "SELECT identity FROM message WHERE identity IS NOT NULL GROUP BY account, identity"
                 " HAVING count(*) > 1")):
            found = self.all(sql)
            check(found == [], f"{claim}: {found}")

    def n(self, table):
        return len(self.rows.get(table, []))


def differences(before, again):
    return [(k, str(a.get(k))[:600], str(b.get(k))[:600]) for a, b in zip(before, again) for k in a.keys() | b.keys()
            if a.get(k) != b.get(k)]


def same_on_both_sides(store, boxes):
    """Each message of the store lies on the server under its number with the same bytes and flags, and the other way round."""
    here = sorted((f, uid, subject, flags, identity) for f, uid, subject, flags, _, identity, _ in store.mail)
    there = sorted((f, uid, subject, flags, h) for f, rows in boxes.items() for uid, subject, flags, h in rows)
    check(here == there, f"here {here}\nthere {there}")
    check(all(m[3] == m[4] for m in store.mail), f"flags that the server does not have: {store.mail}")


def without_numbers(boxes):
    return {f: sorted(row[1:] for row in rows) for f, rows in boxes.items()}


# ---------------------------------------------------------------------------------------------- the loops

class Scenario:
    """Overwrite what differs. One object is used for all rounds."""
    name = ""
    programs = ("tmail-sync",)
    kinds = STOPS + DISK + NET
    codes = CODES

    def __init__(self, place):
        self.place = place
        self.hit = os.path.join(place.path, "hit")

    def before(self):
        """Puts everything back to where it was."""

    def act(self, env):
        """Does what is tried, with env. Gives subprocess' result, or None."""

    def told(self, done):
        """Whether act says that it succeeded."""
        return done is not None and done.returncode == 0

    def resume(self, transient):
        """Goes on in health; transient: what failed failed once, and nothing needs to be started anew."""

    def after(self, done):
        """What must hold after a resume."""

    def idle(self):
        """A run with nothing to do."""

    def state(self):
        """Everything that it must not change: dictionaries."""
        return ()

    def succeeded(self):
        """What must hold already when act said that it succeeded."""

    def end(self):
        """Ends what the place does not know."""

    def keep(self):
        return [s.process.pid for s in self.place.servers if s.process]


class Rounds:
    def __init__(self, scenario, seed):
        self.s, self.n_rounds, self.began = scenario, 0, time.monotonic()
        self.random = random.Random(seed)
        self.stride = max(1, round(1 / EFFORT)) if EFFORT < 1 else 1

    def sentence(self, done, forced):
        if done is None:
            return
        if done.returncode < 0:
            check(forced and done.returncode == -signal.SIGKILL, f"ended by signal {-done.returncode}")
            return
        check(done.returncode in self.s.codes, f"exit code {done.returncode}: {done.stderr.decode()}")
        words = done.stderr.decode().strip()
        if done.returncode != 0:
            check(words and not words.endswith(":") and "(null)" not in words, f"{done.returncode} without a sentence: {words!r}")

    def one(self, program, kind, n, forever):
        s = self.s
        end_orphans(s.keep(), signal.SIGKILL)
        s.before()
        if os.path.exists(s.hit):
            os.unlink(s.hit)
        spec = f"{program}:{kind}:{n}" + (":forever" if forever else "")
        self.where = f"{s.name} {spec}"
        done = s.act({"TMAIL_FAULT": spec, "TMAIL_FAULT_HIT": s.hit})
        self.n_rounds += 1
        hit = os.path.exists(s.hit)
        where = open(s.hit).read().strip() if hit else ""
        self.where = f"{s.name} {spec}: {where}; {done.returncode if done else None} {done.stderr.decode().strip() if done else ''}"
        self.sentence(done, kind in STOPS)
        if s.told(done):
            s.succeeded()
        transient = hit and not forever and kind not in STOPS
        if not transient:
            end_orphans(s.keep())
        s.resume(transient)
        s.after(done)
        before = s.state()
        s.idle()
        again = s.state()
        check(before == again, f"a run with nothing to do changes something: {differences(before, again)}")
        return hit or os.path.exists(s.hit)

    def loop(self, program, kind, forever):
        n = self.random.randrange(self.stride) + 1
        began, rounds = time.monotonic(), self.n_rounds
        while self.one(program, kind, n, forever):
            n += self.stride
        if os.environ.get("TMAIL_FAULT_TIMES"):
            print(f"  {program} {kind}{' for ever' if forever else ''}: {self.n_rounds - rounds} rounds,"
                  f" {(time.monotonic() - began) / (self.n_rounds - rounds) * 1000:.0f} ms each", flush=True)

    def all(self):
        check(not self.one("nobody", "exit", 1, False), "in health")  # what is expected is what this leaves
        for program in self.s.programs:
            for kind in self.s.kinds:
                for forever in (False,) if kind in STOPS else (False, True):
                    self.loop(program, kind, forever)
        end_orphans(self.s.keep(), signal.SIGKILL)
        print(f"{self.s.name}: {self.n_rounds} rounds, {time.monotonic() - self.began:.1f} s", flush=True)


def main(*scenarios):
    """SCRIPT [SEED [SCENARIO [PROGRAM KIND N [forever]]]]"""
    adopt()
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else SEED
    print(f"seed {seed}, effort {EFFORT}", flush=True)
    for make in scenarios:
        if len(sys.argv) > 2 and sys.argv[2] != make.name:
            continue
        with Place() as place:
            rounds = Rounds(make(place), seed)
            try:
                if len(sys.argv) > 5:
                    rounds.one(sys.argv[3], sys.argv[4], int(sys.argv[5]), "forever" in sys.argv[6:])
                else:
                    rounds.all()
            except BaseException:
                print("in", getattr(rounds, "where", make.name), flush=True)
                if os.environ.get("TMAIL_KEEP"):
                    shutil.copytree(place.path, os.environ["TMAIL_KEEP"], dirs_exist_ok=True)
                rounds.s.end()
                end_orphans(rounds.s.keep(), signal.SIGKILL)
                raise
            rounds.s.end()
