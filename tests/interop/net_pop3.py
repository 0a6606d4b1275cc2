# SPDX-License-Identifier: MIT
"""The POP3 client against a private Dovecot (TLS, STLS, in the clear), and against a server that does all it must not: each gives an
error value, never a hang or a crash, and no secret goes where it must not."""
import concurrent.futures, os, re, socket, ssl, subprocess, sys, tempfile, threading, time
from dovecot import Dovecot, installed, make_certificates

BUILD = os.environ.get("top_builddir", ".")
PROBE = os.path.join(BUILD, "tests/interop/net_pop3")
WAIT_MS, STALL_MS = 20000, 5000  # the short one is enough for all that comes before the silence, on a busy machine too
TOP, UIDL, PIPELINING = 1, 2, 4
STEPS = (("CAPA", "open"), ("AUTH", "open"), ("LIST", "list"), ("UIDL", "list"), ("RETR", "fetch"), ("QUIT", "quit"))
CAPA = ("TOP", "UIDL", "PIPELINING", "SASL PLAIN", "USER", "RESP-CODES")


def fail(text):
    print("FAIL:", text)
    sys.exit(1)


def check(claim, text):
    if not claim:
        fail(text)


def fnv(data):
    h = 2166136261
    for b in data:
        h = (h ^ b) * 16777619 & 0xFFFFFFFF
    return h


def message(k, lines=3):
    return b"Subject: %d\r\n\r\n" % k + b"".join(b"." * (n % 4) + b"line %d of %d\r\n" % (n, k) for n in range(lines))


class Server(threading.Thread):
    """One session with (number, bytes, uid) messages. capa: what it offers before the login, capa_in: after it (None: no CAPA). on: for a
    verb, what it says (bytes), or a function of (server, argument) that says it; ending with close() if the session ends there."""

    def __init__(self, messages=None, capa=CAPA, capa_in="", tls=None, direct=False, greeting=b"+OK hi\r\n", on=None):
        super().__init__(daemon=True)
        self.messages = [(k, message(k), f"uid-{k}") for k in range(1, 8)] if messages is None else messages
        self.by_number = {number: data for number, data, _ in self.messages}
        self.capa, self.capa_in = capa, capa if capa_in == "" else capa_in
        self.tls, self.direct, self.greeting, self.on = tls, direct, greeting, on or {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.heard, self.buffer, self.commands, self.ahead, self.logged_in = b"", b"", [], 0, False
        self.start()

    def run(self):
        try:
            self.socket, _ = self.listener.accept()
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.direct:
                self.socket = self.tls.wrap_socket(self.socket, server_side=True)
            self.say(self.greeting)
            while line := self.line():
                self.command(line)
        except (OSError, ValueError):
            pass
        finally:
            self.socket.close()

    def line(self):
        while b"\n" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                return None
            self.heard += data
            self.buffer += data
        self.ahead = max(self.ahead, self.buffer.count(b"\n"))
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.rstrip(b"\r").decode("latin-1")

    def say(self, data):
        if callable(data):
            data(self, "")
        else:
            self.socket.sendall(data)

    def listing(self, lines, status=b"+OK"):
        self.say(status + b"\r\n" + b"".join(f"{line}\r\n".encode() for line in lines) + b".\r\n")

    def body(self, data, times=1):
        self.say((b"+OK here\r\n" + re.sub(rb"(?m)^\.", b"..", data) + b".\r\n") * times)

    def close(self):
        raise ValueError

    def stall(self):
        """Until the client has gone."""
        while self.socket.recv(65536):
            pass
        self.close()

    def command(self, line):
        self.commands.append(line)
        verb, _, arg = line.partition(" ")
        answer = self.on.get(verb, None if hasattr(self, "do_" + verb) else b"-ERR what?\r\n")
        if answer is None:
            getattr(self, "do_" + verb)(arg)
        elif callable(answer):
            answer(self, arg)
        else:
            self.say(answer)

    def do_CAPA(self, _):
        offers = self.capa_in if self.logged_in else self.capa
        if offers is None:
            self.say(b"-ERR unknown command\r\n")
        else:
            self.listing(offers)

    def do_STLS(self, _):
        self.say(b"+OK go\r\n")
        self.socket = self.tls.wrap_socket(self.socket, server_side=True)
        self.capa = self.capa_in

    def login(self, good):
        self.logged_in = good
        self.say(b"+OK in\r\n" if good else b"-ERR [AUTH] no\r\n")

    def do_AUTH(self, arg):
        self.login(arg == "PLAIN AGphbmUAcHc=")

    def do_USER(self, _):
        self.say(b"+OK\r\n")

    def do_PASS(self, arg):
        self.login(arg == "pw")

    def do_LIST(self, _):
        self.listing(f"{number} {len(data)}" for number, data, _ in self.messages)

    def do_UIDL(self, _):
        self.listing(f"{number} {uid}" for number, _, uid in self.messages)

    def do_RETR(self, arg):
        self.body(self.by_number[int(arg)])

    def do_TOP(self, arg):
        number, lines = map(int, arg.split())
        head, _, rest = self.by_number[number].partition(b"\r\n\r\n")
        self.body(head + b"\r\n\r\n" + b"".join(rest.splitlines(True)[:lines]))

    def do_DELE(self, _):
        self.say(b"+OK\r\n")

    def do_QUIT(self, _):
        self.say(b"+OK bye\r\n")
        self.close()


class Told:
    """What the probe said."""

    def __init__(self, verb, tls, port, ca="-", password="pw", wait_ms=WAIT_MS, host="127.0.0.1"):
        p = subprocess.run([PROBE, verb, tls, host, str(port), ca, password, str(wait_ms)], capture_output=True, timeout=120)
        self.text = p.stdout.decode("latin-1") + p.stderr.decode("latin-1")
        check(p.returncode == 0, f"{verb} {tls}: exit {p.returncode}\n{self.text}")
        self.messages, self.refused, self.at = {}, {}, {}
        for line in p.stdout.decode("latin-1").splitlines():
            words = line.split(" ")
            if words[0] == "m":
                self.messages[int(words[1])] = tuple(words[2:])
            elif words[0] == "r":
                self.refused[int(words[1])] = " ".join(words[2:])
            else:
                self.at[words[0]] = words[1:]

    def code(self, where):
        """CODE/RETRY of a step; None if it was not come to."""
        return "/".join(self.at[where][:2]) if where in self.at else None

    def has(self, server, numbers=None, uids=True):
        """Exactly these messages, every byte of them."""
        want = {number: (str(len(data)), str(len(data)), str(fnv(data)), uid if uids else "")
                for number, data, uid in server.messages if numbers is None or number in numbers}
        check(self.messages == want, f"messages: {self.text}\nwanted {want}")


def run(what, verb, server, tls="none", wait_ms=WAIT_MS, ca="-", **steps):
    """steps: the code of each; all that comes before the named one must be well."""
    began = time.monotonic()
    told = Told(verb, tls, server.port, ca=ca, wait_ms=wait_ms)
    check(time.monotonic() - began < 60, f"{what}: too long")
    order = ["open", "list", "fetch", "dele", "quit"]
    for step in order:
        want = steps.get(step, "-/-")
        if step in told.at:
            check(told.code(step) == want, f"{what}: {step} is {told.code(step)}, not {want}\n{told.text}\n{server.commands}")
        else:
            check(step not in steps, f"{what}: {step} was not come to\n{told.text}\n{server.commands}")
        if step in steps:
            break  # QUIT on a connection that broke says so once more
    server.listener.close()
    server.join(20)
    check(not server.is_alive(), f"{what}: the connection was left open")
    return told


def no_secret(what, server):
    check(not re.search(rb"(?i)user|pass|auth|pw|jane|AGph", server.heard), f"{what}: a secret went out: {server.heard}")


def each_byte(server, data):
    """One write a byte."""
    for k in range(len(data)):
        server.say(data[k:k + 1])


def cut_in(server, number, data, places):
    """The end of a body in two writes, cut where the number says."""
    raw = b"+OK\r\n" + re.sub(rb"(?m)^\.", b"..", data) + b".\r\n"
    at = len(raw) - number % places
    server.say(raw[:at])
    time.sleep(0.005)  # so that the two may come apart; it must go well in any case
    server.say(raw[at:])


def well(tls):
    """Servers that are odd, but right."""
    s = Server(capa=None)
    t = run("no CAPA", "all", s)
    t.has(s)
    check(t.at["open"][2] == str(TOP | UIDL) and s.ahead == 1, "without CAPA one by one")
    check(s.commands[1:3] == ["USER jane", "PASS pw"] and s.commands.count("CAPA") == 1, f"no CAPA: {s.commands}")

    s = Server()
    run("AUTH PLAIN", "all", s).has(s)
    check(s.commands[:3] == ["CAPA", "AUTH PLAIN AGphbmUAcHc=", "CAPA"], f"AUTH PLAIN: {s.commands}")

    s = Server(capa=("UIDL", "SASL PLAIN"), on={"UIDL": b"+OK\r\n1 only-one\r\n77 unknown\r\n.\r\n"})
    t = run("a uid for one", "all", s)
    check([m[3] for m in t.messages.values()] == ["only-one"] + [""] * 6 and s.ahead == 1, f"a uid for one: {t.text}")

    for capa in (None, ("TOP", "PIPELINING", "USER")):
        s = Server(capa=capa, on={"UIDL": b"-ERR unknown\r\n"})
        t = run("no UIDL", "all", s)
        t.has(s, uids=False)
    run("UIDL is named and refused", "list", Server(on={"UIDL": b"-ERR not now\r\n"}), list="refused/later")
    run("UIDL fails for now", "list", Server(capa=None, on={"UIDL": b"-ERR [SYS/TEMP] disk\r\n"}), list="refused/later")
    run("LIST fails for good", "list", Server(on={"LIST": b"-ERR [SYS/PERM] disk\r\n"}), list="refused/never")

    s = Server(capa=None, on={"TOP": b"-ERR unknown\r\n"})
    check(len(run("no TOP", "top", s).refused) == 7, "no TOP: each is refused")
    s = Server()
    check(run("TOP", "top", s).messages[5][1] == str(len(b"Subject: 5\r\n\r\nline 0 of 5\r\n.line 1 of 5\r\n")), "TOP gives two lines")

    s = Server(messages=[(k, message(k), f"u{k}") for k in (9, 2, 70000, 5)])
    t = run("gaps", "all", s)
    t.has(s)
    check(list(t.messages) == [2, 5, 9, 70000], "ascending")
    s = Server(messages=[(k, message(k), "same") for k in (1, 2)], on={"LIST": b"+OK\r\n2 46\r\n1 46\r\n2 46\r\n.\r\n"})
    check(run("twice in LIST", "list", s).at["list"][2] == "2", "each number once")
    run("no messages", "all", Server(messages=[]))
    s = Server(messages=[(1, b"", "a"), (2, b"\r\n", "b"), (3, b".\r\n", "c")])
    run("empty messages", "all", s).has(s)
    s = Server(messages=[(1, b"a: b\n\n.x\nend\n", "a")], on={"RETR": b"+OK\na: b\n\n..x\nend\n.\n"})
    run("LF alone", "all", s).has(s)

    words = lambda server, arg: server.say(b"-ERR [X/Y] \x1b[2J gone\r\n") if arg == "4" else server.do_RETR(arg)
    s = Server(on={"RETR": words})
    t = run("one is refused", "all", s)
    t.has(s, {1, 2, 3, 5, 6, 7})
    check("\x1b" not in t.refused[4] and t.refused[4].startswith("[X/Y]"), f"one is refused: {t.text}")
    s = Server(on={"DELE": lambda server, arg: server.say(b"-ERR no\r\n" if arg == "3" else b"+OK\r\n")})
    check(run("DELE", "dele", s).at["dele"][2] == "3", "three of four are marked")
    s = Server(messages=[(k, message(k), "") for k in range(1, 2001)])
    t = run("enough", "half", s)
    check(len(t.messages) >= 1000 and int(t.at["fetch"][2]) == sum(c.startswith("RETR") for c in s.commands) < 2000, "enough is enough")

    s = Server(on={"RETR": lambda server, arg: cut_in(server, int(arg), server.by_number[int(arg)], 10)},
               messages=[(k, message(k), "") for k in range(1, 31)])
    run("ends cut", "all", s).has(s)
    for way in (None, tls):
        s = Server(tls=way, direct=way is not None)
        s.say = lambda data, s=s: each_byte(s, data) if len(data) > 1 else Server.say(s, data)
        run("a byte a write", "all", s, tls="none" if way is None else "direct", ca=CA).has(s)


def windows():
    n = 2000
    s = Server(messages=[(k, message(k), str(k)) for k in range(1, n + 1)])
    run("many small ones", "all", s).has(s)
    check(100 <= s.ahead <= 500, f"{s.ahead} commands ahead")
    s = Server(messages=[(k, message(k, 20000), str(k)) for k in range(1, 12)])
    run("large ones", "speed", s)
    check(s.ahead <= 4, f"{s.ahead} commands ahead of large messages")
    for capa, capa_in, piped in ((CAPA, ("UIDL",), False), (("USER",), CAPA, True)):
        s = Server(messages=[(k, message(k), str(k)) for k in range(1, 101)], capa=capa, capa_in=capa_in)
        run("other capabilities after the login", "all", s).has(s)
        check((s.ahead > 1) == piped, f"{s.ahead} ahead, {capa_in}")
    run("sizes that lie", "speed", Server(on={"LIST": b"+OK\r\n" + b"".join(b"%d 0\r\n" % k for k in range(1, 8)) + b".\r\n"},
                                          messages=[(k, message(k, 100000), str(k)) for k in range(1, 8)]))
    run("sizes that lie more", "all", Server(on={"LIST": b"+OK\r\n1 9223372036854775807\r\n2 9223372036854775807\r\n.\r\n"}))


def logins():
    plus = lambda server, arg: server.say(b"+ \r\n")
    s = Server(on={"AUTH": plus, "AGphbmUAcHc=": b"+OK in\r\n"})
    run("a challenge first", "list", s)
    s = Server(capa=("SASL PLAIN",), on={"AUTH": lambda server, arg: server.say(b"+ \r\n") if arg == "PLAIN" else server.close()})
    t = Told("open", "none", s.port, password="x" * 300)
    check(s.commands[1] == "AUTH PLAIN" and len(s.commands[2]) > 255, f"a long secret: {s.commands[:2]}")
    run("challenges without end", "open", Server(on={"AUTH": plus, "AGphbmUAcHc=": plus}), open="auth/later")
    for said, want in (
        (b"-ERR [AUTH] wrong\r\n", "auth/never"),
        (b"-ERR wrong\r\n", "auth/never"),
        (b"-ERR\r\n", "auth/never"),
        (b"-ERR [IN-USE] another has it\r\n", "auth/later"),
        (b"-ERR [in-use] another has it\r\n", "auth/later"),
        (b"-ERR [LOGIN-DELAY] wait\r\n", "auth/later"),
        (b"-ERR [SYS/TEMP] disk\r\n", "auth/later"),
        (b"-ERR [SYS/TEMP/DISK] disk\r\n", "auth/later"),
        (b"-ERR [SYS/TEMPER] disk\r\n", "auth/never"),
        (b"-ERR [SYS/PERM] gone\r\n", "refused/never"),
    ):
        for verb, capa in (("AUTH", CAPA), ("USER", ("USER",)), ("PASS", None)):
            run(f"{verb} {said}", "open", Server(capa=capa, on={verb: said}), open=want)
    for said, want in ((b"-ERR go away\r\n", "refused/later"), (b"-ERR [SYS/PERM] never\r\n", "refused/never")):
        s = Server(greeting=said)
        run(f"greeting {said}", "open", s, open=want)
        no_secret("a greeting that refuses", s)
    for capa in (("SASL GSSAPI",), ("TOP",), ()):
        s = Server(capa=capa)
        run(f"no login in the clear: {capa}", "open", s, open="auth/never")
        no_secret("no login is offered", s)
    for password in ("a\nb", "a\rb"):
        s = Server(capa=None)
        t = Told("open", "none", s.port, password=password)
        check(t.code("open") == "auth/never" and "CAPA" in s.commands[0] and len(s.commands) == 1, "a password of two lines")
    s = Server(capa=None, on={"PASS": lambda server, arg: server.login(arg == " p w ")})
    check(Told("open", "none", s.port, password=" p w ").code("open") == "-/-", "a password with blanks")


def encrypted(tls):
    """STLS where it must be, and where it may be."""
    s = Server(capa=("STLS",), capa_in=CAPA, tls=tls)
    t = run("STLS", "all", s, tls="starttls", ca=CA)
    t.has(s)
    check(t.at["secure"] == ["1"] and s.commands[:5] == ["CAPA", "STLS", "CAPA", "AUTH PLAIN AGphbmUAcHc=", "CAPA"], f"STLS: {s.commands}")
    s = Server(capa=("STLS",), capa_in=None, tls=tls)
    check(run("STLS, then no CAPA", "all", s, tls="starttls", ca=CA).at["secure"] == ["1"], "STLS")
    check(s.commands[-1] == "QUIT" and "USER jane" in s.commands, f"STLS, then no CAPA: {s.commands}")
    for capa, on, secure in ((CAPA, {}, "0"), (None, {}, "0"), (("STLS", *CAPA), {}, "1")):
        s = Server(capa=capa, capa_in=CAPA, tls=tls, on=on)
        t = run(f"loopback {capa}", "all", s, tls="loopback", ca=CA)
        t.has(s)
        check(t.at["secure"] == [secure], f"loopback {capa}: {t.at['secure']}")

    behind = b"+OK go\r\n+OK injected\r\n"
    for way, want, server in (
        ("starttls", "tls/later", Server(capa=CAPA)),
        ("starttls", "tls/later", Server(capa=None)),
        ("starttls", "tls/later", Server(capa=("STLS", *CAPA), on={"STLS": b"-ERR not today\r\n"})),
        ("starttls", "proto/later", Server(capa=("STLS", *CAPA), on={"STLS": behind})),
        ("loopback", "proto/later", Server(capa=("STLS", *CAPA), on={"STLS": behind})),
        ("starttls", "tls/later", Server(capa=("STLS", *CAPA), on={"STLS": b"+OK go\r\n", "\x16": b"no"})),
        ("direct", "tls/later", Server()),
        ("direct", None, Server(greeting=b"")),
        ("starttls", "refused/later", Server(greeting=b"-ERR [IN-USE] no\r\n")),
        ("starttls", "refused/never", Server(greeting=b"-ERR [SYS/PERM] no\r\n")),
        ("loopback", "refused/later", Server(greeting=b"-ERR no\r\n")),
        ("starttls", None, Server(greeting=b"220 smtp\r\n")),
        ("starttls", None, Server(greeting=b"x" * 100000 + b"\r\n")),
        ("starttls", None, Server(on={"CAPA": lambda server, _: server.listing("x" * 60 for _ in range(100000))})),
    ):
        what = f"{way} {server.capa} {server.on} {server.greeting[:20]}"
        t = Told("open", way, server.port, ca=CA, wait_ms=2000)
        check(t.code("open") == want if want else t.code("open").split("/")[0] in ("proto", "net", "tls", "limit"), f"{what}: {t.text}")
        server.join(20)
        no_secret(what, server)
    for way, host, ca in (("direct", "127.0.0.1", "-"), ("direct", "other.localhost", CA), ("starttls", "127.0.0.1", "-")):
        s = Server(capa=("STLS", *CAPA), tls=tls, direct=way == "direct")
        t = Told("open", way, s.port, ca=ca, host=host)
        check(t.code("open") == "tls/later", f"{way} {host} {ca}: {t.text}")
        no_secret(f"{way} {host}", s)


def endless(server, arg):
    while True:
        server.say(b"x" * 65536)


def half_of_it(then):
    """The fourth message up to its middle, then what then does."""
    def retr(server, arg):
        if arg != "4":
            return server.do_RETR(arg)
        data = server.by_number[4]
        server.say(b"+OK\r\n" + data[:len(data) // 2])
        then(server)
    return {"RETR": retr}


def reset(server):
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    server.close()


def many_lines(form, n):
    def say(server, arg):
        server.say(b"+OK\r\n")
        for at in range(1, n, 10000):
            server.say(b"".join(form % (k, k) for k in range(at, at + 10000)))
        server.say(b".\r\n")
    return say


def nasty():
    """Servers that do what they must not."""
    for greeting in (b"220 smtp.example ESMTP\r\n", b"* OK IMAP4rev1\r\n", b"\0\1\2\xff\r\n", b"\r\n", b"+OKAY\r\n", b"+ \r\n",
                     b"SSH-2.0-x\r\n", endless):
        s = Server(greeting=greeting)
        run(f"greeting {greeting}", "open", s, open="proto/later")
        no_secret("garbage instead of a greeting", s)
    s = Server(greeting=b"+OK hi\r\n+OK again\r\n", on={})
    run("words behind the greeting", "open", s, open="proto/later")
    no_secret("words behind the greeting", s)
    run("gone at once", "open", Server(greeting=lambda s, _: s.close()), open="net/later")
    for verb, step in STEPS:
        run(f"{verb}: a line without end", "all", Server(on={verb: endless}), **{step: "proto/later"})
        run(f"{verb}: nonsense", "all", Server(on={verb: b"HTTP/1.1 200\r\n"}), **{step: "proto/later"})
        run(f"{verb}: NUL", "all", Server(on={verb: b"+OK \0\r\n"}), **{step: "proto/later"})
        run(f"{verb}: closed", "all", Server(on={verb: lambda s, _: s.close()}), **{step: "net/later"})
    run("a listing that is a line without end", "all", Server(on={"LIST": lambda s, _: (s.say(b"+OK\r\n"), endless(s, ""))}), list="proto/later")
    for line in (b"x\r\n", b"0 1\r\n", b"1\r\n", b"1 x\r\n", b"99999999999 1\r\n", b"1 99999999999999999999999\r\n", b"\r\n"):
        run(f"LIST {line}", "all", Server(on={"LIST": b"+OK\r\n" + line + b".\r\n"}), list="proto/later")
    for line in (b"x y\r\n", b"1 " + b"u" * 300 + b"\r\n", b"1 \x01\r\n"):
        run(f"UIDL {line}", "all", Server(on={"UIDL": b"+OK\r\n" + line + b".\r\n"}), list="proto/later")

    run("4,000,000 uids", "list", Server(on={"UIDL": many_lines(b"%d u%d\r\n", 4000000)}), list="limit/later")
    run("4,000,000 messages", "list", Server(on={"LIST": many_lines(b"%d %d\r\n", 4000000)}), list="limit/later")
    run("long uids", "list", Server(on={"UIDL": many_lines(b"%d %0250d\r\n", 1000000), "LIST": many_lines(b"%d %d\r\n", 1000000)}),
        list="limit/later")
    run("CAPA without end", "open", Server(on={"CAPA": many_lines(b"X%d %d\r\n", 100000)}), open="limit/later")

    within_a_body("closed", Server.close, WAIT_MS)
    within_a_body("reset", reset, WAIT_MS)
    run("two answers to one", "all", Server(capa=("USER",), on={"RETR": lambda s, a: s.body(s.by_number[int(a)], 2)}), fetch="proto/later")
    run("it says that it goes", "all", Server(on={"LIST": lambda s, _: (s.say(b"+OK\r\n.\r\n"))} | {"UIDL": b"+OK\r\n.\r\n-ERR bye\r\n"}),
        quit="net/later")
    run("the store is full", "break", Server(), fetch="store/later")
    run("QUIT: some could not be deleted", "dele", Server(on={"QUIT": b"-ERR some are still there\r\n"}), quit="refused/later")


def within_a_body(what, then, wait_ms):
    s = Server(on=half_of_it(then))
    t = run(f"within a body: {what}", "all", s, wait_ms=wait_ms, fetch="net/later")
    check(t.at["fetch"][2] == "3", f"{what}: {t.text}")
    t.has(s, {1, 2, 3})


def silent():
    """A server that says no more: all at once, because each takes its time."""
    stall = lambda s, _: s.stall()
    cases = [("no greeting", "open", Server(greeting=b"")), ("half a greeting", "open", Server(greeting=b"+OK")),
             ("a listing that stops", "list", Server(on={"LIST": lambda s, _: (s.say(b"+OK\r\n1 10\r\n"), s.stall())}))]
    cases += [(verb, step, Server(on={verb: stall})) for verb, step in STEPS]
    with concurrent.futures.ThreadPoolExecutor(len(cases) + 1) as pool:
        jobs = [pool.submit(run, f"silence: {what}", "all", server, wait_ms=STALL_MS, **{step: "net/later"})
                for what, step, server in cases]
        jobs.append(pool.submit(within_a_body, "silence", Server.stall, STALL_MS))
        for job in jobs:
            job.result()


def dovecot():
    small = [message(k, k % 50) for k in range(1, 301)]
    big = b"Subject: big\r\n\r\n" + b"".join(b"." * (k % 3) + b"line %d\r\n" % k for k in range(100000))
    with Dovecot(tls=True, pop3=True) as d:
        d.deliver(small + [big])
        ca = f"{d.place}/ca.pem"
        want = [(str(len(m)), str(fnv(m))) for m in small + [big]]
        for tls, port, secure in (("direct", d.pop3s_port, "1"), ("starttls", d.pop3_port, "1"), ("loopback", d.pop3_port, "1"),
                                  ("none", d.pop3_port, "0")):
            t = Told("all", tls, port, ca=ca)
            check(t.code("quit") == "-/-" and t.at["secure"] == [secure] and t.at["open"][2] == "7", f"{tls}: {t.text[-400:]}")
            check([m[1:3] for m in t.messages.values()] == want, f"{tls}: the messages of Dovecot: {t.text[:400]}")
            check(len({m[3] for m in t.messages.values()}) == len(want), f"{tls}: a uid for each")
            check(Told("open", tls, port, ca=ca, password="wrong").code("open") == "auth/never", f"{tls}: wrong password")
        check(Told("open", "direct", d.pop3s_port).code("open") == "tls/later", "a certificate by nobody")
        uids = {k: m[3] for k, m in t.messages.items()}
        check(Told("break", "direct", d.pop3s_port, ca=ca).code("fetch") == "store/later", "broken off")
        t = Told("dele", "direct", d.pop3s_port, ca=ca)
        check(t.code("quit") == "-/-" and t.at["dele"][2] == "151", f"DELE: {t.text}")
        t = Told("all", "starttls", d.pop3_port, ca=ca)
        check([m[3] for m in t.messages.values()] == [uids[k] for k in range(2, 302, 2)], f"what is left: {t.text[:400]}")


with tempfile.TemporaryDirectory() as place:
    make_certificates(place)
    CA = f"{place}/ca.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{place}/server.pem", f"{place}/server.key")
    well(context)
    windows()
    logins()
    encrypted(context)
    nasty()
    silent()
if not installed():
    print("the rest needs Dovecot")
    sys.exit(77)
dovecot()
print("ok")
