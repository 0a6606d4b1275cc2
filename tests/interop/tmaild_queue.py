#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tmaild's queue from the outside: days in seconds on the virtual clock, the commands, what the sender is told, and kill -9 with mail
in the queue."""
import difflib, json, os, re, signal, smtplib, subprocess, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_smtp import Peer
from tm import EFFORT, TMAILD, WAIT_S, Place, check

MAIL = "Subject: {}\r\n\r\nits text\r\n"


def answer(line, peer):
    """later@ and never@ get what their name says; as long as peer.busy is set everybody is later."""
    return ("450 4.2.0 not now" if "<later" in line or getattr(peer, "busy", False)
            else "550 5.1.1 nobody of this name" if "<never" in line else None)


class Lab:
    def __init__(self, place, *options):
        self.peer = Peer("127.0.0.1", says={"RCPT": answer})
        self.server = place.tmaild("--domain", "example.org", "--user", "jane:pw", "--relay", f"127.0.0.1:{self.peer.port}", *options,
                                   name=f"server{len(place.servers)}")
        self.root = os.path.join(self.server.root, "mail.root")

    def command(self, *argv, code=0):
        p = subprocess.run([TMAILD, *argv, "--root", self.root], capture_output=True, text=True, timeout=WAIT_S * 4)
        check(p.returncode == code, f"{argv}: exit code {p.returncode}, {p.stderr}")
        return p.stdout

    def queue(self):
        return [json.loads(line) for line in self.command("queue", "list", "--json").splitlines()]

    def send(self, subject, *to, sender="jane@example.org", **options):
        with smtplib.SMTP("127.0.0.1", self.server.ports["submission"], timeout=WAIT_S) as s:
            s.login("jane", "pw")
            s.sendmail(sender, to, MAIL.format(subject), **options)

    def wait(self, claim, text):
        deadline = time.monotonic() + WAIT_S
        while not claim():
            check(time.monotonic() < deadline, text)
            time.sleep(0.01)

    def inbox(self):
        try:
            with open(f"{self.root}/mail/jane/INBOX") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def end(self):
        self.server.stop()
        self.peer.close()


def days_in_seconds(place):
    lab = Lab(place, "--virtual-clock")
    lab.send("slow", "later@a.example", "never@a.example", "good@b.example")
    lab.command("clock", "advance", "0s")
    check([m["to"] for m in lab.peer.mails] == [["RCPT TO:<good@b.example>"]], f"what was taken: {lab.peer.mails}")
    check(lab.inbox().count("Final-Recipient: rfc822; never@a.example") == 1, "a refusal is told at once")
    [m] = lab.queue()
    check([r["state"] for r in m["recipients"]] == ["waiting", "failed", "done"] and m["tries"] == 1, m)
    check(m["next"] == "2026-01-01T00:15:00Z", m["next"])
    check(lab.command("clock", "advance", "4h") == "2026-01-01T04:00:00Z\n", "the time")
    check(lab.inbox().count("Action: delayed") == 1, "a warning after four hours")
    lab.command("clock", "advance", "5d")
    check(lab.queue() == [], "nothing is left after five days")
    check(lab.inbox().count("Action: failed") == 2 and lab.inbox().count("Action: delayed") == 1, "what the sender was told")
    tries = sum(line.startswith("RCPT TO:<later") for line in lab.peer.lines)
    check(tries == 5 * 96 + 1, f"{tries} tries in five days")
    lab.end()


def story(place):
    """What the log tells of two mails on a virtual clock, without what differs by nature: ports, the process."""
    lab = Lab(place, "--virtual-clock", "--retry", "1h", "--backoff", "1.5", "--give-up", "1d")
    lab.send("slow", "later@a.example", "never@a.example", "good@b.example")
    lab.command("clock", "advance", "30m")
    lab.send("again", "later@a.example", "later@b.example")
    lab.command("clock", "advance", "2d")
    check(lab.queue() == [], "nothing is left")
    lab.end()
    with open(f"{lab.server.root}/tmaild.log") as f:
        lines = [re.sub(r"tmaild\[\d+\]|port \d+|:\d+\]", "", line) for line in f]
    return [line for line in lines if " mail " in line]


def always_the_same(place):
    first, second = story(place), story(place)
    check(len(first) > 30 and first[0].startswith("2026-01-01T00:00:00Z"), first)
    check(first == second, "not the same twice:\n" + "".join(difflib.unified_diff(first, second)))
    times = [line.split()[0] for line in first]
    check(times == sorted(times), "in the order of their times")


def a_restart_of_the_clock(place):
    """It goes on behind what is in the queue, and names nothing twice."""
    lab = Lab(place, "--virtual-clock")
    lab.send("slow", "later@a.example")
    lab.command("clock", "advance", "4h")
    lab.server.stop(signal.SIGKILL)
    lab.server.start()
    lab.send("slow too", "later@a.example")
    check(len(lab.queue()) == 2, lab.queue())
    lab.command("clock", "advance", "5d")
    lab.command("clock", "advance", "1m")
    check(lab.queue() == [] and lab.inbox().count("Action: failed") == 2, lab.inbox())
    lab.end()


def commands(place):
    lab = Lab(place, "--retry", "1h")
    lab.peer.busy = True
    lab.send("one", "good@a.example")
    lab.send("two", "good@b.example")
    lab.wait(lambda: [m["tries"] for m in lab.queue()] == [1, 1], "both are tried at once")
    ids = [m["id"] for m in sorted(lab.queue(), key=lambda m: m["recipients"][0]["address"])]
    check(all(i in lab.command("queue", "list") for i in ids), "a list for people")
    lab.command("queue", "remove", ids[0])
    lab.command("queue", "remove", "nobody", code=1)
    lab.peer.busy = False
    lab.command("queue", "flush")
    lab.wait(lambda: not lab.queue(), "a flush tries at once")
    check([m["to"] for m in lab.peer.mails] == [["RCPT TO:<good@b.example>"]], f"what went out: {lab.peer.mails}")
    lab.command("clock", "advance", "1h", code=1)  # the wall's clock stays where it is
    lab.end()


def success(place):
    """NOTIFY=SUCCESS: of our own accounts, and of those whose server does not take over to tell."""
    lab = Lab(place)
    lab.peer.ehlo = ["PIPELINING"]
    lab.send("told", "jane@example.org", "good@a.example", rcpt_options=["NOTIFY=SUCCESS,FAILURE"], mail_options=["ENVID=here+2Bnow"])
    lab.wait(lambda: lab.inbox().count("Action: relayed") == 1 and lab.inbox().count("Action: delivered") == 1, lab.inbox())
    check("Original-Envelope-Id: here+now" in lab.inbox(), "the sender's name for it")
    lab.end()


def killed(place):
    """kill -9 again and again while mail comes in and goes out: all that was answered with 250 arrives, little of it twice."""
    lab = Lab(place, "--retry", "1s")
    taken = []
    rounds = max(2, int(6 * min(EFFORT, 40)))
    for lap in range(rounds):
        lab.peer.busy = lap % 3 == 2
        for k in range(5):
            lab.send(f"m{lap}.{k}", "good@a.example", f"good@b{k}.example")
            taken.append(f"m{lap}.{k}")
        lab.server.stop(signal.SIGKILL)
        lab.server.start()
    lab.peer.busy = False
    lab.command("queue", "flush")
    lab.wait(lambda: not lab.queue(), "the queue runs empty")
    arrived = [m["data"].split(b"\r\n\r\n")[0] for m in lab.peer.mails for _ in m["to"]]
    for subject in taken:
        n = sum(f"Subject: {subject}".encode() in head.split(b"\r\n") for head in arrived)
        check(2 <= n <= 4, f"{subject} arrived {n} times, for two recipients")
    check(sorted(os.listdir(f"{lab.root}/queue")) == [], "nothing lies about")
    lab.end()


with Place() as place:
    days_in_seconds(place)
    always_the_same(place)
    a_restart_of_the_clock(place)
    commands(place)
    success(place)
    killed(place)
print("ok")
