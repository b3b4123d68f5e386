"""Security: ratings, governments' levels side by side, what they write; and what changed lately."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.advice.answers import Source
from safeconduct.advice.briefing import Group, Line, Tone
from safeconduct.advice.derived import written_for
from safeconduct.advice.gathered.materials import (
    LATELY,
    Destination,
    Materials,
    day,
    group,
    quote_lines,
    written_lines,
)
from safeconduct.advice.gathered.rated import rating_lines
from safeconduct.advice.words import audience_of
from safeconduct.advisories import labels
from safeconduct.advisories.models import Category
from safeconduct.advisories.queries import IssuerAdvice
from safeconduct.guides.official import step_words
from safeconduct.ratings.words import value_word

MOST_AREAS: Final = 12
TONES: Final[dict[int, Tone]] = {4: "stop", 3: "warn", 2: "note"}


def security_groups(materials: Materials) -> Iterator[Group]:
    """For each country."""
    for destination in materials.destinations:
        yield group("security", "rating", _("Rating"), rating_lines("security", destination, "security"), destination)
        yield group("security", "advice", _("What governments say"), _levels(materials, destination), destination)
        said = [
            *written_lines("security", destination, ("security-summary", "personal-risk", "stability")),
            *quote_lines("security", destination, ("warnings", "security"), materials.lang),
        ]
        if said:
            yield group("security", "words", _("In their own words"), said, destination)


def _levels(materials: Materials, destination: Destination) -> Iterator[Line]:
    rows = [row for row in destination.advice if row.category == Category.SECURITY]
    if not rows:
        yield Line(
            f"security.advice.none.{destination.code}",
            _("Unknown: no government whose advice is read here says anything about %(country)s.")
            % {"country": destination.name},
            label=_("Official advice"), sign="0", is_unknown=True,
        )  # fmt: skip
    for row in rows:
        yield _level(materials, destination, row)


def _level(materials: Materials, destination: Destination, row: IssuerAdvice) -> Line:
    worst = max(row.level or 0, row.level_max or 0)
    areas = [str(area.get("name", "")) for area in row.areas if area.get("name")]
    details = [text for text in (row.original_level, audience_of(written_for(row)), row.caution) if text]
    if areas:
        more = len(areas) - MOST_AREAS
        said = "; ".join(areas[:MOST_AREAS]) + (_(" and %(count)s more") % {"count": more} if more > 0 else "")
        details.append(_("Named parts: %(areas)s.") % {"areas": said})
    todo = ""
    if (row.level or 0) >= 3:
        todo = _("%(issuer)s advises against journeys to %(country)s or asks to reconsider: talk with your organisation.")
        todo %= {"issuer": row.issuer_name, "country": destination.name}
    return Line(
        f"security.advice.{row.advisory_id}",
        labels.level_words(row.level, row.level_max, is_partial=row.is_partial) if row.is_read else _("Not read yet"),
        (_source(row),), TONES.get(worst, ""), row.issuer_name, str(labels.sign_of(row.level or row.level_max)),
        tuple(details), is_stale=row.is_stale, is_unknown=not row.is_read, link=row.url, todo=todo,
        todo_by=materials.asked.begins_on if todo else None,
        substance=repr((row.level, row.level_max, row.is_partial, row.original_code, sorted(areas))), caution=row.caution,
    )  # fmt: skip


def _source(row: IssuerAdvice) -> Source:
    """The publisher, with its own date, else the day on which it was read."""
    return Source(row.attribution or row.issuer_name, row.url, (row.changed_at or row.fetched_at).date())


def changed_lately(materials: Materials, destination: Destination) -> Iterator[Line]:
    """Levels and ratings that changed in the last 90 days, the newest first; that none did says so."""
    found: list[tuple[date, Line]] = []
    for row in destination.advice:
        for step in row.history:
            if step.is_notable and step.at >= materials.now - LATELY:
                line = Line(
                    f"dates.changed.{row.advisory_id}.{step.version_id}", step_words(step),
                    (Source(row.attribution or row.issuer_name, step.url or row.url, step.at.date()),),
                    "warn" if (step.new or 0) > (step.old or 0) else "note", row.issuer_name,
                    str(labels.sign_of(step.new)), (step.note,) if step.note else (),
                    link=step.url or row.url, substance=step.version_id,
                )  # fmt: skip
                found.append((step.at.date(), line))
    for version in materials.rating_changes.get(destination.code, ()):
        given = {"old": value_word(version.previous_value), "new": value_word(version.value), "day": day(version.made_at.date())}
        line = Line(
            f"dates.rated.{version.public_id}", _("changed on %(day)s from %(old)s to %(new)s") % given,
            (Source(_("Rating of this portal"), "", version.made_at.date()),), "note",
            _("%(rating)s rating") % {"rating": version.rating.get_kind_display()},
            details=(str(version.get_cause_display()),), is_portal=True, substance=version.public_id,
        )  # fmt: skip
        found.append((version.made_at.date(), line))
    yield from (line for _day, line in sorted(found, key=lambda pair: pair[0], reverse=True))
    if not found and not destination.advice:
        yield Line(
            f"dates.changed.unknown.{destination.code}",
            _("Unknown: no government whose advice is read here says anything about %(country)s.")
            % {"country": destination.name},
            label=_("Changed lately"), is_unknown=True,
        )  # fmt: skip
    elif not found:
        yield Line(
            f"dates.changed.none.{destination.code}",
            _("No change of a level or rating is known here in the last 90 days."),
            label=_("Changed lately"), is_portal=True, substance="none",
        )  # fmt: skip
