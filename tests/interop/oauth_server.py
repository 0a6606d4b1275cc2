# SPDX-License-Identifier: MIT
"""A small OAuth 2.0 server: authorization code with PKCE, device grant, refreshing with rotation, and whatever can go wrong. Strict: what tmail
sends wrongly is an error that the test sees in .wrong."""
import base64, hashlib, json, secrets, threading, urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CLIENT, SECRET = "tmail-of-the-tests", "not-so-secret"


class OAuthServer:
    """tokens: what it gives, one after the other. Everything that is written to is meant to be changed by the test."""

    def __init__(self, tokens, tls=None, secret=SECRET):
        """tls: an SSLContext; secret: the client's, None where it has none."""
        self.secret = secret
        self.tokens, self.given = list(tokens), 0
        self.codes, self.devices, self.refreshable = {}, {}, set()
        self.asked, self.wrong = [], []  # grant types; what broke the protocol
        self.expires_in, self.rotate, self.deny, self.reply = 3600, True, False, None
        self.device_polls, self.device_expires, self.no_state = ["authorization_pending"], 600, False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.authorize(self)

            def do_POST(self):
                outer.post(self)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        if tls:
            self.http.socket = tls.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.http.server_port
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def keys(self, device=False):
        return (f'oauth = custom\noauth-client-id = "{CLIENT}"\noauth-client-secret = "{SECRET}"\noauth-token-url = "{self.url}/token"\n'
                f'oauth-auth-url = "{self.url}/auth?tenant=x"\noauth-scope = "mail offline_access"\n'
                + (f'oauth-device-url = "{self.url}/device"\n' if device else ""))

    def stop(self):
        self.http.shutdown()
        self.http.server_close()

    def need(self, claim, text):
        if not claim:
            self.wrong.append(text)
        return claim

    # ---- the page that the person sees

    def authorize(self, h):
        url = urllib.parse.urlsplit(h.path)
        q = {k: v[0] for k, v in urllib.parse.parse_qs(url.query).items()}
        ok = (self.need(url.path == "/auth" and q.get("tenant") == "x", "address") and self.need(q.get("client_id") == CLIENT, "client")
              and self.need(q.get("response_type") == "code", "response_type") and self.need(q.get("code_challenge_method") == "S256", "method")
              and self.need(len(q.get("code_challenge", "")) == 43, "challenge") and self.need(len(q.get("state", "")) >= 32, "state")
              and self.need(q.get("redirect_uri", "").startswith("http://127.0.0.1:"), "redirect")
              and self.need(q.get("scope") == "mail offline_access", "scope"))
        if not ok:
            return self.send(h, 400, {"error": "invalid_request"})
        code = secrets.token_urlsafe(20) + "/+="
        self.codes[code] = (q["code_challenge"], q["redirect_uri"])
        back = {"state": "forged" if self.no_state else q["state"], **({"error": "access_denied"} if self.deny else {"code": code})}
        h.send_response(302)
        h.send_header("Location", q["redirect_uri"] + "/?" + urllib.parse.urlencode(back))
        h.send_header("Content-Length", "0")
        h.end_headers()

    # ---- what the program asks

    def send(self, h, status, body):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        h.send_response(status)
        h.send_header("Content-Type", "application/json")
        h.send_header("Content-Length", str(len(data)))
        h.end_headers()
        h.wfile.write(data)

    def post(self, h):
        form = {k: v[0] for k, v in urllib.parse.parse_qs(h.rfile.read(int(h.headers["Content-Length"])).decode()).items()}
        grant = form.get("grant_type", "device-start")
        self.asked.append(grant)
        if self.reply is not None:
            return self.send(h, *self.reply)
        if not self.need(form.get("client_id") == CLIENT, "client"):
            return self.send(h, 401, {"error": "invalid_client"})
        if h.path in ("/device", "/common/oauth2/v2.0/devicecode"):
            return self.device(h)
        if not self.need(form.get("client_secret") == self.secret, "secret"):
            return self.send(h, 401, {"error": "invalid_client"})
        error = {"authorization_code": self.by_code, "refresh_token": self.by_refresh}.get(grant, self.by_device)(form)
        if error:
            return self.send(h, 400, {"error": error, "error_description": f"that is {error}\r\n\x1b[31m"})
        access = self.tokens[min(self.given, len(self.tokens) - 1)]
        self.given += 1
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": self.expires_in}
        if self.rotate or grant != "refresh_token":
            refresh = "refresh-" + secrets.token_urlsafe(30)
            if self.rotate:
                self.refreshable.clear()  # as strict servers do: the old one holds no more
            self.refreshable.add(refresh)
            answer["refresh_token"] = refresh
        self.send(h, 200, answer)

    def by_code(self, form):
        challenge, redirect = self.codes.pop(form.get("code"), (None, None))
        want = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        good = self.need(challenge == want, "verifier") and self.need(redirect == form.get("redirect_uri"), "redirect of the code")
        return None if good else "invalid_grant"

    def by_refresh(self, form):
        return None if form.get("refresh_token") in self.refreshable else "invalid_grant"

    def device(self, h):
        code = secrets.token_urlsafe(30)
        self.devices[code] = list(self.device_polls)
        self.send(h, 200, {"device_code": code, "user_code": "WDJB-MJHT", "verification_uri": self.url + "/go", "interval": "1",
                           "verification_uri_complete": self.url + "/go?user_code=WDJB-MJHT", "expires_in": self.device_expires})

    def by_device(self, form):
        if not self.need(form.get("grant_type") == "urn:ietf:params:oauth:grant-type:device_code", "grant_type"):
            return "unsupported_grant_type"
        polls = self.devices.get(form.get("device_code"))
        if polls is None:
            return "invalid_grant"
        return polls.pop(0) if polls else None
