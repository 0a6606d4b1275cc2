#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The account wizard on a terminal: what it asks, what it writes, what it leaves alone; and who starts tmail for the first time."""
import glob, json, os, pty, re, select, shutil, signal, ssl, stat, subprocess, sys, tempfile, termios, time

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", os.getcwd()), "tests/interop"))
from oauth_server import CLIENT, OAuthServer
from setup_wizard_terminal import Terminal
from setup_world import World
from tm import TMAIL, WAIT_S, Tmaild, check, fail

D = "example.test"
AUTO = ("autoconfig." + D, "/mail/config-v1.1.xml")


def document(imap, smtp, host="localhost"):
    return f"""<clientConfig version="1.1"><emailProvider id="{D}"><displayName>Example Mail</displayName>
<incomingServer type="imap"><hostname>{host}</hostname><port>{imap}</port><socketType>SSL</socketType><username>%EMAILADDRESS%</username>
</incomingServer><outgoingServer type="smtp"><hostname>{host}</hostname><port>{smtp}</port><socketType>SSL</socketType>
<username>%EMAILADDRESS%</username></outgoingServer></emailProvider></clientConfig>""".encode()


class Person:
    def __init__(self, place, name, world):
        self.home = os.path.join(place, name)
        os.makedirs(self.home)
        self.bin = os.path.join(self.home, "bin")
        os.makedirs(self.bin)
        self.rc = os.path.join(self.home, "tmailrc")
        self.env = dict(os.environ, HOME=self.home, XDG_RUNTIME_DIR=self.home, LC_ALL="C.UTF-8", TERM="xterm",
                        PATH=self.bin + ":/usr/bin:/bin", TMAIL_REACH=json.dumps(world.reach()))
        self.env.pop("DBUS_SESSION_BUS_ADDRESS", None)

    def terminal(self, *argv):
        return Terminal([os.path.abspath(TMAIL), "--profile", self.home, *argv], self.env)

    def text(self):
        with open(self.rc) as f:
            return f.read()

    def script(self, name, text):
        path = os.path.join(self.bin, name)
        with open(path, "w") as f:
            f.write("#!/bin/sh\n" + text)
        os.chmod(path, 0o755)


def to_the_password(t, secret="sesam3", name="Jane Roe"):
    t.answer(r"Your name[^:]*:", name)
    t.expect(r"Looking for the mail servers of jane@example.test")
    t.expect(r"This is Example Mail")
    t.password(r"Password of jane@example.test at \S+ \(not shown\):", secret)


def four_lines(world, place, server):
    p = Person(place, "file", world)
    t = p.terminal("setup", "jane@" + D)
    to_the_password(t, "opens4me")
    t.password(r"Password of jane@example.test", "sesam3")
    t.expect(r"Logged in")
    t.answer(r"(\d)  in tmailrc[\s\S]*Number \[1\]:", "nonsense")
    number = t.expect(r"(\d)  in tmailrc").group(1)
    t.answer(r"Number \[1\]:", number)
    t.expect(r'password = "\*\*\*"')
    t.answer(r"Write this into \S+\? \[Y/n\]", "")
    check(t.end() == 0, t.out)
    check("sesam3" not in t.out and "opens4me" not in t.out, f"the password was shown: {t.out}")
    want = f"""[account example]
address = "Jane Roe <jane@{D}>"
receive = "imaps://jane@{D}@localhost:{server.ports['imaps']}"
send = "smtps://jane@{D}@localhost:{server.ports['submissions']}"
password = "sesam3"
"""
    check(p.text() == want, p.text())
    check(stat.S_IMODE(os.stat(p.rc).st_mode) == 0o600, "the file is open to others")
    # It is one that works.
    with open(p.rc, "a") as f:
        f.write(f'tls-ca = "{world.place}/ca.pem"\n')
    done = subprocess.run([TMAIL, "--profile", p.home, "sync"], env=p.env, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    check(done.returncode == 0, f"{done}")
    # A second account beside it; the first is left as it is, and so is its name.
    before = p.text()
    t = p.terminal("setup", "jane@" + D)
    to_the_password(t, name="")
    t.answer(r"(\d)  nowhere[\s\S]*Number \[1\]:", "3")
    t.answer(r"Write this into", "y")
    check(t.end() == 0, t.out)
    check(p.text().startswith(before + "\n[account example-2]\n") and "password" not in p.text()[len(before):], p.text())


def said_no(world, place):
    """Nothing is written for who says no, stops, or has no terminal."""
    p = Person(place, "no", world)
    t = p.terminal("setup", "jane@" + D)
    to_the_password(t)
    t.answer(r"Number \[1\]:", "3")
    t.answer(r"Write this into", "n")
    check(t.end() == 1 and "Nothing was written" in t.out, t.out)
    t = p.terminal("setup", "jane@" + D)
    t.answer(r"Your name[^:]*:", "")
    t.expect(r"Password of[^:]*:")
    deadline = time.monotonic() + WAIT_S
    while termios.tcgetattr(t.fd)[3] & termios.ECHO:
        check(time.monotonic() < deadline, "a password would be shown")
        select.select([], [], [], 0.005)
    t.say("half\x03")
    deadline = time.monotonic() + WAIT_S
    while not termios.tcgetattr(t.fd)[3] & termios.ECHO and t.read(deadline):
        pass
    check(t.end() == -signal.SIGINT, t.out)
    t = p.terminal("setup")
    t.answer(r"Your e-mail address:", "nobody")
    t.answer(r"nobody is no e-mail address[\s\S]*Your e-mail address:", "\x04")
    check(t.end() == 1, t.out)
    done = subprocess.run([TMAIL, "--profile", p.home, "setup", "jane@" + D], env=p.env, capture_output=True, stdin=subprocess.DEVNULL,
                          start_new_session=True, timeout=60)
    check(done.returncode == 64 and b"terminal" in done.stderr, f"{done}")
    check(not os.path.exists(p.rc), "something was written")
    with open(p.rc, "w") as f:
        f.write("[tmail]\nnonsense = 1\n")
    t = p.terminal("setup", "jane@" + D)
    t.answer(r"Your name[^:]*:", "")
    check(t.end() == 78 and "nonsense" in t.out, t.out)
    check(p.text() == "[tmail]\nnonsense = 1\n", "a broken file was changed")


def password_programs(world, place):
    p = Person(place, "pass", world)
    os.mkdir(os.path.join(p.home, ".password-store"))
    p.script("pass", f"""case "$1" in
insert) [ "$*" = "insert -m -f mail/tmail-example" ] && cat >"{p.home}/kept" ;;
show) [ "$2" = mail/tmail-example ] && cat "{p.home}/kept" ;;
esac
""")
    t = p.terminal("setup", "jane@" + D)
    to_the_password(t)
    t.answer(r"1  the password store \(pass\)[\s\S]*Number \[1\]:", "1")
    t.answer(r"Write this into", "")
    check(t.end() == 0, t.out)
    check("password-command = \"pass show 'mail/tmail-example'\"" in p.text() and "sesam3" not in p.text(), p.text())
    with open(p.home + "/kept") as f:
        check(f.read() == "sesam3\n", "the password was not kept")
    # One that gives back something else, or fails, is told, and another way can be taken.
    p = Person(place, "liar", world)
    os.mkdir(os.path.join(p.home, ".password-store"))
    p.script("pass", "cat >/dev/null; echo other\n")
    t = p.terminal("setup", "jane@" + D)
    to_the_password(t)
    t.answer(r"Number \[1\]:", "1")
    t.answer(r"Write this into", "")
    t.expect(r"what it prints is not the password")
    t.answer(r"(\d)  another program[\s\S]*Number \[1\]:", "3")
    t.answer(r"The command that prints it:", "echo sesam3")
    t.answer(r"Write this into", "")
    check(t.end() == 0 and 'password-command = "echo sesam3"' in p.text(), t.out)


def nothing_found(world, place, server):
    """The person knows the servers."""
    p = Person(place, "typed", world)
    t = p.terminal("setup", "jane@nowhere.test")
    t.answer(r"Your name[^:]*:", "")
    t.expect(r"nobody says where the mail of jane@nowhere.test is")
    t.answer(r"receiving \(IMAP\)[^\n]*pop3:HOST:", "mail." + D)
    t.answer(r"sending \(SMTP\)[^\n]*HOST:PORT:", f"mail.{D}:465")
    t.password(r"Password of[^:]*:", "sesam3")
    t.answer(r"Number \[1\]:", "3")
    t.answer(r"Write this into", "")
    check(t.end() == 0, t.out)
    check(f'receive = "imaps://jane@mail.{D}"' in p.text() and f'send = "smtps://jane@mail.{D}"' in p.text(), p.text())


def unreachable(world, place):
    """What was found cannot be reached: the person may know better, or leave it."""
    world.dns.records.update({"_imaps._tcp.gone.test": {"SRV": [(0, 0, 993, "imap.gone.test")]},
                              "_submissions._tcp.gone.test": {"SRV": [(0, 0, 465, "smtp.gone.test")]}})
    for word, code in (("n", 1), ("y", 0)):
        p = Person(place, "gone" + word, world)
        t = p.terminal("setup", "jane@gone.test")
        t.answer(r"Your name[^:]*:", "")
        t.answer(r"Do you want to name the servers yourself\? \[y/N\]", word)
        if word == "y":
            t.answer(r"receiving \(IMAP\)[^\n]*pop3:HOST:", "pop3:mail." + D)
            t.answer(r"sending \(SMTP\)[^\n]*HOST:PORT:", "mail." + D)
            t.password(r"Password of[^:]*:", "sesam3")
            t.answer(r"Number \[1\]:", "3")
            t.answer(r"Write this into", "")
        check(t.end() == code, t.out)
        check(os.path.exists(p.rc) == (code == 0), t.out)
    check(f'receive = "pop3s://jane@mail.{D}"' in p.text(), p.text())


def bridge_key(world, place, bridge):
    """Proton's way: a program on this machine that signs for itself."""
    world.dns.records["bridged.test"] = {"MX": [(10, "mail.protonmail.ch")]}
    world.routes[:0] = [f"127.0.0.1:1143:127.0.0.1:{bridge.ports['imap']}", f"127.0.0.1:1025:127.0.0.1:{bridge.ports['submission']}"]
    p = Person(place, "bridge", world)
    t = p.terminal("setup", "jane@bridged.test")
    t.answer(r"Your name[^:]*:", "Jane")
    pin = t.expect(r"with the key (sha256//\S+)\. Trust this key from now on\? \[Y/n\]").group(1)
    t.say("y\n")
    t.expect(r"This is Proton Mail[\s\S]*Bridge")
    t.password(r"Password of[^:]*:", "sesam3")
    t.answer(r"Number \[1\]:", "3")
    t.answer(r"Write this into", "")
    check(t.end() == 0, t.out)
    check(f'tls-pin = "{pin}"' in p.text() and 'receive = "imap://jane@bridged.test@127.0.0.1:1143"' in p.text(), p.text())
    del world.routes[:2]


def token_alone(world, place, server):
    """A provider that takes access tokens and nothing else."""
    world.dns.records["tenant.test"] = {"MX": [(0, "tenant-test.mail.protection.outlook.com")]}
    world.routes[:0] = [f"outlook.office365.com:993:127.0.0.1:{server.ports['imaps']}",
                        f"smtp.office365.com:587:127.0.0.1:{server.ports['submission']}"]
    p = Person(place, "token", world)
    t = p.terminal("setup", "jane@tenant.test")
    t.answer(r"Your name[^:]*:", "Jane")
    t.expect(r"This is Microsoft 365[\s\S]*access tokens")
    for token in ("stale", "t0ken"):
        t.answer(r"Client id \(Enter: none\):", "")
        t.answer(r"The command that prints an access token:", f"echo {token}")
    t.answer(r"Logged in[\s\S]*Write this into", "")
    check(t.end() == 0, t.out)
    check('oauth-command = "echo t0ken"' in p.text() and "password" not in p.text(), p.text())
    del world.routes[:2]


def nothing_lies_about(world, place, server):
    """Who signs in, or chooses a keyring, and then says no, or whose file cannot be written: nothing is kept anywhere. With a yes all of it is."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(f"{world.place}/server.pem", f"{world.place}/server.key")
    oauth = OAuthServer(["t0ken"], tls, secret=None)
    world.dns.records["signed.test"] = {"MX": [(0, "signed-test.mail.protection.outlook.com")]}
    world.routes[:0] = [f"outlook.office365.com:993:127.0.0.1:{server.ports['imaps']}",
                        f"smtp.office365.com:587:127.0.0.1:{server.ports['submission']}",
                        f"login.microsoftonline.com:443:127.0.0.1:{oauth.port}"]

    def sign_in(p, yes):
        t = p.terminal("setup", "jane@signed.test")
        t.answer(r"Your name[^:]*:", "Jane")
        t.answer(r"Client id \(Enter: none\):", CLIENT)
        t.expect(r"The code that it asks for: WDJB-MJHT[\s\S]*Signed in\.")
        t.expect(r"Write this into")
        if yes is None:
            os.mkdir(p.rc)  # a folder is in the way
        else:
            check(not os.path.exists(p.rc), "written before the answer")
        check(not glob.glob(p.home + "/**/oauth-*", recursive=True), "a token is kept before the answer")
        t.say("n\n" if yes is False else "y\n")
        return t, t.end()

    p = Person(place, "signed", world)
    t, code = sign_in(p, False)
    check(code == 1 and "Nothing was written" in t.out and os.listdir(p.home) == ["bin"], f"{t.out} {os.listdir(p.home)}")
    t, code = sign_in(p, True)
    token, = glob.glob(p.home + "/**/oauth-*.json", recursive=True)
    check(code == 0 and "oauth = \"microsoft\"" in p.text() and stat.S_IMODE(os.stat(token).st_mode) == 0o600, t.out)
    with open(token) as f:
        kept = json.load(f)
    check(kept["access"] == "t0ken" and kept["refresh"] in oauth.refreshable and kept["until"] > time.time(), f"{kept}")
    check(not oauth.wrong and "t0ken" not in t.out, f"{oauth.wrong} {t.out}")
    p = Person(place, "unsigned", world)
    t, code = sign_in(p, None)
    check(code not in (0, 1) and not glob.glob(p.home + "/**/oauth-*", recursive=True), f"{code} {t.out}")
    oauth.stop()
    del world.routes[:3]
    # a keyring's program
    p = Person(place, "unkept", world)
    os.mkdir(os.path.join(p.home, ".password-store"))
    p.script("pass", f"""echo "$*" >>"{p.home}/asked"
case "$1" in
insert) cat >"{p.home}/kept" ;;
show) cat "{p.home}/kept" ;;
rm) rm "{p.home}/kept" ;;
esac
""")
    for word in ("n", "y"):
        t = p.terminal("setup", "jane@" + D)
        to_the_password(t)
        t.answer(r"Number \[1\]:", "1")
        t.expect(r"Write this into \S+, and the password into the password store \(pass\)\?")
        check(not os.path.exists(p.home + "/asked"), "a program was run before the answer")
        if word == "y":
            os.mkdir(p.rc)
        t.say(word + "\n")
        code = t.end()
        check(code not in (0, 1) if word == "y" else code == 1, t.out)
        check(not os.path.exists(p.home + "/kept"), "the password was kept")
    with open(p.home + "/asked") as f:
        check(f.read().endswith("rm -f mail/tmail-example\n"), "it was never kept")


def from_mutt(world, place):
    """What a muttrc says is taken over; nothing in it is run, but for the password's command after a yes."""
    p = Person(place, "mutt", world)
    with open(p.home + "/muttrc", "w") as f:
        f.write(f"""set my_host={D} realname="Jane Roe, PhD"
set from="jane@$my_host" folder=imaps://mail.$my_host/ imap_user=jane
set smtp_url="smtps://jane@mail.$my_host:465/" imap_pass=`echo sesam3`
set signature="`touch {p.home}/run`|"
source `touch {p.home}/run; echo /dev/null`
color index red default .
""")
    asked = len(world.web.asked)
    t = p.terminal("setup", "--from-muttrc", p.home + "/muttrc")
    t.expect(r"Not taken over: source, color, signature\.")
    t.answer(r"Your name[^:]*\[Jane Roe, PhD\]:", "")
    t.answer(r'from the command "echo sesam3"\. Run it\? \[Y/n\]', "")
    t.answer(r"Logged in[\s\S]*Write this into", "")
    check(t.end() == 0, t.out)
    check(p.text() == f"""[account example]
address = "Jane Roe PhD <jane@{D}>"
receive = "imaps://jane@mail.{D}"
send = "smtps://jane@mail.{D}"
password-command = "echo sesam3"
""", p.text())
    check(not os.path.exists(p.home + "/run"), "a command of the muttrc was run")
    check(len(world.web.asked) == asked, "what is known was looked for")
    with open(p.home + "/muttrc", "w") as f:
        f.write(f"set from='Jane <jane@{D}>' imap_pass=stale\n")
    t = p.terminal("setup", "--from-muttrc", p.home + "/muttrc")
    t.answer(r"Your name[^:]*:", "")
    t.answer(r"Show the password of the muttrc to [^?]*\? \[Y/n\]", "")
    t.expect(r"refuses the login")
    t.password(r"Password of[^:]*:", "sesam3")
    t.answer(r"Number \[1\]:", "3")
    t.answer(r"Write this into", "n")
    check(t.end() == 1 and "stale" not in t.out, t.out)
    t = p.terminal("setup", "--from-muttrc", p.home + "/none")
    check(t.end() == 66, t.out)


def the_first_time(world, place):
    p = Person(place, "first", world)
    t = p.terminal()
    t.answer(r"Welcome to tmail[\s\S]*Your e-mail address", "jane@" + D)
    to_the_password(t)
    t.answer(r"1  in tmailrc[\s\S]*Number \[1\]:", "")
    t.answer(r"Write this into", "")
    t.expect(r"Done")
    t.expect(r"\x1b\[\?1049h")  # the reader takes the screen
    t.say("q")
    t.end()
    check("[account example]" in p.text(), t.out)
    p = Person(place, "curious", world)
    t = p.terminal()
    t.answer(r"Your e-mail address, or Enter for a demonstration", "")
    t.expect(r"\x1b\[\?1049h")
    t.say("q")
    t.end()
    check(not os.path.exists(p.rc), "the demonstration wrote a configuration")
    done = subprocess.run([TMAIL, "--profile", p.home, "sync"], env=p.env, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    check(done.returncode == 78 and b"tmail setup" in done.stderr, f"{done}")


def main():
    place = tempfile.mkdtemp(prefix="tmail-wizard.")
    world = World(os.path.join(place, "world"), D, "*." + D, "localhost", "*.office365.com", "login.microsoftonline.com")
    tls = ("--tls-cert", f"{world.place}/server.pem", "--tls-key", f"{world.place}/server.key")
    server = Tmaild(os.path.join(place, "tmaild"), "--domain", D, "--domain", "tenant.test", "--domain", "signed.test", "--user", "jane:sesam3", "--oauth-token", "jane:t0ken", *tls,
                    tls=True)
    bridge = Tmaild(os.path.join(place, "bridge.d"), "--domain", D, "--domain", "bridged.test", "--user", "jane:sesam3", tls=True)
    for name in ("imaps", "submissions"):
        world.route("localhost", server.ports[name], server.ports[name])
    world.route("mail." + D, 993, server.ports["imaps"])
    world.route("mail." + D, 995, server.ports["pop3s"])
    world.route("mail." + D, 465, server.ports["submissions"])
    world.web.documents[AUTO] = document(server.ports["imaps"], server.ports["submissions"])
    try:
        four_lines(world, place, server)
        said_no(world, place)
        password_programs(world, place)
        nothing_found(world, place, server)
        unreachable(world, place)
        bridge_key(world, place, bridge)
        token_alone(world, place, server)
        nothing_lies_about(world, place, server)
        from_mutt(world, place)
        the_first_time(world, place)
    finally:
        bridge.stop()
        server.stop()
        world.close()
        shutil.rmtree(place, ignore_errors=True)


main()
