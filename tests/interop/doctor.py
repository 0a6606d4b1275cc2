#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tmail doctor: nothing wrong where nothing is, and what is wrong is found, told with what to do next, and is the exit status. It sends nothing,
changes nothing, and tells no secret."""
import fcntl, os, re, select, signal, socket, struct, subprocess, termios
from tm import TMAIL, TMAILD, Place, check, rc_for

SECRET = "Sesam-oeffne-dich"

with Place() as place:
    server = place.tmaild("--user", f"jane:{SECRET}", tls=True)
    ca = f'tls-ca = "{os.path.join(server.root, "mail.root", "tls", "ca.pem")}"\n'
    password = f'password = "{SECRET}"\n'
    made = 0
    with socket.create_server(("127.0.0.1", 0)) as s:
        closed = s.getsockname()[1]

    def rc(keys=None, receive="imaps", host="localhost", port=None, send=None):
        return (f'[account work]\naddress = "Jane <jane@example.org>"\nreceive = "{receive}://jane@{host}:{port or server.ports[receive]}"\n'
                f'send = "{send or "smtps://jane@localhost:" + str(server.ports["submissions"])}"\n{ca + password if keys is None else keys}')

    def profile(text):
        global made
        made += 1
        return place.profile(text, name=f"profile-{made}")

    def doctor(p, code, words="", level="wrong", env=None):
        r = p.run("doctor", code=code, env=env)
        said = (r.stdout + r.stderr).decode()
        check(SECRET not in said and not r.stderr, f"a secret, or something on stderr: {said}")
        lines = p.json("doctor", code=code) if env is None else []
        check(all(set(l) == {"level", "about", "text"} for l in lines), f"{lines}")
        check(words in said, f"wanted {words!r}: {said}")
        if env is None:
            check((code == 0) == all(l["level"] != "wrong" for l in lines), f"{lines}")
            check(any(l["level"] == level and words in l["text"] for l in lines), f"wanted {level} {words!r}: {lines}")
        return said

    # all is well, by each protocol, before the first synchronisation and after
    p = profile(rc())
    doctor(p, 0, "there is no store yet", "note")
    p.run("sync")
    said = doctor(p, 0, "is whole", "ok")
    check("it runs, as process" in said and "and its decoder start" in said, said)
    check("the login works" and "work, sending" in said and "WRONG" not in said and "MB are free" in said, said)
    doctor(profile(rc(receive="pop3s")), 0, "the login works", "ok")
    doctor(profile(rc(keys=ca, )), 0, "the login works", "ok", env={"TMAIL_PASSWORD_WORK": SECRET})
    check("--offline" in p.run("--offline", "doctor").stdout.decode(), "servers were asked")
    mails = subprocess.run([TMAILD, "mail", "list", "--json", "--root", os.path.join(server.root, "mail.root")], capture_output=True, check=True).stdout
    check(not mails.strip(), f"it sent something: {mails}")

    # on a terminal: whole words, and what is waited for, which goes again
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    t = subprocess.Popen([TMAIL, "--profile", p.path, "doctor"], env=dict(p.env, TERM="xterm"), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            shown += os.read(ours, 4096)
        except OSError:  # EIO: the other end is closed
            break
    check(t.wait(60) == 0 and b"       asking localhost ...\r\x1b[K" in shown, f"{shown}")
    lines = re.sub(r"[^\n]*\r\x1b\[K", "", shown.decode().replace("\r\n", "\n")).splitlines()
    check(all(len(l) <= 60 for l in lines if p.path not in l) and "asking" not in "".join(lines), f"{lines}")
    same = lambda text: re.sub(r"\d+", "N", " ".join(text.split()))
    check(same(" ".join(lines)) == same(p.run("doctor").stdout.decode()), f"{lines}")

    # and here it is not
    doctor(profile("[account work]\naddress = jane@example.org\nrecieve = x\n"), 78, 'did you mean "receive"')
    doctor(profile("[account work\n"), 78, "tmailrc")
    q = profile(rc())
    os.unlink(os.path.join(q.path, "tmailrc"))
    doctor(q, 78, "tmail setup")
    q = profile(rc(keys=ca + f'password-command = "echo {SECRET}"\n'))
    os.chmod(os.path.join(q.path, "tmailrc"), 0o666)
    doctor(q, 78, "others can write")
    doctor(profile(rc(keys=ca + 'password = "wrong-one"\n')), 77, "refuses the login")
    doctor(profile(rc(keys=ca + "password-command = false\n")), 77, "password-command")
    doctor(profile(rc(keys=ca)), 77, "no password was given")
    doctor(profile(rc(keys=password)), 76, "tls-pin")
    doctor(profile(rc(port=closed)), 75, "localhost")
    doctor(profile(rc(host="no-such-host.invalid")), 75, "no-such-host.invalid")
    doctor(profile(rc(send=f"smtps://jane@localhost:{closed}")), 75, "localhost")
    doctor(profile(rc(keys=f'{ca}oauth = google\n')), 77, "tmail setup --sign-in work")
    os.chmod(os.path.join(p.path, "mail.db"), 0o644)
    doctor(p, 74, "others can read your mail")
    os.chmod(os.path.join(p.path, "mail.db"), 0o600)
    q = profile(rc())
    with open(os.path.join(q.path, "mail.db"), "wb") as f:
        f.write(b"no database at all" * 1000)
    os.chmod(os.path.join(q.path, "mail.db"), 0o600)
    doctor(q, 74, "mail.db")

    # a clock that is wrong: the server's goes ahead (or ours behind)
    late = place.tmaild("--accept-any", "--virtual-clock", name="late")
    subprocess.run([TMAILD, "clock", "advance", "3000d", "--root", os.path.join(late.root, "mail.root")], check=True, capture_output=True)
    q = profile(rc_for(late))
    q.run("--no-queue", "-s", "hello", "jane@example.org", stdin=b"hello\n")
    doctor(q, 74, "minutes in the future")

    # who works on the store: an engine, nobody, or somebody else
    engines = subprocess.run(["pgrep", "-f", f"tmail-sync --store {p.path}/"], capture_output=True, text=True, check=False).stdout.split()
    check(len(engines) == 1 and f"as process {engines[0]} since" in doctor(p, 0, "and has the store's lock", "ok"), f"{engines}")
    fd = os.pidfd_open(int(engines[0]))
    signal.pidfd_send_signal(fd, signal.SIGSTOP)
    check(f"kill {engines[0]}" in doctor(p, 74, "does not answer"), "a stopped engine")
    signal.pidfd_send_signal(fd, signal.SIGCONT)
    signal.pidfd_send_signal(fd, signal.SIGTERM)
    check(select.select([fd], [], [], 30)[0], "the engine does not end")
    doctor(p, 0, "it does not run", "ok")
    with open(os.path.join(p.path, "mail.db.lock"), "r+") as lock:
        fcntl.fcntl(lock, 37, struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))  # F_OFD_SETLK
        doctor(p, 74, "fuser")

    # who may look into it
    os.chmod(p.path, 0o755)
    doctor(p, 0, "can see what lies in", "note")
    os.chmod(p.path, 0o777)
    doctor(p, 74, "another store in the place of yours")
    os.chmod(p.path, 0o700)
    if os.geteuid() == 0:
        os.chown(os.path.join(p.path, "mail.db"), 12345, -1)
        doctor(p, 74, "belongs to another user (number 12345)")
        os.chown(os.path.join(p.path, "mail.db"), 0, -1)
    q = profile(rc())
    os.chmod(os.path.join(q.path, "tmailrc"), 0o644)
    doctor(q, 78, "can be read by others: chmod 600")

    # a disk that is full, and no network, where the system lets us make either
    def inside(how, script):
        r = subprocess.run(["unshare", "-Ur", how, "sh", "-c", script], env=p.env, capture_output=True, text=True, timeout=120, check=False)
        return r.returncode, r.stdout

    if subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False).returncode == 0:
        q = profile(rc())
        code, said = inside("-m", f"mount -t tmpfs -o size=3m,mode=700 none {q.path} && cp {p.path}/tmailrc {p.path}/mail.db {q.path} && "
                            f"dd if=/dev/zero of={q.path}/zero bs=64k status=none 2>/dev/null; {TMAIL} --profile {q.path} --offline doctor")
        check(code == 74 and "only 0 MB are free" in said and "is full; make room" in said, f"{code} {said}")
        code, said = inside("-n", f"{TMAIL} --profile {q.path} doctor")
        check(code == 75 and "cannot connect" in said and SECRET not in said, f"{code} {said}")
    else:
        print("no namespaces here: neither a full disk nor a missing network")

    # mail that lies on this machine
    q = profile('[account work]\naddress = "Jane <jane@example.org>"\nreceive = "maildir:~/Maildir"\nsend = "sendmail:/bin/cat -x"\n')
    home = os.path.join(q.path, "Maildir")
    doctor(q, 74, "cannot be read")
    with open(home, "w"):
        pass
    doctor(q, 78, "is no folder")
    os.unlink(home)
    for part in ("cur", "new"):
        os.makedirs(os.path.join(home, part), mode=0o700)
    for i in range(3):
        with open(os.path.join(home, "cur" if i else "new", f"{i}.x"), "w"):
            pass
    os.chmod(home, 0o700)
    said = doctor(q, 0, "3 messages lie in it, 1 of them unseen", "ok")
    check("handed to /bin/cat" in said, said)
    os.chmod(home, 0o770)
    doctor(q, 74, "others can change your mail")
    os.chmod(home, 0o700)
    q = profile('[account work]\naddress = "Jane <jane@example.org>"\nreceive = "mbox:~/Mail:INBOX=~/spool/jane"\nsend = "sendmail:/bin/cat"\n')
    doctor(q, 74, "cannot be opened")
    for part in ("Mail", "spool"):
        os.makedirs(os.path.join(q.path, part), mode=0o700)
    doctor(q, 0, "is not there yet", "note")
    for part in ("Mail/Sent", "spool/jane"):
        with open(os.path.join(q.path, part), "w"):
            pass
    doctor(q, 0, "2 mailbox files can be read and changed", "ok")
    inbox = os.path.join(q.path, "spool/jane")
    with open(inbox, "w") as f:
        f.write("".join(f"From jane Fri Nov 27 06:15:51 2026\nSubject: {i}\n\n" + "long " * 2000 + "From me\nFrom you\n\n" for i in range(3)))
    doctor(q, 0, "3 messages lie in " + inbox, "ok")
    with open(inbox, "r+") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        doctor(q, 0, "another program has locked " + inbox, "note")
    with open(inbox + ".lock", "w"):
        doctor(q, 0, "another program has locked " + inbox, "note")
    doctor(profile('[account work]\naddress = "Jane <jane@example.org>"\nsend = "sendmail:no-such-program -t"\n'), 78, "no program no-such-program")
