#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tmaild as a server on a real host: configuration, reload, stop, one server a root, limits, privileges, and how it is commanded."""
import contextlib, imaplib, os, pwd, shutil, signal, smtplib, socket, ssl, subprocess, time
from tm import Place, TMAILD, WAIT_S, check


def command(server_root, *words, stdin=b"", code=0):
    p = subprocess.run([TMAILD, *words, "--root", server_root], input=stdin, capture_output=True, timeout=WAIT_S)
    check(code is None or p.returncode == code, f"{words}: {p.returncode} {p.stderr.decode()}")
    return p.stdout.decode()


def root_of(server):
    return os.path.join(server.root, "mail.root")


def imap(server, name="jane", password="pw"):
    m = imaplib.IMAP4("127.0.0.1", server.ports["imap"], timeout=WAIT_S)
    m.login(name, password)
    return m


def can_login(server, name, password):
    with contextlib.suppress(imaplib.IMAP4.error):
        imap(server, name, password).logout()
        return True
    return False


def log_of(server):
    with open(os.path.join(server.root, "tmaild.log")) as f:
        return f.read()


def eventually(claim, text):
    deadline = time.monotonic() + WAIT_S
    while not claim():
        check(time.monotonic() < deadline, text)
        time.sleep(0.01)


def reload_keeps_sessions(place):
    server = place.tmaild("--config", conf(place, "user = jane:pw\n"), name="reload")
    early = imap(server)
    check(not can_login(server, "joe", "new"), "joe is not there yet")
    conf(place, "user = \"jane:pw, joe:new\"\nlimit = message=2000\n")
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: "is read again" in log_of(server), "SIGHUP is not heard")
    check(can_login(server, "joe", "new"), "a reload takes new users")
    check(early.select()[0] == "OK", "a session ended with a reload")
    with smtplib.SMTP("127.0.0.1", server.ports["smtp"], timeout=WAIT_S) as s:
        s.ehlo()
        check(s.esmtp_features["size"] == "2000", "a limit is not read again")
    early.logout()
    # A mistake changes nothing, and says where it is.
    conf(place, "user = jane:pw\nnonsense = 1\n")
    p = subprocess.run([TMAILD, "reload", "--root", root_of(server)], capture_output=True, timeout=WAIT_S)
    check(p.returncode == 1 and b"line 3" in p.stderr and b"nonsense" in p.stderr, f"reload said {p.stderr}")
    check(can_login(server, "joe", "new"), "a mistake changed something")
    # The log that was moved away is written anew.
    log = os.path.join(server.root, "tmaild.log")
    os.rename(log, log + ".old")
    conf(place, "user = jane:pw\n")
    check(command(root_of(server), "reload") == "", "nothing needs a restart")
    check("is read again" in log_of(server), "the log is not opened again")
    # What the queue goes by is not changed, and that is said.
    conf(place, "user = jane:pw\nrelay = 127.0.0.1:1\n")
    check("after a restart" in command(root_of(server), "reload") and "after a restart" in log_of(server), "relay is not new")
    conf(place, "user = jane:pw\n")
    command(root_of(server), "reload")
    check(not can_login(server, "joe", "new"), "joe is gone")
    server.stop()
    check(server.process.returncode == 0, "the end")


def conf(place, text, name="tmaild.conf"):
    path = os.path.join(place.path, name)
    with open(path, "w") as f:
        os.fchmod(f.fileno(), 0o600)
        f.write("[server]\n" + text)
    return path


def mistakes_in_the_file(place):
    for text, want in (("rot = /x\n", 'did you mean "root"?'), ("smtp = 70000\n", "70000"), ("smtp = 1 ; x\n", "quotes"),
                       ("trace = yes\ntrace = no\n", "twice"), ("trace = perhaps\n", "yes or no"), ("limit = none=1\n", "none"), ("limit = help\n", "help")):
        p = subprocess.run([TMAILD, "--config", conf(place, text, "bad.conf")], capture_output=True, timeout=WAIT_S)
        line = f"bad.conf, line {1 + text.count(chr(10))}: "
        check(p.returncode == 78 and line in p.stderr.decode() and want in p.stderr.decode(), f"{text}: {p.stderr}")
    p = subprocess.run([TMAILD, "--config", os.path.join(place.path, "none.conf")], capture_output=True, timeout=WAIT_S)
    check(p.returncode == 66, f"no such file: {p.returncode}")


def one_server_a_root(place):
    server = place.tmaild("--user", "jane:pw", name="one")
    p = subprocess.run([TMAILD, "--root", root_of(server), "--port-file", os.path.join(place.path, "p2")], capture_output=True,
                       timeout=WAIT_S)
    check(p.returncode == 69 and b"another tmaild" in p.stderr, f"a second server: {p.returncode} {p.stderr}")
    check("sessions 0" in command(root_of(server), "status"), "the first one was harmed")
    # The socket of one that was killed is no hindrance.
    server.stop(signal.SIGKILL)
    check(os.path.exists(os.path.join(root_of(server), "control")), "the socket of the dead")
    command(root_of(server), "status", code=69)
    server.start()
    check(f"pid {server.process.pid}" in command(root_of(server), "status"), "status of the new one")
    mode = os.stat(os.path.join(root_of(server), "control")).st_mode & 0o777
    check(mode == 0o600, f"control has mode {mode:o}")
    command(root_of(server), "nonsense", code=64)
    for words, want in ((("queue",), "queue takes"), (("queue", "frob"), "queue takes"), (("queue", "list", "x"), "queue takes"),
                        (("queue", "remove"), "remove ID"), (("mail",), "mail takes"), (("mail", "list", "--frob"), "mail takes"),
                        (("mail", "show", "jane"), "UID"), (("clock",), "clock takes"), (("clock", "advance"), "such as"),
                        (("fault",), "--fault help"), (("fault", "clear", "x"), "fault takes"), (("status", "x"), "status takes nothing"),
                        (("users", "add", "--frob"), "users takes"), (("users", "add", "../x"), "name"), (("users", "password", "x"), "no account"),
                        (("nonsense",), "tmaild --help")):
        p = subprocess.run([TMAILD, *words, "--root", root_of(server)], stdin=subprocess.DEVNULL, capture_output=True, timeout=WAIT_S)
        check(p.returncode == 64 and want in p.stderr.decode(), f"{words}: {p.returncode} {p.stderr}")
    p = subprocess.run([TMAILD, "--root", root_of(server), "status"], capture_output=True, timeout=WAIT_S)
    check(p.returncode == 0, "--root before the command")
    ports = os.path.join(server.root, "ports")
    check(os.path.exists(ports), "the ports are written")
    command(root_of(server), "stop")
    check(server.process.wait(WAIT_S) == 0, "stop")
    check(not os.path.exists(ports), "the ports of a server that ended")
    with open(ports, "w") as f:
        f.write("smtp 1\n")
    p = subprocess.run([TMAILD, "--root", root_of(server), "--port-file", ports, "--tls-cert", "none", "--smtp", "1", "--listen", "192.0.2.1"],
                       capture_output=True, timeout=WAIT_S)
    check(p.returncode != 0 and not os.path.exists(ports), "the ports of a dead server, while a new one starts")
    command(root_of(server), "status", code=69)


def users_by_command(place):
    server = place.tmaild("--user", "jane:pw", name="users")
    root = root_of(server)
    command(root, "users", "add", "joe", stdin=b"secret\n")
    check(can_login(server, "joe", "secret") and not can_login(server, "joe", "other"), "added, and known at once")
    check(os.stat(os.path.join(root, "users")).st_mode & 0o777 == 0o600, "the users file is private")
    with open(os.path.join(root, "users")) as f:
        check("secret" not in f.read(), "the password itself is kept")
    command(root, "users", "add", "joe", stdin=b"x\n", code=64)
    command(root, "users", "add", "../joe", stdin=b"x\n", code=64)
    command(root, "users", "add", "sue", stdin=b"\n", code=64)
    command(root, "users", "password", "joe", stdin=b"other\n")
    check(can_login(server, "joe", "other") and not can_login(server, "joe", "secret"), "the password is another")
    check(command(root, "users", "list").split() == ["joe"], "the list")
    command(root, "users", "remove", "joe")
    check(not can_login(server, "joe", "other"), "removed")
    server.stop()
    command(root, "users", "add", "--plain", "ann", stdin=b"later\n")
    server.start()
    check(can_login(server, "ann", "later"), "added while no server ran")
    server.stop()


def stop_is_graceful(place):
    server = place.tmaild("--user", "jane:pw", name="stop")
    m = imap(server)
    m.select()
    with socket.create_connection(("127.0.0.1", server.ports["smtp"]), WAIT_S) as s:
        f = s.makefile("rb")
        f.readline()
        server.process.send_signal(signal.SIGTERM)
        check(f.readline().startswith(b"421 "), "SMTP is told")
        check(f.readline() == b"", "and closed")
    try:
        m.noop()
        bye = False
    except imaplib.IMAP4.abort:
        bye = True
    check(bye, "IMAP is told")
    check(server.process.wait(WAIT_S) == 0, "the exit code")
    check("told to end" in log_of(server), "the log tells")


def own_address():
    """One that is not the loopback, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        with contextlib.suppress(OSError):
            s.connect(("192.0.2.1", 9))
            address = s.getsockname()[0]
            return None if address.startswith("127.") else address


def limits_bite(place):
    server = place.tmaild("--user", "jane:pw", "--listen", "0.0.0.0", "--limit", "connections=10", "--limit", "per-address=3",
                          name="limits", tls=True)
    port, address = server.ports["smtp"], own_address()
    silent = [socket.create_connection(("127.0.0.1", port), WAIT_S) for _ in range(40)]
    for s in silent:
        s.settimeout(WAIT_S)
    # The ten newest are served; whoever came before had not logged in.
    check(all(s.recv(100).startswith(b"220 ") for s in silent[-10:]), "the newest are served")
    for s in silent[:30]:
        while s.recv(100):
            pass
    for s in silent:
        s.close()
    if address is not None:
        eventually(lambda: "sessions 0" in command(root_of(server), "status"), "sessions end")
        mine = []
        for _ in range(3):
            m = imaplib.IMAP4_SSL(address, server.ports["imaps"], ssl_context=context(), timeout=WAIT_S)
            m.login("jane", "pw")
            mine.append(m)
        with socket.create_connection((address, port), WAIT_S) as s:
            check(s.recv(100).startswith(b"421 "), "the fourth of one address")
        with socket.create_connection(("127.0.0.1", port), WAIT_S) as s:
            check(s.recv(100).startswith(b"220 "), "the loopback is free")
        for m in mine:
            m.logout()
    server.stop()
    p = subprocess.run([TMAILD, "--limit", "help"], capture_output=True, timeout=WAIT_S)
    check(p.returncode == 0 and b"per-address" in p.stdout, "--limit help")


def context():
    c = ssl.create_default_context()
    c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
    return c


def privileges(place):
    server = place.tmaild("--user", "jane:pw", name="plain")
    state = status_of(server)
    check(state["NoNewPrivs"] == "1" and int(state["CapEff"], 16) == 0 and int(state["CapPrm"], 16) == 0, f"privileges: {state}")
    server.stop()
    if os.geteuid() != 0:
        return
    # Root on a low port: another user, or none. The folder must be where that user gets to.
    os.chmod(place.path, 0o711)
    port, folder = free_low_port(), os.path.join(place.path, "low")
    os.mkdir(folder)
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    if port is None:
        return
    common = ("--smtp", str(port))
    if not [p for p in pwd.getpwall() if p.pw_name == "tmaild"]:
        p = subprocess.run([TMAILD, "--root", os.path.join(folder, "r"), *common], capture_output=True, timeout=WAIT_S)
        check(p.returncode == 64 and b"--run-as" in p.stderr, f"root without a user to become: {p.returncode} {p.stderr}")
        shutil.rmtree(os.path.join(folder, "r"))
    server = place.tmaild("--user", "jane:pw", "--run-as", "nobody", *common, name="low", tls=True)
    state = status_of(server)
    check(set(state["Uid"].split()) == {str(nobody.pw_uid)}, f"the user is {state['Uid']}")
    check(state["NoNewPrivs"] == "1" and int(state["CapEff"], 16) == 0 and int(state["CapBnd"], 16) == 0, f"privileges: {state}")
    check(server.ports["smtp"] == port, "the low port")
    with smtplib.SMTP("127.0.0.1", port, timeout=WAIT_S) as s:
        s.sendmail("x@example.org", ["jane@localhost"], "Subject: x\n\nhello\n")
    check(imap(server).select()[1] == [b"1"], "mail is taken in")
    command(root_of(server), "users", "add", "joe", stdin=b"pw\n")
    check(os.stat(os.path.join(root_of(server), "users")).st_uid == nobody.pw_uid, "what root adds is the server's")
    check(can_login(server, "joe", "pw"), "and is read")
    server.stop()
    # The folder of somebody else.
    p = subprocess.run([TMAILD, "--root", place.path, "--run-as", "nobody", "--port-file", os.path.join(folder, "p")],
                       capture_output=True, timeout=WAIT_S)
    check(p.returncode == 64 and b"chown" in p.stderr, f"a foreign folder: {p.returncode} {p.stderr}")


def status_of(server):
    with open(f"/proc/{server.process.pid}/status") as f:
        return {k: v.strip() for k, v in (line.split(":", 1) for line in f)}


def free_low_port():
    for port in range(1023, 900, -1):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                s.bind(("127.0.0.1", port))
                return port


with Place() as place:
    reload_keeps_sessions(place)
    mistakes_in_the_file(place)
    one_server_a_root(place)
    users_by_command(place)
    stop_is_graceful(place)
    limits_bite(place)
    privileges(place)
print("tmaild_host: ok")
