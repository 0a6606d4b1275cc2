# SPDX-License-Identifier: MIT
"""The SMTP client against a server with TLS: direct, STARTTLS and in the clear; what was said before the handshake is forgotten;
every byte of a large message arrives; certificates that do not hold."""
import os, socket, ssl, subprocess, sys, tempfile, threading

BUILD = os.environ.get("top_builddir", ".")
PROBE = os.path.join(BUILD, "tests/interop/net_smtp")


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, stderr=subprocess.DEVNULL)


def certificates(place):
    """A CA of our own, and a certificate for localhost and 127.0.0.1 by it."""
    at = lambda name: os.path.join(place, name)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", at("ca.key"), "-out", at("ca.pem"), "-days", "2", "-subj", "/CN=test CA")
    openssl("req", *key, "-keyout", at("key.pem"), "-out", at("csr.pem"), "-subj", "/CN=localhost")
    with open(at("ext"), "w") as f:
        f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", at("csr.pem"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial",
            "-days", "2", "-extfile", at("ext"), "-out", at("cert.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(at("cert.pem"), at("key.pem"))
    return context, at("ca.pem")


class Server:
    """One session: offers before are the EHLO words in the clear, after those inside TLS."""

    def __init__(self, context, direct=False, before=(), after=()):
        self.context, self.direct, self.before, self.after = context, direct, before, after
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.commands, self.message = [], None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            self.session()
        except (OSError, ValueError):
            pass

    def say(self, *lines):
        self.socket.sendall("".join(line + "\r\n" for line in lines).encode())

    def hello(self, words):
        lines = ["server.example", *words]
        self.say(*(f"250{' ' if k == len(lines) - 1 else '-'}{line}" for k, line in enumerate(lines)))

    def wrap(self):
        self.socket = self.context.wrap_socket(self.socket, server_side=True)
        self.file = self.socket.makefile("rb")

    def session(self):
        self.socket, _ = self.listener.accept()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        words = self.after if self.direct else self.before
        if self.direct:
            self.wrap()
        self.say("220 server.example")
        while line := self.file.readline():
            line = line.decode().rstrip("\r\n")
            self.commands.append(line)
            verb = line.split(" ")[0]
            if verb == "EHLO":
                self.hello(words)
            elif verb == "STARTTLS":
                self.say("220 go")
                self.wrap()
                words = self.after
            elif verb == "AUTH":
                self.say("235 in" if line.endswith("AGphbmUAcHc=") else "535 no")
            elif verb == "DATA":
                self.say("354 go")
                self.data()
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def data(self):
        lines = []
        while (line := self.file.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        self.message = b"".join(lines)


def send(message, *words):
    p = subprocess.run([PROBE, *map(str, words)], input=message, capture_output=True, timeout=60)
    if p.returncode != 0:
        fail(f"{words}: exit {p.returncode} {p.stderr.decode()}")
    outcome, secure, code, _ = p.stdout.decode().split(" ", 3)
    return int(outcome), int(secure), p.stdout.decode()


def fail(text):
    print("FAIL:", text)
    sys.exit(1)


def check(claim, text):
    if not claim:
        fail(text)


SENT, UNSENT = 0, 2
SMALL = b"Subject: x\r\n\r\n.\r\n..\r\nend\r\n"
BIG = b"Subject: x\r\n\r\n" + b"".join(b"." * (k % 5) + b"line %d of a message \xc3\xa9\r\n" % k for k in range(100000))
ALL = ("PIPELINING", "8BITMIME", "SIZE 100000000", "AUTH PLAIN")

with tempfile.TemporaryDirectory() as place:
    context, ca = certificates(place)
    for way, message, server in (
        ("direct", SMALL, Server(context, direct=True, after=ALL)),
        ("direct", BIG, Server(context, direct=True, after=ALL)),
        ("starttls", SMALL, Server(context, before=("STARTTLS",), after=ALL)),
        ("starttls", BIG, Server(context, before=("STARTTLS", "AUTH LOGIN"), after=("AUTH PLAIN",))),
        ("loopback", SMALL, Server(context, before=("STARTTLS", "PIPELINING"), after=ALL)),
        ("loopback", BIG, Server(context, before=ALL)),
        ("none", BIG, Server(context, before=ALL)),
    ):
        outcome, secure, told = send(message, way, "127.0.0.1", server.port, ca, "pw", "me@example.org", "a@example.org",
                                     "b@example.org")
        server.thread.join(20)
        check(outcome == SENT, f"{way}: {told} {server.commands}")
        check(server.message == message, f"{way}: the message arrives as it is")
        in_tls = server.direct or "STARTTLS" in server.before
        check(secure == in_tls, f"{way}: encrypted {secure}")
        mail = next(c for c in server.commands if c.startswith("MAIL"))
        words = server.after if in_tls else server.before
        check(("SIZE=" in mail) == any(w.startswith("SIZE") for w in words), f"{way}: only what was offered inside: {mail}")
        check(server.commands.count("EHLO client.example") == (2 if in_tls and not server.direct else 1), f"{way}: no EHLO too many")

    # Nothing of a login or a message goes where the certificate does not hold, or STARTTLS is missing.
    for way, host, authority, server in (
        ("direct", "127.0.0.1", "-", Server(context, direct=True, after=ALL)),
        ("direct", "other.localhost", ca, Server(context, direct=True, after=ALL)),
        ("starttls", "127.0.0.1", "-", Server(context, before=("STARTTLS",), after=ALL)),
        ("starttls", "127.0.0.1", ca, Server(context, before=ALL)),
        ("loopback", "127.0.0.1", "-", Server(context, before=("STARTTLS", *ALL), after=ALL)),
    ):
        outcome, secure, told = send(SMALL, way, host, server.port, authority, "pw", "me@example.org", "a@example.org")
        server.listener.close()
        server.thread.join(20)
        check(outcome == UNSENT and server.message is None, f"{way} {host}: {told}")
        check(all(c.split(" ")[0] in ("EHLO", "STARTTLS", "QUIT") for c in server.commands), f"{way}: {server.commands}")
print("ok")
