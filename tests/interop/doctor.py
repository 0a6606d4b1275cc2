#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tmail doctor: nothing wrong where nothing is, and what is wrong is found, told with what to do next, and is the exit status. It sends nothing,
changes nothing, and tells no secret."""
import json, os, socket, subprocess
from tm import TMAILD, Place, check, rc_for

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
    check("the login works" in said and "work, sending" in said and "WRONG" not in said and "MB are free" in said, said)
    doctor(profile(rc(receive="pop3s")), 0, "the login works", "ok")
    doctor(profile(rc(keys=ca, )), 0, "the login works", "ok", env={"TMAIL_PASSWORD_WORK": SECRET})
    check("--offline" in p.run("--offline", "doctor").stdout.decode(), "servers were asked")
    mails = subprocess.run([TMAILD, "mail", "list", "--json", "--root", os.path.join(server.root, "mail.root")], capture_output=True, check=True).stdout
    check(not mails.strip(), f"it sent something: {mails}")

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
