# SPDX-License-Identifier: MIT
"""A pass over 100 folders of a private Dovecot in which nothing is new, and one in which one folder has a new message, by an engine that is
started for it; over TLS and with STARTTLS; beside the floor: one connection on which, when the greeting has come, LOGIN, ENABLE and LIST with STATUS
are written together (then EXAMINE of that folder and FETCH of its newest), and beside mbsync where it is installed. Through a relay that holds the
bytes back: with a round trip of 0 and of 50 ms. The time of tmail is from the moment it connects; time_with_start from its start.
Usage: quiet.py [LAPS [FOLDERS]]; prints `name metric value unit`. In the build folder, or with top_builddir in the environment."""
import os, shutil, socket, ssl, statistics, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "interop"))
from dovecot import Dovecot, installed
from far import Far
from tm import BUILD

LAPS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
FOLDERS = int(sys.argv[2]) if len(sys.argv) > 2 else 100
EACH = 5
DRIVE, ENGINE = (os.path.join(BUILD, p) for p in ("tests/interop/drive", "tmail-sync"))
MBSYNC = """FSync no

IMAPStore there
Host localhost
Port {port}
User jane
Pass pw
SSLType IMAPS
CertificateFile {place}/ca.pem

MaildirStore here
Path {place}/mbsync/
Inbox {place}/mbsync/INBOX
SubFolders Verbatim

Channel all
Far :there:
Near :here:
Patterns *
Create Near
Sync Pull
SyncState *
"""


class Floor:
    """What no client can beat."""

    def __init__(self, port, tls):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.began, self.got = time.monotonic(), b""
        self.s = socket.create_connection(("127.0.0.1", port))
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not tls:
            self.until(b"* OK")
            self.s.sendall(b"s STARTTLS\r\n")
            self.until(b"s OK")
        self.s = context.wrap_socket(self.s)
        if tls:
            self.until(b"* OK")

    def until(self, words):
        self.got = b""
        while words not in self.got or not self.got.endswith(b"\n"):
            piece = self.s.recv(1 << 18)
            assert piece, self.got[-500:]
            self.got += piece

    def run(self, folder=None):
        self.s.sendall(b'a LOGIN jane pw\r\nb ENABLE QRESYNC\r\n'
                       b'c LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))\r\n')
        self.until(b"\nc OK")
        if folder:
            self.s.sendall(b"d EXAMINE %s\r\ne FETCH * (UID FLAGS BODY.PEEK[])\r\n" % folder.encode())
            self.until(b"\ne OK")
        ms = (time.monotonic() - self.began) * 1000
        self.s.close()
        return ms


def say(name, metric, values, unit):
    print(f"{name} {metric} {statistics.median(values):.2f} {unit}")
    print(f"{name} {metric}_min {min(values):.2f} {unit}")
    print(f"{name} {metric}_max {max(values):.2f} {unit}", flush=True)


class Bench:
    def __init__(self, server, rtt, tls):
        self.server, self.tls, self.n = server, tls, 0
        self.far = Far(server.tls_port if tls else server.port, rtt)
        self.store = f"{server.place}/store{self.far.port}/mail.db"
        self.env = dict(os.environ, XDG_RUNTIME_DIR=server.place, HOME=server.place, LC_ALL="C.UTF-8")
        self.rc = f"{server.place}/tmailrc{self.far.port}"
        with open(self.rc, "w") as f:
            f.write(f'[account work]\naddress = "jane@example.org"\nreceive = "{"imaps" if tls else "imap"}://jane@127.0.0.1:{self.far.port}"\n'
                    f'send = "sendmail:/bin/false"\npassword-command = "printf pw"\ntls-ca = "{server.place}/ca.pem"\n')
        os.chmod(self.rc, 0o600)
        self.sync()

    def engine(self, *words):
        subprocess.run([DRIVE, self.store, self.rc, ENGINE, *words], stdout=subprocess.DEVNULL, env=self.env, check=True)

    def sync(self):
        """Milliseconds from the first connection on, and from the start."""
        self.far.began, began = None, time.monotonic()
        self.engine("sync")
        end = time.monotonic()
        linked = self.far.began
        self.engine("stop")
        return (end - linked) * 1000, (end - began) * 1000

    def floor(self, folder=None):
        return Floor(self.far.port, self.tls).run(folder)

    def new(self):
        self.n += 1
        folder = f"F{self.n % FOLDERS}"
        self.server.append(folder, f"Subject: new {self.n}\r\nMessage-ID: <n{self.n}.{self.far.port}@x.org>\r\n\r\n{'x' * 70}\r\n".encode())
        return folder

    def laps(self, name, act):
        floors, ours, started = [], [], []
        for _ in range(LAPS):
            floor, (linked, whole) = act()
            floors.append(floor), ours.append(linked), started.append(whole)
        say(name, "floor", floors, "ms")
        say(name, "time", ours, "ms")
        say(name, "time_with_start", started, "ms")
        say(name, "ratio", [a / b for a, b in zip(ours, floors)], "x")

    def nothing(self):
        return self.floor(), self.sync()

    def one(self):
        folder = self.new()
        return self.floor(folder), self.sync()


def mbsync(bench, name):
    place = f"{bench.server.place}/mb{bench.far.port}"
    os.makedirs(f"{place}/mbsync")
    shutil.copy(f"{bench.server.place}/ca.pem", place)
    with open(f"{place}/rc", "w") as f:
        f.write(MBSYNC.format(port=bench.far.port, place=place))
    run = lambda: subprocess.run(["mbsync", "-q", "-c", f"{place}/rc", "-a"], env=dict(bench.env, HOME=place), check=True)
    run()
    began = time.monotonic()
    run()
    say(name, "mbsync", [(time.monotonic() - began) * 1000], "ms")


if not installed():
    sys.exit("no Dovecot here")
with Dovecot(tls=True) as server:
    with server.login() as c:
        for f in [f"F{i}" for i in range(FOLDERS)]:
            c.create(f)
            for i in range(EACH):
                c.append(f, None, None, f"Subject: {f} {i}\r\nMessage-ID: <{f}.{i}@x.org>\r\n\r\nx\r\n".encode())
    for rtt in (0, 50):
        for tls in (True, False):
            bench = Bench(server, rtt, tls)
            name = f"{FOLDERS}_folders_{'tls' if tls else 'starttls'}_rtt_{rtt}"
            bench.laps(f"nothing_new_{name}", bench.nothing)
            bench.laps(f"one_new_{name}", bench.one)
            if tls and shutil.which("mbsync"):
                mbsync(bench, f"nothing_new_{name}")
            bench.far.socket.close()
