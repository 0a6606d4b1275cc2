# SPDX-License-Identifier: MIT
"""A private Dovecot on a free port of the loopback, with one user (jane, pw), in a temporary folder that is gone at the end."""
import getpass, imaplib, os, pwd, shutil, signal, socket, subprocess, tempfile, time

CONF = """
base_dir = {place}/run
state_dir = {place}/state
log_path = {place}/dovecot.log
protocols = imap
ssl = no
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
  separator = /
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
    port = 0
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


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def installed():
    return shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


class Dovecot:
    """start() and stop() keep the port and the mail. capability: what it says it can; None: all that it can."""

    def __init__(self, capability=None):
        self.place = tempfile.mkdtemp(prefix="tmail-dovecot-")
        self.port, self.process, self.delivered = free_port(), None, 0
        mail = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.mail_ids = (mail.pw_uid, mail.pw_gid)
        root = os.geteuid() == 0
        conf = CONF.format(place=self.place, port=self.port, mail_uid=mail.pw_uid, mail_gid=mail.pw_gid,
                           user=getpass.getuser() if not root else "dovenull",
                           group="dovenull" if root else pwd.getpwuid(os.geteuid()).pw_name)
        with open(f"{self.place}/dovecot.conf", "w") as f:
            f.write(conf + (f"protocol imap {{\n  imap_capability = {capability}\n}}\n" if capability else ""))
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
