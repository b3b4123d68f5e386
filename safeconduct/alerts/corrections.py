"""An operator's area in place of a wrong one: made with a reason, withdrawn with a name, never an edit.

A correction holds for the version it was made for and for later versions of the event that repeat the same wrong
area. A later version with another area falls back to the source's: the source may have mended it. Readers ask
`effective`, or `of_versions` once for many.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import shapely
from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from safeconduct.accounts.models import User
from safeconduct.alerts import hooks
from safeconduct.alerts.models import AlertVersion, AreaCorrection, Event
from safeconduct.audit.actions import label_of, record
from safeconduct.lib import clock, geo
from safeconduct.lib.errors import Refused
from safeconduct.places.shapes import countries_touching

CORRECTED = "corrected"
PART = 500


@dataclass(frozen=True)
class Effective:
    """Where a version matters as we see it. `origin` is the version's own, or `corrected`."""

    geometry: BaseGeometry | None
    possible: BaseGeometry | None
    origin: str
    countries: tuple[str, ...]
    correction: AreaCorrection | None = None


def area_sha(version: AlertVersion) -> str:
    """Return the digest of a version's own area; without a shape, of the countries that stand for it."""
    shapes = [bytes(part) if part else b"" for part in (version.impact_area, version.possible_area)]
    named = "" if any(shapes) else ",".join(sorted(version.countries))
    digest = hashlib.sha256()
    for part in (*shapes, f"{version.impact_origin}:{named}".encode()):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def current(version: AlertVersion) -> AreaCorrection | None:
    """Return the correction that holds for a version, the latest one; None when it has its own area."""
    return of_versions([version]).get(version.pk)


def of_versions(versions: Iterable[AlertVersion]) -> dict[int, AreaCorrection]:
    """Return the corrections that hold, by version. One query when nothing is corrected, as almost always."""
    by_event: dict[int, list[AlertVersion]] = {}
    for version in versions:
        by_event.setdefault(version.event_id, []).append(version)
    events = list(by_event)
    found: dict[int, AreaCorrection] = {}
    for start in range(0, len(events), PART):
        rows = AreaCorrection.objects.filter(
            event_id__in=events[start : start + PART], withdrawn_at__isnull=True
        )
        # Oldest first, so that the latest is what stays.
        for row in rows.select_related("version").order_by("made_at", "pk"):
            for version in by_event[row.event_id]:
                if holds_for(row, version):
                    found[version.pk] = row
    return found


def holds_for(row: AreaCorrection, version: AlertVersion) -> bool:
    """Return whether a correction is meant for a version: its own, or a later one with the same wrong area."""
    return version.number >= row.version.number and area_sha(version) == row.wrong_sha


def fallen_back(event: Event) -> AreaCorrection | None:
    """Return the latest correction that no longer holds, because the source sends another area now; else None."""
    version = event.current_version
    if version is None or current(version) is not None:
        return None
    rows = event.corrections.filter(withdrawn_at__isnull=True, version__number__lt=version.number)
    return rows.select_related("version").first()


def effective(version: AlertVersion, corrections: Mapping[int, AreaCorrection] | None = None) -> Effective:
    """Return where a version matters. `corrections` of `of_versions` spare the question for each of many."""
    row = current(version) if corrections is None else corrections.get(version.pk)
    if row is None:
        return Effective(
            version.geometry(), version.possible_geometry(), version.impact_origin, tuple(version.countries)
        )
    shape = row.geometry()
    countries = tuple(countries_touching(shape)) if shape is not None else ()
    return Effective(shape, None, CORRECTED, countries, row)


def countries_of(version: AlertVersion, corrections: Mapping[int, AreaCorrection]) -> tuple[str, ...]:
    """Return the countries that a version concerns as we see it, without a look at shapes that nobody corrected."""
    if version.pk in corrections:
        return effective(version, corrections).countries
    return tuple(version.countries)


def key() -> tuple[int, int, int]:
    """Return what changes whenever a correction is made or withdrawn: for indexes that are kept in memory."""
    figures = AreaCorrection.objects.aggregate(
        all=Count("pk"), newest=Max("pk"), withdrawn=Count("pk", filter=Q(withdrawn_at__isnull=False))
    )
    return figures["all"], figures["newest"] or 0, figures["withdrawn"]


def swapped(version: AlertVersion) -> BaseGeometry:
    """Return a version's area with latitude and longitude exchanged. Raises geo.BadShape when that is no place."""
    shape = version.geometry() or version.possible_geometry()
    if shape is None or shape.is_empty:
        raise geo.BadShape(_("this version has no shape whose axes could be swapped"))
    west, _south, east, _north = shape.bounds
    if west < -90 or east > 90:
        raise geo.BadShape(_("swapped, the area would lie beyond a pole: the axes are not the mistake"))
    turned = shapely.transform(shape, lambda xy: xy[:, ::-1])
    return turned if turned.is_valid else geo.polygonal(shapely.make_valid(turned))


def correct_area(
    version: AlertVersion, *, by: User, geometry: BaseGeometry | None, reason: str
) -> AreaCorrection:
    """Put an area in place of a version's own; None: it matters nowhere. People are matched anew at once.

    Longitudes in [-180, 180], cut at the line. Raises Refused without a reason, and for a shape without an area.
    """
    why = " ".join(reason.split())
    if not why:
        raise Refused("correction.reason", _("Say why the area is wrong: it is shown beside the area."))
    if len(why) > 500:
        raise Refused("correction.reason", _("The reason is longer than 500 characters."))
    if geometry is not None and (geometry.is_empty or geometry.area == 0):
        raise Refused("correction.area", _("This shape has no area."))
    with transaction.atomic():
        event = Event.objects.select_for_update().get(pk=version.event_id)
        if event.current_version_id != version.pk:
            raise Refused(
                "correction.outdated", _("The source has sent a newer version meanwhile. Look at that one.")
            )
        row = AreaCorrection.objects.create(
            event=event,
            version=version,
            wrong_sha=area_sha(version),
            impact_area=geo.to_wkb(geometry) if geometry is not None else None,
            reason=why,
            made_by=label_of(by),
            made_at=clock.now(),
        )
        detail = {"event": event.public_id, "correction": row.pk, "nowhere": geometry is None, "reason": why}
        record("alert.area_corrected", by=by, subject=version, detail=detail)
        hooks.area_has_changed(event)
    return row


def withdraw(correction: AreaCorrection, *, by: User) -> AreaCorrection:
    """Give the source's area back. Withdrawing again changes nothing."""
    with transaction.atomic():
        event = Event.objects.select_for_update().get(pk=correction.event_id)
        row = AreaCorrection.objects.select_for_update().select_related("version").get(pk=correction.pk)
        if row.withdrawn_at is None:
            row.withdrawn_at, row.withdrawn_by = clock.now(), label_of(by)
            row.save(update_fields=["withdrawn_at", "withdrawn_by"])
            detail = {"event": event.public_id, "correction": row.pk}
            record("alert.area_restored", by=by, subject=row.version, detail=detail)
            hooks.area_has_changed(event)
    return row


def made_of(event: Event) -> list[AreaCorrection]:
    """Return every correction of an event, newest first, withdrawn ones too."""
    return list(event.corrections.select_related("version"))


def moved_to(country_code: str) -> tuple[list[int], list[int]]:
    """Return the active versions with a corrected area: all of them, and those whose area touches a country."""
    corrected = corrected_versions()
    there = [
        version.pk
        for version in AlertVersion.objects.filter(pk__in=corrected)
        if country_code in countries_of(version, corrected)
    ]
    return list(corrected), there


def corrected_versions() -> dict[int, AreaCorrection]:
    """Return the corrections that hold for the current versions of active events, by version."""
    events = Event.objects.filter(
        state=Event.State.ACTIVE, pk__in=AreaCorrection.objects.filter(withdrawn_at=None).values("event_id")
    ).select_related("current_version")
    return of_versions([event.current_version for event in events if event.current_version is not None])
