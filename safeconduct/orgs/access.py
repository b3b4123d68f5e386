"""The only door to an organisation's rows, and the decorators that guard pages.

Another organisation's row is NotFound, never Refused: whether it exists is not theirs to know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext

from safeconduct.accounts.models import User
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.orgs.models import Invitation, Membership, Organisation, PeopleImport, RoleGrant
from safeconduct.orgs.permissions import DESK_RIGHTS, MEMBER, rights_of

P = ParamSpec("P")
SESSION_KEY = "membership"
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


@dataclass(frozen=True)
class Seat:
    """Where somebody sits right now: a membership and the rights that come with it."""

    user: User
    membership: Membership
    organisation: Organisation
    rights: frozenset[str]
    is_current: bool

    def may(self, right: str) -> bool:
        """Return whether the right is held."""
        return right in self.rights


def memberships_of(user: User) -> list[Membership]:
    """Return the person's memberships, current ones first, newest first."""
    day = clock.today()
    rows = Membership.objects.of_user(user).select_related("organisation", "programme", "number")
    return sorted(rows, key=lambda m: (m.is_current_on(day), m.joined_at), reverse=True)


def seat_for(user: User, membership: Membership) -> Seat:
    """Return the seat of a person in one of their own memberships. Raises NotFound for another's."""
    if membership.user_id != user.pk or not membership.organisation.is_active:
        raise NotFound("membership")
    grants = RoleGrant.objects.for_org(membership.organisation_id).filter(user_id=user.pk)
    roles = set(grants.values_list("role", flat=True))
    is_current = membership.is_current_on(clock.today(membership.organisation.zone))
    # An ended membership keeps the view of one's own things; it manages nothing.
    rights = rights_of({MEMBER, *roles}) if is_current else rights_of({MEMBER})
    return Seat(user, membership, membership.organisation, rights, is_current)


def seat_of(request: HttpRequest) -> Seat | None:
    """Return the request's seat, looked up once a request, or None (see orgs/middleware.py)."""
    holder = getattr(request, "seat_holder", None)
    return cast("Seat | None", holder.get()) if holder is not None else None


def signed_in(request: HttpRequest) -> User:
    """Return the signed-in person. Raises NotFound for anonymous requests; pages are guarded before."""
    if not isinstance(request.user, User):
        raise NotFound("user")
    return request.user


def member_required(view: View[P]) -> View[P]:
    """Guard a page for members. Anonymous people log in first, people in no organisation associate first."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if seat_of(request) is None:
            if signed_in(request).desk_role:
                return redirect("ops:desk")
            return redirect("orgs:associate")
        return view(request, *args, **kwargs)

    return cast("View[P]", guarded)


def reader_required(view: View[P]) -> View[P]:
    """Guard a page that members read and the desk writes: people of the desk read it too, for no organisation."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if seat_of(request) is None and not signed_in(request).desk_role:
            return redirect("orgs:associate")
        return view(request, *args, **kwargs)

    return cast("View[P]", guarded)


def organisation_of(request: HttpRequest) -> Organisation | None:
    """Return the organisation that the request's person reads for, None for people of the desk without one."""
    seat = seat_of(request)
    return seat.organisation if seat is not None else None


def right_required(right: str) -> Callable[[View[P]], View[P]]:
    """Guard a page of the organisation's console. Without the right the page does not exist (404)."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        @login_required
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            seat = seat_of(request)
            if seat is None or not seat.may(right):
                raise NotFound("page")
            return view(request, *args, **kwargs)

        return cast("View[P]", guarded)

    return decorate


def desk_right_required(right: str) -> Callable[[View[P]], View[P]]:
    """Guard a page of the desk. Without the right the page does not exist (404)."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        @login_required
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if right not in DESK_RIGHTS.get(signed_in(request).desk_role, frozenset()):
                raise NotFound("page")
            return view(request, *args, **kwargs)

        return cast("View[P]", guarded)

    return decorate


def the_seat(request: HttpRequest) -> Seat:
    """Return the seat of a guarded page. Raises NotFound when there is none."""
    seat = seat_of(request)
    if seat is None:
        raise NotFound("membership")
    return seat


def require(seat: Seat, right: str) -> None:
    """Raise Refused when the seat lacks the right."""
    if not seat.may(right):
        raise Refused("right.missing", gettext("Your role does not include this."))


def require_current(seat: Seat) -> None:
    """Raise Refused when the membership has ended: one may still look, but not begin anything new."""
    if not seat.is_current:
        raise Refused("membership.ended", gettext("Your membership has ended. You can still see what you registered."))


def access_membership(seat: Seat, public_id: str, right: str) -> Membership:
    """Return a membership of the seat's organisation. Raises NotFound for others and without the right."""
    row = (
        Membership.objects.for_org(seat.organisation)
        .select_related("user", "programme", "number", "organisation")
        .filter(public_id=public_id)
        .first()
    )
    if row is None or not seat.may(right):
        raise NotFound("membership")
    return row


def access_own_membership(user: User, public_id: str) -> Membership:
    """Return one of the person's own memberships. Raises NotFound for anybody else's."""
    # Few rows, compared here: what a form sent as the id may be no text that a database takes.
    rows = Membership.objects.of_user(user).select_related("organisation")
    row = next((row for row in rows if row.public_id == public_id), None)
    if row is None:
        raise NotFound("membership")
    return row


def access_invitation(seat: Seat, public_id: str) -> Invitation:
    """Return an invitation of the seat's organisation. Raises NotFound for others and without the right."""
    rows = Invitation.objects.for_org(seat.organisation).select_related("programme", "organisation")
    row = rows.filter(public_id=public_id).first()
    if row is None or not seat.may("people.invite"):
        raise NotFound("invitation")
    return row


def access_import(seat: Seat, public_id: str) -> PeopleImport:
    """Return an import of the seat's organisation. Raises NotFound for others and without the right."""
    row = PeopleImport.objects.for_org(seat.organisation).select_related("programme").filter(public_id=public_id).first()
    if row is None or not seat.may("people.invite"):
        raise NotFound("import")
    return row


__all__ = [
    "Seat", "access_import", "access_invitation", "access_membership", "access_own_membership",
    "desk_right_required", "member_required", "memberships_of", "organisation_of", "reader_required", "require",
    "require_current", "right_required", "seat_for", "seat_of", "signed_in", "the_seat",
]
