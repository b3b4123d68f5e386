"""Trips entered for an address, and whose they become.

An organisation enters trips by e-mail address. Who has no account there is kept a place by a stand-in: a row of a
person that nobody can log in with, one for each address in each organisation, so that warnings go out at once. When
a member of that organisation has verified the address, all of it becomes theirs. Nothing is attached before, and
nothing across organisations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from safeconduct.accounts.models import STAND_IN_DOMAIN, User
from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.lib.ids import public_id
from safeconduct.notify.models import Notice, UnsubscribeLink
from safeconduct.orgs.models import Membership, Organisation
from safeconduct.orgs.tenancy import TenantQuerySet
from safeconduct.trips import approving, hooks
from safeconduct.trips.approvalmodels import ApprovalRequest
from safeconduct.trips.imports.table import TripRow
from safeconduct.trips.models import WATCHED, Addressee, Stay, StayCell, Trip
from safeconduct.trips.renewing import journey_of, name_by, places_at, twin_in, twins_of
from safeconduct.trips.writing import said_of


def stand_ins(organisation: Organisation, people: Sequence[TripRow]) -> dict[str, Addressee]:
    """Return the addressees of these people with their stand-ins, by address; those that are missing are made.

    In the caller's transaction.
    """
    wanted = {one.email: one for one in people}
    mine = Addressee.objects.for_org(organisation)
    missing = set(wanted) - set(mine.filter(address__in=wanted).values_list("address", flat=True))
    Addressee.objects.bulk_create(
        [Addressee(organisation=organisation, address=address) for address in sorted(missing)],
        ignore_conflicts=True,
    )
    rows = list(
        mine.filter(address__in=wanted)
        .select_for_update(of=("self",))
        .select_related("stand_in")
        .order_by("pk")
    )
    bare = [row for row in rows if row.stand_in is None]
    for row, user in zip(bare, _made(organisation, [wanted[row.address] for row in bare]), strict=True):
        row.stand_in, row.user, row.attached_at = user, None, None
    mine.bulk_update(bare, ["stand_in", "user", "attached_at"])
    return {row.address: row for row in rows}


def _made(organisation: Organisation, people: Iterable[TripRow]) -> list[User]:
    known = {code for code, _name in settings.LANGUAGES}
    users = []
    for one in people:
        code = public_id()
        users.append(
            User(
                public_id=code,
                email=f"{code}@{STAND_IN_DOMAIN}",
                password=make_password(None),
                stands_for=one.email,
                given_name=one.given_name,
                family_name=one.family_name,
                language=one.language if one.language in known else organisation.language,
                zone=organisation.zone,
            )
        )
    return User.objects.bulk_create(users)


def attach_trips(user: User) -> int:
    """Give a person what was entered for their verified addresses in the organisations they belong to.

    Returns how many trips. Calling it again changes nothing.
    """
    emails = [
        email.lower()
        for email in EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    ]
    count = 0
    for membership in Membership.objects.of_user(user).select_related("organisation", "programme"):
        if emails and membership.is_current_on(clock.today(membership.organisation.zone)):
            count += _attach(user, membership, emails)
    return count


def _attach(user: User, membership: Membership, emails: Sequence[str]) -> int:
    organisation = membership.organisation
    with transaction.atomic():
        waiting = Addressee.objects.for_org(organisation).filter(address__in=emails, stand_in__isnull=False)
        count = 0
        for addressee in waiting.select_for_update(of=("self",)).order_by("pk"):
            count += _hand_over(addressee, user, membership)
        return count


def _hand_over(addressee: Addressee, user: User, membership: Membership) -> int:
    organisation_id, stand_in = addressee.organisation_id, addressee.stand_in
    if stand_in is None:
        return 0
    old = stand_in.pk
    trips = Trip.objects.for_org(organisation_id).filter(user_id=old)
    _join_twins(trips, user, membership.organisation)
    ids = list(trips.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    for model in (Stay, StayCell, Notice, UnsubscribeLink):
        model.objects.for_org(organisation_id).filter(user_id=old).update(user_id=user.pk)
    if hooks.handed_over is not None:
        hooks.handed_over(organisation_id, old, user.pk)
    trips.update(user_id=user.pk, membership_id=membership.pk)
    trips_now = Trip.objects.for_org(organisation_id).filter(pk__in=ids)
    audit.record_all(
        [("trip.attached", trip, {}) for trip in trips_now],
        by=user,
        organisation=membership.organisation,
    )
    _ask_about_own(trips_now.filter(state=Trip.State.APPROVED), user)
    _take_names(user, stand_in)
    addressee.stand_in, addressee.user, addressee.attached_at = None, user, clock.now()
    addressee.save(update_fields=["stand_in", "user", "attached_at"])
    stand_in.delete()
    return len(ids)


def _ask_about_own(approved: TenantQuerySet[Trip], user: User) -> None:
    """Who handed in a file as approved and turns out to be its traveller has approved nothing: somebody else is asked."""
    for trip in approved.select_related("organisation", "user"):
        last = trip.approvals.order_by("-asked_at", "-id").first()
        if last is not None and last.cause == ApprovalRequest.Cause.SOURCE and last.decided_by is None and last.asked_by == user:
            approving.weigh_anew(trip, by=user)


def _join_twins(coming: TenantQuerySet[Trip], user: User, organisation: Organisation) -> None:
    """What the person had registered by hand as well is one trip from now on, with what they wrote."""
    theirs = twins_of(organisation, [user.pk]).get(user.pk, [])
    for trip in coming.filter(state__in=WATCHED).prefetch_related("stops__place", "stops__to_place"):
        stops = list(trip.stops.all())
        twin = twin_in(theirs, journey_of(said_of(stops), places_at(stops)))
        if twin is not None:
            source, source_id, came_as = trip.source_name, trip.source_id, trip.came_as
            trip.delete()
            name_by(twin, source, source_id, came_as, by=user)


def _take_names(user: User, stand_in: User) -> None:
    """Whoever has not said their name yet has the one their organisation entered."""
    if user.given_name or user.family_name:
        return
    user.given_name, user.family_name = stand_in.given_name, stand_in.family_name
    user.save(update_fields=["given_name", "family_name"])
