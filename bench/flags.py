# SPDX-License-Identifier: MIT
"""1,000 flags changed offline reach a private Dovecot over TLS, beside the floor: one connection on which LOGIN, SELECT and one UID STORE
are written together. Both through a relay that holds the bytes back: with a round trip of 0 and of 50 ms. The time of tmail is from the moment it connects until all is noted as done in the store (its start is told apart); the changes are in
one folder, and in ten. Usage: flags.py [LAPS]; prints `name metric value unit`. In the build folder, or with top_builddir in the environment."""
import os, socket, sqlite3, ssl, statistics, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "interop"))
from dovecot import Dovecot, installed
from far import Far
from tm import BUILD

LAPS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
N, FOLDERS, FLAGGED = 1000, 10, 4
DRIVE, ENGINE = (os.path.join(BUILD, p) for p in ("tests/interop/drive", "tmail-sync"))


def floor(port, folders, sign):
    """Milliseconds until the last of its commands is answered."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    lines = [b"a LOGIN jane pw"]
    for f in folders:
        lines += [b"b SELECT " + f.encode(), b"c UID STORE 1:* %sFLAGS.SILENT (\\Flagged)" % sign]
    lines[-1] = b"z" + lines[-1][1:]
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with context.wrap_socket(plain) as s:
            s.sendall(b"\r\n".join(lines) + b"\r\n")
            got = b""
            while b"\nz OK" not in got:
                piece = s.recv(1 << 18)
                assert piece, got[-500:]
                got += piece
            return (time.monotonic() - began) * 1000


class Bench:
    def __init__(self, server, folders, far):
        self.server, self.folders, self.far, port = server, folders, far, far.port
        self.store = f"{server.place}/store{port}/mail.db"
        self.env = dict(os.environ, XDG_RUNTIME_DIR=server.place, HOME=server.place, LC_ALL="C.UTF-8", DRIVE_LOG=f"{server.place}/engine.log")
        self.rc = f"{server.place}/tmailrc"
        with open(self.rc, "w") as f:
            f.write(f'[account work]\naddress = "jane@example.org"\nreceive = "imaps://jane@127.0.0.1:{port}"\n'
                    f'send = "sendmail:/bin/false"\npassword-command = "printf pw"\ntls-ca = "{server.place}/ca.pem"\n')
        os.chmod(self.rc, 0o600)

    def drive(self, *argv):
        return subprocess.run([DRIVE, self.store, *argv], stdout=subprocess.PIPE, env=self.env, check=True, text=True).stdout

    def engine(self, *words):
        return self.drive(self.rc, ENGINE, *words)

    def prepare(self):
        self.engine("sync")
        self.engine("stop")
        total = sum(len(self.drive("list", f).splitlines()) for f in self.folders)
        assert total == N, total

    def push(self, sign):
        """Milliseconds until all is confirmed and noted so in the store, from the first connection on, and from the start of the engine."""
        for folder in self.folders:
            self.drive("flag", "all", folder, f"{sign}{FLAGGED}")
        db = sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)
        left = lambda: db.execute("SELECT count(*) FROM journal").fetchone()[0]
        assert left() == N, left()
        self.far.began, began = None, time.monotonic()
        engine = subprocess.Popen([DRIVE, self.store, self.rc, ENGINE, "sync"], stdout=subprocess.DEVNULL, env=self.env)
        while left() > 0:
            assert time.monotonic() - began < 60
            time.sleep(0.002)
        end = time.monotonic()
        linked = self.far.began
        assert engine.wait() == 0
        self.engine("stop")
        db.close()
        return (end - linked) * 1000, (end - began) * 1000


def flagged(server, folder):
    with server.login() as c:
        c.select(folder, readonly=True)
        return len(c.search(None, "FLAGGED")[1][0].split())


def say(name, metric, values, unit):
    print(f"{name} {metric} {statistics.median(values):.2f} {unit}")
    print(f"{name} {metric}_min {min(values):.2f} {unit}")
    print(f"{name} {metric}_max {max(values):.2f} {unit}", flush=True)


def side_by_side(server, folders):
    for rtt in (0, 50):
        far = Far(server.tls_port, rtt)
        bench = Bench(server, folders, far)
        floors, ours, started = [], [], []
        bench.prepare()
        for lap in range(LAPS):
            floors.append((floor(far.port, folders, b"+") + floor(far.port, folders, b"-")) / 2)
            for times, both in zip((ours, started), zip(bench.push("+"), bench.push("-"))):
                times.append(sum(both) / 2)
        far.socket.close()
        assert sum(flagged(server, f) for f in folders) == 0
        name = f"flags_{N}_in_{len(folders)}_rtt_{rtt}"
        say(name, "floor", floors, "ms")
        say(name, "time", ours, "ms")
        say(name, "time_with_start", started, "ms")
        say(name, "ratio", [a / b for a, b in zip(ours, floors)], "x")


if not installed():
    sys.exit("no Dovecot here")
for n in (1, FOLDERS):
    with Dovecot(tls=True) as server:
        folders = ["INBOX"] if n == 1 else [f"F{i}" for i in range(n)]
        with server.login() as c:
            for folder in folders:
                if folder != "INBOX":
                    c.create(folder)
                for i in range(N // n):
                    c.append(folder, None, None, f"Subject: {folder} {i}\r\nMessage-ID: <{folder}.{i}@x.org>\r\n\r\nx\r\n".encode())
        side_by_side(server, folders)
