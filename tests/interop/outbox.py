# SPDX-License-Identifier: MIT
"""What becomes of mail on its way out, against a server that says what the test wants: receipts, a time to send at, LMTP with an answer
for each recipient, servers that let only so many messages through, a login that only the sending server refuses."""
import json, os, re, shutil, socket, sqlite3, subprocess, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import postfix
from fake_smtp import EHLO, Peer
from tm import Place, check, rc_for


def rc(send, extra=""):
    return ('[tmail]\nundo-send = 0\n\n[account work]\naddress = "Jane Roe <jane@example.org>"\n' f'send = "{send}"\n{extra}')


def smtp(peer):
    return f"smtp://127.0.0.1:{peer.port}"


def entries(profile):
    return profile.json("outbox")


def receipts(place):
    peer = Peer("127.0.0.1")
    p = place.profile(rc(smtp(peer)), "receipts")
    p.run("-s", "plain", "joe@example.org", stdin=b"x\n")
    p.run("-s", "asked", "--receipt", "joe@example.org", "a+b@example.org", stdin=b"x\n")
    p.write_rc(rc(smtp(peer), "receipt = yes\n"))
    p.run("-s", "always", "joe@example.org", stdin=b"x\n")
    plain, asked, always = peer.mails
    check("RET" not in plain["from"] and "NOTIFY" not in plain["to"][0], f"nothing is asked for by itself: {plain}")
    for mail in (asked, always):
        check(" RET=HDRS ENVID=" in mail["from"], f"the header alone comes back: {mail['from']}")
        check(" NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;joe@example.org" in mail["to"][0], f"asked for: {mail['to']}")
        check(b"Receipt" not in mail["data"], "it is no header field")
    check(asked["to"][1].endswith("ORCPT=rfc822;a+2Bb@example.org"), f"xtext: {asked['to']}")
    bare = Peer("127.0.0.1", ehlo=[w for w in EHLO if w != "DSN"])
    p.write_rc(rc(smtp(bare), "receipt = yes\n"))
    p.run("-s", "bare", "joe@example.org", stdin=b"x\n")
    check(bare.mails[0]["from"].find("RET") < 0, "where it is not offered the mail goes without")
    peer.close(), bare.close()


def later(place):
    peer = Peer("127.0.0.1")
    p = place.profile(rc(smtp(peer)), "later")
    told = p.run("-s", "for later", "--at", "+2h", "joe@example.org", stdin=b"x\n").stderr.decode()
    check("outbox as 1 until" in told, f"it says so: {told}")
    p.run("-s", "past", "--at", "2001-01-01", "joe@example.org", stdin=b"x\n", code=67)
    p.run("-s", "no time", "--at", "soon", "joe@example.org", stdin=b"x\n", code=67)
    (entry,) = entries(p)
    check(entry["state"] == "queued" and entry["attempts"] == 0, f"it waits: {entry}")
    check(b"[" in p.run("outbox").stdout, "and the list says until when")
    check(b"Send-At" not in p.run("outbox", "show", "1").stdout, "the time is no header field")
    p.run("sync")
    check(not peer.mails and len(entries(p)) == 1, "nothing goes before its time")
    p.run("outbox", "cancel", "1")
    check(entries(p) == [], "taken back")
    p.run("outbox", "cancel", "1", code=1)
    p.run("-s", "soon", "--at", "+1m", "joe@example.org", stdin=b"x\n")
    number = str(entries(p)[0]["id"])
    p.run("--offline", "outbox", "flush", code=64)
    check(not peer.mails, "--offline sends nothing")
    p.run("outbox", "flush")
    check(not peer.mails and len(entries(p)) == 1, f"nor does flush, what has a time of its own: {number}")
    p.run("outbox", "--all", code=64)
    p.write_rc(rc(smtp(peer)).replace("undo-send = 0", "undo-send = 100"))
    p.run("outbox", "flush")
    check([m["data"].count(b"Subject: soon") for m in peer.mails] == [1], f"what waits for an undo does not wait: {number}")
    p.write_rc(rc(smtp(peer)))
    p.run("-s", "all", "--at", "+2h", "joe@example.org", stdin=b"x\n")
    p.run("outbox", "flush", "--all")
    check(len(peer.mails) == 2 and entries(p) == [], "all is all")
    p.run("-s", "at once", "--at", "+1m", "--no-queue", "joe@example.org", stdin=b"x\n", code=64)
    for subject in ("one", "two"):
        p.run("-s", subject, "--at", "+2h", "joe@example.org", stdin=b"x\n")
    p.run("outbox", "retry", str(entries(p)[1]["id"]))
    check(len(peer.mails) == 3 and b"Subject: two" in peer.mails[2]["data"], "one of them goes now")
    check([e["subject"] for e in entries(p)] == ["one"], "the other waits")
    p.run("outbox", "retry", "999", code=1)
    p.run("outbox", "retry", "0", code=1)
    check(len(peer.mails) == 3, "which is not all of them")
    peer.close()


def lmtp(place):
    def dot(to, peer):
        return "552 5.2.2 over quota" if "full@" in to else "451 4.3.0 try again" if "busy@" in to else "250 2.1.5 kept"

    path = os.path.join(place.path, "lmtp.socket")
    for send, peer in ((f"lmtp:{path}", Peer(None, path=path, name="box", says={"DOT": dot})),
                       (None, Peer("127.0.0.1", says={"DOT": dot}))):
        p = place.profile(rc(send or f"lmtp://127.0.0.1:{peer.port}"), f"lmtp{send is None}")
        p.run("-s", "local", "joe@example.org", stdin=b"x\n")
        check(peer.lines[0].startswith("LHLO ") and len(peer.mails) == 1, f"by LMTP: {peer.lines}")
        p.run("-s", "three", "joe@example.org", "full@example.org", "busy@example.org", stdin=b"x\n")
        (entry,) = entries(p)
        check(entry["state"] == "queued" and [r["code"] for r in entry["to"]] == [250, 552, 451], f"each has its fate: {entry}")
        check("over quota" in entry["reason"] and "the mailbox is full" in entry["reason"], f"and its reason: {entry['reason']}")
        before = len(peer.lines)
        p.run("outbox", "flush", code=None)
        again = [line for line in peer.lines[before:] if line.startswith("RCPT")]
        check(not any("joe@" in line for line in again), f"who has it gets it no second time: {again}")
        peer.close()
    p.write_rc(rc("lmtp://mail.example.org"))
    check(b"in the clear" in p.run("outbox", "flush", code=78).stderr, "not to other machines in the clear")
    p.write_rc(rc("lmtp://mail.example.org", "tls = off\n"))
    p.run("outbox")


def queue(p, n, to="joe@example.org", first=0):
    for i in range(first, first + n):
        p.run("--offline", "-s", f"number {i}", to, stdin=b"x\n")


def subjects(peer):
    return [line.split(b" ", 1)[1].decode().strip() for m in peer.mails for line in m["data"].splitlines() if line.startswith(b"Subject:")]


def so_many_and_no_more(place):
    """A server that takes three messages on a connection and then says 421, or just closes."""
    for how in ("421 4.7.0 that was enough", "CLOSE"):
        taken = {}

        def mail(line, peer):
            taken[peer.sessions] = taken.get(peer.sessions, 0) + 1
            return how if taken[peer.sessions] > 3 else None

        peer = Peer("127.0.0.1", says={"MAIL": mail})
        p = place.profile(rc(smtp(peer)), f"many{len(how)}")
        queue(p, 10)
        p.run("sync")
        check(subjects(peer) == [f"number {i}" for i in range(10)], f"{how}: all, in order, once: {subjects(peer)}")
        check(peer.sessions == 4, f"{how}: {peer.sessions} connections")
        check(entries(p) == [], f"{how}: nothing is left: {entries(p)}")
        peer.close()


def nobody_there(place):
    """No server: all wait, each with the reason and a later time, and go when there is one."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    p = place.profile(rc(f"smtp://127.0.0.1:{port}"), "nobody")
    queue(p, 40)
    p.run("sync", code=None)
    waiting = entries(p)
    check(len(waiting) == 40 and all(e["state"] == "queued" and e["attempts"] == 1 and e["reason"] for e in waiting),
          f"all wait: {waiting[-1]}")
    peer = Peer("127.0.0.1", port)
    p.run("outbox", "flush")
    check(sorted(subjects(peer)) == sorted(f"number {i}" for i in range(40)) and entries(p) == [], f"all went, once: {subjects(peer)}")
    peer.close()


def some_are_refused(place):
    """Among many on one connection each has its own answer."""
    def rcpt(line, peer):
        return "550 5.1.1 who is that" if "nobody@" in line else None

    def dot(line, peer):
        return None

    peer = Peer("127.0.0.1", says={"RCPT": rcpt})
    p = place.profile(rc(smtp(peer)), "some")
    for i in range(20):
        queue(p, 1, "nobody@example.org" if i % 5 == 3 else "joe@example.org", i)
    p.run("sync", code=None)
    check(subjects(peer) == [f"number {i}" for i in range(20) if i % 5 != 3], f"the others: {subjects(peer)}")
    left = entries(p)
    check([e["subject"] for e in left] == [f"number {i}" for i in (3, 8, 13, 18)] and all(e["state"] == "failed" for e in left),
          f"refused: {left}")
    check(peer.sessions == 1, "on one connection")
    peer.says = {}
    p.run("outbox", "retry", str(left[0]["id"]))
    check(subjects(peer)[-1] == "number 3" and len(entries(p)) == 3, "what failed is sent again, at once")
    peer.says = {"RCPT": rcpt}
    p.run("-s", "halves", "jane@example.org", "nobody@example.org", stdin=b"x\n", code=67)
    (entry,) = [e for e in entries(p) if e["subject"] == "halves"]
    check(entry["state"] == "failed" and [r["code"] for r in entry["to"]] == [250, 550], f"one has it: {entry}")
    p.run("outbox", "cancel", str(entry["id"]))
    p.run("outbox", "cancel", str(left[1]["id"]))
    with sqlite3.connect(os.path.join(p.path, "mail.db")) as db:
        drafts = [json.loads(row[0]) for row in db.execute("SELECT blob FROM draft WHERE outbox = 0 ORDER BY id")]
    check([(d["subject"], d["to"], len(d["headers"])) for d in drafts] ==
          [("number 8", "nobody@example.org", 1), ("halves", "nobody@example.org", 1)], f"drafts to those who have not: {drafts}")
    check(all("who is that" in d["headers"][0] for d in drafts), f"with the reason: {drafts}")
    p.run("-s", "never kept", "--no-queue", "nobody@example.org", stdin=b"x\n", code=67)
    with sqlite3.connect(os.path.join(p.path, "mail.db")) as db:
        check(db.execute("SELECT count(*) FROM draft WHERE outbox = 0").fetchone() == (2,), "--no-queue keeps nothing")
    peer.close()


def commands(place):
    """send = sendmail:COMMAND: its exit code says what became of the mail; where it was broken off nobody knows, and it is not sent again."""
    sent = os.path.join(place.path, "sent")
    for name, script, code, state in (
            ("done", f"cat >> {sent}", 0, None), ("later", "cat > /dev/null; exit 75", 0, "queued"),
            ("refused", "cat > /dev/null; exit 69", 69, "failed"), ("killed", f"cat >> {sent}; kill -9 $$", 75, "doubt"),
            ("missing", None, 0, "queued")):
        command = f"sh -c '{script}'" if script else "/nonexistent/sendmail"
        p = place.profile(f'[tmail]\nundo-send = 0\n\n[account work]\naddress = "jane@example.org"\nsend = "sendmail:{command}"\n', f"command-{name}")
        p.run("-s", f"command {name}", "joe@example.org", stdin=b"x\n", code=code)
        p.run("sync", code=None)
        check([e["state"] for e in entries(p)] == ([state] if state else []), f"{name}: {entries(p)}")
    with open(sent) as f:
        check([line[9:] for line in f if line.startswith("Subject: ")] == ["command done\n", "command killed\n"], "each once")


def seven_bits(place):
    """What has eight bits goes as it is to a server with 8BITMIME, said so; to others in seven, also when it is said ahead (PIPELINING)."""
    raw = ("To: joe@example.org\nSubject: {}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
           "Content-Transfer-Encoding: 8bit\n\nna\u00efve = {}\n")
    for name, words in (("with", EHLO), ("without", [w for w in EHLO if w != "8BITMIME"])):
        peer = Peer("127.0.0.1", ehlo=words)
        p = place.profile(rc(smtp(peer)), f"seven-{name}")
        for i in range(3):
            p.run("--offline", "-t", stdin=raw.format(f"number {i}", i).encode())
        p.run("sync")
        check(subjects(peer) == [f"number {i}" for i in range(3)] and peer.sessions == 1, f"{name}: each once: {subjects(peer)}")
        for i, mail in enumerate(peer.mails):
            size = int(re.search(r"SIZE=(\d+)", mail["from"]).group(1))
            check(size == len(mail["data"].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")), f"{name}: its size is said: {mail}")
            check((" BODY=8BITMIME" in mail["from"]) == (name == "with"), f"{name}: {mail['from']}")
            text = f"na\u00efve = {i}".encode() if name == "with" else b"na=C3=AFve =3D %d" % i
            check(text in mail["data"] and (name == "with" or mail["data"].isascii()), f"{name}: {mail['data']}")
            check((b"quoted-printable" in mail["data"]) == (name != "with"), f"{name}: {mail['data']}")
        peer.close()


def only_sending_is_refused(place):
    """The sending server refuses the password: the mailboxes go on."""
    server = place.tmaild("--user", "jane:pw", "--domain", "example.org")
    peer = Peer("127.0.0.1", ehlo=EHLO + ["AUTH PLAIN LOGIN"], says={"AUTH": "535 5.7.8 no"})
    p = place.profile(rc_for(server).replace(f'send = "smtp://127.0.0.1:{server.ports["smtp"]}"',
                                             f'send = "smtp://jane@127.0.0.1:{peer.port}"'), "refused")
    p.run("sync")
    refused = p.run("-s", "away", "joe@example.org", stdin=b"x\n", code=77)
    check(b"refuse" in refused.stderr, f"it is told: {refused.stderr}")
    import imaplib
    imap = imaplib.IMAP4("127.0.0.1", server.ports["imap"])
    imap.login("jane", "pw")
    imap.append("INBOX", None, None, b"Subject: new\r\n\r\nx\r\n")
    imap.logout()
    p.run("sync", code=None)
    check(any(m["subject"] == "new" for m in p.json("list")), "new mail comes in all the same")
    (entry,) = entries(p)
    check(entry["state"] == "queued", f"it is kept: {entry}")
    peer.close()


def real_servers(place):
    """Postfix, as it is and with fewer extensions, and its smtp-sink: each message once, at Postfix all on one connection."""
    if postfix.usable():
        for name, more in (("postfix", ""), ("postfix-chunking-off", "smtpd_discard_ehlo_keywords = chunking, dsn, 8bitmime\n")):
            with postfix.Postfix(more=more) as p:
                profile = place.profile(rc(f"smtp://127.0.0.1:{p.port}"), name)
                queue(profile, 40, "jane@example.org")
                profile.run("sync")
                check(entries(profile) == [], f"{name}: nothing is left: {entries(profile)}")
                got, until = [], time.monotonic() + 30
                while len(got) < 40 and time.monotonic() < until:
                    time.sleep(0.05)
                    with open(f"{p.place}/mail/jane", "rb") as f:
                        got = [line.split()[-1] for line in f if line.startswith(b"Subject: number ")]
                check(sorted(got, key=int) == [b"%d" % i for i in range(40)], f"{name}: each once: {got}")
                sessions = re.findall(r"disconnect from .* mail=(\d+)", p.log())
                check(sessions == ["40"], f"{name}: on one connection: {sessions}")
    sink = shutil.which("smtp-sink", path="/usr/sbin:/sbin:/usr/bin")
    if sink:
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        dump = os.path.join(place.path, "sink")
        os.mkdir(dump)
        os.chmod(dump, 0o777)
        os.chmod(place.path, 0o755)
        argv = [sink, *(["-u", "nobody"] if os.getuid() == 0 else []), "-d", dump + "/%M.", f"127.0.0.1:{port}", "20"]
        process = subprocess.Popen(argv)
        try:
            while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
                time.sleep(0.01)
            profile = place.profile(rc(f"smtp://127.0.0.1:{port}"), "sink-profile")
            queue(profile, 40)
            profile.run("sync")
            check(entries(profile) == [], f"smtp-sink: nothing is left: {entries(profile)}")
            got = sorted(int(re.search(rb"^Subject: number (\d+)", open(os.path.join(dump, n), "rb").read(), re.M).group(1)) for n in os.listdir(dump))
            check(got == list(range(40)), f"smtp-sink: each once: {got}")
        finally:
            process.terminate()
            process.wait()


with Place() as place:
    for step in (receipts, later, lmtp, so_many_and_no_more, nobody_there, some_are_refused, commands, seven_bits, only_sending_is_refused, real_servers):
        step(place)
        print(step.__name__, flush=True)
