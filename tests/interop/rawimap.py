# SPDX-License-Identifier: MIT
"""A bare IMAP client for the tests of tmaild: commands as they are written, answers line by line."""
import re
import socket


class Raw:
    def __init__(self, port, name=b'xxx', password=b'pw'):
        self.s = socket.create_connection(('127.0.0.1', port), 20)
        self.buf, self.n, self.greeting = b'', 0, None
        self.greeting = self.line()
        if name is not None:
            assert self.cmd(b'LOGIN %s %s' % (name, password))[1].startswith(b'OK')

    def close(self):
        self.s.close()

    def _fill(self):
        got = self.s.recv(1 << 16)
        assert got, ('the server hung up', self.buf)
        self.buf += got

    def line(self):
        """One line of an answer, with the literals in it."""
        at = 0
        while True:
            end = self.buf.find(b'\r\n', at)
            if end < 0:
                self._fill()
                continue
            literal = re.search(rb'\{(\d+)\}$', self.buf[at:end])
            if not literal:
                line, self.buf = self.buf[:end], self.buf[end + 2:]
                return line
            at = end + 2 + int(literal.group(1))
            while len(self.buf) < at:
                self._fill()

    def send(self, command):
        self.n += 1
        self.s.sendall(b'%d %s\r\n' % (self.n, command))

    def answer(self):
        """Untagged lines without their "* ", and the tagged one without its tag."""
        tag, untagged = b'%d ' % self.n, []
        while True:
            line = self.line()
            if line.startswith(tag):
                return untagged, line[len(tag):]
            assert line.startswith(b'* '), line
            untagged.append(line[2:])

    def cmd(self, command):
        self.send(command)
        return self.answer()

    def ok(self, command):
        untagged, tagged = self.cmd(command)
        assert tagged.startswith(b'OK'), (command, untagged, tagged)
        return untagged, tagged

    def append(self, text, folder=b'INBOX', flags=b''):
        return self.ok(b'APPEND %s (%s) {%d+}\r\n%s' % (folder, flags, len(text), text))[1]


def numbers(text):
    """1:3,7 as a list."""
    out = []
    for piece in text.split(b','):
        a, _, b = piece.partition(b':')
        out += range(int(a), int(b or a) + 1)
    return out


def number(lines, what):
    """The number of a [CODE n], or behind a name."""
    for line in lines if isinstance(lines, list) else [lines]:
        hit = re.search(what + rb' (\d+)', line)
        if hit:
            return int(hit.group(1))
    raise AssertionError((what, lines))


def fetches(lines):
    """{uid: (number, flags, modseq)} of the FETCH lines that have a UID; None for what they do not tell."""
    out = {}
    for line in lines:
        hit = re.match(rb'(\d+) FETCH \(', line)
        uid = re.search(rb'UID (\d+)', line)
        if hit and uid:
            flags = re.search(rb'FLAGS \(([^)]*)\)', line)
            modseq = re.search(rb'MODSEQ \((\d+)\)', line)
            out[int(uid.group(1))] = (int(hit.group(1)), set(flags.group(1).split()) if flags else None,
                                      int(modseq.group(1)) if modseq else None)
    return out


def vanished(lines, earlier):
    out = []
    for line in lines:
        hit = re.match(rb'VANISHED (\(EARLIER\) )?([\d:,]+)$', line)
        if hit and bool(hit.group(1)) == earlier:
            out += numbers(hit.group(2))
    return out
