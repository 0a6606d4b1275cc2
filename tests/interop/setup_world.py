# SPDX-License-Identifier: MIT
"""A small world for finding mail servers in: a DNS server, an https server for autoconfig documents, a certificate for all its
names, and routes that lead any host and port there. Nothing outside of it is reached."""
import http.server, json, os, ssl, subprocess, threading

import dns
from tm import BUILD, WAIT_S, check

SYNC = os.path.join(BUILD, "tmail-sync")


def make_certificates(place, *names):
    """ca.pem, and server.pem with server.key for names."""
    def openssl(*argv):
        subprocess.run(["openssl", *argv], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", f"{place}/ca.key", "-out", f"{place}/ca.pem", "-days", "30", "-subj", "/CN=tmail test CA")
    openssl("req", *key, "-keyout", f"{place}/server.key", "-out", f"{place}/server.csr", "-subj", "/CN=world")
    with open(f"{place}/server.ext", "w") as f:
        f.write("subjectAltName=" + ",".join("DNS:" + n for n in names) + "\n")
    openssl("x509", "-req", "-in", f"{place}/server.csr", "-CA", f"{place}/ca.pem", "-CAkey", f"{place}/ca.key", "-CAcreateserial",
            "-out", f"{place}/server.pem", "-days", "30", "-extfile", f"{place}/server.ext")


class Web:
    """documents: {(host, path): body, or (status, headers, body)}; asked: the hosts and paths, with what stood behind "?"."""

    def __init__(self, place):
        self.documents, self.asked = {}, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                host = self.headers.get("Host", "").split(":")[0]
                path, _, query = self.path.partition("?")
                outer.asked.append((host, path, query))
                found = outer.documents.get((host, path), (404, {}, b"none"))
                status, headers, body = found if isinstance(found, tuple) else (200, {}, found)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{place}/server.pem", f"{place}/server.key")
        # The handshake belongs into the thread of its connection.
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class World:
    def __init__(self, place, *names):
        self.place = place
        os.makedirs(place, exist_ok=True)
        make_certificates(place, *names)
        self.dns, self.web, self.routes = dns.Dns({}), Web(place), []

    def route(self, host, port, to):
        self.routes.append(f"{host}:{port}:127.0.0.1:{to}")

    def reach(self):
        return {"dns": self.dns.address, "ca": f"{self.place}/ca.pem",
                "routes": self.routes + [f":443:127.0.0.1:{self.web.port}", "::127.0.0.1:1"]}

    def close(self):
        self.dns.close()
        self.web.close()

    def probe(self, question, answers=(), reach=True):
        """What the engine says to one question: all lines. answers are given in turn."""
        if reach:
            question = dict(question, reach=self.reach())
        p = subprocess.Popen([SYNC, "--probe"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        p.stdin.write(json.dumps(question).encode() + b"\n")
        p.stdin.flush()
        said, answers = [], list(answers)
        for line in p.stdout:
            said.append(json.loads(line))
            if said[-1]["say"] == "ask":
                check(answers, f"an unexpected question: {said[-1]}")
                p.stdin.write(json.dumps({"answer": said[-1]["id"], "text": answers.pop(0)}).encode() + b"\n")
                p.stdin.flush()
        p.stdin.close()
        check(p.wait(WAIT_S) == 0, f"the engine ended badly: {said}")
        check(said and said[-1]["say"] == "end", f"no end: {said}")
        check(not answers, f"what was not asked: {answers}")
        return said
