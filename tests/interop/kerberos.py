# SPDX-License-Identifier: MIT
"""A private Kerberos realm: its KDC on a free port of the loopback, jane with the password pw, and services on localhost. MIT's programs."""
import os, shutil, socket, subprocess, time
from tm import WAIT_S, check

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin"
REALM = "TMAIL.TEST"
CONF = """[libdefaults]
default_realm = {realm}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
[realms]
{realm} = {{
  kdc = 127.0.0.1:{port}
}}
[domain_realm]
localhost = {realm}
"""
KDC = """[kdcdefaults]
kdc_listen = 127.0.0.1:{port}
kdc_tcp_listen = 127.0.0.1:{port}
[realms]
{realm} = {{
  database_name = {place}/principal
  key_stash_file = {place}/stash
  acl_file = {place}/acl
}}
[logging]
kdc = FILE:{place}/kdc.log
admin_server = FILE:{place}/kadmin.log
"""


def installed():
    return all(shutil.which(p, path=PATH) for p in ("krb5kdc", "kdb5_util", "kadmin.local", "kinit"))


class Kdc:
    """env: what a program needs to be in the realm; keytab: of the services."""

    def __init__(self, place, *services):
        self.place = place
        os.makedirs(place)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.conf, self.keytab = f"{place}/krb5.conf", f"{place}/keytab"
        # What MIT's library leaves behind is none of what a build with sanitizers looks for.
        for name, text in (("krb5.conf", CONF), ("kdc.conf", KDC), ("leaks", "leak:libgssapi_krb5\nleak:libgssglue\n")):
            with open(f"{place}/{name}", "w") as f:
                f.write(text.format(realm=REALM, port=self.port, place=place))
        self.env = dict(os.environ, PATH=PATH, KRB5_CONFIG=self.conf, KRB5_KDC_PROFILE=f"{place}/kdc.conf", KRB5CCNAME=f"FILE:{place}/tickets",
                        LSAN_OPTIONS=f"suppressions={place}/leaks:print_suppressions=0")
        self.run("kdb5_util", "create", "-s", "-r", REALM, "-P", "master")
        self.run("kadmin.local", "addprinc", "-pw", "pw", "jane")
        for service in services:
            self.run("kadmin.local", "addprinc", "-randkey", f"{service}/localhost")
            self.run("kadmin.local", "ktadd", "-k", self.keytab, f"{service}/localhost")
        self.process = subprocess.Popen(["krb5kdc", "-n"], env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + WAIT_S
        while not self.answers():
            check(self.process.poll() is None and time.monotonic() < deadline, "the KDC does not start")
            time.sleep(0.02)

    def run(self, *argv, stdin=""):
        p = subprocess.run(argv, env=self.env, input=stdin, capture_output=True, text=True, timeout=WAIT_S, check=False)
        check(p.returncode == 0, f"{argv}: {p.stdout}{p.stderr}")

    def answers(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def ticket(self):
        self.run("kinit", "jane", stdin="pw\n")

    def stop(self):
        self.process.terminate()
        self.process.wait(WAIT_S)
