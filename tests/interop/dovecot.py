# SPDX-License-Identifier: MIT
"""A private Dovecot on free ports of the loopback, with one user (jane, pw), in a temporary folder that is gone at the end."""
import getpass, imaplib, os, pwd, shutil, signal, socket, subprocess, tempfile, time

CONF = """
base_dir = {place}/run
state_dir = {place}/state
log_path = {place}/dovecot.log
protocols = {protocols}
{ssl}
disable_plaintext_auth = no
auth_failure_delay = 0 secs
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:{place}/mail
mail_fsync = never
mail_max_userip_connections = 50
passdb {{
  driver = static
  args = user=jane password=pw
}}
userdb {{
  driver = static
  args = uid={mail_uid} gid={mail_gid} home={place}/home
}}
namespace inbox {{
  inbox = yes
  prefix = {prefix}
  separator = {separator}
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener auth-userdb {{
    mode = 0666
  }}
}}
"""


POP3 = """
protocol pop3 {{
  mail_max_userip_connections = 50
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    address = 127.0.0.1
    port = {pop3_port}
  }}
  inet_listener pop3s {{
    address = 127.0.0.1
    port = {pop3s_port}
    ssl = yes
  }}
}}
"""
LMTP = """
auth_username_format = %Ln
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
  unix_listener {place}/lmtp {{
    mode = 0666
  }}
}}
"""
SUBMISSION = """
hostname = dovecot.example
submission_relay_host = 127.0.0.1
submission_relay_port = {relay_port}
submission_relay_user = {user}
submission_relay_password = {password}
submission_relay_trusted = no
service submission-login {{
  chroot =
  inet_listener submission {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def installed():
    return shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def make_certificates(place):
    """ca.pem, and server.pem with server.key for 127.0.0.1."""
    def openssl(*argv):
        subprocess.run(["openssl", *argv], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", f"{place}/ca.key", "-out", f"{place}/ca.pem", "-days", "30", "-subj", "/CN=tmail test CA")
    openssl("req", *key, "-keyout", f"{place}/server.key", "-out", f"{place}/server.csr", "-subj", "/CN=localhost")
    with open(f"{place}/server.ext", "w") as f:
        f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", f"{place}/server.csr", "-CA", f"{place}/ca.pem", "-CAkey", f"{place}/ca.key", "-CAcreateserial",
            "-days", "30", "-extfile", f"{place}/server.ext", "-out", f"{place}/server.pem")


class Dovecot:
    """start() and stop() keep the ports and the mail. capability: what it says it can; None: all that it can. tls: on tls_port, too,
    with a certificate of place/ca.pem. pop3: on pop3_port, and with tls on pop3s_port. lmtp: on lmtp_port and the socket
    place/lmtp. relay: (port, user, password) to which its submission service, on submission_port, hands on. users: a passwd-file in place of jane's password.
    deflate: COMPRESS=DEFLATE, too. prefix: of all folders but INBOX, with the separator at its end."""

    def __init__(self, capability=None, tls=False, pop3=False, lmtp=False, relay=None, users=None, deflate=False,
                 prefix=""):
        self.place = tempfile.mkdtemp(prefix="tmail-dovecot-")
        self.port, self.process, self.delivered = free_port(), None, 0
        self.tls_port = free_port() if tls else 0
        self.pop3_port = free_port() if pop3 else 0
        self.pop3s_port = free_port() if tls and pop3 else 0
        self.lmtp_port = free_port() if lmtp else 0
        self.submission_port = free_port() if relay else 0
        if tls:
            make_certificates(self.place)
        ssl = f"ssl = yes\nssl_cert = <{self.place}/server.pem\nssl_key = <{self.place}/server.key" if tls else "ssl = no"
        mail = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.mail_ids = (mail.pw_uid, mail.pw_gid)
        root = os.geteuid() == 0
        conf = CONF.format(prefix=prefix, separator=prefix[-1:] or "/", place=self.place, port=self.port, tls_port=self.tls_port, ssl=ssl,
                           protocols=" ".join(["imap"] + pop3 * ["pop3"] + lmtp * ["lmtp"] + bool(relay) * ["submission"]), mail_uid=mail.pw_uid, mail_gid=mail.pw_gid,
                           user=getpass.getuser() if not root else "dovenull",
                           group="dovenull" if root else pwd.getpwuid(os.geteuid()).pw_name)
        if pop3:
            conf += POP3.format(pop3_port=self.pop3_port, pop3s_port=self.pop3s_port)
        if users:
            conf = conf.replace("driver = static\n  args = user=jane password=pw",
                                f"driver = passwd-file\n  args = scheme=CRYPT username_format=%n {users}")
        if lmtp:
            conf += LMTP.format(place=self.place, port=self.lmtp_port)
        if relay:
            conf += SUBMISSION.format(port=self.submission_port, relay_port=relay[0], user=relay[1], password=relay[2])
        with open(f"{self.place}/dovecot.conf", "w") as f:
            f.write(conf + (f"protocol imap {{\n  imap_capability = {capability}\n}}\n" if capability else "")
                    + ("protocol imap {\n  mail_plugins = $mail_plugins imap_zlib\n}\n" if deflate else ""))
        os.chmod(self.place, 0o755)
        for d in ("mail", "mail/cur", "mail/new", "mail/tmp", "home"):
            os.makedirs(f"{self.place}/{d}")
            os.chown(f"{self.place}/{d}", *self.mail_ids)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        if exc[0] is not None and exc[0] is not SystemExit:
            print(open(f"{self.place}/dovecot.log").read()[-2000:])
        self.stop()
        shutil.rmtree(self.place, ignore_errors=True)

    def start(self):
        self.process = subprocess.Popen([installed(), "-F", "-c", f"{self.place}/dovecot.conf"],
                                        stdin=subprocess.DEVNULL, start_new_session=True)
        until = time.monotonic() + 20
        while True:
            try:
                self.login().logout()
                return
            except (OSError, imaplib.IMAP4.error):
                if time.monotonic() > until or self.process.poll() is not None:
                    raise
                time.sleep(0.02)

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
            try:
                os.killpg(self.process.pid, signal.SIGKILL)  # connections too, at once
            except ProcessLookupError:
                pass
            self.process = None

    def login(self):
        imap = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        imap.login("jane", "pw")
        return imap

    def append(self, folder, message):
        imap = self.login()
        imap.append(folder, None, None, message)
        imap.logout()

    def deliver(self, messages):
        """Straight into the INBOX's Maildir: many at once."""
        for message in messages:
            self.delivered += 1
            path = f"{self.place}/mail/new/{1700000000 + self.delivered}.M{self.delivered}.host"
            with open(path, "wb") as f:
                f.write(message.replace(b"\r\n", b"\n"))
            os.chown(path, *self.mail_ids)
