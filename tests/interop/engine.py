# SPDX-License-Identifier: MIT
"""The engine against a real server: first sync, flags, moves and deletions both ways, a kill in the middle, a server that goes
away and comes back. Another client's part is played by Python's imaplib. Usage: engine.py [MESSAGES]"""
import imaplib, json, os, shutil, socket, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dovecot
from tm import BUILD, Tmaild, check, fail

DRIVE = os.path.join(BUILD, "tests/interop/drive")
ENGINE = os.path.join(BUILD, "tmail-sync")
N = int(sys.argv[1]) if len(sys.argv) > 1 else 300
SEEN, FLAGGED = 1, 4


def message(i, pad=0):
    return (f"From: Sender {i} <s{i}@example.org>\r\nTo: jane@example.org\r\nSubject: message {i}\r\n"
            f"Date: Mon, 05 Jan 2026 {i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02} +0000\r\n"
            f"Message-ID: <m{i}@example.org>\r\n\r\nBody of {i}.\r\n" + "x" * 70 * (i % 40) + "\r\n" +
            "long line\r\n" * pad).encode()


class Ours:
    """tmaild with the manners of dovecot.Dovecot."""

    def __init__(self):
        self.place = tempfile.mkdtemp(prefix="tmail-engine-")
        self.tmaild = Tmaild(os.path.join(self.place, "server"), "--user", "jane:pw", "--domain", "example.org")
        self.port, self.stop, self.start = self.tmaild.ports["imap"], self.tmaild.stop, self.tmaild.start

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()
        shutil.rmtree(self.place, ignore_errors=True)

    def login(self):
        imap = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        imap.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        imap.login("jane", "pw")
        return imap

    def append(self, folder, *messages):
        imap = self.login()
        for m in messages:
            imap.append(folder, None, None, m)
        imap.logout()

    def deliver(self, messages):
        self.append("INBOX", *messages)


class Store:
    """A store with its own engine, told what to do by drive."""

    def __init__(self, place, name, port, password="pw"):
        self.dir = os.path.join(place, name)
        os.makedirs(self.dir, exist_ok=True)
        self.db, self.rc = os.path.join(self.dir, "mail.db"), os.path.join(self.dir, "tmailrc")
        self.port = port
        self.configure(password)
        self.env = dict(os.environ, XDG_RUNTIME_DIR=self.dir, HOME=self.dir, LC_ALL="C.UTF-8",
                        DRIVE_LOG=os.path.join(self.dir, "log"))

    def configure(self, password):
        with open(self.rc, "w") as f:
            f.write(f'[account work]\naddress = "jane@example.org"\n'
                    f'receive = "imap://jane@127.0.0.1:{self.port}"\nsend = "sendmail:{self.dir}/sendmail"\n'
                    + (f'password-command = "printf \'{password}\'"\n' if password else ""))
        os.chmod(self.rc, 0o600)

    def drive(self, *words, code=0):
        p = subprocess.run([DRIVE, self.db, *map(str, words)], capture_output=True, env=self.env, timeout=150)
        if code is not None and p.returncode != code:
            fail(f"drive {words}: {p.returncode}, wanted {code}\n{p.stdout.decode()[-1500:]}\n{p.stderr.decode()}\n{self.log()}")
        return p.stdout.decode()

    def engine(self, *words, code=0):
        out = self.drive(self.rc, ENGINE, *words, code=code)
        return [json.loads(line) for line in out.splitlines()]

    def sync(self, code=0):
        return {"fetched": 0, "code": 0, "text": "", **self.engine("sync", code=code)[-1]}

    def start(self):
        return subprocess.Popen([DRIVE, self.db, self.rc, ENGINE, "sync"], stdout=subprocess.PIPE, env=self.env)

    def list(self, folder):
        rows = [line.split(" ", 4) for line in self.drive("list", folder).splitlines()]
        return [dict(id=int(r[0]), uid=int(r[1]), flags=int(r[2]), body=r[3] == "1", subject=r[4]) for r in rows]

    def find(self, folder, subject):
        hits = [m for m in self.list(folder) if m["subject"] == subject]
        check(len(hits) == 1, f"one {subject} in {folder}: {hits}")
        return hits[0]

    def stop(self):
        self.engine("stop", code=None)

    def log(self):
        try:
            with open(os.path.join(self.dir, "log")) as f:
                return f.read()[-3000:]
        except OSError:
            return "(no log)"


def subjects(rows):
    return sorted(m["subject"] for m in rows)


def uids_with(imap, folder, what):
    imap.select(folder)
    return imap.uid("search", None, what)[1][0].split()


def first_sync(server, s):
    done = s.sync()
    check(done["fetched"] >= N, f"all are told as fetched: {done}")
    rows = s.list("INBOX")
    check(len(rows) == N and all(m["body"] for m in rows), f"{N} messages with bodies, not {len(rows)}")
    check(len({m["uid"] for m in rows}) == N, "each has its own uid")
    for i in (1, N // 2, N):
        m = s.find("INBOX", f"message {i}")
        check(s.drive("raw", m["id"]).encode().replace(b"\r\n", b"\n") == message(i).replace(b"\r\n", b"\n"), "bytes are the same")
    check(s.sync()["fetched"] == 0, "nothing new: nothing fetched")


def flags_both_ways(server, s):
    imap = server.login()
    imap.select("INBOX")
    imap.uid("store", b"3:5", "+FLAGS", "(\\Flagged)")
    s.sync()
    check(len([m for m in s.list("INBOX") if m["flags"] & FLAGGED]) == 3, "flags set there show here")
    for m in s.list("INBOX")[10:20]:
        s.drive("flag", m["id"], "INBOX", f"+{SEEN}")
    s.drive("flag", s.list("INBOX")[2]["id"], "INBOX", f"-{FLAGGED}")
    s.sync()
    check(s.drive("journal").strip() == "0", "the journal is empty")
    check(len(uids_with(imap, "INBOX", "SEEN")) == 10, "flags set here show there")
    check(len(uids_with(imap, "INBOX", "FLAGGED")) == 2, "and those taken off")
    imap.logout()


def moves_both_ways(server, s):
    imap = server.login()
    imap.create("Work")
    s.sync()
    for m in s.list("INBOX")[30:35]:
        s.drive("move", m["id"], "INBOX", "Work")
    check(len(s.list("Work")) == 5, "moved here at once")
    check(s.sync()["fetched"] == 0, "a move downloads nothing")
    check(len(uids_with(imap, "Work", "ALL")) == 5, "moved there")
    check(all(m["uid"] != 0 for m in s.list("Work")), "with their new uids")
    imap.select("Work")
    imap.uid("move", b"1:2", "INBOX")
    s.sync()
    check(len(s.list("Work")) == 3 and len(s.list("INBOX")) == N - 3, "moved back by another client")
    trash = [line for line in s.drive("folders").splitlines() if line.split(" ")[1] == "4"]
    check(len(trash) == 1, f"one Trash: {trash}")
    name = trash[0].split(" ", 4)[4]
    gone = s.list("Work")[0]
    s.drive("move", gone["id"], "Work", name)
    s.sync()
    check(len(uids_with(imap, name, "ALL")) == 1, "deleted: in Trash, which was made")
    s.drive("expunge", gone["id"], name)
    s.sync()
    check(len(uids_with(imap, name, "ALL")) == 0 and s.list(name) == [], "and out of it for good")
    imap.select("INBOX")
    imap.uid("store", b"1:4", "+FLAGS", "(\\Deleted)")
    imap.expunge()
    s.sync()
    check(len(s.list("INBOX")) == N - 7, "expunged there is gone here")
    server.append("INBOX", message(N + 1))
    s.sync()  # unless the watcher was faster
    s.find("INBOX", f"message {N + 1}")
    imap.logout()


def renumbered(server, s):
    """UIDVALIDITY changes: everything is recognised, nothing fetched anew."""
    imap = server.login()
    before = {m["subject"]: m["id"] for m in s.list("Work")}
    imap.rename("Work", "Work2")
    imap.create("Work")
    imap.select("Work2")
    imap.uid("move", b"1:*", "Work")
    imap.delete("Work2")
    imap.logout()
    done = s.sync()
    check({m["subject"]: m["id"] for m in s.list("Work")} == before, "the same messages under new numbers")
    check(done["fetched"] == 0, f"nothing is downloaded twice: {done}")


def idle(server, s):
    """New mail comes by itself while the engine stays."""
    p = subprocess.Popen([DRIVE, s.db, s.rc, ENGINE, "body", "999999"], stdout=subprocess.PIPE, env=s.env)
    p.wait(30)
    folders = {"INBOX": N + 2}
    imap = server.login()
    if b"NOTIFY" in imap.capability()[1][0]:
        folders["Work"] = N + 3
    imap.logout()
    for folder, i in folders.items():
        server.append(folder, message(i))
        until = time.monotonic() + 10
        while not any(m["subject"] == f"message {i}" for m in s.list(folder)):
            check(time.monotonic() < until, f"new mail comes by itself into {folder}\n" + s.log())
            time.sleep(0.05)


def sendmail(s, code):
    """What stands for the sendmail command: keeps the newest message, ends with code."""
    path = os.path.join(s.dir, "sendmail")
    with open(path + ".new", "w") as f:
        f.write(f"#!/bin/sh\necho \"$@\" >>{s.dir}/sent.args\ncat >{s.dir}/sent\nexit {code}\n")
    os.chmod(path + ".new", 0o755)
    os.rename(path + ".new", path)


def sending(server, s):
    mail = os.path.join(s.dir, "mail")
    with open(mail, "wb") as f:
        f.write(message(5000))
    sendmail(s, 75)
    number = s.drive("queue", mail, 3600, "jane@example.org", "bob@example.org").strip()
    done = s.engine("send", number, code=4)[-1]
    check(s.drive("outbox").split(" ")[1] == "0", f"try later: it stays queued: {done}")
    sendmail(s, 0)
    s.engine("send", number)
    check(s.drive("outbox") == "", "sent: out of the outbox")
    check(open(os.path.join(s.dir, "sent"), "rb").read() == message(5000).replace(b"\r\n", b"\n"), "bit for bit")
    check(open(os.path.join(s.dir, "sent.args")).read().splitlines() == ["-i -f jane@example.org -- bob@example.org"] * 2,
          "to whom")
    s.find("Sent", "message 5000")
    s.sync()
    check(s.find("Sent", "message 5000")["uid"] != 0, "the copy is on the server")
    check(len(uids_with(server.login(), "Sent", "ALL")) == 1, "once")
    check(s.sync()["fetched"] == 0, "and is not fetched back")
    s.drive("queue", mail, 2, "jane@example.org", "bob@example.org")
    queued = time.monotonic()
    s.sync()
    check(s.drive("outbox") != "", "the undo time holds it back")
    while s.drive("outbox") != "":
        check(time.monotonic() - queued < 10, "and then it goes by itself")
        time.sleep(0.02)
    check(time.monotonic() - queued > 1, "not before its time")
    sendmail(s, 67)
    number = s.drive("queue", mail, 0, "jane@example.org", "bob@example.org").strip()
    s.engine("send", number, code=8)
    check(s.drive("outbox").split(" ")[1] == "3", "refused: it is kept, with the reason")


def asked(server, s):
    """No password in the configuration: the person is asked, once."""
    s.configure(None)
    s.env["DRIVE_PASSWORD"] = "pw"
    events = s.engine("sync")
    check([e["state"] for e in events if e["event"] == "ask"] == ["password"], "asked once")
    check(not any(e["event"] == "ask" for e in s.engine("sync")), "and not again")
    s.stop()
    s.env["DRIVE_PASSWORD"] = ""
    check("work" in s.sync(code=6)["text"], "no answer: login needed")
    s.stop()
    s.configure("pw")


def body(server, s):
    m = s.find("INBOX", f"message {N}")
    check(s.engine("body", m["id"])[-1].get("text", "") == "", "a body on demand")
    check(s.engine("body", 999999)[-1]["text"] != "", "and a sentence where there is none")
    check(len([r for r in s.list("INBOX") if r["subject"] == m["subject"]]) == 1, "still once")


def hanging(server, place):
    """A server that takes the connection and says nothing: stopping does not wait for it."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(5)
        s = Store(place, "hanging", silent.getsockname()[1])
        p = s.start()
        for line in p.stdout:
            if json.loads(line).get("state") == "connecting":
                break
        began = time.monotonic()
        s.engine("cancel")
        check(p.wait(20) == 10, "cancelled: the pass is told to be over")
        check(time.monotonic() - began < 1, "at once")
        p = s.start()
        for line in p.stdout:
            if json.loads(line).get("state") == "connecting":
                break
        began = time.monotonic()
        s.stop()
        check(time.monotonic() - began < 1, "stopped at once")
        p.wait(20)


def killed(server, place):
    for attempt in range(3):
        s = Store(place, f"killed{attempt}", server.port)
        p = s.start()
        seen = 0
        for line in p.stdout:
            ev = json.loads(line)
            seen += ev["event"] == "progress"
            if seen > attempt:
                break
        subprocess.run(["pkill", "-9", "-f", f"tmail-sync --store {s.db}"], check=False)
        p.kill()
        p.wait()
        s.sync()
        rows = s.list("INBOX")
        want = {int(u) for u in uids_with(server.login(), "INBOX", "ALL")}
        check({m["uid"] for m in rows} == want and len(rows) == len(want), "after a kill: all, and nothing twice")
        check(all(m["body"] for m in rows), "with their bodies")
        s.stop()


def away(server, s):
    server.stop()
    began = time.monotonic()
    done = s.sync(code=4)
    check("work" in done["text"], f"a sentence with the account: {done}")
    check(time.monotonic() - began < 20, "it is told soon")
    server.start()
    check(s.sync()["code"] == 0, "back again")
    began = time.monotonic()
    s.stop()
    check(time.monotonic() - began < 1, "the engine ends at once")
    s.configure("wrong")
    done = s.sync(code=6)
    check("work" in done["text"], f"login: {done}")
    s.configure("pw")
    s.sync()
    s.stop()


def run(kind, server, has_idle=True):
    began = time.monotonic()
    server.deliver(message(i) for i in range(1, N + 1))
    s = Store(server.place, "store", server.port)
    for step in (first_sync, flags_both_ways, moves_both_ways, renumbered, body, idle, sending, away, asked):
        if step != idle or has_idle:
            step(server, s)
    hanging(server, server.place)
    killed(server, server.place)
    print(f"{kind}: {time.monotonic() - began:.1f} s")


def main():
    with Ours() as server:
        run("tmaild", server)
    if not dovecot.installed():
        print("no Dovecot here: only tmaild was tried")
        return
    with dovecot.Dovecot() as server:
        run("Dovecot", server)
    with dovecot.Dovecot("IMAP4rev1") as server:
        run("Dovecot that says it can nothing else", server, has_idle=False)


if __name__ == "__main__":
    main()
