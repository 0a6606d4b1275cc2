# SPDX-License-Identifier: MIT
"""First sync of many messages from a private Dovecot over TLS beside the bare wire (bench/wire.c), in turns, and how long until the
lines of a first screen are in the store; then a pass with nothing new, and the memory of a first sync with one very large message
among them. Usage: sync.py imap|pop [MESSAGES [LAPS]]; prints `name metric value unit`. In the build folder, or with top_builddir in
the environment."""
import base64, os, random, shutil, sqlite3, statistics, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "interop"))
from dovecot import Dovecot, installed
from mail import Corpus
from tm import BUILD

PROTO = sys.argv[1] if len(sys.argv) > 1 else "imap"
N = int(sys.argv[2]) if len(sys.argv) > 2 else 10000
LAPS = int(sys.argv[3]) if len(sys.argv) > 3 else 5
LARGE = 200 << 20
SCREEN = 50  # lines of the first screen
DRIVE, ENGINE, WIRE = (os.path.join(BUILD, p) for p in ("tests/interop/drive", "tmail-sync", "bench/wire"))
NAME = f"{PROTO}_{N}"
TICK = os.sysconf("SC_CLK_TCK")


def say(name, metric, value, unit):
    print(f"{name} {metric} {value:.2f} {unit}", flush=True)


def say_all(name, metric, values, unit):
    say(name, metric, statistics.median(values), unit)
    say(name, metric + "_min", min(values), unit)
    say(name, metric + "_max", max(values), unit)


def status(pid, key):
    """Of a process, from /proc, in bytes; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/status") as f:
            return next((int(line.split()[1]) * 1024 for line in f if line.startswith(key + ":")), 0)
    except OSError:
        return 0


def of_store(store):
    """The processes of this store's engine: {name: pid}."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                argv = f.read().split(b"\0")
            if argv[0].endswith(b"/tmail-sync") and store.encode() in argv:
                found["tmail-sync"] = pid
                for child in open(f"/proc/{pid}/task/{pid}/children").read().split() or children(pid):
                    found["tmail-decode"] = child
        except OSError:
            pass
    return found


def children(pid):
    """Of all threads of a process."""
    return [c for t in os.listdir(f"/proc/{pid}/task") for c in open(f"/proc/{pid}/task/{t}/children").read().split()]


def cpu_threads(pid):
    """Milliseconds of processor time: {thread's name: ...}."""
    out = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        name, fields = open(f"/proc/{pid}/task/{task}/stat").read().split("(", 1)[1].rsplit(")", 1)
        out[name] = out.get(name, 0) + (int(fields.split()[11]) + int(fields.split()[12])) * 1000 / TICK
    return out


class Bench:
    def __init__(self, server):
        self.server, self.lap = server, 0
        self.env = dict(os.environ, XDG_RUNTIME_DIR=server.place, HOME=server.place, LC_ALL="C.UTF-8")
        port = server.tls_port if PROTO == "imap" else server.pop3s_port
        self.wire_argv = [WIRE, f"{PROTO}s" if PROTO == "imap" else "pop3s", str(port), str(N)]
        self.rc = f"{server.place}/tmailrc"
        url = f"{'imaps' if PROTO == 'imap' else 'pop3s'}://jane@127.0.0.1:{port}"
        with open(self.rc, "w") as f:
            f.write(f'[account work]\naddress = "jane@example.org"\nreceive = "{url}"\nsend = "sendmail:/bin/false"\n'
                    f'password-command = "printf pw"\ntls-ca = "{server.place}/ca.pem"\n'
                    + ("" if PROTO == "imap" else 'keep-on-server = yes\n'))
        os.chmod(self.rc, 0o600)

    def wire(self):
        """Milliseconds and bytes."""
        ms, size = subprocess.run(self.wire_argv, stdout=subprocess.PIPE, check=True).stdout.split()
        return float(ms), int(size)

    def fresh(self):
        self.lap += 1
        return f"{self.server.place}/store{self.lap}/mail.db"

    def sync(self, store):
        began = time.monotonic()
        subprocess.run([DRIVE, store, self.rc, ENGINE, "sync"], stdout=subprocess.DEVNULL, env=self.env, check=True)
        return (time.monotonic() - began) * 1000

    def until_screen(self, store):
        """Milliseconds until a reader of the store finds the lines of a first screen; the sync runs to its end behind it."""
        began = time.monotonic()
        syncing = subprocess.Popen([DRIVE, store, self.rc, ENGINE, "sync"], stdout=subprocess.DEVNULL, env=self.env)
        while rows(store) < SCREEN and syncing.poll() is None:
            time.sleep(0.002)
        took = (time.monotonic() - began) * 1000
        if syncing.wait() != 0:
            sys.exit("the sync failed")
        return took

    def stop(self, store):
        subprocess.run([DRIVE, store, self.rc, ENGINE, "stop"], stdout=subprocess.DEVNULL, env=self.env)

    def forget(self, store):
        self.stop(store)
        shutil.rmtree(os.path.dirname(store))


def rows(store):
    """How many messages lie in the store's folders."""
    try:
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as db:
            return db.execute("SELECT count(*) FROM (SELECT 1 FROM placement LIMIT ?)", (SCREEN,)).fetchone()[0]
    except sqlite3.OperationalError:
        return 0  # not there, or not yet with this table


def speed(b):
    floors, firsts, agains, ratios, used, screens = [], [], [], [], [], []
    b.wire()  # Dovecot's own index is made by the first one
    for lap in range(LAPS):
        store = b.fresh()
        floor, size = b.wire()
        first = b.sync(store)
        pids = of_store(store)
        used.append({name: ms for pid in pids.values() for name, ms in cpu_threads(pid).items()})
        again = b.sync(store)
        stored = os.path.getsize(store) + os.path.getsize(store + "-wal")
        b.forget(store)
        screens.append(b.until_screen(store) / floor)
        b.forget(store)
        floors.append(floor), firsts.append(first), agains.append(again), ratios.append(first / floor)
    say(f"wire_{NAME}", "size", size / 1e6, "MB")
    say_all(f"wire_{NAME}", "time", floors, "ms")
    say_all(f"sync_first_{NAME}", "time", firsts, "ms")
    say_all(f"sync_first_{NAME}", "ratio", ratios, "x")
    say_all(f"sync_screen_{NAME}", "ratio", screens, "x")
    for name in sorted(used[0]):
        say(f"sync_first_{NAME}", f"cpu_{name}", statistics.median(u.get(name, 0) for u in used), "ms")
    say_all(f"sync_again_{NAME}", "time", agains, "ms")
    say(f"sync_first_{NAME}", "store", stored / 1e6, "MB")


def mpop(b):
    """What another program needs for the same by POP3, into a Maildir."""
    program = shutil.which("mpop")
    if PROTO != "pop" or program is None:
        return
    place, times = f"{b.server.place}/mpop", []
    for _ in range(min(LAPS, 2)):
        shutil.rmtree(place, ignore_errors=True)
        for folder in ("", "/mail", "/mail/cur", "/mail/new", "/mail/tmp"):
            os.mkdir(place + folder)
        argv = [program, "--file=/dev/null", "--host=127.0.0.1", f"--port={b.server.pop3s_port}", "--tls=on", "--tls-starttls=off",
                f"--tls-trust-file={b.server.place}/ca.pem", "--user=jane", "--passwordeval=printf pw", "--auth=user", "--keep=on",
                f"--delivery=maildir,{place}/mail", f"--uidls-file={place}/uidls", "--quiet"]
        began = time.monotonic()
        if subprocess.run(argv, stdout=subprocess.DEVNULL, env=b.env).returncode != 0:
            return
        times.append((time.monotonic() - began) * 1000)
    shutil.rmtree(place)
    say_all(f"mpop_{NAME}", "time", times, "ms")


def memory(b):
    """With a message of 200 MB among the others: the highest that was resident, as the kernel keeps it, at the end."""
    noise = random.Random(2).randbytes(1 << 20)
    part = base64.encodebytes(noise).replace(b"\n", b"\r\n")
    head = (b"From: large@example.org\r\nTo: jane@example.org\r\nSubject: large\r\nDate: Mon, 05 Jan 2026 12:00:00 +0000\r\n"
            b"Message-ID: <large@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=large\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n")
    b.server.deliver([head + part * (LARGE // len(part))])
    store = b.fresh()
    took = b.sync(store)
    pids = of_store(store)
    say(f"sync_large_{NAME}", "time", took, "ms")
    for name, pid in sorted(pids.items()):
        say(f"sync_large_{NAME}", f"peak_{name}", status(pid, "VmHWM") / 1e6, "MB")
    b.forget(store)


if not installed():
    sys.exit("no Dovecot here")
with Dovecot(tls=True, pop3=PROTO == "pop") as server:
    corpus = Corpus()
    server.deliver(corpus.message(i) for i in range(N))
    bench = Bench(server)
    speed(bench)
    mpop(bench)
    memory(bench)
