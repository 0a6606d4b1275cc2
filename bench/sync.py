# SPDX-License-Identifier: MIT
"""First sync of many messages from a private Dovecot beside the bare wire: one connection, one FETCH of everything, bytes thrown
away. Then a pass with nothing new. Usage: sync.py [MESSAGES]; prints `name metric value unit`."""
import os, random, socket, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "interop"))
from dovecot import Dovecot
from tm import BUILD

N = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
DRIVE, ENGINE = os.path.join(BUILD, "tests/interop/drive"), os.path.join(BUILD, "tmail-sync")


def message(i, dice):
    body = "\r\n".join("".join(dice.choices("etaoin shrdlu,.", k=70)) for _ in range(int(dice.lognormvariate(3.5, 1))))
    return (f"From: Sender {i} <s{i % 300}@example.org>\r\nTo: jane@example.org\r\nSubject: message {i}\r\n"
            f"Date: Mon, 05 Jan 2026 {i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02} +0000\r\n"
            f"Message-ID: <m{i}@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n").encode()


def wire(port):
    """Seconds and bytes of the bare wire."""
    began, total, tail = time.monotonic(), 0, b""
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(b"a LOGIN jane pw\r\nb EXAMINE INBOX\r\nc UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])\r\n")
        while b"\r\nc OK" not in tail:
            chunk = s.recv(1 << 18)
            total += len(chunk)
            tail = (tail + chunk)[-200:]
    return time.monotonic() - began, total


def sync(store, rc, env):
    began = time.monotonic()
    subprocess.run([DRIVE, store, rc, ENGINE, "sync"], stdout=subprocess.DEVNULL, env=env, check=True)
    return time.monotonic() - began


with Dovecot() as server:
    dice = random.Random(1)
    server.deliver(message(i, dice) for i in range(N))
    wire(server.port)  # Dovecot's own index is made by the first one
    floor, size = min(wire(server.port) for _ in range(3))
    rc, store = f"{server.place}/tmailrc", f"{server.place}/store/mail.db"
    with open(rc, "w") as f:
        f.write(f'[account work]\naddress = "jane@example.org"\nreceive = "imap://jane@127.0.0.1:{server.port}"\n'
                f'send = "sendmail:/bin/false"\npassword-command = "printf pw"\n')
    os.chmod(rc, 0o600)
    env = dict(os.environ, XDG_RUNTIME_DIR=server.place, HOME=server.place)
    first, again = sync(store, rc, env), sync(store, rc, env)
    subprocess.run([DRIVE, store, rc, ENGINE, "stop"], stdout=subprocess.DEVNULL, env=env)
    print(f"sync_wire_{N} time {floor * 1000:.0f} ms")
    print(f"sync_wire_{N} size {size / 1e6:.1f} MB")
    print(f"sync_first_{N} time {first * 1000:.0f} ms")
    print(f"sync_first_{N} ratio {first / floor:.2f} x")
    print(f"sync_again_{N} time {again * 1000:.0f} ms")
    print(f"sync_first_{N} store {os.path.getsize(store) / 1e6:.1f} MB")
