#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tmaild's relay against scripted servers and a DNS of its own: which hosts are tried and in which order, what their answers
mean, TLS, loops, many recipients, large messages; and its delivery agents."""
import os, re, socket, ssl, subprocess, tempfile
from dns import Dns
from dovecot import make_certificates
from fake_smtp import EHLO, Peer
from tm import BUILD, TMAILD, check, Place, WAIT_S

ONCE = os.path.join(BUILD, "tests/interop/relay_once")
MAIL = b"Subject: hello\r\n\r\n.a line\r\nend\r\n"


def once(dns, port, how, destination, *rcpts, sender="me@here.example", copies=1, mail=MAIL, name="here.example", **env):
    """The results as dicts, the peak memory under "peak"."""
    with tempfile.TemporaryFile() as f:
        for piece in [mail] if isinstance(mail, bytes) else mail:
            f.write(piece)
        f.seek(0)
        argv = [ONCE, name, "-" if dns == "system" else dns.address if dns else "127.0.0.1:1", str(port), how, destination, sender, str(copies), *rcpts]
        p = subprocess.run(argv, stdin=f, capture_output=True, timeout=20, env=dict(os.environ, **env))
    check(p.returncode == 0, f"{argv}: {p.returncode}\n{p.stderr.decode()}")
    rows, keys = [], ("copy", "to", "fate", "code", "enhanced", "host", "dsn", "text")
    for line in p.stdout.decode("utf-8", "replace").splitlines():
        if line.startswith("peak "):
            once.peak = int(line.split()[1])
        else:
            rows.append(dict(zip(keys, line.split(" ", 7))))
    once.log = p.stderr.decode()
    return rows


def one(*args, **kwargs):
    rows = once(*args, **kwargs)
    check(len(rows) == 1, f"one result: {rows}")
    return rows[0]


def want(row, fate, enhanced=None, code=None):
    check(row["fate"] == fate and (enhanced is None or row["enhanced"] == enhanced) and
          (code is None or row["code"] == str(code)), f"{row}, not {fate} {code} {enhanced}\n{once.log}")


def mx_by_preference(dns, port):
    a, b = Peer("127.0.0.2", port), Peer("127.0.0.3", port)
    dns.records.update({"d.example": {"MX": [(20, "b.example"), (10, "a.example")]},
                        "a.example": {"A": ["127.0.0.2"]}, "b.example": {"A": ["127.0.0.3"]}})
    row = one(dns, port, "relay", "d.example", "x@d.example")
    want(row, "sent", "2.6.0", 250)
    check(row["host"] == "a.example" and row["dsn"] == "1", f"the best one: {row}")
    check(len(a.mails) == 1 and b.sessions == 0, "the other is left alone")
    check(a.mails[0]["data"] == MAIL, f"the same bytes: {a.mails[0]['data']}")
    check(a.lines[0] == "EHLO here.example" and "SIZE=%d" % len(MAIL) in a.mails[0]["from"], f"{a.lines}")
    a.close()
    row = one(dns, port, "relay", "d.example", "x@d.example")
    want(row, "sent")
    check(row["host"] == "b.example", "the first one is down")
    b.close()
    want(one(dns, port, "relay", "d.example", "x@d.example"), "later", "4.4.1", 0)


def hosts_that_do_not_work(dns, port):
    """Each of these is passed over for the next one."""
    good = Peer("127.0.0.9", port)
    dns.records.update({"d.example": {"MX": [(10, "bad.example"), (20, "good.example")]},
                        "bad.example": {"A": ["127.0.0.8"]}, "good.example": {"A": ["127.0.0.9"]}})
    for what in ({"greet": "421 busy"}, {"greet": "450 wait"}, {"greet": "554 5.7.1 away"}, {"greet": ""}, {"greet": "521 never"},
                 {"greet": "SSH-2.0-OpenSSH"}, {"says": {"EHLO": "451 4.3.2 no", "HELO": "451 4.3.2 no"}}, {"says": {"EHLO": "CLOSE"}},
                 {"says": {"MAIL": "421 4.3.2 down"}}, {"says": {"RCPT": "CLOSE"}}, {"says": {"DATA": "CLOSE"}}):
        bad = Peer("127.0.0.8", port, **what)
        row = one(dns, port, "relay", "d.example", "x@d.example")
        want(row, "sent")
        check(row["host"] == "good.example" and bad.sessions >= 1, f"{what}: {row}")
        bad.close()
    good.close()
    for greet, fate, enhanced, code in (("554 5.7.1 away", "later", "4.0.0", 554), ("521 never", "refused", "5.3.2", 521),
                                        ("450 4.7.1 wait", "later", "4.7.1", 450)):
        bad = Peer("127.0.0.8", port, greet=greet)
        dns.records["d.example"] = {"MX": [(10, "bad.example")]}
        row = one(dns, port, "relay", "d.example", "x@d.example")
        want(row, fate, enhanced, code)
        check(row["host"] == "bad.example" and greet[4:] in row["text"], f"{row}")
        bad.close()


def names_without_mail(dns, port):
    dns.records.update({"null.example": {"MX": [(0, "")]}, "nothing.example": {"TXT": []}, "broken.example": "servfail",
                        "refused.example": "refused", "lost.example": {"MX": [(10, "gone.example")]},
                        "half.example": {"MX": "garbage"}, "loop.example": {"MX": "loop"}, "short.example": {"MX": "short"},
                        "nohost.example": {"MX": [(10, "broken.example")]}})
    for domain, fate, enhanced in (("null.example", "refused", "5.1.10"), ("no.such.example", "refused", "5.1.2"),
                                   ("nothing.example", "refused", "5.4.4"), ("broken.example", "later", "4.4.3"),
                                   ("refused.example", "later", "4.4.3"), ("lost.example", "refused", "5.4.4"),
                                   ("loop.example", "later", "4.4.3"), ("short.example", "later", "4.4.3"),
                                   ("nohost.example", "later", "4.4.3"), ("half.example", "later", "4.4.3"),
                                   ("a b", "refused", "5.1.2"), ("[nonsense]", "refused", "5.1.2"),
                                   ("../etc", "refused", "5.1.2"), ("a" * 64 + ".example", "refused", "5.1.2")):
        want(one(dns, port, "relay", domain, "x@d.example"), fate, enhanced, 0)


def other_ways_to_a_host(dns, port):
    peer = Peer("127.0.0.4", port)
    dns.records.update({"a.only": {"A": ["127.0.0.4"]}, "alias.example": {"CNAME": "a.only"},
                        "tcp.example": {"MX": "truncated mx.tcp.example"}, "mx.tcp.example": {"A": ["127.0.0.4"]},
                        "two.example": {"A": ["127.0.0.5", "127.0.0.4"]}, "b\u00fccher.example": {},
                        "xn--bcher-kva.example": {"MX": [(1, "a.only")]},
                        "many.example": {"MX": [(10 + i, f"mx{i}.a.rather.long.name.example") for i in range(60)] + [(1, "a.only")]}})
    for domain in ("a.only", "alias.example", "tcp.example", "two.example", "[127.0.0.4]", "A.Only.", "many.example"):
        want(one(dns, port, "relay", domain, "x@" + domain.rstrip(".")), "sent")
    check(("tcp.example", "MX", "tcp") in dns.asked, "TC leads to TCP")
    check(len(peer.mails) == 7, f"{len(peer.mails)}")
    want(one(dns, port, "relay", "b\u00fccher.example", "x@b\u00fccher.example"), "sent")
    peer.close()
    try:
        six = Peer("::1", port)
    except OSError:
        return
    dns.records["six.example"] = {"AAAA": ["::1"]}
    want(one(dns, port, "relay", "six.example", "x@six.example"), "sent")
    want(one(dns, port, "relay", "[IPv6:::1]", "x@[IPv6:::1]"), "sent")
    six.close()


def answers_and_what_they_mean(dns, port):
    dns.records["d.example"] = {"A": ["127.0.0.6"]}
    by_rcpt = {"x": "550 5.1.1 who", "y": "450 4.2.0 grey", "z": None, "w": "553 no code"}

    def rcpt(line, peer):
        return by_rcpt[line.split("<")[1][0]]

    peer = Peer("127.0.0.6", port, says={"RCPT": rcpt})
    rows = once(dns, port, "relay", "d.example", "x@d.example", "y@d.example", "z@d.example", "w@d.example")
    for row, (fate, enhanced, code) in zip(rows, (("refused", "5.1.1", 550), ("later", "4.2.0", 450), ("sent", "2.6.0", 250),
                                                 ("refused", "5.0.0", 553))):
        want(row, fate, enhanced, code)
        check(row["dsn"] == str(int(fate == "sent")), f"{row}")
    peer.close()
    for says, fate, enhanced, code in (({"MAIL": "550 5.7.1 not you"}, "refused", "5.7.1", 550), ({"MAIL": "451 wait"}, "later", "4.0.0", 451),
                                       ({"DATA": "554 5.6.0 no"}, "refused", "5.6.0", 554), ({"DOT": "552 5.3.4 large"}, "refused", "5.3.4", 552),
                                       ({"DOT": "451 4.3.0 x"}, "later", "4.3.0", 451), ({"DOT": "550 2.0.0 odd"}, "refused", "5.0.0", 550),
                                       ({"DOT": "CLOSE"}, "later", "4.4.2", 0), ({"DOT": "what?"}, "later", "4.4.2", 0),
                                       ({"RCPT": "421 4.7.0 go"}, "later", "4.4.2", 0)):
        peer = Peer("127.0.0.6", port, says=says)
        row = one(dns, port, "relay", "d.example", "x@d.example")
        want(row, fate, enhanced, code)
        check(row["host"] == "d.example" and row["dsn"] == "0", f"{row}")
        peer.close()


def extensions(dns, port):
    dns.records["d.example"] = {"A": ["127.0.0.6"]}
    peer = Peer("127.0.0.6", port)
    env = {"NOTIFY": "10", "ORCPT": "rfc822;a+40b", "ENVID": "id+2B1", "RET": "2", "EIGHT": "1", "UTF8": "1"}
    want(one(dns, port, "relay", "d.example", "\u00e4@d.example", **env), "sent")
    check(peer.mails[0]["from"].endswith(" BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=id+2B1"), f"{peer.mails[0]}")
    check(peer.mails[0]["to"] == ["RCPT TO:<\u00e4@d.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+40b"], f"{peer.mails[0]}")
    peer.close()
    peer = Peer("127.0.0.6", port, ehlo=["SIZE 10"])
    want(one(dns, port, "relay", "d.example", "x@d.example"), "refused", "5.3.4", 0)
    peer.ehlo = []
    want(one(dns, port, "relay", "d.example", "x@d.example", UTF8="1"), "refused", "5.6.7", 0)
    want(one(dns, port, "relay", "d.example", "\u00e4@d.example"), "refused", "5.6.7", 0)
    want(one(dns, port, "relay", "d.example", "x@d.example", EIGHT="1"), "refused", "5.6.3", 0)
    row = one(dns, port, "relay", "d.example", "x@d.example", NOTIFY="2", ENVID="e")
    want(row, "sent")
    check(row["dsn"] == "0" and peer.mails[-1]["from"] == "MAIL FROM:<me@here.example>", f"{row} {peer.mails[-1]}")
    old = Peer("127.0.0.7", port, says={"EHLO": "502 what"})
    dns.records["old.example"] = {"A": ["127.0.0.7"]}
    want(one(dns, port, "relay", "old.example", "x@old.example", sender=""), "sent")
    check("HELO here.example" in old.lines and "MAIL FROM:<>" in old.lines, f"{old.lines}")
    for p in (peer, old):
        p.close()


def tls(dns, port, place):
    key, cert = os.path.join(place, "key.pem"), os.path.join(place, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                    "-subj", "/CN=wrong.example", "-keyout", key, "-out", cert], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    dns.records["d.example"] = {"MX": [(1, "mx.example")]}
    dns.records["mx.example"] = {"A": ["127.0.0.6"]}
    peer = Peer("127.0.0.6", port, tls=context)
    want(one(dns, port, "relay", "d.example", "x@d.example"), "sent")
    check(peer.mails[0]["secure"] and peer.sessions == 1, "TLS, whoever signed the certificate")
    row = one(dns, port, f"host:smtp://127.0.0.6:{port}", "d.example", "x@d.example")
    want(row, "later", "4.4.1", 0)
    check(len(peer.mails) == 1, "a smart host that needs TLS is verified")
    make_certificates(place)
    trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trusted.load_cert_chain(os.path.join(place, "server.pem"), os.path.join(place, "server.key"))
    for kind, host in (("smtp", Peer("127.0.0.1", tls=trusted)), ("smtps", Peer("127.0.0.1", direct=trusted))):
        for ca, fate in ((None, "later"), (os.path.join(place, "ca.pem"), "sent")):
            want(one(dns, port, f"host:{kind}://127.0.0.1:{host.port}", "d.example", "x@d.example",
                     **({"RELAY_CA": ca} if ca else {})), fate)
        check(len(host.mails) == 1 and host.mails[0]["secure"], f"{kind}: {host.mails}")
        host.close()
    peer.close()
    for broken in ({"tls": "broken"}, {"tls": context, "says": {"STARTTLS": "454 not now"}}, {"tls": context, "says": {"STARTTLS": "CLOSE"}}):
        peer = Peer("127.0.0.6", port, **broken)
        row = one(dns, port, "relay", "d.example", "x@d.example")
        want(row, "sent")
        check(not peer.mails[0]["secure"], "in the clear")
        peer.close()


def smart_host_with_login(port):
    got = []

    def auth(line, peer):
        got.append(line)
        return "235 2.7.0 ok" if line == "AUTH PLAIN AG1lQGlzcABwdw==" else "535 5.7.8 no"

    peer = Peer("127.0.0.6", port, says={"AUTH": auth}, ehlo=EHLO + ["AUTH PLAIN LOGIN"])
    env = {"LOGIN_NAME": "me@isp", "LOGIN_PASSWORD": "pw"}
    want(one(None, port, f"host:127.0.0.6:{port}", "d.example", "x@d.example", **env), "sent")
    env["LOGIN_PASSWORD"] = "wrong"
    want(one(None, port, f"host:127.0.0.6:{port}", "d.example", "x@d.example", **env), "later", "4.0.0", 535)
    want(one("system", port, f"host:localhost:{port}", "d.example", "x@d.example"), "later", "4.4.1")  # found, but nobody listens there
    check(len(got) == 2 and "AG1l" not in once.log, f"{got} {once.log}")
    peer.close()
    for words, good in ((["--relay", "smtps://192.0.2.1"], True), (["--relay", "smtp://mx.example:587"], True),
                        (["--relay", "127.0.0.1:25"], True), (["--relay", "mx.example:25"], False), ([], False)):
        p = subprocess.run([TMAILD, *words, "--relay-login", "me:pw", "--help"], capture_output=True, timeout=WAIT_S)
        check((p.returncode == 0) == good, f"{words}: {p}")


def loops(dns, port):
    peer = Peer("127.0.0.6", port, name="here.example")
    dns.records.update({"us.example": {"MX": [(10, "other.name.example"), (20, "x.example")]},
                        "other.name.example": {"A": ["127.0.0.6"]}, "x.example": {"A": ["127.0.0.7"]},
                        "listed.example": {"MX": [(10, "HERE.example"), (20, "x.example")]},
                        "second.example": {"MX": [(5, "down.example"), (10, "here.example"), (20, "x.example")]},
                        "equal.example": {"MX": [(10, "x.example"), (10, "here.example")]},
                        "down.example": {"A": ["127.0.0.8"]}})
    x = Peer("127.0.0.7", port)
    want(one(dns, port, "relay", "us.example", "x@us.example"), "refused", "5.4.6", 0)
    want(one(dns, port, "relay", "listed.example", "x@listed.example"), "refused", "5.4.6", 0)
    want(one(dns, port, "relay", "equal.example", "x@equal.example"), "refused", "5.4.6", 0)
    want(one(dns, port, "relay", "second.example", "x@second.example"), "later", "4.4.1", 0)
    check(x.sessions == 0 and not peer.mails, "nobody behind us is asked")
    want(one(dns, port, f"host:127.0.0.6:{port}", "us.example", "x@us.example"), "sent")  # a smart host that was named is meant
    want(one(dns, port, f"host:no.such.example:{port}", "us.example", "x@us.example"), "later", "4.4.3", 0)
    for p in (peer, x):
        p.close()


def many_on_one_connection(dns, port):
    dns.records["d.example"] = {"A": ["127.0.0.6"]}
    peer = Peer("127.0.0.6", port)
    names = [f"r{i}@d.example" for i in range(250)]
    rows = once(dns, port, "relay", "d.example", *names, copies=3)
    check(len(rows) == 750 and all(r["fate"] == "sent" for r in rows), "all of them")
    check(peer.sessions == 1 and len(peer.mails) == 9, f"{peer.sessions} connections, {len(peer.mails)} transactions")
    check(sorted(t for m in peer.mails[:3] for t in m["to"]) == sorted(f"RCPT TO:<{n}>" for n in names), "each once")
    peer.close()

    def two_a_session(line, peer):
        peer.n = getattr(peer, "n", 0) + 1
        return "421 4.7.0 enough" if peer.n % 3 == 0 else None

    peer = Peer("127.0.0.6", port, says={"MAIL": two_a_session})
    rows = once(dns, port, "relay", "d.example", "x@d.example", copies=6)
    check(all(r["fate"] == "sent" for r in rows) and len(peer.mails) == 6 and peer.sessions == 3, f"{rows} {peer.sessions}")
    peer.close()


def large(dns, port):
    dns.records["d.example"] = {"A": ["127.0.0.6"]}
    peer = Peer("127.0.0.6", port)
    line = b"x" * 998 + b"\r\n"
    want(one(dns, port, "relay", "d.example", "x@d.example"), "sent")
    small = once.peak
    want(one(dns, port, "relay", "d.example", "x@d.example", mail=[line * 1000] * 40), "sent")
    check(len(peer.mails[1]["data"]) == 40_000_000, "all of it")
    check(once.peak < small + 2000 or sanitized(), f"peak {once.peak} kB for 40 MB, {small} kB for next to nothing")
    peer.close()


def sanitized():
    with open(ONCE, "rb") as f:
        return b"__asan" in f.read()


def hanging(dns, port):
    """A server without a word is not waited for, once the attempt is called off: here the caller's patience is a signal."""
    dns.records["d.example"] = {"A": ["127.0.0.6"]}
    peer = Peer("127.0.0.6", port, greet=None)
    with tempfile.TemporaryFile() as f:
        p = subprocess.Popen([ONCE, "here.example", dns.address, str(port), "relay", "d.example", "a@b", "1", "x@d.example"],
                             stdin=f, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while peer.sessions == 0:
            check(p.poll() is None, "it waits for a greeting")
            peer.silent.wait(0.01)
        peer.close()  # lets go
        out, _ = p.communicate(timeout=WAIT_S)
    check(b" later 0 4.4.1 " in out, f"{out}")


def maildir(place):
    root = os.path.join(place, "maildir")
    rows = once(None, 25, f"agent:maildir:{root}/{{account}}/Maildir", "-", "jane", "../x", "a/b", "-v", mail=MAIL + b"\r\rx\r\n")
    for row, fate in zip(rows, ("sent", "refused", "refused", "sent")):
        want(row, fate)
    new = os.path.join(root, "jane/Maildir/new")
    names = os.listdir(new)
    check(len(names) == 1 and re.fullmatch(r"\d+\.M\d+P\d+Q\d+R[0-9a-f]+\.here\.example", names[0]), f"{names}")
    with open(os.path.join(new, names[0]), "rb") as f:
        check(f.read() == b"Return-Path: <me@here.example>\nSubject: hello\n\n.a line\nend\n\r\rx\n", "the bytes")
    check(not os.listdir(os.path.join(root, "jane/Maildir/tmp")) and os.path.isdir(os.path.join(root, "jane/Maildir/cur")), "tmp, cur")
    check(os.stat(os.path.join(new, names[0])).st_mode & 0o777 == 0o600, "private")
    check(sorted(os.listdir(root)) == ["-v", "jane"] and sorted(os.listdir(place)).count("x") == 0, "no path from a name")
    with open(ONCE, "rb") as f:
        has_faults = b"TMAIL_FAULT_HIT" in f.read()
    for kind in ("open", "write", "full", "fsync", "rename") if has_faults else ():
        for n in range(1, 50):  # fails at the n-th: nobody has it, and it is to come again
            where = os.path.join(place, f"fail-{kind}-{n}")
            row = one(None, 25, f"agent:maildir:{where}", "-", "jane", TMAIL_FAULT=f"relay_once:{kind}:{n}")
            there = sum(len(files) for _, _, files in os.walk(where))
            check((row["fate"], there) in (("sent", 1), ("later", 0)), f"{kind} {n}: {row} {there}")
            if row["fate"] == "sent":
                break
        check(n > 1 and row["fate"] == "sent", f"{kind}: {row}")
    os.makedirs(os.path.join(root, "eve/Maildir"))
    os.symlink("/tmp", os.path.join(root, "eve/Maildir/new"))
    want(one(None, 25, f"agent:maildir:{root}/{{account}}/Maildir", "-", "eve"), "later", "4.3.0")


def command(place):
    out = os.path.join(place, "command.out")
    script = f'cat >{out}; echo "$SENDER|$RECIPIENT|$ACCOUNT|$1|$HOME" >>{out}'
    want(one(None, 25, f"agent:command:sh -c '{script}' x {{account}}@host", "-", "jane"), "sent", "2.0.0")
    with open(out, "rb") as f:
        got = f.read()
    check(got == b"Return-Path: <me@here.example>\nSubject: hello\n\n.a line\nend\nme@here.example|jane|jane|jane@host|\n", f"{got}")
    for code, fate, enhanced in ((0, "sent", "2.0.0"), (67, "refused", "5.1.1"), (75, "later", "4.3.0"), (1, "later", "4.3.0"),
                                 (77, "refused", "5.7.0"), (127, "later", "4.3.0")):
        row = one(None, 25, f"agent:command:sh -c 'echo some reason >&2; exit {code}'", "-", "jane")
        want(row, fate, enhanced)
        check(row["text"] == "some reason", f"{row}")
    want(one(None, 25, "agent:command:/no/such/program", "-", "jane"), "later", "4.3.0")
    want(one(None, 25, "agent:command:sh -c 'kill -9 $$'", "-", "jane"), "later", "4.3.0")
    want(one(None, 25, "agent:command:echo {account}", "-", "-n"), "refused", "5.1.3")
    want(one(None, 25, "agent:command:true", "-", "jane", sender="a@b;\nX=1"), "refused", "5.1.3")
    small = once.peak
    big = [b"x" * 998 + b"\r\n"] * 20000
    want(one(None, 25, "agent:command:true", "-", "jane", mail=big), "sent")  # reads nothing of it
    want(one(None, 25, "agent:command:sh -c 'yes | head -c 30000000; cat >/dev/null'", "-", "jane", mail=big), "sent")
    check(once.peak < small + 2000 or sanitized(), f"peak {once.peak}, {small}")


def lmtp(place):
    path = os.path.join(place, "lmtp.sock")
    answers = {"jane": None, "full": "452 4.2.2 full", "gone": "550 5.1.1 gone"}

    def dot(to, peer):
        return answers[to.split("<")[1].split("@")[0]]

    for how in ("socket", "port"):
        peer = Peer("127.0.0.6", says={"DOT": dot}, path=path if how == "socket" else None)
        where = path if how == "socket" else f"127.0.0.6:{peer.port}"
        rows = once(None, 25, f"agent:lmtp:{where}", "-", "jane", "full", "gone")
        for row, (fate, enhanced) in zip(rows, (("sent", "2.6.0"), ("later", "4.2.2"), ("refused", "5.1.1"))):
            want(row, fate, enhanced)
        check(peer.lines[0] == "LHLO here.example" and "RCPT TO:<jane@here.example>" in peer.mails[0]["to"], f"{peer.lines}")
        check(peer.mails[0]["data"] == MAIL, "the same bytes")
        peer.close()
        want(one(None, 25, f"agent:lmtp:{where}", "-", "jane"), "later", "4.4.1")
        if how == "socket":
            os.unlink(path)


with Place() as home:
    place = home.path
    dns = Dns({})
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]  # of all peers; each has an address of its own
    mx_by_preference(dns, port)
    hosts_that_do_not_work(dns, port)
    names_without_mail(dns, port)
    other_ways_to_a_host(dns, port)
    answers_and_what_they_mean(dns, port)
    extensions(dns, port)
    tls(dns, port, place)
    smart_host_with_login(port)
    loops(dns, port)
    many_on_one_connection(dns, port)
    large(dns, port)
    hanging(dns, port)
    maildir(place)
    command(place)
    lmtp(place)
    dns.close()
print("ok")
