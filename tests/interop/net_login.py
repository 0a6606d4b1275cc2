# SPDX-License-Identifier: MIT
"""Every way to log in, by IMAP, POP3 and SMTP, at tmaild, Dovecot and Postfix: it is done, wrong secrets are refused in words, and no secret
stands in the log at its most talkative. Then pins, certificates, proxies and tunnels."""
import base64, hashlib, http.server, os, select, socket, ssl, subprocess, sys, threading, urllib.parse
import kerberos, postfix
from certificate import dated
from dovecot import Dovecot, installed, make_certificates
from tm import BUILD, Place, check

PROBE = os.path.join(BUILD, "tests/interop/net_login")
SECRET, TOKEN = "Sesam/oeffne=dich+1", "ya29.A0AfH6SMBqqqq-Token_1"
AUTH, TLS, CONFIG, NET = "6/", "5/", "12/", "4/"
PASSWORDS = ("plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256")


def probe(proto, port, env=None, **keys):
    """What it says, and its log, in which no secret may stand."""
    words = [f"{k}={v}" for k, v in dict(proto=proto, port=port, **keys).items()]
    p = subprocess.run([PROBE, *words], capture_output=True, text=True, timeout=120, env=env)
    check(p.returncode == 0, f"{words}: exit {p.returncode} {p.stdout}{p.stderr}")
    for secret in {keys.get("secret", ""), TOKEN, SECRET} - {"", "pw"}:
        forms = [secret, *(base64.b64encode(b"x" * n + secret.encode()).decode()[4:-4] for n in range(3))]
        check(not any(form in p.stdout + p.stderr for form in forms), f"{words}: a secret is told: {p.stdout}{p.stderr}")
    return p.stdout.strip(), p.stderr


def good(proto, port, by=None, **keys):
    said, log = probe(proto, port, **keys)
    check(said == "ok", f"{proto} {port} {keys}: {said}\n{log}")
    check(by is None or f"login by {by.upper()}\n" in log, f"{proto} {keys}: not by {by}\n{log}")


def bad(proto, port, code, *words, **keys):
    said, log = probe(proto, port, **keys)
    check(said.startswith(code) and all(w in said for w in words), f"{proto} {port} {keys}: wanted {code} {words}, was: {said}\n{log}")


def thread(run, *args):
    t = threading.Thread(target=run, args=args, daemon=True)
    t.start()
    return t


# ---------------------------------------------------------------------- servers

def at_tmaild(place):
    server = place.tmaild("--user", f"jane:{SECRET}", "--oauth-token", f"jane:{TOKEN}", tls=True)
    ca = os.path.join(server.root, "mail.root", "tls", "ca.pem")
    ways = [(proto, server.ports[name], dict(tls=tls, ca=ca, host="localhost")) for proto, name, tls in (
        ("imap", "imaps", "direct"), ("imap", "imap", "starttls"), ("pop3", "pop3s", "direct"), ("pop3", "pop3", "starttls"),
        ("smtp", "submissions", "direct"), ("smtp", "submission", "starttls"))]
    for proto, port, how in ways:
        good(proto, port, "scram-sha-256", secret=SECRET, **how)
        for mech in ("plain", "login", "cram-md5"):
            good(proto, port, mech, secret=SECRET, mech=mech, **how)
        good(proto, port, "oauthbearer", secret=TOKEN, kind="token", **how)
        good(proto, port, "xoauth2", secret=TOKEN, kind="token", mech="xoauth2", **how)
        bad(proto, port, AUTH + "0", "SCRAM-SHA-256", "login = plain", secret="wrong-one", **how)
        bad(proto, port, AUTH + "0", "sign in again", secret="wrong-one", kind="token", **how)
        bad(proto, port, AUTH + "0", "does not offer GSSAPI", kind="kerberos", mech="gssapi", **how)
    return server, ca


OAUTH2 = "tokeninfo_url = http://127.0.0.1:{port}/?token=\nusername_attribute = user\n"
MORE = """
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 xoauth2 oauthbearer external
ssl_ca = <{place}/ca.pem
ssl_verify_client_cert = yes
ssl_require_crl = no
auth_ssl_username_from_cert = yes
ssl_cert_username_field = commonName
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {place}/oauth2
}}
passdb {{
  driver = static
  mechanisms = external
  args = nopassword=y
}}
service auth {{
  unix_listener {place}/auth-client {{
    mode = 0666
  }}
}}
"""


class Tokens(http.server.BaseHTTPRequestHandler):
    """Says whose the token is."""

    def do_GET(self):
        token = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query).get("token", [""])[0]
        body = b'{"user": "jane"}' if token == TOKEN else b'{"error": "invalid_token"}'
        self.send_response(200 if token == TOKEN else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def client_certificate(place):
    """client.pem and client.key of jane, signed by ca.pem."""
    def openssl(*argv):
        subprocess.run(["openssl", *argv], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{place}/client.key", "-out", f"{place}/client.csr",
            "-subj", "/CN=jane")
    openssl("x509", "-req", "-in", f"{place}/client.csr", "-CA", f"{place}/ca.pem", "-CAkey", f"{place}/ca.key", "-CAcreateserial", "-days", "30",
            "-out", f"{place}/client.pem")


def at_dovecot(d, tokens):
    with open(f"{d.place}/oauth2", "w") as f:
        f.write(OAUTH2.format(port=tokens.server_port))
    with open(f"{d.place}/dovecot.conf", "a") as f:
        f.write(MORE.format(place=d.place))
    client_certificate(d.place)
    d.start()
    ca = f"{d.place}/ca.pem"
    cert = dict(cert=f"{d.place}/client.pem", key=f"{d.place}/client.key")
    for proto, port, tls in (("imap", d.tls_port, "direct"), ("imap", d.port, "starttls"), ("pop3", d.pop3s_port, "direct"),
                             ("pop3", d.pop3_port, "starttls")):
        how = dict(tls=tls, ca=ca)
        good(proto, port, "scram-sha-256", secret="pw", **how)
        for mech in PASSWORDS:
            good(proto, port, mech, secret="pw", mech=mech, **how)
            bad(proto, port, AUTH + "0", secret="wrong-one", mech=mech, **how)
        for mech in ("oauthbearer", "xoauth2"):
            good(proto, port, mech, secret=TOKEN, kind="token", mech=mech, **how)
            bad(proto, port, AUTH + "0", "sign in again", secret="wrong-one", kind="token", mech=mech, **how)
        good(proto, port, "external", kind="external", **how, **cert)
        bad(proto, port, AUTH + "0", "tls-cert", kind="external", **how)
        # a token longer than any line of POP3 may be with it: refused, but for what it is
        bad(proto, port, AUTH + "0", secret="t" * 3000, kind="token", **how)
    good("imap", d.port, "scram-sha-256", secret="pw", tls="none")
    bad("imap", d.port, TLS, secret="pw", tls="starttls")
    return ca


GSSAPI = """
auth_mechanisms = plain gssapi
auth_krb5_keytab = {keytab}
auth_gssapi_hostname = localhost
auth_username_format = %Ln
import_environment = $import_environment KRB5_CONFIG={conf}
"""


def by_kerberos(place):
    """A ticket logs in, where libgsasl can; nobody without one. What comes first where nothing is said is the password."""
    if not os.path.exists("/usr/lib/dovecot/modules/auth/libmech_gssapi.so") or not kerberos.installed():
        print("no Kerberos here")
        return
    kdc = kerberos.Kdc(os.path.join(place, "kdc"), "imap", "pop")
    d = Dovecot(tls=True, pop3=True)
    try:
        for path in (place, kdc.place):
            os.chmod(path, 0o755)  # Dovecot's login works as another user
        os.chmod(kdc.keytab, 0o644)
        with open(f"{d.place}/dovecot.conf", "a") as f:
            f.write(GSSAPI.format(keytab=kdc.keytab, conf=kdc.conf))
        d.start()
        ways = [(proto, port, dict(tls=tls, ca=f"{d.place}/ca.pem", host="localhost", env=kdc.env))
                for proto, port, tls in (("imap", d.tls_port, "direct"), ("imap", d.port, "starttls"), ("pop3", d.pop3s_port, "direct"))]
        for proto, port, how in ways:
            bad(proto, port, AUTH + "0", "no Kerberos ticket for localhost: get one with kinit", kind="kerberos", mech="gssapi", **how)
        kdc.ticket()
        for proto, port, how in ways:
            good(proto, port, "gssapi", kind="kerberos", mech="gssapi", **how)
            good(proto, port, "plain", secret="pw", **how)
            bad(proto, port, AUTH + "0", "does not take the Kerberos ticket", kind="kerberos", mech="gssapi", user="john", **how)
    except BaseException:
        print(open(f"{d.place}/dovecot.log").read()[-2500:])
        raise
    finally:
        d.__exit__(None)
        kdc.stop()


SASL = """smtpd_sasl_type = dovecot
smtpd_sasl_path = {place}/auth-client
smtpd_sasl_auth_enable = yes
smtpd_sasl_security_options = noanonymous
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = {place}/server.pem
smtpd_tls_key_file = {place}/server.key
smtpd_client_auth_rate_limit = 0
smtpd_hard_error_limit = 1000
broken_sasl_auth_clients = yes
"""


def at_postfix(d, ca):
    with postfix.Postfix(more=SASL.format(place=d.place)) as p:
        how = dict(tls="starttls", ca=ca)
        good("smtp", p.port, "scram-sha-256", secret="pw", **how)
        for mech in PASSWORDS:
            good("smtp", p.port, mech, secret="pw", mech=mech, **how)
            bad("smtp", p.port, AUTH + "0", "535", secret="wrong-one", mech=mech, **how)
        for mech in ("oauthbearer", "xoauth2"):
            good("smtp", p.port, mech, secret=TOKEN, kind="token", mech=mech, **how)
            bad("smtp", p.port, AUTH + "0", "sign in again", secret="wrong-one", kind="token", mech=mech, **how)


# ---------------------------------------------------------------------- ways there

def pin_of(pem):
    der = subprocess.run(f"openssl x509 -in {pem} -pubkey -noout | openssl pkey -pubin -outform der", shell=True, capture_output=True, check=True)
    return "sha256//" + base64.b64encode(hashlib.sha256(der.stdout).digest()).decode()


def pins(d, ca):
    pin = pin_of(f"{d.place}/server.pem")
    other = "sha256//" + base64.b64encode(b"\0" * 32).decode()
    for port, tls in ((d.tls_port, "direct"), (d.port, "starttls")):
        bad("imap", port, TLS, "signed by nobody", pin, tls=tls, secret="pw")
        good("imap", port, tls=tls, secret="pw", pin=pin)
        good("imap", port, tls=tls, secret="pw", pin=f"{other};{pin}")
        good("imap", port, tls=tls, secret="pw", pin=pin, host="localhost.localdomain") if has_name("localhost.localdomain") else None
        bad("imap", port, TLS, "none of those of tls-pin", pin, tls=tls, secret="pw", pin=other)
        bad("imap", port, TLS, "none of those of tls-pin", tls=tls, secret="pw", pin=other, ca=ca)
    bad("imap", d.tls_port, CONFIG, "tls-cert", tls="direct", ca=ca, secret="pw", cert=f"{d.place}/client.pem", key=f"{d.place}/server.key")
    bad("imap", d.port, TLS, "did you mean imap://", tls="direct", ca=ca, secret="pw")
    bad("pop3", d.pop3_port, TLS, "did you mean pop3://", tls="direct", ca=ca, secret="pw")


def has_name(name):
    try:
        return socket.gethostbyname(name) == "127.0.0.1"
    except OSError:
        return False


def certificate(place, name, *more):
    """A self-made one: its file, and one with both."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{place}/{name}.key",
                    "-out", f"{place}/{name}.pem", "-subj", f"/CN={name}", *more], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certificates(place):
    """What is wrong with one is told."""
    def serve(name, minimum=None, maximum=None, want=None):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(f"{place}/{name}.pem", f"{place}/{name}.key")
        if maximum:
            tls.set_ciphers("DEFAULT@SECLEVEL=0")
            tls.minimum_version = tls.maximum_version = maximum
        if want:
            tls.verify_mode = ssl.CERT_REQUIRED
            tls.load_verify_locations(want)
        listener = socket.create_server(("127.0.0.1", 0))

        def run():
            while True:
                raw, _ = listener.accept()
                try:
                    with tls.wrap_socket(raw, server_side=True) as s:
                        s.sendall(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi\r\n")
                        while s.recv(1000):
                            s.sendall(b"t1 OK [CAPABILITY IMAP4rev1] in\r\n")
                except OSError:
                    pass
        thread(run)
        return listener.getsockname()[1]
    san = ("-addext", "subjectAltName=DNS:other.example,DNS:*.example.org")
    certificate(place, "mine", "-addext", "subjectAltName=IP:127.0.0.1")
    certificate(place, "other", *san)
    port = serve("mine")
    good("imap", port, ca=f"{place}/mine.pem", secret=SECRET)
    bad("imap", port, TLS, "signed by itself", f'tls-pin = "{pin_of(f"{place}/mine.pem")}"', secret=SECRET)
    bad("imap", serve("other"), TLS, "not for 127.0.0.1 but for other.example, *.example.org", ca=f"{place}/other.pem", secret=SECRET)
    dated(place, "old", "20200101000000Z", "20200601000000Z")
    dated(place, "new", "20900101000000Z", "20910601000000Z")
    bad("imap", serve("old"), TLS, "expired (2020-06-01)", ca=f"{place}/old.pem", secret=SECRET)
    bad("imap", serve("new"), TLS, "not valid yet (2090-01-01)", "clock", ca=f"{place}/new.pem", secret=SECRET)
    good("imap", serve("old"), pin=pin_of(f"{place}/old.pem"), secret=SECRET)
    bad("imap", serve("mine", maximum=ssl.TLSVersion.TLSv1_1), TLS, "no TLS that is safe", ca=f"{place}/mine.pem", secret=SECRET)
    bad("imap", serve("mine", want=f"{place}/other.pem"), TLS, "tls-cert", ca=f"{place}/mine.pem", secret=SECRET)


class Socks(threading.Thread):
    """A SOCKS5 proxy (RFC 1928, 1929) for one destination whatever name is asked for; with password: it wants one."""

    def __init__(self, port, password=None):
        super().__init__(daemon=True)
        self.to, self.password, self.asked = port, password, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            s, _ = self.listener.accept()
            thread(self.serve, s)

    def take(self, s, n):
        data = b""
        while len(data) < n:
            more = s.recv(n - len(data))
            if not more:
                raise OSError
            data += more
        return data

    def serve(self, s):
        try:
            self.take(s, self.take(s, 2)[1])
            s.sendall(b"\x05" + (b"\x02" if self.password else b"\x00"))
            if self.password:
                user = self.take(s, self.take(s, 2)[1])
                word = self.take(s, self.take(s, 1)[0])
                ok = (user + b":" + word).decode() == self.password
                s.sendall(b"\x01" + (b"\x00" if ok else b"\x01"))
                if not ok:
                    return s.close()
            kind = self.take(s, 4)[3]
            name = self.take(s, self.take(s, 1)[0]) if kind == 3 else socket.inet_ntoa(self.take(s, 4)).encode()
            self.take(s, 2)
            self.asked.append((kind, name.decode()))
            if self.to is None:
                s.sendall(b"\x05\x05\x00\x01" + b"\0" * 6)
                return s.close()
            there = socket.create_connection(("127.0.0.1", self.to))
            s.sendall(b"\x05\x00\x00\x01" + b"\0" * 6)
            pump(s, there)
        except OSError:
            s.close()


class Connect(threading.Thread):
    """An HTTP proxy that knows CONNECT alone."""

    def __init__(self, answer=b"HTTP/1.1 200 go\r\n\r\n", to=None):
        super().__init__(daemon=True)
        self.answer, self.to, self.heard = answer, to, b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            s, _ = self.listener.accept()
            while b"\r\n\r\n" not in self.heard:
                self.heard += s.recv(1000)
            s.sendall(self.answer)
            if b" 200 " in self.answer:
                thread(pump, s, socket.create_connection(("127.0.0.1", self.to)))
            else:
                s.close()


def pump(a, b):
    try:
        while True:
            for s in select.select([a, b], [], [])[0]:
                data = s.recv(65536)
                if not data:
                    return
                (b if s is a else a).sendall(data)
    except OSError:
        pass
    finally:
        a.close()
        b.close()


def proxies(d, ca):
    word = "tunnel:Proxy-Geheimnis"
    for port, tls in ((d.tls_port, "direct"), (d.port, "starttls"), (d.port, "none")):
        s = Socks(port)
        # the name is nobody's: the proxy alone can know it
        pin = pin_of(f"{d.place}/server.pem")
        keys = dict(tls=tls, secret="pw", host="mail.invalid", **({} if tls == "none" else {"pin": pin}))
        good("imap", port, proxy=f"socks5h://127.0.0.1:{s.port}", **keys)
        check(s.asked == [(3, "mail.invalid")], f"the proxy was asked for {s.asked}")
        s = Socks(port, word)
        good("imap", port, proxy=f"socks5h://{word}@127.0.0.1:{s.port}", **keys)
        said, log = probe("imap", port, proxy=f"socks5h://{word}x@127.0.0.1:{s.port}", **keys)
        check(said.startswith(NET) and "through the proxy" in said and "Geheimnis" not in said + log, f"a wrong word for the proxy: {said} {log}")
        h = Connect(to=port)
        good("imap", port, proxy=f"http://127.0.0.1:{h.port}", **keys)
        check(h.heard.startswith(b"CONNECT mail.invalid:"), f"{h.heard}")
        bad("imap", port, NET, "through the proxy", proxy=f"http://127.0.0.1:{Connect(b'HTTP/1.1 403 no' + bytes([13, 10, 13, 10])).port}", **keys)
        bad("imap", port, NET, "through the proxy", proxy=f"socks5h://127.0.0.1:{Socks(None).port}", **keys)
    s = Socks(d.tls_port)
    good("imap", d.tls_port, tls="direct", ca=ca, host="localhost", secret="pw", proxy=f"socks5://127.0.0.1:{s.port}")
    check(s.asked[0][0] == 1, f"socks5 looks the name up here: {s.asked}")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = closed.getsockname()[1]
    bad("imap", d.tls_port, NET, "through the proxy", tls="direct", ca=ca, secret="pw", proxy=f"socks5h://127.0.0.1:{nobody}")


PIPE = """import os, select, socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
while True:
    for f in select.select([0, s], [], [])[0]:
        data = os.read(f if f == 0 else s.fileno(), 65536)
        if not data:
            sys.exit(0)
        s.sendall(data) if f == 0 else os.write(1, data)
"""


def tunnels(d, ca, place):
    pipe = f"{place}/pipe.py"
    with open(pipe, "w") as f:
        f.write(PIPE)
    through = f"{sys.executable} {pipe} %h %p"
    good("imap", d.port, tls="none", secret="pw", tunnel=through)
    good("pop3", d.pop3_port, tls="none", secret="pw", tunnel=through)
    good("imap", d.tls_port, tls="direct", ca=ca, secret="pw", tunnel=through)
    good("imap", 143, tls="none", secret="pw", host="mail.invalid", tunnel=f"{sys.executable} {pipe} 127.0.0.1 {d.port}")
    good("imap", 993, tls="none", secret="pw", tunnel=f"openssl s_client -quiet -verify_quiet -connect 127.0.0.1:{d.tls_port}")
    preauth = "printf '* PREAUTH [CAPABILITY IMAP4rev1] hi\\\\r\\\\n'; read x; printf '* BYE\\\\r\\\\nt1 OK bye\\\\r\\\\n'"
    good("imap", 143, tls="none", tunnel=f'sh -c "{preauth}"', mech="gssapi")
    bad("imap", 143, NET, "the host is gone", tls="none", secret="pw", tunnel="sh -c 'echo first >&2; echo the host is gone >&2; exit 255'")
    bad("imap", 993, NET, "the host is gone", tls="direct", secret="pw", tunnel="sh -c 'echo the host is gone >&2; exit 255'")
    bad("imap", 143, NET, "tunnel", tls="none", secret="pw", tunnel="/nonexistent/ssh host")
    bad("imap", 143, CONFIG, tls="none", secret="pw", tunnel="sh 'x")
    # one that neither speaks nor ends costs the deadline, and is gone then
    bad("imap", 143, NET, "within 1 second", tls="none", secret="pw", wait=1000, tunnel=f"sh -c 'trap \"\" TERM; echo $$ > {place}/pid; sleep 1000'")
    with open(f"{place}/pid") as f:
        pid = int(f.read())
    check(not os.path.exists(f"/proc/{pid}") or "Z" in open(f"/proc/{pid}/stat").read(), "the tunnel was left behind")


# ---------------------------------------------------------------------- servers that mean no good

class Talker(threading.Thread):
    """Says greeting, then for each line what answers has for its verb (the second word of IMAP), bytes or None for the end; {tag} stands for
    IMAP's tag. tls: speaks it from the start."""

    def __init__(self, greeting, answers, tls=None):
        super().__init__(daemon=True)
        self.greeting, self.answers, self.tls, self.heard = greeting, answers, tls, b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        try:
            s, _ = self.listener.accept()
            if self.tls:
                s = self.tls.wrap_socket(s, server_side=True)
            s.sendall(self.greeting)
            for line in s.makefile("rb"):
                self.heard += line
                words = line.split()
                tag = words[0] if words else b""
                verb = (words[1] if len(words) > 1 and tag[:1] in (b"t", b"A") and tag[1:].isdigit() else tag).decode("latin-1").upper()
                answer = self.answers.get(verb, self.answers.get("*", None))
                if answer is None:
                    break
                s.sendall(answer.replace(b"{tag}", tag))
            s.close()
        except OSError:
            pass


HELLO = {"imap": b"* OK hi\r\n", "pop3": b"+OK hi\r\n", "smtp": b"220 hi\r\n"}
BYE = {"imap": {"LOGOUT": b"* BYE\r\n{tag} OK\r\n"}, "pop3": {"QUIT": b"+OK\r\n"}, "smtp": {"QUIT": b"221 bye\r\n"}}
OFFERS = {"imap": ("CAPABILITY", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR%s\r\n{tag} OK\r\n", b" STARTTLS"),
          "pop3": ("CAPA", b"+OK\r\nUSER\r\nSASL PLAIN\r\n%s.\r\n", b"STLS\r\n"),
          "smtp": ("EHLO", b"250-hi\r\n%s250 AUTH PLAIN\r\n", b"250-STARTTLS\r\n")}
START = {"imap": "STARTTLS", "pop3": "STLS", "smtp": "STARTTLS"}
GO = {"imap": b"{tag} OK go\r\n", "pop3": b"+OK go\r\n", "smtp": b"220 go\r\n"}
NO = {"imap": b"{tag} NO go\r\n", "pop3": b"-ERR no\r\n", "smtp": b"454 no\r\n"}
INJECTED = {"imap": b"t2 OK in\r\n", "pop3": b"+OK in\r\n", "smtp": b"250 in\r\n"}


def no_secret_in_the_clear():
    """TLS is required: who does not give it, or more than it, gets no password."""
    for proto in HELLO:
        verb, offer, start = OFFERS[proto]
        for what, answers in (("no TLS", {verb: offer % b""}), ("TLS refused", {verb: offer % start, START[proto]: NO[proto]}),
                              ("words behind", {verb: offer % start, START[proto]: GO[proto] + INJECTED[proto]}),
                              ("half of a word behind", {verb: offer % start, START[proto]: GO[proto] + b"*"}),
                              ("in the clear after all", {verb: offer % start, START[proto]: GO[proto], "*": INJECTED[proto]})):
            t = Talker(HELLO[proto], {**answers, **BYE[proto]})
            said, log = probe(proto, t.port, tls="starttls", secret=SECRET, wait=3000)
            check(said.split("/")[0] in ("4", "5", "7", "8"), f"{proto}, {what}: {said}\n{log}")
            check(b"AUTH" not in t.heard.upper() and b"LOGIN" not in t.heard and b"PASS" not in t.heard, f"{proto}, {what}: {t.heard}")
    t = Talker(b"* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] in\r\n", {"*": b"{tag} OK\r\n"})
    said, log = probe("imap", t.port, tls="starttls", secret=SECRET, wait=3000)
    check(said != "ok", f"PREAUTH in the clear: {said}\n{log}")


def odd_exchanges():
    """Challenges that do not end, are too long, are none; servers that speak as of old."""
    cram = base64.b64encode(b"<1.2@x>") + b"\r\n"
    endless = {"imap": {"*": b"+ e30=\r\n"}, "pop3": {"*": b"+ e30=\r\n"}, "smtp": {"*": b"334 e30=\r\n"}}
    for proto in HELLO:
        verb, offer, _ = OFFERS[proto]
        # on and on: ended by us, with the secret of one initial response at most
        t = Talker(HELLO[proto], {verb: (offer % b"").replace(b"PLAIN", b"XOAUTH2"), **endless[proto]})
        bad(proto, t.port, "", "end", tls="none", secret=TOKEN, kind="token", wait=5000)
        check(t.heard.count(base64.b64encode(TOKEN.encode()[3:30])[:8]) <= 1, f"{proto}: {t.heard}")
        # a challenge longer than any
        t = Talker(HELLO[proto], {verb: (offer % b"").replace(b"PLAIN", b"XOAUTH2"),
                                  "*": endless[proto]["*"].replace(b"e30=", b"A" * 3_000_000)})
        said, log = probe(proto, t.port, tls="none", secret=TOKEN, kind="token", wait=5000)
        check(said != "ok" and "/" in said, f"{proto}: a long challenge: {said}")
        # yes to everything: no proof, no login
        yes = {"imap": b"{tag} OK in\r\n", "pop3": b"+OK in\r\n", "smtp": b"235 in\r\n"}[proto]
        t = Talker(HELLO[proto], {verb: (offer % b"").replace(b"PLAIN", b"SCRAM-SHA-256 PLAIN" if proto != "imap" else b"SCRAM-SHA-256 AUTH=PLAIN"),
                                  **BYE[proto], "*": yes})
        bad(proto, t.port, AUTH, "proved", tls="none", secret=SECRET)
        # no to SCRAM: the password is not shown by PLAIN
        no = {"imap": b"{tag} NO [AUTHENTICATIONFAILED] no\r\n", "pop3": b"-ERR [AUTH] no\r\n", "smtp": b"535 5.7.8 no\r\n"}[proto]
        t = Talker(HELLO[proto], {verb: (offer % b"").replace(b"PLAIN", b"SCRAM-SHA-256 PLAIN" if proto != "imap" else b"SCRAM-SHA-256 AUTH=PLAIN"),
                                  **BYE[proto], "*": no})
        bad(proto, t.port, AUTH, "login = plain", tls="none", secret=SECRET)
        check(b" PLAIN" not in t.heard, f"{proto}: {t.heard}")
        # an outage is none of the password's fault
        later = {"imap": b"{tag} NO [UNAVAILABLE] no\r\n", "pop3": b"-ERR [SYS/TEMP] no\r\n", "smtp": b"454 4.7.0 no\r\n"}[proto]
        t = Talker(HELLO[proto], {verb: offer % b"", **BYE[proto], "*": later})
        bad(proto, t.port, AUTH + "1", tls="none", secret=SECRET)
    # AUTH= of old, LOGIN alone, no initial response
    for words, by in ((b"250-hi\r\n250-AUTH=LOGIN\r\n250 X\r\n", "login"), (b"250-hi\r\n250 AUTH LOGIN\r\n", "login")):
        t = Talker(b"220 hi\r\n", {"EHLO": words, "AUTH": b"334 VXNlcm5hbWU6\r\n", "AMFUZQ==": b"334 UGFzc3dvcmQ6\r\n", "QUIT": b"221\r\n",
                                   base64.b64encode(SECRET.encode()).decode().upper(): b"235 in\r\n"})
        good("smtp", t.port, by, tls="none", secret=SECRET)
    plain = base64.b64encode(f"\0jane\0{SECRET}".encode())
    t = Talker(b"220 hi\r\n", {"EHLO": b"250-hi\r\n250 AUTH PLAIN\r\n", "QUIT": b"221\r\n", plain.decode().upper(): b"235 in\r\n",
                               "AUTH": b""})
    t.answers = Once(t.answers, "AUTH", b"501 5.5.4 syntax\r\n", b"334 \r\n")
    good("smtp", t.port, "plain", tls="none", secret=SECRET)
    t = Talker(b"220 hi\r\n", {"EHLO": b"250-hi\r\n250 AUTH CRAM-MD5\r\n", "AUTH": b"334 " + cram, "*": b"235 in\r\n", "QUIT": b"221\r\n"})
    good("smtp", t.port, "cram-md5", tls="none", secret=SECRET)


class Once(dict):
    """The first time another answer."""

    def __init__(self, answers, verb, first, then):
        super().__init__(answers)
        self.verb, self.list = verb, [first, then]

    def get(self, verb, default=None):
        return self.list.pop(0) if verb == self.verb and self.list else super().get(verb, default)


def apop(place):
    """Over TLS, with a stamp that is a message id: else the secret stays here."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(f"{place}/mine.pem", f"{place}/mine.key")
    how = dict(ca=f"{place}/mine.pem", secret=SECRET)
    answers = {"CAPA": b"+OK\r\nUIDL\r\n.\r\n", "APOP": b"+OK in\r\n", "QUIT": b"+OK\r\n", "USER": b"+OK\r\n", "PASS": b"+OK in\r\n"}
    t = Talker(b"+OK hi <1896.697170952@dbc.mtview.ca.us>\r\n", answers, tls)
    good("pop3", t.port, mech="apop", **how)
    want = hashlib.md5(b"<1896.697170952@dbc.mtview.ca.us>" + SECRET.encode()).hexdigest().encode()
    check(b"APOP jane " + want + b"\r\n" in t.heard and b"PASS" not in t.heard, f"APOP: {t.heard}")
    for greeting in (b"+OK hi\r\n", b"+OK <a b@c>\r\n", b"+OK <a@b@c>\r\n", b"+OK <\x80@x>\r\n", b"+OK <@x>\r\n", b"+OK <x>\r\n", b"+OK <a@" + b"x" * 400 + b">\r\n"):
        t = Talker(greeting, answers, tls)
        bad("pop3", t.port, AUTH, "stamp", mech="apop", **how)
        check(b"APOP" not in t.heard, f"APOP: {t.heard}")
    t = Talker(b"+OK <1@x>\r\n", answers)
    bad("pop3", t.port, AUTH, "stamp", tls="none", mech="apop", secret=SECRET)
    # by itself only where there is nothing else
    t = Talker(b"+OK <1@x>\r\n", {**answers, "CAPA": b"+OK\r\nUSER\r\nSASL GSSAPI\r\n.\r\n"}, tls)
    good("pop3", t.port, **how)
    check(b"USER jane" in t.heard, f"USER before APOP: {t.heard}")
    t = Talker(b"+OK <1@x>\r\n", {**answers, "CAPA": b"+OK\r\nSASL GSSAPI\r\n.\r\n"}, tls)
    good("pop3", t.port, **how)
    check(b"APOP jane" in t.heard, f"APOP at last: {t.heard}")


with Place() as place:
    at_tmaild(place)
    no_secret_in_the_clear()
    odd_exchanges()
    certificates(place.path)
    apop(place.path)
    if installed():
        by_kerberos(place.path)
        tokens = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
        thread(tokens.serve_forever)
        d = Dovecot(tls=True, pop3=True)
        try:
            ca = at_dovecot(d, tokens)
            if postfix.usable():
                at_postfix(d, ca)
            pins(d, ca)
            proxies(d, ca)
            tunnels(d, ca, place.path)
        except BaseException:
            print(open(f"{d.place}/dovecot.log").read()[-2500:])
            raise
        finally:
            d.__exit__(None)
    else:
        print("no Dovecot here: tmaild alone")
