"""Stands in for the network where a test is about what is done with an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from safeconduct.lib import http

URL = "https://example.org/cap"


class Server:
    """Answers in turn; what raises is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def get(self, url: str, **asked: Any) -> http.Answer:
        """Stand in for `http.get`."""
        self.asked.append({"url": url, **asked})
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, http.Answer)
        return answer


Install = Callable[..., Server]


def ok(body: bytes, etag: str = '"1"') -> http.Answer:
    """Return a good answer."""
    return http.Answer(URL, 200, body, "application/cap+xml", etag, "")


def unchanged() -> http.Answer:
    """Return a 304."""
    return http.Answer(URL, 304, b"", "", "", "")


def says(status: int, wait: Any = None, host: str = "example.org") -> http.RefusedNow:
    """Return what a server's refusal for now is raised as."""
    return http.RefusedNow(f"{host} answered {status}", status=status, host=host, retry_after=wait)


def gone(status: int = 404) -> http.RefusedForGood:
    """Return what a server's refusal for good is raised as."""
    return http.RefusedForGood(f"example.org answered {status}", status=status)
