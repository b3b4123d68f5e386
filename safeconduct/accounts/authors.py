"""Who wrote a row that keeps only the log's label of a person: by name while the person exists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.accounts.models import User

_PREFIX: Final = "user "


def authors_of(labels: Iterable[str]) -> dict[str, str]:
    """Label of the log (`User.audit_label`) → name."""
    wanted = {label for label in labels if label.startswith(_PREFIX)}
    ids = [label.removeprefix(_PREFIX) for label in wanted]
    names = {user.audit_label: user.name for user in User.objects.filter(public_id__in=ids)}
    return {label: names.get(label, _("a person who has left")) for label in wanted}
