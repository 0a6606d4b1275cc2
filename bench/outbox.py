# SPDX-License-Identifier: MIT
"""Many messages from the outbox to smtp-sink and to tmaild, directly and with a delay, beside the floor: one connection from Python
that pipelines all that RFC 2920 allows (the final dot goes with the envelope and DATA of the next message: one round trip each).
Usage: outbox.py [MESSAGES [LAPS [DELAY_MS]]]; prints `name metric value unit`. In the build folder, or with top_builddir set."""
import os, shutil, socket, statistics, subprocess, sys, tempfile, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "interop"))
from tm import BUILD, Place

N = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
LAPS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
DELAY_MS = int(sys.argv[3]) if len(sys.argv) > 3 else 50
DRIVE, ENGINE = (os.path.join(BUILD, p) for p in ("tests/interop/drive", "tmail-sync"))
SINK = shutil.which("smtp-sink", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def message(i):
    return (f"From: Jane Roe <jane@example.org>\r\nTo: jane@example.org\r\nSubject: message {i}\r\n"
            f"Date: Mon, 05 Jan 2026 12:00:00 +0000\r\nMessage-ID: <m{i}@example.org>\r\n\r\nBody of {i}.\r\n"
            + "Nothing else is said here, in a line of its own.\r\n" * (i % 40)).encode()


def say(name, metric, value, unit):
    print(f"{name} {metric} {value:.2f} {unit}", flush=True)


def say_all(name, metric, values, unit):
    say(name, metric, statistics.median(values), unit)
    say(name, metric + "_min", min(values), unit)
    say(name, metric + "_max", max(values), unit)


class Delay:
    """Listens on a free port and passes all on, each byte half of delay_ms later."""

    def __init__(self, port, delay_ms):
        self.to, self.half = port, delay_ms / 2000
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                ends = [self.listener.accept()[0], socket.create_connection(("127.0.0.1", self.to))]
            except OSError:
                return
            for a, b in (ends, ends[::-1]):
                a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.carry, args=(a, b), daemon=True).start()

    def carry(self, a, b):
        waiting, ready = [], threading.Condition()

        def put():
            while True:
                with ready:
                    ready.wait_for(lambda: waiting)
                    at, data = waiting.pop(0)
                time.sleep(max(0, at - time.monotonic()))
                try:
                    b.sendall(data) if data else b.shutdown(socket.SHUT_WR)
                except OSError:
                    data = b""
                if not data:
                    return

        threading.Thread(target=put, daemon=True).start()
        while True:
            try:
                data = a.recv(1 << 16)
            except OSError:
                data = b""
            with ready:
                waiting.append((time.monotonic() + self.half, data))
                ready.notify()
            if not data:
                return


def floor(port):
    """Milliseconds."""
    envelope = b"MAIL FROM:<jane@example.org>\r\nRCPT TO:<jane@example.org>\r\nDATA\r\n"
    bodies = [message(i) for i in range(N)]
    began = time.monotonic()
    s = socket.create_connection(("127.0.0.1", port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    answers = s.makefile("rb")

    def expect(code, times=1):
        for _ in range(times):
            line = answers.readline()
            while line[3:4] == b"-":
                line = answers.readline()
            if line[:3] != code:
                sys.exit(f"floor: {line}")

    expect(b"220")
    s.sendall(b"EHLO bench.example\r\n")
    expect(b"250")
    s.sendall(envelope)
    for i, body in enumerate(bodies):
        expect(b"250", 2)
        expect(b"354")
        s.sendall(body + b".\r\n" + (envelope if i + 1 < N else b""))
        expect(b"250")
    s.sendall(b"QUIT\r\n")
    expect(b"221")
    return (time.monotonic() - began) * 1000


class Outbox:
    """A store whose outbox is full; each lap begins with a copy of it."""

    def __init__(self, place):
        self.place, self.lap = place, 0
        self.env = dict(os.environ, XDG_RUNTIME_DIR=place, HOME=place, LC_ALL="C.UTF-8")
        self.rc, self.full = f"{place}/tmailrc", f"{place}/full/mail.db"
        self.configure(1)
        os.makedirs(os.path.dirname(self.full))
        for i in range(N):
            with open(f"{place}/mail", "wb") as f:
                f.write(message(i))
            self.drive(self.full, "queue", f"{place}/mail", 0, "jane@example.org", "jane@example.org")

    def configure(self, port):
        with open(self.rc, "w") as f:
            f.write(f'[account work]\naddress = "jane@example.org"\nsend = "smtp://127.0.0.1:{port}"\n')
        os.chmod(self.rc, 0o600)

    def drive(self, *words):
        return subprocess.run([DRIVE, *map(str, words)], capture_output=True, env=self.env, check=True).stdout.decode()

    def send(self, port):
        self.lap += 1
        store = f"{self.place}/lap{self.lap}/mail.db"
        shutil.copytree(os.path.dirname(self.full), os.path.dirname(store))
        self.configure(port)
        began = time.monotonic()
        self.drive(store, self.rc, ENGINE, "sync")
        took = (time.monotonic() - began) * 1000
        left = self.drive(store, "outbox")
        copies = len(self.drive(store, "list", "Sent").splitlines())
        self.drive(store, self.rc, ENGINE, "stop")
        if left or copies != N:
            sys.exit(f"of {N} messages: {copies} in Sent, left in the outbox: {left[:300]!r}")
        shutil.rmtree(os.path.dirname(store))
        return took


def compare(name, outbox, port, laps):
    floors, ours = [], []
    for _ in range(laps):
        floors.append(floor(port))
        ours.append(outbox.send(port))
    say_all(f"floor_{name}_{N}", "time", floors, "ms")
    say_all(f"outbox_{name}_{N}", "time", ours, "ms")
    say_all(f"outbox_{name}_{N}", "ratio", [o / f for o, f in zip(ours, floors)], "x")


def server(name, outbox, port):
    compare(name, outbox, port, LAPS)
    if DELAY_MS:
        compare(f"{name}_{DELAY_MS}ms", outbox, Delay(port, DELAY_MS).port, 1)


with Place() as place:
    outbox = Outbox(place.path)
    if SINK:
        with socket.create_server(("127.0.0.1", 0)) as s:
            free = s.getsockname()[1]
        sink = subprocess.Popen([SINK, *(["-u", "nobody"] if os.getuid() == 0 else []), f"127.0.0.1:{free}", "100"])
        try:
            while socket.socket().connect_ex(("127.0.0.1", free)) != 0:
                time.sleep(0.01)
            server("sink", outbox, free)
        finally:
            sink.terminate()
            sink.wait()
    ours = place.tmaild("--user", "jane:pw", "--domain", "example.org")
    server("tmaild", outbox, ours.ports["smtp"])
