# SPDX-License-Identifier: MIT
"""The connection cut behind every byte of a short session and every 97th of a long one (in a check: behind every fifth or second, and
every 291st, other ones for each kind of cut), in either direction, as an orderly end and as a reset, for IMAP, submission (also at Postfix, its smtp-sink and Dovecot) and POP3: the next pass recovers by itself, nothing is lost or doubled on either side, and in the
end a pass with nothing to do changes nothing. And connections that are not cut but go silent. Usage: cut.py [SEED [LAB...]]"""
import os, random, re, resource, shutil, socket, subprocess, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from boxes import Boxes, Message, OverImap
from lab import DOUBT, FLAGGED, OP_EXPUNGE, OP_FLAGS, OP_MOVE, SEEN, Engine, Hand, check, check_store, dump
from proxy import FIN, HOLD, IN, OUT, RST, Cut, Loop, Proxy
import dovecot
import postfix
from tm import EFFORT, SEED, WAIT_S, Place

STRIDE = 97 if EFFORT > 1 else 291
WHOLE_EVERY = 500  # rounds between two looks at everything
AGAIN_MOST = 8  # so often a long session is cut again before it may recover
LONG = 300_000
PROMPT_S = 2  # what is told to stop does so at once: this is far below every deadline, and enough for a machine under load
ERR_CANCELLED, ERR_DOUBT = 10, 15  # enum error_code
NAMES = {OUT: "client to server", IN: "server to client"}


def mail(name, size=0, mid=True):
    head = (f"From: Ann <ann@example.org>\r\nTo: jane@example.org\r\nSubject: {name}\r\nDate: Mon, 05 Jan 2026 10:00:00 +0000\r\n"
            + (f"Message-ID: <{name}@example.org>\r\n" if mid else "") + f"\r\nBody of {name}.\r\n").encode()
    line = f"{name} and so on, on and on, over and over again\r\n".encode()
    return head + line * (size // len(line))


class Lab:
    """A server, an engine that reaches it through the proxy, and rounds. A round has .work() for what is new, .ask() for the pass,
    and .look() for what must be everywhere afterwards."""

    name, options, protocol, user = "", (), "imap", "jane"
    stride = 1  # from one cut to the next in a check

    def serve(self, place):
        """Starts the server; gives the port where mail is fetched, or goes."""
        self.server = place.tmaild("--domain", "example.org", "--user", "jane:pw", "--user", "bob:pw", *self.options,
                                   name=self.name + "-server")
        self.hand = Hand(self.server.ports["imap"], self.user)
        self.boxes = Boxes(self.server.root, self.user)
        return self.server.ports[self.protocol]

    def __init__(self, place, loop, account):
        self.loop = loop
        self.proxy = Proxy(loop, self.serve(place), self.change, self.settled)
        self.others = self.sockets()
        self.k = self.rounds = 0
        self.engine = Engine(loop, place.path, self.name, "[tmail]\nsync-interval = 86400\nundo-send = 0\n[account work]\n"
                             "address = jane@example.org\npassword-command = \"printf pw\"\n"
                             + (account() if callable(account) else account).format(port=self.proxy.port))

    def sockets(self):
        """How many the server holds."""
        folder, n = f"/proc/{self.server.process.pid}/fd", 0
        for name in os.listdir(folder):
            try:
                n += os.readlink(os.path.join(folder, name)).startswith("socket:")
            except FileNotFoundError:
                pass
        return n

    def settled(self):
        return self.sockets() <= self.others + self.proxy.living()

    @staticmethod
    def change(d, data):
        """A second connection that watches would have its say in what is counted here."""
        return data.replace(b" IDLE", b" XDLE") if d == IN else data

    def begin(self):
        """Asks for a pass; its number."""
        self.engine.pass_n += 1
        self.engine.hint("sync", id=self.engine.pass_n)
        return self.engine.pass_n

    def ask(self):
        """Its end."""
        return self.engine.done(self.begin())

    def arm(self, cut, warm=False):
        """warm: counted from where the session stands that is open; else from the first byte of the next one."""
        if warm and self.proxy.links:
            self.proxy.last.plan(cut)
        else:
            self.proxy.drop()
            self.proxy.arm(cut)

    def round(self, cut, warm=False):
        self.work()
        self.arm(cut, warm)
        said = self.ask()
        self.recover(said)

    def recover(self, said):
        if said["code"] != 0:
            said = self.ask()
        check(said["code"] == 0, f"the next pass holds: {said}\n{self.engine.log()}")
        self.rounds += 1
        self.look()
        if self.rounds % WHOLE_EVERY == 0:
            check_store(self.engine.store)

    def lengths(self):
        """Bytes of a whole session in each direction, with what a longer one may have more."""
        self.proxy.drop()
        self.work()
        check(self.ask()["code"] == 0, self.engine.log())
        self.look()
        return [n + 64 for n in self.proxy.last.passed]

    def end(self):
        """At rest: whole, and nothing to do changes nothing."""
        self.proxy.drop()
        check(self.ask()["code"] == 0, self.engine.log())
        self.look()
        check_store(self.engine.store)
        before = dump(self.engine.store), self.boxes.bytes()
        check(self.ask()["code"] == 0, self.engine.log())
        after = dump(self.engine.store), self.boxes.bytes()
        for table in before[0]:
            check(before[0][table] == after[0][table], f"nothing to do changes nothing: {table}")
        check(before[1] == after[1], "nor on the server")
        self.close()

    def close(self):
        self.proxy.drop()
        self.engine.close()
        self.hand.close()
        self.server.stop()


class Imap(Lab):
    """Each round brings one of everything: new mail, a flag, a move, two deletions, a copy for Sent. Mailboxes keep their size."""

    name, stride, folders = "imap", 5, ("Archive", "Sent")

    def account(self):
        return "receive = \"imap://jane@127.0.0.1:{port}\"\nsend = \"sendmail:/bin/false\"\n"

    def __init__(self, place, loop):
        super().__init__(place, loop, self.account)
        self.hand.do(*(f"CREATE {name}" for name in self.folders))
        check(self.ask()["code"] == 0, self.engine.log())
        for _ in range(3):
            self.round(None)

    def work(self):
        self.k += 1
        k = self.k
        self.hand.append("INBOX", mail(f"m{k}", mid=k % 4 != 0))
        ids = {(r.folder, r.subject): r.message for r in self.engine.rows()}
        ops = [(OP_FLAGS, f"m{k - 1}", "INBOX", "-", FLAGGED), (OP_EXPUNGE, f"<s{k - 1}@example.org>", "Sent", "-", 0),
               (OP_MOVE, f"m{k - 2}", "INBOX", "Archive", 0), (OP_EXPUNGE, f"m{k - 3}", "Archive", "-", 0)]
        words = [f"{op} {ids[folder, name]} {folder} {target} {add} 0" for op, name, folder, target, add in ops
                 if (folder, name) in ids]
        self.engine.do("ops", *words)
        copy = mail(f"s{k}")
        self.engine.do("append", "Sent", SEEN, len(copy), f"<s{k}@example.org>", data=copy)

    def wanted(self):
        k = self.k
        out = [("Archive", k - 2, f"m{k - 2}", FLAGGED), ("INBOX", k - 1, f"m{k - 1}", FLAGGED), ("INBOX", k, f"m{k}", 0),
               ("Sent", k, f"s{k}", SEEN)]
        return sorted((folder, name, flags) for folder, n, name, flags in out if n > 0)

    def look(self):
        there = [(f, m.header("Subject"), m.flags, m.uid) for f in ("INBOX", "Archive", "Sent") for m in self.boxes.read(f)]
        here = [(r.folder, r.subject.strip("<>").split("@")[0], r.flags & 0x5F, r.uid) for r in self.engine.rows()]
        wanted = self.wanted()
        check(sorted(m[:3] for m in there) == wanted, f"the server: {there}, wanted {wanted}\n{self.engine.log()}")
        check(sorted(m[:3] for m in here) == wanted, f"the store: {here}, wanted {wanted}\n{self.engine.log()}")
        check(sorted(here) == sorted(there), f"the same numbers: {here} {there}\n{self.engine.log()}")
        n = [self.engine.number(f"SELECT count(*) FROM {t}") for t in ("journal", "ghost", "outbox", "failure", "message")]
        check(n == [0, 0, 0, 0, len(here)], f"nothing is open, nothing is left over: {n}\n{self.engine.log()}")


class AtDovecot(Imap):
    """The same at a Dovecot, as it is, hiding what it can, or reached in another way."""

    stride, folders = 101, ("Archive",)
    can, more, scheme = None, {}, "imap"

    def serve(self, place):
        self.server = dovecot.Dovecot(self.can, **self.more)
        self.server.start()
        self.hand = Hand(self.server.port, self.user)
        self.boxes = OverImap(self.server.login)
        return self.server.tls_port if self.scheme == "imaps" else self.server.port

    def account(self):
        ca = f"tls-ca = {self.server.place}/ca.pem\n" if self.server.tls_port else ""
        return super().account().replace("imap://", f"{self.scheme}://") + ca

    def sockets(self):
        """A process for each session that has logged in; after a fork it is one for a moment before it has its name."""
        n = 0
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat") as f:
                    name, rest = f.read().split("(", 1)[1].rsplit(")", 1)
                n += name == "imap" and int(rest.split()[2]) == self.server.process.pid
            except (FileNotFoundError, ProcessLookupError):
                pass
        return n

    def close(self):
        self.boxes.close()
        super().close()
        shutil.rmtree(self.server.place, ignore_errors=True)


def at_dovecot(kind, *words, **attributes):
    """No IDLE, whose connection would have its say."""
    can = "IMAP4rev1 SASL-IR LITERAL+ ENABLE MULTIAPPEND UNSELECT NAMESPACE UIDPLUS LIST-EXTENDED ESEARCH LIST-STATUS MOVE SPECIAL-USE"
    return type(kind, (AtDovecot,), {"name": kind, "can": " ".join((can, *words)), **attributes})


DOVECOTS = [at_dovecot("dovecot", "CONDSTORE", "QRESYNC"), at_dovecot("flags"), at_dovecot("condstore", "CONDSTORE"),
            at_dovecot("deflate", "CONDSTORE", "QRESYNC", "COMPRESS=DEFLATE", more={"deflate": True}),
            at_dovecot("starttls", "CONDSTORE", "QRESYNC", "STARTTLS", more={"tls": True}),
            at_dovecot("tls", "CONDSTORE", "QRESYNC", more={"tls": True}, scheme="imaps")]


class ImapIn(Lab):
    """Some 300 kB of new mail: one big message, which is fetched first, and small ones."""

    name = "imap-in"
    sizes = [4000] * 15 + [LONG - 60_000]

    def __init__(self, place, loop):
        super().__init__(place, loop, "receive = \"imap://jane@127.0.0.1:{port}\"\nsend = \"sendmail:/bin/false\"\n")

    def work(self):
        self.k += 1
        self.hand.empty("INBOX")
        for i, size in enumerate(self.sizes):
            self.hand.append("INBOX", mail(f"m{self.k}-{i}", size))

    def progress(self):
        return self.engine.number("SELECT count(*) FROM message WHERE body > 0 AND subject LIKE ?", f"m{self.k}-%")

    def look(self):
        wanted = sorted(f"m{self.k}-{i}" for i in range(len(self.sizes)))
        rows = self.engine.rows()
        check(sorted(r.subject for r in rows) == wanted and all(r.body for r in rows), f"the store: {rows}\n{self.engine.log()}")
        check(sorted(m.header("Subject") for m in self.boxes.read("INBOX")) == wanted, "the server")


class ImapOut(Lab):
    """A copy of 300 kB goes to Sent."""

    name = "imap-out"

    def __init__(self, place, loop):
        super().__init__(place, loop, "receive = \"imap://jane@127.0.0.1:{port}\"\nsend = \"sendmail:/bin/false\"\n")
        self.hand.do("CREATE Sent")
        check(self.ask()["code"] == 0, self.engine.log())

    def work(self):
        self.k += 1
        if self.k > 1:
            self.hand.empty("Sent")
        copy = mail(f"s{self.k}", LONG)
        self.engine.do("append", "Sent", SEEN, len(copy), f"<s{self.k}@example.org>", data=copy)

    def progress(self):
        return self.engine.number("SELECT count(*) FROM journal") + 2 * len(self.boxes.read("Sent"))

    def look(self):
        rows = self.engine.rows()
        check([(r.folder, r.subject) for r in rows] == [("Sent", f"<s{self.k}@example.org>")], f"the store: {rows}")
        there = [(m.header("Subject"), m.uid) for m in self.boxes.read("Sent")]
        check(there == [(f"s{self.k}", rows[0].uid)], f"the server: {there}\n{self.engine.log()}")
        check(self.engine.number("SELECT count(*) FROM journal") == 0, "nothing is open")


class Submission(Lab):
    """Each round sends a message to bob. Only once the final dot was handed over may it be in doubt; then the person is told, it is
    not repeated, and the person does what bob's mailbox suggests."""

    name, options, protocol, user = "submission", ("--submission", "0"), "submission", "bob"
    size, empty_every, send = 0, 50, "send = \"smtp://jane@127.0.0.1:{port}\"\n"

    def __init__(self, place, loop):
        super().__init__(place, loop, self.send)
        self.entry = self.doubts = self.noted = 0

    def work(self):
        self.k += 1
        copy = mail(f"{self.name}{self.k}", self.size)
        self.entry = int(self.engine.do("queue", len(copy), "jane@example.org", "bob@example.org", data=copy)[0])
        if self.k % self.empty_every == 0:
            self.hand.empty("INBOX")

    def begin(self):
        self.engine.hint("send", id=self.entry)
        return self.entry

    def there(self):
        return sum(m.header("Subject") == f"{self.name}{self.k}" for m in self.boxes.read("INBOX")[-2:])

    def progress(self):
        return self.there() + 2 * sum(state == DOUBT for _, state, *_ in self.engine.outbox())

    def recover(self, said):
        states = [(entry, state) for entry, state, *_ in self.engine.outbox()]
        if (self.entry, DOUBT) in states:
            self.doubt(said)
        super().recover(said)

    def doubt(self, said):
        self.doubts += 1
        link = self.proxy.last  # what a reset threw away, or what was held back, nobody has seen
        self.loop.later.append(self.settled)
        check(self.loop.until(lambda: self.settled() and (link.cut.kind != FIN or link not in self.proxy.links), WAIT_S), "it ends")
        check(link.cut.kind != FIN or b"\r\n.\r\n" in link.came[OUT], f"in doubt only after the final dot: {said}")
        check(said["code"] != 0 and said["text"] != "", f"it is told: {said}")
        answer = link.gone[IN].rpartition(b"\r\n354 ")[2].split(b"\r\n")[1:-1]
        check(answer == [], f"not when the answer came through: {answer}")
        before = self.there()
        check(before <= 1, "at most once")
        super().begin()
        check(self.ask()["code"] == ERR_DOUBT, "a pass leaves it alone")
        check(self.there() == before and self.engine.outbox()[0][1] == DOUBT, "it is not repeated by itself")
        self.engine.do("cancel" if before else "retry", self.entry)
        self.noted += before  # no copy of it is made then

    def look(self):
        check(self.there() == 1, f"once at bob's: {self.there()}\n{self.engine.log()}")
        check(self.engine.outbox() == [], f"nothing waits: {self.engine.outbox()}")
        copies = self.engine.number("SELECT total FROM folder WHERE name = 'Sent'")
        check(copies == self.k - self.noted, f"a copy of each: {copies} of {self.k - self.noted}")


class SubmissionLong(Submission):
    name, size, empty_every = "submission-long", LONG, 1


class Files:
    """Messages that a server keeps as a file each, and the hand that removes them."""

    def __init__(self, folder):
        self.folder = folder

    def paths(self):
        return sorted((os.path.join(self.folder, name) for name in os.listdir(self.folder)), key=lambda p: (os.stat(p).st_mtime_ns, p))

    def read(self, folder):
        out = []
        for path in self.paths():
            with open(path, "rb") as f:
                out.append(Message(0, 0, f.read().replace(b"\r\n", b"\n")))
        return out

    def bytes(self):
        return {path: os.path.getsize(path) for path in self.paths()}

    def empty(self, *folders):
        for path in self.paths():
            os.unlink(path)

    def close(self):
        pass


class Sink:
    """Postfix' smtp-sink. It keeps a message when it has its final dot, and throws away what is broken off before."""

    program = shutil.which("smtp-sink", path="/usr/sbin:/sbin:/usr/bin")

    def __init__(self, place):
        self.folder, self.port = os.path.join(place.path, "taken"), postfix.free_port()
        os.mkdir(self.folder)
        for path in (place.path, self.folder):
            os.chmod(path, 0o777)
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen([self.program, *user, "-d", self.folder + "/%M.", f"127.0.0.1:{self.port}", "20"])
        place.servers.append(self)  # stopped with the place, whatever happens
        until = time.monotonic() + WAIT_S
        while True:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            check(self.process.poll() is None and time.monotonic() < until, "smtp-sink listens")
            time.sleep(0.01)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class AtSink(Submission):
    """The same at a server of others."""

    name, stride, send = "sink", 3, "send = \"smtp://127.0.0.1:{port}\"\n"

    def serve(self, place):
        self.server = Sink(place)
        self.hand = self.boxes = Files(self.server.folder)
        return self.server.port

    def end(self):
        check(self.doubts > 0, "some cuts fell behind a final dot")
        super().end()


class SubmissionMany(Submission):
    """Several messages, each announced while the one before waits for its answer: one at most is in doubt."""

    name, many, stride = "submission-many", 5, 23

    def work(self):
        self.k += 1
        if self.k % self.empty_every == 0:
            self.hand.empty("INBOX")
        self.entries = {}
        for i in range(self.many):
            name = f"{self.name}{self.k}-{i}"
            copy = mail(name, self.size)
            self.entries[int(self.engine.do("queue", len(copy), "jane@example.org", "bob@example.org", data=copy)[0])] = name
        self.entry = min(self.entries)

    def arrived(self):
        """{entry: how often it is at bob's}."""
        subjects = [m.header("Subject") for m in self.boxes.read("INBOX")[-2 * self.many:]]
        return {entry: subjects.count(name) for entry, name in self.entries.items()}

    def doubt(self, said):
        self.doubts += 1
        self.loop.later.append(self.settled)
        over = lambda: self.settled() and not any(link.cut is not None and link.cut.happened for link in self.proxy.links)
        check(self.loop.until(over, WAIT_S), "it ends")
        doubtful = [entry for entry, state, *_ in self.engine.outbox() if state == DOUBT]
        check(len(doubtful) == 1, f"one at most is in doubt: {self.engine.outbox()}")
        before = self.arrived()
        check(max(before.values()) <= 1, f"at most once: {before}")
        super(Submission, self).begin()
        super().ask()
        check(self.arrived()[doubtful[0]] == before[doubtful[0]], "what is in doubt is not repeated by itself")
        self.engine.do("cancel" if before[doubtful[0]] else "retry", doubtful[0])
        self.noted += before[doubtful[0]]

    def recover(self, said):
        doubtful = [entry for entry, state, *_ in self.engine.outbox() if state == DOUBT]
        if doubtful:
            self.doubt(said)
        for _ in range(3):  # what waits may be due a moment later only
            for entry, *_ in self.engine.outbox():
                self.entry = entry
                check(self.ask()["code"] == 0, f"the next pass holds\n{self.engine.log()}")
        self.rounds += 1
        self.look()

    def look(self):
        check(set(self.arrived().values()) == {1}, f"each once: {self.arrived()}\n{self.engine.log()}")
        check(self.engine.outbox() == [], f"nothing waits: {self.engine.outbox()}")
        copies = self.engine.number("SELECT total FROM folder WHERE name = 'Sent'")
        check(copies == self.many * self.k - self.noted, f"a copy of each: {copies} of {self.many * self.k - self.noted}")

    def end(self):
        check(self.doubts > 0, "some cuts fell behind a final dot")
        super().end()


class Ended:
    """For what ends with the place, whatever happens before."""

    def __init__(self, server):
        self.stop = lambda: server.__exit__(None)


class AtDovecotSubmission(AtSink):
    """Dovecot's submission service, which hands on to a sink: a link to that stands for each session until it is through."""

    name, stride, send = "dovecot-submission", 13, Submission.send

    def serve(self, place):
        super().serve(place)
        front = dovecot.Dovecot(relay=(self.server.port, "jane", "pw"))
        place.servers.append(Ended(front))
        front.start()
        return front.submission_port


class Queued:
    """What a Postfix has delivered, all of it into one mbox file, when nothing is on its way any more."""

    def __init__(self, server):
        self.server, self.path = server, f"{server.place}/mail/jane"

    def idle(self):
        """A message has a file from its first recipient on, until it was delivered or is given up."""
        queues = [f"{self.server.place}/queue/{name}" for name in ("incoming", "active", "deferred")]
        return not any(files for queue in queues for _, _, files in os.walk(queue))

    def read(self, folder):
        until = time.monotonic() + WAIT_S
        while not self.idle():
            check(time.monotonic() < until, f"Postfix delivers: {self.server.log()[-2000:]}")
            time.sleep(0.005)
        try:
            with open(self.path, "rb") as f:
                return [Message(0, 0, text) for text in re.split(rb"(?:\A|\n\n)From [^\n]*\n", f.read())[1:]]
        except FileNotFoundError:
            return []

    def bytes(self):
        return os.path.getsize(self.path)

    def empty(self, *folders):
        self.read("INBOX")
        os.truncate(self.path, 0)

    def close(self):
        pass


class AtPostfix(AtSink):
    """Postfix itself."""

    name, stride = "postfix", 13

    def serve(self, place):
        self.server = postfix.Postfix()
        self.server.stop = lambda: None
        place.servers.append(Ended(self.server))
        self.server.__enter__()
        self.hand = self.boxes = Queued(self.server)
        return self.server.port

    def sockets(self):
        """Those that its end has not closed."""
        with open("/proc/net/tcp") as f:
            rows = [line.split() for line in f][1:]
        return sum(row[1] == f"0100007F:{self.server.port:04X}" and row[3] in ("01", "08") for row in rows)


class ManyAtSink(SubmissionMany):
    name, stride, send, serve = "sink-many", 31, AtSink.send, AtSink.serve


class Pop(Lab):
    """New mail over POP3. What was fetched stays here; with keep-on-server = no it goes there."""

    protocol, keep, sizes, stride = "pop3", "yes", [0], 2

    def __init__(self, place, loop):
        super().__init__(place, loop, "receive = \"pop3://jane@127.0.0.1:{port}\"\nsend = \"sendmail:/bin/false\"\n"
                                      f"keep-on-server = {self.keep}\n")
        self.total = 0

    def work(self):
        self.k += 1
        if self.keep == "yes":
            self.hand.empty("INBOX")
        for i, size in enumerate(self.sizes):
            self.hand.append("INBOX", mail(f"m{self.k}-{i}", size))
        self.total += len(self.sizes)

    def progress(self):
        return self.engine.number("SELECT total FROM folder WHERE name = 'INBOX'")

    def look(self):
        names = [f"m{self.k}-{i}" for i in range(len(self.sizes))]
        total = self.engine.number("SELECT total FROM folder WHERE name = 'INBOX'")
        check(total == self.total, f"{total} messages, wanted {self.total}\n{self.engine.log()}")
        here = self.engine.store.execute("SELECT subject FROM message WHERE body > 0 ORDER BY id DESC LIMIT ?", (len(names),))
        check(sorted(r[0] for r in here) == sorted(names), f"the new ones are here, with their bodies\n{self.engine.log()}")
        there = [m.header("Subject") for m in self.boxes.read("INBOX")]
        check(there == (names if self.keep == "yes" else []), f"the server: {there}\n{self.engine.log()}")


class PopKeep(Pop):
    name = "pop-keep"


class PopTake(Pop):
    name, keep = "pop-take", "no"


class PopLong(Pop):
    name, keep, sizes = "pop-long", "no", [2000] * 30 + [LONG - 60_000]


def every_byte(lab, draw):
    """FIN from the first byte of a session on, RST within one that stands; RST too where a session begins."""
    step = max(1, lab.stride // 20) if EFFORT > 1 else max(lab.stride, round(1 / EFFORT))
    begins = 800  # greeting, capabilities and login
    for d, length in zip((OUT, IN), lab.lengths()):
        before, began = lab.rounds, time.monotonic()
        for n in range(draw.randrange(step), length, step):
            lab.round(Cut(d, n, FIN))
            if n < begins or EFFORT > 1 or not lab.proxy.links:
                lab.round(Cut(d, n + draw.randrange(step), RST))
            if lab.proxy.links:
                lab.round(Cut(d, n + draw.randrange(step), RST), warm=True)
        tell(lab, d, lab.rounds - before, began)


def every_97th(lab, d, draw):
    """Cut again and again, each time further on, until something has come through; then it may recover and begins anew."""
    step = STRIDE * max(1, round(1 / EFFORT))
    length = lab.lengths()[d]
    began, cuts, again = time.monotonic(), 0, 0
    check(length > LONG, f"{length} is long")
    lab.work()
    start = lab.progress()
    for n in range(draw.randrange(step), length, step):
        lab.arm(Cut(d, n, (FIN, RST)[cuts % 2]))
        said = lab.ask()
        cuts, again = cuts + 1, again + 1
        if said["code"] == 0 or lab.progress() != start or again == AGAIN_MOST:
            lab.recover(said)
            lab.work()
            start, again = lab.progress(), 0
    lab.recover(lab.ask())
    tell(lab, d, cuts, began)


def tell(lab, d, n, began):
    took = time.monotonic() - began
    print(f"{lab.name}, {NAMES[d]}: {n} cuts in {took:.1f} s, {1000 * took / max(n, 1):.1f} ms each", flush=True)


def silent(lab, d, n, how):
    """The link stays and says nothing any more: what waits for it ends at once when it is told to, and the next pass holds."""
    cut = Cut(d, n, HOLD)
    lab.work()
    lab.arm(cut)
    number = lab.begin()
    check(lab.loop.until(lambda: cut.happened, WAIT_S), "it is silent now")
    began = time.monotonic()
    if how == "cancel":
        lab.engine.hint("cancel")
        check(lab.engine.done(number)["code"] in (ERR_CANCELLED, ERR_DOUBT), "it was cancelled")
    else:
        lab.engine.stop()
    check(time.monotonic() - began < PROMPT_S, f"{how}: at once, not after {time.monotonic() - began:.1f} s")
    lab.proxy.drop()
    if how == "stop":
        lab.engine.start()
    lab.recover(lab.ask())


def silences(lab, draw):
    for d, length in zip((OUT, IN), lab.lengths()):
        for how in ("cancel", "stop"):
            for _ in range(3):
                silent(lab, d, draw.randrange(length - 100), how)


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else SEED
    wanted, began = sys.argv[2:], time.monotonic()
    print(f"seed {seed}, effort {EFFORT}", flush=True)
    draw = random.Random(seed)
    steps = [(Imap, every_byte, silences), (Submission, every_byte, silences), (SubmissionMany, every_byte), (PopKeep, every_byte),
             (PopTake, every_byte, silences),
             (ImapIn, lambda lab, draw: every_97th(lab, IN, draw)), (ImapOut, lambda lab, draw: every_97th(lab, OUT, draw)),
             (SubmissionLong, lambda lab, draw: every_97th(lab, OUT, draw)), (PopLong, lambda lab, draw: every_97th(lab, IN, draw))]
    if Sink.program:
        steps += [(AtSink, every_byte), (ManyAtSink, every_byte)]
    if dovecot.installed() and os.geteuid() == 0:
        steps += [(kind, every_byte) for kind in (DOVECOTS if EFFORT > 1 or wanted else DOVECOTS[:2])]
        if Sink.program and (EFFORT > 1 or wanted):
            steps += [(AtDovecotSubmission, every_byte)]
    if postfix.usable() and (EFFORT > 1 or wanted):
        steps += [(AtPostfix, every_byte)]
    for kind, *tests in steps:
        if wanted and kind.name not in wanted:
            continue
        with Place(in_memory=True) as place:
            lab = kind(place, Loop())
            for test in tests:
                test(lab, draw)
            lab.end()
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(f"{time.monotonic() - began:.1f} s in all, {sum(r.ru_utime + r.ru_stime for r in spent):.1f} s of a processor")


if __name__ == "__main__":
    main()
