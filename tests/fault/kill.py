# SPDX-License-Identifier: MIT
"""Working days at which programs are killed: a person at a real tmail in a terminal reads, flags, moves, deletes and takes it back,
writes and sends; scripts send; mail comes from outside. At moments drawn from a seed tmail, tmail-sync, tmail-decode or tmaild gets
SIGKILL, and the person goes on. In the evening nothing is lost, nothing doubled, and nothing to do changes nothing.
Usage: kill.py [SEED]"""
import os, random, re, signal, socket, sqlite3, subprocess, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from boxes import Boxes
from lab import DOUBT, FLAGGED, SEEN, Hand, check_store, dump, number
from screen import Terminal
from tm import EFFORT, SEED, TMAIL, WAIT_S, Place, check, fail, rc_for

KILLS, A_DAY = max(8, round(200 * EFFORT)), 16
FUSE_MS = 40  # so long after an action began a program is killed at the latest
SYNC, DECODE = "tmail-sync", "tmail-decode"
LIST = "q Quit"  # the foot of the list
TARGETS = ["tmail", SYNC, DECODE, "tmaild"]


class Died(Exception):
    """The person's tmail is gone."""


def mail(token):
    return (f"From: Ann <ann@example.org>\r\nTo: jane@example.org\r\nSubject: {token}\r\nMessage-ID: <{token}@outside.example>\r\n"
            f"\r\nBody of {token}.\r\n").encode()


def deliver(port, token):
    """As another server does. True: it was answered with 250; False: nobody can know."""
    try:
        with socket.create_connection(("127.0.0.1", port), WAIT_S) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            f = s.makefile("rb")
            for say, want in [(b"", b"220"), (b"HELO outside.example", b"250"), (b"MAIL FROM:<ann@example.org>", b"250"),
                              (b"RCPT TO:<jane@example.org>", b"250"), (b"DATA", b"354"), (mail(token) + b".", b"250")]:
                if say:
                    s.sendall(say + b"\r\n")
                line = f.readline()
                if not line:
                    return False
                check(line.startswith(want), f"the server takes mail from outside: {say} {line}")
            return True
    except OSError:
        return False


def processes(word):
    """What runs with this word in its environment: number, name, parent."""
    out = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if word.encode() not in f.read():
                    continue
            with open(f"/proc/{pid}/stat") as f:
                head, _, tail = f.read().rpartition(")")
            if tail.split()[0] != "Z":
                out.append((int(pid), head.partition("(")[2], int(tail.split()[1])))
        except OSError:
            pass
    return out


class Day:
    def __init__(self, place, draw, n):
        self.place, self.draw, self.n = place, draw, n
        self.server = place.tmaild("--domain", "example.org", "--user", "jane:pw", "--user", "bob:pw", name=f"server{n}")
        self.profile = place.profile(rc_for(self.server), name=f"profile{n}")
        self.tmp = os.path.join(self.profile.path, "tmp")
        os.mkdir(self.tmp)
        # A process of the leak check's own has the same name, and its parent waits for it for ever.
        asan = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        self.profile.env.update(TMPDIR=self.tmp, VISUAL="", EDITOR="", ASAN_OPTIONS=asan)
        self.jane, self.bob = Boxes(self.server.root, "jane"), Boxes(self.server.root, "bob")
        self.up, self.tokens, self.script = True, 0, None
        self.arrived, self.perhaps = [], []  # from outside: with 250; without an answer
        self.sent, self.tried = [], []  # seen as sent or queued; perhaps
        self.known = {}  # token: folder, flags; as the person has left them and the store has recorded them
        self.bomb, self.killed = None, dict.fromkeys(TARGETS, 0)
        hand = Hand(self.server.ports["imap"])
        hand.do("CREATE Work")
        hand.close()
        self.profile.run("sync")
        self.store = sqlite3.connect(f"file:{self.profile.path}/mail.db?mode=ro", uri=True, isolation_level=None)
        self.terminal = None
        self.open()

    # ---- what the person sees

    def rows(self):
        return {subject: (folder, flags & 0x5F) for subject, folder, flags in self.store.execute(
            "SELECT m.subject, f.name, p.flags FROM placement p JOIN folder f ON f.id = p.folder JOIN message m ON m.id = p.message"
            " WHERE f.name <> 'Sent'")}

    def shows(self, text):
        return lambda: text in self.terminal.screen.text()

    def trouble(self, text):
        screen = self.terminal.screen.text() if self.terminal else ""
        store = self.store.execute("SELECT f.name, p.uid, p.flags, m.id, m.subject, m.mid, hex(m.identity) FROM placement p"
                                   " JOIN folder f ON f.id = p.folder JOIN message m ON m.id = p.message ORDER BY 1, 2").fetchall()
        server = {folder: [(m.uid, m.flags, m.header("Subject")) for m in box] for folder, box in self.jane.all().items()}
        lines = [text, screen, "store:", *map(str, store), f"journal: {self.store.execute('SELECT * FROM journal').fetchall()}",
                 f"server: {server}", f"known: {self.known}", self.profile.log()]
        fail("\n".join(lines))

    def claim(self, claim, text):
        if not claim:
            self.trouble(text)

    def wait(self, done, what):
        until = time.monotonic() + WAIT_S
        while not done():
            self.fuse()
            if not self.terminal.pump(0.002):
                raise Died()
            if time.monotonic() > until:
                self.trouble(f"day {self.n}: {what}")

    def open(self):
        self.terminal = Terminal([TMAIL, "--profile", self.profile.path], self.profile.env)
        try:
            self.wait(self.shows(LIST), "tmail begins")
        except Died:
            self.claim(self.terminal.code == -signal.SIGKILL, f"tmail ended by itself: {self.terminal.code}")
            self.open()

    # ---- the kills

    def light(self):
        self.bomb = time.monotonic() + self.draw.randrange(FUSE_MS * 10) / 10000, self.draw.choice(TARGETS)

    def victims(self, name):
        if name == "tmaild":
            return [self.server.process.pid] if self.up else []
        return [pid for pid, comm, _ in processes(self.profile.path) if comm == name]

    def fuse(self):
        if self.bomb is None or time.monotonic() < self.bomb[0]:
            return
        victims = self.victims(self.bomb[1])
        if not victims:
            return
        name, self.bomb = self.bomb[1], None
        try:
            os.kill(self.draw.choice(sorted(victims)), signal.SIGKILL)
        except ProcessLookupError:
            return
        self.killed[name] += 1
        if name == "tmaild":
            self.server.process.wait()
            self.up = False
            if self.draw.randrange(2):
                self.serve()

    def serve(self):
        if not self.up:
            self.server.start()
            self.up = True

    # ---- what the person does; each is told what became of it by the store

    def token(self, kind):
        self.tokens += 1
        return f"{kind}-{self.n}-{self.tokens}"

    def arrive(self):
        self.serve()
        token = self.token("out")
        (self.arrived if deliver(self.server.ports["smtp"], token) else self.perhaps).append(token)

    def look(self):
        """Looks for new mail until all that arrived is there."""
        self.terminal.keys("$")
        asked = [time.monotonic()]

        def there():
            self.serve()
            if time.monotonic() - asked[0] > 1:  # the engine may have been killed over it
                self.terminal.keys("$")
                asked[0] = time.monotonic()
            return set(self.arrived) <= set(self.rows())

        self.wait(there, "new mail comes")
        for token, where in self.rows().items():
            self.known.setdefault(token, where)

    def change(self, keys, is_right, what):
        """Presses keys; exactly one message changes, in the way it should. Its token."""
        before = self.rows()
        try:
            self.terminal.keys(keys)
            self.wait(lambda: self.changed(before), what)
        finally:
            changed = self.changed(before)
            for token in changed:
                self.claim(is_right(before[token], self.rows()[token]), f"{what}: {token} was {before[token]}")
                self.known[token] = self.rows()[token]
            self.claim(len(changed) <= 1, f"{what}: {changed}")
        return changed[0]

    def changed(self, before):
        now = self.rows()
        return [t for t in before if now.get(t) != before[t]]

    def up_to_date(self):
        shown = re.search(r" INBOX +\d+/(\d+) ", self.terminal.screen.text())
        return shown and int(shown.group(1)) == sum(folder == "INBOX" for folder, _ in self.rows().values())

    def walk(self):
        self.wait(self.up_to_date, "the list shows what the store has")
        self.terminal.keys("=" + "j" * self.draw.randrange(4))

    def flag(self):
        self.walk()
        self.change("F", lambda old, new: old[0] == new[0] and old[1] ^ new[1] == FLAGGED, "flag")

    def toggle(self):
        self.walk()
        self.change("N", lambda old, new: old[0] == new[0] and old[1] ^ new[1] == SEEN, "read or not")

    def move(self):
        self.walk()
        self.change("sWork\r", lambda old, new: new == ("Work", old[1]), "move")

    def delete(self):
        self.walk()
        token = self.change("d", lambda old, new: new == ("Trash", old[1]), "delete")
        if self.draw.randrange(3):
            back = self.change("u", lambda old, new: new == ("INBOX", old[1]), "undo")
            self.claim(back == token, f"undo brings back {token}, not {back}")

    def read(self):
        self.walk()
        before = self.rows()
        try:
            self.terminal.keys("\r")
            self.wait(self.shows("Body of "), "the text is there")
            token = self.terminal.screen.text().partition("Body of ")[2].partition(".")[0]
            self.wait(lambda: self.rows()[token][1] & SEEN, "it is read")
        finally:  # who is killed over it may have written it down already
            changed = self.changed(before)
            for t in changed:
                self.claim(self.rows()[t] == (before[t][0], before[t][1] | SEEN), f"reading: {t} was {before[t]}")
                self.known[t] = self.rows()[t]
            self.claim(len(changed) <= 1, f"reading: {changed}")
        self.terminal.keys("q")
        self.wait(self.shows(LIST), "back to the list")

    def write(self):
        token = self.token("own")
        for keys, text in [("m", "To:"), ("bob@example.org\r", "Subject:"), (token + "\r", "^X Done"),
                           (f"Body of {token}.\x18", "y Send")]:
            self.terminal.keys(keys)
            self.wait(self.shows(text), f"writing: {text}")
        self.tried.append(token)
        self.terminal.keys("y")
        self.wait(lambda: "y Send" not in self.terminal.screen.text(), "sent")
        self.tried.remove(token)
        self.sent.append(token)

    def script_send(self):
        token = self.token("script")
        p = subprocess.Popen([TMAIL, "--profile", self.profile.path, "-s", token, "bob@example.org"], stdin=subprocess.PIPE,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.profile.env)
        p.stdin.write(f"Body of {token}.\n".encode())
        p.stdin.close()
        self.tried.append(token)
        try:
            self.wait(lambda: p.poll() is not None, "the script ends")
        finally:
            code = p.wait(WAIT_S)
            said = p.stderr.read().decode()
            p.stderr.close()
            self.claim(code in (0, 75, -signal.SIGKILL), f"the script ended with {code}: {said}")
            self.claim(code != 75 or said, "it says why")
            if code == 0:
                self.tried.remove(token)
                self.sent.append(token)

    # ---- the day

    def act(self):
        inbox = [t for t, (folder, _) in self.rows().items() if folder == "INBOX"]
        if len(inbox) < 5:
            for _ in range(6):
                self.arrive()
            return self.look()
        self.draw.choice([self.arrive, self.look, self.flag, self.toggle, self.move, self.delete, self.read, self.write,
                          self.script_send])()

    def work(self, kills):
        done = 0
        while sum(self.killed.values()) < kills:
            if done >= 6 and self.bomb is None and self.draw.randrange(2):
                self.light()
            try:
                self.act()
                self.fuse()
            except Died:
                self.claim(self.terminal.code == -signal.SIGKILL, f"tmail ended by itself: {self.terminal.code}")
                self.open()
            done += 1
        self.bomb = None

    def evening(self):
        self.serve()
        self.terminal.keys("q")
        code = self.terminal.end(WAIT_S)
        check(code in (0, -signal.SIGKILL), f"tmail ends: {code}")
        self.settle()
        doubts = [subject for subject, state in self.store.execute("SELECT subject, state FROM outbox") if state == DOUBT]
        self.check_sent(doubts)
        self.check_mail()
        check_store(self.store)
        before = dump(self.store), self.jane.bytes(), self.bob.bytes()
        self.profile.run("sync")
        for was, now in zip(before, (dump(self.store), self.jane.bytes(), self.bob.bytes())):
            self.claim(was == now, f"nothing to do changes nothing: {[k for k in was if was[k] != now[k]]}")
        self.leave()
        return len(doubts)

    def settle(self):
        """All servers are up: everything goes where it should."""
        until = time.monotonic() + WAIT_S
        while True:
            self.profile.run("outbox", "flush", code=None)
            self.profile.run("sync")
            open_ops = number(self.store, "SELECT count(*) FROM journal")
            waiting = number(self.store, "SELECT count(*) FROM outbox WHERE state <> ?", DOUBT)
            if open_ops + waiting == 0:
                return
            if time.monotonic() > until:
                self.trouble(f"nothing is pending: {self.store.execute('SELECT * FROM journal').fetchall()}"
                             f" {self.store.execute('SELECT * FROM outbox').fetchall()}")
            time.sleep(0.05)

    def check_sent(self, doubts):
        self.claim(len(doubts) <= self.killed[SYNC] + self.killed["tmaild"], f"in doubt: {doubts} after {self.killed}")
        told = [o["subject"] for o in self.profile.json("outbox")]
        self.claim(sorted(told) == sorted(doubts), f"what is in doubt is told: {told} {doubts}")
        there = [m.header("Subject") for m in self.bob.read("INBOX")]
        copies = [m.header("Subject") for m in self.jane.read("Sent")]
        for token in self.sent:
            n = there.count(token)
            self.claim(n == 1 or (n == 0 and token in doubts), f"{token}: {n} times at bob's, in doubt: {doubts}")
        for token in self.tried:
            self.claim(there.count(token) <= 1, f"{token}: {there.count(token)} times at bob's")
        for token in self.sent + self.tried:
            want = token in there and token not in doubts
            self.claim(copies.count(token) == want, f"{token}: {copies.count(token)} copies, wanted {want}")
        self.claim(set(there) <= set(self.sent + self.tried), f"bob has nothing else: {there}")

    def check_mail(self):
        server = {}
        for folder, messages in self.jane.all().items():
            uids = [m.uid for m in messages]
            self.claim(uids == sorted(set(uids)), f"the numbers of {folder}: {uids}")
            if folder != "Sent":
                for m in messages:
                    server.setdefault(m.header("Subject"), []).append((folder, m.flags, m.uid))
        for token in self.arrived:
            self.claim(len(server.get(token, [])) == 1, f"{token} arrived and is there {server.get(token)}")
        self.claim(set(server) <= set(self.arrived + self.perhaps), f"nothing else: {server.keys()}")
        self.claim(all(len(where) == 1 for where in server.values()), f"nothing doubled: {server}")
        here = {}
        for subject, folder, flags, uid in self.store.execute(
                "SELECT m.subject, f.name, p.flags & 95, p.uid FROM placement p JOIN folder f ON f.id = p.folder"
                " JOIN message m ON m.id = p.message WHERE f.name <> 'Sent'"):
            here.setdefault(subject, []).append((folder, flags, uid))
        self.claim(here == server, f"store and server are alike: {here} {server}")
        for token, where in self.known.items():
            self.claim(here.get(token, [()])[0][:2] == where, f"{token} is where the person left it, {where}: {here.get(token)}")

    def leave(self):
        for pid in self.victims(SYNC):
            os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + WAIT_S
        while left := [p for p in processes(self.profile.path)]:
            self.claim(time.monotonic() < until, f"nothing runs on: {left}")
            time.sleep(0.005)
        self.claim(os.listdir(self.tmp) == [], f"nothing is left in the folder for temporary files: {os.listdir(self.tmp)}")
        self.store.close()
        self.server.stop()


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else SEED
    print(f"seed {seed}, {KILLS} kills", flush=True)
    began, n, left, doubts, killed = time.monotonic(), 0, KILLS, 0, dict.fromkeys(TARGETS, 0)
    while left > 0:
        n += 1
        with Place(in_memory=True) as place:
            day = Day(place, random.Random(seed * 1000 + n), n)
            day.work(min(left, A_DAY))
            doubts += day.evening()
        left -= sum(day.killed.values())
        for name in TARGETS:
            killed[name] += day.killed[name]
        print(f"day {n}: {day.killed}, {len(day.arrived)} came, {len(day.sent)} sent, {time.monotonic() - began:.1f} s", flush=True)
    print(f"{killed}, {doubts} in doubt")


if __name__ == "__main__":
    main()
