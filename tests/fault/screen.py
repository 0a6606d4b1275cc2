# SPDX-License-Identifier: MIT
"""A program in a pseudo-terminal and the screen that it draws: as much of a VT100 as ncurses asks for."""
import codecs, fcntl, os, pty, re, select, signal, struct, termios, time

ROWS, COLS = 24, 80
CSI = re.compile(r"\x1b\[([?>=]?)([0-9;]*)([@-~])|\x1b[()#][0-9A-Z]|\x1b([^\[()#])|([\x00-\x1a\x1c-\x1f\x7f])|([^\x00-\x1f\x7f]+)")


class Screen:
    def __init__(self):
        self.cells = [[" "] * COLS for _ in range(ROWS)]
        self.row = self.col = self.top = 0
        self.bottom, self.rest = ROWS - 1, ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def text(self):
        return "\n".join("".join(r).rstrip() for r in self.cells)

    def feed(self, data):
        s, at = self.rest + self.decoder.decode(data), 0
        while at < len(s):
            m = CSI.match(s, at)
            if m is None:
                break
            at = m.end()
            if m.group(3):
                self.control(m.group(3), [int(n or 0) for n in m.group(2).split(";")] if not m.group(1) else [])
            elif m.group(4):
                self.escape(m.group(4))
            elif m.group(5):
                self.byte(m.group(5))
            elif m.group(6):
                self.put(m.group(6))
        self.rest = s[at:]

    def put(self, text):
        for c in text:
            if self.col >= COLS:
                self.col = 0
                self.down()
            self.cells[self.row][self.col] = c
            self.col += 1

    def byte(self, c):
        if c == "\r":
            self.col = 0
        elif c == "\n":
            self.down()
        elif c == "\b":
            self.col = max(min(self.col, COLS - 1) - 1, 0)
        elif c == "\t":
            self.col = min((self.col // 8 + 1) * 8, COLS - 1)

    def down(self):
        if self.row == self.bottom:
            self.scroll(self.top, 1)
        else:
            self.row = min(self.row + 1, ROWS - 1)

    def scroll(self, top, n):
        for _ in range(abs(n)):
            if n > 0:
                self.cells.insert(self.bottom + 1, [" "] * COLS)
                del self.cells[top]
            else:
                del self.cells[self.bottom]
                self.cells.insert(top, [" "] * COLS)

    def escape(self, c):
        if c == "M" and self.row == self.top:
            self.scroll(self.top, -1)
        elif c == "M":
            self.row -= 1
        elif c == "D":
            self.down()

    def erase(self, row, start, end):
        for i in range(max(start, 0), min(end, COLS)):
            self.cells[row][i] = " "

    def control(self, c, n):
        first = n[0] if n and n[0] else 1
        if c == "H":
            self.row, self.col = min(first, ROWS) - 1, min(n[1] if len(n) > 1 and n[1] else 1, COLS) - 1
        elif c == "A":
            self.row = max(self.row - first, 0)
        elif c == "B":
            self.row = min(self.row + first, ROWS - 1)
        elif c == "C":
            self.col = min(self.col + first, COLS - 1)
        elif c == "D":
            self.col = max(self.col - first, 0)
        elif c == "r" and n:
            self.top, self.bottom = first - 1, (n[1] if len(n) > 1 else ROWS) - 1
        elif c == "K":
            mode = n[0] if n else 0
            self.erase(self.row, 0 if mode else self.col, COLS if mode != 1 else self.col + 1)
        elif c == "J":
            mode = n[0] if n else 0
            self.erase(self.row, 0 if mode else self.col, COLS if mode != 1 else self.col + 1)
            for row in range(ROWS):
                if mode == 2 or (mode == 0 and row > self.row) or (mode == 1 and row < self.row):
                    self.erase(row, 0, COLS)


class Terminal:
    """argv on a screen."""

    def __init__(self, argv, env):
        self.screen, self.code = Screen(), None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.execve(argv[0], argv, dict(env, TERM="vt100"))
            finally:
                os._exit(127)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLS, 0, 0))
        os.set_blocking(self.fd, False)

    def keys(self, text):
        if self.code is None:
            try:
                os.write(self.fd, text.encode())
            except OSError:
                self.ended()

    def pump(self, wait_s):
        """Reads what comes within wait_s; False when the program has ended."""
        if self.code is not None:
            return False
        try:
            if select.select([self.fd], [], [], wait_s)[0]:
                self.screen.feed(os.read(self.fd, 65536))
        except OSError:  # Linux tells the end of a pseudo-terminal so
            self.ended()
        return self.code is None

    def ended(self):
        if self.code is None:
            self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            os.close(self.fd)

    def end(self, wait_s):
        """After its keys to leave were pressed: its exit code."""
        until = time.monotonic() + wait_s
        while self.pump(0.05) and time.monotonic() < until:
            pass
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            self.ended()
        return self.code
