#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The whole program: each key about logins and connections does what doc/tmailrc.5 says, for receiving and for sending, and no secret gets into
the log."""
import base64, os, sys
from tm import Place, check

SECRET, TOKEN = "Sesam-oeffne-dich", "ya29.Token-of-jane"

# as PLAIN, LOGIN, XOAUTH2 and OAUTHBEARER send them: what base64 makes of the middle of them, however it stands to the rest
hidden = [base64.b64encode(b"x" * k + s.encode())[8:-4].decode() for s in (SECRET, TOKEN) for k in range(3)]

with Place() as place:
    server = place.tmaild("--user", f"jane:{SECRET}", "--oauth-token", f"jane:{TOKEN}", tls=True)
    ca = f'tls-ca = "{os.path.join(server.root, "mail.root", "tls", "ca.pem")}"\n'
    secret = f'password = "{SECRET}"\n'
    runs = 0

    def rc(keys, receive="imaps", send="submissions"):
        scheme = {"submission": "smtp", "submissions": "smtps"}[send]
        return (f'[tmail]\nundo-send = 0\nlog = "debug"\n\n[account my-work]\naddress = "Jane <jane@example.org>"\n'
                f'receive = "{receive}://jane@localhost:{server.ports[receive]}"\nsend = "{scheme}://jane@localhost:{server.ports[send]}"\n{keys}')

    def run(keys, code=0, words=(), env=None, **urls):
        """Sends a mail and synchronises."""
        global runs
        runs += 1
        p = place.profile(rc(keys, **urls), name=f"profile-{runs}")
        if code == 0:
            p.run("--no-queue", "-s", "hello", "jane@example.org", stdin=b"hello\n", env=env)
        said = p.run("sync", code=code, env=env)
        told = said.stdout.decode() + said.stderr.decode()
        check(all(w in told for w in words), f"{keys}: wanted {words}: {told}")
        with open(os.path.join(p.path, "tmail.log")) as f:
            log = f.read()
        for word in hidden:
            check(word not in log, f"{keys}: {word} in the log: {log}")
        check(code != 0 or " > MAIL FROM:" in log and " < 250 " in log and
              (" > LIST" in log and " < +OK" in log if urls.get("receive", "").startswith("pop3") else
               " LIST " in log and "* LIST (" in log and " OK " in log), f"{keys}: no dialogue in the log: {log}")
        check(SECRET not in log and TOKEN not in log and "Geheimnis" not in log + told, f"{keys}: a secret in the log: {log}")
        return told

    for urls in ({}, dict(receive="imap", send="submission"), dict(receive="pop3s"), dict(receive="pop3", send="submission")):
        run(ca + secret, **urls)
        run(ca + f'oauth-command = "echo {TOKEN}"\n', **urls)
        run(ca + f'oauth-command = "echo {TOKEN}"\nlogin = xoauth2\n', **urls)
        run(ca + f'password-command = "echo {TOKEN}"\nlogin = oauthbearer\n', **urls)
        run(ca, env={"TMAIL_PASSWORD_MY_WORK": SECRET}, **urls)
        for mech in ("scram-sha-256", "plain", "login", "cram-md5"):
            run(ca + secret + f"login = {mech}\n", **urls)
        told = run(secret, 76, ('tls-pin = "sha256//',), **urls)
        pin = told.split('tls-pin = "')[1].split('"')[0]
        run(secret + f'tls-pin = "{pin}"\n', **urls)
        run(secret + f'tls-pin = "sha256//{"A" * 43}="\n', 76, ("none of those of tls-pin", pin), **urls)
        run(ca + 'password = "wrong-one"\n', 77, ("SCRAM-SHA-256", "login = plain"), **urls)
        run(ca + 'oauth-command = "echo wrong-one"\n', 77, ("sign in again",), **urls)
        run(ca + secret + "login = gssapi\n", 77, ("GSSAPI",), **urls)
    # no network for the command that gets a token: nothing is given up
    run(ca + "oauth-command = false\n", 75, ("oauth-command",))
    run(secret + ca + 'proxy = "socks5h://jane:Geheimnis@127.0.0.1:1"\n', 75, ("through the proxy",))
    run(secret + ca + 'tunnel = "sh -c \'echo who are you >&2; exit 1\'"\n', 75, ("who are you",))
    pipe = os.path.join(place.path, "pipe.py")
    with open(pipe, "w") as f:
        f.write("import os, select, socket, sys\ns = socket.create_connection((sys.argv[1], int(sys.argv[2])))\nwhile True:\n"
                "    for f in select.select([0, s], [], [])[0]:\n        data = os.read(0, 65536) if f == 0 else s.recv(65536)\n"
                "        if not data:\n            sys.exit(0)\n        s.sendall(data) if f == 0 else os.write(1, data)\n")
    run(secret + ca + f'tunnel = "{sys.executable} {pipe} %h %p"\n')
    run(secret + ca + f'tunnel = "{sys.executable} {pipe} %h %p"\n', receive="imap", send="submission")
print("ok")
