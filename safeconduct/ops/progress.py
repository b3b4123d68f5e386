"""How far the set-up in the browser is. Steps are told from the rows they make, so it can be left and resumed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from safeconduct.accounts.models import User
from safeconduct.audit.actions import record
from safeconduct.centres.models import Centre
from safeconduct.lib import clock, folder
from safeconduct.ops.models import SetUp
from safeconduct.ops.start_links import has_operator
from safeconduct.orgs.models import Invitation, Organisation, RoleGrant
from safeconduct.orgs.permissions import MANAGER
from safeconduct.outbox import mail_settings

REASON = "set-up looks whether anybody manages an organisation"
# These may be put off; the overview goes on saying so.
MAY_WAIT = ("mail", "organisation", "manager", "centres")
TITLES: dict[str, str | Promise] = {
    "operator": _("Your account"),
    "address": _("Address of the portal"),
    "mail": _("Mail"),
    "organisation": _("First organisation"),
    "manager": _("Its manager"),
    "centres": _("Assistance centres"),
}


@dataclass(frozen=True)
class Step:
    """One step on the page."""

    code: str
    title: str | Promise
    is_done: bool
    is_later: bool

    @property
    def url(self) -> str:
        """Return the step's address."""
        return (
            reverse("ops:start") if self.code == "operator" else reverse("ops:start_step", args=[self.code])
        )


def state() -> SetUp:
    """Return the one row that remembers what was put off."""
    return SetUp.objects.get_or_create(only=1)[0]


def _done() -> dict[str, bool]:
    grants = RoleGrant.objects.across_orgs(REASON).filter(role=MANAGER)
    invited = Invitation.objects.across_orgs(REASON).filter(role=MANAGER, withdrawn_at=None)
    return {
        "operator": has_operator(),
        "address": settings.SAFECONDUCT_DEMO_FOLDER
        or settings.SAFECONDUCT_URL_IS_FIXED
        or bool(folder.base_url(Path(settings.SAFECONDUCT_HOME))),
        # A demo has its mailbox.
        "mail": settings.SAFECONDUCT_DEMO_FOLDER or mail_settings.current() is not None,
        "organisation": Organisation.objects.exists(),
        "manager": grants.exists() or invited.exists(),
        "centres": Centre.objects.filter(is_active=True).exists(),
    }


def steps() -> list[Step]:
    """Return every step with its state."""
    done, later = _done(), state().later
    return [Step(code, title, done[code], code in later) for code, title in TITLES.items()]


def next_step(after: str = "") -> Step | None:
    """Return the first step that is neither done nor put off, or the first such behind `after`."""
    rows = steps()
    codes = [row.code for row in rows]
    start = codes.index(after) + 1 if after in codes else 0
    waiting = [row for row in rows[start:] if not row.is_done and not row.is_later]
    return waiting[0] if waiting else None


def put_off(code: str) -> None:
    """Leave a step for later. Nothing happens for one that cannot wait."""
    row = state()
    if code in MAY_WAIT and code not in row.later:
        row.later = [*row.later, code]
        row.save(update_fields=["later"])


def finish(*, by: User) -> None:
    """Note that the operator has come to the end."""
    with transaction.atomic():
        row = state()
        if row.finished_at is None:
            row.finished_at = clock.now()
            row.save(update_fields=["finished_at"])
            record("set_up.finished", by=by, subject=row, detail={"later": row.later})


def is_finished() -> bool:
    """Return whether the operator has come to the end with nothing left open."""
    return all(step.is_done for step in steps()) or (
        state().finished_at is not None and all(step.is_done or step.is_later for step in steps())
    )


def store_base_url(url: str, *, by: User) -> None:
    """Keep the portal's address and use it from now on in this process; `serve` starts the others again."""
    with transaction.atomic():
        record("set_up.address", by=by, subject=state())
        folder.store_base_url(Path(settings.SAFECONDUCT_HOME), url)
    settings.SAFECONDUCT_URL = url
