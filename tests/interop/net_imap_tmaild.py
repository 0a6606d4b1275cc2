#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The IMAP client against tmaild: a session as it is, one that is deflated (with IDLE), and searches."""
import os, subprocess, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tm import BUILD, Place, check

PROBE = os.path.join(BUILD, "tests/interop/net_imap")


def main():
    with Place() as place:
        server = place.tmaild("--domain", "example.org", "--user", "jane:pw")
        for what in ("work", "packed", "search"):
            p = subprocess.run([PROBE, what, "none", "127.0.0.1", str(server.ports["imap"]), "-", "pw"], stdin=subprocess.DEVNULL,
                               capture_output=True, timeout=120)
            check(p.returncode == 0, f"{what}: {p.stdout.decode()} {p.stderr.decode()}")
            print(what)


if __name__ == "__main__":
    main()
