# SPDX-License-Identifier: MIT
"""What a tmaild keeps, read from its mailbox files (src/server/boxhead.h has their form)."""
import imaplib, os, re

HEAD = re.compile(rb"From [^\n]*\nX-Tmaild: (\d{12}) (\d{12}) (\d{12}) (.)(.)\n(?:X-IMAPbase: (\d+) (\d+)\n)?X-UID: (\d{10})\n"
                  rb"Status: ([^\n]*)\nX-Status: ([^\n]*)\nX-Keywords:[^\n]*\n", re.S)
NAMES = {rb"\Seen": 1, rb"\Answered": 2, rb"\Flagged": 4, rb"\Deleted": 8, rb"\Draft": 16}
FLAGS = {"R": 1, "A": 2, "F": 4, "D": 8, "T": 16}  # as enum cache_flag has them


class Message:
    def __init__(self, uid, flags, text):
        self.uid, self.flags, self.text = uid, flags, text

    def header(self, name):
        found = re.search(rb"^" + name.encode() + rb": *([^\n]*)", self.text.split(b"\n\n", 1)[0], re.M | re.I)
        return found.group(1).decode(errors="replace") if found else ""


def parse(data, start=0):
    """The messages in the bytes of a mailbox; ValueError where they are none. Expunged ones are left out."""
    out, at = [], start
    while at < len(data):
        m = HEAD.match(data, at)
        if m is None:
            raise ValueError(f"no message at {at}: {data[at:at + 200]!r}")
        end = m.end() + int(m.group(1))
        if data[end:end + 1] != b"\n":
            raise ValueError(f"the message at {at} does not end where it says")
        if m.group(5) != b"x":
            marks = (m.group(9) + m.group(10)).decode().replace("O", "")
            out.append(Message(int(m.group(8)), sum(FLAGS[c] for c in set(marks.replace(" ", ""))), data[m.end():end]))
        at = end + 1
    return out


class Boxes:
    """The mailboxes of a user."""

    def __init__(self, server_root, user):
        self.dir = os.path.join(server_root, "mail.root", "mail", user)

    def names(self):
        """A user who never got anything has no folder."""
        return os.listdir(self.dir) if os.path.isdir(self.dir) else []

    def path(self, folder):
        return os.path.join(self.dir, folder if folder == "INBOX" else folder + ".mbox")

    def read(self, folder):
        try:
            with open(self.path(folder), "rb") as f:
                return parse(f.read())
        except FileNotFoundError:
            return []

    def all(self):
        """Every folder by its name."""
        names = [n if n == "INBOX" else n[:-5] for n in self.names()
                 if not n.startswith(".") and (n == "INBOX" or n.endswith(".mbox"))]
        return {n: self.read(n) for n in sorted(names)}

    def bytes(self):
        """Every file as it is, for saying that nothing has changed."""
        out = {}
        for n in sorted(self.names()):
            with open(os.path.join(self.dir, n), "rb") as f:
                out[n] = f.read()
        return out


class OverImap:
    """The same of a server whose files are none of our business. As bytes: every message with its number and flags."""

    def __init__(self, login):
        self.imap = login()

    def read(self, folder):
        if self.imap.select(f'"{folder}"', readonly=True)[0] != "OK":
            return []
        got = self.imap.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[])")[1]
        out = []
        for part in got:
            if isinstance(part, tuple):
                flags = re.search(rb"FLAGS \(([^)]*)\)", part[0]).group(1).split()
                out.append(Message(int(re.search(rb"UID (\d+)", part[0]).group(1)), sum(NAMES.get(f, 0) for f in flags),
                                   part[1].replace(b"\r\n", b"\n")))
        return sorted(out, key=lambda m: m.uid)

    def bytes(self):
        names = [re.search(rb'"?([^"]*)"?$', line).group(1).decode() for line in self.imap.list()[1]]
        return {n: [(m.uid, m.flags, m.text) for m in self.read(n)] for n in sorted(names)}

    def close(self):
        try:
            self.imap.logout()
        except (OSError, imaplib.IMAP4.error):
            pass
