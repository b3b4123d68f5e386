"""A trip of a file that is known already: named by the source before, or registered by hand before the file came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from allauth.account.models import EmailAddress
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.audit import actions as audit
from safeconduct.orgs.models import Organisation
from safeconduct.places.models import Place
from safeconduct.trips.actions import cancel_trip, change_trip, list_again
from safeconduct.trips.imports.table import Problem, whole
from safeconduct.trips.models import WATCHED, Stop, Trip
from safeconduct.trips.planning import Planned, Run, places_of
from safeconduct.trips.spots import COUNTRY_KINDS
from safeconduct.trips.writing import SAID, Said, draft_of, said_by, said_of

Journey = tuple[tuple[str, str, str], ...]


def journey_of(stops: Sequence[Said], places: dict[int, Place]) -> Journey:
    """Return what makes two itineraries the same journey: where somebody stays, from which day to which.

    Journeys between the places, hours, addresses, names and notes may differ.
    """
    stays = [one for one in stops if not one["to_place_id"]] or list(stops)
    found = []
    for one in stays:
        place = places[one["to_place_id"] or one["place_id"]]
        where = place.country_code if place.kind in COUNTRY_KINDS else str(place.pk)
        found.append((where, one["arrive_local"][:10], one["depart_local"][:10]))
    return tuple(sorted(found))


def places_at(stops: Iterable[Stop]) -> dict[int, Place]:
    """Return the places of stops by key."""
    return {place.pk: place for stop in stops for place in (stop.place, stop.to_place) if place is not None}


def twins_of(organisation: Organisation, user_ids: Iterable[int]) -> dict[int, list[tuple[Trip, Journey]]]:
    """Return the trips of these people that they registered by hand, with their journeys, by person."""
    rows = Trip.objects.for_org(organisation).filter(
        user_id__in=user_ids, source_id="", state__in=WATCHED
    )
    found: dict[int, list[tuple[Trip, Journey]]] = {}
    for trip in rows.prefetch_related("stops__place", "stops__to_place"):
        stops = list(trip.stops.all())
        found.setdefault(trip.user_id, []).append((trip, journey_of(said_of(stops), places_at(stops))))
    return found


def joins(run: Run, one: Planned, theirs: Sequence[tuple[Trip, Journey]]) -> bool:
    """Return whether the trip was registered by hand already: then that one bears the source's id from now on."""
    said = said_by(one.settled)
    twin = twin_in(theirs, journey_of(said, places_of(one.settled)))
    if twin is not None:
        name_by(twin, run.source, one.row.source_id, {"title": one.title, "stops": said}, by=run.by)
        run.counts["joined"] += 1
    return twin is not None


def twin_in(theirs: Sequence[tuple[Trip, Journey]], journey: Journey) -> Trip | None:
    """Return the trip that is the same journey and that no source has named yet."""
    return next((trip for trip, known in theirs if known == journey and not trip.source_id), None)


def name_by(trip: Trip, source: str, source_id: str, came_as: dict[str, Any], *, by: User | None) -> None:
    """Let a trip registered by hand be the one that a source means by this id."""
    trip.source_name, trip.source_id, trip.came_as = source, source_id, came_as
    trip.save(update_fields=["source_name", "source_id", "came_as"])
    audit.record("trip.joined", by=by, subject=trip, organisation=trip.organisation, detail={"source": source})


def renew(run: Run, trip: Trip, one: Planned) -> None:
    """Bring a trip that the source has named before to what its file says now; what that is, is counted in the run."""
    if trip.user.address.lower() != one.row.email and not _is_theirs(trip.user, one.row.email):
        text = _("This trip was entered for another person. Give a new id for a new person.")
        run.problems += whole(Problem(one.row.stops[0].number, "trip.other_person", text), one.row.numbers)
        return
    if one.row.is_cancelled:
        run.counts["unchanged" if trip.is_cancelled else "cancelled"] += 1
        cancel_trip(trip, by=run.by, is_from_source=True)
        return
    if trip.is_cancelled:
        if not trip.is_gone_at_source:
            run.counts["kept"] += 1
            run.kept.append({"trip": trip.public_id, "source_id": trip.source_id, "field": "state"})
            return
        trip = list_again(trip, is_approved=run.is_approved_for(trip.user_id))
        run.counts["listed_again"] += 1
        run.counts["awaiting"] += trip.state == Trip.State.AWAITING
    new: dict[str, Any] = {"title": one.title, "stops": said_by(one.settled)}
    if trip.came_as == new:
        run.counts["unchanged"] += 1
        return
    _merge(run, trip, one, new)
    trip.came_as = new
    trip.save(update_fields=["came_as"])


def _is_theirs(user: User, email: str) -> bool:
    return bool(EmailAddress.objects.filter(user=user, email__iexact=email, verified=True).exists())


def _merge(run: Run, trip: Trip, one: Planned, new: dict[str, Any]) -> None:
    """Take over what the source changed; what somebody changed by hand stays, and is said."""
    stops = list(trip.stops.select_related("place", "to_place").order_by("seq"))
    base: dict[str, Any] = trip.came_as
    kept: list[str] = []
    title = _chosen("title", base.get("title"), trip.title, new["title"], kept)
    merged = _merged_stops(base.get("stops", []), said_of(stops), new["stops"], kept)
    places = places_of(one.settled) | places_at(stops)
    names = [stop.public_id for stop in stops] if len(stops) == len(merged) else [""] * len(merged)
    drafts = [draft_of(said, places, public_id=name) for said, name in zip(merged, names, strict=True)]
    before, was_awaiting = (trip.revision, trip.title), trip.state == Trip.State.AWAITING
    changed = change_trip(
        trip, title=title, stops=drafts, by=run.by, is_from_source=True, is_approved=run.is_approved_for(trip.user_id)
    )
    run.counts["awaiting"] += changed.state == Trip.State.AWAITING and not was_awaiting
    is_changed = (changed.revision, changed.title) != before
    run.counts["changed" if is_changed else "unchanged"] += 1
    if kept:
        run.counts["kept"] += 1
        run.kept += [{"trip": trip.public_id, "source_id": trip.source_id, "field": name} for name in kept]


def _merged_stops(base: list[Said], ours: list[Said], new: list[Said], kept: list[str]) -> list[Said]:
    if ours == base:
        return new
    if not len(base) == len(ours) == len(new):
        # A stop was added or taken out by hand: which of the source's it is cannot be told.
        if new != base:
            kept.append("itinerary")
        return ours
    return [
        {
            name: _chosen(f"stop {n + 1}: {name}", base[n][name], ours[n][name], new[n][name], kept)
            for name in SAID
        }
        for n in range(len(base))
    ]


def _chosen(name: str, base: Any, ours: Any, new: Any, kept: list[str]) -> Any:
    if ours in (base, new):
        return new
    if new != base:
        kept.append(name)
    return ours
