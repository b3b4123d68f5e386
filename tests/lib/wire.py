"""A server on the loopback that says byte for byte what a test wants, at the pace that it wants."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Line:
    """One connection after its request was read: `request` is its head."""

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        self._connection = connection
        self._stopping = stopping
        self.request = ""

    def read_request(self) -> bool:
        """Read up to the empty line that ends a request's head; False when none comes."""
        head = b""
        while b"\r\n\r\n" not in head:
            got = self._connection.recv(65536)
            if not got:
                return False
            head += got
        self.request = head.decode("latin-1")
        return True

    @property
    def path(self) -> str:
        """Return what is asked for."""
        return self.request.split(" ", 2)[1]

    def say(self, data: bytes) -> None:
        """Send at once."""
        self._connection.sendall(data)

    def drip(self, data: bytes, *, seconds: float = 0.05) -> None:
        """Send a byte at a time."""
        for number in range(len(data)):
            self._connection.sendall(data[number : number + 1])
            if self._stopping.wait(seconds):
                return

    def wait(self) -> None:
        """Say nothing until the test is over."""
        self._stopping.wait(30)

    def answer(self, body: bytes, *headers: str, status: str = "200 OK") -> None:
        """Send a whole answer."""
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        self.say("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)


@contextmanager
def serve(handle: Callable[[Line], None]) -> Iterator[str]:
    """Serve every connection in a thread of its own; yield the address."""
    stopping = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def one(connection: socket.socket) -> None:
        line = Line(connection, stopping)
        # The client hangs up on a server that misbehaves: that is the point.
        with suppress(OSError), connection:
            connection.settimeout(30)
            if line.read_request():
                handle(line)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stopping.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(2)


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """Yield a function that tells the seconds since."""
    began = time.monotonic()
    yield lambda: time.monotonic() - began
