# SPDX-License-Identifier: MIT
"""tmaild's mailboxes: one of 100,000 messages (500 MB) opened with and without its index, its flags fetched, a delivery while it is
compacted; and what 1,000 idle IMAP sessions cost, in the clear and within TLS. Lines: name metric value unit."""
import os, resource, shutil, smtplib, socket, ssl, statistics, subprocess, sys, tempfile, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "interop"))
import tm
from rawimap import Raw

MESSAGES = int(os.environ.get("BENCH_MESSAGES", "100000"))
SESSIONS = 1000
RUNS = 9


def fill(path, n):
    """As tmaild writes it; the lengths are those of the text behind the lines of ours."""
    body = ("word " * 14 + "\n").encode()
    with open(path, "wb", buffering=1 << 20) as f:
        for i in range(n):
            text = f"From: a{i % 99}@x.org\nTo: xxx@x.org\nSubject: message {i}\nMessage-ID: <{i}@x.org>\n\n".encode() + body * (20 + i % 90)
            served = len(text) + text.count(b"\n")
            base = b"X-IMAPbase: 1000000000 %010d\n" % n if i == 0 else b""
            flags = b"RO" if i % 3 else b"  "
            f.write(b"From a@x.org Thu Jan  1 00:00:00 2026\nX-Tmaild: %012d %012d %012d --\n%sX-UID: %010d\nStatus: %s\nX-Status:     \n"
                    b"X-Keywords: %48s\n%s\n" % (len(text), served, 1767225600 + i, base, i + 1, flags, b"", text))


def took(what, times):
    print(f"box {what} {1000 * statistics.median(times):.1f} ms", flush=True)


def timed(c, command):
    """Seconds until the tagged line; nothing is taken apart here."""
    start = time.monotonic()
    c.send(command)
    tag, tail = b"\r\n%d " % c.n, b""
    while True:
        got = c.s.recv(1 << 20)
        assert got
        tail = tail[-200:] + got
        if tag in tail or tail.startswith(tag[2:]):
            at = tail.rfind(tag[2:])
            assert tail[at:].startswith(tag[2:] + b"OK"), tail[-200:]
            return time.monotonic() - start


def open_box(server):
    c = Raw(server.ports["imap"])
    return c, timed(c, b"SELECT INBOX")


def big(root):
    server = tm.Tmaild(root, "--domain", "x.org", "--user", "xxx:pw")
    c, _ = open_box(server)
    c.close()
    folder = os.path.join(root, "mail.root", "mail", "xxx")
    server.stop()
    box = os.path.join(folder, next(n for n in os.listdir(folder) if n.startswith("INBOX")))
    index = os.path.join(folder, "." + os.path.basename(box) + ".index")
    fill(box, MESSAGES)
    print(f"box size {os.path.getsize(box) / 1e6:.0f} MB")
    for name in ("without_index", "with_index"):
        first, flags = [], []
        for _ in range(3 if name == "without_index" else RUNS):
            if name == "without_index" and os.path.exists(index):
                os.unlink(index)
            server.start()
            c, seconds = open_box(server)
            first.append(seconds)
            flags.append(timed(c, b"FETCH 1:* (UID FLAGS)"))
            c.close()
            server.stop()
        took("open_" + name, first)
        took("flags_" + name, flags)
    server.start()
    c, _ = open_box(server)
    again = []
    for _ in range(RUNS):
        other, seconds = open_box(server)
        again.append(seconds)
        other.close()
    took("select_again", again)
    took("store_one", [timed(c, b"STORE %d +FLAGS (\\Flagged)" % (i + 1)) for i in range(RUNS)])
    compaction(server, c)
    server.stop()


def compaction(server, c):
    """The longest that a delivery waits while a third of the file is taken out."""
    waits, done = [], threading.Event()

    def deliver():
        with smtplib.SMTP("127.0.0.1", server.ports["smtp"]) as s:
            while not done.is_set():
                start = time.monotonic()
                s.sendmail("a@b.org", ["xxx@x.org"], b"Subject: x\r\n\r\nx\r\n")
                waits.append(time.monotonic() - start)
                time.sleep(0.002)
    took("store_third", [timed(c, b"STORE 1:%d +FLAGS.SILENT (\\Deleted)" % (MESSAGES // 3))])
    thread = threading.Thread(target=deliver)
    took("expunge_third", [timed(c, b"EXPUNGE")])
    thread.start()
    size = os.path.getsize
    folder = os.path.join(server.root, "mail.root", "mail", "xxx")
    box = os.path.join(folder, next(n for n in os.listdir(folder) if n.startswith("INBOX") and not n.endswith(".lock")))
    before, start = size(box), time.monotonic()
    while size(box) > before * 0.9 and time.monotonic() - start < 60:
        time.sleep(0.01)
    took("compacted_after", [time.monotonic() - start])
    done.set()
    thread.join()
    print(f"box delivery_beside_compaction_max {1000 * max(waits):.1f} ms")
    took("delivery_beside_compaction_median", waits)


class Secure(Raw):
    """Raw, where TLS is spoken from the first byte on."""

    def __init__(self, port):
        super().__init__(port, name=None)
        assert self.cmd(b"LOGIN xxx pw")[1].startswith(b"OK")

    def line(self):
        if not isinstance(self.s, ssl.SSLSocket):
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.s = context.wrap_socket(self.s)
        return super().line()


def idle(root):
    idle_sessions(root, "idle", "imap", Raw)


def idle_tls(root):
    idle_sessions(root, "idle_tls", "imaps", Secure)


def idle_sessions(root, what, port, client):
    server = tm.Tmaild(root, "--domain", "x.org", "--user", "xxx:pw", "--limit", "connections=2000", "--limit", "per-address=2000", tls=True)
    pid = server.process.pid
    with smtplib.SMTP("127.0.0.1", server.ports["smtp"]) as s:
        for i in range(20):
            s.sendmail("a@b.org", ["xxx@x.org"], b"Subject: %d\r\n\r\nx\r\n" % i)
    before = memory(pid)
    clients = []
    for _ in range(SESSIONS):
        c = client(server.ports[port])
        c.ok(b"SELECT INBOX")
        c.send(b"IDLE")
        assert c.line().startswith(b"+")
        clients.append(c)
    print(f"{what} sessions {len(clients)} n")
    print(f"{what} memory_before {before / 1e6:.1f} MB")
    print(f"{what} memory {memory(pid) / 1e6:.1f} MB")
    for c in clients:
        c.close()
    server.stop()


def memory(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return 1024 * next(int(line.split()[1]) for line in f if line.startswith("Pss:"))


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    for part in (big, idle, idle_tls):
        if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
            root = tempfile.mkdtemp()
            try:
                part(root)
            finally:
                shutil.rmtree(root)


main()
