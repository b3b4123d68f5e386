"""One trip for many people: its itinerary is entered once, its people are a list.

A group is a source like a file: each person's trip is known by the group's name and a digest of their address, so the
same list again changes nothing, what somebody changed by hand stays, and who has no account is kept a place
(trips/importing.py). A group stores nobody: its people are those whose trips bear its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.lib.ids import token_digest
from safeconduct.orgs.access import Seat
from safeconduct.orgs.models import Organisation
from safeconduct.orgs.tenancy import TenantQuerySet
from safeconduct.places.models import Place
from safeconduct.trips.actions import cancel_trip
from safeconduct.trips.companymodels import GROUP_NAME_LENGTH
from safeconduct.trips.drafts import SettledStop, StopDraft, checked_title, settled_stops
from safeconduct.trips.importing import TRIPS_AT_ONCE, enter_batch
from safeconduct.trips.imports.people import Person
from safeconduct.trips.imports.table import StopRow, TripRow
from safeconduct.trips.models import Trip, TripGroup
from safeconduct.trips.planning import Planned, Run
from safeconduct.trips.renewing import renew
from safeconduct.trips.writing import draft_of, said_by

RIGHT: Final = "trips.import"


def access_group(seat: Seat, public_id: str) -> TripGroup:
    """Return a group of the seat's organisation. Raises NotFound for others and without the right."""
    row = TripGroup.objects.for_org(seat.organisation).select_related("organisation").filter(public_id=public_id).first()
    if row is None or not seat.may(RIGHT):
        raise NotFound("group")
    return row


def groups_of(organisation: Organisation) -> TenantQuerySet[TripGroup]:
    """Return the organisation's groups, the latest changed first."""
    return TripGroup.objects.for_org(organisation).select_related("made_by")


def trips_of_groups(organisation: Organisation | int, groups: Sequence[TripGroup]) -> TenantQuerySet[Trip]:
    """Return the trips of some groups of an organisation, those that were taken off too."""
    rows = Trip.objects.for_org(organisation).filter(source_name__in=[group.name for group in groups])
    return rows.exclude(source_id="")


def trips_of_group(group: TripGroup) -> TenantQuerySet[Trip]:
    """Return the trips of a group by name of their people, those that were taken off too."""
    return trips_of_groups(group.organisation_id, [group]).select_related("user", "membership", "organisation", "addressee").order_by(
        "user__family_name", "user__given_name", "id"
    )


def make_group(
    organisation: Organisation, *, name: str, title: str, stops: Sequence[StopDraft], by: User | None
) -> TripGroup:
    """Return the new group, without people. The same once more returns the group that is there.

    Raises Refused for a name that something else has, and what `settled_stops` raises.
    """
    words = " ".join(name.split())
    if not 0 < len(words) <= GROUP_NAME_LENGTH:
        raise Refused(
            "group.name", _("Name the group, in at most %(most)d characters.") % {"most": GROUP_NAME_LENGTH}
        )
    settled = settled_stops(stops)
    said, trip_title = said_by(settled), checked_title(title, settled)
    mine = TripGroup.objects.for_org(organisation)
    known = mine.filter(name=words).first()
    if known is None and Trip.objects.for_org(organisation).filter(source_name=words).exists():
        raise Refused("group.name", _("Trips of a file have this name as their source. Choose another one."))
    if known is None:
        try:
            with transaction.atomic():
                group = mine.create(
                    organisation=organisation, name=words, title=trip_title, said=said, made_by=by
                )
                audit.record("trip_group.made", by=by, subject=group, organisation=organisation, detail={"stops": len(said)})
                return group
        except IntegrityError:  # the same form, twice at once
            known = mine.get(name=words)
    if (known.said, known.title) != (said, trip_title):
        raise Refused("group.name", _("There is a group of this name already. Change its itinerary on its own page."))
    return known


def add_people(group: TripGroup, people: Sequence[Person], *, by: User | None) -> Run:
    """Enter the group's trip for these people and return what became of each. Whoever has it already keeps it."""
    run = Run(group.organisation, group.name, by)
    settled = tuple(settled_of(group))
    for start in range(0, len(people), TRIPS_AT_ONCE):
        with transaction.atomic():
            kept = _locked(group)
            part = [_planned(kept, settled, one) for one in people[start : start + TRIPS_AT_ONCE]]
            enter_batch(run, part, subject_key=f"group:{group.public_id}")
    with transaction.atomic():
        audit.record(
            "trip_group.people_added", by=by, subject=group, organisation=group.organisation, detail=dict(run.counts)
        )
    return run


def take_off(group: TripGroup, trip: Trip, *, by: User | None) -> Trip:
    """Cancel one person's trip of the group; added again, it is listed again. Raises NotFound for another trip."""
    if trip.source_name != group.name or trip.organisation_id != group.organisation_id or not trip.source_id:
        raise NotFound("trip")
    with transaction.atomic():
        gone = cancel_trip(trip, by=by, is_from_source=True)
        audit.record("trip_group.person_taken_off", by=by, subject=group, organisation=group.organisation)
    return gone


def change_group(
    group: TripGroup, *, title: str, stops: Sequence[StopDraft], by: User | None, revision: int | None = None
) -> Run:
    """Change the itinerary for everybody who has not changed it by hand; return what became of each trip.

    Raises Refused when somebody changed it since `revision`, and what `settled_stops` raises.
    """
    settled = settled_stops(stops)
    words = checked_title(title, settled)
    with transaction.atomic():
        kept = _locked(group)
        if revision is not None and revision != kept.revision:
            raise Refused(
                "group.changed_meanwhile",
                _("This group was changed in another window meanwhile. Open it again and repeat your change."),
            )
        said = said_by(settled)
        if (said, words) != (kept.said, kept.title):
            kept.said, kept.title, kept.changed_at = said, words, clock.now()
            kept.revision += 1
            kept.save(update_fields=["said", "title", "changed_at", "revision"])
            audit.record(
                "trip_group.changed", by=by, subject=kept, organisation=kept.organisation,
                detail={"revision": kept.revision, "stops": len(said)},
            )  # fmt: skip
    return bring_up_to_date(kept, by=by)


def bring_up_to_date(group: TripGroup, *, by: User | None) -> Run:
    """Bring every trip of the group to its itinerary; a run that was broken off is taken up by calling it again."""
    run, settled = Run(group.organisation, group.name, by), tuple(settled_of(group))
    ids = list(trips_of_group(group).exclude(state=Trip.State.CANCELLED).values_list("pk", flat=True))
    for start in range(0, len(ids), TRIPS_AT_ONCE):
        with transaction.atomic():
            kept = _locked(group)
            for trip in trips_of_group(kept).filter(pk__in=ids[start : start + TRIPS_AT_ONCE]):
                person = Person(0, trip.user.address.lower())
                renew(run, trip, _planned(kept, settled, person, source_id=trip.source_id))
    return run


def settled_of(group: TripGroup) -> list[SettledStop]:
    """Return the group's itinerary with its instants."""
    keys = {said[name] for said in group.said for name in ("place_id", "to_place_id") if said[name]}
    places = Place.objects.in_bulk(keys)
    return settled_stops([draft_of(said, places) for said in group.said])


def id_of(email: str) -> str:
    """Return by what a group knows somebody's trip: no address, so that it may stand in files and logs."""
    return token_digest(f"group member {email.lower()}")[:32]


def _planned(
    group: TripGroup, settled: tuple[SettledStop, ...], person: Person, *, source_id: str = ""
) -> Planned:
    row = TripRow(
        source_id=source_id or id_of(person.email), email=person.email, given_name=person.given_name,
        family_name=person.family_name, language=person.language, title=group.title, is_cancelled=False,
        stops=(StopRow(person.number, "", "", "", "", "", "", False, ""),),
    )  # fmt: skip
    return Planned(row, settled, group.title)


def _locked(group: TripGroup) -> TripGroup:
    rows = TripGroup.objects.for_org(group.organisation_id).select_related("organisation")
    return rows.select_for_update(of=("self",)).get(pk=group.pk)
