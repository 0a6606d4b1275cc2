# SPDX-License-Identifier: MIT
"""An SMTP or LMTP server that says what a test wants it to say."""
import socket, threading
from tm import WAIT_S

EHLO = ["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 100000000", "DSN", "ENHANCEDSTATUSCODES"]


class Peer:
    """An SMTP (or LMTP) server at 127.0.0.N:port. says: {verb: reply or function(line, session)}; greet: None hangs, "" closes. tls:
    a context for STARTTLS, or "broken"; direct: one for TLS from the first byte."""

    def __init__(self, address, port=0, says=None, greet="220 {name} ready", ehlo=EHLO, name=None, tls=None, path=None, direct=None):
        self.says, self.greet, self.ehlo, self.tls, self.direct = says or {}, greet, ehlo, tls, direct
        self.name = name or f"mx.{address}"
        self.lines, self.mails, self.sessions, self.silent = [], [], 0, threading.Event()
        if path:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.bind(path)
        else:
            self.sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.sock.bind((address, port))
            self.port = self.sock.getsockname()[1]
        self.sock.listen(20)
        threading.Thread(target=self.run, daemon=True).start()

    def close(self):
        self.silent.set()
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def run(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            if conn.family != socket.AF_UNIX:
                conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sessions += 1
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        links = [conn]
        try:
            self.session(links)
        except (OSError, ValueError):
            pass
        for link in links:
            try:
                link.shutdown(socket.SHUT_RDWR)  # close() alone waits for the file made of it
            except OSError:
                pass
            link.close()

    def reply(self, conn, text):
        conn.sendall(text.format(name=self.name).encode() + b"\r\n")
        if text.startswith("421"):
            raise ValueError

    def session(self, links):
        conn = links[0]
        if self.direct:
            conn = self.direct.wrap_socket(conn, server_side=True)
            links.append(conn)
        if self.greet is None:
            self.silent.wait(WAIT_S)
            return
        if self.greet == "":
            return
        self.reply(conn, self.greet)
        f, mail, secure, lmtp = conn.makefile("rb"), None, self.direct is not None, False
        while line := f.readline():
            line = line.decode("utf-8", "replace").rstrip("\r\n")
            self.lines.append(line)
            verb = line.split(" ")[0].split(":")[0].upper()
            said = self.says.get(verb)
            said = said(line, self) if callable(said) else said
            if said == "CLOSE":
                return
            if said:
                self.reply(conn, said)
            elif verb in ("EHLO", "LHLO"):
                lmtp = verb == "LHLO"
                words = [self.name, *self.ehlo] + (["STARTTLS"] if self.tls and not secure else [])
                for i, w in enumerate(words):
                    self.reply(conn, ("250 " if i == len(words) - 1 else "250-") + w)
            elif verb == "STARTTLS":
                self.reply(conn, "220 go")
                if self.tls == "broken":
                    conn.sendall(b"this is no TLS\r\n" * 10)
                    return
                conn = self.tls.wrap_socket(conn, server_side=True)
                links.append(conn)
                f, secure = conn.makefile("rb"), True
            elif verb == "MAIL":
                mail = {"from": line, "to": [], "secure": secure}
                self.reply(conn, "250 2.1.0 ok")
            elif verb in ("RCPT", "DATA") and (mail is None or verb == "DATA" and not mail["to"]):
                self.reply(conn, "503 5.5.1 MAIL or RCPT first")
            elif verb == "RCPT":
                mail["to"].append(line)
                self.reply(conn, "250 2.1.5 ok")
            elif verb == "DATA":
                self.reply(conn, "354 go")
                mail["data"] = self.body(f)
                self.dot(conn, mail, lmtp)
                mail = None
            elif verb == "QUIT":
                self.reply(conn, "221 bye")
                return
            else:
                self.reply(conn, "250 ok")

    def body(self, f):
        data = []
        while (line := f.readline()) not in (b".\r\n", b""):
            data.append(line[1:] if line.startswith(b".") else line)
        return b"".join(data)

    def dot(self, conn, mail, lmtp):
        said = self.says.get("DOT")
        if said == "CLOSE":
            raise ValueError
        for to in mail["to"] if lmtp else [None]:
            answer = said(to, self) if callable(said) else said
            self.reply(conn, answer or "250 2.6.0 kept")
        if not said or callable(said):
            self.mails.append(mail)
