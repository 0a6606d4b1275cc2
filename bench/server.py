# SPDX-License-Identifier: MIT
"""tmaild beside Postfix and Dovecot, in turns: accepting and storing mail (smtp-source with one session and with twenty, fsynced), IMAP
fetch of a whole mailbox over TLS (bench/wire.c), and the time from the start to all listeners. Usage: server.py [MESSAGES [LAPS]];
prints `name metric value unit`. In the build folder, or with top_builddir in the environment. What is not installed is left out."""
import os, shutil, statistics, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "interop"))
import dovecot
import postfix
from mail import Corpus
from tm import BUILD, TMAILD, Tmaild

N = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
LAPS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
ACCEPT, ACCEPT_SIZE = 2000, 2000
WIRE = os.path.join(BUILD, "bench/wire")
SOURCE = shutil.which("smtp-source", path="/usr/sbin:/sbin")


def say(name, metric, values, unit):
    print(f"{name} {metric} {statistics.median(values):.2f} {unit}")
    print(f"{name} {metric}_min {min(values):.2f} {unit}")
    print(f"{name} {metric}_max {max(values):.2f} {unit}", flush=True)


def accept(port, sessions):
    """Messages a second."""
    began = time.monotonic()
    subprocess.run([SOURCE, "-s", str(sessions), "-m", str(ACCEPT), "-l", str(ACCEPT_SIZE), "-f", "a@sender.example", "-t", "jane@example.org",
                    f"127.0.0.1:{port}"], check=True)
    return ACCEPT / (time.monotonic() - began)


def accept_side_by_side(place):
    for sessions in (1, 20):
        ours, theirs = [], []
        for lap in range(LAPS):
            server = Tmaild(f"{place}/accept{sessions}.{lap}", "--domain", "example.org", "--user", "jane:pw")
            ours.append(accept(server.ports["smtp"], sessions))
            server.stop()
            with postfix.Postfix() as other:
                theirs.append(accept(other.port, sessions))
        say(f"accept_{sessions}_tmaild", "rate", ours, "messages/s")
        say(f"accept_{sessions}_postfix", "rate", theirs, "messages/s")
        say(f"accept_{sessions}", "ratio", [a / b for a, b in zip(ours, theirs)], "x")


def wire(port):
    """Milliseconds."""
    return float(subprocess.run([WIRE, "imaps", str(port), str(N)], stdout=subprocess.PIPE, check=True).stdout.split()[0])


def mbox_fill(server, messages):
    """As another program would: tmaild takes it over at the first look."""
    folder = f"{server.root}/mail.root/mail/jane"
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/INBOX", "wb") as f:
        for m in messages:
            f.write(b"From a@sender.example Mon Jan  5 12:00:00 2026\n" + m.replace(b"\r\n", b"\n").replace(b"\nFrom ", b"\n>From ") + b"\n")


def fetch_side_by_side(place):
    corpus = Corpus()
    messages = [corpus.message(i) for i in range(N)]
    server = Tmaild(f"{place}/fetch", "--domain", "example.org", "--user", "jane:pw", tls=True)
    mbox_fill(server, messages)
    ours, theirs = [], []
    with dovecot.Dovecot(tls=True) as other:
        other.deliver(messages)
        for lap in range(LAPS + 1):  # the first of each makes its index
            a, b = wire(server.ports["imaps"]), wire(other.tls_port)
            if lap > 0:
                ours.append(a), theirs.append(b)
    server.stop()
    say(f"fetch_{N}_tmaild", "time", ours, "ms")
    say(f"fetch_{N}_dovecot", "time", theirs, "ms")
    say(f"fetch_{N}", "rate_ratio", [b / a for a, b in zip(ours, theirs)], "x")


def start(place):
    """The first one of a root makes its certificate; the others find it."""
    for kind, laps in (("first", 5), ("again", 4 * LAPS)):
        took = []
        for lap in range(laps):
            root, ports = f"{place}/start{lap if kind == 'first' else ''}", f"{place}/ports{kind}{lap}"
            began = time.monotonic()
            process = subprocess.Popen([TMAILD, "--root", root, "--user", "jane:pw", "--port-file", ports, "--log", f"{place}/start.log"])
            while not os.path.exists(ports):
                time.sleep(0.0002)
            took.append((time.monotonic() - began) * 1000)
            process.terminate()
            process.wait()
        say(f"server_start_{kind}", "time", took, "ms")


with tempfile.TemporaryDirectory(prefix="tmail-bench-") as place:
    start(place)
    if SOURCE and postfix.usable():
        accept_side_by_side(place)
    if dovecot.installed():
        fetch_side_by_side(place)
