"""Trips ahead, compared with the levels of now: a level that changed may ask about a trip that was decided already.

What a trip was weighed as is kept with it, so nothing has to listen: whichever way a level changed, and whether or not
people were told of the change, the next comparison finds it. A trip that was weighed by an earlier version of the rule is
weighed anew without a word, unless the organisation said that known trips are to be asked about too.

Levels that fell ask nothing, and what was decided at the higher ones still holds. So a trip keeps both: what it was
weighed as, and what it was last compared with, and is left alone until a level is neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.db.models import Prefetch

from safeconduct.lib import clock
from safeconduct.trips.approvalmodels import ApprovalRequest, ApprovalRule
from safeconduct.trips.approving import known_ranks, put_back, renew_question
from safeconduct.trips.models import Stop, Trip
from safeconduct.trips.weighing import Reason, Weighed, Weigher, before_of, pieces_of, ranks_of, worse_than

PAGE: Final = 200
"""Trips in one transaction."""
COMPARED: Final = (Trip.State.REGISTERED, Trip.State.APPROVED, Trip.State.AWAITING)


def compare(rule: ApprovalRule) -> int:
    """Compare the trips ahead of one organisation; return how many were put before an approver again.

    Ends early when the rule is changed or switched off meanwhile: what it says then is due for a comparison of its own.
    """
    if not (rule.is_on and rule.says_anything):
        return 0
    weigher = Weigher(rule.organisation, rule)
    ahead = Trip.objects.for_org(rule.organisation_id).filter(state__in=COMPARED, starts_at__gt=clock.now())
    rows = ahead.order_by("pk").values_list("pk", "weighed")
    wanted = [pk for pk, weighed in rows.iterator() if _may_differ(weighed, weigher, rule)]
    done = 0
    for start in range(0, len(wanted), PAGE):
        count = _page(wanted[start : start + PAGE], rule, weigher)
        if count is None:
            break
        done += count
    return done


def _may_differ(weighed: dict[str, object], weigher: Weigher, rule: ApprovalRule) -> bool:
    """Whether a trip has to be looked at: by what was kept with it, without its stops."""
    countries = weighed.get("countries")
    if not isinstance(countries, list) or weighed.get("rule") != rule.version:
        return True
    return ranks_of(weigher.reasons(countries)) not in (weighed.get("ranks"), weighed.get("compared"))


def _page(keys: Sequence[int], rule: ApprovalRule, weigher: Weigher) -> int | None:
    """Compare some trips; return how many were put back, None when the rule is another by now."""
    with transaction.atomic():
        # The rule before the trips, as whoever changes it does.
        rules = ApprovalRule.objects.for_org(rule.organisation_id).select_for_update(no_key=True)
        if rules.filter(pk=rule.pk, is_on=True, version=rule.version).first() is None:
            return None
        stops = Stop.objects.for_org(rule.organisation_id).select_related("place", "to_place").order_by("seq")
        rows = Trip.objects.for_org(rule.organisation_id).select_related("organisation", "user")
        rows = rows.prefetch_related(Prefetch("stops", queryset=stops))
        trips = list(rows.select_for_update(of=("self",)).filter(pk__in=keys, state__in=COMPARED).order_by("pk"))
        by_level: list[tuple[Trip, Weighed, list[Reason]]] = []
        by_rule: list[tuple[Trip, Weighed, list[Reason]]] = []
        for trip in trips:
            weighed = weigher.weigh(pieces_of(trip.stops.all()))
            is_known = trip.weighed.get("rule") == rule.version
            # Weighed anew without a word is not approved: a rule that is to hold for known trips asks about it.
            base = known_ranks(trip) if is_known or trip.state == Trip.State.APPROVED else {}
            worse = worse_than(base, weighed.reasons)
            if trip.state == Trip.State.AWAITING:
                renew_question(trip, weighed if weighed.is_met else Weighed(rule.version, weighed.spans, _asked(trip)))
                _keep_compared(trip, weighed)
            elif worse and (is_known or rule.asks_known):
                (by_level if is_known else by_rule).append((trip, weighed, before_of(trip.weighed, worse)))
            elif not is_known or trip.state == Trip.State.REGISTERED:
                trip.weighed = weighed.as_json
                trip.save(update_fields=["weighed"])
            else:
                _keep_compared(trip, weighed)
        cause = ApprovalRequest.Cause
        count = put_back(rule.organisation, by_level, cause=cause.LEVEL)
        return count + put_back(rule.organisation, by_rule, cause=cause.RULE)


def _keep_compared(trip: Trip, weighed: Weighed) -> None:
    """Keep levels that fell: while they stay so, the trip needs no other look."""
    ranks = ranks_of(weighed.reasons)
    if ranks != trip.weighed.get("ranks"):
        trip.weighed = trip.weighed | {"compared": ranks}
        trip.save(update_fields=["weighed"])


def _asked(trip: Trip) -> tuple[Reason, ...]:
    """What is asked stays asked when the levels fall: somebody decides, knowing why it was asked."""
    row = trip.approvals.filter(state=ApprovalRequest.State.OPEN).first()
    return tuple(row.reasons) if row is not None else ()
