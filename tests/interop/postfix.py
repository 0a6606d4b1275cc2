# SPDX-License-Identifier: MIT
"""A private Postfix on free ports of the loopback, in a temporary folder that is gone at the end. It wants root, and a Debian-like
installation (users postfix and postdrop)."""
import os, pwd, shutil, socket, subprocess, tempfile, time

MAIN = """
compatibility_level = 3.6
queue_directory = {place}/queue
data_directory = {place}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = postfix.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {place}/mail
virtual_mailbox_maps = static:jane
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_client_connection_rate_limit = 0
in_flow_delay = 0
maillog_file = {place}/log
maillog_file_prefixes = {place}
alias_maps =
alias_database =
local_recipient_maps =
smtp_host_lookup = native
smtp_dns_support_level = disabled
minimal_backoff_time = 5s
queue_run_delay = 5s
{more}
"""
MASTER = """
{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def usable():
    return os.geteuid() == 0 and os.path.exists("/usr/lib/postfix/sbin/master") and shutil.which("postfix", path="/usr/sbin:/sbin")


class Postfix:
    """Accepts for everybody at domain, all into one mbox file, mail/jane; relays for the loopback. more: lines of main.cf."""

    def __init__(self, domain="example.org", more=""):
        self.place, self.port = tempfile.mkdtemp(prefix="tmail-postfix-"), free_port()
        nobody, postfix = pwd.getpwnam("nobody"), pwd.getpwnam("postfix")
        os.chmod(self.place, 0o755)
        for name, owner in (("etc", None), ("queue", None), ("data", postfix), ("mail", nobody)):
            os.mkdir(f"{self.place}/{name}")
            if owner is not None:
                os.chown(f"{self.place}/{name}", owner.pw_uid, owner.pw_gid)
        for name, text in (("main", MAIN), ("master", MASTER)):
            with open(f"{self.place}/etc/{name}.cf", "w") as f:
                f.write(text.format(place=self.place, domain=domain, uid=nobody.pw_uid, gid=nobody.pw_gid, port=self.port, more=more))

    def command(self, *argv):
        return subprocess.run(argv, env=dict(os.environ, MAIL_CONFIG=f"{self.place}/etc", PATH="/usr/sbin:/sbin:/usr/bin:/bin"),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def log(self):
        try:
            with open(f"{self.place}/log") as f:
                return f.read()
        except OSError:
            return ""

    def __enter__(self):
        said = self.command("postfix", "start")
        until = time.monotonic() + 20
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                    if s.recv(4) == b"220 ":
                        return self
            except OSError:
                pass
            if time.monotonic() > until:
                raise RuntimeError(f"Postfix does not start: {said.stdout.decode()} {self.log()}")
            time.sleep(0.02)

    def __exit__(self, *exc):
        if exc[0] is not None:
            print(self.log()[-3000:])
        self.command("postfix", "stop")
        shutil.rmtree(self.place, ignore_errors=True)
