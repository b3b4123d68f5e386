"""Rows made and inserted in bulk are what Django would have made and stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError

from safeconduct.alerts.models import Incident
from safeconduct.audit.models import Entry
from safeconduct.lib import bulk

AT = datetime(2026, 11, 20, 12, 0, 0, 250_000, tzinfo=UTC)


def _values(**changes: Any) -> dict[str, Any]:
    return {
        "at": AT,
        "action": "a.b",
        "actor_label": "system",
        "subject_kind": "k",
        "subject_id": "s",
        **changes,
    }


def test_a_row_that_is_made_has_the_defaults_of_its_model() -> None:
    made, usual = bulk.made(Entry, _values()), Entry(**_values())
    ours, theirs = vars(made).copy(), vars(usual).copy()
    assert ours.pop("_state").adding and theirs.pop("_state").adding
    assert ours == theirs
    one, other = bulk.made(Entry, _values()), bulk.made(Entry, _values())
    one.detail["x"] = 1
    assert other.detail == {}
    incidents = [bulk.made(Incident, {"event_type": "storm"}) for _ in range(2)]
    assert incidents[0].public_id != incidents[1].public_id and len(incidents[0].public_id) == 12


@pytest.mark.django_db
def test_what_is_inserted_reads_as_what_is_saved() -> None:
    other_zone = timezone(timedelta(hours=5, minutes=30))
    details: list[dict[str, Any]] = [
        {"at": AT}, {"at": AT.replace(microsecond=0), "detail": {"a": [1, "ü"]}}, {"at": AT.astimezone(other_zone)},
        {"actor_id": 5, "detail": {}},
    ]  # fmt: skip
    with transaction.atomic():
        keys = bulk.keys(Entry, len(details))
        rows = [bulk.made(Entry, _values(id=key, **some)) for key, some in zip(keys, details, strict=True)]
        bulk.insert(rows)
    saved = [Entry.objects.create(**_values(**some)) for some in details]
    columns = [field.attname for field in Entry._meta.concrete_fields if field.attname != "id"]
    read = Entry.objects.order_by("pk").values_list(*columns)
    assert list(read.filter(pk__in=keys)) == list(read.filter(pk__in=[row.pk for row in saved]))
    # As text too: the database compares times of one form.
    for sent in (AT, AT.replace(microsecond=0)):
        assert Entry.objects.filter(at=sent).count() % 2 == 0
    assert not rows[0]._state.adding and Entry.objects.filter(at__gt=AT).count() == 0


@pytest.mark.django_db
def test_columns_are_stored_as_rows_would_be() -> None:
    details: list[dict[str, Any]] = [{}, {"a": [1, "ü"]}, {"b": None}]
    with transaction.atomic():
        keys = bulk.keys(Entry, len(details))
        same = {key: value for key, value in _values().items() if key != "action"}
        bulk.insert_columns(Entry, {"id": keys, "detail": details, "action": ["a.b"] * 3}, same=same)
        drawn = bulk.keys(Incident, 2)
        bulk.insert_columns(Incident, {"id": drawn}, same={"event_type": "storm"})
        bulk.insert_columns(Entry, {"id": []}, same=same)
    saved = [Entry.objects.create(**_values(detail=detail)) for detail in details]
    columns = [field.attname for field in Entry._meta.concrete_fields if field.attname != "id"]
    read = Entry.objects.order_by("pk").values_list(*columns)
    assert list(read.filter(pk__in=keys)) == list(read.filter(pk__in=[row.pk for row in saved]))
    incidents = Incident.objects.filter(pk__in=drawn)
    assert len({incident.public_id for incident in incidents}) == 2


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_inserted() -> None:
    with pytest.raises(TransactionManagementError):
        bulk.insert([bulk.made(Entry, _values(id=1))])
    assert not Entry.objects.exists()
