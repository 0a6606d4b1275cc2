# SPDX-License-Identifier: MIT
"""What the interop tests share: a private tmaild, a profile for tmail, and running both. No sleeping: everything waits for an event."""
import json, os, random, shutil, signal, subprocess, sys, tempfile, time

BUILD = os.environ.get("top_builddir", os.getcwd())
SRC = os.environ.get("top_srcdir", os.getcwd())
TMAIL = os.path.join(BUILD, "tmail")
TMAILD = os.path.join(BUILD, "tmaild")
WAIT_S = 30
EFFORT = float(os.environ.get("TMAIL_EFFORT", "1"))  # more or less of what could go on for ever; 1 in a check
# What random tests draw from: always the same in a check, so that it judges the change and not the dice; drawn by hand and in --all.
SEED = int(os.environ.get("TMAIL_SEED") or random.SystemRandom().randrange(1 << 30))


def fail(text):
    print("FAIL:", text)
    sys.exit(1)


def check(claim, text):
    if not claim:
        import traceback
        traceback.print_stack(limit=3)
        fail(text)


class Tmaild:
    """A tmaild on free ports of the loopback; restart() keeps ports and root. Without TLS unless that is asked for: proxies read along."""

    def __init__(self, root, *options, tls=False):
        self.root, self.options, self.ports, self.process = root, options if tls else ("--tls-cert", "none", *options), {}, None
        self.start()

    def start(self, env=None, must=True):
        """False when it ended at its start and that may be."""
        port_file = os.path.join(self.root, "ports")
        if os.path.exists(port_file):
            os.unlink(port_file)
        os.makedirs(self.root, exist_ok=True)
        argv = [TMAILD, "--root", os.path.join(self.root, "mail.root"), "--port-file", port_file,
                *(word for name, port in self.ports.items() for word in ("--" + name, str(port))),
                "--log", os.path.join(self.root, "tmaild.log"), *self.options]
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, env=dict(os.environ, **(env or {})))
        deadline = time.monotonic() + WAIT_S
        while not os.path.exists(port_file):
            if self.process.poll() is not None and not must:
                return False
            check(self.process.poll() is None, "tmaild ended at its start")
            check(time.monotonic() < deadline, "tmaild told no ports")
            time.sleep(0.005)
        with open(port_file) as f:
            self.ports = {n: int(p) for n, p in (line.split() for line in f if line.strip())}
        return True

    def stop(self, sig=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(sig)
        if self.process:
            self.process.wait(WAIT_S)


class Profile:
    """A tmail profile: configuration and store in one folder."""

    def __init__(self, path, rc):
        self.path = path
        os.makedirs(path, exist_ok=True)
        self.write_rc(rc)
        self.env = dict(os.environ, XDG_RUNTIME_DIR=path, HOME=path, LC_ALL="C.UTF-8")

    def write_rc(self, rc):
        rc_path = os.path.join(self.path, "tmailrc")
        with open(rc_path, "w") as f:
            f.write(rc)
        os.chmod(rc_path, 0o600)

    def run(self, *argv, stdin=b"", code=0, env=None):
        p = subprocess.run([TMAIL, "--profile", self.path, *argv], input=stdin, capture_output=True,
                           env=dict(self.env, **(env or {})), timeout=120)
        if code is not None and p.returncode != code:
            fail(f"tmail {' '.join(argv)}: exit code {p.returncode}, wanted {code}\n"
                 f"stdout: {p.stdout.decode(errors='replace')}\nstderr: {p.stderr.decode(errors='replace')}\n"
                 f"log: {self.log()}")
        return p

    def json(self, *argv, code=0):
        out = self.run(*argv, "--json", code=code).stdout.decode()
        return [json.loads(line) for line in out.splitlines()]

    def log(self):
        try:
            with open(os.path.join(self.path, "tmail.log")) as f:
                return f.read()[-4000:]
        except OSError:
            return "(none)"


def rc_for(server, user="jane", password="pw", extra=""):
    return (f'[tmail]\nundo-send = 0\n\n[account work]\naddress = "Jane Roe <{user}@example.org>"\n'
            f'receive = "imap://{user}@127.0.0.1:{server.ports["imap"]}"\n'
            f'send = "smtp://127.0.0.1:{server.ports["smtp"]}"\n'
            f'password-command = "printf \'{password}\'"\n{extra}')


class Place:
    """A temporary folder that is gone at the end, with the servers in it stopped. In memory where that is asked and possible: for
    rounds by the thousand, which prove nothing about the disk."""

    def __init__(self, in_memory=False):
        self.where = "/dev/shm" if in_memory and os.access("/dev/shm", os.W_OK | os.X_OK) else None

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="tmail-interop-", dir=self.where)
        self.servers = []
        return self

    def tmaild(self, *options, name="server", tls=False):
        server = Tmaild(os.path.join(self.path, name), *options, tls=tls)
        self.servers.append(server)
        return server

    def profile(self, rc, name="profile"):
        return Profile(os.path.join(self.path, name), rc)

    def __exit__(self, *exc):
        for server in self.servers:
            server.stop()
        subprocess.run(["pkill", "-f", f"tmail-sync --store {self.path}"], check=False)
        shutil.rmtree(self.path, ignore_errors=True)
