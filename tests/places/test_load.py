"""Loading is idempotent, and places outlive the data: renamed, merged and vanished ones stay resolvable."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from safeconduct.lib.errors import NotFound
from safeconduct.places import actions
from safeconduct.places.actions import load_facts
from safeconduct.places.files import DATA, read_rows, write_rows
from safeconduct.places.models import Fact, FactLoad, FactSource, Place, PlaceName
from safeconduct.places.queries import place_by_key, resolve, search

pytestmark = pytest.mark.django_db

NAIROBI, THIKA, RUIRU = "184745", "179330", "184379"
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def kenya() -> tuple[Rows, Rows]:
    """Return the shipped rows of Kenya's cities and of their names."""
    cities = [row for row in read_rows(DATA / "city.csv.gz") if row["iso2"] == "KE"]
    ids = {row["geonameid"] for row in cities}
    return cities, [row for row in read_rows(DATA / "city_name.csv.gz") if row["geonameid"] in ids]


@pytest.fixture
def newer(tmp_path: Path, kenya: tuple[Rows, Rows]) -> Callable[[Callable[[Rows], Rows]], Path]:
    """Return a function: a change to Kenya's cities → a data folder with that change."""
    cities, shipped_names = kenya

    def changed(change: Callable[[Rows], Rows]) -> Path:
        folder = tmp_path / "data"
        shutil.copytree(DATA, folder, ignore=shutil.ignore_patterns("map"), dirs_exist_ok=True)
        head = list(cities[0])
        kept = change([dict(row) for row in cities])
        write_rows(folder / "city.csv.gz", head, [[row[column] for column in head] for row in kept])
        ids = {row["geonameid"] for row in kept}
        names = [row for row in shipped_names if row["geonameid"] in ids]
        columns = ["geonameid", "langs", "name"]
        write_rows(folder / "city_name.csv.gz", columns, [[row[c] for c in columns] for row in names])
        return folder

    return changed


def snapshot() -> tuple[list[object], list[object], list[object]]:
    places = Place.objects.filter(country_code="KE").order_by("key").values()
    names = PlaceName.objects.filter(place__country_code="KE").order_by("pk").values()
    return list(places), list(names), list(Fact.objects.filter(country_code="KE").order_by("pk").values())


def test_the_same_data_changes_nothing() -> None:
    before = snapshot()
    FactLoad.objects.all().delete()
    report = load_facts(only={"KE"})
    assert (report.added, report.changed, report.names, report.merged, report.vanished) == (0, 0, 0, 0, 0)
    assert report.facts > 10
    assert snapshot() == before
    assert load_facts(only={"KE"}).skipped


def test_small_transactions_where_somebody_may_wait_and_few_where_nobody_can(
    newer: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each commit waits for the disk: a first load into empty tables has hundreds of them otherwise."""
    monkeypatch.setattr(actions, "BATCH", 100)
    folder = newer(lambda rows: rows)

    def transactions() -> int:
        FactLoad.objects.all().delete()
        with CaptureQueriesContext(connection) as asked:
            load_facts(data_dir=folder, only={"KE"})
        # Those that are not inside another one: the test's own is around all.
        depth = count = 0
        for query in asked.captured_queries:
            count += query["sql"].startswith("SAVEPOINT") and depth == 0
            depth += query["sql"].startswith("SAVEPOINT") - query["sql"].startswith("RELEASE")
        return count

    names = PlaceName.objects.filter(place__country_code="KE")
    count = names.count()
    names.delete()
    assert transactions() > count / 100
    PlaceName.objects.all()._raw_delete(PlaceName.objects.db)
    Place.objects.all()._raw_delete(Place.objects.db)
    assert transactions() < 20 and names.count() == count


def test_a_renamed_city_keeps_its_key_and_is_found_by_both_names(newer: Callable[..., Path]) -> None:
    def rename(rows: Rows) -> Rows:
        return [row | {"name": "Nova Thika"} if row["geonameid"] == THIKA else row for row in rows]

    before = place_by_key(f"geonames:{THIKA}")
    report = load_facts(data_dir=newer(rename), only={"KE"})
    after = place_by_key(f"geonames:{THIKA}")
    assert (report.renamed, report.added) == (1, 0)
    assert (after.pk, after.name) == (before.pk, "Nova Thika")
    assert search("nova thi")[0].key == after.key
    assert search("thika")[0].key == after.key


def test_a_vanished_city_is_kept_but_not_offered(newer: Callable[..., Path]) -> None:
    folder = newer(lambda rows: [row for row in rows if row["geonameid"] != THIKA])
    report = load_facts(data_dir=folder, only={"KE"})
    assert (report.vanished, report.merged) == (1, 0)
    gone = place_by_key(f"geonames:{THIKA}")
    assert (gone.state, gone.name) == ("vanished", "Thika")
    assert all(hit.key != gone.key for hit in search("thika", limit=50))
    # It comes back with the data that has it.
    load_facts(only={"KE"})
    assert place_by_key(f"geonames:{THIKA}").state == "active"
    assert search("thika")[0].key == gone.key


def test_a_merged_city_leads_to_the_one_that_has_its_name(newer: Callable[..., Path]) -> None:
    def two_become_one(rows: Rows) -> Rows:
        thika = next(row for row in rows if row["geonameid"] == THIKA)
        return [row for row in rows if row["geonameid"] != THIKA] + [thika | {"geonameid": "99000001"}]

    old = Place.objects.get(key=f"geonames:{THIKA}")
    report = load_facts(data_dir=newer(two_become_one), only={"KE"})
    assert (report.added, report.merged, report.vanished) == (1, 1, 0)
    old.refresh_from_db()
    assert old.state == "merged"
    assert place_by_key(old.key).key == "geonames:99000001"
    assert resolve("Thika").key == "geonames:99000001"


def test_a_merger_can_be_typed(newer: Callable[..., Path]) -> None:
    folder = newer(lambda rows: [row for row in rows if row["geonameid"] != THIKA])
    write_rows(folder / "typed" / "city_merged.csv", ["geonameid", "into"], [[THIKA, NAIROBI]])
    load_facts(data_dir=folder, only={"KE"})
    assert place_by_key(f"geonames:{THIKA}").key == f"geonames:{NAIROBI}"
    assert search("thika")[0].key == f"geonames:{NAIROBI}"


def test_other_countries_are_left_alone(newer: Callable[..., Path]) -> None:
    load_facts(data_dir=newer(lambda rows: rows), only={"KE"})
    assert search("munchen")[0].name == "Munich"
    assert not Place.objects.exclude(state="active").exists()


def test_every_fact_has_a_source_with_licence_and_date() -> None:
    sources = {source.src: source for source in FactSource.objects.all()}
    cited = set(Fact.objects.values_list("src", flat=True)) | set(Fact.objects.values_list("src2", flat=True))
    assert cited - {""} <= set(sources)
    assert all(source.licence and source.url and source.retrieved for source in sources.values())
    assert not Fact.objects.filter(checked_on__isnull=True).exists()


def test_an_unknown_key_is_not_found() -> None:
    with pytest.raises(NotFound):
        place_by_key("iso:QQ")
