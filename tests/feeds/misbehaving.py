"""A server that misbehaves in every way that official feeds are known to, and what must come of each.

Each behaviour has an address of its own. Asked the first time an address serves a good list with one alert; the
second time it misbehaves; the third time it is well again, with a newer edition of the alert. What is polled goes the
way that the worker goes: `alerts.jobs.poll`.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from safeconduct.alerts import jobs
from safeconduct.alerts.models import Event
from safeconduct.feeds.models import Fetch, Host, Source
from safeconduct.lib import clock
from tests.alerts.messages import message, triple
from tests.lib.wire import Line, serve

MANY = 40_000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/cap+xml\r\nConnection: close\r\n"
STORM = "STORM-1"


def storm(
    *, sent: datetime, headline: str = "Storm over the coast", name: str = STORM, refers: str = ""
) -> bytes:
    """Return the alert that every address tells of, two days long."""
    expires = (sent + timedelta(days=2)).isoformat(timespec="seconds")
    kind = "Update" if refers else "Alert"
    return message(
        name, sent=sent.isoformat(timespec="seconds"), expires=expires, headline=headline, msg_type=kind,
        references=refers,
    )  # fmt: skip


def listed(*messages: bytes) -> bytes:
    """Return an Atom list that carries messages whole."""
    entries = b"".join(
        b"<entry><content type='application/cap+xml'>"
        + one.partition(b"?>")[2].strip()
        + b"</content></entry>"
        for one in messages
    )
    return b"<feed xmlns='http://www.w3.org/2005/Atom'><title>Warnings</title>" + entries + b"</feed>"


def _now() -> datetime:
    return clock.now().replace(microsecond=0)


def _good() -> bytes:
    return listed(storm(sent=_now() - timedelta(hours=1)))


BOMB = gzip.compress(b"<a>" + b" " * 10_000_000, 9) * 30


def _bomb(line: Line) -> None:
    line.answer(BOMB, "Content-Encoding: gzip")


def _slow_head(line: Line) -> None:
    line.drip(HEAD + b"X-Slow: " + b"y" * 5000)


def _slow_body(line: Line) -> None:
    line.say(HEAD + b"Content-Length: 5000\r\n\r\n")
    line.drip(_good(), seconds=1.0)


def _login(line: Line) -> None:
    page = b"<!DOCTYPE html>\n<html><head><title>Sign in &#8211; Weather Office</title></head><body>...</body></html>"
    line.answer(page, "Content-Type: text/html; charset=utf-8")


def _half(line: Line) -> None:
    body = _good()
    line.say(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body[: len(body) // 2])


def _half_unannounced(line: Line) -> None:
    body = _good()
    line.say(HEAD + b"\r\n" + body[: len(body) // 2])


def _half_packed(line: Line) -> None:
    line.say(HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(_good() * 9)[:-20])


def _many(line: Line) -> None:
    entries = b"".join(
        b"<entry><id>w%d</id><updated>2026-11-20T10:00:00Z</updated>"
        b"<link type='application/cap+xml' href='messages/%d.xml'/></entry>" % (number, number)
        for number in range(MANY)
    )
    line.answer(b"<feed xmlns='http://www.w3.org/2005/Atom'>" + entries + b"</feed>")


def _future(line: Line) -> None:
    ahead = _now() + timedelta(days=400)
    line.answer(
        listed(
            storm(sent=ahead, headline="Storm of another year"),
            storm(sent=ahead, name="AHEAD", headline="Only from another year"),
        )
    )


def _circle(line: Line) -> None:
    sent = _now() - timedelta(minutes=30)
    stamp = sent.isoformat(timespec="seconds")
    line.answer(
        listed(
            storm(sent=sent, name="ROUND-1", headline="Round one", refers=triple("ROUND-2", stamp)),
            storm(sent=sent, name="ROUND-2", headline="Round two", refers=triple("ROUND-1", stamp)),
            storm(sent=sent, name="ROUND-3", headline="Round three", refers=triple("ROUND-3", stamp)),
        )
    )


def _entities(line: Line) -> None:
    line.answer(
        b"<?xml version='1.0'?><!DOCTYPE alert [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
        b"<!ENTITY k SYSTEM 'file:///etc/passwd'>]><alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'>"
        b"<identifier>&b;&k;</identifier></alert>"
    )


def _large(line: Line) -> None:
    line.say(HEAD + b"\r\n")
    for _ in range(330):
        line.say(b"<!-- " + b"x" * 65_000 + b" -->")


@dataclass(frozen=True)
class Behaviour:
    """One way to misbehave. `says`: a pattern of what the source page must say; `outcome`: of the fetch."""

    slug: str
    name: str
    act: Callable[[Line], None]
    outcome: str
    says: str
    status: int | None = None


def _redirect(where: str) -> Callable[[Line], None]:
    return lambda line: line.answer(b"", f"Location: {where}", status="302 Found")


BEHAVIOURS = [
    Behaviour("slow", "sends its answer 1 byte a second", _slow_body, "failed", r"had sent only \d+ bytes .* within"),
    Behaviour("slow-head", "sends its headers byte by byte", _slow_head, "failed", "did not answer within"),
    Behaviour("silent", "takes the request and never answers", lambda line: line.wait(), "failed",
              "did not answer within"),
    Behaviour("hang-up", "hangs up without a word", lambda line: None, "failed", "broke off"),
    Behaviour("rubbish", "answers something that is no HTTP", lambda line: line.say(b"220 mail ready\r\n\r\n"), "failed",
              "spoke no HTTP"),
    Behaviour("keys", "redirects to 169.254.169.254", _redirect("http://169.254.169.254/latest/meta-data/"), "failed",
              r"led to another address: 169\.254\.169\.254 is never a feed"),
    Behaviour("port", "redirects to another port of itself", _redirect("http://127.0.0.1:22/"), "failed",
              "redirects to port 22: refused"),
    Behaviour("loop", "redirects in a circle", _redirect("loop"), "failed", "redirects in a circle"),
    Behaviour("bomb", f"a gzip bomb: {len(BOMB):,} bytes that unpack to 300 MB", _bomb, "failed", "larger than 20,971,520 bytes"),
    Behaviour("brotli", "packs its answer in a way that was not asked for",
              lambda line: line.answer(b"\x0b\x02\x80", "Content-Encoding: br"), "failed", "“br”, which was not asked"),
    Behaviour("login", "200 with a log-in page", _login, "refused",
              "a web page .*titled “Sign in .*not a feed: a log-in or an error page", 200),
    Behaviour("empty", "200 with nothing in it", lambda line: line.answer(b""), "refused",
              r"the answer is empty \(0 bytes\)", 200),
    Behaviour("no-content", "204", lambda line: line.answer(b"", status="204 No Content"), "failed",
              "nothing to read", 204),
    Behaviour("half", "closes in the middle of its answer", _half, "failed", "broke off"),
    Behaviour("half-open", "the same without having said how long it is", _half_unannounced, "refused",
              "ends too early|broken|not well-formed", 200),
    Behaviour("half-packed", "the same in the middle of a packed answer", _half_packed, "failed",
              "the packed answer has no end"),
    Behaviour("part", "206 with a part", lambda line: line.answer(_good()[:300], status="206 Partial Content"), "failed",
              "206 Partial Content: a part only", 206),
    Behaviour("many", f"a list of {MANY:,} entries", _many, "new", "", 200),
    Behaviour("future", "every date is 400 days ahead", _future, "new", "", 200),
    Behaviour("busy", "500 with Retry-After: 7200",
              lambda line: line.answer(b"", "Retry-After: 7200", status="500 Oops"), "failed",
              "500 Internal Server Error and wants to be left alone for 7,200 s", 500),
    Behaviour("same", "304 though nothing was asked about changes",
              lambda line: line.say(b"HTTP/1.1 304 Not Modified\r\n\r\n"), "failed", "not asked what had changed", 304),
    Behaviour("gone", "404", lambda line: line.answer(b"no", status="404 Not Found"), "failed",
              "answered 404 Not Found", 404),
    Behaviour("type", "a good list, called text/html",
              lambda line: line.answer(listed(storm(sent=_now() - timedelta(minutes=9), headline="Still a storm")),
                                       "Content-Type: text/html"), "new", "", 200),
    Behaviour("utf8", "bytes that are not UTF-8 though it says so",
              lambda line: line.answer(_good().replace(b"Wind of", b"Wind \xff\xfe of")), "refused",
              "not in the encoding that the document names", 200),
    Behaviour("entities", "a DTD with entities and a file to read", _entities, "refused", "document type definition",
              200),
    Behaviour("large", "an answer larger than 20 MB", _large, "failed", "larger than 20,971,520 bytes"),
    Behaviour("circle", "messages that refer to each other in a circle", _circle, "new", "", 200),
]  # fmt: skip
_BY_SLUG = {one.slug: one for one in BEHAVIOURS}


class Server:
    """Is well at first, then misbehaves, then is well again: `mood` says which."""

    def __init__(self) -> None:
        self.mood = "well"

    def handle(self, line: Line) -> None:
        """Answer one request."""
        if self.mood == "ill":
            _BY_SLUG[line.path.strip("/")].act(line)
        elif self.mood == "well":
            line.answer(_good())
        else:
            # Sent after everything of before had come, by a clock that is a little fast.
            newer = storm(sent=_now() + timedelta(seconds=5), headline="The storm has turned")
            line.answer(listed(newer))


@contextmanager
def misbehaving() -> Iterator[tuple[Server, str]]:
    """Run the server; yield it and its address."""
    server = Server()
    with serve(server.handle) as url:
        yield server, url


@dataclass(frozen=True)
class Seen:
    """What became of one behaviour: the try, how long it took, and what was active before, then and after."""

    source: Source
    fetch: Fetch
    seconds: float
    before: list[str]
    during: list[str]
    after: list[str]
    last: Fetch
    closed: list[datetime]
    """Until when the host asked to be left alone."""

    @property
    def page(self) -> str:
        """Return what the source page says of the try."""
        parts = [self.fetch.get_outcome_display()]
        if self.fetch.http_status:
            parts.append(f"answer {self.fetch.http_status}")
        if self.fetch.outcome == Fetch.Outcome.NEW:
            counts = (("read", self.fetch.read_count), ("linked", self.fetch.linked_count))
            parts += [f"{count:,} {name}" for name, count in counts if count]
        parts += [text for text in (self.fetch.problem, self.fetch.note) if text]
        return "; ".join(parts)


def observe(behaviour: Behaviour, server: Server, url: str) -> Seen:
    """Poll one address three times: well, ill, well again."""
    source = Source.objects.create(
        key=behaviour.slug, name=behaviour.name, format="cap", url=f"{url}/{behaviour.slug}", country_code="PT",
        is_enabled=True, request_seconds=0,
    )  # fmt: skip
    server.mood = "well"
    _poll(source)
    before = _active(source)
    server.mood = "ill"
    began = time.monotonic()
    fetch = _poll(source)
    seconds = time.monotonic() - began
    during = _active(source)
    closed = list(Host.objects.exclude(closed_until=None).values_list("closed_until", flat=True))
    server.mood = "well again"
    last = _poll(source)
    return Seen(source, fetch, seconds, before, during, _active(source), last, closed)


def _poll(source: Source) -> Fetch:
    # The address is one host for all: what one behaviour closed is not closed for the next.
    Host.objects.all().delete()
    source.refresh_from_db()
    jobs.poll(source)
    return source.fetches.latest("id")


def _active(source: Source) -> list[str]:
    events = Event.objects.filter(source=source, state=Event.State.ACTIVE).select_related("current_version")
    return sorted(
        f"{event.identity_key}: {event.current_version.infos[0]['headline']}"
        for event in events
        if event.current_version is not None
    )
