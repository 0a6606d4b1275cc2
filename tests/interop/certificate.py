# SPDX-License-Identifier: MIT
"""Certificates that sign themselves, for 127.0.0.1 and localhost, from any day to any other."""
import os, subprocess, time

CONFIG = """[ca]
default_ca=x
[x]
database=ca.{name}/index.txt
new_certs_dir=ca.{name}
serial=ca.{name}/serial
default_md=sha256
policy=p
[p]
organizationName=optional
commonName=supplied
[e]
subjectAltName=IP:127.0.0.1,DNS:localhost
"""


def dated(place, name, start, end, subject=None):
    """NAME.pem and NAME.key below place; start and end as 20200101000000Z, or days from now."""
    def day(d):
        return d if isinstance(d, str) else time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + d * 86400))

    def openssl(*argv):
        subprocess.run(["openssl", *argv], check=True, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ca = os.path.join(place, "ca." + name)
    os.makedirs(ca, exist_ok=True)
    for file, text in ((f"{ca}/index.txt", ""), (f"{ca}/serial", "01\n"), (f"{ca}.cnf", CONFIG.format(name=name))):
        with open(file, "w") as f:
            f.write(text)
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject or f"/CN={name}")
    openssl("ca", "-batch", "-config", f"{ca}.cnf", "-extensions", "e", "-selfsign", "-keyfile", f"{name}.key", "-in", f"{name}.csr", "-out", f"{name}.pem",
            "-startdate", day(start), "-enddate", day(end))
