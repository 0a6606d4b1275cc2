# SPDX-License-Identifier: MIT
"""tmaild itself: what it answered with yes holds after a restart, what it answered with no did not happen, no mailbox is ever torn,
and no UID is used for two messages."""
import os, re, shutil, signal, socket, subprocess, time

from fault import DISK, NET, RUN_S, STOPS, Scenario, check, mailboxes, main
from fake_smtp import Peer
from tm import TMAILD

ANSWER_S = 20
TOLD_MAX = 200


class Line:
    """A connection that speaks lines; None for an answer means that it broke."""

    def __init__(self, port):
        self.sock, self.bytes = None, b""
        try:
            self.sock = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            pass

    def line(self):
        while self.sock is not None and b"\n" not in self.bytes:
            try:
                got = self.sock.recv(65536)
            except TimeoutError:
                raise
            except OSError:
                got = b""
            if not got:
                self.sock.close()
                self.sock = None
            self.bytes += got
        if b"\n" not in self.bytes:
            return None
        line, self.bytes = self.bytes.split(b"\n", 1)
        return line.decode().rstrip("\r")

    def say(self, text):
        if self.sock is None:
            return
        try:
            self.sock.sendall(text if isinstance(text, bytes) else text.encode() + b"\r\n")
        except OSError:
            self.sock.close()
            self.sock = None

    def smtp(self, text=None):
        """The code of the answer."""
        if text is not None:
            self.say(text)
        while (line := self.line()) is not None:
            if line[3:4] != "-":
                return int(line[:3])
        return None

    def imap(self, command, literal=None):
        """("OK", text) and what came before it."""
        self.say("a " + command)
        told = []
        while (line := self.line()) is not None and len(told) < TOLD_MAX:
            if line.startswith("+ ") and literal is not None:
                self.say(literal + b"\r\n")
            elif line.startswith("a "):
                return line.split(" ", 2)[1].replace("BAD", "NO"), line, told
            else:
                told.append(line)
        return None, "", told

    def pop(self, command, more=False):
        if command is not None:
            self.say(command)
        first, rest = self.line(), []
        while more and first is not None and first.startswith("+OK") and (line := self.line()) is not None and line != ".":
            rest.append(line)
        return (None if first is None else first.startswith("+OK")), rest


class Server(Scenario):
    """tmaild is started anew for each round; self.said are its answers, True, False or None."""
    programs = ("tmaild",)
    options = ()

    def __init__(self, place):
        super().__init__(place)
        self.root = os.path.join(place.path, "server")
        self.template = os.path.join(place.path, "template")
        self.process, self.ports = None, {}
        check(self.start({}), "tmaild starts in health")
        c = self.login()
        for folder in ("Work", "Gone", "Old"):
            c.imap(f"CREATE {folder}")
        for n in (1, 2, 3, 4):
            check(self.append(c, n)[0] == "OK", "APPEND in health")
        self.stop(None)
        shutil.copytree(self.mail(), self.template)
        self.was = mailboxes(self.template)

    def mail(self, *parts):
        return os.path.join(self.root, "root", "mail", *parts)

    def boxes(self):
        return mailboxes(self.mail("jane"))

    def keep(self):
        return [self.process.pid] if self.process else []

    def start(self, env):
        """False when it said that it cannot, and ended."""
        port_file = os.path.join(self.root, "ports")
        if os.path.exists(port_file):
            os.unlink(port_file)
        os.makedirs(self.root, exist_ok=True)
        self.process = subprocess.Popen(
            [TMAILD, "--root", os.path.join(self.root, "root"), "--port-file", port_file, "--smtp", "0", "--imap", "0", "--pop3", "0",
             "--submission", "none", "--tls-cert", "none", *self.options, "--domain", "example.org", "--user", "jane:pw", "--user", "bob:pw",
             "--log", os.path.join(self.root, "log")], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=dict(os.environ, **env))
        deadline = time.monotonic() + RUN_S
        while not os.path.exists(port_file):
            check(time.monotonic() < deadline, "tmaild neither starts nor ends")
            if self.process.poll() is not None:
                words = self.process.stderr.read().decode()
                if self.process.returncode != -signal.SIGKILL:
                    check(self.process.returncode in (69, 73) and words.startswith("tmaild: "), f"{self.process.returncode}: {words!r}")
                self.process = None
                return False
            time.sleep(0.001)
        with open(port_file) as f:
            self.ports = dict(line.split() for line in f if line.strip())
        return True

    def stop(self, done):
        """It may have been killed; else it ends in health when it is told to."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        words = self.process.communicate(timeout=RUN_S)[1].decode()
        code, self.process = self.process.returncode, None
        check(code in (0, -signal.SIGKILL) or (code == 73 and words.startswith("tmaild: ")), f"tmaild ends with {code}: {words!r}")

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def login(self, who="jane"):
        c = Line(int(self.ports["imap"]))
        c.line()
        c.imap(f"LOGIN {who} pw")
        return c

    def append(self, c, n, folder="INBOX"):
        text = self.text(n)
        return c.imap(f"APPEND {folder} {{{len(text)}}}", text)

    def text(self, n):
        return (f"From: s{n}@example.org\r\nSubject: message {n}\r\nMessage-ID: <m{n}@example.org>\r\n\r\n".encode() +
                b"some text\r\n" * 30 * (1 + n % 2))

    def before(self):
        self.stop(None)
        shutil.rmtree(self.mail())
        shutil.copytree(self.template, self.mail())
        self.said, self.told_uids = {}, {}

    def act(self, env):
        self.forever = env["TMAIL_FAULT"].endswith(":forever")
        if self.start(env):
            self.talk()
            self.stop(None)

    def resume(self, transient):
        check(self.start({}), "tmaild starts in health")
        c = self.login()  # whoever opens a mailbox mends it
        for folder in ("INBOX", "Work"):
            said, _, lines = c.imap(f"SELECT {folder}")
            check(said == "OK", f"SELECT {folder}")
        c.imap("LOGOUT")

    def after(self, done):
        now = self.boxes()
        for folder, uids in self.told_uids.items():
            for uid, subject in uids.items():
                there = [s for u, s, _, _ in now.get(folder, []) if u == uid]
                check(there in ([], [subject]), f"uid {uid} of {folder} was {subject}, is {there}")
        self.hold(now)

    def hold(self, now):
        """What must hold, given what was said."""

    def lies(self, now, subject):
        return sorted(f for f, rows in now.items() for row in rows if row[1] == subject)

    def state(self):
        return (self.boxes(),)  # it may be compacting: not the same bytes

    def idle(self):
        c = self.login()
        c.imap("SELECT INBOX")
        c.imap("UID FETCH 1:* (FLAGS)")
        c.imap("LOGOUT")


class Accept(Server):
    """Mail for two comes in over SMTP: both have it, or nobody."""
    name = "accept"
    words = "words\r\n" * 100

    def deliver(self):
        c = Line(int(self.ports["smtp"]))
        steps = (None, "EHLO test", "MAIL FROM:<a@example.org>", "RCPT TO:<jane@example.org>", "RCPT TO:<bob@example.org>", "DATA")
        for step in steps:
            code = c.smtp(step)
            if code is None or code >= 400:
                return None if code is None else False
        code = c.smtp("Subject: message 9\r\n\r\n" + self.words + ".")
        if code is not None and code < 400:
            c.smtp("QUIT")
        return None if code is None else code < 400

    def talk(self):
        self.said["mail"] = self.deliver()

    def count(self):
        both = mailboxes(self.mail())
        return [sum(s == "message 9" for _, s, _, _ in both.get(f"{who}/INBOX", [])) for who in ("jane", "bob")]

    def resume(self, transient):
        super().resume(transient)
        self.login("bob").imap("SELECT INBOX")
        if "mail" in self.said:
            self.n = self.count()
            check(self.n == [1, 1] or not self.said["mail"], f"a 250, and it lies {self.n} times with jane and bob")
            check(max(self.n) <= 1, f"it lies {self.n} times")
            if not self.said["mail"]:
                check(self.deliver(), "the sender comes again")
                again = self.count()
                check(again == [self.n[0] + 1, self.n[1] + 1], f"first {self.n}, then {again}")

    def hold(self, now):
        check([r[:2] for r in now["INBOX"] if r[1] != "message 9"] == [r[:2] for r in self.was["jane/INBOX"]], "the others are there")


class Large(Accept):
    """The same for one that is too large for memory on its way."""
    name = "large"
    words = "words that fill a line of some length\r\n" * 8000


class Imap(Server):
    """A session that adds, marks, moves and removes."""
    name = "imap"

    def talk(self):
        c = self.login()
        self.said["select"] = c.imap("SELECT INBOX")[0]
        said, line, _ = self.append(c, 5)
        self.note("append", said, line, "INBOX", "message 5")
        self.said["seen"] = c.imap("UID STORE 1 +FLAGS (\\Seen)")[0]
        self.said["words"] = c.imap("UID STORE 2 +FLAGS (" + " ".join(f"word{n}" for n in range(30)) + ")")[0]
        said, _, told = c.imap("UID MOVE 3 Work")
        self.note("move", said, " ".join(told), "Work", "message 3")
        self.said["expunge"] = c.imap("UID STORE 4 +FLAGS (\\Deleted)")[0]
        expunged = c.imap("EXPUNGE")[0]
        self.said["expunge"] = expunged if self.said["expunge"] == "OK" else self.said["expunge"]
        said, line, _ = self.append(c, 6)
        self.note("append 6", said, line, "INBOX", "message 6")
        self.said["logout"] = c.imap("LOGOUT")[0]

    def note(self, what, said, line, folder, subject):
        self.said[what] = said
        found = re.search(r"(?:APPENDUID|COPYUID) \d+ (?:\d+ )?(\d+)\]", line)
        if said == "OK" and found:
            self.told_uids.setdefault(folder, {})[int(found.group(1))] = subject

    def hold(self, now):
        lies = {n: self.lies(now, f"message {n}") for n in range(1, 7)}
        for n, what in ((5, "append"), (6, "append 6")):
            allowed = {"OK": (["INBOX"],), "NO": ([],), None: ([], ["INBOX"])}[self.said.get(what)]
            check(lies[n] in allowed, f"message {n} lies in {lies[n]} after {self.said}")
        moved = {"OK": (["Work"],), "NO": (["INBOX"], ["Work"]), None: (["INBOX"], ["Work"], ["INBOX", "Work"])}
        if self.forever:  # then it could not be taken back either
            moved["NO"] = moved[None]
        check(lies[3] in moved[self.said.get("move")], f"message 3 lies in {lies[3]} after {self.said}")
        check(lies[4] == [] or (lies[4] == ["INBOX"] and self.said.get("expunge") != "OK"), f"message 4 lies in {lies[4]}, {self.said}")
        check(lies[1] == lies[2] == ["INBOX"], f"the others lie in {lies[1]}, {lies[2]}")
        hashes = {s: h for _, s, _, h in self.was["jane/INBOX"]}
        for rows in now.values():
            check(all(hashes.get(s, h) == h for _, s, _, h in rows), "other bytes than before")
        if self.said.get("seen") == "OK":
            check([f & 1 for _, s, f, _ in now["INBOX"] if s == "message 1"] == [1], "the flag that it said was set is")


class Foreign(Server):
    """The INBOX is an mbox of another program: all of it is taken over, once."""
    name = "foreign"
    PLAIN = b"".join(b"From x@example.org Mon Jan  5 10:00:00 2026\nFrom: x@example.org\nSubject: plain %d\n\nwords\n\n" % n
                     for n in (1, 2, 3))

    def before(self):
        super().before()
        with open(self.mail("jane", "INBOX"), "wb") as f:
            f.write(self.PLAIN)

    def talk(self):
        c = self.login()
        self.said["select"] = c.imap("SELECT INBOX")[0]
        self.said["append"] = self.append(c, 5)[0]
        c.imap("LOGOUT")

    def hold(self, now):
        subjects = sorted(s for _, s, _, _ in now["INBOX"])
        plain = [f"plain {n}" for n in (1, 2, 3)]
        allowed = {"OK": (["message 5"],), "NO": ([],), None: ([], ["message 5"])}[self.said.get("append")]
        check(subjects in [more + plain for more in allowed], f"{subjects} after {self.said}")


class Folders(Server):
    """Folders are made, renamed and removed, with what is in them."""
    name = "folders"

    def talk(self):
        c = self.login()
        self.said["copy"] = (c.imap("SELECT INBOX"), c.imap("UID COPY 1 Old"))[1][0]
        for what in ("CREATE New", "CREATE Up/Down", "RENAME Old Up/Young", "DELETE Gone", "RENAME Work Elsewhere", "SUBSCRIBE New"):
            self.said[what] = c.imap(what)[0]
        c.imap("LOGOUT")

    def resume(self, transient):
        check(self.start({}), "tmaild starts in health")
        c = self.login()
        for line in c.imap('LIST "" *')[2]:
            name = line.rsplit(" ", 1)[1].strip('"')
            if "\\Noselect" not in line and "\\NonExistent" not in line:
                check(c.imap(f"SELECT {name}")[0] == "OK", f"SELECT {name}")
        c.imap("LOGOUT")

    def hold(self, now):
        for what, made, gone in (("CREATE New", "New", None), ("CREATE Up/Down", "Up/Down", None), ("DELETE Gone", None, "Gone"),
                                 ("RENAME Old Up/Young", "Up/Young", "Old"), ("RENAME Work Elsewhere", "Elsewhere", "Work")):
            if self.said.get(what) == "OK":
                check(made is None or made in now, f"{what} was OK: {list(now)}")
                check(gone not in now, f"{what} was OK: {list(now)}")
            elif made and gone:
                check((made in now) != (gone in now), f"{what}, {self.said[what] if what in self.said else None}: {list(now)}")
        n = len(self.lies(now, "message 1"))
        check(n == 2 if self.said.get("copy") == "OK" else n in (1, 2), f"message 1 lies in {self.lies(now, 'message 1')}")


class Pop(Server):
    """What QUIT says is removed is removed, the rest stays."""
    name = "popd"

    def talk(self):
        c = Line(int(self.ports["pop3"]))
        c.pop(None)
        for command in ("USER jane", "PASS pw"):
            c.pop(command)
        self.said["uidl"] = c.pop("UIDL", True)[1]
        self.said["retr"] = c.pop("RETR 1", True)[0]
        self.said["dele"] = [c.pop(f"DELE {n}")[0] for n in (1, 3)]
        self.said["quit"] = c.pop("QUIT")[0]

    def hold(self, now):
        left = [s for _, s, _, _ in now["INBOX"]]
        check({"message 2", "message 4"} <= set(left), f"what nobody removed is there: {left}")
        if self.said.get("quit") and self.said["dele"] == [True, True]:
            check(left == ["message 2", "message 4"], f"what it said is removed is: {left}")
        elif None not in self.said.get("dele", [None]) and self.said.get("quit") is False:
            check(len(left) >= 2, f"left: {left}")


class Queue(Server):
    """Mail to elsewhere is queued, sent, and its sender told what was refused. What was answered with 250 arrives and is told; twice only
    where the fault fell between the peer's answer and our note of it."""
    name = "queue"

    def __init__(self, place):
        self.peer = Peer("127.0.0.1", says={"RCPT": lambda line, peer: "550 5.1.1 nobody" if "<never" in line else None})
        self.options = ("--relay", f"127.0.0.1:{self.peer.port}", "--relay-from", "127.0.0.1/32", "--retry", "1s")
        super().__init__(place)

    def before(self):
        super().before()
        shutil.rmtree(os.path.join(self.root, "root", "queue"))
        self.peer.mails.clear()

    def queue(self, *argv):
        p = subprocess.run([TMAILD, "queue", *argv, "--root", os.path.join(self.root, "root")], capture_output=True, timeout=RUN_S)
        return p.stdout if p.returncode == 0 else None

    def queue_runs_empty(self):
        deadline = time.monotonic() + RUN_S
        while self.queue("list") and time.monotonic() < deadline:
            time.sleep(0.005)
        return self.queue("list") == b""

    def send(self):
        c = Line(int(self.ports["smtp"]))
        for step in (None, "EHLO test", "MAIL FROM:<jane@example.org>", "RCPT TO:<good@a.example>", "RCPT TO:<never@b.example>", "DATA"):
            code = c.smtp(step)
            if code is None or code >= 400:
                return None if code is None else False
        code = c.smtp("Subject: message 9\r\n\r\nwords\r\n.")
        return None if code is None else code < 400

    def talk(self):
        self.said["mail"] = self.send()
        deadline = time.monotonic() + 0.15  # what does not go out at once does so after the restart
        while self.process.poll() is None and self.queue("list") and time.monotonic() < deadline:
            time.sleep(0.002)

    def resume(self, transient):
        super().resume(transient)
        self.queue("flush")
        check(self.queue_runs_empty(), f"the queue does not run empty: {self.queue('list')}")

    def hold(self, now):
        sent = sum(b"Subject: message 9" in m["data"] for m in self.peer.mails)
        told = len(self.lies(now, "Undelivered Mail Returned to Sender"))
        least = 1 if self.said.get("mail") else 0
        most = 2 if self.said.get("mail") is not False or self.forever else 0
        check(least <= sent <= most, f"it arrived {sent} times after {self.said}")
        check(least <= told <= most, f"its sender was told {told} times after {self.said}")


main(Accept, Large, Imap, Foreign, Folders, Pop, Queue)
