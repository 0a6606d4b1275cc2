#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tmaild's POP3 beside its IMAP: Python's poplib, lines typed with LF, UIDLs over restarts and compaction, two sessions
at once, broken connections."""
import base64, imaplib, os, poplib, shutil, signal, socket, subprocess, time
from tm import Place, check, EFFORT, WAIT_S

N = max(20, int(200 * EFFORT))
HARD = [b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n\r\n.\r\n",
        b"Subject: from\r\n\r\nFrom here\r\n>From there\r\n",
        b"Subject: 8-bit\r\n\r\n\xff\xfe" + b"long" * 400 + b"\r\n",
        b"no header at all\r\n", b"\r\n\r\n", b"Subject: large\r\n\r\n" + b".a line of some length\r\n" * 20000]


def message(i):
    return b"Subject: mail %d\r\n\r\nThis is number %d.\r\n" % (i, i)


def imap(server, name):
    m = imaplib.IMAP4("127.0.0.1", server.ports["imap"], timeout=WAIT_S)
    m.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # APPEND is two small writes
    m.login(name, "pw")
    return m


def pop(server, name):
    p = poplib.POP3("127.0.0.1", server.ports["pop3"], timeout=WAIT_S)
    p.user(name)
    p.pass_("pw")
    return p


def pop_again(server, name):
    """After a broken connection, whose end a busy machine may notice late."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            return pop(server, name)
        except poplib.error_proto as e:
            check("[IN-USE]" in str(e) and time.monotonic() < deadline, f"cannot come again: {e}")


def add(server, name, messages):
    m = imap(server, name)
    for text in messages:
        check(m.append("INBOX", None, None, text)[0] == "OK", "APPEND")
    m.logout()


def uids(server, name, enter=pop):
    p = enter(server, name)
    found = [line.split()[1] for line in p.uidl()[1]]
    p.quit()
    return found


def body(lines):
    return b"\r\n".join(lines) + b"\r\n"


def refused(call, *args, code=""):
    try:
        call(*args)
    except poplib.error_proto as e:
        check(code in str(e), f"refused with {e}, not {code}")
        return
    check(False, f"{call.__name__}{args} was not refused")


def messages_are_those_of_imap(server):
    add(server, "hard", HARD)
    p, m = pop(server, "hard"), imap(server, "hard")
    m.select("INBOX", readonly=True)
    check(p.stat()[0] == len(HARD), "STAT")
    for i, text in enumerate(HARD, 1):
        got = body(p.retr(i)[1])
        check(got == text and got == m.fetch(str(i), "BODY[]")[1][0][1], f"message {i} is not what it was")
        check(p.list(i).split()[2] == b"%d" % len(text), f"size of message {i}")
    check(body(p.top(6, 2)[1]) == b"Subject: large\r\n\r\n" + b".a line of some length\r\n" * 2, "TOP")
    check(p.capa().keys() >= {"USER", "SASL", "TOP", "UIDL", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE",
                              "IMPLEMENTATION"} and "STLS" not in p.capa(), "CAPA")
    check(b"\\Seen" not in m.fetch("1", "FLAGS")[1][0], "reading by POP3 changed flags")
    p.quit()
    m.logout()


def talk(server, data):
    with socket.create_connection(("127.0.0.1", server.ports["pop3"]), WAIT_S) as s:
        s.sendall(data)
        answer = b""
        while piece := s.recv(65536):
            answer += piece
        return answer.decode("latin-1")


def a_person_types(server):
    add(server, "typist", [message(1), message(2)])
    for end in ("\n", "\r\n"):
        got = talk(server, end.join(["user typist", "pass pw", "stat", "list", "retr 1", "dele 2", "rset", "quit", ""])
                   .encode())
        check("\n" not in got.replace("\r\n", ""), "an answer ended in a bare LF")
        lines = got.split("\r\n")
        check([line[:3] for line in lines if line[:1] in "+-" and line] == ["+OK"] * 9, got)
        check("Subject: mail 1" in lines and "This is number 1." in lines and lines.count(".") == 2, got)
    check(len(uids(server, "typist")) == 2, "RSET did not hold")


def pipelined(server):
    add(server, "pipe", [message(i) for i in range(N)])
    ask = b"".join(b"RETR %d\r\n" % i for i in range(1, N + 1))
    got = talk(server, b"USER pipe\r\nPASS pw\r\n" + ask + b"QUIT\r\n")
    check([line for line in got.split("\r\n") if line.startswith("Subject")] ==
          [f"Subject: mail {i}" for i in range(N)], "pipelined RETRs came in disorder")


def uidls_last(server):
    """Over restarts, a kill -9, and the file written anew without what was deleted."""
    add(server, "keep", [message(i) for i in range(N)])
    before = uids(server, "keep")
    check(len(set(before)) == N, "UIDLs are not unique")
    for how in (signal.SIGTERM, signal.SIGKILL):
        server.stop(how)
        server.start()
        check(uids(server, "keep") == before, "UIDLs changed by a restart")
    path = os.path.join(server.root, "mail.root", "mail", "keep", "INBOX")
    size = os.path.getsize(path)
    m = imap(server, "keep")
    m.select("INBOX")
    m.store(f"1:{N - 5}", "+FLAGS.SILENT", "\\Deleted")
    m.expunge()
    m.logout()
    check(uids(server, "keep") == before[-5:], "UIDLs changed by deleting others")
    server.stop()
    server.start()
    check(uids(server, "keep") == before[-5:], "UIDLs changed by compaction")
    check(os.path.getsize(path) < size / 2, "the file was not compacted, so nothing was tested")
    add(server, "keep", [message(N)])
    after = uids(server, "keep")
    check(after[:5] == before[-5:] and after[5] not in before, "a UIDL was used again")


def all_deleted(server):
    """Empty, and UIDLs are not used again even then; an IMAP session hears of it."""
    add(server, "empty", [message(i) for i in range(5)])
    m = imap(server, "empty")
    m.select("INBOX")
    p = pop(server, "empty")
    before = [line.split()[1] for line in p.uidl()[1]]
    for i in range(1, 6):
        p.dele(i)
    check(m.noop()[0] == "OK" and m.response("EXPUNGE")[1] == [None], "deleted before QUIT")
    p.quit()
    m.noop()
    check(m.response("EXPUNGE")[1] == [b"5", b"4", b"3", b"2", b"1"], "the IMAP session did not hear of it")
    check(m.select("INBOX")[1] == [b"0"], "not empty")
    m.logout()
    check(uids(server, "empty") == [], "not empty by POP3")
    server.stop()
    server.start()
    add(server, "empty", [message(9)])
    after = uids(server, "empty")
    check(len(after) == 1 and after[0] not in before, "a UIDL was used again after all were deleted")


def two_at_once(server):
    add(server, "twice", [message(1)])
    first = pop(server, "twice")
    refused(pop, server, "twice", code="[IN-USE]")
    other = pop(server, "empty")  # of another account: no matter
    other.quit()
    first.quit()
    pop(server, "twice").quit()


def broken_connections(server):
    """Nothing goes without QUIT, and who comes again at once gets in."""
    add(server, "broken", [message(i) for i in range(3)])
    before = uids(server, "broken")
    for _ in range(int(20 * EFFORT) + 2):
        p = pop(server, "broken")
        p.dele(1)
        p.dele(2)
        p.close()
        check(uids(server, "broken", pop_again) == before, "a broken connection deleted")
    p = pop(server, "broken")
    p.dele(1)
    server.stop(signal.SIGKILL)
    p.close()
    server.start()
    check(uids(server, "broken") == before, "a killed server deleted")


def wrong_logins(place):
    server = place.tmaild("--user", "jane:right", name="users")
    for name, password in (("jane", "wrong"), ("nobody", "right")):
        p = poplib.POP3("127.0.0.1", server.ports["pop3"], timeout=WAIT_S)
        p.user(name)
        refused(p.pass_, password, code="[AUTH]")
        p.close()
    p = poplib.POP3("127.0.0.1", server.ports["pop3"], timeout=WAIT_S)
    p.user("jane")
    p.pass_("right")
    p.quit()


def other_clients(place, server):
    """mpop, where there is one: it pipelines, and trusts UIDLs."""
    if shutil.which("mpop") is None:
        return
    add(server, "mpop", HARD[:4])
    inbox = os.path.join(place.path, "mpop.mbox")
    argv = ["mpop", "-C", "/dev/null", "--host=127.0.0.1", f"--port={server.ports['pop3']}", "--user=mpop", "--tls=off",
            "--auth=plain", "--passwordeval=printf pw", f"--delivery=mbox,{inbox}", "--received-header=off",
            f"--uidls-file={place.path}/uidls", "--quiet"]
    for keep, left in (("on", 4), ("on", 4), ("off", 0)):
        subprocess.run([*argv, f"--keep={keep}"], check=True, timeout=120)
        check(len(uids(server, "mpop")) == left, "mpop deleted what it should not, or did not")
        with open(inbox, "rb") as f:
            text = f.read()
        check(text.count(b"Subject: dots") == 1 and text.count(b"\xff\xfelong") == 1, "mpop fetched twice or not at all")


def traced_without_secrets(place):
    """However the lines of a login are cut and joined on their way, --trace does not show the password."""
    secret, said = b"s3cr3t-w0rd", base64.b64encode(b"\0jane\0s3cr3t-w0rd")
    server = place.tmaild("--accept-any", "--trace", name="traced")
    ports = server.ports
    for port, pieces in (("pop3", (b"USER jane\r\n", b"PA", b"SS " + secret, b"\r\nQUIT\r\n")),
                         ("pop3", (b"AUTH PLAIN\r\n" + said + b"\r\nQUIT\r\n",)),
                         ("pop3", (b"AUTH PLAIN\r\n", said[:5], said[5:] + b"\r\nQUIT\r\n")),
                         ("imap", (b"a LO", b"GIN jane " + secret + b"\r\nb LOGOUT\r\n")),
                         ("imap", (b"a LOGIN jane {11+}\r\n" + secret + b"\r\nb LOGOUT\r\n",)),
                         ("imap", (b"a LOGIN jane {11}\r\n", secret[:4], secret[4:] + b"\r\nb LOGOUT\r\n")),
                         ("imap", (b"a AUTHENTICATE PLAIN\r\n" + said + b"\r\nb LOGOUT\r\n",)),
                         ("smtp", (b"EHLO x\r\nAUTH PLAIN\r\n" + said + b"\r\nQUIT\r\n",))):
        with socket.create_connection(("127.0.0.1", ports[port]), timeout=WAIT_S) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            s.recv(1000)
            for piece in pieces:
                s.sendall(piece)
                time.sleep(0.05)  # only to have it come in pieces: a busy machine joins them
            while s.recv(1000):
                pass
    server.stop()
    with open(os.path.join(server.root, "tmaild.log"), "rb") as f:
        log = f.read()
    check(b"C: USER jane" in log and b"C: ***" in log, "the dialogue is not in the log")
    for text in (secret, secret[4:], said, said[5:]):
        check(text not in log, f"{text} is in the log")


with Place() as place:
    server = place.tmaild("--accept-any")
    messages_are_those_of_imap(server)
    a_person_types(server)
    pipelined(server)
    uidls_last(server)
    all_deleted(server)
    two_at_once(server)
    broken_connections(server)
    wrong_logins(place)
    other_clients(place, server)
    traced_without_secrets(place)
    for each in place.servers:
        each.stop()
        check(each.process.returncode == 0, "tmaild did not end well")
