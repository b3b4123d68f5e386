"""CAP 1.0, 1.1 and 1.2 (OASIS): one message, messages carried whole inside EDXL-DE, or a list (index.py).

Tolerant where an alert can still be understood, strict where it cannot: namespaces instead of prefixes,
missing or unknown codes become Unknown, elements in any order; a shape or date that cannot be read is left
out and reported, the alert is kept. Refused: what is not XML, what has no identifier, acknowledgements and
errors between systems. Pure: no ORM, network or clock.
"""

from __future__ import annotations

import re
from datetime import datetime

from safeconduct.alerts import tsunami
from safeconduct.alerts.formats import index
from safeconduct.alerts.formats.text import judged_instant, language_tag, one_line, plain_text
from safeconduct.alerts.parsed import (
    UNKNOWN,
    Area,
    Circle,
    Info,
    Pair,
    Parsed,
    ParsedAlert,
    Problem,
    Reference,
)  # fmt: skip
from safeconduct.lib import geo, xml
from safeconduct.lib.xml import Element, Unreadable

STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")
MSG_TYPES = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPES = ("Public", "Restricted", "Private")
URGENCIES = ("Immediate", "Expected", "Future", "Past", UNKNOWN)
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", UNKNOWN)
CERTAINTIES = ("Observed", "Likely", "Possible", "Unlikely", UNKNOWN)
RESPONSES = ("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None")
CATEGORIES = (
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other",
)  # fmt: skip

_NAMESPACE = re.compile(r"^(urn:oasis:names:tc:emergency:cap:1\.[0-2]|http://www\.incident\.com/cap/1\.0)$")
_CARRIERS = {"entry": "Atom", "EDXLDistribution": "EDXL-DE"}
_SENT = re.compile(r",(\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:?\d\d)?)(?=\s|$)")
_LONGEST = 200


def parse(data: bytes) -> Parsed:
    """Read a document. Unreadable when nothing in it could be read."""
    name = xml.root_name(data)
    if name in index.NAMES:
        parsed = index.read(data, is_message=_is_cap, read_message=_read_message)
    else:
        parsed = _document(data)
    if parsed.problems and not parsed.alerts and not parsed.links:
        raise Unreadable("alert", "; ".join(f"{item.where}: {item.problem}" for item in parsed.problems[:3]))
    return parsed


def _document(data: bytes) -> Parsed:
    """One message, or a document that carries some."""
    root = xml.read(data)
    name = xml.local_name(root)
    if name == "alert":
        elements = [root]
    elif name in _CARRIERS:
        elements = [item for item in root.iter() if xml.local_name(item) == "alert" and _is_cap(item)]
        if not elements:
            raise Unreadable("carrier", f"this {_CARRIERS[name]} document carries no CAP message")
    elif name.lower() == "html":
        raise Unreadable("html", "this is an HTML page, not an XML document")
    else:
        raise Unreadable("root", f"the root element is “{name[:60]}”, not a CAP alert")
    if name == "alert" and not _is_cap(root):
        raise Unreadable("namespace", f"“alert” in the unknown namespace “{xml.namespace(root)[:80]}”")
    parsed = Parsed()
    for number, element in enumerate(elements, start=1):
        _read_message(element, number, parsed)
    return parsed


def _read_message(element: Element, number: int, parsed: Parsed) -> None:
    _Message(element, number, parsed).read()


def _is_cap(element: Element) -> bool:
    return not xml.namespace(element) or bool(_NAMESPACE.match(xml.namespace(element)))


class _Message:
    """Reads one alert element and collects what is wrong with it."""

    def __init__(self, element: Element, number: int, parsed: Parsed) -> None:
        self.element = element
        self.parsed = parsed
        self.notes: list[str] = []
        self.where = f"alert {number}"

    def read(self) -> None:
        identifier = one_line(xml.child_text(self.element, "identifier"))
        if not identifier:
            self.problem("", "no identifier: the message cannot be told from others")
            return
        if len(identifier) > _LONGEST * 2:
            self.problem("", f"an identifier of {len(identifier)} characters is refused")
            return
        self.where = identifier
        msg_type = self.code("msgType", self.element, MSG_TYPES, "Alert")
        if msg_type in ("Ack", "Error"):
            self.problem("msgType", f"{msg_type} is an answer between systems, not an alert")
            return
        sender = one_line(xml.child_text(self.element, "sender"))[:_LONGEST]
        if not sender:
            self.notes.append("no sender")
        alert = ParsedAlert(
            format="cap",
            identifier=identifier,
            sender=sender,
            sent_at=self.instant("sent", self.element, "sent"),
            msg_type=msg_type,
            status=self.code("status", self.element, STATUSES, UNKNOWN),
            scope=self.code("scope", self.element, SCOPES, UNKNOWN),
            source=one_line(xml.child_text(self.element, "source"))[:_LONGEST],
            references=references(xml.child_text(self.element, "references")),
            keys=(identifier, key) if (key := tsunami.event_key(identifier)) else (identifier,),
            infos=tuple(
                self.info(item, number)
                for number, item in enumerate(xml.children(self.element, "info"), start=1)
            ),
        )
        if not alert.infos:
            self.notes.append("no info block")
        self.parsed.alerts.append(_with_notes(alert, self.notes))

    def problem(self, where: str, text: str) -> None:
        self.parsed.problems.append(Problem(f"{self.where}, {where}" if where else self.where, text))

    def info(self, item: Element, number: int) -> Info:
        where = f"info {number}"
        event = one_line(xml.child_text(item, "event"))
        return Info(
            language=language_tag(xml.child_text(item, "language")),
            categories=tuple(
                found for text in _texts(item, "category") if (found := _known(text, CATEGORIES)) is not None
            ),
            event=event[:_LONGEST],
            event_codes=_pairs(item, "eventCode"),
            response_types=tuple(
                found
                for text in _texts(item, "responseType")
                if (found := _known(text, RESPONSES)) is not None
            ),
            urgency=self.code("urgency", item, URGENCIES, UNKNOWN, where),
            severity=self.code("severity", item, SEVERITIES, UNKNOWN, where),
            certainty=self.certainty(item, where),
            audience=one_line(xml.child_text(item, "audience"))[:_LONGEST],
            effective=self.instant("effective", item, f"{where}, effective"),
            onset=self.instant("onset", item, f"{where}, onset"),
            expires=self.instant("expires", item, f"{where}, expires"),
            sender_name=one_line(xml.child_text(item, "senderName"))[:_LONGEST],
            headline=one_line(xml.child_text(item, "headline")),
            description=plain_text(xml.child_text(item, "description")),
            instruction=_said(plain_text(xml.child_text(item, "instruction"))),
            web=web_address(xml.child_text(item, "web")),
            contact=one_line(xml.child_text(item, "contact"))[:500],
            parameters=_pairs(item, "parameter"),
            areas=tuple(
                self.area(area, f"{where}, area {place}")
                for place, area in enumerate(xml.children(item, "area"), start=1)
            ),
        )

    def certainty(self, item: Element, where: str) -> str:
        """CAP 1.0 said “Very Likely” where later versions say Likely."""
        text = xml.child_text(item, "certainty")
        if text.replace(" ", "").lower() == "verylikely":
            return "Likely"
        return self.code("certainty", item, CERTAINTIES, UNKNOWN, where)

    def area(self, item: Element, where: str) -> Area:
        polygons = []
        for number, text in enumerate(_texts(item, "polygon"), start=1):
            try:
                polygons.append(geo.polygon_from_cap(text))
            except geo.BadShape as error:
                self.problem(f"{where}, polygon {number}", str(error))
        circles = []
        for number, text in enumerate(_texts(item, "circle"), start=1):
            try:
                circles.append(Circle(*geo.cap_circle(text)))
            except geo.BadShape as error:
                self.problem(f"{where}, circle {number}", str(error))
        return Area(
            description=one_line(xml.child_text(item, "areaDesc")),
            polygons=tuple(polygons),
            circles=tuple(circles),
            geocodes=_pairs(item, "geocode"),
            altitude=xml.child_text(item, "altitude")[:40],
            ceiling=xml.child_text(item, "ceiling")[:40],
        )

    def code(self, name: str, item: Element, known: tuple[str, ...], fallback: str, where: str = "") -> str:
        text = xml.child_text(item, name)
        found = _known(text, known)
        if found is not None:
            return found
        place = f"{where}, {name}" if where else name
        self.notes.append(f"{place}: “{text[:40]}” read as {fallback}" if text else f"{place} missing")
        return fallback

    def instant(self, name: str, item: Element, where: str) -> datetime | None:
        text = xml.child_text(item, name)
        if not text:
            if name == "sent":
                self.notes.append("sent missing: the time of receipt stands in")
            return None
        at, problem = judged_instant(text)
        if problem:
            self.problem(where, problem)
        return at


def _with_notes(alert: ParsedAlert, notes: list[str]) -> ParsedAlert:
    return ParsedAlert(**{**alert.__dict__, "notes": tuple(notes)})


def _said(text: str) -> str:
    """USGS and others write “None” where nothing is advised."""
    return "" if text.strip(". ").lower() in ("none", "null", "n/a") else text


def _known(text: str, known: tuple[str, ...]) -> str | None:
    wanted = "".join(text.split()).lower()
    return next((word for word in known if word.lower() == wanted), None)


def _texts(item: Element, name: str) -> list[str]:
    return [text for child in xml.children(item, name) if (text := xml.text_of(child))]


def _pairs(item: Element, name: str) -> tuple[Pair, ...]:
    """valueName/value pairs; CAP 1.0 wrote “name=value”."""
    pairs: list[Pair] = []
    for child in xml.children(item, name):
        key = one_line(xml.child_text(child, "valueName"))
        value = xml.child_text(child, "value")
        if not key and "=" in (text := xml.text_of(child)):
            key, _, value = (part.strip() for part in text.partition("="))
        if key:
            pairs.append((key[:_LONGEST], value[:4000]))
    return tuple(dict.fromkeys(pairs))


def references(text: str) -> tuple[Reference, ...]:
    """“sender,identifier,sent” triples; identifiers with blanks or commas, as real feeds have them, are read."""
    found: list[Reference] = []
    position = 0
    # By the times that end them, in one pass: a pattern for whole triples tries each word with each comma.
    for sent in _SENT.finditer(text):
        sender, comma, identifier = text[position : sent.start()].rpartition("\n")[2].partition(",")
        position = sent.end()
        if comma and identifier and sender and not sender[-1].isspace():
            found.append(Reference(one_line(sender.split()[-1]), one_line(identifier), sent[1]))
    if not found:
        for word in text.split():
            parts = word.split(",")
            if len(parts) == 1:
                found.append(Reference("", parts[0], ""))
            elif len(parts) >= 2 and parts[1]:
                found.append(Reference(parts[0], parts[1], ",".join(parts[2:])))
    return tuple(dict.fromkeys(item for item in found if item.identifier))


def web_address(text: str) -> str:
    """A link that a page may show: http or https only."""
    text = text.strip()
    return text[:1000] if re.match(r"(?i)^https?://[^\s<>\"']+$", text) else ""
