"""Verbs on a person: change their details, export and erase what is stored about them."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext

from safeconduct.accounts import hooks
from safeconduct.accounts.addresses import one_spelling
from safeconduct.accounts.emails import ERASED
from safeconduct.accounts.models import Consent, User
from safeconduct.audit.actions import record
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.lib.ids import public_id
from safeconduct.outbox.actions import cancel_queued, enqueue
from safeconduct.outbox.models import Delivery, MailboxCopy

# RFC 2606: a name that no mail server has.
NOBODY = "erased@invalid"
DETAILS = ("given_name", "family_name", "language", "zone")


def change_details(user: User, *, by: User | None, **changes: str) -> User:
    """Change name, language and zone. The log holds which, not what."""
    unknown = changes.keys() - set(DETAILS)
    if unknown:
        raise TypeError(f"not a detail: {', '.join(sorted(unknown))}")
    if changes.get("language", user.language) not in dict(settings.LANGUAGES):
        raise Refused("language.unknown", gettext("This language is not offered."))
    changed = sorted(name for name, value in changes.items() if getattr(user, name) != value)
    if not changed:
        return user
    for name in changed:
        setattr(user, name, changes[name])
    with transaction.atomic():
        user.save(update_fields=changed)
        record("account.details", by=by, subject=user, detail={"fields": changed})
    return user


def create_verified_user(
    email: str, password: str, *, by: User | None, given_name: str = "", family_name: str = "", desk_role: str = ""
) -> User:
    """Return a new person whose address counts as confirmed: the operator at set-up, and demo people."""
    email = one_spelling(email)
    if User.objects.filter(email__iexact=email).exists():
        raise Refused("email.taken", gettext("There is an account with this address already."))
    with transaction.atomic():
        user = User.objects.create_user(
            email, password, given_name=given_name, family_name=family_name, desk_role=desk_role
        )
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        record("account.created", by=by, subject=user, detail={"desk_role": desk_role})
    return user


def grant_desk_role(user: User, role: str, *, by: User | None) -> User:
    """Give the person a role at the desk, or none.

    Raises Refused when the deployment would lose its last operator, and for an address that nobody has confirmed:
    whoever opened that account chose its password, and need not be the one who reads the mail.
    """
    if role not in User.DeskRole.values:
        raise Refused("role.unknown", gettext("There is no such role."))
    if role and not EmailAddress.objects.filter(user=user, verified=True).exists():
        raise Refused("email.unconfirmed", gettext("This person has not confirmed the address yet."))
    with transaction.atomic():
        others = User.objects.select_for_update().filter(desk_role=User.DeskRole.OPERATOR, is_active=True)
        if user.is_operator and role != User.DeskRole.OPERATOR and not [row for row in others if row.pk != user.pk]:
            raise Refused("operator.last", gettext("This is the last operator. Make somebody else one first."))
        if user.desk_role != role:
            user.desk_role = role
            user.save(update_fields=["desk_role"])
            record("account.desk_role", by=by, subject=user, detail={"role": role})
    return user


def export_personal_data(user: User) -> dict[str, Any]:
    """Return everything that the rooms store about the person, by room."""
    return {provider.room: provider.export(user) for provider in hooks.personal_data.all()}


def erase_user(user: User, *, by: User | None) -> None:
    """Erase the person from every room, upper rooms first, and tell their address once.

    Raises Refused for somebody whom the house cannot do without (see the rooms' providers).
    """
    email, language = user.email, user.language
    with transaction.atomic():
        # Locked, so that two operators who leave at once come one after the other.
        operators = User.objects.select_for_update().filter(desk_role=User.DeskRole.OPERATOR, is_active=True)
        if user.is_operator and {row.pk for row in operators} <= {user.pk}:
            raise Refused("operator.last", gettext("You are the last operator. Make somebody else one first."))
        record("account.erased", by=by, subject=user)
        for provider in hooks.personal_data.all():
            provider.erase(user)
        enqueue(
            ERASED, key=f"account.erased:{public_id()}", address=email, language=language,
            context={"at": clock.now(), "zone": user.zone},
        )


def _export(user: User) -> dict[str, Any]:
    return {
        "email": user.email,
        "addresses": [
            {"email": row.email, "confirmed": row.verified} for row in EmailAddress.objects.filter(user=user)
        ],
        "given_name": user.given_name,
        "family_name": user.family_name,
        "language": user.language,
        "zone": user.zone,
        "joined_at": user.joined_at.isoformat(),
        "two_step": [
            {"kind": row.type, "since": row.created_at.isoformat()} for row in Authenticator.objects.filter(user=user)
        ],
        "sessions": [
            {
                "network_address": str(row.ip),
                "browser": row.user_agent,
                "since": row.created_at.isoformat(),
                "last_seen_at": row.last_seen_at.isoformat(),
            }
            for row in UserSession.objects.filter(user=user)
        ],
        "mails": [
            {"kind": row.message.kind, "state": row.state, "at": row.created_at.isoformat()}
            for row in Delivery.objects.filter(address__iexact=user.email).select_related("message").order_by("pk")
        ],
        "consents": [
            {"document": row.slug, "version": row.version, "given_at": row.given_at.isoformat()}
            for row in Consent.objects.filter(user=user)
        ],
    }


def _erase(user: User) -> None:
    _forget_mail(user)
    user.delete()


def _forget_mail(user: User) -> None:
    """Take the address and the person's words out of the outbox; its ledger keeps that something was sent."""
    for email in {user.email, *EmailAddress.objects.filter(user=user).values_list("email", flat=True)}:
        rows = Delivery.objects.filter(address__iexact=email)
        cancel_queued(rows, by=user, reason="account erased")
        rows.exclude(state=Delivery.State.SENDING).update(address=NOBODY, slots={}, unsubscribe_url="")
        MailboxCopy.objects.filter(to__iexact=email).delete()


OWN_DATA = hooks.PersonalData(
    room="accounts",
    models=(
        "accounts.User", "accounts.Consent", "accounts.VerificationLink", "account.EmailAddress",
        "mfa.Authenticator", "usersessions.UserSession", "outbox.Delivery", "outbox.MailboxCopy",
    ),
    export=_export,
    erase=_erase,
)
