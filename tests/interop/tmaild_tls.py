#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tmaild within TLS and deflated: every protocol on its own port and after STARTTLS, what must not be believed from before it, the
self-made certificate, and clients that are slow, silent, greedy or speak nonsense."""
import contextlib, imaplib, os, poplib, smtplib, socket, ssl, threading, time, warnings, zlib
from tm import Place, WAIT_S, check

SANITIZED = "ASAN_OPTIONS" in os.environ or "TSAN_OPTIONS" in os.environ  # what was freed is kept for a while
MAIL = b"From: a@example.org\r\nSubject: x\r\n\r\nhello\r\n"


def context(server, root="mail.root"):
    return ssl.create_default_context(cafile=os.path.join(server.root, root, "tls", "ca.pem"))


class Line:
    """Lines over a socket, in the clear or not, deflated or not."""

    def __init__(self, server, port, wrap=None):
        self.sock = socket.create_connection(("127.0.0.1", server.ports[port]), timeout=WAIT_S)
        if wrap:
            self.sock = wrap.wrap_socket(self.sock, server_hostname="localhost")
        self.rest, self.inflate, self.deflate = b"", None, None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.sock.close()

    def put(self, data):
        self.sock.sendall(self.deflate.compress(data) + self.deflate.flush(zlib.Z_SYNC_FLUSH) if self.deflate else data)

    def more(self):
        data = self.sock.recv(65536)
        self.rest += self.inflate.decompress(data) if self.inflate else data
        return data != b""

    def line(self):
        while b"\n" not in self.rest:
            if not self.more():
                return None
        line, self.rest = self.rest.split(b"\n", 1)
        return line.rstrip(b"\r")

    def take(self, n):
        while len(self.rest) < n:
            check(self.more(), "the connection ended in the middle")
        data, self.rest = self.rest[:n], self.rest[n:]
        return data

    def until(self, *starts):
        """The line that begins so, and those before it."""
        lines = []
        while True:
            lines.append(self.line())
            check(lines[-1] is not None, f"the connection ended before {starts}: {lines}")
            if lines[-1].startswith(starts):
                return lines[-1], lines[:-1]

    def say(self, command, *starts):
        self.put(command + b"\r\n")
        return self.until(*starts)

    def ended(self):
        """All that still comes before the end."""
        with contextlib.suppress(OSError):
            while self.more():
                pass
        return self.rest

    def secure(self, wrap):
        check(self.rest == b"", "something came before TLS")
        self.sock = wrap.wrap_socket(self.sock, server_hostname="localhost")

    def compress(self):
        self.inflate, self.deflate = zlib.decompressobj(-15), zlib.compressobj(9, zlib.DEFLATED, -15)
        data, self.rest = self.rest, b""
        self.rest = self.inflate.decompress(data)


def ports_of_their_own(server):
    tls = context(server)
    with smtplib.SMTP_SSL("localhost", server.ports["submissions"], context=tls, timeout=WAIT_S) as s:
        s.ehlo()
        check(s.has_extn("auth") and not s.has_extn("starttls"), "extensions within TLS")
        s.login("jane", "pw")
        s.sendmail("jane@example.org", ["jane@example.org"], MAIL)
    with imaplib.IMAP4_SSL("localhost", server.ports["imaps"], ssl_context=tls, timeout=WAIT_S) as m:
        check("STARTTLS" not in m.capabilities and "AUTH=PLAIN" in m.capabilities, "capabilities within TLS")
        m.login("jane", "pw")
        m.select()
        check(b"ESMTPSA" in m.fetch("1", "(BODY[])")[1][0][1], "Received tells of TLS and the login")
    p = poplib.POP3_SSL("localhost", server.ports["pop3s"], context=tls, timeout=WAIT_S)
    check("STLS" not in p.capa(), "STLS within TLS")
    p.user("jane"), p.pass_("pw")
    check(p.stat()[0] == 1, "STAT")
    p.quit()


def after_starttls(server):
    tls = context(server)
    with smtplib.SMTP("localhost", server.ports["submission"], timeout=WAIT_S) as s:
        s.ehlo()
        check(s.has_extn("starttls"), "STARTTLS is offered")
        s.mail("jane@example.org")
        s.starttls(context=tls)
        check(s.docmd("RCPT TO:<jane@example.org>")[0] == 503, "a MAIL in the clear is forgotten")
        s.ehlo()
        check(not s.has_extn("starttls"), "STARTTLS is gone")
        check(s.docmd("STARTTLS")[0] == 503, "STARTTLS twice")
        s.login("jane", "pw")
    with imaplib.IMAP4("localhost", server.ports["imap"], timeout=WAIT_S) as m:
        check("STARTTLS" in m.capabilities, "STARTTLS is offered")
        m.starttls(tls)
        check("STARTTLS" not in m.capabilities, "STARTTLS is gone")
        m.login("jane", "pw")
        check(m.noop()[0] == "OK", "NOOP")
    p = poplib.POP3("localhost", server.ports["pop3"], timeout=WAIT_S)
    p.user("jane")
    p.stls(tls)
    check("STLS" not in p.capa(), "STLS is gone")
    try:
        p.pass_("pw")
        check(False, "a USER in the clear counts")
    except poplib.error_proto:
        pass
    p.user("jane"), p.pass_("pw")
    p.quit()


BEGIN = {"smtp": (b"EHLO x\r\n", b"250 ", b"STARTTLS\r\n", b"NOOP\r\n"), "submission": (b"EHLO x\r\n", b"250 ", b"STARTTLS\r\n", b"NOOP\r\n"),
         "imap": (b"", b"* OK", b"a STARTTLS\r\n", b"b NOOP\r\n"), "pop3": (b"", b"+OK", b"STLS\r\n", b"CAPA\r\n")}


def what_comes_behind_it_in_the_clear(server):
    """CVE-2011-0411 and its like: in one segment, it ends; no answer ever comes, within TLS or without."""
    for port, (first, answer, begin, injected) in BEGIN.items():
        with Line(server, port) as c:
            c.line()
            c.put(first)
            c.until(answer) if first else None
            c.put(begin + injected)
            lines = c.ended().splitlines()
            check(len(lines) <= 1, f"{port}: {lines}")
        with Line(server, port) as c:  # behind the reply: it is no handshake
            c.line()
            c.put(first)
            c.until(answer) if first else None
            c.put(begin)
            c.line()
            c.put(injected)
            check(b"250" not in c.ended() and b"OK" not in c.rest, f"{port}: answered in the clear")
        with Line(server, port) as c:  # as it should be
            c.line()
            c.put(first)
            c.until(answer) if first else None
            c.put(begin)
            c.line()
            c.secure(context(server))
            c.put(first + injected)
            check(c.line() is not None, f"{port}: nothing after TLS began")


def old_versions_are_refused(server):
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that they are old is the point
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    try:
        Line(server, "imaps", old)
        check(False, "TLS 1.1 is spoken")
    except (ssl.SSLError, OSError):
        pass
    new = context(server)
    new.maximum_version = ssl.TLSVersion.TLSv1_2
    with Line(server, "imaps", new) as c:
        check(c.line().startswith(b"* OK"), "TLS 1.2")


def read(server, name):
    with open(os.path.join(server.root, "mail.root", "tls", name), "rb") as f:
        return f.read()


def the_certificate_stays(place):
    server = place.tmaild("--domain", "one.example", name="cert", tls=True)
    ca = read(server, "ca.pem")
    check(os.stat(os.path.join(server.root, "mail.root", "tls", "key.pem")).st_mode & 0o777 == 0o600, "mode of the key")
    tls = context(server)
    server.stop()
    server.start()
    check(read(server, "ca.pem") == ca, "made anew at a restart")
    with Line(server, "imaps") as c, tls.wrap_socket(c.sock, server_hostname="one.example") as s:
        check(s.recv(4) == b"* OK", "the name of the domain")
    server.stop()
    server.options += ("--domain", "two.example")
    server.start()
    check(read(server, "ca.pem") != ca, "a name is missing")
    with Line(server, "imaps") as c, context(server).wrap_socket(c.sock, server_hostname="two.example") as s:
        check(s.recv(4) == b"* OK", "the name of the other domain")
    # Half of it lost, as by a crash between two files.
    server.stop()
    os.unlink(os.path.join(server.root, "mail.root", "tls", "cert.pem"))
    server.start()
    with Line(server, "imaps", context(server)) as c:
        check(c.line().startswith(b"* OK"), "made again")
    # One that is given.
    at = lambda name: os.path.join(server.root, "mail.root", "tls", name)
    other = place.tmaild("--tls-cert", at("cert.pem"), "--tls-key", at("key.pem"), name="given", tls=True)
    with Line(other, "imaps", context(server)) as c:
        check(c.line().startswith(b"* OK"), "a certificate that is given")
    check(not os.path.exists(os.path.join(other.root, "mail.root", "tls")), "one is made all the same")


def deflated(server, port, tls=None):
    c = Line(server, port, tls)
    c.line()
    check(b"COMPRESS=DEFLATE" not in c.say(b"a CAPABILITY", b"a ")[1][0], "offered before the login")
    check(c.say(b"b COMPRESS DEFLATE", b"b ")[0].startswith(b"b BAD"), "before the login")
    check(b"COMPRESS=DEFLATE" in c.say(b"c LOGIN jane pw", b"c ")[0], "offered")
    check(c.say(b"d COMPRESS LZW", b"d ")[0].startswith(b"d NO"), "another mechanism")
    check(c.say(b"e COMPRESS DEFLATE", b"e ")[0].startswith(b"e OK"), "COMPRESS")
    c.compress()
    return c


def compressed(server):
    big = b"Subject: big\r\n\r\n" + os.urandom(600000).hex().encode() + b"\r\n"
    for port, tls in (("imap", None), ("imaps", context(server))):
        with deflated(server, port, tls) as c:
            check(b"COMPRESSIONACTIVE" in c.say(b"a COMPRESS DEFLATE", b"a ")[0], "twice")
            check(b"COMPRESS" not in c.say(b"b CAPABILITY", b"b ")[1][0], "offered again")
            c.put(b"c APPEND INBOX {%d+}\r\n%s\r\n" % (len(big), big))
            line = c.until(b"c ")[0]
            check(line.startswith(b"c OK"), f"APPEND: {line}")
            c.say(b"d SELECT INBOX", b"d OK")
            c.put(b"e UID FETCH %d BODY[]\r\n" % int(line.split()[4].rstrip(b"]")))
            head = c.until(b"* ")[0]
            while b"BODY[]" not in head:
                head = c.until(b"* ", b"e ")[0]
            check(c.take(int(head.rsplit(b"{", 1)[1].rstrip(b"}"))) == big, "not the bytes that went in")
            c.until(b"e OK")


def rss(server):
    with open(f"/proc/{server.process.pid}/status") as f:
        return next(int(l.split()[1]) for l in f if l.startswith("VmRSS")) * 1024


def a_bomb_ends(server):
    with deflated(server, "imap") as c:
        before = rss(server)
        with contextlib.suppress(OSError):
            c.put(b"x APPEND INBOX {100000000+}\r\n")
            c.put(bytes(100000000))
        c.ended()
        check(SANITIZED or rss(server) - before < 8 << 20, "a bomb takes room")
    with deflated(server, "imap") as c:
        c.sock.sendall(b"\xff" * 100)  # no deflate at all
        check(b"OK" not in c.ended(), "nonsense is answered")


def hello(server, port="imaps"):
    with Line(server, port, context(server)) as c:
        check(c.line().startswith((b"* OK", b"+OK", b"220")), f"{port} does not answer")


def nonsense(server):
    for port in ("imaps", "pop3s", "submissions"):
        for data in (b"a LOGIN jane pw\r\n", b"\r\n" * 5000, os.urandom(100000), b"\x16\x03\x01\xff\xff" + b"\1" * 70000, b"EHLO x\r\n", b""):
            with Line(server, port) as c:
                with contextlib.suppress(OSError):
                    c.put(data)
                    c.sock.shutdown(socket.SHUT_WR)
                check(b"OK" not in c.ended() and b"220" not in c.rest, f"{port} answers in the clear")
        hello(server, port)


def handshakes_that_stop(place):
    server = place.tmaild("--user", "jane:pw", "--limit", "login-time=2", name="slow", tls=True)
    slow = [Line(server, port) for port in ("imaps", "pop3s", "submissions") for _ in range(10)]
    for c in slow[::2]:
        c.put(b"\x16\x03\x01\x02\x00\x01\x00")
    hello(server)
    for port in ("imap", "pop3"):
        c = Line(server, port)
        c.line()
        c.put(b"a STARTTLS\r\n" if port == "imap" else b"STLS\r\n")
        c.line()
        slow.append(c)
    hello(server)
    for c in slow:
        check(c.ended() == b"", "a handshake that stopped goes on")
        c.sock.close()


def a_byte_now_and_then(place):
    server = place.tmaild("--limit", "command-time=1", name="trickle", tls=True)
    with Line(server, "smtp") as c:
        c.line()
        c.sock.settimeout(0.2)
        for _ in range(int(WAIT_S / 0.2)):
            with contextlib.suppress(TimeoutError):
                c.sock.sendall(b"x")
                if not c.more() or c.rest:
                    break
        check(c.rest.startswith(b"421") or c.rest == b"", f"after a trickle: {c.rest}")
        c.sock.settimeout(WAIT_S)
        c.ended()


def never_silent(place):
    """Who does not log in has no more time for talking all the time."""
    server = place.tmaild("--user", "jane:pw", "--limit", "login-time=1", name="talker", tls=True)
    for port, command in (("imap", b"a NOOP\r\n"), ("pop3", b"CAPA\r\n")):
        with Line(server, port) as c:
            ended, since = threading.Event(), time.monotonic()

            def listen():
                with contextlib.suppress(OSError):
                    while c.sock.recv(1 << 16):
                        pass
                ended.set()
            thread = threading.Thread(target=listen)
            thread.start()
            with contextlib.suppress(OSError):
                while not ended.is_set() and time.monotonic() - since < WAIT_S:
                    c.sock.sendall(command * 2000)
            check(ended.wait(WAIT_S), f"{port}: a client that talks all the time stays")
            thread.join()


def silent_ones(server):
    """500 who say nothing: a good client is served meanwhile."""
    silent = [socket.create_connection(("127.0.0.1", server.ports[port])) for port in ("smtp", "imap", "pop3", "imaps") for _ in range(125)]
    for port in ("imaps", "pop3s", "submissions"):
        hello(server, port)
    with smtplib.SMTP("localhost", server.ports["smtp"], timeout=WAIT_S) as s:
        s.sendmail("a@example.org", ["jane@example.org"], MAIL)
    for s in silent:
        s.close()


def endless_lines(server):
    tls = context(server)
    for port, wrap in (("smtp", None), ("pop3", None), ("imap", None), ("imaps", tls), ("submissions", tls)):
        hello(server)
        before = rss(server)
        with Line(server, port, wrap) as c:
            c.line()
            with contextlib.suppress(OSError):
                for _ in range(10):
                    c.put(b"x" * (1 << 20))
            check(SANITIZED or rss(server) - before < 1 << 20, f"{port}: a line takes {rss(server) - before} bytes")


def who_never_reads(server):
    """Asks for much and takes none of it: what waits is bounded."""
    text = b"Subject: big\r\n\r\n" + b"some text of a line\r\n" * 100000
    with imaplib.IMAP4("localhost", server.ports["imap"], timeout=WAIT_S) as m:
        m.login("jane", "pw")
        m.append("INBOX", None, None, text)
    for port, first, again in (("imaps", b"a LOGIN jane pw\r\nb SELECT INBOX\r\n", b"c FETCH 1:* BODY[]\r\n"),
                               ("pop3s", b"USER jane\r\nPASS pw\r\n", b"RETR 1\r\nRETR 2\r\nRETR 3\r\n")):
        with Line(server, port, context(server)) as c:
            c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            before = rss(server)
            c.sock.settimeout(1)
            with contextlib.suppress(OSError):
                c.put(first + again * 20000)
            hello(server)
            check(SANITIZED or rss(server) - before < 24 << 20, f"{port}: {rss(server) - before} bytes wait for somebody who does not read")


def nonsense_in_a_row(server):
    for port in ("smtp", "submission", "imap", "pop3"):
        for data in (b"\0\r\n" * 1000, b"\xff\xfe\r\n" * 1000, b"(" * 60000 + b"\r\n", b"a {99999999999999999999}\r\n" * 300, b"a {9+}\r\n" * 300,
                     b"RCPT TO:<" + b"@" * 3000 + b">\r\n", b"AUTH PLAIN\r\n" * 500, b"a AUTHENTICATE PLAIN\r\n" * 500):
            with Line(server, port) as c:
                with contextlib.suppress(OSError):
                    c.put(data)
                    c.sock.shutdown(socket.SHUT_WR)
                c.ended()
    hello(server)


def main():
    with Place() as place:
        server = place.tmaild("--user", "jane:pw", "--domain", "example.org", tls=True)
        ports_of_their_own(server)
        after_starttls(server)
        what_comes_behind_it_in_the_clear(server)
        old_versions_are_refused(server)
        the_certificate_stays(place)
        compressed(server)
        a_bomb_ends(server)
        nonsense(server)
        nonsense_in_a_row(server)
        handshakes_that_stop(place)
        a_byte_now_and_then(place)
        never_silent(place)
        silent_ones(server)
        endless_lines(server)
        who_never_reads(server)
        check(server.process.poll() is None, "the server is gone")


main()
