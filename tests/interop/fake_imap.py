# SPDX-License-Identifier: MIT
"""An IMAP server whose every answer a test can bend: folders in memory. before(server, line) is called with each
command; what it returns (bytes, or pieces of them one after the other) is sent instead of the true answer. after(server,
line, answer) gives back the true answer as it is to be sent."""
import re, socket, threading


def text_of(word, text, name):
    """A word of a command, with the name for the text in UTF-8."""
    return re.sub('^"?' + re.escape(text.encode().decode("latin-1")) + '"?$', lambda m: name, word)


class Fake:
    def __init__(self, caps="IMAP4rev1 UIDPLUS MOVE"):
        self.caps, self.before, self.commands, self.list_more = caps, None, [], b""
        self.after = lambda server, line, answer: answer
        self.literal_plus = True  # False: the literal is taken for commands
        self.cut = False  # the link, after the next answer
        self.idle = b""  # what comes during IDLE
        self.folders = {"INBOX": {}}  # name as in IMAP4rev1 (bytes above 127 as latin-1) -> {uid: [set of flags, bytes]}
        self.sep, self.prefix = "/", ""  # of all folders but INBOX
        self.spaces = b""  # what NAMESPACE is answered
        self.texts = {}  # name -> the same in UTF-8, where that is enabled
        self.next = {}
        self.uses = {}  # name -> special use
        self.lock = threading.RLock()
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(20)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def end(self):
        """Nobody can connect any more."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def put(self, folder, body, flags=()):
        with self.lock:
            uid = self.next[folder] = self.next.get(folder, 0) + 1
            self.folders.setdefault(folder, {})[uid] = [set(flags), body]
            return uid

    def accept(self):
        while True:
            try:
                link = self.socket.accept()[0]
            except OSError:
                return
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link):
        f, self_box, texts = link.makefile("rb"), [None], {}
        try:
            link.sendall(b"* OK ready\r\n")
            for line in f:
                words = re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^ "])+', line.decode("latin-1").rstrip("\r\n"))
                if len(words) < 2 and words != ["DONE"]:
                    link.sendall(b"* BAD what\r\n")
                    continue
                if words == ["DONE"]:
                    link.sendall(idle + b" OK\r\n")
                    continue
                idle = words[0].encode()
                literal = re.search(r"\{(\d+)\+?\}$", words[-1])
                body = b""
                if literal and words[-1].endswith("+}") and not self.literal_plus:
                    link.sendall(words[0].encode() + b" BAD literals have no plus\r\n")
                    continue
                if literal:
                    link.sendall(b"+ go\r\n")
                    body = f.read(int(literal.group(1)))
                    f.readline()
                self.commands.append(" ".join(words[1:]))
                if " ".join(words[1:]).startswith("ENABLE ") and re.search("UTF8|rev2", " ".join(words)) and self.texts:
                    texts = self.texts
                for name, text in texts.items():
                    words = [text_of(w, text, name) for w in words]
                bent = self.before(self, " ".join(words[1:])) if self.before else None
                with self.lock:
                    out = bent if bent is not None else self.after(self, " ".join(words[1:]), self.answer(words, body, self_box))
                for piece in [out] if isinstance(out, bytes) else out:
                    for name, text in texts.items():
                        piece = piece.replace(f'"{name}"'.encode(), f'"{text}"'.encode())
                    link.sendall(piece.replace(b"TAG ", words[0].encode() + b" "))
                if words[1].upper() == "LOGOUT" or self.cut:
                    self.cut = False
                    break
        except OSError:
            pass
        link.close()

    @staticmethod
    def uids(box, text):
        out = []
        for part in text.split(","):
            a, _, b = part.partition(":")
            last = max(box, default=0)
            lo = last if a == "*" else int(a)
            hi = lo if not b else last if b == "*" else int(b)
            out += [u for u in sorted(box) if lo <= u <= hi]
        return out

    def answer(self, words, body, at):
        verb = " ".join(words[1:3]).upper() if words[1].upper() == "UID" else words[1].upper()
        arg = [w.strip('"') for w in (words[3:] if verb.startswith("UID") else words[2:])]
        arg = ["INBOX" if a.upper() == "INBOX" else a for a in arg]
        box = self.folders.get(at[0]) if at[0] else None
        if verb == "CAPABILITY":
            return f"* CAPABILITY {self.caps}\r\nTAG OK\r\n".encode()
        if verb == "LIST":
            names = [n for n in self.folders if arg[1] in ("*", n)]
            rows = "".join(f'* LIST ({self.uses.get(n, "")}) "{self.sep}" "{n}"\r\n' for n in names)
            rows += "".join(self.status(n, "SIZE" in " ".join(arg)) for n in names if "STATUS" in arg)
            return rows.encode("latin-1") + self.list_more + b"TAG OK\r\n"
        if verb == "NAMESPACE" and self.spaces:
            return b"* NAMESPACE " + self.spaces + b"\r\nTAG OK\r\n"
        if verb == "ENABLE":
            return f"* ENABLED {' '.join(a for a in arg if a in self.caps.replace('ONLY', 'ACCEPT'))}\r\nTAG OK\r\n".encode()
        if verb in ("SELECT", "EXAMINE"):
            if arg[0] not in self.folders:
                at[0] = None
                return b"TAG NO [NONEXISTENT] no such folder\r\n"
            at[0] = arg[0]
            box = self.folders[at[0]]
            return (f"* {len(box)} EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n* OK [UIDNEXT {self.next.get(at[0], 0) + 1}] n\r\n"
                    "TAG OK done\r\n").encode()
        if verb == "STATUS" and arg[0] not in self.folders:
            return b"TAG NO [NONEXISTENT] no such folder\r\n"
        if verb == "STATUS":
            return self.status(arg[0]).encode("latin-1") + b"TAG OK\r\n"
        if verb.startswith("UID ") and box is None:
            return b"TAG BAD no folder is open\r\n"
        if verb == "UID FETCH":
            return self.fetch(box, arg) + b"TAG OK\r\n"
        if verb == "UID STORE":
            flags = set(" ".join(arg[2:]).strip("()").split())
            for u in self.uids(box, arg[0]):
                box[u][0] = box[u][0] | flags if arg[1][0] == "+" else box[u][0] - flags
            return b"TAG OK\r\n"
        if verb in ("UID MOVE", "UID COPY"):
            return self.transfer(box, verb, arg)
        if verb == "UID EXPUNGE":
            for u in self.uids(box, arg[0]):
                if "\\Deleted" in box[u][0]:
                    del box[u]
            return b"TAG OK\r\n"
        if verb == "EXPUNGE":
            for u in [u for u in box if "\\Deleted" in box[u][0]]:
                del box[u]
            return b"TAG OK\r\n"
        if verb == "UID SEARCH" and arg[0] == "DELETED":
            hits = [str(u) for u in box if "\\Deleted" in box[u][0]]
            return f"* SEARCH {' '.join(hits)}\r\nTAG OK\r\n".encode()
        if verb == "UID SEARCH":
            hits = (self.uids(box, arg[1]) if arg[0] == "UID" else
                    [u for u in sorted(box) if arg[-1].encode() in box[u][1]])
            return f"* SEARCH {' '.join(map(str, hits))}\r\nTAG OK\r\n".encode()
        if verb == "CREATE" and not arg[0].startswith(self.prefix):
            return b"TAG NO [CANNOT] not here\r\n"
        if verb == "RENAME":
            for name in [n for n in self.folders if n == arg[0] or n.startswith(arg[0] + self.sep)]:
                self.folders[arg[1] + name[len(arg[0]):]] = self.folders.pop(name)
            return b"TAG OK\r\n"
        if verb == "CREATE":
            self.folders.setdefault(arg[0], {})
            return b"TAG OK\r\n"
        if verb == "APPEND" and arg[0] not in self.folders:
            return b"TAG NO [TRYCREATE] no such folder\r\n"
        if verb == "APPEND":
            return f"TAG OK [APPENDUID 7 {self.put(arg[0], body)}] in\r\n".encode()
        if verb == "IDLE":
            return b"+ idling\r\n" + self.idle
        return b"TAG OK\r\n"

    def status(self, name, size=False):
        box = self.folders[name]
        unseen = sum("\\Seen" not in m[0] for m in box.values())
        more = f" SIZE {sum(len(m[1]) for m in box.values())}" if size else ""
        return f'* STATUS "{name}" (MESSAGES {len(box)} UIDNEXT {self.next.get(name, 0) + 1} UIDVALIDITY 7 UNSEEN {unseen}{more})\r\n'

    def fetch(self, box, arg):
        out, order = b"", sorted(box)
        for u in self.uids(box, arg[0]):
            flags, body = box[u]
            out += f"* {order.index(u) + 1} FETCH (UID {u} FLAGS ({' '.join(flags)})".encode()
            what = " ".join(arg[1:])
            if "PREVIEW" in what:
                text = body.partition(b"\r\n\r\n")[2][:100]
                out += f" PREVIEW {{{len(text)}}}\r\n".encode() + text
            if "BODY" in what:
                part = body if "BODY.PEEK[]" in what else body[:body.index(b"\r\n\r\n") + 4]
                name = "BODY[]" if "BODY.PEEK[]" in what else "BODY[HEADER]"
                out += (f' INTERNALDATE "05-Jan-2026 00:00:00 +0000" RFC822.SIZE {len(body)} {name} '
                        f"{{{len(part)}}}\r\n").encode() + part
            out += b")\r\n"
        return out

    def transfer(self, box, verb, arg):
        if arg[1] not in self.folders:
            return b"TAG NO [TRYCREATE] no such folder\r\n"
        pairs = [(u, self.put(arg[1], box[u][1], box[u][0])) for u in self.uids(box, arg[0])]
        if verb == "UID MOVE":
            for u, _ in pairs:
                del box[u]
        code = f"[COPYUID 7 {','.join(str(a) for a, _ in pairs)} {','.join(str(b) for _, b in pairs)}] " if pairs else ""
        if "UIDPLUS" not in self.caps:
            code = ""
        return f"* OK {code}moved\r\nTAG OK done\r\n".encode() if verb == "UID MOVE" else f"TAG OK {code}copied\r\n".encode()
