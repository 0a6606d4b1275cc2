# SPDX-License-Identifier: MIT
"""A POP3 server whose every answer a test can bend: messages in memory, as many sessions as come. before(server, line) is called with
each command; what it returns (bytes) is sent instead of the true answer, LOST closes the link instead."""
import re, socket, threading

LOST = object()


class FakePop3:
    def __init__(self, user="jane", password="pw"):
        self.user, self.password = user, password
        self.messages = []  # [uid, bytes], oldest first
        self.before, self.commands, self.capa = None, [], ("TOP", "UIDL", "USER", "PIPELINING", "RESP-CODES")
        self.lock = threading.RLock()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def put(self, uid, body):
        with self.lock:
            self.messages.append([uid, body])

    def heard(self, verb):
        return [c for c in self.commands if c.split(" ")[0] == verb]

    def accept(self):
        while True:
            link = self.socket.accept()[0]
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link):
        with self.lock:
            box = [None, *self.messages]  # as it is for the whole session (RFC 1939 §3)
        marked = set()
        try:
            link.sendall(b"+OK ready\r\n")
            for raw in link.makefile("rb"):
                line = raw.decode("latin-1").rstrip("\r\n")
                self.commands.append(line)
                bent = self.before(self, line) if self.before else None
                if bent is LOST:
                    break
                link.sendall(bent if bent is not None else self.answer(line, box, marked))
                if line == "QUIT":
                    break
        except OSError:
            pass
        try:
            link.shutdown(socket.SHUT_RDWR)  # another hand may still hold the descriptor
        except OSError:
            pass
        link.close()

    def expunge(self, box, marked):
        with self.lock:
            self.messages = [m for m in self.messages if not any(m is box[k] for k in marked)]

    def answer(self, line, box, marked):
        verb, _, arg = line.partition(" ")
        left = [k for k in range(1, len(box)) if k not in marked]
        if verb == "CAPA":
            return listing(self.capa)
        if verb == "USER":
            return b"+OK\r\n"
        if verb == "PASS":
            return b"+OK\r\n" if arg == self.password else b"-ERR [AUTH] no\r\n"
        if verb == "STAT":
            return f"+OK {len(left)} {sum(len(box[k][1]) for k in left)}\r\n".encode()
        if verb == "LIST":
            return listing(f"{k} {len(box[k][1])}" for k in left)
        if verb == "UIDL":
            return listing(f"{k} {box[k][0]}" for k in left)
        if verb == "RETR" and int(arg) in left:
            return b"+OK\r\n" + re.sub(rb"(?m)^\.", b"..", box[int(arg)][1]) + b".\r\n"
        if verb == "TOP" and int(arg.split()[0]) in left:
            return b"+OK\r\n" + box[int(arg.split()[0])][1].split(b"\r\n\r\n")[0] + b"\r\n\r\n.\r\n"
        if verb == "DELE" and int(arg) in left:
            marked.add(int(arg))
            return b"+OK\r\n"
        if verb == "QUIT":
            self.expunge(box, marked)
            return b"+OK bye\r\n"
        return b"+OK\r\n" if verb == "NOOP" else b"-ERR no\r\n"


def listing(lines):
    return b"+OK\r\n" + b"".join(f"{line}\r\n".encode() for line in lines) + b".\r\n"
