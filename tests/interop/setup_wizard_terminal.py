# SPDX-License-Identifier: MIT
"""A program on a terminal of its own, and what a person types there."""
import os, pty, re, select, signal, termios, time
from tm import WAIT_S, check, fail


class Terminal:
    """A program that has a terminal to itself."""

    def __init__(self, argv, env):
        self.out, self.seen = "", 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                signal.signal(signal.SIGINT, signal.SIG_DFL)  # whatever started the tests may have it ignored
                os.execve(argv[0], argv, env)
            finally:
                os._exit(127)

    def read(self, deadline):
        """More of what it shows; False at its end."""
        ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
        check(ready, f"it says nothing more: {self.out[self.seen:]!r} of {self.out!r}")
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.out += data.decode("utf-8", "replace")
        return bool(data)

    def expect(self, pattern):
        deadline = time.monotonic() + WAIT_S
        while not (m := re.search(pattern, self.out[self.seen:])):
            if not self.read(deadline):
                fail(f"it ended without {pattern!r}: {self.out}")
        self.seen += m.end()
        return m

    def say(self, text):
        os.write(self.fd, text.encode())

    def answer(self, pattern, text):
        self.expect(pattern)
        self.say(text + "\n")

    def password(self, pattern, text):
        """Waits until what is typed is not shown any more."""
        self.expect(pattern)
        deadline = time.monotonic() + WAIT_S
        while termios.tcgetattr(self.fd)[3] & termios.ECHO:
            check(time.monotonic() < deadline, "a password would be shown")
            select.select([], [], [], 0.005)
        self.say(text + "\n")

    def end(self):
        deadline = time.monotonic() + WAIT_S
        while self.read(deadline):
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)
