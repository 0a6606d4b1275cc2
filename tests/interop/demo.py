# SPDX-License-Identifier: MIT
"""tmail --demo without a terminal: the index, a message there and back, exit code 0, and nothing left behind."""
import os, subprocess, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tm import Place, TMAIL, check

with Place() as place:
    env = dict(os.environ, XDG_RUNTIME_DIR=place.path, HOME=place.path, LC_ALL="C.UTF-8")
    p = subprocess.run([TMAIL, "--demo"], stdin=subprocess.DEVNULL, capture_output=True, env=env, timeout=120)
    out = p.stdout.decode()
    check(p.returncode == 0, f"exit code {p.returncode}: {p.stderr.decode()}")
    check(out.count("\n") > 35, "the index is printed")
    check("Рецепт борщу" in out and "日程" in out, "in the scripts of the world")
    check(not any(ord(c) < 32 and c != "\n" or 0x7F <= ord(c) < 0xA0 for c in out), "no control characters")
    check("Subject: A note from the demo" in out, "a message went out and came back")
    left = [n for n in os.listdir(place.path) if n.startswith("tmail-demo")]
    check(left == [], f"left behind: {left}")
