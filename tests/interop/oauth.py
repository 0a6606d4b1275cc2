#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Signing in by OAuth2, the whole way: each way of signing in, synchronising and sending with the token, tokens that end, are refused or
revoked, two programs at once, and where tokens are kept."""
import json, os, re, select, signal, stat, subprocess, sys
from oauth_server import CLIENT, SECRET, OAuthServer
from setup_wizard_terminal import Terminal
from tm import TMAIL, Place, check

TOKENS = [f"ya29.access-token-{i}" for i in range(20)]
BROWSER = """import sys, urllib.error, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    opener.open(sys.argv[1], timeout=20).read()
except urllib.error.HTTPError:
    pass
"""
AGAIN = "tmail setup --sign-in work"

with Place() as place:
    server = place.tmaild("--user", "jane:pw", *(word for t in TOKENS for word in ("--oauth-token", f"jane:{t}")))
    oauth = OAuthServer(TOKENS)
    browser = os.path.join(place.path, "browser.py")
    with open(browser, "w") as f:
        f.write(BROWSER)
    display = {"DISPLAY": ":99", "BROWSER": f"'{sys.executable}' {browser}", "WAYLAND_DISPLAY": ""}
    blind = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}
    made = 0

    def profile(extra="", device=False, keys=None):
        global made
        made += 1
        return place.profile(f'[tmail]\nundo-send = 0\n\n[account work]\naddress = "Jane Roe <jane@example.org>"\n'
                             f'receive = "imap://jane@127.0.0.1:{server.ports["imap"]}"\nsend = "smtp://jane@127.0.0.1:{server.ports["submission"]}"\n'
                             + (keys or oauth.keys(device)) + extra, name=f"profile-{made}")

    def token_file(p):
        return os.path.join(p.path, "oauth-work.json")

    def kept(p):
        with open(token_file(p)) as f:
            return json.load(f)

    def engine_end(p):
        """The next command begins with a fresh engine, which has nothing in memory."""
        for pid in subprocess.run(["pgrep", "-f", f"tmail-sync --store {p.path}/"], capture_output=True, text=True, check=False).stdout.split():
            fd = os.pidfd_open(int(pid))
            signal.pidfd_send_signal(fd, signal.SIGTERM)
            check(select.select([fd], [], [], 20)[0], "the engine does not end")
            os.close(fd)

    def end_access(p):
        """The clock goes on: its access token is over."""
        engine_end(p)
        t = kept(p)
        t["until"] = 1
        with open(token_file(p), "w") as f:
            json.dump(t, f)

    def said(r):
        return (r.stdout + r.stderr).decode()

    def sign_in(p, code=0, env=display, words=()):
        text = said(p.run("setup", "--sign-in", "work", code=code, env=env))
        check(all(w in text for w in words), f"wanted {words}: {text}")
        check("\x1b" not in text, f"a stranger's controls: {text!r}")
        return text

    def both(p):
        """Receives and sends."""
        p.run("--no-queue", "-s", "hello", "jane@example.org", stdin=b"hello\n")
        p.run("sync")

    # nobody has signed in yet; then in, by the browser
    p = profile()
    check(AGAIN in said(p.run("sync", code=77)), "it is not said what to do")
    sign_in(p, words=("Open this address", "/auth?tenant=x&response_type=code", "Signed in."))
    check(stat.S_IMODE(os.stat(token_file(p)).st_mode) == 0o600, "others can read the token")
    both(p)
    check(oauth.asked == ["authorization_code"] and not oauth.wrong, f"{oauth.asked} {oauth.wrong}")

    # both mechanisms
    rc = open(os.path.join(p.path, "tmailrc")).read()
    for mech in ("xoauth2", "oauthbearer"):
        p.write_rc(rc + f"login = {mech}\n")
        both(p)
    p.write_rc(rc)
    check(oauth.asked == ["authorization_code"], "a token that holds was renewed")

    # it ends: renewed, with a refresh token that is another each time
    for i in range(3):
        before = kept(p)["refresh"]
        end_access(p)
        both(p)
        check(oauth.asked.count("refresh_token") == i + 1, f"{oauth.asked}")
        check(kept(p)["refresh"] != before, "the new refresh token was not kept")
    # and where the server goes on with the old one
    oauth.rotate, before = False, kept(p)["refresh"]
    end_access(p)
    both(p)
    check(kept(p)["refresh"] == before, "the refresh token got lost")
    oauth.rotate = True

    # the mail server refuses one that should hold: renewed at once, and nobody is asked
    good = TOKENS[oauth.given:]
    server.stop()
    server.options = (server.options[0], server.options[1], "--user", "jane:pw", *(w for t in good for w in ("--oauth-token", f"jane:{t}")))
    server.start()
    n = oauth.given
    both(p)
    check(oauth.given == n + 1, f"{oauth.given - n} new tokens instead of one")

    # two at once: one renews
    end_access(p)
    n = oauth.given
    twins = [subprocess.Popen([TMAIL, "--profile", p.path, "sync"], env=p.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(2)]
    check([t.wait(60) for t in twins] == [0, 0], f"{[t.stdout.read() for t in twins]}")
    check(oauth.given == n + 1, f"{oauth.given - n} new tokens instead of one")

    # the token server is away, or talks nonsense: later; the person has nothing to do
    for reply in ((503, b"oops"), (500, {}), (200, b"[1]"), (200, b'{"access_token":""}'), (200, b"{" * 70000), (503, {"error": "server_error"}),
                  (200, {"access_token": "x\r\ny"}), (200, {"access_token": "x" * 40000}), (200, b'{"a":1,"a":2}')):
        oauth.reply = reply
        end_access(p)
        text = said(p.run("sync", code=None))
        check(AGAIN not in text, f"{reply}: {text}")
    oauth.reply = None
    both(p)

    # revoked
    oauth.refreshable.clear()
    end_access(p)
    text = said(p.run("sync", code=77))
    check(AGAIN in text and "\x1b" not in text, f"not told what to do: {text!r}")
    # in again
    sign_in(p)
    both(p)

    # a file that others can read is refused
    engine_end(p)
    os.chmod(token_file(p), 0o644)
    check("chmod 600" in said(p.run("sync", code=77)), "a token for everybody")
    os.chmod(token_file(p), 0o600)
    with open(token_file(p), "w") as f:
        f.write("nonsense\n")
    engine_end(p)
    check("sign in again" in said(p.run("sync", code=77)), "nonsense was kept")

    # the person says no; a redirect with another state changes nothing
    oauth.deny = True
    sign_in(profile(), 77, words=("not allowed",))
    oauth.deny = False

    # by a code that is typed elsewhere
    p = profile(device=True)
    sign_in(p, env=blind, words=("WDJB-MJHT", "/go"))
    both(p)
    oauth.device_polls = ["slow_down"]
    sign_in(profile(device=True), env=blind)
    for polls, words in ((["access_denied"], "not allowed"), (["expired_token"], "not used in time")):
        oauth.device_polls = polls
        sign_in(profile(device=True), 77, env=blind, words=(words,))
    oauth.device_polls, oauth.device_expires = ["authorization_pending"] * 50, 2
    sign_in(profile(device=True), 77, env=blind, words=("not used in time",))
    oauth.device_polls, oauth.device_expires = [], 600

    # pasted, over ssh
    p = profile()
    for paste in (lambda back: back, lambda back: re.search("code=([^&]*)", back)[1].replace("%2F", "/").replace("%2B", "+").replace("%3D", "=")):
        t = Terminal([TMAIL, "--profile", p.path, "setup", "--sign-in", "work"], dict(p.env, **blind))
        url = re.sub(r"\s", "", t.expect(r"(http://127\S*)\r?\n")[1])
        back = subprocess.run([sys.executable, "-c", "import sys, http.client, urllib.parse as u\np = u.urlsplit(sys.argv[1])\n"
                               "c = http.client.HTTPConnection(p.netloc)\nc.request('GET', p.path + '?' + p.query)\n"
                               "print(c.getresponse().headers['Location'])", url], capture_output=True, text=True, check=True).stdout.strip()
        t.answer("Paste", re.sub("state=[^&]*", "state=of-another", back))
        t.expect("another try")
        t.answer("Paste", paste(back))
        t.expect("Signed in")
        check(t.end() == 0, "pasting")
        both(p)

    # a keyring's commands; and nothing lies beside the store then
    box = os.path.join(place.path, "keyring")
    p = profile(f'oauth-keep-command = "sh -c \'cat > {box}\'"\noauth-load-command = "sh -c \'cat {box} || true\'"\n')
    check(AGAIN in said(p.run("sync", code=77)), "an empty keyring")
    sign_in(p)
    both(p)
    check(not os.path.exists(token_file(p)) and "refresh-" in open(box).read(), "where is the token?")

    # what is missing is said
    for keys, words in ((oauth.keys().replace(f'oauth-client-id = "{CLIENT}"\n', ""), "needs a client id"),
                        ('oauth = google\n', "console.cloud.google.com"), ('oauth = microsoft\n', "entra.microsoft.com")):
        check(words in said(profile(keys=keys).run("setup", "--sign-in", "work", code=78, env=display)), words)
    check("http" in said(profile(keys=oauth.keys().replace("http://127.0.0.1", "http://example.org")).run("setup", "--sign-in", "work", code=78)), "in the clear")

    check(not oauth.wrong, f"{oauth.wrong}")
    oauth.stop()
    for i in range(1, made + 1):
        log = os.path.join(place.path, f"profile-{i}", "tmail.log")
        text = open(log).read() if os.path.exists(log) else ""
        check(not any(s in text for s in ("ya29", "refresh-", SECRET)), f"a secret in {text}")
