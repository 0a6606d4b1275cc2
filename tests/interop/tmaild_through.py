#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mail through one tmaild to another, queue and all: by MX and by smart host, with TLS; reports on their way back; loops, which the
hop limit ends; domains without mail; and the delivery agents behind the queue of a server that is confined."""
import email, os, poplib, smtplib, socket, subprocess, time
from dns import Dns
from tm import Place, TMAILD, check, WAIT_S

MAIL = b"Subject: %s\r\nMessage-ID: <%s@test.example>\r\n\r\nsome text\r\n.dot\r\n"


def free_port():
    """Free on all the addresses that are used."""
    while True:
        socks = [socket.socket() for _ in range(3)]
        try:
            socks[0].bind(("127.0.0.1", 0))
            port = socks[0].getsockname()[1]
            for k in (1, 2):
                socks[k].bind((f"127.0.0.{k + 1}", port))
            return port
        except OSError:
            pass
        finally:
            for s in socks:
                s.close()


class Net:
    """Servers a.example, b.example, ... at 127.0.0.1, 127.0.0.2, ..., which find each other in the DNS."""

    def __init__(self, place):
        self.place, self.port, self.dns, self.n = place, free_port(), Dns({}), 0

    def server(self, *options, name=None, dns=None, tls=True):
        self.n += 1
        name, address = name or f"{chr(96 + self.n)}.example", f"127.0.0.{self.n}"
        self.dns.records[name] = {"MX": [(10, f"mx.{name}")]}
        self.dns.records[f"mx.{name}"] = {"A": [address]}
        server = self.place.tmaild("--listen", address, "--domain", name, "--user", "jane:pw", "--smtp", str(self.port),
                                   "--dns", (dns or self.dns).address, "--mx-port", str(self.port), *options, name=name, tls=tls)
        server.address, server.name = address, name
        return server


def send(server, sender, rcpts, mail, **params):
    with smtplib.SMTP(server.address, server.ports["submission"], timeout=WAIT_S) as s:
        s.login("jane", "pw")
        s.sendmail(sender, rcpts, mail, **params)


def inbox(server, found, what):
    """The messages of jane once found(messages) holds."""
    until = time.monotonic() + WAIT_S
    while True:
        p = poplib.POP3(server.address, server.ports["pop3"], timeout=WAIT_S)
        p.user("jane")
        p.pass_("pw")
        texts = [email.message_from_bytes(b"\r\n".join(p.retr(i + 1)[1])) for i in range(len(p.list()[1]))]
        p.quit()
        if found(texts):
            return texts
        check(time.monotonic() < until, f"{what}: {[t['subject'] for t in texts]}\n{log_of(server)[-3000:]}")
        time.sleep(0.05)


def log_of(server):
    with open(os.path.join(server.root, "tmaild.log"), encoding="utf-8", errors="replace") as f:
        return f.read()


def queue(server):
    p = subprocess.run([TMAILD, "queue", "list", "--root", os.path.join(server.root, "mail.root")], capture_output=True, text=True,
                       timeout=WAIT_S)
    check(p.returncode == 0, f"{p}")
    return [line for line in p.stdout.splitlines() if line[:1] not in ("", " ")]


def at_rest(*servers):
    until = time.monotonic() + WAIT_S
    while any(queue(s) for s in servers):
        check(time.monotonic() < until, "the queue does not come to rest: " + "\n".join(log_of(s)[-1500:] for s in servers))
        time.sleep(0.05)


def subjects(texts):
    return sorted(t["subject"] for t in texts)


def report(text):
    """The fields about each recipient of a delivery status notification."""
    check(text.get_content_type() == "multipart/report", text.get_content_type())
    return text.get_payload()[1].get_payload()[1:]


def there_and_back(net):
    a, b = net.server(), net.server()
    send(a, "jane@a.example", ["jane@b.example"], MAIL % (b"one", b"1"))
    text = inbox(b, lambda t: len(t) == 1, "it comes to b")[0]
    check(text["return-path"] == "<jane@a.example>" and text.get_payload().split() == ["some", "text", ".dot"], f"{text}")
    received = text.get_all("received")
    check(len(received) == 2 and "from a.example" in received[0] and "ESMTPS" in received[0], f"{received}")
    send(a, "jane@a.example", ["jane@b.example", "jane@a.example"], MAIL % (b"two", b"2"), mail_options=["RET=HDRS", "ENVID=xyz"],
         rcpt_options=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;old@b.example"])
    inbox(b, lambda t: len(t) == 2, "both get it")
    texts = inbox(a, lambda t: len(t) >= 3, "and two reports of success come")
    actions = sorted((f["action"], f["final-recipient"].split(";")[1].strip()) for t in texts if t["subject"] != "two" for f in report(t))
    check(actions == [("delivered", "jane@a.example"), ("delivered", "jane@b.example")], f"{actions}")
    from_b = next(t for t in texts if t["subject"] != "two" and "b.example" in t["from"])
    check(from_b.get_payload()[1].get_payload()[0]["original-envelope-id"] == "xyz", f"{from_b}")
    check(report(from_b)[0]["original-recipient"].replace(" ", "") == "rfc822;old@b.example", f"{from_b}")
    at_rest(a, b)
    return a, b


def returned(net, a, b):
    net.dns.records["null.example"] = {"MX": [(0, "")]}
    before = len(inbox(a, lambda t: True, ""))
    for n, (rcpt, status) in enumerate((("x@no.such.example", "5.1.2"), ("x@null.example", "5.1.10"), ("nobody@b.example", "5.1.1"))):
        send(a, "jane@a.example", [rcpt], MAIL % (b"lost", b"3%d" % n))
        texts = inbox(a, lambda t: len(t) == before + n + 1, f"{rcpt} comes back")
        fields = report(texts[-1])[0]
        check(fields["action"] == "failed" and fields["status"].startswith(status), f"{fields}")
        check(texts[-1]["return-path"] == "<>", f"{texts[-1]['return-path']}")
    send(a, "", ["x@no.such.example"], MAIL % (b"null sender", b"4"))
    at_rest(a, b)
    check(len(inbox(a, lambda t: True, "")) == before + 3, "a null sender gets nothing back")


def loop(net, a, b):
    """Each believes that the other has loop.example: fifty hops, one report, and it is over."""
    for text in (a, b):
        text.stop()
    other = Dns({"loop.example": {"MX": [(1, "mx.a.example")]}, **net.dns.records})
    net.dns.records["loop.example"] = {"MX": [(1, "mx.b.example")]}
    a.options = [*a.options, "--relay-from", "127.0.0.0/8"]
    words = list(b.options)
    words[words.index("--dns") + 1] = other.address
    b.options = [*words, "--relay-from", "127.0.0.0/8"]
    for s in (a, b):
        s.start()
    before = len(inbox(a, lambda t: True, ""))
    send(a, "jane@a.example", ["x@loop.example"], MAIL % (b"round", b"5"))
    texts = inbox(a, lambda t: len(t) == before + 1, "it comes back")
    check(report(texts[-1])[0]["action"] == "failed", f"{texts[-1]}")
    at_rest(a, b)
    hops = sum(log_of(s).count(" sent to=<x@loop.example>") for s in (a, b))
    check(40 <= hops <= 60, f"{hops} hops")
    check(len(inbox(a, lambda t: True, "")) == before + 1, "one report")
    other.close()


def smart_host(net, a):
    """A smart host is meant, whatever the DNS says; and that it is away is no reason to return anything."""
    before = len(inbox(a, lambda t: True, ""))
    c = net.server("--relay", f"127.0.0.1:{net.port}", tls=False)
    send(c, "jane@c.example", ["jane@a.example"], MAIL % (b"by smart host", b"6"))
    inbox(a, lambda t: len(t) == before + 1, "it comes")
    at_rest(c)
    a.stop()
    send(c, "jane@c.example", ["jane@a.example"], MAIL % (b"later", b"7"))
    until = time.monotonic() + WAIT_S
    while " later to=<jane@a.example>" not in log_of(c):
        check(time.monotonic() < until, log_of(c))
        time.sleep(0.02)
    check(len(queue(c)) == 1 and not inbox(c, lambda t: True, ""), f"{queue(c)}")
    a.start()
    said = subprocess.run([TMAILD, "queue", "flush", "--root", os.path.join(c.root, "mail.root")], capture_output=True, timeout=WAIT_S)
    check(said.returncode == 0, f"{said}")
    inbox(a, lambda t: len(t) == before + 2, "it comes after all")


def agents(net):
    """Behind the queue: a Maildir, a command, LMTP; with the paths of the server confined."""
    place = net.place.path
    d = net.place.tmaild("--domain", "e.example", "--user", "jane:pw", "--user", "joe:pw", "--lmtp", "0", "--dns", net.dns.address, name="d")
    out, box = os.path.join(place, "out"), os.path.join(place, "box")
    os.mkdir(out)
    for n, (agent, more) in enumerate(((f"maildir:{box}/{{account}}", ()), (f"lmtp:127.0.0.1:{d.ports['lmtp']}", ()),
                                       (f"command:/bin/sh -c 'cat >{out}/$ACCOUNT'", ("--allow", out)))):
        e = net.place.tmaild("--domain", "e.example", "--user", "jane:pw", "--user", "joe:pw", "--agent", agent, "--dns",
                             net.dns.address, *more, name=f"e{n}")
        with smtplib.SMTP("127.0.0.1", e.ports["smtp"], timeout=WAIT_S) as s:
            s.sendmail("x@y.example", ["jane@e.example", "joe+detail@e.example"], MAIL % (b"agent %d" % n, b"7"))
        at_rest(e)
        for name in ("jane", "joe"):
            if n == 0:
                (file,) = os.listdir(f"{box}/{name}/new")
                path = f"{box}/{name}/new/{file}"
            elif n == 1:
                path = os.path.join(d.root, "mail.root/mail", name, "INBOX")
            else:
                path = f"{out}/{name}"
            with open(path, "rb") as f:
                data = f.read()
            check(b"Subject: agent %d\n" % n in data and b"\nsome text\n.dot\n" in data and b"x@y.example" in data, f"{path}: {data}")
        e.stop()
        check(f"delivered to=<jane@e.example> account=jane" in log_of(e), log_of(e))


with Place() as home:
    net = Net(home)
    first, second = there_and_back(net)
    returned(net, first, second)
    loop(net, first, second)
    smart_host(net, first)
    agents(net)
    net.dns.close()
print("ok")
