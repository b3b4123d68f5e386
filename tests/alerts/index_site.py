"""A server of alerts on this machine for the tests of indexes, and the worker's rounds over them."""

from __future__ import annotations

import hashlib
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from safeconduct.alerts import jobs
from safeconduct.feeds.models import LinkedMessage, Source
from safeconduct.lib import clock

from .messages import NOW


class Site:
    """A server of alerts: what stands at which path, and how often each was asked for."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, bytes]] = {}
        self.asked: list[str] = []
        self.unchanged: list[str] = []
        """What was asked for with the tag that it has now: told so, and not sent again."""
        self.tags = False
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                status, body = site.pages.get(self.path, (404, b"nothing here"))
                tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"' if site.tags else ""
                if tag and self.headers.get("If-None-Match") == tag:
                    site.unchanged.append(self.path)
                    status, body = 304, b""
                self.send_response(status)
                if tag:
                    self.send_header("ETag", tag)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.httpd.server_port}"
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def put(self, path: str, body: bytes, status: int = 200) -> None:
        """Serve something."""
        self.pages[path] = (status, body)

    def put_index(self, path: str, entries: dict[str, str]) -> None:
        """Serve an Atom index: address → updated."""
        body = "".join(
            f'<entry><id>{href}</id><updated>{updated}</updated><link type="application/cap+xml" href="{href}"/></entry>'
            for href, updated in entries.items()
        )
        self.put(
            path,
            f'<feed xmlns="http://www.w3.org/2005/Atom"><id>i</id><title>t</title>{body}</feed>'.encode(),
        )


def work(at: datetime = NOW) -> int:
    """Poll, then follow until nothing is due; return how many messages were asked for."""
    with clock.held_at(at):
        jobs.run_due()
        total = 0
        while count := jobs.follow_due():
            total += count
        return total


def rows(source: Source) -> dict[str, LinkedMessage]:
    return {row.url.rpartition("/")[2]: row for row in source.links.all()}
