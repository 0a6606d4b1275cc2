#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trying servers: what they offer before anybody logs in, logging in under which name, what is told of those that fail, and that no
password goes where it must not."""
import imaplib, os, shutil, socket, sys, tempfile, threading

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", os.getcwd()), "tests/interop"))
import dovecot
from dovecot import Dovecot
from setup_world import World
from tm import Tmaild, check

D = "example.test"
AUTH, TLS, USAGE = 6, 5, 11


def server(protocol, port, host="mail." + D, tls="direct", user="jane@" + D):
    return {"protocol": protocol, "host": host, "port": port, "tls": tls, "user": user}


class Listener:
    """Takes connections, says a greeting, and keeps what comes."""

    def __init__(self, greeting):
        self.greeting, self.got = greeting, b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                c, _ = self.listener.accept()
                c.sendall(self.greeting)
                while data := c.recv(4096):
                    self.got += data
            except OSError:
                if self.listener.fileno() < 0:
                    return

    def close(self):
        self.listener.close()


def attempt(world, code=0, **question):
    said = world.probe({"probe": "try", "address": "jane@" + D, **question})
    check(said[-1].get("code", 0) == code, f"{question}: {said}")
    return [s for s in said if s["say"] not in ("progress", "end")]


def what_is_offered(world):
    for protocol, port, tls in (("imap", 993, "direct"), ("imap", 143, "starttls"), ("pop3", 995, "direct"), ("pop3", 110, "starttls")):
        said = attempt(world, receive=[server(protocol, port, tls=tls)], send=[server("smtp", 465), server("smtp", 587, tls="starttls")])
        check([(s["say"], s["side"], s["index"]) for s in said] == [("server", "receive", 0), ("server", "send", 0)], f"{said}")
        check(all(s["password"] and "PLAIN" in s["logins"] and "oauth" not in s for s in said), f"{said}")
    said = attempt(world, send=[server("smtp", 587, tls="starttls")])
    check(said[0]["password"], f"{said}")
    # The first that works, and why the others do not.
    said = attempt(world, receive=[server("imap", 999), server("imap", 993, host="mail.other.test"), server("imap", 465), server("imap", 993)])
    check([(s["say"], s["index"]) for s in said] == [("failed", 0), ("failed", 1), ("failed", 2), ("server", 3)], f"{said}")
    check(said[1]["code"] == TLS and "other.test" in said[1]["text"], f"{said}")


def logging_in(world, jane):
    receive, send = [server("imap", 993, user="jane@" + D)], [server("smtp", 465, user="jane@" + D)]
    said = attempt(world, receive=receive, send=send, secret="right")
    check([(s["say"], s["side"], s["user"]) for s in said] == [("logged-in", "receive", jane), ("logged-in", "send", jane)], f"{said}")
    check(said[0]["folders"] >= 1, f"{said}")
    said = attempt(world, receive=[server("pop3", 995, user=jane)], send=send, secret="right")
    check(said[0]["user"] == jane and len(said) == 2, f"{said}")
    # A password that the receiving side refuses is not shown to the sending one.
    said = attempt(world, code=AUTH, receive=receive, send=send, secret="wrong")
    check([(s["say"], s["side"]) for s in said] == [("failed", "receive")], f"{said}")


def no_password_where_it_must_not_be(world):
    plain = Listener(b"* OK here\r\n")
    world.routes.insert(0, f"mail.{D}:1143:127.0.0.1:{plain.port}")
    for tls in ("none", "direct", "starttls"):
        said = world.probe({"probe": "try", "address": "jane@" + D, "secret": "sesame", "receive": [server("imap", 1143, tls=tls)]})
        check(said[-1].get("code", 0) not in (0, AUTH), f"{tls}: {said}")
    plain.close()
    check(b"sesame" not in plain.got and b"LOGIN" not in plain.got, f"{plain.got}")
    world.routes.pop(0)
    # Certificates that are for others, or that nobody signed.
    said = attempt(world, code=TLS, secret="right", receive=[server("imap", 993, host="mail.other.test")])
    check(said[0]["code"] == TLS, f"{said}")
    attempt(world, code=USAGE, receive=[{"protocol": "imap", "host": "mail." + D, "port": 99999, "tls": "direct"}])
    attempt(world, code=USAGE, receive=[{"protocol": "imap", "port": 993}])
    attempt(world, code=USAGE, receive=["nonsense"])


def a_key_of_its_own(world, bridge):
    """A program on this machine with a certificate that nobody signed: its key can be pinned."""
    here = lambda p, port: server(p, port, host="127.0.0.1", tls="starttls", user="jane")
    receive, send = [here("imap", bridge.ports["imap"])], [here("smtp", bridge.ports["submission"])]
    world.routes[:0] = [f"127.0.0.1:{p}:127.0.0.1:{p}" for p in (bridge.ports["imap"], bridge.ports["submission"])]
    said = attempt(world, code=TLS, receive=receive, send=send)
    check([s["say"] for s in said] == ["failed", "failed"] and said[0]["pin"].startswith("sha256//"), f"{said}")
    check(said[0]["pin"] == said[1]["pin"], f"{said}")
    said = attempt(world, receive=receive, send=send, pin=said[0]["pin"])
    check([s["say"] for s in said] == ["server", "server"], f"{said}")
    # A port that is TLS from the start, as somebody types it: its certificate is told, not that STARTTLS is not answered there.
    port = bridge.ports["imaps"]
    world.routes.insert(0, f"127.0.0.1:{port}:127.0.0.1:{port}")
    said = attempt(world, code=TLS, receive=[dict(here("imap", port), tls=tls) for tls in ("direct", "starttls")])
    check([(s["say"], s["index"]) for s in said] == [("failed", 0)] and said[0]["pin"].startswith("sha256//"), f"{said}")
    said = attempt(world, code=TLS, receive=receive, pin="sha256//" + "A" * 43 + "=", secret="right")
    check(said[0]["code"] == TLS, f"{said}")


def folders_of_dovecot(world):
    """The folders for Sent, Drafts and Trash, by their names or by what the server says of them."""
    with Dovecot(tls=True, pop3=True) as d:
        reach = {"ca": f"{d.place}/ca.pem"}
        m = imaplib.IMAP4("127.0.0.1", d.port)
        m.login("jane", "pw")
        for name in ("Entw&APw-rfe", "Papierkorb"):
            m.create(f'"{name}"')
        m.logout()
        for servers in ([server("imap", d.tls_port, host="localhost")], [server("imap", d.port, host="localhost", tls="starttls")]):
            question = {"probe": "try", "receive": servers, "address": "jane@" + D, "reach": reach}
            said = world.probe(question, reach=False)
            check(said[-2]["say"] == "server" and said[-2]["password"] and not said[-1].get("code"), f"{said}")
            said = world.probe(dict(question, secret="pw"), reach=False)
            line = [s for s in said if s["say"] == "logged-in"][0]
            check((line["user"], line["sent"], line["drafts"], line["trash"]) == ("jane@" + D, "Sent", "Entw\u00fcrfe", "Papierkorb"),
                  f"{said}")
        said = world.probe({"probe": "try", "receive": [server("pop3", d.pop3s_port, host="localhost", user="jane")], "secret": "pw",
                            "reach": reach}, reach=False)
        check([s["user"] for s in said if s["say"] == "logged-in"] == ["jane"], f"{said}")


def main():
    place = tempfile.mkdtemp(prefix="tmail-try.")
    world = World(place, D, "*." + D)
    tmaild = Tmaild(os.path.join(place, "tmaild"), "--domain", D, "--user", "jane:right", "--tls-cert", f"{place}/server.pem",
                    "--tls-key", f"{place}/server.key", tls=True)
    bridge = Tmaild(os.path.join(place, "bridge"), "--domain", D, "--user", "jane:right", tls=True)
    for port, name in ((993, "imaps"), (143, "imap"), (995, "pop3s"), (110, "pop3"), (465, "submissions"), (587, "submission")):
        world.route("mail." + D, port, tmaild.ports[name])
    world.route("mail.other.test", 993, tmaild.ports["imaps"])
    try:
        what_is_offered(world)
        logging_in(world, "jane@" + D)
        no_password_where_it_must_not_be(world)
        a_key_of_its_own(world, bridge)
        if dovecot.installed():
            folders_of_dovecot(world)
    finally:
        bridge.stop()
        tmaild.stop()
        world.close()
        shutil.rmtree(place, ignore_errors=True)


main()
