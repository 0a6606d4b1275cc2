#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The sample mailbox: every message is installed, can be read by others, lies in reserved domains; flags name what is there."""
import email
import email.policy
import os
import re
import sys

SOURCE = os.environ.get("top_srcdir", ".")
ROOT = os.path.join(SOURCE, "data/demo")
RESERVED = re.compile(rb"@(?:[\w-]+\.)*(?:example\.(?:com|org|net)|example)\b")
bad = []


def check(what, good):
    if not good:
        bad.append(what)


def message(name, raw):
    m = email.message_from_bytes(raw, policy=email.policy.default)
    check(f"{name}: no date", m["date"] is not None and m["date"].datetime is not None)
    check(f"{name}: no sender", bool(m["from"] and m["from"].addresses))
    check(f"{name}: no Message-ID", m["message-id"] is not None)
    check(f"{name}: CR in it", b"\r" not in raw)
    header = re.sub(rb"(?m)^Subject:.*$", b"", raw.split(b"\n\n")[0])
    for address in re.findall(rb"<[^<>\s]*?(@[\w.-]+)>", header):
        check(f"{name}: {address!r} is not reserved", RESERVED.fullmatch(address))


with open(os.path.join(SOURCE, "data/local.mk"), encoding="utf-8") as f:
    listed = set(re.findall(r"data/demo/\S+", f.read()))
numbers = 0
for folder, _, files in os.walk(ROOT):
    for file in files:
        path = os.path.join(folder, file)
        name = os.path.relpath(path, SOURCE)
        check(f"{name}: not in data/local.mk", name in listed)
        with open(path, "rb") as f:
            raw = f.read()
        if file.endswith(".eml"):
            numbers += 1
            message(name, raw)
        elif file == "flags":
            for line in raw.decode().splitlines():
                check(f"{name}: {line}", re.fullmatch(r"\d{3} [SAF]+", line) and line[:3] + ".eml" in files)
check("there are some 60 messages", numbers >= 60)
print("\n".join(bad))
sys.exit(1 if bad else 0)
