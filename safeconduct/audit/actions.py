"""Writing an audit entry. There is no verb to change or delete one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models

from safeconduct.audit.models import Entry
from safeconduct.lib import clock

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
    actor = by if by is not None and by.pk is not None else None
    return Entry.objects.create(
        at=clock.now(),
        action=action,
        actor_id=actor.pk if actor else None,
        actor_label=label_of(actor) if actor else SYSTEM,
        organisation_id=organisation.pk if organisation else None,
        organisation_label=label_of(organisation) if organisation else "",
        subject_kind=str(subject._meta.label_lower),
        subject_id=str(getattr(subject, "public_id", None) or subject.pk),
        detail=dict(detail or {}),
    )
