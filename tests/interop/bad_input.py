# SPDX-License-Identifier: MIT
"""What can go wrong outside of tmail: each gives one clear sentence, its exit code, and loses nothing that a person wrote."""
import os, shutil, signal, socket, sqlite3, ssl, subprocess, sys, threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tm import BUILD, Place, TMAIL, WAIT_S, check, rc_for

BODY = b"written by a person\n"


class Fake:
    """A server on the loopback that does to each connection what a test says; TLS where a context is given."""

    def __init__(self, talk, context=None):
        self.talk, self.context, self.came = talk, context, threading.Event()
        self.heard = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            self.came.set()
            threading.Thread(target=self.session, args=(s,), daemon=True).start()

    def session(self, s):
        try:
            if self.context:
                s = self.context.wrap_socket(s, server_side=True)
            with s:
                s.settimeout(WAIT_S)
                self.talk(self, s)
        except (OSError, ValueError):
            pass

    def line(self, file):
        line = file.readline()
        self.heard += line
        return line

    def close(self):
        self.listener.close()


def says(*pieces):
    """Says these bytes at once, then listens until the client goes."""
    def talk(server, s):
        for piece in pieces:
            s.sendall(piece)
        while data := s.recv(65536):
            server.heard += data
    return talk


def says_and_goes(text):
    """Says this and no more. The client's bytes are taken, so that ours are not lost to a reset."""
    def talk(server, s):
        s.sendall(text)
        s.shutdown(socket.SHUT_WR)
        while data := s.recv(65536):
            server.heard += data
    return talk


def imap(**answers):
    """An IMAP server whose answer to VERB is answers["VERB"], with {tag}; all else is OK."""
    def talk(server, s):
        file = s.makefile("rb")
        s.sendall(answers.get("greeting", b"* OK hello\r\n"))
        while line := server.line(file):
            tag, verb, *_ = line.split() + [b""]
            default = b"%s OK done\r\n" % tag
            if verb.upper() == b"CAPABILITY":
                default = b"* CAPABILITY IMAP4rev1\r\n" + default
            if verb.upper() == b"SELECT" or verb.upper() == b"EXAMINE":
                default = b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 2] x\r\n" + default
            if verb.upper() == b"LIST":
                default = b'* LIST () "/" INBOX\r\n' + default
            s.sendall(answers.get(verb.upper().decode("ascii", "replace"), default).replace(b"{tag}", tag))
            if verb.upper() == b"LOGOUT":
                return
    return talk


def smtp(**answers):
    """An SMTP server whose answer to VERB is answers["VERB"]; DOT is the answer to the message."""
    def talk(server, s):
        file = s.makefile("rb")
        s.sendall(answers.get("greeting", b"220 hello\r\n"))
        while line := server.line(file):
            verb = line[:4].upper().decode("ascii", "replace").strip()
            answer = answers.get(verb, {"DATA": b"354 go\r\n", "EHLO": b"250 hello\r\n"}.get(verb, b"250 ok\r\n"))
            if answer is None:
                return
            s.sendall(answer)
            if verb == "DATA" and answer.startswith(b"354"):
                while (line := server.line(file)) not in (b".\r\n", b""):
                    pass
                if answers.get("DOT", b"") is None:
                    return
                s.sendall(answers.get("DOT", b"250 taken\r\n"))
            if verb == "QUIT":
                return
    return talk


def rc(receive=None, send=None, extra="", password="pw"):
    lines = ["[tmail]", "undo-send = 0", "", "[account work]", 'address = "Jane Roe <jane@example.org>"',
             f"password-command = \"printf '{password}'\""]
    if receive:
        lines.append(f'receive = "{receive}"')
    if send:
        lines.append(f'send = "{send}"')
    return "\n".join(lines) + "\n" + extra


number = 0


def profile(place, text):
    global number
    number += 1
    return place.profile(text, name=f"p{number}")


def end_engine(p):
    """It would stay for half a minute and try again."""
    folder = os.path.join(p.path, "tmail")
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(os.path.join(folder, name))
                s.sendall(b'{"hint":"stop"}\n')
            except OSError:
                pass  # it has gone


def sentence(p, run, *words):
    """One line on stderr that has all words, and is a sentence for a person."""
    text = run.stderr.decode()
    check(len(text.splitlines()) == 1, f"one line, not: {text!r}")
    for word in words:
        check(word.lower() in text.lower(), f"{word!r} in {text!r}")
    check("%s" not in text and "(null)" not in text, text)
    print("  ", run.returncode, text.strip())


def sync_fails(place, text, code, *words):
    p = profile(place, text)
    sentence(p, p.run("sync", code=code), *words)
    end_engine(p)


def kept(p, code, *words, argv=("jane@example.org",)):
    """A mail that cannot go out: it is said, and the body is in the outbox."""
    run = p.run("-s", "keep me", *argv, stdin=BODY, code=code)
    sentence(p, run, *words)
    entries = p.json("outbox")
    check([e["subject"] for e in entries] == ["keep me"], f"one entry: {entries}")
    shown = p.run("outbox", "show", str(entries[0]["id"])).stdout
    check(BODY.strip() in shown, "the body is in the outbox")
    end_engine(p)
    return entries[0]


def dead_letter(p, run):
    path = os.path.join(p.path, "dead.letter")
    check(path.encode() in run.stderr, f"the path is told: {run.stderr}")
    with open(path, "rb") as f:
        check(BODY in f.read(), "the body is there")
    os.unlink(path)


# ---------------------------------------------------------------------- servers

def passwords(place, server):
    text = rc_for(server, password="wrong")
    sync_fails(place, text, 77, "account work", "check user and password")
    text = text.replace("smtp://", "smtp://jane@")
    p = profile(place, text)
    e = kept(p, 77, "work", "outbox", "login")
    check(e["state"] == "queued", f"it waits for the right password: {e}")
    run = p.run("--no-queue", "-s", "never", "jane@example.org", stdin=BODY, code=77)
    check(len(p.json("outbox")) == 1, "with --no-queue nothing stays but the letter")
    dead_letter(p, run)
    p = profile(place, rc("imaps://jane@127.0.0.1:1").replace("printf 'pw'", "false"))
    sentence(p, p.run("sync", code=77), "work", "password-command")
    p = profile(place, rc("imaps://jane@127.0.0.1:1").replace("printf 'pw'", "/nonexistent/pass"))
    sentence(p, p.run("sync", code=77), "work", "/nonexistent/pass")


def names_and_ports(place):
    nowhere = "no-such-host.invalid"
    sync_fails(place, rc(f"imaps://jane@{nowhere}"), 75, "account work", nowhere)
    kept(profile(place, rc(send=f"smtps://{nowhere}")), 0, nowhere, "outbox")
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    sync_fails(place, rc(f"imaps://jane@127.0.0.1:{port}"), 75, "account work", f"127.0.0.1:{port}", "refused")
    p = profile(place, rc(send=f"smtps://127.0.0.1:{port}"))
    kept(p, 0, f"127.0.0.1:{port}", "outbox")
    run = p.run("--no-queue", "-s", "now", "jane@example.org", stdin=BODY, code=75)
    check(len(p.json("outbox")) == 1, "with --no-queue nothing stays but the letter")
    dead_letter(p, run)


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certificates(place):
    at = lambda name: os.path.join(place.path, name)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", at("ca.key"), "-out", at("ca.pem"), "-days", "2", "-subj", "/CN=test CA")

    def context(name, alt, days="2"):
        openssl("req", *key, "-keyout", at(name + ".key"), "-out", at(name + ".csr"), "-subj", "/CN=" + name)
        with open(at("ext"), "w") as f:
            f.write(f"subjectAltName={alt}\n")
        openssl("x509", "-req", "-in", at(name + ".csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial",
                "-days", days, "-extfile", at("ext"), "-out", at(name + ".pem"))
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(at(name + ".pem"), at(name + ".key"))
        return c

    good = context("good", "DNS:localhost,IP:127.0.0.1")
    contexts = [(good, "", "tls-ca"), (context("other", "DNS:other.example"), "ca", "not for 127.0.0.1"),
                (context("old", "IP:127.0.0.1", "-1"), "ca", "expired")]
    for c, ca, word in contexts:
        extra = f'tls-ca = "{at("ca.pem")}"\n' if ca else ""
        mail, post = Fake(imap(), c), Fake(smtp(), c)
        sync_fails(place, rc(f"imaps://jane@127.0.0.1:{mail.port}", extra=extra), 76, "account work", "127.0.0.1", word)
        kept(profile(place, rc(send=f"smtps://jane@127.0.0.1:{post.port}", extra=extra)), 76, "outbox", word)
        check(mail.heard + post.heard == b"", "nothing was said to it")
    # With tls-ca it holds; with a tls-ca that is no file it is the configuration's mistake.
    mail = Fake(imap(LOGIN=b"{tag} NO not you\r\n"), good)
    sync_fails(place, rc(f"imaps://jane@127.0.0.1:{mail.port}", extra=f'tls-ca = "{at("ca.pem")}"\n'), 77, "not you")
    sync_fails(place, rc(f"imaps://jane@127.0.0.1:{mail.port}", extra='tls-ca = "/nonexistent.pem"\n'), 78, "/nonexistent.pem")
    # No TLS where it was asked for: nothing goes out in the clear.
    clear = Fake(imap())
    sync_fails(place, rc(f"imaps://jane@127.0.0.1:{clear.port}"), 76, "does not speak TLS")
    check(b"jane" not in clear.heard and b"LOGIN" not in clear.heard, "no login in the clear")
    return good, at("ca.pem")


def hanging(place):
    """It accepts and says nothing: a signal ends the wait at once, the mail stays in the outbox."""
    for scheme, extra in (("imaps", ""), ("imap", ""), ("imap", "tls = off\n")):
        server = Fake(says())
        p = profile(place, rc(f"{scheme}://jane@127.0.0.1:{server.port}", extra=extra))
        t = start(p, "sync")
        check(server.came.wait(WAIT_S), "tmail connects")
        t.send_signal(signal.SIGINT)
        out, err = t.communicate(timeout=WAIT_S)
        check(t.returncode == 75 and len(err.splitlines()) == 1, f"{t.returncode} {err!r}")
        server.close()
    server = Fake(says())
    p = profile(place, rc(send=f"smtp://127.0.0.1:{server.port}"))
    t = start(p, "-s", "patience", "jane@example.org")
    t.stdin.write(BODY)
    t.stdin.close()
    t.stdin = None
    check(server.came.wait(WAIT_S), "tmail connects")
    t.send_signal(signal.SIGTERM)
    out, err = t.communicate(timeout=WAIT_S)
    check(t.returncode == 0 and b"outbox" in err, f"{t.returncode} {err!r}")
    check([e["subject"] for e in p.json("outbox")] == ["patience"], "the mail waits")
    server.close()


def start(p, *argv):
    return subprocess.Popen([TMAIL, "--profile", p.path, *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=p.env)


def ways(talk):
    """Greetings are read before STARTTLS (for SMTP by libcurl) or, with tls = off, as the first line of all."""
    return ("", "tls = off\n") if talk.__qualname__.startswith("says") else ("",)


ENDLESS = b"x" * (4 << 20)
NOISE = bytes((i * 37 + 11) % 256 for i in range(4096)) + b"\r\n"


def nonsense_imap(place):
    bad, gone, either = (76,), (75,), (69, 75, 76)
    for name, talk, codes in [
        ("noise", says_and_goes(NOISE), either),
        ("http", says_and_goes(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n"), either),
        ("endless line", says_and_goes(ENDLESS), either),
        ("endless greeting", says_and_goes(b"* OK " + ENDLESS), either),
        ("bare NO", says_and_goes(b"NO\r\n"), either),
        ("untagged NO", says_and_goes(b"* NO\r\n"), either),
        ("BYE at once", says_and_goes(b"* BYE go away\r\n"), gone),
        ("closed at once", says_and_goes(b""), gone),
        ("literal", imap(LIST=b'* LIST () "/" {99999999999}\r\n'), bad),
        ("negative literal", imap(LIST=b'* LIST () "/" {-1}\r\n'), bad),
        ("bare tagged NO", imap(LIST=b"{tag} NO\r\n"), either),
        ("wrong tag", imap(LIST=b"zzz OK\r\n"), bad),
        ("deep list", imap(LIST=b"* LIST " + b"(" * 100000), bad),
        ("long line", imap(LIST=b"* LIST () " + ENDLESS), bad),
        ("UID of 33 bits", imap(UID=b"* 1 FETCH (UID 4294967296)\r\n"), bad),
        ("size of many digits", imap(UID=b"* 1 FETCH (UID 1 RFC822.SIZE %s)\r\n" % (b"9" * 5000)), bad),
    ]:
        for extra in ways(talk):
            server = Fake(talk)
            p = profile(place, rc(f"imap://jane@127.0.0.1:{server.port}", extra=extra))
            run = p.run("sync", code=None)
            print(name, repr(extra))
            sentence(p, run, "account work")
            check(run.returncode in codes, f"{name} {extra!r}: {run.returncode} {run.stderr}")
            end_engine(p)
            server.close()


def no_tls(place):
    """TLS is required: a server that cannot, or whose PREAUTH would skip it, learns nothing. 127.1 is no name of the loopback for tmail."""
    for name, talk in [("PREAUTH", imap(greeting=b"* PREAUTH welcome\r\n")), ("no STARTTLS", imap(STARTTLS=b"{tag} BAD what\r\n")),
                       ("STARTTLS and more", imap(CAPABILITY=b"* CAPABILITY IMAP4rev1 STARTTLS\r\n{tag} OK\r\n",
                                                  STARTTLS=b"{tag} OK go\r\n* OK injected\r\n"))]:
        server = Fake(talk)
        print(name)
        sync_fails(place, rc(f"imap://jane@127.1:{server.port}"), 76, "account work")
        check(b"LOGIN" not in server.heard and b"AUTH" not in server.heard, f"{name}: {server.heard}")
        server.close()


def nonsense_smtp(place):
    for name, talk, code, state in [
        ("noise", says_and_goes(NOISE), 0, "queued"),
        ("http", says_and_goes(b"HTTP/1.1 400 Bad Request\r\n\r\n"), 0, "queued"),
        ("endless", says_and_goes(ENDLESS), 0, "queued"),
        ("421", says(b"421 busy\r\n"), 0, "queued"),
        ("250 for DATA", smtp(DATA=b"250 ok\r\n"), 0, "queued"),
        ("354 for the dot", smtp(DOT=b"354 go on\r\n"), 75, "doubt"),
        ("closed at the dot", smtp(DOT=None), 75, "doubt"),
        ("closed at DATA", smtp(DATA=None), 0, "queued"),
        ("452 at the dot", smtp(DOT=b"452 full\r\n"), 0, "queued"),
        ("554 at the dot", smtp(DOT=b"554 spam\r\n"), 69, "failed"),
        ("550 for the recipient", smtp(RCPT=b"550 no such user\r\n"), 67, "failed"),
        ("421 for the recipient", smtp(RCPT=b"421 later\r\n"), 0, "queued"),
    ]:
        for extra in ways(talk):
            server = Fake(talk)
            p = profile(place, rc(send=f"smtp://127.0.0.1:{server.port}", extra=extra))
            print(name, repr(extra))
            e = kept(p, code)
            check(e["state"] == state, f"{name}: {e}")
            server.close()


# ---------------------------------------------------------------------- disk and store

def full_disk(place, server):
    if os.geteuid() != 0:
        return
    p = profile(place, rc_for(server))
    small = os.path.join(place.path, "small")
    os.mkdir(small)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], stderr=subprocess.DEVNULL).returncode:
        return
    try:
        home = p.path
        p = place.profile(rc_for(server), name="small/p")
        p.env["HOME"] = home
        run = p.run("-s", "too big", "jane@example.org", stdin=BODY + os.urandom(2000000).hex().encode() + b"\n", code=74)
        check(b"full" in run.stderr, run.stderr)
        check(os.path.join(home, "dead.letter").encode() in run.stderr, run.stderr)
        with open(os.path.join(home, "dead.letter"), "rb") as f:
            check(BODY in f.read(), "the body is in dead.letter")
        # Fetching: what is too much is told, and what was there stays readable.
        p2 = profile(place, rc_for(server))
        p2.run("-s", "fills", "jane@example.org", stdin=os.urandom(2000000).hex().encode() + b"\n")
        run = p.run("sync", code=74)
        sentence(p, run, "full", "work")
        p.run("list", "-f", "INBOX", code=None)
        subprocess.run(["mount", "-o", "remount,size=64m", small], check=True)
        p.run("sync")
        subjects = [m["subject"] for m in p.json("list", "-f", "INBOX")]
        check("fills" in subjects, f"with room again all of it comes: {subjects}")
    finally:
        subprocess.run(["pkill", "-f", f"tmail-sync --store {small}"], check=False)
        subprocess.run(["umount", "-l", small], check=True)


def bad_store(place, server):
    p = profile(place, rc_for(server))
    p.run("-s", "x", "jane@example.org", stdin=BODY)
    store = os.path.join(p.path, "mail.db")
    check(os.path.exists(store), os.listdir(p.path))
    other = profile(place, rc_for(server))
    path = os.path.join(other.path, "mail.db")
    with open(path, "wb") as f:
        f.write(b"this is no database\n" * 1000)
    for argv in (("list",), ("sync",), ("outbox",), ("show", "1")):
        sentence(other, other.run(*argv, code=74), path, "move it away")
    run = other.run("-s", "x", "jane@example.org", stdin=BODY, code=74)
    check(path.encode() in run.stderr, run.stderr)
    dead_letter(other, run)
    # A newer store is refused and left as it is.
    newer = profile(place, rc_for(server))
    newer.run("list", "-f", "INBOX", code=None)
    path = os.path.join(newer.path, "mail.db")
    newer.run("outbox")
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 999")
    for argv in (("list",), ("sync",), ("outbox",)):
        sentence(newer, newer.run(*argv, code=74), path, "newer")
    run = newer.run("-s", "x", "jane@example.org", stdin=BODY, code=74)
    dead_letter(newer, run)
    if os.geteuid() != 0:
        shut = profile(place, rc_for(server))
        shut.run("outbox")
        os.chmod(os.path.join(shut.path, "mail.db"), 0)
        sentence(shut, shut.run("list", code=74), "mail.db")
        dead_letter(shut, shut.run("-s", "x", "jane@example.org", stdin=BODY, code=74))
    # A folder where the store should be.
    folder = profile(place, rc_for(server))
    os.mkdir(os.path.join(folder.path, "mail.db"))
    sentence(folder, folder.run("list", code=74), "mail.db")


# ---------------------------------------------------------------------- what a person types

def mistakes(place, server):
    p = profile(place, rc_for(server))
    folder = place.path
    for argv, code, word in [
        (["-s", "x", "not an address"], 67, "not an address"),
        (["-s", "x", "-c", "jane@@example.org", "jane@example.org"], 67, "jane@@example.org"),
        (["-s", "x"], 67, "recipient"),
        (["-s", "x", "-a", "/nonexistent.pdf", "jane@example.org"], 66, "/nonexistent.pdf"),
        (["-s", "x", "-a", folder, "jane@example.org"], 66, folder),
        (["-s", "x", "-r", "not an address", "jane@example.org"], 67, "not an address"),
        (["-s", "x\nBcc: evil@example.org", "jane@example.org"], 64, "line break"),
    ]:
        run = p.run(*argv, stdin=BODY, code=code)
        check(word.encode() in run.stderr, f"{argv}: {run.stderr}")
        dead_letter(p, run)
        check(p.json("outbox") == [], "nothing is queued")
    letter = b"To: jane@example.org\n\n" + BODY
    for argv, code in [(["-t", "--no-such-option"], 64), (["-t", "a\nb"], 64)]:
        dead_letter(p, p.run(*argv, stdin=letter, code=code))
    dead_letter(p, p.run("-t", stdin=b"Subject: to nobody\n\n" + BODY, code=67))
    run = p.run("-s", "x", "jane@example.org", stdin=BODY + b"\0", code=65)
    dead_letter(p, run)
    broken = profile(place, rc_for(server).replace("receive", "recieve"))
    run = broken.run("-s", "x", "jane@example.org", stdin=BODY, code=78)
    check(b"line 6" in run.stderr and b"receive" in run.stderr, run.stderr)
    dead_letter(broken, run)
    none = profile(place, "")
    os.unlink(os.path.join(none.path, "tmailrc"))
    run = none.run("-s", "x", "jane@example.org", stdin=BODY, code=78)
    check(b"tmailrc" in run.stderr, run.stderr)
    dead_letter(none, run)


# ---------------------------------------------------------------------- hostile messages

def nested(depth):
    out = [b"Subject: nested\r\nMIME-Version: 1.0\r\n"]
    for i in range(depth):
        out.append(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i))
    out.append(b"Content-Type: text/plain\r\n\r\ndeep\r\n")
    return b"".join(out)


def mailbox(server, name, messages):
    box = os.path.join(server.root, "mail.root", "mail", "jane")
    os.makedirs(box, exist_ok=True)
    with open(os.path.join(box, name + ".mbox"), "wb") as f:
        for text in messages:
            f.write(b"From x@example.org Sat Jan  3 01:05:34 1996\n" + text + b"\n")


def hostile(place, server):
    messages = {
        "header": b"Subject: big header\r\nX-Big: " + b"x" * 10_000_000 + b"\r\n\r\nbody\r\n",
        "fields": b"Subject: many fields\r\n" + b"X: y\r\n" * 200_000 + b"\r\nbody\r\n",
        "nested": nested(10_000),
        "parts": b"Subject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
                 + b"--b\r\n\r\nx\r\n" * 100_000 + b"--b--\r\n",
        "rfc822": b"Subject: forwards\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 10_000 + b"x\r\n",
        "addresses": b"Subject: addresses\r\nTo: " + b";" * 200_000 + b"(" * 100_000 + b"\r\n\r\nbody\r\n",
        "html": b"Subject: html\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 200_000 + b"x\r\n",
    }
    mailbox(server, "Hostile", [text.replace(b"\r\n", b"\n") for text in messages.values()])
    p = profile(place, rc_for(server))
    p.run("sync")
    rows = p.json("list", "-f", "Hostile", "-n", "100")
    check(len(rows) == len(messages), f"all are listed: {[r['subject'] for r in rows]}")
    for row in rows:
        run = p.run("show", str(row["id"]), code=None)
        check(run.returncode in (0, 65), f"{row['subject']}: {run.returncode} {run.stderr}")
        if run.returncode:
            sentence(p, run, "--raw")
        raw = p.run("show", str(row["id"]), "--raw").stdout
        check(len(raw) > 100_000, f"{row['subject']}: the bytes are there")


def outputs(place, server):
    """What cannot be written is told, and leaves no half a file."""
    p = profile(place, rc_for(server))
    file = os.path.join(place.path, "two.bin")
    with open(file, "wb") as f:
        f.write(os.urandom(2000000))
    p.run("-s", "two", "-a", file, "jane@example.org", stdin=BODY)
    p.run("sync")
    [m] = [str(m["id"]) for m in p.json("list", "-f", "INBOX") if m["subject"] == "two"]
    for folder in ("/nonexistent", file):
        sentence(p, p.run("save", m, "-d", folder, code=73), folder)
    sentence(p, p.run("save", m, "--part", "9", code=66), "part")
    sentence(p, p.run("sync", "-a", "nobody", code=64), "nobody")
    sentence(p, p.run("sync", "-f", "Nowhere", code=64), "Nowhere")
    for argv in (["list", "-f", "INBOX"], ["show", m], ["show", m, "--part", "2"], ["show", m, "--raw"], ["folders", "--json"]):
        with open("/dev/full", "wb") as full:
            r = subprocess.run([TMAIL, "--profile", p.path, *argv], stdin=subprocess.DEVNULL, stdout=full,
                               stderr=subprocess.PIPE, env=p.env, timeout=WAIT_S)
        check(r.returncode == 74, f"{argv}: {r.returncode}")
        sentence(p, r, "standard output")
    if os.geteuid() == 0:
        small = os.path.join(place.path, "tiny")
        os.mkdir(small)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], stderr=subprocess.DEVNULL).returncode == 0:
            sentence(p, p.run("save", m, "-d", small, code=73), "two.bin", "space")
            left = os.listdir(small)
            subprocess.run(["umount", "-l", small], check=True)
            check(left == [], f"no half a file: {left}")


def others_go_on(place, server):
    """One account that does not answer keeps nothing from the other; a server that goes in the middle of a mail is tried again."""
    text = rc_for(server) + '\n[account two]\naddress = "x@example.net"\nreceive = "imaps://x@127.0.0.1:1"\n' \
        'password-command = "printf x"\n'
    p = profile(place, text)
    sentence(p, p.run("sync", code=75), "account two")
    check(p.json("list", "-f", "work/INBOX") != [], "the other account has its mail")

    def cut(server, s):
        file = s.makefile("rb")
        s.sendall(b"220 hello\r\n")
        while not server.line(file).startswith(b"DATA"):
            s.sendall(b"250 ok\r\n")
        s.sendall(b"354 go\r\n")
        file.read(100_000)

    fake = Fake(cut)
    p = profile(place, rc(send=f"smtp://127.0.0.1:{fake.port}"))
    e = kept(p, 0, "lost", argv=("-a", os.path.join(place.path, "two.bin"), "jane@example.org"))
    check(e["state"] == "queued", f"{e}")
    # Without its engine the mail waits as well.
    bin = os.path.join(place.path, "alone")
    os.mkdir(bin)
    shutil.copy(TMAIL, bin)
    p = profile(place, rc_for(server))
    r = subprocess.run([os.path.join(bin, "tmail"), "--profile", p.path, "-s", "x", "jane@example.org"], input=BODY,
                       capture_output=True, env=p.env, timeout=WAIT_S)
    if b"tmail-sync" in r.stderr:  # else an installed one was found
        sentence(p, r, "outbox")


WORKER = """#!%s
# Stands before the real worker; dies as soon as it sees the word, as a decoder with a flaw would.
import os, select, socket, subprocess, sys
here, there = socket.socketpair()
real = subprocess.Popen([%r, *sys.argv[1:]], stdin=there, stdout=there)
there.close()
os.write(1, here.recv(65536))  # it greets before it reads
seen = b""
ends = {0: here.fileno(), here.fileno(): 1}
while True:
    for fd in select.select(list(ends), [], [])[0]:
        data = os.read(fd, 65536)
        seen = (seen + data)[-80000:] if fd == 0 else seen
        if b"deadly" in seen or not data:
            real.kill()
            os.kill(os.getpid(), 9)
        while data:
            data = data[os.write(ends[fd], data):]
"""


def killer(place, server):
    """A message that kills its decoder is marked and skipped; the others are whole."""
    bin = os.path.join(place.path, "bin")
    os.mkdir(bin)
    for name in ("tmail", "tmail-sync"):
        shutil.copy(os.path.join(BUILD, name), bin)
    path = os.path.join(bin, "tmail-decode")
    with open(path, "w") as f:
        f.write(WORKER % (sys.executable, os.path.join(BUILD, "tmail-decode")))
    os.chmod(path, 0o755)
    mailbox(server, "Killer", [b"Subject: whole\n\nunharmed\n"] * 3)
    mailbox(server, "Deadly", [b"Subject: x\n\ndeadly\n"])
    p = profile(place, rc_for(server))

    def run(*argv, code=0):
        r = subprocess.run([os.path.join(bin, "tmail"), "--profile", p.path, *argv], capture_output=True, env=p.env,
                           stdin=subprocess.DEVNULL, timeout=WAIT_S)
        check(r.returncode == code, f"{argv}: {r.returncode} {r.stderr}")
        return r

    run("sync")
    others = p.json("list", "-f", "Killer")
    check([m["subject"] for m in others] == ["whole"] * 3, f"{others}")
    check(b"unharmed" in run("show", str(others[0]["id"])).stdout, "the others are shown")
    [one] = p.json("list", "-f", "Deadly")
    for _ in range(2):
        sentence(p, run("show", str(one["id"]), code=65), "--raw")
    check(b"deadly" in run("show", str(one["id"]), "--raw").stdout, "its bytes are there")


with Place() as place:
    server = place.tmaild("--domain", "example.org", "--user", "jane:pw")
    mistakes(place, server)
    bad_store(place, server)
    passwords(place, server)
    names_and_ports(place)
    certificates(place)
    hanging(place)
    nonsense_imap(place)
    no_tls(place)
    nonsense_smtp(place)
    full_disk(place, server)
    outputs(place, server)
    others_go_on(place, server)
    hostile(place, server)
    killer(place, server)
