"""Reading alerts: which are active and reach travellers, what a page shows, and in which language."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast
from shapely.geometry.base import BaseGeometry

from safeconduct.alerts import corrections
from safeconduct.alerts.labels import event_label, language_name
from safeconduct.alerts.models import AlertVersion, AreaCorrection, Event
from safeconduct.feeds.models import DEMONSTRATION, Rejection, Source
from safeconduct.lib import clock, geo
from safeconduct.lib.errors import NotFound

_FLOORS = {
    "": (),
    "Moderate": ("Minor",),
    "Severe": ("Minor", "Moderate"),
    "Extreme": ("Minor", "Moderate", "Severe"),
}
"""Severities below a source's floor. Unknown may be anything and is never below."""
EXCERPT_LENGTH = 300
EXCERPT_NAMES = 6


@dataclass(frozen=True)
class Texts:
    """The source's words in the best language for a reader. `language_label` is empty when it is theirs."""

    headline: str
    description: str
    instruction: str
    language: str
    language_label: str
    event: str
    """Our own word for the event, in the reader's language."""
    web: str
    contact: str
    sender_name: str


def reaches_travellers(version: AlertVersion) -> bool:
    """Whether a version may be told to anybody at all.

    Actual ones; in a demo folder also the exercise that the demonstration ships, and no other exercise.
    """
    shipped = settings.SAFECONDUCT_DEMO_FOLDER and version.event.source.key == DEMONSTRATION
    if version.status != "Actual" and not (shipped and version.status == "Exercise"):
        return False
    if not reaches_public(version.scope, version.event.source):
        return False
    return version.severity not in _FLOORS[version.event.source.severity_floor]


def reaches_public(scope: str, source: Source) -> bool:
    """Whether a CAP scope (CAP 1.2 §3.2.1) lets a message be told to travellers.

    Public, and a missing scope. Not Restricted (to those with a known operational need) and not Private (to the
    addresses that it names), with one exception: MeteoAlarm publishes some services' ordinary warnings as Private.
    """
    if scope == "Private":
        return source.format == Source.Format.METEOALARM
    return scope != "Restricted"


def _public(source: str) -> Q:
    """The same as a question; `source` is the way from the row to its source."""
    meteoalarm = {f"{source}__format": Source.Format.METEOALARM}
    return ~Q(scope="Restricted") & (~Q(scope="Private") | Q(**meteoalarm))


def reaching() -> Q:
    """Of versions: what may be told to anybody at all; `reaches_travellers` for one that is loaded."""
    below = Q()
    for floor, severities in _FLOORS.items():
        if severities:
            below |= Q(event__source__severity_floor=floor, severity__in=severities)
    return _told_status("event__source") & _public("event__source") & ~below


def _told_status(source: str) -> Q:
    """The status that reaches travellers; `source` is the way from the row to its source."""
    told = Q(status="Actual")
    if settings.SAFECONDUCT_DEMO_FOLDER:
        told |= Q(status="Exercise", **{f"{source}__key": DEMONSTRATION})
    return told


def active_versions(now: datetime | None = None) -> QuerySet[AlertVersion]:
    """Current versions of active events that reach travellers and have not passed."""
    return (
        AlertVersion.objects.filter(
            reaching(),
            event__state=Event.State.ACTIVE,
            event__current_version=F("pk"),
            ends_at__gt=now or clock.now(),
        )
        .select_related("event__source")
        .order_by("-sent_at", "-pk")
    )


def active_for_place(place: Any, *, now: datetime | None = None) -> list[AlertVersion]:
    """Active versions that matter at a place (of safeconduct.places), worst first.

    A country or territory: every alert that names it or touches it. Any other place: alerts whose area holds
    its point or comes within 30 km of it, and those that only name its country. An operator's correction goes
    before the source's area.
    """
    rows = active_versions(now)
    corrected = corrections.corrected_versions()
    moved = rows.filter(pk__in=corrected) if corrected else ()
    ours = [version for version in moved if _is_corrected_near(version, place, corrected)]
    rows = rows.exclude(pk__in=corrected) if corrected else rows
    if place.is_country:
        found = list(naming(rows, place.country_code))
    else:
        only_named = naming(rows.filter(impact_origin=AlertVersion.ImpactOrigin.COUNTRY), place.country_code)
        near = (version for version in _around(rows, place) if _comes_near(version.geometry(), place))
        found = [*near, *only_named]
    return sorted([*found, *ours], key=_worst_first)


def _is_corrected_near(version: AlertVersion, place: Any, corrected: Mapping[int, AreaCorrection]) -> bool:
    """Whether a version's corrected area matters at a place."""
    version.is_corrected = True
    area = corrections.effective(version, corrected)
    return place.country_code in area.countries if place.is_country else _comes_near(area.geometry, place)


NEAR_KM = 30.0
NEAR_DEGREES = 0.3


def naming(rows: QuerySet[AlertVersion], country_code: str) -> QuerySet[AlertVersion]:
    """Versions that name a country: a search in the stored list, alike on both databases."""
    return rows.annotate(country_text=Cast("countries", TextField())).filter(
        country_text__contains=f'"{country_code}"'
    )


def _around(rows: QuerySet[AlertVersion], place: Any) -> QuerySet[AlertVersion]:
    """Versions whose box comes near a place. Near 180° and the poles longitude does not decide."""
    rows = rows.filter(south__lte=place.lat + NEAR_DEGREES, north__gte=place.lat - NEAR_DEGREES)
    width = NEAR_DEGREES / max(0.01, math.cos(math.radians(min(89.0, abs(place.lat)))))
    if abs(place.lon) + width < 180:
        rows = rows.filter(west__lte=place.lon + width, east__gte=place.lon - width)
    return rows


def _comes_near(shape: BaseGeometry | None, place: Any) -> bool:
    return shape is not None and geo.distance_to_km(shape, place.lon, place.lat) <= NEAR_KM


def _worst_first(version: AlertVersion) -> tuple[int, float]:
    order = {"Extreme": 0, "Severe": 1, "Moderate": 2, "Unknown": 3, "Minor": 4}
    return order.get(version.severity, 3), -version.sent_at.timestamp()


def listed_countries() -> set[str]:
    """Countries that any event with a current version names: the choices of the filter."""
    rows = Event.objects.filter(_told_status("source")).values_list("countries", flat=True)
    return {code for codes in rows.order_by().distinct()[:5000] for code in codes}


def version_page(public_id: str) -> AlertVersion:
    """The version of a permanent address. Tests, drafts and what is not public have none: NotFound."""
    version = (
        AlertVersion.objects.select_related(
            "event__source", "event__current_version", "event__incident", "document"
        )
        .filter(_told_status("event__source"), _public("event__source"), public_id=public_id)
        .first()
    )
    if version is None:
        raise NotFound("alert")
    return version


def history(event: Event) -> list[AlertVersion]:
    """The versions of an event that a member may see, newest message first: those that have a page."""
    shown = event.versions.filter(_told_status("event__source"), _public("event__source"))
    found = list(shown.defer("impact_area", "possible_area", "search_text").order_by("-sent_at", "-number"))
    for version in found:
        version.event = event
    return found


def hidden(events: Iterable[Event]) -> dict[int, list[AlertVersion]]:
    """The versions of events that no member sees, for the operator, by the events' keys; newest message first."""
    rows = AlertVersion.objects.filter(event__in=[event.pk for event in events])
    rows = rows.exclude(_told_status("event__source"), _public("event__source"))
    found: dict[int, list[AlertVersion]] = {}
    for version in rows.only(
        "event_id", "number", "identifier", "scope", "status", "msg_type", "sent_at"
    ).order_by("-sent_at", "-number"):
        found.setdefault(version.event_id, []).append(version)
    return found


def successor(version: AlertVersion) -> AlertVersion | None:
    """The current version of the event where it is another one that a member may see."""
    current = version.event.current_version
    if current is None or current.pk == version.pk:
        return None
    current.event = version.event
    is_told = current.status == version.status and reaches_public(current.scope, version.event.source)
    return current if is_told else None


def texts(version: AlertVersion, language: str) -> Texts:
    """The source's words: in the reader's language, else English, else the original, labelled.

    No more of them than the source's licence lets us show (`Source.display`): all, the beginning, or none.
    """
    infos: list[dict[str, Any]] = version.infos
    info, is_readers = _best(infos, language)
    tag = str(info.get("language", ""))
    event = event_label(version.event_type)
    display = version.event.source.display
    if display in (Source.Display.LINK, Source.Display.WHOLE):
        headline, description, instruction = "", "", ""
        tag, is_readers = "", True
    else:
        headline = str(info.get("headline") or info.get("event") or "")
        description = str(info.get("description", ""))
        instruction = str(info.get("instruction", ""))
    if display == Source.Display.EXCERPT:
        description, instruction = excerpt(description), excerpt(instruction)
    return Texts(
        headline=headline or event,
        description=description,
        instruction=instruction,
        language=tag,
        language_label="" if is_readers or not tag else language_name(tag, language),
        event=event,
        web=_first(infos, info, "web"),
        contact=_first(infos, info, "contact"),
        sender_name=_first(infos, info, "sender_name") or version.sender,
    )


def _best(infos: list[dict[str, Any]], language: str) -> tuple[dict[str, Any], bool]:
    """The exact language, then another variant of it, then English, then the first block."""
    if not infos:
        return {}, True
    wanted = language.casefold()
    primary = wanted.partition("-")[0]
    tags = [str(info.get("language", "")).casefold() for info in infos]
    for index, tag in enumerate(tags):
        if tag == wanted:
            return infos[index], True
    # de-LS is easy German: a variant with a region of its own comes after the plain language.
    variants = sorted(
        (tag != primary, index) for index, tag in enumerate(tags) if tag.partition("-")[0] == primary
    )
    if variants:
        return infos[variants[0][1]], True
    for index, tag in enumerate(tags):
        if tag.partition("-")[0] == "en":
            return infos[index], False
    return infos[0], False


def _first(infos: list[dict[str, Any]], preferred: dict[str, Any], name: str) -> str:
    return next((str(info[name]) for info in [preferred, *infos] if info.get(name)), "")


def excerpt(text: str) -> str:
    """The beginning of a text, cut at a word, for sources whose licence allows no more."""
    if len(text) <= EXCERPT_LENGTH:
        return text
    return text[:EXCERPT_LENGTH].rsplit(None, 1)[0] + " …"


def area_names(version: AlertVersion) -> list[str]:
    """The source's names of the areas, as many as its licence lets us show."""
    names: list[str] = version.area_names
    display = version.event.source.display
    if display in (Source.Display.LINK, Source.Display.WHOLE):
        return []
    return names[:EXCERPT_NAMES] if display == Source.Display.EXCERPT else names


def rejections(limit: int = 100) -> QuerySet[Rejection]:
    """What was refused lately, for the operator's page."""
    return Rejection.objects.select_related("document", "source").order_by("-created_at", "-pk")[:limit]


def as_row(version: AlertVersion) -> dict[str, Any]:
    """One alert as the `alerts` command prints it."""
    return {
        "id": version.public_id,
        "source": version.event.source.key,
        "sender": version.sender,
        "identifier": version.identifier,
        "msg_type": version.msg_type,
        "status": version.status,
        "event": version.event_type,
        "headline": texts(version, "en").headline,
        "severity": version.severity,
        "urgency": version.urgency,
        "certainty": version.certainty,
        "onset": _iso(version.onset_at),
        "expires": _iso(version.expires_at),
        "countries": version.countries,
        "impact_origin": version.impact_origin,
        "state": version.event.state_now.value,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
