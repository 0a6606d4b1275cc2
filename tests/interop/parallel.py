# SPDX-License-Identifier: MIT
"""Several scripts send at once on one store while the engine is told to go again and again: each message arrives exactly once."""
import os, subprocess, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tm import Place, TMAIL, check, rc_for

ROUNDS, AT_ONCE = 6, 4

with Place() as place:
    server = place.tmaild("--domain", "example.org", "--user", "jane:pw")
    p = place.profile(rc_for(server))
    for i in range(ROUNDS):
        running = [subprocess.Popen([TMAIL, "--profile", p.path, "-s", f"{i}-{k}", "jane@example.org"],
                                    stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=p.env) for k in range(AT_ONCE)]
        for r in running:
            said = r.communicate(timeout=60)[1].decode()
            check(r.returncode == 0, f"sent, or safely queued: {r.returncode} {said}{p.log()}")
        subprocess.run(["pkill", "-TERM", "-f", f"tmail-sync --store {place.path}"], check=False)
    p.run("sync")
    subjects = sorted(m["subject"] for m in p.json("list", "-f", "INBOX", "-n", "1000"))
    check(subjects == sorted(f"{i}-{k}" for i in range(ROUNDS) for k in range(AT_ONCE)), f"once each: {subjects}")
