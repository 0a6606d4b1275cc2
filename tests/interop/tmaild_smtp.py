#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tmaild's SMTP and LMTP from the outside: extensions, hostile peers, large mail, full disks, and kill -9 under load."""
import os, random, re, resource, shutil, signal, smtplib, socket, ssl, subprocess, sys, tempfile, threading, time

from tm import EFFORT, SEED, TMAILD, WAIT_S, check

SANITIZED = "ASAN_OPTIONS" in os.environ or "TSAN_OPTIONS" in os.environ
running = []


class Server:
    def __init__(self, root, *options, limit=None):
        self.root, port_file = root, os.path.join(root, "ports")
        if os.path.exists(port_file):
            os.unlink(port_file)

        def prepare():
            if limit:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

        self.process = subprocess.Popen(
            [TMAILD, "--root", root, "--smtp", "0", "--submission", "0", "--imap", "0", "--pop3", "0", "--port-file", port_file,
             "--log", os.path.join(root, "log"), *options], stdin=subprocess.DEVNULL, preexec_fn=prepare)
        running.append(self.process)
        deadline = time.monotonic() + WAIT_S
        while not os.path.exists(port_file):
            check(self.process.poll() is None and time.monotonic() < deadline, "tmaild does not start")
            time.sleep(0.005)
        with open(port_file) as f:
            self.ports = {k: int(v) for k, v in (line.split() for line in f)}

    def connect(self, port="smtp"):
        s = socket.create_connection(("127.0.0.1", self.ports[port]), WAIT_S)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def talk(self, data, port="smtp"):
        """All at once; the codes of the answers until the other side closes."""
        with self.connect(port) as s:
            sender = threading.Thread(target=send_all, args=(s, data))
            sender.start()
            answer = b""
            try:
                while chunk := s.recv(65536):
                    answer += chunk
            except ConnectionError:
                pass
            sender.join()
        return [int(code) for code in re.findall(rb"(?m)^(\d\d\d) ", answer)]

    def messages(self, name="xxx"):
        """Those in the file, as other programs see them, without the lines that are the file's."""
        path = os.path.join(self.root, "mail", name, "INBOX")
        if not os.path.exists(path):
            return []
        with open(path, "rb") as f:
            text = f.read()
        return [m[m.index(b"Return-Path:"):] for m in re.split(rb"(?m)^From [^\n]*\n", text)[1:]]

    def memory(self, what="VmRSS"):
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(re.search(what + r":\s+(\d+) kB", f.read())[1]) << 10

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(WAIT_S)


def send_all(s, data):
    try:
        s.sendall(data)
    except OSError:
        pass


def with_server(*options, **more):
    def wrap(test):
        def run():
            with tempfile.TemporaryDirectory() as root:
                s = Server(root, *options, **more)
                test(s)
                check(s.stop() == 0, "tmaild did not end well")
        run.__name__ = test.__name__
        return run
    return wrap


HEAD = b"EHLO me\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<xxx@wxs.nl>\r\n"
BEGUN = [220, 250, 250, 250]


@with_server("--domain", "wxs.nl", "--user", "xxx:pw")
def test_smtplib(s):
    with smtplib.SMTP("127.0.0.1", s.ports["smtp"]) as c:
        c.ehlo()
        for name in ("pipelining", "chunking", "size", "8bitmime", "smtputf8", "dsn", "enhancedstatuscodes", "help"):
            check(c.has_extn(name), name)
        check("binarymime" not in c.esmtp_features, "BINARYMIME is offered")
        c.sendmail("a@b.c", ["xxx@wxs.nl"], b"Subject: one\r\n\r\n.dot\r\n..\r\n", ["body=8bitmime", "ret=hdrs", "envid=q1"],
                   ["notify=never", "orcpt=rfc822;x@y"])
        c.sendmail("j\xfcrgen@b.c", ["xxx@wxs.nl"], b"Subject: two\r\n\r\nx\r\n", ["smtputf8"])
        check(c.verify("xxx")[0] == 252 and c.expn("xxx")[0] == 250 and c.help().startswith(b"2.0.0 This"), "VRFY, EXPN, HELP")
        check(c.docmd("mail from:<a@b.c>")[0] == 250 and c.docmd("rcpt to:<xxx@wxs.nl>")[0] == 250, "MAIL, RCPT")
        c.send(b"BDAT 2 LAST\r\nhi")
        check(c.getreply()[0] == 250, "BDAT")
    first, second, third = s.messages()
    check(first.startswith(b"Return-Path: <a@b.c>\n") and first.split(b"\n\n", 1)[1] == b".dot\n..\n\n", first)
    check(b"Return-Path: <j\xc3\xbcrgen@b.c>\n" in second and b"with UTF8SMTP id" in second, second)
    check(third.split(b"\n\n", 1)[1] == b"hi\n\n", third)


@with_server("--domain", "wxs.nl", "--user", "xxx:pw")
def test_curl(s):
    if not shutil.which("curl"):
        return
    mail = os.path.join(s.root, "mail.txt")
    with open(mail, "wb") as f:
        f.write(b"Subject: curl\r\n\r\nhello\r\n")
    for port, login in (("smtp", []), ("submission", ["--user", "xxx:pw"])):
        subprocess.run(["curl", "-sS", f"smtp://127.0.0.1:{s.ports[port]}", "--mail-from", "a@b.c", "--mail-rcpt", "xxx@wxs.nl", "-T", mail,
                        *login], check=True, timeout=WAIT_S)
    check(len(s.messages()) == 2 and b"with ESMTPA id" in s.messages()[1], "curl")


@with_server("--domain", "wxs.nl", "--user", "xxx:pw")
def test_tls(s):
    """STARTTLS forgets what was said in the clear; what came with it in one piece is an attack."""
    any_certificate = ssl._create_unverified_context()
    with smtplib.SMTP("127.0.0.1", s.ports["smtp"]) as c:
        c.ehlo()
        check(c.has_extn("starttls"), "STARTTLS is not offered")
        check(c.mail("before@b.c")[0] == 250, "MAIL")
        c.starttls(context=any_certificate)
        check(c.docmd("RCPT TO:<xxx@wxs.nl>")[0] == 503, "the sender of before is still there")
        check(c.docmd("MAIL FROM:<a@b.c>")[0] == 503, "the EHLO of before is still there")
        c.ehlo()
        check(not c.has_extn("starttls") and c.docmd("STARTTLS")[0] == 503, "STARTTLS twice")
        c.sendmail("a@b.c", ["xxx@wxs.nl"], b"Subject: tls\r\n\r\n" + b"x" * 100000 + b"\r\n")
    check(re.search(rb"\(using TLSv1\.3 with cipher \S+\)\n\tby wxs\.nl with ESMTPS id", s.messages()[0]), s.messages()[0][:500])
    with smtplib.SMTP_SSL("127.0.0.1", s.ports["submissions"], context=any_certificate) as c:
        c.login("xxx", "pw")
        c.sendmail("a@b.c", ["xxx@wxs.nl"], b"Subject: tls\r\n\r\nx\r\n")
    check(b"with ESMTPSA id" in s.messages()[1], s.messages()[1])
    check(s.talk(b"EHLO me\r\nSTARTTLS\r\nMAIL FROM:<a@b.c>\r\n") == [220, 250, 220], "a command was taken with STARTTLS")
    check(s.talk(b"EHLO me\r\nSTARTTLS x\r\nQUIT\r\n") == [220, 250, 501, 221], "STARTTLS with an argument")


@with_server("--domain", "wxs.nl", "--user", "xxx:pw", "--user", "yyy:pw", "--lmtp", "0")
def test_lmtp(s):
    with smtplib.LMTP("127.0.0.1", s.ports["lmtp"]) as c:
        check(c.docmd("EHLO me")[0] == 500 and c.docmd("LHLO me")[0] == 250, "LHLO")
        c.sendmail("a@b.c", ["xxx@wxs.nl"], b"Subject: lmtp\r\n\r\nx\r\n")
    mail = b"LHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<xxx@wxs.nl>\r\nRCPT TO:<n@wxs.nl>\r\nRCPT TO:<yyy@wxs.nl>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"
    check(s.talk(mail, "lmtp") == [220, 250, 250, 250, 550, 250, 354, 250, 250, 221], "two have it")
    check(b"with LMTP id" in s.messages("xxx")[0] and len(s.messages("yyy")) == 1, "LMTP")
    os.unlink(os.path.join(s.root, "mail/xxx/INBOX"))
    os.mkdir(os.path.join(s.root, "mail/xxx/INBOX"))
    check(s.stop() == 0, "tmaild did not end well")
    again = Server(s.root, "--domain", "wxs.nl", "--user", "xxx:pw", "--user", "yyy:pw", "--lmtp", "0")
    check(again.talk(mail, "lmtp") == [220, 250, 250, 250, 550, 250, 354, 451, 250, 221], "one has it")
    check(len(again.messages("yyy")) == 2, "the other one")
    s.process = again.process


@with_server("--domain", "wxs.nl", "--user", "xxx:pw")
def test_smuggling(s):
    for end in (b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\r.\r\n", b"\n\r.\n"):
        codes = s.talk(HEAD + b"DATA\r\nx" + end + b"MAIL FROM:<e@v.il>\r\nRCPT TO:<xxx@wxs.nl>\r\nDATA\r\ny\r\n.\r\nQUIT\r\n")
        check(codes == BEGUN + [354, 550], (end, codes))
    check(s.messages() == [], "a smuggled mail was delivered")
    # From the first line on bare LF: a person, who may neither log in nor relay, and is told of no PIPELINING.
    with s.connect("submission") as c:
        c.sendall(b"EHLO me\n")
        answer = b""
        while not re.search(rb"(?m)^250 .*\n", answer):
            answer += c.recv(4096)
        check(not re.search(rb"PIPELINING|CHUNKING|AUTH|STARTTLS", answer), answer)
    codes = s.talk(b"EHLO me\nAUTH PLAIN AHh4eABwdw==\nMAIL FROM:<>\nRCPT TO:<a@b.c>\nRCPT TO:<xxx@wxs.nl>\nDATA\nhi\n.\nQUIT\n", "submission")
    check(codes == [220, 250, 503, 250, 550, 250, 354, 250, 221], codes)
    check(len(s.messages()) == 1, "a mail that was typed")


@with_server("--domain", "wxs.nl", "--user", "xxx:pw")
def test_chunks(s):
    """Any message in chunks of any size is the message."""
    dice = random.Random(SEED)
    for n in range(int(20 * EFFORT)):
        body = b"".join(dice.choice((b".", b"..", b"x", b"From x", b"\xc3\xa9", b"BDAT 3", b"\r\n", b"\r\n.\r\n")) for _ in range(dice.randrange(300)))
        body = b"y" + body
        text, rest, last = HEAD, b"Subject: %d\r\n\r\n" % n + body, False
        while rest:
            size = min(len(rest), dice.choice((0, 1, 2, 7, 100, 1000)))
            last = size == len(rest) and dice.random() < 0.5
            text += b"BDAT %d%s\r\n" % (size, b" LAST" if last else b"") + rest[:size]
            rest = rest[size:]
        if not last:
            text += b"BDAT 0 LAST\r\n"
        codes = s.talk(text + b"QUIT\r\n")
        check(codes[:4] == BEGUN and set(codes[4:-1]) == {250} and codes[-1] == 221, codes)
        got = s.messages()[-1].split(b"\n\n", 1)[1]
        want = body + (b"" if body.endswith(b"\r\n") else b"\r\n")
        want = re.sub(rb"(?m)^(>*From )", rb">\1", want.replace(b"\r\n", b"\n")) + b"\n"
        check(got == want, (n, want, got))


@with_server("--domain", "wxs.nl", "--user", "xxx:pw")
def test_long_lines(s):
    """10 MB without an end are answered and forgotten."""
    check(s.talk(b"NOOP\r\nQUIT\r\n") == [220, 250, 221], "NOOP")
    before = s.memory("VmHWM")
    codes = s.talk(b"EHLO " + b"x" * 10_000_000 + b"\r\nNOOP\r\nQUIT\r\n")
    check(codes == [220, 500, 250, 221], codes)
    if not SANITIZED:
        check(s.memory("VmHWM") - before < 1 << 20, f"{s.memory('VmHWM') - before} bytes more")
    codes = s.talk(HEAD + b"DATA\r\n\r\n" + b"x" * 10_000_000 + b"\r\n.\r\nQUIT\r\n")
    check(codes == BEGUN + [354, 250, 221], codes)


@with_server("--domain", "wxs.nl", "--user", "xxx:pw")
def test_large_mail(s):
    """The body is on disk, however large; what nobody may send is refused."""
    check(s.talk(HEAD + b"DATA\r\nx\r\n.\r\nQUIT\r\n")[-2:] == [250, 221], "a small one")
    before, line = s.memory("VmHWM"), b"x" * 70 + b"\r\n"
    mail = b"Subject: large\r\nMessage-ID: <x>\r\n\r\n" + line * (30_000_000 // len(line))
    check(s.talk(HEAD + b"DATA\r\n" + mail + b".\r\nQUIT\r\n")[-2:] == [250, 221], "a large one")
    if not SANITIZED:
        check(s.memory("VmHWM") - before < 6 << 20, f"{s.memory('VmHWM') - before} bytes more")
    check(len(s.messages()[1]) > 29_000_000, "the large one is not whole")
    check(s.talk(b"EHLO me\r\nMAIL FROM:<> SIZE=999999999\r\nQUIT\r\n") == [220, 250, 552, 221], "SIZE")


@with_server("--accept-any")
def test_a_thousand_recipients(s):
    rcpts = b"".join(b"RCPT TO:<u%d@wxs.nl>\r\n" % n for n in range(1001))
    codes = s.talk(b"EHLO me\r\nMAIL FROM:<a@b.c>\r\n" + rcpts + b"DATA\r\nx\r\n.\r\nQUIT\r\n")
    check(codes == [220, 250, 250] + [250] * 1000 + [452, 354, 250, 221], codes[1000:])
    check(all(len(s.messages(f"u{n}")) == (n < 1000) for n in range(1001)), "not everybody has it")


@with_server("--domain", "wxs.nl", "--user", "xxx:pw")
def test_garbage(s):
    """Whatever comes is answered or hung up on, and the others do not notice."""
    dice = random.Random(SEED)
    words = [b"EHLO x\r\n", b"MAIL FROM:<a@b.c>\r\n", b"RCPT TO:<xxx@wxs.nl>\r\n", b"DATA\r\n", b".\r\n", b"BDAT 10\r\n", b"BDAT 0 LAST\r\n", b"RSET\r\n",
             b"\r\n", b"\n", b"\r", b"\0", b"\xff\xfe", b"AUTH PLAIN\r\n", b"AUTH LOGIN\r\n", b"x" * 3000, b"HELP\r\n", b"VRFY xxx\r\n", b"LHLO x\r\n",
             b"STARTTLS \r\n", b"BDAT x\r\n", b"MAIL FROM:<a@b> SIZE=1 BODY=8BITMIME RET=FULL\r\n"]
    with smtplib.SMTP("127.0.0.1", s.ports["smtp"]) as good:
        for n in range(int(60 * EFFORT)):
            data = b"".join(dice.choice(words) if dice.random() < 0.8 else dice.randbytes(dice.randrange(100)) for _ in range(dice.randrange(200)))
            with s.connect(dice.choice(("smtp", "submission"))) as c:
                send_all(c, data)
                if dice.random() < 0.5:
                    try:
                        c.shutdown(socket.SHUT_WR)
                        while c.recv(65536):
                            pass
                    except OSError:
                        pass
            if n % 10 == 0:
                good.sendmail("a@b.c", ["xxx@wxs.nl"], b"Subject: good\r\n\r\nx\r\n")
    good = [m for m in s.messages() if b"\nSubject: good\n" in m]
    check(len(good) == (int(60 * EFFORT) + 9) // 10, len(good))


@with_server("--domain", "wxs.nl", "--user", "xxx:pw", limit=1 << 20)
def test_full_disk(s):
    """No 250 without the message on disk; what was there stays, and small mail still comes."""
    small = HEAD + b"DATA\r\nSubject: small\r\n\r\nx\r\n.\r\nQUIT\r\n"
    for size, taken in ((1000, True), (2_000_000, False), (900_000, True), (900_000, False)):
        before = len(s.messages())
        codes = s.talk(HEAD + b"DATA\r\nSubject: x\r\n\r\n" + (b"y" * 69 + b"\r\n") * (size // 71) + b".\r\nQUIT\r\n")
        check(codes[:5] == BEGUN + [354] and (codes[5] == 250) == taken and codes[5] in (250, 451, 452), (size, codes))
        check(len(s.messages()) == before + taken, (size, len(s.messages())))
    check(s.talk(small)[-2:] == [250, 221], "a small one")


@with_server("--domain", "wxs.nl", "--user", "xxx:pw", "--limit", "rate=3", "--limit", "message=2000", "--limit", "recipients=2")
def test_limits(s):
    one = b"MAIL FROM:<a@b.c>\r\nRSET\r\n"
    check(s.talk(b"EHLO me\r\n" + one * 4 + b"QUIT\r\n") == [220, 250] + [250, 250] * 3 + [450, 250, 221], "the rate")


@with_server("--domain", "wxs.nl", "--user", "xxx:pw", "--limit", "message=2000", "--limit", "recipients=2", "--limit", "errors=3")
def test_sizes(s):
    for size, code in ((1900, 250), (2100, 552)):
        body = b"Subject: x\r\n\r\n" + b"y" * (size - 16) + b"\r\n"
        check(s.talk(HEAD + b"DATA\r\n" + body + b".\r\nQUIT\r\n") == BEGUN + [354, code, 221], (size, code))
        check(s.talk(HEAD + b"BDAT %d LAST\r\n" % size + body + b"QUIT\r\n") == BEGUN + [code, 221], (size, code))
    check(s.talk(b"EHLO me\r\nMAIL FROM:<> SIZE=2001\r\nMAIL FROM:<>\r\n" + b"RCPT TO:<xxx@wxs.nl>\r\n" * 3 + b"QUIT\r\n") ==
          [220, 250, 552, 250, 250, 250, 452, 221], "SIZE and recipients")
    check(s.talk(b"FOO\r\n" * 5) == [220, 500, 500, 500, 421], "errors")


class Peer:
    """A mail server elsewhere; keeps recipient and subject of what it took. Now and then it hangs up or wants to be asked again."""

    def __init__(self, dice, moody=True):
        self.got, self.dice, self.moody, self.lock = [], dice, moody, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                c, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        try:
            with c, c.makefile("rb") as lines:
                c.sendall(b"220 peer\r\n")
                rcpts = []
                while line := lines.readline():
                    verb, chance = line[:4].upper(), self.dice.random() if self.moody else 1
                    if verb == b"RCPT" and chance > 0.05:
                        rcpts.append(re.search(rb"<([^@>]*)", line)[1].decode())
                    if verb == b"DATA" and rcpts:
                        self.data(c, lines, rcpts, chance)
                        rcpts = []
                    elif chance < 0.02:
                        return
                    else:
                        c.sendall(b"451 later\r\n" if chance <= 0.05 or verb == b"DATA" else b"250 ok\r\n")
        except OSError:
            pass

    def data(self, c, lines, rcpts, chance):
        c.sendall(b"354 go on\r\n")
        subject, header = b"", True
        while (line := lines.readline()) not in (b".\r\n", b""):
            header = header and line != b"\r\n"
            if header and line.startswith(b"Subject: "):
                subject = line[9:].strip()
        if line and chance > 0.05:
            with self.lock:
                self.got += [(rcpt, subject) for rcpt in rcpts]
        c.sendall(b"250 taken\r\n" if chance > 0.05 else b"451 later\r\n")


class Load(threading.Thread):
    """Sends until the server dies; names of what was answered with 250, by recipient."""

    def __init__(self, port, name, accepted, dice, elsewhere=()):
        super().__init__()
        self.port, self.title, self.accepted, self.dice, self.elsewhere = port, name, accepted, dice, elsewhere

    def run(self):
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=WAIT_S) as c:
                c.ehlo()
                for n in range(100000):
                    self.one(c, b"%s-%d" % (self.title, n))
        except (OSError, smtplib.SMTPException):
            pass

    def address(self, name):
        return name + ("@far.example" if name in self.elsewhere else "@wxs.nl")

    def one(self, c, name):
        names = self.dice.sample(("xxx", "yyy", "zzz") + self.elsewhere, self.dice.randrange(1, 4))
        mail = b"Subject: " + name + b"\r\n\r\n" + b"From x\r\n" * self.dice.choice((1, 100, 1000, 60000))
        if self.dice.random() < 0.5:
            c.sendmail("a@b.c", [self.address(n) for n in names], mail)
        else:
            c.send(b"MAIL FROM:<a@b.c>\r\n" + b"".join(b"RCPT TO:<%s>\r\n" % self.address(n).encode() for n in names) +
                   b"BDAT 100\r\n%sBDAT %d LAST\r\n%s" % (mail[:100].ljust(100, b"x"), len(mail[100:]), mail[100:]))
            for _ in range(len(names) + 3):
                if c.getreply()[0] != 250:
                    raise smtplib.SMTPServerDisconnected("no")
        for n in names:
            self.accepted.append((n, name))


def test_aliases():
    """Who is behind an alias gets the mail, here and elsewhere; what comes back with the mark of the alias goes round."""
    with tempfile.TemporaryDirectory() as root:
        peer = Peer(random.Random(SEED), moody=False)
        with open(os.path.join(root, "aliases"), "w") as f:
            f.write("team: xxx, yyy, far@far.example\naway: far@far.example\n*: zzz\n")
        s = Server(root, "--domain", "wxs.nl", "--user", "xxx:pw", "--user", "yyy:pw", "--user", "zzz:pw", "--relay", f"127.0.0.1:{peer.port}")
        mail = b"EHLO me\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<%s@wxs.nl>\r\nDATA\r\nSubject: %s\r\n%s\r\n.\r\nQUIT\r\n"
        for name in (b"team", b"away", b"xxx+plus", b"whoever"):
            check(s.talk(mail % (name, name, b"")) == BEGUN + [354, 250, 221], name)
        subjects = {n: [re.search(rb"(?m)^Subject: (.*)$", m)[1] for m in s.messages(n)] for n in ("xxx", "yyy", "zzz")}
        check(subjects == {"xxx": [b"team", b"xxx+plus"], "yyy": [b"team"], "zzz": [b"whoever"]}, subjects)
        deadline = time.monotonic() + WAIT_S
        while sorted(peer.got) != [("far", b"away"), ("far", b"team")]:
            check(time.monotonic() < deadline, f"what went out: {peer.got}")
            time.sleep(0.005)
        check(s.talk(mail % (b"away", b"x", b"Delivered-To: Away@wxs.nl\r\n")) == BEGUN + [354, 554, 221], "a circle")
        check(s.talk(mail % (b"xxx", b"x", b"Received: x\r\n" * 51)) == BEGUN + [354, 554, 221], "51 hops")
        check(s.talk(b"EHLO me\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<a@far.example>\r\nEXPN team\r\nQUIT\r\n") == [220, 250, 250, 550, 250, 221], "EXPN")
        check(s.stop() == 0, "tmaild did not end well")
        peer.listener.close()


def test_kill():
    """Whatever was answered with 250 is there exactly once, wherever kill -9 comes."""
    dice = random.Random(SEED)
    with tempfile.TemporaryDirectory() as root:
        options = ("--domain", "wxs.nl", "--user", "xxx:pw", "--user", "yyy:pw", "--user", "zzz:pw")
        accepted = []
        for lap in range(max(2, int(8 * EFFORT))):
            s = Server(root, *options)
            loads = [Load(s.ports["smtp"], b"m%d-%d" % (lap, n), accepted, random.Random(dice.random())) for n in range(4)]
            for t in loads:
                t.start()
            enough, deadline = len(accepted) + dice.randrange(1, 60), time.monotonic() + WAIT_S
            while len(accepted) < enough:
                check(time.monotonic() < deadline, "no progress")
                time.sleep(0.0005)
            s.stop(signal.SIGKILL)
            for t in loads:
                t.join()
        s = Server(root, *options)
        check(os.listdir(os.path.join(root, "tmp")) == [], "the folder of messages on their way is not empty")
        check(s.talk(b"".join(b"EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<%s@wxs.nl>\r\nDATA\r\nSubject: end\r\n\r\n.\r\n" % n
                              for n in (b"xxx", b"yyy", b"zzz")) + b"QUIT\r\n")[-1] == 221, "no mail after all that")
        there = [(n, m) for n in ("xxx", "yyy", "zzz") for m in re.findall(rb"(?m)^Subject: (m\S+)$", b"\n".join(s.messages(n)))]
        check(s.stop() == 0, "tmaild did not end well")
        missing = set(accepted) - set(there)
        check(len(there) == len(set(there)), f"doubled: {[m for m in there if there.count(m) > 1][:5]}")
        check(not missing, f"of {len(accepted)} missing: {sorted(missing)[:5]}")


def test_kill_while_relaying():
    """The same for mail to elsewhere: in the queue, or with the peer. Twice is what may be, where the kill fell between the peer's
    yes and our note of it."""
    dice = random.Random(SEED)
    with tempfile.TemporaryDirectory() as root:
        peer, accepted, laps = Peer(dice), [], max(2, int(5 * EFFORT))
        options = ("--domain", "wxs.nl", "--user", "xxx:pw", "--user", "yyy:pw", "--user", "zzz:pw", "--relay-from", "127.0.0.0/8",
                   "--relay", f"127.0.0.1:{peer.port}")
        for lap in range(laps):
            s = Server(root, *options)
            loads = [Load(s.ports["smtp"], b"m%d-%d" % (lap, n), accepted, random.Random(dice.random()), ("far1", "far2")) for n in range(4)]
            for t in loads:
                t.start()
            enough, deadline = len(accepted) + dice.randrange(1, 60), time.monotonic() + WAIT_S
            while len(accepted) < enough:
                check(time.monotonic() < deadline, "no progress")
                time.sleep(0.0005)
            s.stop(signal.SIGKILL)
            for t in loads:
                t.join()
        s, deadline = Server(root, *options), time.monotonic() + 4 * WAIT_S
        while [n for n in os.listdir(os.path.join(root, "queue")) if n.endswith(".env")]:
            check(time.monotonic() < deadline, "the queue does not become empty")
            subprocess.run([TMAILD, "queue", "flush", "--root", root], check=True, stdout=subprocess.DEVNULL)
            time.sleep(0.05)
        there = [(n, m) for n in ("xxx", "yyy", "zzz") for m in re.findall(rb"(?m)^Subject: (m\S+)$", b"\n".join(s.messages(n)))]
        check(s.stop() == 0, "tmaild did not end well")
        check(os.listdir(os.path.join(root, "queue")) == [], "something is left in the queue's folder")
        check(len(there) == len(set(there)), f"doubled: {[m for m in there if there.count(m) > 1][:5]}")
        missing = set(accepted) - set(there) - set(peer.got)
        check(not missing, f"of {len(accepted)} missing: {sorted(missing)[:5]}")
        twice = len(peer.got) - len(set(peer.got))
        print(f"{len(accepted)} accepted, {len(set(peer.got))} sent on, {twice} of them twice")
        check(twice <= 20 * laps, f"{twice} were sent twice")
        peer.listener.close()


def main():
    wanted = sys.argv[1:]
    print("seed", SEED)
    for name, test in list(globals().items()):
        if name.startswith("test_") and (not wanted or name in wanted):
            started = time.monotonic()
            test()
            print("ok %s %.2f s" % (name, time.monotonic() - started), flush=True)


try:
    main()
finally:
    for process in running:
        if process.poll() is None:
            process.kill()
