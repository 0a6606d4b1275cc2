# SPDX-License-Identifier: MIT
"""A small DNS server for tests, UDP and TCP on one loopback port. Records come from a dict:
    {"example.org": {"MX": [(10, "mx.example.org")], "A": ["127.0.0.2"], "AAAA": ["::1"], "CNAME": "x.example", "SRV": [...]}}
In place of the records of a type, or of a name, a word says what else is answered:
    "servfail"  SERVFAIL        "refused"  REFUSED      "silent"  nothing
    "garbage"   random bytes    "loop"     a name that points at itself
    "short"     cut in the middle, "truncated" by UDP with TC set, the records by TCP
A name that is not there gives NXDOMAIN; one without the type NODATA. asked: a list of (name, type, "udp"|"tcp")."""
import os, socket, socketserver, struct, threading

TYPES = {1: "A", 5: "CNAME", 15: "MX", 28: "AAAA", 33: "SRV"}
CODES = {v: k for k, v in TYPES.items()}
RCODES = {"servfail": 2, "refused": 5}


def name_bytes(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def name_read(data, at):
    labels = []
    while data[at]:
        labels.append(data[at + 1:at + 1 + data[at]].decode("ascii", "replace"))
        at += 1 + data[at]
    return ".".join(labels).lower(), at + 1


def rdata(kind, value):
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == "MX":
        return struct.pack("!H", value[0]) + name_bytes(value[1])
    if kind == "SRV":
        return struct.pack("!HHH", *value[:3]) + name_bytes(value[3])
    return name_bytes(value)


def record(owner, kind, value):
    data = rdata(kind, value)
    return owner + struct.pack("!HHIH", CODES[kind], 1, 60, len(data)) + data


class Dns:
    def __init__(self, records):
        self.records, self.asked, self.lock = records, [], threading.Lock()
        outer = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self):
                data, sock = self.request
                answer = outer.answer(data, "udp")
                if answer:
                    sock.sendto(answer, self.client_address)

        class Tcp(socketserver.StreamRequestHandler):
            def handle(self):
                while True:
                    size = self.rfile.read(2)
                    if len(size) < 2:
                        return
                    answer = outer.answer(self.rfile.read(struct.unpack("!H", size)[0]), "tcp")
                    if answer:
                        self.wfile.write(struct.pack("!H", len(answer)) + answer)

        class UdpServer(socketserver.ThreadingUDPServer):
            daemon_threads = True

        class TcpServer(socketserver.ThreadingTCPServer):
            daemon_threads, allow_reuse_address = True, True

        for _ in range(20):  # the port that TCP got must be free for UDP as well
            self.tcp = TcpServer(("127.0.0.1", 0), Tcp)
            self.port = self.tcp.server_address[1]
            try:
                self.udp = UdpServer(("127.0.0.1", self.port), Udp)
                break
            except OSError:
                self.tcp.server_close()
        self.address = f"127.0.0.1:{self.port}"
        for server in (self.udp, self.tcp):
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        for server in (self.udp, self.tcp):
            server.shutdown()
            server.server_close()

    def find(self, name, kind):
        """(rcode, rows as (kind, value)) or a word."""
        entry = self.records.get(name)
        if entry is None:
            return 3, []
        if isinstance(entry, str):
            return entry
        if "CNAME" in entry and kind != "CNAME":
            rest = self.find(entry["CNAME"], kind)
            return rest if isinstance(rest, str) else (rest[0], [("CNAME", entry["CNAME"])] + rest[1])
        rows = entry.get(kind, [])
        return rows if isinstance(rows, str) else (0, [(kind, v) for v in rows])

    def answer(self, data, how):
        name, at = name_read(data, 12)
        kind = TYPES.get(struct.unpack("!H", data[at:at + 2])[0], "?")
        question = data[12:at + 4]
        with self.lock:
            self.asked.append((name, kind, how))
        found = self.find(name, kind)
        head = lambda rcode, n, flags=0x8180: data[:2] + struct.pack("!HHHHH", flags | rcode, 1, n, 0, 0) + question
        if found == "silent":
            return None
        if found == "garbage":
            return data[:2] + b"\x81\x80" + os.urandom(60)
        if isinstance(found, str) and found in RCODES:
            return head(RCODES[found], 0)
        if found == "loop":
            where = 12 + len(question) + 12
            target = b"\0\x0a" + struct.pack("!H", 0xC000 | where + 2) if kind == "MX" else struct.pack("!H", 0xC000 | where)
            return head(0, 1) + b"\xc0\x0c" + struct.pack("!HHIH", CODES.get(kind, 1), 1, 60, len(target)) + target
        if found == "short":
            return (head(0, 1) + record(b"\xc0\x0c", "MX", (10, "mx.example.org")))[:-6]
        if isinstance(found, str) and found.startswith("truncated "):
            if how == "udp":
                return head(0, 0, 0x8380)
            found = 0, [(kind, tuple_of(kind, found.split()[1]))]
        rcode, rows = found
        owner, body = b"\xc0\x0c", b""
        for row_kind, value in rows:
            body += record(owner, row_kind, value)
            if row_kind == "CNAME":
                owner = name_bytes(value)
        answer = head(rcode, len(rows)) + body
        return answer if how == "tcp" or len(answer) <= 512 else head(rcode, 0, 0x8380)


def tuple_of(kind, word):
    return (10, word) if kind == "MX" else word
