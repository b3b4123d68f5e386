"""`ingest FORMAT FILE-OR-URL`: read one document by hand, as a source would have sent it, and what it links to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from django.core.management.base import CommandParser

from safeconduct.alerts.actions import Outcome
from safeconduct.alerts.formats import SHAPES
from safeconduct.alerts.formats.index import no_address
from safeconduct.alerts.ingest import FORMATS, Report, read_document
from safeconduct.alerts.linked import DEEPEST, as_member
from safeconduct.alerts.parsed import Link, Problem
from safeconduct.alerts.recognise import hint
from safeconduct.feeds import hosts
from safeconduct.feeds.actions import by_hand, keep_document, note_handed_in, record_rejections
from safeconduct.feeds.models import Document, Source
from safeconduct.lib import clock, http
from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import NotFound, Permanent, Refused, Temporary

READ_LIMIT = 64 * 1024 * 1024
"""What is kept of a file; more than 20 MB is never parsed."""
LONGEST_WAIT_SECONDS = 30.0
"""For its turn at a host, before a linked message counts as not reached."""
_WEB = ("http://", "https://")


@dataclass
class Answer:
    """What became of a document and of everything that it links to."""

    documents: int = 0
    unreachable: int = 0
    not_reached: list[Problem] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    seen: set[str] = field(default_factory=set)
    read: set[int] = field(default_factory=set)
    """Documents that were read: the same bytes under another name are not read again."""

    def add(self, other: Report, where: str) -> None:
        """Count another document's outcome; places in it are told by the document's name."""
        self.documents += 1
        for outcome, count in other.counts.items():
            self.report.counts[outcome] += count
        self.report.rejected.extend(
            Problem(f"{where}: {item.where}" if where else item.where, item.problem)
            for item in other.rejected
        )

    def reject(self, where: str, problem: str) -> None:
        """Note something that was not read, and why."""
        self.report.rejected.append(Problem(where, problem))


class Command(JsonCommand):
    """Read one document, follow what it links to, and print what became of it."""

    help = "Read one document and the messages that it links to: ingest FORMAT FILE-OR-URL [--base FOLDER]"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the document and whose it is."""
        super().add_arguments(parser)
        parser.add_argument("format", choices=sorted(FORMATS))
        parser.add_argument("document", metavar="FILE-OR-URL")
        parser.add_argument("--base", help="folder that FILE is relative to and in which links are looked up")
        parser.add_argument("--source", help="key of the source it belongs to; default: read by hand")

    def act(self, **options: Any) -> None:
        """Keep the bytes, read them, print the counts. Exit 2 with the reason when nothing could be read."""
        source = self._source(options["format"], options["source"])
        answer = Answer()
        try:
            body, content_type, origin = _bytes(options["document"], options["base"])
        except (Temporary, Permanent, NotFound) as error:
            answer.unreachable = 1
            self._print(options["format"], answer, reason=str(error))
            raise
        document = keep_document(body, origin=origin, content_type=content_type, received_at=clock.now())
        try:
            shapes = self._shapes_beside(options["document"], options["base"], source)
            report = read_document(document, source=source, at=clock.now(), shapes=shapes)
        except Refused as refusal:
            answer.documents = 1
            seems = hint(body, read_as=options["format"])
            reason = "; ".join(part for part in (refusal.text, seems) if part)
            self._print(options["format"], answer, reason=reason)
            raise Refused(refusal.code, reason) from None
        note_handed_in(source, origin, clock.now())
        answer.add(report, "")
        address = origin if origin.startswith(_WEB) else ""
        answer.seen.add(address)
        answer.read.add(document.pk)
        read = len(answer.report.rejected)
        if address:
            self._follow(report.links, address, source, _fetching(source), answer, level=1)
        elif options["base"]:
            self._follow(report.links, address, source, _in_folder(options["base"]), answer, level=1)
        elif report.links:
            answer.unreachable = len(report.links)
            answer.not_reached.append(
                Problem("links", f"{len(report.links):,} messages not looked up: no --base")
            )
        found = [(item.where, item.problem) for item in (*answer.report.rejected[read:], *answer.not_reached)]
        record_rejections(document, found, source=source, at=clock.now())
        self._print(options["format"], answer)

    def _follow(
        self,
        links: list[Link],
        address: str,
        source: Source,
        look_up: Callable[[str], Document],
        answer: Answer,
        *,
        level: int,
    ) -> None:
        """Read what an index at `address` (empty: a file) names; each message once, one bad one stops none."""
        for link in links:
            url = urldefrag(urljoin(address, link.url)).url
            if url in answer.seen:
                continue
            answer.seen.add(url)
            try:
                document = look_up(url)
                shapes = look_up(urljoin(address, link.geometry_url)) if _has_shapes(link, source) else None
            except (Temporary, Permanent, NotFound) as error:
                answer.unreachable += 1
                answer.not_reached.append(Problem(url, str(error)))
                continue
            if document.pk in answer.read:
                continue
            answer.read.add(document.pk)
            try:
                member = as_member(source, url)
                report = read_document(document, source=member, at=clock.now(), shapes=shapes)
            except Refused as refusal:
                answer.documents += 1
                answer.reject(url, refusal.text)
                continue
            answer.add(report, url)
            if report.links and level < DEEPEST:
                self._follow(report.links, url, source, look_up, answer, level=level + 1)
            elif report.links:
                answer.reject(url, "an index that two indexes lead to: its messages are not followed")

    def _shapes_beside(self, name: str, base: str | None, source: Source) -> Document | None:
        """The file of shapes beside a message's file, for formats that serve them apart."""
        path = _path(name, base).with_suffix(".geojson")
        if source.format not in SHAPES or name.startswith(_WEB) or not path.is_file():
            return None
        return keep_document(_file(path, path.name), origin=path.name, received_at=clock.now())

    def _source(self, format: str, key: str | None) -> Source:
        if key is None:
            return by_hand(format)
        source = Source.objects.filter(key=key).first()
        if source is None:
            raise Refused("source.unknown", f"there is no source “{key}”")
        if source.format != format:
            raise Refused("source.format", f"the source “{key}” sends {source.format}, not {format}")
        return source

    def _print(self, format: str, answer: Answer, *, reason: str = "") -> None:
        rejected = [_row(item) for item in answer.report.rejected]
        not_reached = [_row(item) for item in answer.not_reached]
        if reason and answer.documents:
            rejected.append({"where": "document", "problem": reason})
        printed = {
            "format": format,
            "documents": answer.documents,
            **{outcome.value: answer.report.counts[outcome] for outcome in Outcome},
            "unreachable": answer.unreachable,
            "rejected": rejected,
            **({"not_reached": not_reached} if not_reached else {}),
        }
        counts = ", ".join(f"{name} {value}" for name, value in printed.items() if isinstance(value, int))
        reasons = (f"  {row['where']}: {row['problem']}" for row in (*rejected, *not_reached))
        lines = [f"{format}: {counts}", *reasons]
        if self.wants_json or not reason:
            self.emit(printed, "\n".join(lines))


def _row(item: Problem) -> dict[str, str]:
    return {"where": item.where, "problem": item.problem}


def _has_shapes(link: Link, source: Source) -> bool:
    return bool(link.geometry_url) and source.format in SHAPES


def _bytes(name: str, base: str | None) -> tuple[bytes, str, str]:
    """The raw bytes, their type and where they came from."""
    if name.startswith(_WEB):
        answer = http.get(name)
        return answer.body, answer.content_type, answer.url
    path = _path(name, base)
    return _file(path, name), "", path.name


def _path(name: str, base: str | None) -> Path:
    """The file in the folder, else the file as it is named."""
    path = Path(base or ".") / name
    return Path(name) if base and not path.exists() else path


def _file(path: Path, name: str) -> bytes:
    try:
        if path.stat().st_size > READ_LIMIT:
            raise Permanent(f"{name} is larger than {READ_LIMIT:,} bytes: not read and not kept")
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"there is no file {name}") from None
    except (OSError, ValueError) as error:
        raise Permanent(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _fetching(source: Source) -> Callable[[str], Document]:
    """Links of a document that came from the web are fetched, as politely as a source is asked."""

    def look_up(url: str) -> Document:
        if problem := no_address(url):
            raise Permanent(problem)
        host = urlsplit(url).hostname or ""
        later = hosts.take_turn(host, spacing=source.request_seconds)
        wait = (later - clock.now()).total_seconds() if later else 0.0
        if 0 < wait <= LONGEST_WAIT_SECONDS:
            hosts.sleep(wait)
            later = hosts.take_turn(host, spacing=source.request_seconds)
        if later is not None:
            raise Temporary(f"its host is asked again from {later:%Y-%m-%d %H:%M:%S} UTC on")
        answer = http.get(url)
        return keep_document(
            answer.body, origin=answer.url, content_type=answer.content_type, received_at=clock.now()
        )

    return look_up


def _in_folder(base: str) -> Callable[[str], Document]:
    """Links of a file are looked up as files: by their path below the folder, shortened from the left."""

    def look_up(url: str) -> Document:
        path = _found_below(Path(base), url)
        if path is None:
            raise NotFound("not among the files of --base")
        return keep_document(_file(path, path.name), origin=path.name, received_at=clock.now())

    return look_up


def _found_below(folder: Path, url: str) -> Path | None:
    """The file that an address names below a folder, never outside of it; None when there is none.

    Steps up are left out: what is searched for is the end of the path, whatever it is relative to.
    """
    try:
        split = urlsplit(url)
    except ValueError:
        return None
    parts = [part for part in unquote(split.path).split("/") if part not in ("", ".", "..")]
    if not parts or any("\0" in part or "\\" in part for part in parts):
        return None
    names = [parts[start:] for start in range(len(parts))]
    if split.query:
        # As programs name it that save what they fetched.
        names.insert(0, [f"{parts[-1]}?{unquote(split.query)}".replace("/", "_")])
    root = folder.resolve()
    for name in names:
        try:
            path = root.joinpath(*name).resolve()
            if path.is_relative_to(root) and path.is_file():
                return path
        except OSError:
            continue
    return None
