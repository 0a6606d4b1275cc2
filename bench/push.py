# SPDX-License-Identifier: MIT
"""From a server's word that a mail has come to that mail in the store of a tmail that watches: tmaild from its 250 to the sender on, Dovecot
from its EXISTS to another client that IDLEs on; through a relay that holds the bytes back, with a round trip of 0 and of 50 ms. The last step is
the event of the engine upon which a screen draws. Usage: push.py [MAILS]; prints `name metric value unit`. In the build folder, or with
top_builddir in the environment."""
import json, os, smtplib, statistics, subprocess, sys, tempfile, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "interop"))
from dovecot import Dovecot, installed
from far import Far
from tm import TMAIL, Place

MAILS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
PAUSE_S = 1.5  # the watcher rests between two events
MAIL = "From: sam@example.org\r\nTo: jane@example.org\r\nSubject: mail {}\r\nMessage-ID: <{}@bench>\r\n\r\n" + "Hello.\r\n" * 100


class Watcher:
    """A `tmail sync --watch` and the times of its events."""

    def __init__(self, place, name, port):
        rc = f'[account a]\naddress = "jane@example.org"\nreceive = "imap://jane@127.0.0.1:{port}"\nsend = "smtp://127.0.0.1:9"\npassword = "pw"\n'
        self.profile = place.profile(rc, name)
        self.process = subprocess.Popen([TMAIL, "--profile", self.profile.path, "sync", "--watch", "--json"], env=self.profile.env,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.changed = threading.Event()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            if json.loads(line)["event"] == "folder":
                self.at = time.monotonic()
                self.changed.set()

    def end(self):
        self.process.terminate()
        self.process.wait()


def measure(name, watcher, deliver):
    times = []
    time.sleep(3)  # until it watches
    for i in range(MAILS):
        time.sleep(PAUSE_S)
        watcher.changed.clear()
        said = deliver(i)
        if not watcher.changed.wait(20):
            sys.exit(f"{name}: mail {i} did not come")
        times.append(max(0, watcher.at - said) * 1000)
    watcher.end()
    for what, value in (("median", statistics.median(times)), ("min", min(times)), ("max", max(times))):
        print(f"{name} {what} {value:.1f} ms", flush=True)


def tmaild(place, rtt):
    server = place.tmaild("--user", "jane:pw", "--domain", "example.org", name=f"server-{rtt}")
    smtp = smtplib.SMTP("127.0.0.1", server.ports["smtp"])

    def deliver(i):
        smtp.sendmail("sam@example.org", ["jane@example.org"], MAIL.format(i, i))
        return time.monotonic()

    measure(f"push_tmaild_{rtt}ms from_250", Watcher(place, f"tmaild-{rtt}", Far(server.ports["imap"], rtt).port), deliver)


def dovecot(place, rtt):
    with Dovecot() as server:
        idle = server.login()
        idle.select("INBOX")
        idle.send(b"x IDLE\r\n")
        idle.readline()

        def deliver(i):
            server.append("INBOX", MAIL.format(i, i).encode())
            while b"EXISTS" not in idle.readline():
                pass
            return time.monotonic()

        measure(f"push_dovecot_{rtt}ms from_exists", Watcher(place, f"dovecot-{rtt}", Far(server.port, rtt).port), deliver)


with Place() as place:
    for rtt in (0, 50):
        tmaild(place, rtt)
        if installed():
            dovecot(place, rtt)
