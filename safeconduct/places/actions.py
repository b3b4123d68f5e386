"""Loads the shipped places and facts into the tables. Safe to run at every set-up: the same data changes nothing.

It never deletes a place: one that the data no longer has is merged into the place that took its name, or marked
vanished; trips that name it keep working.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from django.db import connection, transaction

from safeconduct.lib import clock
from safeconduct.lib.geo import distance_km
from safeconduct.places.facts import facts_from
from safeconduct.places.fields import WantedFact
from safeconduct.places.files import DATA, read_rows
from safeconduct.places.folding import fold
from safeconduct.places.loading import Wanted, WantedName, WantedPlace, former_weight, wanted_from
from safeconduct.places.models import Fact, FactLoad, FactSource, Place, PlaceName

T = TypeVar("T")
BATCH = 1000
# Rows a transaction while the tables are empty: nobody waits for them then, and every commit waits for the disk.
FIRST_BATCH = 50_000
# A city that is gone is the same as one of its name this near (a suburb taken in, two rows made one).
MERGE_KM = 25.0
# Raised when the tables would hold something else from the same files.
FORMAT = 4
INSERT_NAMES = (
    "INSERT INTO places_placename (place_id, name, langs, folded, is_whole, weight, is_former)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s)"
)
COLUMNS = (
    "kind",
    "code",
    "name",
    "native_name",
    "country_code",
    "region",
    "lat",
    "lon",
    "population",
    "zone",
    "rank",
)


@dataclass
class LoadReport:
    """What a load did."""

    places: int = 0
    added: int = 0
    changed: int = 0
    renamed: int = 0
    merged: int = 0
    vanished: int = 0
    names: int = 0
    facts: int = 0
    skipped: bool = False


def load_facts(*, data_dir: Path = DATA, only: Collection[str] | None = None) -> LoadReport:
    """Bring the tables to what the data files say, in transactions of at most 1,000 rows where there are any yet.

    `only` limits the load to countries by code (tests); places of other countries are left as they are.
    A load that was broken off is finished by the next one.
    """
    chosen = frozenset(only) if only is not None else None
    scope, digest = ",".join(sorted(chosen or ())), _digest(data_dir)
    if FactLoad.objects.filter(scope=scope, digest=digest).exists():
        return LoadReport(skipped=True)
    report = LoadReport()
    wanted = wanted_from(data_dir, chosen)
    report.places = len(wanted.places)
    size = BATCH if Place.objects.exists() else FIRST_BATCH
    _load_places(wanted, chosen, report, size)
    _load_names(wanted, chosen, report, size)
    _load_facts(data_dir, chosen, report)
    # Without fresh statistics PostgreSQL reads every name for a query of one letter until autovacuum comes by.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE places_place")
        cursor.execute("ANALYZE places_placename")
    FactLoad.objects.exclude(scope=scope).delete()
    FactLoad.objects.update_or_create(scope=scope, defaults={"digest": digest, "loaded_at": clock.now()})
    return report


def _digest(data: Path) -> str:
    whole = hashlib.sha256(str(FORMAT).encode())
    for path in sorted(data.rglob("*.csv*")):
        whole.update(path.name.encode() + path.read_bytes())
    return whole.hexdigest()


def _batches(rows: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Lists of at most so many rows; the caller writes each in a transaction of its own."""
    source = iter(rows)
    while batch := list(itertools.islice(source, size)):
        yield batch


def _load_places(wanted: Wanted, only: frozenset[str] | None, report: LoadReport, size: int) -> None:
    stored = Place.objects.in_bulk(field_name="key")
    written, former = [], []
    for key, want in wanted.places.items():
        row = stored.get(key)
        if row is not None and not _differs(row, want):
            continue
        if row is not None and row.name != want.name:
            report.renamed += 1
            former.append((row.pk, row.name, want.rank))
        report.added += row is None
        report.changed += row is not None
        written.append(Place(key=key, **{name: getattr(want, name) for name in COLUMNS}))
    # Before the new name: a load that is killed here does it again.
    _keep_former_names(former)
    for places in _batches(written, size):
        with transaction.atomic():
            Place.objects.bulk_create(
                places,
                update_conflicts=True,
                unique_fields=["key"],
                update_fields=[*COLUMNS, "state", "merged_into"],
            )
    gone = [
        row
        for key, row in stored.items()
        if key not in wanted.places and (only is None or row.country_code in only)
    ]
    if gone:
        _retire(gone, wanted, report)


def _differs(row: Place, want: WantedPlace) -> bool:
    """Whether a row says something else, or is retired and now back."""
    return row.state != Place.State.ACTIVE or any(
        getattr(row, name) != getattr(want, name) for name in COLUMNS
    )


def _keep_former_names(former: list[tuple[int, str, int]]) -> None:
    for batch in _batches(former):
        with transaction.atomic():
            PlaceName.objects.bulk_create(
                PlaceName(
                    place_id=place, name=name, folded=fold(name), is_former=True, weight=former_weight(rank)
                )
                for place, name, rank in batch
            )


def _retire(gone: list[Place], wanted: Wanted, report: LoadReport) -> None:
    """Mark rows that the data no longer has; point them at their successor when there is one."""
    keys = _successor_keys(gone, wanted)
    successors = dict(Place.objects.filter(key__in=keys.values()).values_list("key", "pk"))
    changed, former = [], []
    for row in gone:
        target = successors.get(keys.get(row.key, ""))
        state = Place.State.MERGED if target else Place.State.VANISHED
        if row.state == state and row.merged_into_id == target:
            continue
        row.merged_into_id, row.state = target, state
        report.merged += bool(target)
        report.vanished += not target
        if target:
            former.append((target, row.name, row.rank))
        changed.append(row)
    _keep_former_names(former)
    for places in _batches(changed):
        with transaction.atomic():
            Place.objects.bulk_update(places, ["state", "merged_into"], batch_size=200)


def _successor_keys(gone: list[Place], wanted: Wanted) -> dict[str, str]:
    """Key of a retired city → key of the city that has its name now, nearby in the same country, or as typed."""
    cities = {row.country_code for row in gone if row.kind == Place.Kind.CITY}
    named: dict[tuple[str, str], list[WantedPlace]] = defaultdict(list)
    for key, place in wanted.places.items():
        if place.kind == Place.Kind.CITY and place.country_code in cities:
            for name in wanted.names[key]:
                if name.is_whole:
                    named[place.country_code, name.folded].append(place)
    found = {}
    for row in gone:
        typed = wanted.merged.get(row.key)
        if typed in wanted.places:
            found[row.key] = typed
            continue
        near = [
            (distance_km(row.lon, row.lat, place.lon, place.lat), place.key)
            for place in named.get((row.country_code, fold(row.name)), ())
        ]
        if near and min(near)[0] <= MERGE_KM and row.kind == Place.Kind.CITY:
            found[row.key] = min(near)[1]
    return {key: target for key, target in found.items() if target}


def _load_names(wanted: Wanted, only: frozenset[str] | None, report: LoadReport, size: int) -> None:
    """Add and remove rows so that each active place has the wanted names; former names stay."""
    ids = dict(Place.objects.filter(state=Place.State.ACTIVE).values_list("key", "pk"))
    stored: dict[int, dict[tuple[str, str, str, bool, int], int]] = defaultdict(dict)
    kept = PlaceName.objects.filter(is_former=False, place__state=Place.State.ACTIVE)
    if only is not None:
        kept = kept.filter(place__country_code__in=only)
    columns = kept.values_list("place_id", "name", "langs", "folded", "is_whole", "weight", "pk")
    for place, name, langs, folded, is_whole, weight, pk in columns.iterator(chunk_size=5000):
        stored[place][name, langs, folded, is_whole, weight] = pk

    def missing() -> Iterator[tuple[int | str | bool, ...]]:
        for key, names in wanted.names.items():
            have = stored.get(ids[key], {})
            for name in names:
                if have.pop(_as_tuple(name), None) is None:
                    yield (ids[key], *_as_tuple(name), False)

    # 300,000 rows: `bulk_create` takes four times as long, mostly for making objects that nobody reads.
    with connection.cursor() as cursor:
        for names in _batches(missing(), size):
            with transaction.atomic():
                cursor.executemany(INSERT_NAMES, names)
            report.names += len(names)
    for pks in _batches(pk for rows in stored.values() for pk in rows.values()):
        with transaction.atomic():
            PlaceName.objects.filter(pk__in=pks).delete()


def _as_tuple(name: WantedName) -> tuple[str, str, str, bool, int]:
    return name.name, name.langs, name.folded, name.is_whole, name.weight


def _fact(wanted: WantedFact, dates: dict[str, date]) -> Fact:
    checked = date.fromisoformat(wanted.checked) if wanted.checked else dates[wanted.src]
    return Fact(
        country_code=wanted.country_code,
        field=wanted.field,
        value=wanted.value,
        src=wanted.src,
        src2=wanted.src2,
        checked_on=checked,
    )


def _load_facts(data: Path, only: frozenset[str] | None, report: LoadReport) -> None:
    dates = {}
    with transaction.atomic():
        for row in read_rows(data / "sources.csv"):
            dates[row["src"]] = date.fromisoformat(row["retrieved"])
            FactSource.objects.update_or_create(
                src=row["src"], defaults={k: v for k, v in row.items() if k != "src"}
            )
    rows = [_fact(fact, dates) for fact in facts_from(data, only)]
    report.facts = len(rows)
    fields = {(row.country_code, row.field) for row in rows}
    for batch in _batches(rows):
        with transaction.atomic():
            Fact.objects.bulk_create(
                batch,
                update_conflicts=True,
                unique_fields=["country_code", "field"],
                update_fields=["value", "src", "src2", "checked_on"],
            )
    known = Fact.objects.all() if only is None else Fact.objects.filter(country_code__in=only)
    stale = [
        pk
        for pk, code, name in known.values_list("pk", "country_code", "field")
        if (code, name) not in fields
    ]
    for batch_of_pks in _batches(stale):
        with transaction.atomic():
            Fact.objects.filter(pk__in=batch_of_pks).delete()
