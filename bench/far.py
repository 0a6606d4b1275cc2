# SPDX-License-Identifier: MIT
"""A relay that holds bytes back, as a long way does."""
import queue, socket, threading, time


class Far:
    """Passes connections on to a port of the loopback and holds all bytes back, each way by half the round trip; the first ones of a
    connection by one more, which is what its three-way handshake would take."""

    def __init__(self, port, rtt):
        self.to, self.rtt, self.began = port, rtt / 1000, None  # began: of the first connection since that was forgotten
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=20)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near = self.socket.accept()[0]
            except OSError:
                return
            began = time.monotonic()
            self.began = self.began or began
            try:
                far = socket.create_connection(("127.0.0.1", self.to))
            except OSError:  # nobody is there any more
                near.close()
                continue
            for s in (near, far):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for a, b, start in ((near, far, began + 1.5 * self.rtt), (far, near, began + self.rtt)):
                held = queue.SimpleQueue()
                threading.Thread(target=self.take, args=(a, held), daemon=True).start()
                threading.Thread(target=self.give, args=(b, held, start), daemon=True).start()

    def take(self, s, held):
        data = b"x"
        while data:
            try:
                data = s.recv(1 << 18)
            except OSError:
                data = b""
            held.put((time.monotonic() + self.rtt / 2, data))

    @staticmethod
    def give(s, held, start):
        while True:
            due, data = held.get()
            time.sleep(max(0, max(due, start) - time.monotonic()))
            try:
                if not data:
                    s.shutdown(socket.SHUT_WR)
                    return
                s.sendall(data)
            except OSError:
                return
