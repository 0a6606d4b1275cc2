# SPDX-License-Identifier: MIT
"""The real things that the model test compares with its model: a server seen over plain IMAP, two persons at a store with an
engine each, and the network between them, which can go away."""
import hashlib, os, re, selectors, shutil, smtplib, socket, sqlite3, subprocess, sys, tempfile, threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
import dovecot
from tm import BUILD, Tmaild

DRIVE = os.path.join(BUILD, "tests/interop/drive")
ENGINE = os.path.join(BUILD, "tmail-sync")
FLAGS = {1: r"\Seen", 2: r"\Answered", 4: r"\Flagged", 8: r"\Deleted", 16: r"\Draft", 64: "$Forwarded"}
WHERE = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None  # thousands of commits: a disk proves nothing here
BITS = {name.lower(): bit for bit, name in FLAGS.items()}


class Wrong(Exception):
    """What the test found."""


def need(claim, text):
    if not claim:
        raise Wrong(text)


def flag_list(flags):
    return "(" + " ".join(name for bit, name in FLAGS.items() if flags & bit) + ")"


class Network(threading.Thread):
    """One port for each of several persons, led to the server while up[i]; cut once after left[i] bytes of the server's."""

    def __init__(self, port, n):
        super().__init__(daemon=True)
        self.server, self.up, self.ports, self.left = port, [True] * n, [], [None] * n
        self.events, self.other = selectors.DefaultSelector(), {}
        self.wish, self.told = socket.socketpair()
        self.done, self.lock = threading.Semaphore(0), threading.Lock()
        self.events.register(self.told, selectors.EVENT_READ, "told")
        for i in range(n):
            s = socket.create_server(("127.0.0.1", 0), backlog=20)
            self.ports.append(s.getsockname()[1])
            self.events.register(s, selectors.EVENT_READ, i)

    def set(self, i, up):
        if self.up[i] != up:
            self.wish.send(bytes([2 * i + up]))
            self.done.acquire()

    def cut(self, i, left):
        with self.lock:
            self.left[i] = left

    def end(self):
        self.wish.send(b"\xff")
        self.join()

    def drop(self, s):
        for each in (s, self.other.pop(s, None)):
            if each is not None:
                self.other.pop(each, None)
                self.events.unregister(each)
                each.close()

    def told_now(self):
        what = self.told.recv(1)[0]
        if what == 0xff:
            return False
        i, self.up[what // 2] = what // 2, bool(what % 2)
        if not self.up[i]:
            for key in [k for k in self.events.get_map().values() if k.data in (("in", i), ("out", i))]:
                if key.fileobj in self.other:
                    self.drop(key.fileobj)
        self.done.release()
        return True

    def accept(self, s, i):
        there, _ = s.accept()
        if not self.up[i]:
            there.close()
            return
        here = socket.create_connection(("127.0.0.1", self.server))
        for a, b, way in ((there, here, "out"), (here, there, "in")):
            a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.other[a] = b
            self.events.register(a, selectors.EVENT_READ, (way, i))

    def forward(self, s, way, i):
        try:
            data = s.recv(65536)
            with self.lock:
                left = self.left[i] if way == "in" else None
                if left is not None:
                    self.left[i] = left - len(data) if len(data) < left else None
            if data:
                self.other[s].sendall(data[:left])
                if left is None or len(data) < left:
                    return
        except OSError:
            pass
        self.drop(s)

    def run(self):
        while True:
            for key, _ in self.events.select():
                if key.data == "told":
                    if not self.told_now():
                        return
                elif isinstance(key.data, int):
                    self.accept(key.fileobj, key.data)
                elif key.fileobj in self.other:
                    self.forward(key.fileobj, *key.data)


class Imap:
    """Another program. Commands are sent together, answers come as bytes."""

    def __init__(self, port, user):
        self.s = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.f, self.n, self.open = self.s.makefile("rb"), 0, None
        self.f.readline()
        self.run(f"LOGIN {user} pw")

    def line(self):
        """One answer with its literals in it."""
        out = self.f.readline()
        while m := re.search(rb"\{(\d+)\}\r\n\Z", out):
            out += self.f.read(int(m[1])) + self.f.readline()
        need(out, "the server closed the connection")
        return out

    def run(self, *commands):
        """The answers to each; all must be OK."""
        tags = []
        send = b""
        for c in commands:
            self.n += 1
            tags.append(b"p%d " % self.n)
            send += tags[-1] + (c if isinstance(c, bytes) else c.encode()) + b"\r\n"
        self.s.sendall(send)
        out = []
        for tag, command in zip(tags, commands):
            out.append([])
            while not (line := self.line()).startswith(tag):
                out[-1].append(line)
            need(line.split()[1] == b"OK", f"{command[:60]}: {line}")
        return out

    def at(self, folder, *commands):
        first = [] if self.open == folder else [f'SELECT "{folder}"']
        self.open = folder
        return self.run(*first, *commands)[len(first):]

    def append(self, folder, flags, data):
        self.n += 1
        self.s.sendall(b"p%d APPEND \"%s\" %s {%d}\r\n" % (self.n, folder.encode(), flag_list(flags).encode(), len(data)))
        need(self.line().startswith(b"+"), "APPEND")
        self.s.sendall(data + b"\r\n")
        while not (line := self.line()).startswith(b"p%d " % self.n):
            pass
        need(line.split()[1] == b"OK", f"APPEND: {line}")


class Server:
    """What is really there: folders() gives {folder: {uid: (key, flags)}}; sums the hash of each key's bytes."""

    def __init__(self, port, user):
        self.imap, self.port, self.user = Imap(port, user), port, user
        self.keys, self.sums, self.bytes = {}, {}, {}

    def folders(self):
        names = []
        for line in self.imap.run('LIST "" "*"')[0]:
            if m := re.match(rb'\* LIST \(([^)]*)\) \S+ "?([^"\r]*)"?\r\n', line):
                if b"noselect" not in m[1].lower() and b"nonexistent" not in m[1].lower():
                    names.append(m[2].decode())
        commands = [c for n in names for c in (f'EXAMINE "{n}"', "UID FETCH 1:* (FLAGS)")]
        self.imap.open = None
        answers = self.imap.run(*commands, "NOOP")
        found = {}
        for i, name in enumerate(names):
            rows = found[name] = {}
            for line in answers[2 * i + 1]:
                if (uid := re.search(rb"UID (\d+)", line)) and (flags := re.search(rb"FLAGS \(([^)]*)\)", line)):
                    rows[int(uid[1])] = sum(BITS.get(f.lower(), 0) for f in flags[1].decode().split())
        for name in names:
            self.learn(name, [u for u in found[name] if (name, u) not in self.keys])
        return {n: {u: (self.keys[n, u], f) for u, f in rows.items()} for n, rows in found.items()}

    def learn(self, folder, uids):
        if not uids:
            return
        for line in self.imap.at(folder, f"UID FETCH {','.join(map(str, uids))} (BODY.PEEK[])")[0]:
            if (uid := re.search(rb"UID (\d+)", line[:80])) and (size := re.search(rb"\{(\d+)\}\r\n", line)):
                data = line[size.end():size.end() + int(size[1])]
                uid = uid or re.search(rb"UID (\d+)", line[size.end() + int(size[1]):])
                key = re.search(rb"Message-ID: (\S+)", data)[1].decode()
                self.keys[folder, int(uid[1])] = key
                total = hashlib.sha256(data).hexdigest()
                need(self.sums.setdefault(key, total) == total, f"{folder}/{uid[1]}: other bytes in {key}")
                self.bytes[key] = data


class Person:
    """A store with its engine, and drive, which does at it what a person does."""

    def __init__(self, place, name, url, user, more):
        self.name, self.dir = name, os.path.join(place, name)
        os.makedirs(self.dir)
        self.db, rc = os.path.join(self.dir, "mail.db"), os.path.join(self.dir, "tmailrc")
        with open(rc, "w") as f:
            f.write(f'[account work]\naddress = "{user}@example.org"\nreceive = "{url}"\n'
                    f'send = "sendmail:/bin/false"\npassword-command = "printf pw"\n{more}')
        os.chmod(rc, 0o600)
        env = dict(os.environ, XDG_RUNTIME_DIR=self.dir, HOME=self.dir, LC_ALL="C.UTF-8",
                   DRIVE_LOG=os.path.join(self.dir, "log"))
        self.p = subprocess.Popen([DRIVE, self.db, rc, ENGINE, "live"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)

    def tell(self, line, data=b""):
        self.p.stdin.write(line.encode() + b"\n" + data)
        self.p.stdin.flush()
        out = []
        while (answer := self.p.stdout.readline()) != b".\n":
            need(answer and not answer.startswith(b"!"), f"{self.name}: {line[:100]}: {answer.decode()}")
            out.append(answer.decode().rstrip("\n"))
        return out

    def sync(self, may_fail=False):
        code, _, text = self.tell("sync")[0].split(" ", 2)
        need(code == "0" or may_fail, f"{self.name}: sync: {text}")

    def rows(self):
        """{(folder, id): (uid, flags, key)}; and the counts are right."""
        out, counts = {}, {}
        for line in self.tell("rows"):
            w = line.split(" ")
            if w[0] == "folder":
                folder, counts[w[1]] = w[1], [int(w[2]), int(w[3])]
                continue
            uid, flags = int(w[1]), int(w[2])
            out[folder, int(w[0])] = (uid, flags, w[4])
            counts[folder][0] -= 1
            counts[folder][1] -= not flags & 1
        self.names = list(counts)
        need(not any(map(any, counts.values())), f"{self.name}: counts are off by {counts}")
        return out

    def sum(self, number):
        return self.tell(f"sum {number}")[0]

    def leftovers(self):
        """What should be gone from the store when nothing is open."""
        with sqlite3.connect(f"file:{self.db}?mode=ro", uri=True) as db:
            one = lambda sql: db.execute(sql).fetchone()[0]
            return {"journal": one("SELECT count(*) FROM journal"), "ghosts": one("SELECT count(*) FROM ghost"),
                    "orphans": one("SELECT count(*) FROM message WHERE id NOT IN (SELECT message FROM placement"
                                   " UNION SELECT message FROM limbo)")}

    def log(self):
        try:
            with open(os.path.join(self.dir, "log")) as f:
                return f.read()[-2000:]
        except OSError:
            return "(none)"

    def end(self):
        self.p.stdin.close()
        self.p.wait(60)


CAN = ("IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE SORT THREAD=REFERENCES MULTIAPPEND UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED "
       "ESEARCH SEARCHRES LIST-STATUS MOVE SPECIAL-USE")
# A Dovecot that says it can less, or is reached in another way: capability, what else it is started with, how it is reached.
DOVECOTS = {
    "dovecot": (None, {}, "imap"),
    "condstore": (CAN + " CONDSTORE", {}, "imap"),
    "flags": (CAN, {}, "imap"),
    "plain": ("IMAP4rev1", {}, "imap"),
    "deflate": (None, {"deflate": True}, "imap"),
    "tls": (None, {"tls": True}, "imaps"),
    "starttls": (CAN + " CONDSTORE QRESYNC STARTTLS", {"tls": True}, "imap"),
}


class World:
    """All of it, in a temporary folder that is gone at the end. kind: tmaild; cut, the same with
    connections that break; one of DOVECOTS."""
    tmaild, users = None, 0

    def __init__(self, kind):
        scheme, self.kind, self.place = "imap", kind, tempfile.mkdtemp(prefix="tmail-model-", dir=WHERE)
        if kind in ("tmaild", "cut"):
            if World.tmaild is None:
                World.tmaild = Tmaild(tempfile.mkdtemp(prefix="tmail-model-", dir=WHERE), "--accept-any")
            World.users += 1
            self.user, port, self.dovecot = f"u{World.users}", World.tmaild.ports["imap"], None
        else:
            capability, options, scheme = DOVECOTS[kind]
            self.user, self.dovecot = "jane", dovecot.Dovecot(capability, **options)
            self.dovecot.start()
            port = self.dovecot.port
        self.server = Server(port, self.user)
        self.network = Network(self.dovecot.tls_port if scheme == "imaps" else port, 2)
        self.network.start()
        ca = f"tls-ca = {self.dovecot.place}/ca.pem\n" if self.dovecot is not None and self.dovecot.tls_port else ""
        self.persons = [Person(self.place, name, f"{scheme}://{self.user}@127.0.0.1:{self.network.ports[i]}", self.user, ca) for i, name in enumerate("AB")]

    def deliver(self, data):
        """New mail: by SMTP where there is one."""
        if self.dovecot is not None:
            self.server.imap.append("INBOX", 0, data)
            return
        with smtplib.SMTP("127.0.0.1", World.tmaild.ports["smtp"], timeout=60) as s:
            s.sendmail("s@example.org", [f"{self.user}@example.org"], data)

    def end(self):
        for p in self.persons:
            p.end()
        self.network.end()
        if self.dovecot is not None:
            self.dovecot.stop()
            shutil.rmtree(self.dovecot.place, ignore_errors=True)
        shutil.rmtree(self.place, ignore_errors=True)

    @staticmethod
    def close():
        if World.tmaild is not None:
            World.tmaild.stop()
            shutil.rmtree(World.tmaild.root, ignore_errors=True)
