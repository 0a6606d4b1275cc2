# SPDX-License-Identifier: MIT
"""A proxy on the loopback that cuts a connection behind a chosen byte of one direction, or holds back all that comes behind it.
It lives in the caller's thread: Loop.until() moves the bytes while the caller waits for something else."""
import selectors, socket, struct, time

OUT, IN = 0, 1  # directions: from the client to the server, from the server to the client
FIN, RST, HOLD = "FIN", "RST", "hold"
PIECE = 1 << 16
TAIL = 4096  # what a link remembers of what came last


class Loop:
    """Calls a function for each socket that has something to do."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.later = []  # what waits for something that no socket tells: tried again every millisecond

    def watch(self, sock, events, call):
        try:
            self.selector.modify(sock, events, call)
        except KeyError:
            self.selector.register(sock, events, call)

    def forget(self, sock):
        try:
            self.selector.unregister(sock)
        except (KeyError, ValueError):
            pass

    def until(self, done, wait_s):
        """False: it was not done in time."""
        deadline = time.monotonic() + wait_s
        while not done():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for key, events in self.selector.select(min(left, 0.001) if self.later else left):
                key.data(events)
            self.later = [call for call in self.later if not call()]
        return True


class Cut:
    """What is to happen to a link: behind n bytes of a direction it is closed (FIN, RST) or goes silent (HOLD)."""

    def __init__(self, direction, n, kind):
        self.direction, self.n, self.kind, self.happened = direction, n, kind, False


class Link:
    """Two sockets, and the bytes between them. ends[d] is who sends in direction d; came[d] is what it said last, gone[d] how
    much of that was passed on."""

    def __init__(self, proxy, client, server):
        self.proxy, self.loop, self.ends = proxy, proxy.loop, [client, server]
        self.passed, self.came, self.gone, self.waiting = [0, 0], [b"", b""], [b"", b""], [b"", b""]
        self.over, self.cut, self.silent = [False, False], None, False
        for d in (OUT, IN):
            self.ends[d].setblocking(False)
            self.ends[d].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.watch()

    def plan(self, cut):
        """Counts from now on."""
        self.cut, self.passed, self.came, self.gone = cut, [0, 0], [b"", b""], [b"", b""]
        self.check()

    def watch(self):
        for d in (OUT, IN):
            reads = 0 if self.over[d] or self.waiting[d] or self.silent else selectors.EVENT_READ
            writes = selectors.EVENT_WRITE if self.waiting[1 - d] else 0
            if reads | writes:
                self.loop.watch(self.ends[d], reads | writes, lambda events, d=d: self.ready(d, events))
            else:
                self.loop.forget(self.ends[d])

    def ready(self, d, events):
        if self not in self.proxy.links:
            return
        if events & selectors.EVENT_WRITE:
            self.push(1 - d)
        if events & selectors.EVENT_READ and self in self.proxy.links and not self.over[d] and not self.waiting[d]:
            self.pull(d)
        if self in self.proxy.links:
            self.watch()

    def pull(self, d):
        try:
            data = self.ends[d].recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        ended = self.cut is not None and self.cut.happened
        if data == b"":
            self.over[d] = True
            if self.over[1 - d]:
                self.close()
            elif not ended:
                self.shut(1 - d)
        elif ended:
            self.came[d] = (self.came[d] + data)[-TAIL:]
        else:
            self.take(d, self.proxy.change(d, data) if self.proxy.change else data)

    def take(self, d, data):
        self.came[d] = (self.came[d] + data)[-TAIL:]
        if self.cut is not None and self.cut.direction == d:
            data = data[:max(self.cut.n - self.passed[d], 0)]
        self.waiting[d] = data
        self.push(d)

    def push(self, d):
        try:
            n = self.ends[1 - d].send(self.waiting[d]) if self.waiting[d] else 0
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self.gone[d] = (self.gone[d] + self.waiting[d][:n])[-TAIL:]
        self.waiting[d] = self.waiting[d][n:]
        self.passed[d] += n
        self.check()

    def check(self):
        c = self.cut
        if c is None or c.happened or self.passed[c.direction] < c.n:
            return
        c.happened = True
        if c.kind == HOLD:
            self.silent = True
            self.watch()
        elif c.kind == RST:
            for s in self.ends:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close()
        else:
            self.waiting = [b"", b""]
            for d in (OUT, IN):
                self.shut(d)

    def shut(self, d):
        try:
            self.ends[d].shutdown(socket.SHUT_WR)
        except OSError:
            self.close()

    def close(self):
        if self in self.proxy.links:
            self.proxy.links.remove(self)
        for s in self.ends:
            self.loop.forget(s)
            s.close()


class Proxy:
    """Listens on .port and connects to where. change(d, data) may put other bytes in place of those that came; settled() says
    whether the server has let go of what was cut, which a new link waits for: what it still does with the old one is a race."""

    def __init__(self, loop, where, change=None, settled=lambda: True):
        self.loop, self.where, self.change, self.settled = loop, where, change, settled
        self.links, self.next, self.last = [], None, None
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        loop.watch(self.listener, selectors.EVENT_READ, self.accept)

    def arm(self, cut):
        """The next link that comes in is cut so."""
        self.next = cut

    def accept(self, events):
        client, _ = self.listener.accept()
        if not self.lead(client):
            self.loop.later.append(lambda: self.lead(client))

    def lead(self, client):
        """True: done."""
        if not self.settled():
            return False
        try:
            server = socket.create_connection(("127.0.0.1", self.where))
        except OSError:
            client.close()
            return True
        link = Link(self, client, server)
        self.links.append(link)
        self.last = link
        if self.next is not None:
            cut, self.next = self.next, None
            link.plan(cut)
        return True

    def living(self):
        return sum(link.cut is None or not link.cut.happened or link.silent for link in self.links)

    def drop(self):
        """Closes all links."""
        for link in list(self.links):
            link.close()
