"""Writing an audit entry. There is no verb to change or delete one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from django.db import models

from safeconduct.audit.models import Entry
from safeconduct.lib import bulk, clock

SYSTEM = "system"


def label_of(row: models.Model) -> str:
    """Return how the row calls itself in the log: its `audit_label`, else kind and id."""
    label = getattr(row, "audit_label", None)
    return str(label)[:200] if label else f"{row._meta.model_name} {row.pk}"


def record(
    action: str,
    *,
    by: models.Model | None,
    subject: models.Model,
    organisation: models.Model | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Entry:
    """Append one entry. `by` is the acting user, None for the system; `detail` holds codes and counts."""
    entry = Entry(at=clock.now(), **_values(action, by, subject, organisation, detail))
    entry.save(force_insert=True)
    return entry


def record_all(
    changes: Iterable[tuple[str, models.Model, Mapping[str, Any]]],
    *,
    by: models.Model | None = None,
    organisation: models.Model | None = None,
) -> None:
    """Append what one person or the system did to many rows, as (action, subject, detail), in the transaction of the
    change."""
    listed = list(changes)
    if not listed:
        return
    subjects = [subject for _action, subject, _detail in listed]
    bulk.insert_columns(
        Entry,
        {
            "id": bulk.keys(Entry, len(listed)),
            "action": [action for action, _subject, _detail in listed],
            "subject_kind": [_kind(subject.__class__) for subject in subjects],
            "subject_id": [_subject_id(subject) for subject in subjects],
            "detail": [dict(detail) for _action, _subject, detail in listed],
        },
        same={"at": clock.now(), **_who(by, organisation)},
    )


@cache
def _kind(model: type[models.Model]) -> str:
    return str(model._meta.label_lower)


def _subject_id(subject: models.Model) -> str:
    return str(getattr(subject, "public_id", None) or subject.pk)


def _who(by: models.Model | None, organisation: models.Model | None) -> dict[str, Any]:
    actor = by if by is not None and by.pk is not None else None
    return {
        "actor_id": actor.pk if actor else None,
        "actor_label": label_of(actor) if actor else SYSTEM,
        "organisation_id": organisation.pk if organisation else None,
        "organisation_label": label_of(organisation) if organisation else "",
    }


def _values(
    action: str,
    by: models.Model | None,
    subject: models.Model,
    organisation: models.Model | None,
    detail: Mapping[str, Any] | None,
) -> dict[str, Any]:
    return {
        "action": action,
        **_who(by, organisation),
        # A request's reader is a lazy object, which says the model as its class and is of another type.
        "subject_kind": _kind(subject.__class__),
        "subject_id": _subject_id(subject),
        "detail": dict(detail or {}),
    }
