#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What we write is read by others to the same meaning, and the other way round: Python's email package, coreutils'
base64, sharutils' uuencode and uudecode. A program that is not there leaves its part out."""
import email
import email.policy
import os
import random
import shutil
import subprocess
import sys
import tempfile

PROGRAM = os.path.join(os.environ.get("top_builddir", "."), "tests/unit/mime/build_message")
random.seed(3)


def run(*argv, data=b""):
    return subprocess.run(argv, input=data, stdout=subprocess.PIPE, check=True).stdout


def check(what, got, want):
    if got != want:
        sys.exit(f"{what}: got {got!r}, want {want!r}")


NAMES = ["Jane Roe", "Roe, Jane", "J. \"Jay\" Roe", "Анна Петрова", "山田太郎", "Zoë", "a" * 70]
SUBJECTS = ["hello", "", "Überraschung", "это очень длинная тема " * 10, "日本語の件名です" * 12, "a  b   c",
            "x" * 300, "word " * 60 + "é", "é " + "word " * 60, "mixed 𝔘𝔫𝔦 code", "=?utf-8?q?fake?="]
TEXTS = ["hello\n", "no newline", "", "ünï\n", "From me\n.\n..\ntrailing \t \n", "x" * 2000 + "\n", "日本" * 500,
         "tabs\tand = signs =3D\n"]
FILES = {"a.pdf": bytes(range(256)) * 20, "empty.bin": b"", "notes.txt": b"text\r\nwith\nboth\r", "отчёт за год.pdf": b"x",
         "long name with \"quotes\" and spaces.txt": b"y" * 58}


def message(name, subject, text, folder, files):
    paths = [os.path.join(folder, f) for f in files]
    raw = run(PROGRAM, f'"{name}" <jane@example.org>' if '"' not in name else "j@example.org",
              "Bob <bob@example.net>, " + ", ".join(f"p{i}@example.com" for i in range(9)), subject, *paths,
              data=text.encode())
    for line in raw.split(b"\r\n"):
        assert len(line) <= 998 and b"\n" not in line and b"\r" not in line, line
    m = email.message_from_bytes(raw, policy=email.policy.default)
    check("defects", m.defects, [])
    check("subject", str(m["subject"] or ""), subject.strip())
    if '"' not in name:
        check("name", m["from"].addresses[0].display_name, name)
    check("recipients", len(m["to"].addresses), 10)
    body = m.get_body().get_content()
    check("text", body.replace("\r\n", "\n").rstrip("\n"), text.rstrip("\n"))
    parts = list(m.iter_attachments())
    check("names", [p.get_filename() for p in parts], files)
    for p in parts:
        check(p.get_filename(), p.get_payload(decode=True), FILES[p.get_filename()])


def messages():
    with tempfile.TemporaryDirectory() as folder:
        for name, data in FILES.items():
            with open(os.path.join(folder, name), "wb") as f:
                f.write(data)
        for i, subject in enumerate(SUBJECTS):
            message(NAMES[i % len(NAMES)], subject, TEXTS[i % len(TEXTS)], folder, [])
            message(NAMES[(i + 3) % len(NAMES)], subject, TEXTS[(i + 5) % len(TEXTS)], folder, list(FILES)[: i % 6])


def codecs():
    for n in (0, 1, 2, 3, 44, 45, 46, 57, 58, 76, 1000, 100001):
        data = random.randbytes(n)
        if shutil.which("base64"):
            check("base64 out", run(PROGRAM, "encode", "base64", data=data), run("base64", data=data))
            check("base64 in", run(PROGRAM, "decode", "base64", data=run("base64", data=data)), data)
        if shutil.which("uuencode"):
            check("uuencode out", run(PROGRAM, "encode", "uu", data=data).split(b"\n", 1)[1],
                  run("uuencode", "name", data=data).split(b"\n", 1)[1])
            check("uuencode in", run(PROGRAM, "decode", "uu", data=run("uuencode", "name", data=data)), data)
        if shutil.which("uudecode"):
            check("uudecode", run("uudecode", "-o", "/dev/stdout", data=run(PROGRAM, "encode", "uu", data=data)), data)


def found(text):
    """The uuencoded files in a text: [(state, name, bytes)]."""
    out, rest = [], run(PROGRAM, "files", data=text)
    while rest:
        line, rest = rest.split(b"\n", 1)
        state, size, name = line.split(b" ", 2)
        out.append((state.decode(), name.decode(), rest[: int(size)]))
        rest = rest[int(size):]
    return out


def wrapped(coded, width):
    """All lines but the first wrapped anew; None where all are short enough."""
    first, *lines = coded.split(b"\n")
    pieces = [line[i: i + width] for line in lines for i in range(0, max(len(line), 1), width)]
    return b"\n".join([first] + pieces) if pieces != lines else None


def without_blanks(coded):
    return b"\n".join(line.rstrip(b" ") for line in coded.split(b"\n"))


def files():
    """Of each length: as sharutils writes it, with blanks for zero, with these cut by a relay, without its end."""
    kinds = [random.randbytes, lambda n: bytes(random.choices(b"a few words \n", k=n)), bytes]
    originals = [kinds[n % 3](n) for n in range(1001)]
    program = shutil.which("uuencode")
    with tempfile.TemporaryDirectory() as folder:
        coded, names = [], [f"file{n}" for n in range(len(originals))]
        for name, data in zip(names, originals):
            uu = run("uuencode", name, data=data) if program else run(PROGRAM, "encode", "uu", data=data)
            coded.append(uu.replace(b" name\n", f" {name}\n".encode()))
            with open(os.path.join(folder, f"{name}.uu"), "wb") as f:
                f.write(coded[-1])
        if shutil.which("uudecode"):
            subprocess.run(["uudecode"] + [f"{name}.uu" for name in names], cwd=folder, check=True)
            for name, data in zip(names, originals):
                with open(os.path.join(folder, name), "rb") as f:
                    check("what uudecode makes of it", f.read(), data)
    blanks = [uu.replace(b"`", b" ") for uu in coded]
    between = b"\n-- \nand more text:\n\n"
    whole = [("whole", name, data) for name, data in zip(names, originals)]
    for name, variant in (("as it is", coded), ("blanks", blanks), ("CRLF", [uu.replace(b"\n", b"\r\n") for uu in coded]),
                          ("blanks cut", [without_blanks(uu) for uu in blanks])):
        got = found(between.join(variant))
        check(f"how many, {name}", len(got), len(whole))
        for n, (one, want) in enumerate(zip(got, whole)):
            check(f"{name}, {n} bytes", one, want)
    for name, end in (("End", b"`\nEnd\n"), ("no end", b"`\n")):
        for n, data in enumerate(originals[1:150], 1):
            check(f"{name}, {n} bytes", found(coded[n].replace(b"`\nend\n", end)), [("whole-unended", names[n], data)])
    for width in (20, 40, 50, 57):
        for n in range(10, 1001, 37):
            for uu in (coded[n], blanks[n]):
                again = wrapped(uu, width)
                for state, _, data in found(again) if again else []:
                    if state.startswith("whole"):
                        check(f"wrapped at {width}, {n} bytes", data, originals[n])


messages()
codecs()
files()
