"""A mail server that takes everything: Debian's smtp-sink, or a small one of ours where that is missing."""

from __future__ import annotations

import shutil
import socket
import socketserver
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEBIAN = "/usr/sbin/smtp-sink"


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running() -> Iterator[tuple[int, str]]:
    """Yield the port and the name of a sink that runs while the block does."""
    port = free_port()
    program = shutil.which("smtp-sink") or (DEBIAN if Path(DEBIAN).exists() else "")
    if program:
        command, name = [program, "-u", "nobody", f"127.0.0.1:{port}", "100"], "smtp-sink"
    else:
        command, name = [sys.executable, "-m", "benchmarks.sink", str(port)], "own sink"
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            raise RuntimeError(f"{name} does not answer")
        yield port, name
    finally:
        process.terminate()
        process.wait()


class _Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.wfile.write(b"220 sink\r\n")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go\r\n")
                for text in self.rfile:
                    if text == b".\r\n":
                        break
                self.wfile.write(b"250 2.0.0 Ok\r\n")
            elif verb == b"EHLO":
                self.wfile.write(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
            elif verb == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 Ok\r\n")


if __name__ == "__main__":
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), _Handler) as server:
        server.serve_forever()
