# SPDX-License-Identifier: MIT
"""tmail encode and decode of 100 MB as whole processes, from a file to nowhere, beside coreutils and sharutils, in turns. Usage:
codec.py [RUNS]; prints `name metric value unit`. In the build folder, or with top_builddir in the environment."""
import os, random, shutil, statistics, subprocess, sys, tempfile, time

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 7
SIZE = 100 * 1000 * 1000
TMAIL = os.path.join(os.environ.get("top_builddir", os.getcwd()), "tmail")
WORK = {  # name: (input, tmail, the other)
    "base64_encode": ("raw", ["encode", "--base64"], ["base64"]),
    "base64_decode": ("base64", ["decode", "--base64"], ["base64", "-d"]),
    "uu_encode": ("raw", ["encode", "--uu", "name"], ["uuencode", "name"]),
    "uu_decode": ("uu", ["decode", "--uu"], ["uudecode", "-o", "/dev/null"]),
}


def once(argv, path):
    """Seconds."""
    with open(path, "rb") as f, open(os.devnull, "wb") as out:
        began = time.monotonic()
        subprocess.run(argv, stdin=f, stdout=out, check=True)
        return time.monotonic() - began


def inputs(folder):
    raw, names = os.path.join(folder, "raw"), {}
    with open(raw, "wb") as f:
        f.write(random.Random(1).randbytes(SIZE))
    for name, argv in (("base64", ["base64"]), ("uu", [TMAIL, "encode", "--uu", "name"])):
        names[name] = os.path.join(folder, name)
        with open(raw, "rb") as f, open(names[name], "wb") as out:
            subprocess.run(argv, stdin=f, stdout=out, check=True)
    return dict(names, raw=raw)


with tempfile.TemporaryDirectory(prefix="tmail-bench-") as folder:
    files = inputs(folder)
    for name, (source, ours, theirs) in WORK.items():
        path = files[source]
        if shutil.which(theirs[0]) is None:
            continue
        times = {"tmail": [], theirs[0]: []}
        for lap in range(RUNS + 1):
            for who, argv in (("tmail", [TMAIL, *ours]), (theirs[0], theirs)):
                took = once(argv, path)
                if lap > 0:
                    times[who].append(took)
        for who, laps in times.items():
            print(f"codec_{name} {who} {SIZE / 1e6 / statistics.median(laps):.0f} MB/s")
        ratios = [b / a for a, b in zip(times["tmail"], times[theirs[0]])]
        print(f"codec_{name} ratio {statistics.median(ratios):.2f} x", flush=True)
